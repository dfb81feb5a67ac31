// Single keys, only while list or map has the focus: whoever types elsewhere is not surprised.
import { byId } from "./page.js";
import { links } from "./panel.js";

const step = (by) => {
  const all = links(), at = all.indexOf(document.activeElement);
  all[Math.max(0, Math.min(all.length - 1, at + by))]?.focus();
};

/** `acts`: what a key does, by the key's name. */
export function onKeys(acts) {
  const help = byId("keys");
  const table = { ArrowDown: () => step(1), ArrowUp: () => step(-1), "?": () => help.showModal(), "/": () => byId("filter").focus(), ...acts };
  byId("help").addEventListener("click", () => help.showModal());
  addEventListener("keydown", (event) => {
    const at = document.activeElement;
    const typing = at instanceof HTMLInputElement && (at.type !== "range" || event.key.startsWith("Arrow"));
    if (event.ctrlKey || event.metaKey || event.altKey || help.open || typing) return;
    if (at !== document.body && !byId("asks").contains(at) && !byId("stage").contains(at)) return;
    const act = table[event.key];
    if (act && act() !== false) event.preventDefault();
  });
}
