// Words on the map: a chip per ask and car that has room. What they cover is reserved, so that no name stands under it.
import { along, bend } from "./curve.js";
import { boxOf } from "./page.js";

const PANELS = ".side,.four,.legend,.source,.head,#replay";
const SHOWN = 9;
const meets = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
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
  let taken = [];

  const free = (box) =>
    box[0] > 6 && box[1] > 6 && box[2] < stage.clientWidth - 6 && box[3] < stage.clientHeight - 6 && !taken.some((each) => meets(box, each));

  function chip(words, kind, x, y) {
    const div = document.createElement("div"), bold = document.createElement("b");
    div.className = `chip ${kind}`;
    bold.textContent = words[0];
    div.append(bold, words[1] || "");
    chips.append(div);
    const w = div.offsetWidth, h = div.offsetHeight;
    const spots = [[28, -h / 2], [28, 14], [28, -h - 14], [-w - 28, -h / 2], [-w - 28, 14], [-w - 28, -h - 14], [-w / 2, 30], [-w / 2, -h - 30], [46, 46], [46, -h - 46], [-w - 46, 46], [60, 90], [-w - 60, 90]];
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
      for (const [x, y] of spots) taken.push([x - 18, y - 18, x + 18, y + 18]);
      for (const [index, ask] of shown.entries()) {
        const to = spots[index];
        if (ask.chip && (ask.hero || shown.length < 5)) chip(ask.chip, ask.full ? "comes" : "ask", ...to);
        for (const [share, at, words] of ask.cars) {
          if (!at || !words) continue;
          const from = ground.project(...at), [x, y] = along(from, bend(from, to), to, share);
          taken.push([x - 10, y - 10, x + 10, y + 10]);
          chip(words, "comes", x, y);
        }
      }
      ground.reserve(taken);
    },
  };
}
