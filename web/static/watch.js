// The wall: draws what the server measured, in the server's units; knows no geography and no people.
// Still things (cells, dots, arcs, names) are drawn once per change on a canvas of their own; a frame is the rest.
const root = document.documentElement;
const byId = (id) => document.getElementById(id);
const stage = byId("stage"), base = byId("base"), sky = byId("sky"), chips = byId("chips"), panel = byId("panel");
const fragment = window.trustedTypes
  ? trustedTypes.createPolicy("fragment", { createHTML: (text) => text })
  : { createHTML: (text) => text };
const [, , FRAME_W, FRAME_H] = base.getAttribute("viewBox").split(" ").map(Number);
const TEAL = "63,224,197", AMBER = "255,181,71", GREY = "143,161,184";
const DOTS_CELL = 160, DOTS_ALL = 2500;
const context = sky.getContext("2d");
const still = document.createElement("canvas");
still.setAttribute("aria-hidden", "true");
sky.before(still);

let scene = JSON.parse(stage.dataset.scene);
let towns = JSON.parse(stage.dataset.towns);
let frameId = stage.dataset.frame;
let chosen = new URLSearchParams(location.search).get("ask");
let view = { k: 1, x: 0, y: 0, w: 0, h: 0, dpr: 1 };
let moving = !matchMedia("(prefers-reduced-motion: reduce)").matches;
let rects = [];

// -- where things are on the screen ----------------------------------------------------------------
const at = (x, y) => [(x - view.x) * view.k, (y - view.y) * view.k];

function boxOf(element) {
  const r = element && element.getBoundingClientRect(), s = stage.getBoundingClientRect();
  return r && r.width ? [r.left - s.left, r.top - s.top, r.right - s.left, r.bottom - s.top] : null;
}

function fit() {
  const w = stage.clientWidth, h = stage.clientHeight;
  const wide = innerWidth > 1100;
  const side = boxOf(document.querySelector(".side"));
  const pad = wide && side
    ? (root.dir === "rtl" ? { l: 60, r: w - side[0] + 50, t: 120, b: 100 } : { l: side[2] + 50, r: 60, t: 120, b: 100 })
    : { l: 24, r: 24, t: 24, b: 24 };
  const hero = scene.asks.find((ask) => ask.hero) || scene.asks[0];
  const points = [];
  if (hero) {
    points.push([hero.x, hero.y]);
    for (const [x, y] of scene.arcs) points.push([x, y]);
    for (const each of hero.coming) if (each.from) points.push(each.from);
  }
  for (const ask of scene.asks) if (!hero || Math.hypot(ask.x - hero.x, ask.y - hero.y) < 420) points.push([ask.x, ask.y]);
  const near = hero ? points.filter(([x, y]) => Math.abs(x - hero.x) < 560 && Math.abs(y - hero.y) < 400) : [];
  if (!near.length) near.push([FRAME_W / 2 - 350, FRAME_H / 2 - 220], [FRAME_W / 2 + 350, FRAME_H / 2 + 220]);
  const xs = near.map((p) => p[0]), ys = near.map((p) => p[1]);
  const x0 = Math.min(...xs) - 30, x1 = Math.max(...xs) + 30, y0 = Math.min(...ys) - 30, y1 = Math.max(...ys) + 30;
  const least = Math.max(w / FRAME_W, h / FRAME_H);
  let k = Math.min((w - pad.l - pad.r) / (x1 - x0), (h - pad.t - pad.b) / (y1 - y0), 3.2 * Math.max(1, w / 1920));
  k = Math.max(k, least);
  const cx = (x0 + x1) / 2, cy = (y0 + y1) / 2;
  const clamp = (v, low, high) => Math.min(Math.max(v, low), high);
  const x = clamp(cx - (pad.l + (w - pad.l - pad.r) / 2) / k, 0, FRAME_W - w / k);
  const y = clamp(cy - (pad.t + (h - pad.t - pad.b) / 2) / k, 0, FRAME_H - h / k);
  let dpr = Math.min(devicePixelRatio || 1, 2);
  while (w * h * dpr * dpr > 8e6) dpr *= 0.9;
  view = { k, x, y, w, h, dpr };
  base.setAttribute("viewBox", `${x} ${y} ${w / k} ${h / k}`);
  for (const canvas of [sky, still]) {
    canvas.width = Math.round(w * dpr);
    canvas.height = Math.round(h * dpr);
  }
}

// -- things that stand still -----------------------------------------------------------------------
function luck(seed) {
  let a = 2166136261;
  for (const char of seed) a = Math.imul(a ^ char.charCodeAt(0), 16777619);
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function shape(draw, ring) {
  draw.beginPath();
  for (let i = 0; i < ring.length; i += 2) draw.lineTo(...at(ring[i], ring[i + 1]));
  draw.closePath();
}

function inside(ring, x, y) {
  let odd = false;
  for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
    if (ring[i + 1] > y !== ring[j + 1] > y && x < ((ring[j] - ring[i]) * (y - ring[i + 1])) / (ring[j + 1] - ring[i + 1]) + ring[i]) odd = !odd;
  }
  return odd;
}

