// What every part of the wall needs of the page, and nothing else.
export const root = document.documentElement;
export const byId = (id) => document.getElementById(id);

export const two = (n) => String(n).padStart(2, "0");

/** Seconds as a clock shows them: "4:12", "1:04:12". */
export function span(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

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

/** Whether two boxes cover a part of each other. */
export const meets = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
