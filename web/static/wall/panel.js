// The words beside the map: the server's markup, clocks that go on by themselves, and how old the picture is.
import { byId, markup, root } from "./page.js";

const STALE_S = 35;
const panel = byId("panel"), clock = byId("clock"), stale = byId("stale");
const two = (n) => String(n).padStart(2, "0");
let heard = Date.now();

function span(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

/** Something was heard from the server: the picture is as old as this moment. */
export function alive() {
  heard = Date.now();
}

export function showPanel(html) {
  panel.innerHTML = markup(html);
  tick();
}

export function tick() {
  const now = new Date(), quiet = (Date.now() - heard) / 1000, stopped = quiet > STALE_S;
  clock.textContent = `${clock.dataset.live} · ${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  root.classList.toggle("stopped", stopped);
  stale.hidden = !stopped;
  if (stopped) stale.textContent = stale.dataset.says.replace("{time}", span(quiet));
  for (const each of document.querySelectorAll("[data-since]")) each.textContent = span((Date.now() - Date.parse(each.dataset.since)) / 1000);
  for (const each of panel.querySelectorAll("time")) {
    const moment = new Date(each.dateTime);
    each.textContent = `${two(moment.getHours())}:${two(moment.getMinutes())}`;
  }
}

export const links = () => [...panel.querySelectorAll("[data-ask]")];
