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
  if (request.method === "POST" && request.mode === "navigate") return event.respondWith(fetch(request).catch(() => unsent(url.pathname)));
  if (request.method !== "GET" || url.origin !== location.origin || url.pathname.startsWith("/v1") || request.headers.has("range")) return;
  if (url.pathname.startsWith("/static/")) event.respondWith(file(request));
  else if (request.mode === "navigate") event.respondWith(page(request, url));
});
// A form that found no signal: back to the page it belongs to, which says so; never the browser's own error.
const unsent = (path) => Response.redirect(path === "/" ? path : `${/^\/r\/[^/]+/.exec(path) ?? "/help"}#unsent`, 303);
async function file(request) {
  const cache = await caches.open(KEPT), held = await cache.match(request);
  if (held) return held;
  const fresh = await fetch(request);
  if (fresh.ok) cache.put(request, fresh.clone());
  return fresh;
}
// A page of one's own as last seen: for a day, and until this browser signs out.
const OWN = /^\/(r\/[^/]+|help)$/;
async function erase(cache, all) {
  for (const request of await cache.keys()) {
    if (!OWN.test(new URL(request.url).pathname)) continue;
    const seen = Date.parse((await cache.match(request))?.headers.get("date") || 0);
    if (all || !(Date.now() - seen < 864e5)) await cache.delete(request);
  }
}
async function page(request, url) {
  const cache = await caches.open(KEPT), own = OWN.test(url.pathname);
  await erase(cache, url.searchParams.has("left"));
  try {
    const fresh = await Promise.race([fetch(request), new Promise((_, no) => setTimeout(() => no(new Error("slow")), own ? 4000 : 15000))]);
    if (own) await (fresh.ok ? cache.put(url.pathname, fresh.clone()) : fresh.status < 500 && cache.delete(url.pathname));
    return fresh;
  } catch {
    return (own && (await cache.match(url.pathname))) || (await cache.match(SHELL)) || Response.error();
  }
}
// What a sleeping phone is told: one notification a matter, heard again only where the message says so.
self.addEventListener("push", (event) => {
  const { title, url, alert, yes, no, again, at, ...told } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, {
    ...told, timestamp: at, renotify: again && !told.silent, icon: "/static/icon-192.png", data: { url, alert },
    actions: alert ? [{ action: "yes", title: yes }, { action: "no", title: no }] : [],
  }));
});
self.addEventListener("notificationclick", (event) => {
  const { url, alert } = event.notification.data;
  event.notification.close();
  event.waitUntil(event.action === "no" ? decline(alert) : show(url));
});
const decline = (alert) => fetch(`/help/${alert}/answer`, {
  method: "POST", body: new URLSearchParams({ answer: "declined" }),
  headers: { accept: "application/json", "idempotency-key": `declined-${alert}` },
});
async function show(url) {
  const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = open.find((each) => new URL(each.url).pathname === url);
  return there ? there.focus() : self.clients.openWindow(url);
}
