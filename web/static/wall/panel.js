// The words beside the map: the server's markup, clocks that go on by themselves, and how old the picture is.
import { byId, markup, root, span, two } from "./page.js";

const STALE_S = 35, SAID_S = 30;
const panel = byId("panel"), clock = byId("clock"), stale = byId("stale"), status = byId("status");
let heard = Date.now(), denied = false, said = 0;

/** Something was heard from the server: the picture is as old as this moment. */
export function alive() {
  heard = Date.now();
  if (!stale.hidden) tick();
}

/** This screen may not see the map (any more): what a member saw on it goes, too. */
export function deny() {
  denied = true;
  panel.replaceChildren();
  status.textContent = "";
  tick();
}

/** The new panel in place of the old one; what fell through flashes once, what had the focus keeps it. */
export function showPanel(html) {
  const before = new Map([...panel.querySelectorAll("[data-open]")].map((each) => [each.dataset.ask, Number(each.dataset.open)]));
  const news = () => [...panel.querySelectorAll(".news li")], named = (line) => line.querySelector("time").dateTime + line.querySelector("span").textContent;
  const read = new Set(news().map(named));
  const focused = namesAsk(document.activeElement), first = panel.querySelector("#hero")?.textContent;
  panel.innerHTML = markup(html);
  if (panel.querySelector("#hero")?.textContent === first) {
    for (const each of news()) if (each.querySelector(".m-stop") && !read.has(named(each))) each.classList.add("flash");
  }
  for (const each of panel.querySelectorAll("[data-open]")) {
    if (Number(each.dataset.open) > (before.get(each.dataset.ask) ?? Infinity)) each.classList.add("flash");
  }
  if (focused) links().find((each) => namesAsk(each) === focused)?.focus();
  tick();
  if (Date.now() - said > SAID_S * 1000) {
    said = Date.now();
    status.textContent = [panel.querySelector("#hero"), panel.querySelector(".news li span")].map((each) => each?.textContent || "").join(". ");
  }
}

export function tick() {
  const now = new Date(), quiet = (Date.now() - heard) / 1000, stopped = quiet > STALE_S || denied;
  clock.textContent = `${clock.dataset.live} · ${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  root.classList.toggle("stopped", stopped);
  stale.hidden = !stopped;
  if (stopped) stale.textContent = denied ? stale.dataset.denied : stale.dataset.says.replace("{time}", span(quiet));
  for (const each of document.querySelectorAll("[data-since]")) each.textContent = span((Date.now() - Date.parse(each.dataset.since)) / 1000);
  for (const each of panel.querySelectorAll("time")) {
    const moment = new Date(each.dateTime), text = `${two(moment.getHours())}:${two(moment.getMinutes())}`;
    if (each.textContent !== text) each.textContent = text;
  }
}

const namesAsk = (link) => link?.dataset?.ask ?? link?.dataset?.ended;

export const links = () => [...panel.querySelectorAll("a[data-ask],a[data-ended]")];
