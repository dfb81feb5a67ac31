// The replay on a report's page: the wall's ground and overlay in a small frame, without panel or stream.
import { openGround } from "./ground.js";
import { makeOverlay } from "./overlay.js";
import { byId } from "./page.js";
import { makeReplay } from "./replay.js";
import { boundsOf, holds } from "./scene.js";
import { makeWords } from "./words.js";

const stage = byId("stage"), PAD = { left: 30, top: 30, right: 30, bottom: 30 };
stage.hidden = false;
const ground = await openGround(stage);
const overlay = makeOverlay(stage, ground), words = makeWords(stage, ground);
let scene = null, box = null;
ground.onMoved(() => scene && words.place(scene));

// The view widens as the call travels, and never jumps back.
function show(told) {
  scene = told;
  overlay.show(scene);
  const wanted = boundsOf(scene);
  if (box && holds(box, wanted)) {
    overlay.place();
    words.place(scene);
  } else ground.fit((box = wanted), PAD);
}

const replay = makeReplay(show, () => {});
await replay.start(stage.dataset.replay);
addEventListener("resize", () => scene && ground.fit(boundsOf(scene), PAD));
