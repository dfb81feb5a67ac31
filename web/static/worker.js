// The offline shell: our files kept, a page from the net within 4 s, else as last seen. Never touches /v1 or a stream.
const KEPT = "flare-1", SHELL = "/offline";
self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(shell());
});
async function shell() {
  const cache = await caches.open(KEPT);
  const page = await fetch(SHELL);
  await cache.put(SHELL, page.clone());
  const files = [...(await page.text()).matchAll(/(?:src|href)="(\/static\/[^"]+|\/manifest[^"]+)"/g)].map((each) => each[1]);
  await cache.addAll(files);
}
self.addEventListener("activate", (event) => event.waitUntil(
  caches.keys().then((names) => Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name)))).then(() => self.clients.claim()),
));
self.addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin || url.pathname.startsWith("/v1") || request.headers.has("range")) return;
  if (url.pathname.startsWith("/static/")) event.respondWith(file(request));
  else if (request.mode === "navigate") event.respondWith(page(request, url));
});
async function file(request) {
  const cache = await caches.open(KEPT), held = await cache.match(request);
  if (held) return held;
  const fresh = await fetch(request);
  if (fresh.ok) cache.put(request, fresh.clone());
  return fresh;
}
async function page(request, url) {
  const cache = await caches.open(KEPT), own = /^\/(r\/[^/]+|help)$/.test(url.pathname);
  try {
    const fresh = await Promise.race([fetch(request), new Promise((_, no) => setTimeout(() => no(new Error("slow")), own ? 4000 : 15000))]);
    if (own && fresh.ok) cache.put(url.pathname, fresh.clone());
    return fresh;
  } catch {
    return (own && (await cache.match(url.pathname))) || (await cache.match(SHELL)) || Response.error();
  }
}
