// Sends an ask exactly once: it is written down on this phone with its key before the first try, and tried until known.
const form = document.getElementById("ask"), note = document.getElementById("note"), found = document.getElementById("found");
const field = (name) => form.elements.namedItem(name);
const says = {};
for (const each of document.getElementById("says").content.querySelectorAll("[data-say]")) says[each.dataset.say] = each.textContent;
const BOX = "flare-outbox", DRAFT = "flare-draft", HOURS = 3600e3;

// -- what is kept: one list in local storage, so that a page, a reload and a second tab see the same ------
const read = (name, none) => {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? none;
  } catch {
    return none;
  }
};
const write = (name, value) => {
  try {
    localStorage.setItem(name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
};
const items = () => read(BOX, []).filter((item) => item.state !== "sent" || Date.now() - item.at < 168 * HOURS);
const put = (item) => write(BOX, [...items().filter((each) => each.key !== item.key), item]);
const drop = (key) => write(BOX, items().filter((each) => each.key !== key));
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(17));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").slice(0, 22);
}

// One at a time in the whole browser; where locks are missing, a lease of 30 s.
async function alone(work) {
  if (navigator.locks) return navigator.locks.request("outbox", { ifAvailable: true }, (lock) => lock && work());
  if (Date.now() < read("flare-lease", 0)) return;
  write("flare-lease", Date.now() + 30000);
  await work();
  write("flare-lease", 0);
}

let timer = 0;
async function settle() {
  clearTimeout(timer);
  await alone(async () => {
    for (const item of items().filter((each) => each.state === "waiting").sort((a, b) => a.at - b.at)) {
      if (Date.now() - item.at > 2 * HOURS && !item.again) continue;
      if ((await send(item)) === "stop") break;
    }
  });
  show();
  const left = items().filter((each) => each.state === "waiting");
  if (left.length) {
    const wait = Math.min(60, 2 ** Math.min(6, left[0].tries));
    timer = setTimeout(settle, 1000 * (wait / 2 + (Math.random() * wait) / 2));
  }
}

async function send(item) {
  if (mine === item.key) note.textContent = says.sending;
  let answer;
  try {
    answer = await fetch("/", {
      method: "POST",
      body: new URLSearchParams(item.body),
      headers: { accept: "application/json", "idempotency-key": item.key },
      signal: AbortSignal.timeout ? AbortSignal.timeout(20000) : undefined,
    });
  } catch {
    put({ ...item, tries: item.tries + 1, said: "kept" });
    return "stop";
  }
  if (answer.ok) {
    const { to } = await answer.json();
    put({ ...item, state: "sent", to, at: Date.now() });
    write(DRAFT, null);
    if (mine === item.key || items().every((each) => each.state === "sent")) {
      drop(item.key);
      location.assign(to);
    }
    return "sent";
  }
  if (answer.status === 429 || answer.status >= 500) {
    put({ ...item, tries: item.tries + 1, said: "busy" });
    return "stop";
  }
  // A no by the rules: the page itself says which, with the text kept.
  drop(item.key);
  if (mine === item.key) {
    field("key") ? (field("key").value = newKey()) : null;
    mine = null;
    HTMLFormElement.prototype.submit.call(form);
    return "stop";
  }
  put({ ...item, state: "refused" });
  return "next";
}

let mine = null;
form.addEventListener("submit", (event) => {
  const body = new URLSearchParams(new FormData(form, event.submitter)).toString();
  const key = newKey();
  if (field("key")) field("key").value = key;
  if (!put({ key, body, at: Date.now(), state: "waiting", tries: 0 })) return;
  event.preventDefault();
  mine = key;
  settle();
});

function show() {
  const list = document.getElementById("outbox"), waiting = items().filter((each) => each.state === "waiting");
  const held = waiting.find((each) => each.key === mine) || waiting[0];
  note.textContent = !held ? "" : says[held.said || (navigator.onLine === false ? "kept" : "sending")];
  const old = waiting.filter((each) => Date.now() - each.at > 2 * HOURS && !each.again);
  list.hidden = !old.length;
  list.replaceChildren(...old.map(card));
}

