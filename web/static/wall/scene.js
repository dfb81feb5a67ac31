// What the wall shows, as the server last told it: asks and cells by name, in degrees of cell centres. No drawing.
const KM = 111.32, NEAR_KM = [440, 320], AROUND_KM = [275, 175];

const heroOf = (scene) => scene.asks.find((ask) => ask.hero) || scene.asks[0];

/** The box worth looking at: around the hero, with who is asked and who comes; [[west, south], [east, north]]. */
export function boundsOf(scene) {
  const hero = heroOf(scene), [lon, lat] = hero ? hero.at : scene.home;
  const wide = KM * Math.max(0.05, Math.cos((lat * Math.PI) / 180));
  const near = [];
  const add = (at, always) => {
    const x = ((at[0] - lon + 540) % 360 + 360) % 360 - 180, y = at[1] - lat;
    if (always || (Math.abs(x * wide) < NEAR_KM[0] && Math.abs(y * KM) < NEAR_KM[1])) near.push([lon + x, at[1]]);
  };
  if (!hero) {
    for (const side of [-1, 1]) near.push([lon + (side * AROUND_KM[0]) / wide, lat + (side * AROUND_KM[1]) / KM]);
  } else {
    add(hero.at, true);
    for (const [x, y] of scene.arcs) add([x, y]);
    for (const each of hero.coming) if (each.from) add(each.from);
    for (const ask of scene.asks) add(ask.at);
  }
  const lons = near.map((each) => each[0]), lats = near.map((each) => each[1]);
  const more = [24 / wide, 24 / KM];
  return [
    [Math.min(...lons) - more[0], Math.min(...lats) - more[1]],
    [Math.max(...lons) + more[0], Math.max(...lats) + more[1]],
  ];
}
