// The wall: puts ground, picture, words, panel and stream together. Knows no geography and no people.
import { openGround } from "./ground.js";
import { onKeys } from "./keys.js";
import { makeOverlay } from "./overlay.js";
import { byId, root } from "./page.js";
import { alive, deny, links, showPanel, tick } from "./panel.js";
import { makeReplay } from "./replay.js";
import { boundsOf, holds, makeScene } from "./scene.js";
import { fetcher, listen } from "./stream.js";
import { makeWords, paddingOf } from "./words.js";

const stage = byId("stage"), filter = byId("filter"), TURN_MS = 20000, ANYWAY_MS = 30000, ONCE_MORE_MS = 500;
const HOUR_MS = 3600000, SHIFTS = 12, SHIFT_PX = 2;
const live = makeScene(), asked = new URLSearchParams(location.search);
let chosen = asked.get("ask"), shown = live.scene, box = null, hero = null;
live.take(JSON.parse(stage.dataset.scene));

const ground = await openGround(stage);
const overlay = makeOverlay(stage, ground), words = makeWords(stage, ground);
ground.onMoved(() => words.place(shown));

// The view moves only for another hero, or for what would lie outside of it: a room must not be made dizzy.
function show(scene, anew) {
  shown = scene;
  overlay.show(scene);
  const wanted = boundsOf(scene), now = scene.hero?.id ?? "";
  if (!anew && box && hero === now && holds(box, wanted)) {
    overlay.place();
    words.place(scene);
    return;
  }
  box = wanted;
  hero = now;
  ground.fit(wanted, paddingOf(stage));
}

// However fast news come, the map is drawn once a frame.
let due = 0;
function soon() {
  due ||= requestAnimationFrame(() => {
    due = 0;
    if (!replay.open) show(live.scene);
  });
}

const query = () => {
  const told = { since: live.scene.mark };
  if (chosen) told.ask = chosen;
  if (filter.value) told.q = filter.value;
  return new URLSearchParams(told);
};
const { refresh, stop } = fetcher(
  query,
  (told) => {
    alive();
    const news = live.take(told);
    if (told.put.panel !== undefined) showPanel(told.put.panel);
    root.dataset.mark = told.mark;
    if (news) soon();
  },
  bar,
);
const replay = makeReplay(show, () => {
  chosen = null;
  show(live.scene);
  refresh();
});

// Whoever has no business here any more keeps nothing of it on the screen, and hears no more.
function bar() {
  stop();
  deny();
  live.take({ mark: "", all: true, put: { home: live.scene.home }, del: [] });
  chosen = null;
  if (!replay.close()) show(live.scene);
}

// Of a map the server tells once a second at most: a second look in between shows what came right after the first.
let more = 0;
function hint() {
  refresh();
  clearTimeout(more);
  more = setTimeout(refresh, ONCE_MORE_MS);
}

// A call that has ended: its list in the panel, its steps on the map.
function again(ask) {
  chosen = ask;
  refresh();
  replay.start(`/watch/replay?ask=${encodeURIComponent(ask)}`);
}

function choose(ask) {
  replay.close();
  chosen = ask;
  refresh();
}

byId("panel").addEventListener("click", (event) => {
  const link = event.target.closest("[data-ask],[data-ended]");
  if (!link) return;
  event.preventDefault();
  if (link.dataset.ended) again(link.dataset.ended);
  else choose(link.dataset.ask);
});
filter.form.addEventListener("submit", (event) => {
  event.preventDefault();
  links()[0]?.focus();
});
filter.addEventListener("input", refresh);
filter.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  filter.value = "";
  byId("asks").focus();
  refresh();
});
onKeys({
  m: () => overlay.toggleMotion(),
  w: () => {
    root.classList.toggle("wall");
    show(shown, true);
  },
  Escape: () => replay.close() || (chosen ? choose(null) : false),
});

// In a room: one ask after the other, the most pressing first, and first again as soon as there is another such one.
let first = null;
function turn() {
  if (!root.classList.contains("wall") || replay.open) return;
  const all = live.scene.turns, next = all[0] === first ? all[all.indexOf(chosen) + 1] : null;
  first = all[0];
  choose(next ?? first ?? null);
}
setInterval(turn, TURN_MS);
// Nothing stands on the same pixels for years: the panels move by two an hour, there and back within a day.
function shift() {
  const hour = Math.floor(Date.now() / HOUR_MS) % (2 * SHIFTS);
  root.style.setProperty("--shift", `${SHIFT_PX * Math.min(hour, 2 * SHIFTS - hour)}px`);
}
setInterval(shift, HOUR_MS / 4);
shift();
let sized = 0;
addEventListener("resize", () => {
  clearTimeout(sized);
  sized = setTimeout(() => show(shown, true), 150);
});
document.addEventListener("visibilitychange", () => document.hidden || refresh());
setInterval(tick, 1000);
setInterval(refresh, ANYWAY_MS);
tick();
show(live.scene, true);
root.classList.add("drawn");
listen(hint, alive, bar);
if (chosen && byId("panel").querySelector(".hero.over")) again(chosen);