function card(item) {
  const row = document.createElement("li"), text = document.createElement("p");
  const time = new Date(item.at).toTimeString().slice(0, 5);
  row.className = "card stack";
  text.textContent = says.old.replace("{time}", time);
  row.append(text, button(says.send_now, () => (put({ ...item, again: true }), settle())), button(says.throw, () => (drop(item.key), show())));
  return row;
}

function button(words, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "wide";
  made.textContent = words;
  made.addEventListener("click", act);
  return made;
}

// -- where: the best fix within 20 s, good enough at 50 m -------------------------------------------------
const here = document.getElementById("here");
const far = (m) => (m < 950 ? `${Math.max(10, Math.ceil(m / 10) * 10)} m` : `${Math.ceil(m / 1000)} km`);
function typed(words) {
  found.textContent = words;
  field("lat").value = field("lon").value = field("accuracy").value = "";
  field("place").focus();
}
function locate() {
  if (!navigator.geolocation || !window.isSecureContext) return typed(says.none);
  let best = null;
  found.textContent = says.finding;
  const stop = () => {
    navigator.geolocation.clearWatch(watch);
    clearTimeout(limit);
    if (best) arrived(best.coords);
    else typed(says.none);
  };
  const watch = navigator.geolocation.watchPosition(
    (fix) => {
      if (!best || fix.coords.accuracy < best.coords.accuracy) best = fix;
      if (best.coords.accuracy <= 50) stop();
    },
    stop,
    { enableHighAccuracy: true, timeout: 20000, maximumAge: 0 },
  );
  const limit = setTimeout(stop, 20000);
}
async function arrived({ latitude, longitude, accuracy }) {
  field("lat").value = latitude.toFixed(6);
  field("lon").value = longitude.toFixed(6);
  field("accuracy").value = Math.round(accuracy);
  if (accuracy > 1000) return void (found.textContent = says.rough.replace("{far}", far(accuracy)));
  found.textContent = says.found_plain.replace("{far}", far(accuracy));
  const answer = await fetch(`/near?lat=${latitude.toFixed(2)}&lon=${longitude.toFixed(2)}`).catch(() => null);
  const near = answer?.ok ? (await answer.json()).near : "";
  if (near) found.textContent = says.found.replace("{place}", near).replace("{far}", far(accuracy));
  const retype = button(says.retype, () => typed(""));
  retype.className = "quiet";
  found.append(" ", retype);
}
here.hidden = false;
here.addEventListener("click", locate);
field("place").addEventListener("input", () => (field("lat").value = field("lon").value = field("accuracy").value = ""));

// -- small comforts ---------------------------------------------------------------------------------------
for (const each of form.querySelectorAll("[data-step]")) {
  each.hidden = false;
  each.addEventListener("click", () => {
    const box = field("quantity");
    box.value = Math.max(1, (parseInt(box.value, 10) || 0) + Number(each.dataset.step));
  });
}
const kept = read(DRAFT, null);
if (kept && Date.now() - kept.at < 24 * HOURS && !document.querySelector(".faults") && !location.search) {
  for (const [name, value] of new URLSearchParams(kept.body)) {
    const held = field(name);
    if (!held || ["key", "lat", "lon", "accuracy"].includes(name)) continue;
    if (held instanceof RadioNodeList) held.value = value;
    else if (held.type === "checkbox") held.checked = true;
    else held.value = value;
  }
}
form.addEventListener("input", () => write(DRAFT, { at: Date.now(), body: new URLSearchParams(new FormData(form)).toString() }));
addEventListener("online", settle);
document.addEventListener("visibilitychange", () => document.hidden || settle());
settle();
if (window.isSecureContext && navigator.serviceWorker) {
  const policy = window.trustedTypes?.createPolicy("fragment", { createScriptURL: (url) => (url === "/worker.js" ? url : "") });
  navigator.serviceWorker.register(policy ? policy.createScriptURL("/worker.js") : "/worker.js").catch(() => {});
}
