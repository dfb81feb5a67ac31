// What every part of the wall needs of the page, and nothing else.
export const root = document.documentElement;
export const byId = (id) => document.getElementById(id);

const fragment = window.trustedTypes
  ? trustedTypes.createPolicy("fragment", { createHTML: (text) => text })
  : { createHTML: (text) => text };
/** Markup from our own server, for innerHTML under the page's policy. */
export const markup = (text) => fragment.createHTML(text);

/** An element's box in the stage's pixels: [x0, y0, x1, y1], or null when it is not shown. */
export function boxOf(stage, element) {
  const r = element?.getBoundingClientRect(), s = stage.getBoundingClientRect();
  return r?.width ? [r.left - s.left, r.top - s.top, r.right - s.left, r.bottom - s.top] : null;
}