function spread(cell, ring, count) {
  const random = luck(cell), found = [];
  const xs = ring.filter((_, i) => i % 2 === 0), ys = ring.filter((_, i) => i % 2);
  const x0 = Math.min(...xs), x1 = Math.max(...xs), y0 = Math.min(...ys), y1 = Math.max(...ys);
  for (let tries = 0; found.length < count && tries < count * 8; tries++) {
    const x = x0 + random() * (x1 - x0), y = y0 + random() * (y1 - y0);
    if (inside(ring, x, y)) found.push([x, y, random()]);
  }
  return found;
}

function bend(from, to) {
  const dx = to[0] - from[0], dy = to[1] - from[1];
  const side = dx >= 0 ? -1 : 1;
  return [(from[0] + to[0]) / 2 + side * dy * 0.14 * (dx >= 0 ? -1 : 1), (from[1] + to[1]) / 2 - Math.abs(dx) * 0.12];
}

function along(from, middle, to, t) {
  const u = 1 - t;
  return [u * u * from[0] + 2 * u * t * middle[0] + t * t * to[0], u * u * from[1] + 2 * u * t * middle[1] + t * t * to[1]];
}

let arcs = [];

function drawStill() {
  const draw = still.getContext("2d");
  draw.setTransform(view.dpr, 0, 0, view.dpr, 0, 0);
  draw.clearRect(0, 0, view.w, view.h);
  const hero = scene.asks.find((ask) => ask.hero);
  const asked = new Set(scene.arcs.map((arc) => `${arc[0]},${arc[1]}`));
  const all = scene.people.reduce((sum, [, , , n]) => sum + Math.min(n, DOTS_CELL), 0);
  const share = Math.min(1, DOTS_ALL / Math.max(1, all));
  for (const [cell, x, y, n, ring] of scene.people) {
    const heard = asked.has(`${x},${y}`);
    shape(draw, ring);
    draw.fillStyle = heard ? `rgba(${TEAL},${0.05 + Math.min(0.09, n / 2200)})` : "rgba(120,110,150,.075)";
    draw.fill();
    draw.strokeStyle = heard ? `rgba(${TEAL},.42)` : "rgba(120,120,160,.2)";
    draw.lineWidth = 1;
    draw.stroke();
    for (const [dx, dy, lot] of spread(cell, ring, Math.round(Math.min(n, DOTS_CELL) * share))) {
      const [px, py] = at(dx, dy), bright = heard && lot < 0.35;
      draw.fillStyle = bright ? `rgba(${TEAL},.95)` : `rgba(${GREY},.62)`;
      draw.beginPath();
      draw.arc(px, py, (bright ? 1.7 : 1.2) * Math.max(1, view.w / 1920), 0, 7);
      draw.fill();
    }
  }
  arcs = [];
  if (hero) {
    const to = at(hero.x, hero.y);
    for (const [x, y, n] of [...scene.arcs].reverse()) {
      const from = at(x, y);
      if (Math.hypot(from[0] - to[0], from[1] - to[1]) < 26) continue;
      const middle = bend(from, to), line = draw.createLinearGradient(...from, ...to);
      const strong = Math.min(1, 0.4 + n / 40);
      line.addColorStop(0, `rgba(${TEAL},${0.5 * strong})`);
      line.addColorStop(1, `rgba(${TEAL},${0.85 * strong})`);
      draw.strokeStyle = line;
      draw.lineWidth = (0.6 + Math.log2(1 + n) * 0.62) * Math.max(1, view.w / 1920);
      draw.beginPath();
      draw.moveTo(...from);
      draw.quadraticCurveTo(...middle, ...to);
      draw.stroke();
      arcs.push({ from, middle, to, phase: luck(`${x}`)(), n });
    }
  }
  for (const ask of scene.asks) for (const each of ask.coming) if (each.from) drawWay(draw, ask, each);
}

function drawWay(draw, ask, each) {
  const from = at(...each.from), to = at(ask.x, ask.y), middle = bend(from, to), big = Math.max(1, view.w / 1920);
  draw.save();
  draw.setLineDash([2 * big, 7 * big]);
  draw.lineCap = "round";
  draw.lineWidth = 4 * big;
  draw.strokeStyle = `rgba(${TEAL},1)`;
  draw.beginPath();
  draw.moveTo(...from);
  draw.quadraticCurveTo(...middle, ...to);
  draw.stroke();
  draw.restore();
  const [x, y] = along(from, middle, to, each.at);
  draw.beginPath();
  draw.arc(x, y, 8 * big, 0, 7);
  draw.fillStyle = "#070b12";
  draw.fill();
  draw.lineWidth = 3 * big;
  draw.strokeStyle = `rgb(${TEAL})`;
  draw.stroke();
}

