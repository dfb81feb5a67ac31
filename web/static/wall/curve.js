// The bent line between two places, the same for what stands and for what moves along it.

/** The bend's middle point: [x, y]. */
export function bend(from, to) {
  const dx = to[0] - from[0], dy = to[1] - from[1];
  return [(from[0] + to[0]) / 2 + dy * 0.14, (from[1] + to[1]) / 2 - Math.abs(dx) * 0.12];
}

/** The point at share t of the way from one end to the other. */
export function along(from, middle, to, t) {
  const u = 1 - t;
  return [u * u * from[0] + 2 * u * t * middle[0] + t * t * to[0], u * u * from[1] + 2 * u * t * middle[1] + t * t * to[1]];
}

/** Numbers from 0 to 1 that are the same for the same seed, on every wall and after every reload. */
export function luck(seed) {
  let a = 2166136261;
  for (const char of seed) a = Math.imul(a ^ char.charCodeAt(0), 16777619);
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
