// The ground the server draws: one SVG of the area, its names on a canvas. Needs no library and no WebGL.
import { makeNames } from "./names.js";
import { markup } from "./page.js";

const UNITS_MOST = 3.2;
const NOWHERE = { lon: 0, lat: 0, scale: 1.4, width: 2400, height: 1600, towns: [] };
const mercator = (lat) => (Math.log(Math.tan(Math.PI / 4 + (Math.max(-85, Math.min(85, lat)) * Math.PI) / 360)) * 180) / Math.PI;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

export function drawnGround(stage) {
  const base = stage.querySelector("#base"), land = stage.querySelector("#land"), names = makeNames(stage);
  const moved = new Set();
  // A page that brings no frame fetches the first one, too.
  let frame = stage.dataset.ground ? JSON.parse(stage.dataset.ground) : NOWHERE, asked = "", wanted = null;
  let view = { k: 1, x: 0, y: 0, w: 0, h: 0 };

  const unitX = (lon) => frame.width / 2 + (((lon - frame.lon + 540) % 360 + 360) % 360 - 180) * frame.scale;
  const unitY = (lat) => frame.height / 2 - (mercator(lat) - mercator(frame.lat)) * frame.scale;
  const project = (lon, lat) => [(unitX(lon) - view.x) * view.k, (unitY(lat) - view.y) * view.k];

  function place([[west, south], [east, north]], pad) {
    const w = stage.clientWidth, h = stage.clientHeight;
    const x0 = unitX(west), x1 = x0 + (east - west) * frame.scale, y0 = unitY(north), y1 = unitY(south);
    const free = [w - pad.left - pad.right, h - pad.top - pad.bottom];
    const least = Math.max(w / frame.width, h / frame.height);
    const k = Math.max(least, Math.min(free[0] / (x1 - x0), free[1] / (y1 - y0), UNITS_MOST * Math.max(1, w / 1920)));
    view = {
      k, w, h,
      x: clamp((x0 + x1) / 2 - (pad.left + free[0] / 2) / k, 0, frame.width - w / k),
      y: clamp((y0 + y1) / 2 - (pad.top + free[1] / 2) / k, 0, frame.height - h / k),
    };
    base.setAttribute("viewBox", `${view.x} ${view.y} ${w / k} ${h / k}`);
    for (const fn of moved) fn();
  }

  // The server keeps one picture for each two degrees: walls of one region share it.
  async function fetchFor(lon, lat) {
    const name = `lon=${2 * Math.round(lon / 2)}&lat=${2 * Math.round(lat / 2)}`;
    if (name === asked) return;
    asked = name;
    const answer = await fetch(`/watch/ground?${name}`).catch(() => null);
    if (!answer?.ok) {
      asked = "";
    } else if (name === asked) {
      frame = await answer.json();
      land.innerHTML = markup(frame.svg);
      place(...wanted);
    }
  }

  return {
    name: "drawn",
    project,
    fit(bounds, pad) {
      wanted = [bounds, pad];
      place(bounds, pad);
      const lon = (bounds[0][0] + bounds[1][0]) / 2, lat = (bounds[0][1] + bounds[1][1]) / 2;
      const far = Math.max(Math.abs(unitX(lon) / frame.width - 0.5), Math.abs(unitY(lat) / frame.height - 0.5));
      if (frame === NOWHERE || far > 0.25) fetchFor(lon, lat);
    },
    onMoved(fn) {
      moved.add(fn);
    },
    reserve(boxes) {
      names.write(frame.towns, project, boxes);
    },
    destroy() {
      moved.clear();
      names.destroy();
      land.replaceChildren();
    },
  };
}