// -- words on the map: chips first, then names where there is room ------------------------------------
const meets = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
const free = (box) => box[0] > 6 && box[1] > 6 && box[2] < view.w - 6 && box[3] < view.h - 6 && !rects.some((r) => meets(box, r));

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
      rects.push(box);
      div.style.transform = `translate(${Math.round(x + dx)}px,${Math.round(y + dy)}px)`;
      return;
    }
  }
  div.remove();
}

function drawWords() {
  chips.replaceChildren();
  rects = innerWidth > 1100
    ? [...document.querySelectorAll(".side,.four,.legend,.source,.head .mark,#clock,.danger")].map(boxOf).filter(Boolean)
    : [];
  const shown = [...scene.asks].sort((a, b) => b.hero - a.hero).slice(0, 9);
  for (const ask of shown) {
    const [x, y] = at(ask.x, ask.y);
    rects.push([x - 18, y - 18, x + 18, y + 18]);
  }
  for (const ask of shown) {
    const [x, y] = at(ask.x, ask.y);
    if (ask.hero || shown.length < 5) chip(ask.chip, "ask", x, y);
    for (const each of ask.coming.slice(0, ask.hero ? 4 : 1)) {
      if (!each.from) continue;
      const from = at(...each.from), to = at(ask.x, ask.y);
      const [cx, cy] = along(from, bend(from, to), to, each.at);
      rects.push([cx - 10, cy - 10, cx + 10, cy + 10]);
      chip(each.chip, "comes", cx, cy);
    }
  }
  const draw = still.getContext("2d"), size = Math.max(15, parseFloat(getComputedStyle(root).fontSize) * 0.94);
  draw.setTransform(view.dpr, 0, 0, view.dpr, 0, 0);
  draw.textBaseline = "middle";
  draw.lineJoin = "round";
  let written = 0;
  for (const [name, tx, ty, large] of towns) {
    if (written >= 34) break;
    const [x, y] = at(tx, ty), px = large ? size * 1.2 : size;
    draw.font = `400 ${px}px system-ui, sans-serif`;
    const w = draw.measureText(name).width, box = [x - w / 2 - 8, y - px * 0.75 - 6, x + w / 2 + 8, y + px * 0.75 + 6];
    if (!free(box)) continue;
    rects.push(box);
    draw.textAlign = "center";
    draw.strokeStyle = "rgba(10,16,26,.85)";
    draw.lineWidth = 4;
    draw.strokeText(name, x, y);
    draw.fillStyle = large ? "#dbe5f2" : "#9fb0c8";
    draw.fillText(name, x, y);
    written++;
  }
}

// -- things that move ------------------------------------------------------------------------------
function hexagon(x, y, r, turn = 0.3) {
  context.beginPath();
  for (let i = 0; i < 6; i++) context.lineTo(x + r * Math.cos(turn + (i * Math.PI) / 3), y + r * Math.sin(turn + (i * Math.PI) / 3));
  context.closePath();
}

function drawFrame(now) {
  const big = Math.max(1, view.w / 1920);
  context.setTransform(view.dpr, 0, 0, view.dpr, 0, 0);
  context.clearRect(0, 0, view.w, view.h);
  if (moving) {
    context.fillStyle = "#e9fffb";
    for (const arc of arcs) {
      const [x, y] = along(arc.from, arc.middle, arc.to, (now / 2600 + arc.phase) % 1);
      context.beginPath();
      context.arc(x, y, 2.1 * big, 0, 7);
      context.fill();
    }
  }
  for (const ask of scene.asks) {
    const [x, y] = at(ask.x, ask.y), tone = ask.full ? TEAL : AMBER, r = (ask.hero ? 17 : 12) * big;
    if (!ask.full) {
      for (let i = 0; i < 3; i++) {
        const t = moving ? (now / 4200 + i / 3) % 1 : (i + 0.5) / 3;
        hexagon(x, y, r + t * 78 * big * (ask.hero ? 1 : 0.5));
        context.strokeStyle = `rgba(${tone},${0.55 * (1 - t)})`;
        context.lineWidth = 1.6 * big;
        context.stroke();
      }
    }
    hexagon(x, y, r);
    context.fillStyle = `rgba(${tone},.16)`;
    context.fill();
    context.strokeStyle = `rgb(${tone})`;
    context.lineWidth = 2.4 * big;
    context.stroke();
    context.beginPath();
    context.arc(x, y, (ask.hero ? 7 : 5) * big, 0, 7);
    context.fillStyle = `rgb(${tone})`;
    context.fill();
  }
}

