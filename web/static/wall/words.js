// Words on the map: a chip per ask and car that has room. What they cover is reserved, so that no name stands under it.
import { along, bend } from "./curve.js";
import { boxOf, meets } from "./page.js";

const PANELS = ".side,.find,.four,.legend,.source,.head,#replay";
const SHOWN = 9;
const floats = () => innerWidth > 1100;

/** Room for the map beside the panels: {left, top, right, bottom} in pixels. */
export function paddingOf(stage) {
  const side = floats() && boxOf(stage, document.querySelector(".side"));
  if (!side) return { left: 24, top: 24, right: 24, bottom: 24 };
  const edges = document.documentElement.dir === "rtl" ? { left: 60, right: stage.clientWidth - side[0] + 50 } : { left: side[2] + 50, right: 60 };
  return { ...edges, top: 120, bottom: 100 };
}

export function makeWords(stage, ground) {
  const chips = stage.querySelector("#chips");
  const bigger = () => Math.max(1, stage.clientWidth / 1920);
  let taken = [];

  const free = (box) =>
    box[0] > 6 && box[1] > 6 && box[2] < stage.clientWidth - 6 && box[3] < stage.clientHeight - 6 && !taken.some((each) => meets(box, each));

  function chip(words, kind, x, y) {
    const div = document.createElement("div"), bold = document.createElement("b");
    div.className = `chip ${kind}`;
    bold.textContent = words[0];
    div.append(bold, words[1] || "");
    chips.append(div);
    const w = div.offsetWidth, h = div.offsetHeight, big = bigger();
    const beside = (gap, low) => [[gap, low], [gap, -h - low], [-w - gap, low], [-w - gap, -h - low]];
    const spots = [[28 * big, -h / 2], [-w - 28 * big, -h / 2], ...beside(28 * big, 14 * big), [-w / 2, 30 * big], [-w / 2, -h - 30 * big], ...beside(46 * big, 46 * big), ...beside(60 * big, 90 * big)];
    for (const [dx, dy] of spots) {
      const box = [x + dx - 4, y + dy - 4, x + dx + w + 4, y + dy + h + 4];
      if (free(box)) {
        taken.push(box);
        div.style.transform = `translate(${Math.round(x + dx)}px,${Math.round(y + dy)}px)`;
        return;
      }
    }
    div.remove();
  }

  return {
    place(scene) {
      chips.replaceChildren();
      taken = floats() ? [...document.querySelectorAll(PANELS)].map((each) => boxOf(stage, each)).filter(Boolean) : [];
      const shown = [...scene.asks].sort((a, b) => (b.hero || 0) - (a.hero || 0)).slice(0, SHOWN);
      const spots = shown.map((ask) => ground.project(...ask.at));
      for (const ask of scene.asks) {
        const [x, y] = ground.project(...ask.at), half = (ask.hero ? 18 : 12) * bigger();
        taken.push([x - half, y - half, x + half, y + half]);
      }
      for (const [index, ask] of shown.entries()) {
        const to = spots[index];
        if (ask.chip && (ask.hero || shown.length < 5)) chip(ask.chip, ask.full ? "comes" : "ask", ...to);
        for (const [share, at, words] of ask.cars) {
          if (!at || !words) continue;
          const from = ground.project(...at), [x, y] = along(from, bend(from, to), to, share);
          const half = 10 * bigger();
          taken.push([x - half, y - half, x + half, y + half]);
          chip(words, "comes", x, y);
        }
      }
      ground.reserve(taken);
    },
  };
}
