// The picture over the ground: two canvases, one that stands and one that moves. Knows a scene and a ground, no words.
import { bend, luck } from "./curve.js";
import { root } from "./page.js";
import { makeSparks } from "./sparks.js";
import { drawStill, hexagon } from "./still.js";

// What moves is drawn anew for each frame: at 4K with fewer pixels than what stands; a light has no edges to lose.
const PIXELS_MOST = 8e6, MOVING_MOST = 3e6, SLOW_FPS = 20, COUNT_MS = 3000, PULSE_MS = 2600, WAVE_MS = 4200, SHORT = 26;

function tonesOf(stage) {
  const style = getComputedStyle(stage), tone = (name) => style.getPropertyValue(name).trim();
  return {
    go: tone("--go"), wait: tone("--wait"), mute: tone("--mute"), ink: tone("--ink"), halo: tone("--halo"),
    ground: tone("--bg"), spark: tone("--spark"), cell: tone("--cell"), cellFill: Number(tone("--cell-fill")),
  };
}

export function makeOverlay(stage, ground) {
  const sky = stage.querySelector("#sky"), still = document.createElement("canvas");
  still.setAttribute("aria-hidden", "true");
  sky.before(still);
  const context = sky.getContext("2d"), sparks = makeSparks();
  let scene = { asks: [], arcs: [], people: [] }, spots = [];
  let tones = tonesOf(stage), size = { w: 0, h: 0, dpr: 1 };
  let moving = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  let running = false, slow = false, counted = 0, since = 0, spent = 0;

  // A light runs to the hero from every cell that was asked, and one ahead of everybody who comes.
  function curves() {
    const found = [];
    const add = (from, to, name) => {
      if (Math.hypot(from[0] - to[0], from[1] - to[1]) < SHORT) return;
      const scale = (point) => [point[0] * size.dpr, point[1] * size.dpr];
      found.push([scale(from), scale(bend(from, to)), scale(to), luck(name)()]);
    };
    for (const ask of scene.asks) {
      const to = ground.project(...ask.at);
      if (ask.hero) for (const [lon, lat] of scene.arcs) add(ground.project(lon, lat), to, `${lon}`);
      for (const [index, [share, from]] of ask.cars.entries()) if (from && share < 1) add(ground.project(...from), to, ask.id + index);
    }
    return found;
  }

  /** Everything anew: after another scene, another view, another size. */
  function place() {
    const w = stage.clientWidth, h = stage.clientHeight, big = Math.max(1, w / 1920);
    const scaled = (most) => Math.min(devicePixelRatio || 1, 2, Math.sqrt(most / Math.max(1, w * h)));
    size = { w, h, dpr: scaled(MOVING_MOST), big };
    tones = tonesOf(stage);
    const fine = scaled(PIXELS_MOST), draw = still.getContext("2d");
    for (const [canvas, scale] of [[sky, size.dpr], [still, fine]]) {
      const wide = Math.round(w * scale), high = Math.round(h * scale);
      if (canvas.width !== wide || canvas.height !== high) {
        canvas.width = wide;
        canvas.height = high;
      }
    }
    draw.setTransform(fine, 0, 0, fine, 0, 0);
    draw.clearRect(0, 0, w, h);
    spots = drawStill(draw, scene, ground, tones, big);
    sparks.set(moving ? curves() : [], sky.width, sky.height, 2.1 * big * size.dpr, tones.spark);
    drawFrame(performance.now());
    go();
  }

  function drawAsk(x, y, ask, full, now) {
    const r = (ask.hero ? 17 : 12) * size.big;
    context.strokeStyle = context.fillStyle = full ? tones.go : tones.wait;
    if (!full) {
      for (let i = 0; i < 3; i++) {
        const t = moving ? (now / WAVE_MS + i / 3) % 1 : (i + 0.5) / 3;
        hexagon(context, x, y, r + t * 78 * size.big * (ask.hero ? 1 : 0.5));
        context.globalAlpha = 0.55 * (1 - t);
        context.lineWidth = 1.6 * size.big;
        context.stroke();
      }
    }
    hexagon(context, x, y, r);
    context.globalAlpha = 0.16;
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = 2.4 * size.big;
    context.stroke();
    context.beginPath();
    context.arc(x, y, (ask.hero ? 7 : 5) * size.big, 0, 7);
    context.fill();
  }

  function drawFrame(now) {
    context.setTransform(size.dpr, 0, 0, size.dpr, 0, 0);
    context.globalAlpha = 1;
    context.clearRect(0, 0, size.w, size.h);
    if (moving) sparks.draw(context, now / PULSE_MS);
    for (const [x, y, asks, missing] of spots) {
      if (!scene.many || asks[0].hero) drawAsk(x, y, asks[0], !missing && asks[0].full, now);
    }
  }

  function loop(now) {
    const began = performance.now();
    drawFrame(now);
    spent += performance.now() - began;
    running = moving && !document.hidden && (sparks.count > 0 || spots.some((spot) => spot[3] > 0));
    if (!running) return;
    counted++;
    if (now - since > COUNT_MS) {
      const fps = counted / ((now - since) / 1000);
      slow = since > 0 && fps < SLOW_FPS;
      if (since > 0) {
        root.dataset.fps = Math.round(fps);
        root.dataset.ms = (spent / counted).toFixed(2);
      }
      counted = spent = 0;
      since = now;
    }
    if (slow) setTimeout(() => requestAnimationFrame(loop), 250);
    else requestAnimationFrame(loop);
  }

  function go() {
    if (running || document.hidden || !moving) return;
    running = true;
    since = counted = spent = 0;
    requestAnimationFrame(loop);
  }
  document.addEventListener("visibilitychange", go);
  matchMedia("(prefers-color-scheme: light)").addEventListener("change", place);
  ground.onMoved(place);

  return {
    show(told) {
      scene = told;
    },
    place,
    toggleMotion() {
      moving = !moving;
      place();
      return moving;
    },
  };
}
