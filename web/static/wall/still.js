// What stands on the wall's map: cells of people and their dots, who was asked, who comes, where many wait.
// Drawn once per change, never per frame.
import { along, bend, luck } from "./curve.js";

const DOTS_CELL = 160, DOTS_ALL = 2500, HEX_TURN = 0.3;

function inside(ring, x, y) {
  let odd = false;
  for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
    if (ring[i + 1] > y !== ring[j + 1] > y && x < ((ring[j] - ring[i]) * (y - ring[i + 1])) / (ring[j + 1] - ring[i + 1]) + ring[i]) odd = !odd;
  }
  return odd;
}

// Dots count people, they do not place them: their places come from the cell's name alone.
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

function disc(draw, x, y, r) {
  draw.beginPath();
  draw.arc(x, y, r, 0, 7);
  draw.fill();
}

export function hexagon(draw, x, y, r) {
  draw.beginPath();
  for (let i = 0; i < 6; i++) draw.lineTo(x + r * Math.cos(HEX_TURN + (i * Math.PI) / 3), y + r * Math.sin(HEX_TURN + (i * Math.PI) / 3));
  draw.closePath();
}

function curve(draw, from, to) {
  draw.beginPath();
  draw.moveTo(...from);
  draw.quadraticCurveTo(...bend(from, to), ...to);
  draw.stroke();
}

function drawPeople(draw, scene, ground, tones, big) {
  const asked = new Set(scene.arcs.map((arc) => `${arc[0]},${arc[1]}`));
  const all = scene.people.reduce((sum, [, , , n]) => sum + Math.min(n, DOTS_CELL), 0);
  const share = Math.min(1, DOTS_ALL / Math.max(1, all));
  for (const [cell, lon, lat, n, ring] of scene.people) {
    const heard = asked.has(`${lon},${lat}`);
    draw.beginPath();
    for (let i = 0; i < ring.length; i += 2) draw.lineTo(...ground.project(ring[i], ring[i + 1]));
    draw.closePath();
    draw.fillStyle = draw.strokeStyle = heard ? tones.go : tones.cell;
    draw.globalAlpha = heard ? 0.05 + Math.min(0.09, n / 2200) : tones.cellFill;
    draw.fill();
    draw.globalAlpha = heard ? 0.42 : 0.22;
    draw.lineWidth = 1;
    draw.stroke();
    for (const [dx, dy, lot] of spread(cell, ring, Math.round(Math.min(n, DOTS_CELL) * share))) {
      const [x, y] = ground.project(dx, dy), bright = heard && lot < 0.35;
      draw.fillStyle = bright ? tones.go : tones.mute;
      draw.globalAlpha = bright ? 0.95 : 0.62;
      disc(draw, x, y, (bright ? 1.7 : 1.2) * big);
    }
  }
}

function drawArcs(draw, scene, ground, tones, big) {
  if (!scene.hero) return;
  const to = ground.project(...scene.hero.at);
  draw.strokeStyle = tones.go;
  for (const [lon, lat, n] of [...scene.arcs].reverse()) {
    const from = ground.project(lon, lat);
    if (Math.hypot(from[0] - to[0], from[1] - to[1]) < 26) continue;
    draw.globalAlpha = 0.7 * Math.min(1, 0.4 + n / 40);
    draw.lineWidth = (0.6 + Math.log2(1 + n) * 0.62) * big;
    curve(draw, from, to);
  }
}

function drawWay(draw, from, to, share, many, tones, big) {
  const fine = many ? 0.4 : 1;
  draw.globalAlpha = many ? 0.5 : 1;
  draw.strokeStyle = tones.go;
  draw.setLineDash([2 * big, 7 * big]);
  draw.lineCap = "round";
  draw.lineWidth = 4 * big * fine;
  curve(draw, from, to);
  draw.setLineDash([]);
  const [x, y] = along(from, bend(from, to), to, share);
  draw.globalAlpha = 1;
  draw.fillStyle = tones.ground;
  draw.lineWidth = 3 * big * fine;
  disc(draw, x, y, 8 * big * fine);
  draw.stroke();
}

/** Asks of one cell, as one thing: [x, y, asks, seats missing], the hero's first. */
export function spotsOf(scene, ground) {
  const cells = new Map();
  for (const ask of scene.asks) {
    const key = `${ask.at}`, spot = cells.get(key) || [...ground.project(...ask.at), [], 0];
    spot[2][ask.hero ? "unshift" : "push"](ask);
    spot[3] += ask.full ? 0 : ask.open ?? 1;
    cells.set(key, spot);
  }
  return [...cells.values()];
}

// With more than forty asks nothing pulses: a cell is the fuller, the more is missing there.
function drawMany(draw, spots, tones, big) {
  const most = Math.max(1, ...spots.map((spot) => spot[3]));
  for (const [x, y, asks, missing] of spots) {
    const r = (asks[0].hero ? 17 : 10) * big;
    hexagon(draw, x, y, r);
    draw.fillStyle = draw.strokeStyle = missing ? tones.wait : tones.go;
    draw.globalAlpha = 0.12 + 0.68 * Math.sqrt(missing / most);
    draw.fill();
    draw.globalAlpha = 1;
    draw.lineWidth = 1.6 * big;
    draw.stroke();
  }
}

function drawCounts(draw, spots, tones, big) {
  draw.globalAlpha = 1;
  draw.font = `650 ${15 * big}px system-ui, sans-serif`;
  draw.textAlign = "center";
  draw.textBaseline = "middle";
  draw.lineWidth = 4 * big;
  draw.lineJoin = "round";
  for (const [x, y, asks] of spots) {
    if (asks.length < 2) continue;
    const above = y - (asks[0].hero ? 30 : 22) * big;
    draw.strokeStyle = tones.halo;
    draw.strokeText(asks.length, x, above);
    draw.fillStyle = tones.ink;
    draw.fillText(asks.length, x, above);
  }
}

/** Draws it all on a cleared canvas whose transform is in CSS pixels. `big`: how much larger than at 1,920 px. */
export function drawStill(draw, scene, ground, tones, big) {
  const spots = spotsOf(scene, ground);
  drawPeople(draw, scene, ground, tones, big);
  drawArcs(draw, scene, ground, tones, big);
  for (const ask of scene.asks) {
    const to = ground.project(...ask.at);
    for (const [share, from] of ask.cars) if (from) drawWay(draw, ground.project(...from), to, share, scene.many, tones, big);
  }
  if (scene.many) drawMany(draw, spots, tones, big);
  drawCounts(draw, spots, tones, big);
  draw.globalAlpha = 1;
  return spots;
}
