// One picture after the other of a page's live part; what is lost, late or repeated can't hurt.
// Events first; a watchdog; after three failures the same by long poll. Times are put into the reader's zone.
const box = document.getElementById("live"), fresh = document.getElementById("fresh"), told = document.getElementById("told");
const fragment = window.trustedTypes
  ? trustedTypes.createPolicy("fragment", { createHTML: (text) => text, createScriptURL: (url) => (url === "/worker.js" ? url : "") })
  : { createHTML: (text) => text, createScriptURL: (url) => url };
let at = box.dataset.at, source = null, heard = Date.now(), failures = 0, hiding = 0, polling = false, tries = 0;

const two = (n) => String(n).padStart(2, "0");
function local(within) {
  for (const each of within.querySelectorAll("time")) {
    const moment = new Date(each.dateTime);
    each.textContent = `${two(moment.getHours())}:${two(moment.getMinutes())}`;
  }
}

function newer(id) {
  const [epoch, off] = id.split(":"), [was, held] = at.split(":");
  return epoch !== was || Number(off) >= Number(held);
}

function show(id, html) {
  heard = Date.now();
  if (id && !newer(id)) return;
  at = id || at;
  const typing = box.contains(document.activeElement) && /INPUT|TEXTAREA/.test(document.activeElement.tagName);
  if (typing) return;
  const before = document.getElementById("headline")?.textContent;
  const open = [...box.querySelectorAll("details")].map((each) => each.open);
  box.innerHTML = fragment.createHTML(html);
  box.querySelectorAll("details").forEach((each, i) => (each.open = Boolean(open[i])));
  local(box);
  const now = document.getElementById("headline")?.textContent;
  if (now && now !== before) told.textContent = now;
  mark();
}

function mark() {
  const moment = new Date(), time = fresh.querySelector("time");
  document.body.classList.remove("old");
  if (time) {
    time.dateTime = moment.toISOString();
    time.textContent = `${two(moment.getHours())}:${two(moment.getMinutes())}`;
  }
}

function lost() {
  document.body.classList.add("old");
  let said = fresh.querySelector("span");
  if (!said) {
    said = document.createElement("span");
    fresh.append(" ", said);
  }
  said.textContent = fresh.dataset.lost;
}

function found() {
  document.body.classList.remove("old");
  fresh.querySelector("span")?.remove();
}

function listen() {
  if (source || document.hidden) return;
  if (failures >= 3 || !window.EventSource) return poll();
  source = new EventSource(`${box.dataset.from}?after=${encodeURIComponent(at)}`);
  source.onopen = () => {
    heard = Date.now();
    tries = 0;
    found();
  };
  source.onmessage = (event) => {
    failures = 0;
    found();
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
      if (answer.status === 200) show(answer.headers.get("x-position"), await answer.text());
      else if (answer.status !== 204) throw new Error(String(answer.status));
      found();
      heard = Date.now();
    } catch {
      lost();
      await new Promise((go) => setTimeout(go, 2000 + Math.random() * 4000));
    }
  }
  polling = false;
}

setInterval(() => {
  if (source && Date.now() - heard > 35000) retry();
}, 5000);
document.addEventListener("visibilitychange", () => {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(stop, 60000);
  else listen();
});
addEventListener("online", listen);
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
listen();
if (window.isSecureContext && navigator.serviceWorker) navigator.serviceWorker.register(fragment.createScriptURL("/worker.js")).catch(() => {});
