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
const refresh = fetcher(
  query,
  (told) => {
    alive();
    const news = live.take(told);
    if (told.put.panel !== undefined) showPanel(told.put.panel);
    root.dataset.mark = told.mark;
    if (news) soon();
  },
  deny,
);
const replay = makeReplay(show, () => {
  chosen = null;
  show(live.scene);
  refresh();
});

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

if (root.classList.contains("wall")) {
  let turn = 0;
  setInterval(() => {
    const all = links().filter((each) => each.dataset.ask);
    if (all.length) choose(all[turn++ % all.length].dataset.ask);
  }, TURN_MS);
}
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
listen(hint, alive, deny);
if (chosen && byId("panel").querySelector(".hero.over")) again(chosen);
