// A form that is kept: an ask, seats taken. Written down on this phone with its key before the first try, and tried until
// its fate is known: exactly once, whatever dies in between (tests/browser/test_offline.py). Nothing else here is needed.
const BOX = "flare-outbox", DRAFT = "flare-draft", MINUTE = 6e4, DAY = 864e5;
const id = (name) => document.getElementById(name), form = document.querySelector("form[data-kept]"), note = id("note"), says = {};
for (const each of id("says")?.content.children ?? []) says[each.dataset.say] = each.textContent;
let mine, timer, busy, touched;

function read(name, none) {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? none;
  } catch {
    return none;
  }
}
function write(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}
// One list in local storage, so that a page, a reload and a second tab see the same.
const items = () => read(BOX, []).filter((each) => each.state === "waiting" || Date.now() - each.at < 7 * DAY);
const drop = (key) => write(BOX, items().filter((each) => each.key !== key));
const put = (item) => write(BOX, [...items().filter((each) => each.key !== item.key), item]);
// An ask two hours old, or seats five minutes old: the person is asked before it goes.
const old = (item) => item.state === "waiting" && !item.again && Date.now() - item.at > (item.path === "/" ? 120 : 5) * MINUTE;
const due = () => items().filter((each) => each.state === "waiting" && !old(each));
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(17));
  return btoa(String.fromCharCode(...bytes)).replace(/\W/g, "-").slice(0, 22);
}

// One page at a time. Where locks are missing (plain http) two may send the same item: its key makes that one ask.
async function settle() {
  clearTimeout(timer);
  if (navigator.locks) await navigator.locks.request(BOX, { ifAvailable: true }, (lock) => lock && work());
  else if (!busy) await work((busy = true)).finally(() => (busy = false));
  show();
  const [first] = due();
  if (!first) return;
  const wait = 1000 * Math.min(60, 2 ** Math.min(6, first.tries));
  timer = setTimeout(settle, Math.max((wait * (1 + Math.random())) / 2, (first.next ?? 0) - Date.now()));
}
async function work() {
  for (const item of due()) if (item.next > Date.now() || !(await send(item))) return;
}
// True when the next one may be tried.
async function send(item) {
  show(item.key);
  let answer, to;
  try {
    answer = await fetch(item.path, {
      method: "POST",
      body: new URLSearchParams(item.body),
      headers: { accept: "application/json", "idempotency-key": item.key },
      signal: AbortSignal.timeout?.(20000),
    });
    if (answer.ok) ({ to } = await answer.json());
  } catch {
    answer = null;
  }
  item = items().find((each) => each.key === item.key);
  // Thrown away meanwhile.
  if (!item) return true;
  const why = !answer ? "kept" : answer.status === 429 ? "many" : answer.status >= 500 && "busy";
  if (why) {
    put({ ...item, tries: item.tries + 1, why, next: Date.now() + 1000 * (answer?.headers.get("retry-after") ?? 0) });
    return false;
  }
  return put(to ? { ...item, state: "sent", to, at: Date.now() } : { ...item, state: "refused" });
}

// A no by the rules: the page itself says which, with everything typed in it.
function look(item) {
  drop(item.key);
  const made = make("form", { method: "post", action: item.path });
  for (const [name, value] of new URLSearchParams(`${item.body}&key=${newKey()}`)) made.append(make("input", { type: "hidden", name, value }));
  document.body.append(made);
  made.submit();
}
form?.addEventListener("submit", (event) => {
  const data = new URLSearchParams(new FormData(form, event.submitter));
  data.delete("key");
  const body = data.toString(), path = new URL(form.action).pathname;
  // The same words once more are the same ask: another tap, not another one.
  let item = items().find((each) => each.state === "waiting" && each.path === path && each.body === body);
  if (!item) {
    const label = (form.querySelector("[name=kind]:checked")?.parentNode ?? document.querySelector("h1")).textContent.trim();
    const what = [label, data.get("quantity") ?? data.get("seats"), data.get("place")].filter(Boolean).join(" · ");
    item = { key: newKey(), path, body, what, at: Date.now(), state: "waiting", tries: 0 };
  }
  // Where nothing can be kept, the form posts by itself.
  if (!put({ ...item, next: 0 })) return;
  event.preventDefault();
  write(DRAFT, null);
  mine = item.key;
  touched = false;
  settle();
});

