// Words on the map: a chip per ask and car that has room. What they cover is reserved, so that no name stands under it.
import { along, bend } from "./curve.js";
import { boxOf, meets } from "./page.js";

const PANELS = ".side,.find,.four,.legend,.source,.head,#replay";
const SHOWN = 9, BESIDE = 8, RING = 11;
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
    const at = spots.findIndex(([dx, dy]) => free([x + dx - 4, y + dy - 4, x + dx + w + 4, y + dy + h + 4]));
    if (at < 0) return div.remove();
    const [left, top] = [x + spots[at][0], y + spots[at][1]];
    taken.push([left - 4, top - 4, left + w + 4, top + h + 4]);
    div.style.transform = `translate(${Math.round(left)}px,${Math.round(top)}px)`;
    if (at >= BESIDE) lead(kind, x, y, Math.min(Math.max(x, left), left + w) - x, Math.min(Math.max(y, top), top + h) - y);
  }

  // From what is named to words that found no room beside it.
  function lead(kind, x, y, dx, dy) {
    const line = document.createElement("i"), far = Math.hypot(dx, dy), ring = (RING * bigger()) / far;
    line.className = `lead ${kind}`;
    line.style.width = `${far * (1 - ring)}px`;
    line.style.transform = `translate(${x + dx * ring}px,${y + dy * ring}px) rotate(${Math.atan2(dy, dx)}rad)`;
    chips.prepend(line);
  }

  return {
    place(scene) {
      chips.replaceChildren();
      taken = floats() ? [...document.querySelectorAll(PANELS)].map((each) => boxOf(stage, each)).filter(Boolean) : [];
      const shown = [...scene.asks].sort((a, b) => (b.hero || 0) - (a.hero || 0)).slice(0, SHOWN);
      const keep = ([x, y], half) => taken.push([x - half, y - half, x + half, y + half]);
      for (const ask of scene.asks) keep(ground.project(...ask.at), (ask.hero ? 18 : 12) * bigger());
      const named = [];
      for (const ask of shown) {
        const to = ground.project(...ask.at);
        if (ask.chip && (ask.hero || shown.length < 5)) named.push([ask.chip, ask.full ? "comes" : "ask", ...to]);
        for (const [share, at, words] of ask.cars) {
          if (!at || !words) continue;
          const from = ground.project(...at), ring = along(from, bend(from, to), to, share);
          keep(ring, 10 * bigger());
          named.push([words, "comes", ...ring]);
        }
      }
      // Every ring first: no words stand on somebody else's.
      for (const each of named) chip(...each);
      ground.reserve(taken);
    },
  };
}
