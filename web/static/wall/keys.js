// Single keys, only while the list has the focus: whoever types elsewhere is not surprised.
import { byId } from "./page.js";
import { links } from "./panel.js";

const step = (by) => {
  const all = links(), next = all[all.indexOf(document.activeElement) + by];
  if (next) next.focus();
};

/** `acts`: what a key does, by the key's name. */
export function onKeys(acts) {
  const table = { ArrowDown: () => step(1), ArrowUp: () => step(-1), ...acts };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !byId("asks").contains(document.activeElement)) return;
    const act = table[event.key];
    if (act) act();
  });
}