// -- the word on this page's own item stands above the button, the others are cards below ---------------------
const make = (tag, about) => Object.assign(document.createElement(tag), about);
const clock = (at) => new Date(at).toTimeString().slice(0, 5);
const word = (item, name, at = 0) => ((item.path !== "/" && says[name + "_seats"]) || says[name]).replace("{time}", clock(at));
const told = (item) => word(item, item.why ?? (navigator.onLine === false ? "kept" : "sending"), item.next);
const button = (words, onclick) => make("button", { type: "button", className: "wide", textContent: words, onclick });
const link = (words, href) => make("a", { className: "btn wide", textContent: words, href });
const known = due().map((each) => each.key);
function show(sending) {
  if (!form) return;
  const now = items(), own = now.find((each) => each.key === mine);
  const done = own ?? (!touched && !due().length && now.find((each) => known.includes(each.key)));
  if (done?.state === "sent") return location.assign(done.to);
  if (own?.state === "refused") return look(own);
  const held = own && !old(own) ? own : due()[0];
  note.textContent = !held ? "" : held.key === sending && !held.why ? says.sending : told(held);
  if (form.dataset.sms && held && (held.why === "kept" || navigator.onLine === false)) note.append(" ", link(says.sms, text(held)));
  const rest = now.filter((each) => each.key !== held?.key && !document.querySelector(`.own[href="${each.to}"]`));
  id("outbox").hidden = !rest.length;
  id("outbox").replaceChildren(...rest.map(card));
}
function card(item) {
  const row = make("li", { className: "card stack" }), state = item.state;
  row.append(make("b", { textContent: item.what, dir: "auto" }), make("p", { textContent: old(item) ? word(item, "old", item.at) : state === "waiting" ? told(item) : word(item, state, item.at) }));
  if (old(item)) row.append(button(says.send_now, () => settle(put({ ...item, again: true, next: 0 }))));
  if (state === "refused") row.append(button(says.look, () => look(item)));
  row.append(state === "sent" ? link(says.follow, item.to) : button(says.throw, () => show(drop(item.key))));
  return row;
}
function text({ body, key }) {
  const { kind, quantity, lat, lon, accuracy, place } = Object.fromEntries(new URLSearchParams(body));
  const at = lat && `@${(+lat).toFixed(5)},${(+lon).toFixed(5)} ~${accuracy}m`;
  return `sms:${form.dataset.sms}?body=${encodeURIComponent(["FLARE", kind, quantity, at, place, `k:${key}`].filter(Boolean).join(" "))}`;
}

// -- where this phone is: the best fix within 20 s, good enough at 50 m; steppers; what was typed ---------------
const field = (name) => form.elements.namedItem(name), found = id("found");
const far = (m) => (m < 950 ? `${Math.max(10, Math.ceil(m / 10) * 10)} m` : `${Math.ceil(m / 1000)} km`);
const fix = (lat, lon, accuracy) => Object.entries({ lat, lon, accuracy }).forEach(([name, value]) => (field(name).value = value));
function typed(words) {
  found.textContent = words;
  fix("", "", "");
  field("place").focus();
}
function locate() {
  if (!navigator.geolocation || !isSecureContext) return typed(says.none);
  let best;
  found.textContent = says.finding;
  const stop = () => {
    navigator.geolocation.clearWatch(watch);
    clearTimeout(limit);
    if (best) arrived(best);
    else typed(says.none);
  };
  const watch = navigator.geolocation.watchPosition(({ coords }) => {
    if (!best || coords.accuracy < best.accuracy) best = coords;
    if (best.accuracy <= 50) stop();
  }, stop, { enableHighAccuracy: true, timeout: 20000, maximumAge: 0 });
  const limit = setTimeout(stop, 20000);
}
async function arrived({ latitude, longitude, accuracy }) {
  fix(latitude.toFixed(6), longitude.toFixed(6), Math.round(accuracy));
  const tell = (name, place) => (found.textContent = says[name].replace("{place}", place).replace("{far}", far(accuracy)));
  if (accuracy > 1000) return tell("rough");
  tell("found_plain");
  const near = await fetch(`/near?lat=${latitude.toFixed(2)}&lon=${longitude.toFixed(2)}`).then((answer) => answer.json()).catch(() => ({}));
  if (near.near) tell("found", near.near);
  found.append(" ", make("button", { type: "button", className: "quiet", textContent: says.retype, onclick: () => typed("") }));
}
if (found) {
  id("here").hidden = false;
  id("here").onclick = locate;
  field("place").oninput = () => fix("", "", "");
  const was = read(DRAFT);
  if (was && Date.now() - was.at < DAY && !document.querySelector(".faults") && !location.search) {
    for (const [name, value] of new URLSearchParams(was.body)) {
      const held = field(name);
      if (!held || /^(key|lat|lon|accuracy)$/.test(name)) continue;
      if (held.length) held.forEach((each) => (each.checked ||= each.value === value));
      else held.value = value;
    }
  }
  // Whoever says "danger" sees the number at once, above the button: that is asked only once.
  if (CSS.supports("selector(:has(a))")) form.onformdata = ({ formData }) => formData.get("urgency") === "danger" && formData.set("called", 1);
}
form?.addEventListener("input", () => {
  touched = true;
  if (found) write(DRAFT, { at: Date.now(), body: new URLSearchParams(new FormData(form)).toString() });
});
for (const each of form?.querySelectorAll("[data-step]") ?? []) {
  each.hidden = false;
  each.onclick = () => {
    const box = each.parentNode.querySelector("input");
    box.value = Math.max(1, (parseInt(box.value, 10) || 0) + Number(each.dataset.step));
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };
}

// The page that an answer leads to has opened: only now is it forgotten.
if (id("live")) write(BOX, items().filter((each) => each.to !== location.pathname));
addEventListener("storage", (event) => event.key === BOX && show());
addEventListener("online", () => settle(due().map((each) => put({ ...each, tries: 0 }))));
addEventListener("offline", () => show());
addEventListener("pageshow", (event) => event.persisted && settle());
document.addEventListener("visibilitychange", () => document.hidden || settle());
settle();
if (form && isSecureContext && navigator.serviceWorker) {
  const policy = window.trustedTypes?.createPolicy("fragment", { createScriptURL: (url) => (url === "/worker.js" ? url : "") });
  navigator.serviceWorker.register(policy ? policy.createScriptURL("/worker.js") : "/worker.js").catch(() => {});
}
