// One picture after the other of a page's live part; what is lost, late or repeated can't hurt.
// Events first; a watchdog; after three failures the same by long poll. Times are put into the reader's zone.
const box = document.getElementById("live"), fresh = document.getElementById("fresh"), told = document.getElementById("told");
const fragment = window.trustedTypes
  ? trustedTypes.createPolicy("fragment", { createHTML: (text) => text, createScriptURL: (url) => (url === "/worker.js" ? url : "") })
  : { createHTML: (text) => text, createScriptURL: (url) => url };
let at = box.dataset.at, source = null, heard = Date.now(), failures = 0, hiding = 0, polling = false, tries = 0, held = null;

const two = (n) => String(n).padStart(2, "0");
const clock = (moment) => `${two(moment.getHours())}:${two(moment.getMinutes())}`;
function local(within) {
  for (const each of within.querySelectorAll("time")) each.textContent = clock(new Date(each.dateTime));
}

function newer(id) {
  const [epoch, off] = id.split(":"), [shownEpoch, shownOff] = at.split(":");
  return epoch !== shownEpoch || Number(off) >= Number(shownOff);
}

// A field somebody types in is not taken away: the newest picture waits until they are done.
const typing = () => box.contains(document.activeElement) && /INPUT|TEXTAREA/.test(document.activeElement.tagName);
const likeness = (each) => each.tagName + (each.getAttribute("href") ?? "") + (each.form?.getAttribute("action") ?? "") + each.textContent;
function show(id, html) {
  heard = Date.now();
  if (id && !newer(id)) return;
  if (typing()) return void (held = [id, html]);
  at = id || at;
  held = null;
  const before = document.getElementById("headline")?.textContent, focused = box.contains(document.activeElement) && likeness(document.activeElement);
  // By what it is about and not by its place: somebody else's card may stand there now.
  const fold = (each) => each.querySelector("summary").textContent + (each.querySelector("form")?.getAttribute("action") ?? "");
  const open = new Set([...box.querySelectorAll("details[open]")].map(fold));
  box.innerHTML = fragment.createHTML(html);
  box.querySelectorAll("details").forEach((each) => (each.open = open.has(fold(each))));
  if (focused) [...box.querySelectorAll("a,button,summary")].find((each) => likeness(each) === focused)?.focus({ preventScroll: true });
  local(box);
  const now = document.getElementById("headline")?.textContent;
  if (now && now !== before) told.textContent = now;
  seenAt = clock(new Date());
  found();
}
box.addEventListener("focusout", () => setTimeout(() => held && show(...held)));

// Old data is greyed and says how old it is; it is never shown as live.
function say(words, old) {
  document.body.classList.toggle("old", old);
  fresh.textContent = words.replace("{time}", seenAt);
}
const lost = () => say(fresh.dataset.lost, true);
// A stream may still open with what was under way when the signal went.
const found = () => (navigator.onLine === false ? lost() : say(fresh.dataset.seen, false));

function listen() {
  if (source || document.hidden) return;
  if (failures >= 3 || !window.EventSource) return poll();
  source = new EventSource(`${box.dataset.from}?after=${encodeURIComponent(at)}`);
  source.onopen = () => {
    heard = Date.now();
    tries = 0;
    if (failures) seenAt = clock(new Date());
    found();
  };
  source.onmessage = (event) => {
    failures = 0;
    show(event.lastEventId, event.data);
  };
  source.addEventListener("beat", () => (heard = Date.now()));
  source.onerror = () => retry();
}

function retry() {
  failures++;
  stop();
  if (failures > 1) lost();
  setTimeout(listen, Math.random() * Math.min(30000, 500 * 2 ** tries++));
}

function stop() {
  source?.close();
  source = null;
}

async function poll() {
  if (polling) return;
  polling = true;
  while (!document.hidden) {
    try {
      const answer = await fetch(`${box.dataset.from}?after=${encodeURIComponent(at)}&wait=25`, { headers: { accept: "text/html" } });
      const later = answer.status >= 500 || answer.status === 429;
      if (answer.status === 200) show(answer.headers.get("x-position"), await answer.text());
      else if (later) say(fresh.dataset.broke, true);
      else if (answer.status !== 204) return location.reload();
      else found();
      heard = Date.now();
      if (later) throw new Error("ours");
    } catch (error) {
      if (error.message !== "ours") lost();
      await new Promise((go) => setTimeout(go, 2000 + Math.random() * 4000));
    }
  }
  polling = false;
}

// A press that can't go out says so beside its button, and the page stays. Where it was tried, the worker leads back here.
function unsent(beside) {
  document.getElementById("unsent")?.remove();
  beside.prepend(Object.assign(document.createElement("p"), { id: "unsent", className: "note", role: "alert", textContent: fresh.dataset.unsent }));
}
document.addEventListener("submit", (event) => {
  // Pressed again it is tried all the same: a browser may be wrong about its signal.
  if (navigator.onLine !== false || event.target.method !== "post" || document.getElementById("unsent")) return;
  event.preventDefault();
  unsent(event.target);
});
if (location.hash === "#unsent") {
  history.replaceState(null, "", location.pathname);
  unsent(document.getElementById("main"));
}

setInterval(() => {
  if (source && Date.now() - heard > 35000) retry();
}, 5000);
document.addEventListener("visibilitychange", () => {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(stop, 60000);
  else listen();
});
addEventListener("online", () => (stop(), listen())); // a stream from before may be dead without knowing
addEventListener("offline", lost);
addEventListener("pagehide", stop);
// An alert that was really on screen for a second is marked as seen: that is no yes.
const seen = new Set();
async function look(card) {
  const id = card.dataset.alert, key = card.querySelector("[name=key]")?.value;
  if (!key || seen.has(id)) return;
  seen.add(id);
  const body = new URLSearchParams({ answer: "acknowledged" });
  await fetch(`/help/${id}/answer`, { method: "POST", body, headers: { accept: "application/json", "idempotency-key": `seen-${id}` } }).catch(() => seen.delete(id));
}
if (window.IntersectionObserver) {
  const timers = new Map();
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      clearTimeout(timers.get(target));
      if (isIntersecting) timers.set(target, setTimeout(() => look(target), 1000));
    }
  }, { threshold: 0.6 });
  const watch = () => box.querySelectorAll("[data-alert]").forEach((card) => watcher.observe(card));
  new MutationObserver(watch).observe(box, { childList: true });
  watch();
}
local(document);
let seenAt = fresh.querySelector("time")?.textContent ?? "";
if (navigator.onLine === false) lost();
listen();
// An ask or seats that were kept on this phone go out from here, too.
try {
  if (/"waiting"|"sent"/.test(localStorage.getItem("flare-outbox"))) import(box.dataset.outbox);
} catch {}
if (window.isSecureContext && navigator.serviceWorker) navigator.serviceWorker.register(fragment.createScriptURL("/worker.js")).catch(() => {});
