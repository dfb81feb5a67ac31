// The picture over the ground: two canvases, one that stands and one that moves. Knows a scene and a ground, no words.
import { bend, along, luck } from "./curve.js";
import { root } from "./page.js";
import { drawStill } from "./still.js";

const PIXELS_MOST = 8e6, SLOW_FPS = 20, PULSE_MS = 2600, WAVE_MS = 4200;

function tonesOf(stage) {
  const style = getComputedStyle(stage), tone = (name) => style.getPropertyValue(name).trim();
  return { go: tone("--go"), wait: tone("--wait"), mute: tone("--mute"), ground: tone("--bg"), spark: tone("--spark"), cell: tone("--cell"), cellFill: Number(tone("--cell-fill")) };
}

export function makeOverlay(stage, ground) {
  const sky = stage.querySelector("#sky"), still = document.createElement("canvas");
  still.setAttribute("aria-hidden", "true");
  sky.before(still);
  const context = sky.getContext("2d");
  let scene = { asks: [], arcs: [], people: [] }, arcs = [], spots = [];
  let tones = tonesOf(stage), size = { w: 0, h: 0, dpr: 1 };
  let moving = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  let running = false, slow = false, counted = 0, since = 0;

  /** Everything anew: after another scene, another view, another size. */
  function place() {
    const w = stage.clientWidth, h = stage.clientHeight, big = Math.max(1, w / 1920);
    let dpr = Math.min(devicePixelRatio || 1, 2);
    while (w * h * dpr * dpr > PIXELS_MOST) dpr *= 0.9;
    size = { w, h, dpr };
    tones = tonesOf(stage);
    for (const canvas of [sky, still]) {
      canvas.width = Math.round(w * dpr);
      canvas.height = Math.round(h * dpr);
    }
    const draw = still.getContext("2d");
    draw.setTransform(dpr, 0, 0, dpr, 0, 0);
    drawStill(draw, scene, ground, tones, big);
    spots = scene.asks.map((ask) => [...ground.project(...ask.at), ask]);
    const hero = spots.find(([, , ask]) => ask.hero);
    arcs = hero
      ? scene.arcs.map(([lon, lat]) => {
          const from = ground.project(lon, lat), to = [hero[0], hero[1]];
          return { from, middle: bend(from, to), to, phase: luck(`${lon}`)() };
        })
      : [];
    drawFrame(performance.now());
    go();
  }

  function hexagon(x, y, r, turn = 0.3) {
    context.beginPath();
    for (let i = 0; i < 6; i++) context.lineTo(x + r * Math.cos(turn + (i * Math.PI) / 3), y + r * Math.sin(turn + (i * Math.PI) / 3));
    context.closePath();
  }

  function drawFrame(now) {
    const big = Math.max(1, size.w / 1920);
    context.setTransform(size.dpr, 0, 0, size.dpr, 0, 0);
    context.globalAlpha = 1;
    context.clearRect(0, 0, size.w, size.h);
    if (moving) {
      context.fillStyle = tones.spark;
      for (const arc of arcs) {
        const [x, y] = along(arc.from, arc.middle, arc.to, (now / PULSE_MS + arc.phase) % 1);
        context.beginPath();
        context.arc(x, y, 2.1 * big, 0, 7);
        context.fill();
      }
    }
    for (const [x, y, ask] of spots) {
      const r = (ask.hero ? 17 : 12) * big;
      context.strokeStyle = context.fillStyle = ask.full ? tones.go : tones.wait;
      if (!ask.full) {
        for (let i = 0; i < 3; i++) {
          const t = moving ? (now / WAVE_MS + i / 3) % 1 : (i + 0.5) / 3;
          hexagon(x, y, r + t * 78 * big * (ask.hero ? 1 : 0.5));
          context.globalAlpha = 0.55 * (1 - t);
          context.lineWidth = 1.6 * big;
          context.stroke();
        }
      }
      hexagon(x, y, r);
      context.globalAlpha = 0.16;
      context.fill();
      context.globalAlpha = 1;
      context.lineWidth = 2.4 * big;
      context.stroke();
      context.beginPath();
      context.arc(x, y, (ask.hero ? 7 : 5) * big, 0, 7);
      context.fill();
    }
  }

  function loop(now) {
    drawFrame(now);
    running = moving && !document.hidden;
    if (!running) return;
    counted++;
    if (now - since > 3000) {
      const fps = counted / ((now - since) / 1000);
      slow = since > 0 && fps < SLOW_FPS;
      if (since > 0) root.dataset.fps = Math.round(fps);
      counted = 0;
      since = now;
    }
    if (slow) setTimeout(() => requestAnimationFrame(loop), 250);
    else requestAnimationFrame(loop);
  }

  function go() {
    if (running || document.hidden || !moving) return;
    running = true;
    since = counted = 0;
    requestAnimationFrame(loop);
  }
  document.addEventListener("visibilitychange", go);
  ground.onMoved(place);

  return {
    show(told) {
      scene = told;
    },
    place,
    toggleMotion() {
      moving = !moving;
      go();
      return moving;
    },
  };
}