let running = false, slow = false, counted = 0, since = 0;
function loop(now) {
  if (document.hidden || !moving) {
    running = false;
    drawFrame(now);
    return;
  }
  drawFrame(now);
  counted++;
  if (now - since > 3000) {
    slow = since > 0 && counted / ((now - since) / 1000) < 20;
    root.dataset.fps = Math.round(counted / ((now - since) / 1000));
    counted = 0;
    since = now;
  }
  if (slow) setTimeout(() => requestAnimationFrame(loop), 250);
  else requestAnimationFrame(loop);
}
function go() {
  if (running || document.hidden) return;
  running = true;
  since = counted = 0;
  requestAnimationFrame(loop);
}

function drawAll() {
  fit();
  drawStill();
  drawWords();
  drawFrame(performance.now());
  root.classList.add("drawn");
  go();
}

// -- fresh pictures --------------------------------------------------------------------------------
let heard = Date.now(), asking = false, again = false;

async function refresh() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    const query = new URLSearchParams({ frame: frameId });
    if (chosen) query.set("ask", chosen);
    const answer = await fetch(`/watch/scene?${query}`, { headers: { accept: "application/json" } });
    if (answer.ok) {
      const told = await answer.json();
      if (told.base !== undefined) {
        byId("land").innerHTML = fragment.createHTML(told.base);
        towns = told.towns;
        frameId = told.frame;
      }
      scene = told.scene;
      panel.innerHTML = fragment.createHTML(told.panel);
      heard = Date.now();
      drawAll();
    }
  } catch {
    // The clock says how old the picture is; the socket asks again when it is back.
  }
  asking = false;
  if (again) {
    again = false;
    soon();
  }
}

let waiting = 0;
function soon() {
  if (waiting) return;
  waiting = setTimeout(() => {
    waiting = 0;
    refresh();
  }, 900);
}

let tries = 0;
function listen() {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/live`);
  let retry = null, first = true;
  const say = (frame) => socket.send(JSON.stringify(frame));
  socket.onopen = () => say({ f: "hello", v: 1 });
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(data);
    heard = Date.now();
    tries = 0;
    if (frame.f === "welcome") say({ f: "sub", id: 1, topic: "map:*" });
    else if (frame.f === "ping") say({ f: "pong", n: frame.n });
    else if (frame.f === "bye") retry = frame.retry_ms;
    else if (frame.f === "subbed" && first) {
      first = false;
      if (root.classList.contains("stopped")) soon();
    } else if (frame.f === "map" || frame.f === "ev") soon();
  };
  socket.onclose = () => {
    const wait = retry ?? Math.random() * Math.min(30000, 500 * 2 ** tries++);
    setTimeout(listen, wait);
  };
}

// -- clock, keys, the room -------------------------------------------------------------------------
const two = (n) => String(n).padStart(2, "0");
function span(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}
function tick() {
  const now = new Date(), quiet = (Date.now() - heard) / 1000, stopped = quiet > 35;
  byId("clock").textContent = `${byId("clock").dataset.live} · ${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  root.classList.toggle("stopped", stopped);
  const stale = byId("stale");
  stale.hidden = !stopped;
  if (stopped) stale.textContent = stale.dataset.says.replace("{time}", span(quiet));
  for (const each of document.querySelectorAll("[data-since]")) each.textContent = span((Date.now() - Date.parse(each.dataset.since)) / 1000);
  for (const each of panel.querySelectorAll("time")) {
    const moment = new Date(each.dateTime);
    each.textContent = `${two(moment.getHours())}:${two(moment.getMinutes())}`;
  }
}

panel.addEventListener("click", (event) => {
  const link = event.target.closest("[data-ask]");
  if (!link) return;
  event.preventDefault();
  chosen = link.dataset.ask;
  refresh();
});
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !byId("asks").contains(document.activeElement)) return;
  if (event.key === "m") {
    moving = !moving;
    go();
  } else if (event.key === "w") {
    root.classList.toggle("wall");
    drawAll();
  } else if (event.key === "Escape" && chosen) {
    chosen = null;
    refresh();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const links = [...panel.querySelectorAll("[data-ask]")];
    const next = links[links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1)];
    if (next) next.focus();
  }
});

let turn = 0;
if (root.classList.contains("wall")) {
  setInterval(() => {
    const links = panel.querySelectorAll("[data-ask]");
    if (links.length) {
      chosen = links[turn++ % links.length].dataset.ask;
      refresh();
    }
  }, 20000);
}
let sized = 0;
addEventListener("resize", () => {
  clearTimeout(sized);
  sized = setTimeout(drawAll, 150);
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) {
    refresh();
    go();
  }
});
setInterval(tick, 1000);
setInterval(refresh, 30000);
tick();
drawAll();
listen();
