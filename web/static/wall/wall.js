// The wall: puts ground, picture, words, panel and stream together. Knows no geography and no people.
import { openGround } from "./ground.js";
import { onKeys } from "./keys.js";
import { makeOverlay } from "./overlay.js";
import { byId, root } from "./page.js";
import { alive, links, showPanel, tick } from "./panel.js";
import { boundsOf } from "./scene.js";
import { fetcher, listen } from "./stream.js";
import { makeWords, paddingOf } from "./words.js";

const stage = byId("stage"), TURN_MS = 20000, ANYWAY_MS = 30000;
let scene = JSON.parse(stage.dataset.scene);
let chosen = new URLSearchParams(location.search).get("ask");

const ground = await openGround(stage);
const overlay = makeOverlay(stage, ground), words = makeWords(stage, ground);
ground.onMoved(() => words.place(scene));

function show() {
  overlay.show(scene);
  ground.fit(boundsOf(scene), paddingOf(stage));
}

const refresh = fetcher(
  () => new URLSearchParams(chosen ? { ask: chosen } : {}),
  (told) => {
    alive();
    scene = told.scene;
    showPanel(told.panel);
    show();
  },
);

function choose(ask) {
  chosen = ask;
  refresh();
}

byId("panel").addEventListener("click", (event) => {
  const link = event.target.closest("[data-ask]");
  if (!link) return;
  event.preventDefault();
  choose(link.dataset.ask);
});
onKeys({
  m: () => overlay.toggleMotion(),
  w: () => {
    root.classList.toggle("wall");
    show();
  },
  Escape: () => chosen && choose(null),
});

if (root.classList.contains("wall")) {
  let turn = 0;
  setInterval(() => {
    const all = links();
    if (all.length) choose(all[turn++ % all.length].dataset.ask);
  }, TURN_MS);
}
let sized = 0;
addEventListener("resize", () => {
  clearTimeout(sized);
  sized = setTimeout(show, 150);
});
document.addEventListener("visibilitychange", () => document.hidden || refresh());
setInterval(tick, 1000);
setInterval(refresh, ANYWAY_MS);
tick();
show();
root.classList.add("drawn");
listen(refresh, alive);
