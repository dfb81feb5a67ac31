// Names of places on the ground, the ones people orient themselves by first, each only where nothing else stands.
import { meets } from "./page.js";

const SMALLEST_PX = 15, EDGE = 6, AREA_OF_ONE = 46000;

/** A canvas of names under everything that is drawn over the ground; `towns`: [name, lon, lat, large], best first. */
export function makeNames(stage) {
  const canvas = document.createElement("canvas"), draw = canvas.getContext("2d");
  canvas.className = "names";
  canvas.setAttribute("aria-hidden", "true");
  stage.querySelector("#sky").before(canvas);
  let boxes = [];

  return {
    write(towns, project, taken = boxes) {
      boxes = taken;
      const w = stage.clientWidth, h = stage.clientHeight, dpr = Math.min(devicePixelRatio || 1, 2);
      const style = getComputedStyle(stage), used = [...taken], most = Math.max(12, (w * h) / AREA_OF_ONE / Math.max(1, w / 1920) ** 2);
      const size = Math.max(SMALLEST_PX, parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.94);
      const family = getComputedStyle(document.body).fontFamily;
      canvas.width = Math.round(w * dpr);
      canvas.height = Math.round(h * dpr);
      draw.setTransform(dpr, 0, 0, dpr, 0, 0);
      draw.textBaseline = "middle";
      draw.textAlign = "center";
      draw.lineJoin = "round";
      draw.lineWidth = size / 4;
      draw.strokeStyle = style.getPropertyValue("--halo");
      let written = 0;
      for (const [name, lon, lat, large] of towns) {
        if (written >= most) break;
        const [x, y] = project(lon, lat), px = large ? size * 1.2 : size;
        if (x < 0 || y < 0 || x > w || y > h) continue;
        draw.font = `${large ? 500 : 400} ${px}px ${family}`;
        const half = draw.measureText(name).width / 2, box = [x - half - 8, y - px * 0.75 - 6, x + half + 8, y + px * 0.75 + 6];
        if (box[0] < EDGE || box[1] < EDGE || box[2] > w - EDGE || box[3] > h - EDGE || used.some((each) => meets(box, each))) continue;
        used.push(box);
        draw.strokeText(name, x, y);
        draw.fillStyle = style.getPropertyValue(large ? "--ink" : "--mute");
        draw.fillText(name, x, y);
        written++;
      }
    },
    destroy: () => canvas.remove(),
  };
}
