// What the wall shows, as the server last told it: a table of named parts, and what drawing needs made of it.
const KM = 111.32, NEAR_KM = [440, 320], AROUND_KM = [275, 175];

export function makeScene() {
  const parts = new Map();
  const scene = { mark: "", asks: [], people: [], arcs: [], home: [0, 0], turns: [], many: false, hero: null };

  function part(name, value) {
    const kind = name.slice(0, 2), id = name.slice(2);
    if (kind === "a:") scene.asks.push({ id, ...value, full: value.open === 0 });
    else if (kind === "p:") scene.people.push([id, ...value]);
    else if (kind === "r:") scene.arcs.push(value);
    else scene[name] = value;
  }

  return {
    scene,
    /** Takes what the server told; true when the picture is another one than before. */
    take(told) {
      scene.mark = told.mark;
      const names = Object.keys(told.put);
      const news = told.all || told.del.length > 0 || names.some((name) => name !== "panel");
      if (told.all) parts.clear();
      for (const name of told.del) parts.delete(name);
      for (const name of names) if (name !== "panel") parts.set(name, told.put[name]);
      if (news) {
        scene.asks = [];
        scene.people = [];
        scene.arcs = [];
        scene.turns = [];
        for (const [name, value] of parts) part(name, value);
        scene.hero = scene.asks.find((ask) => ask.hero) || null;
      }
      return news;
    },
  };
}

/** The box worth looking at: around the hero, with who is asked and who comes; [[west, south], [east, north]]. */
export function boundsOf(scene) {
  const first = scene.hero || scene.asks[0], [lon, lat] = first ? first.at : scene.home;
  const wide = KM * Math.max(0.05, Math.cos((lat * Math.PI) / 180));
  const near = first ? [[lon, lat]] : [-1, 1].map((side) => [lon + (side * AROUND_KM[0]) / wide, lat + (side * AROUND_KM[1]) / KM]);
  const add = (at) => {
    const x = ((at[0] - lon + 540) % 360 + 360) % 360 - 180, y = at[1] - lat;
    if (first && Math.abs(x * wide) < NEAR_KM[0] && Math.abs(y * KM) < NEAR_KM[1]) near.push([lon + x, at[1]]);
  };
  for (const [x, y] of scene.arcs) add([x, y]);
  for (const [, from] of first?.cars || []) if (from) add(from);
  for (const ask of scene.asks) add(ask.at);
  const lons = near.map((each) => each[0]), lats = near.map((each) => each[1]);
  const more = [24 / wide, 24 / KM];
  return [
    [Math.min(...lons) - more[0], Math.min(...lats) - more[1]],
    [Math.max(...lons) + more[0], Math.max(...lats) + more[1]],
  ];
}

/** Whether a box that is shown still shows all of another. */
export const holds = (shown, wanted) =>
  shown[0][0] <= wanted[0][0] && shown[0][1] <= wanted[0][1] && shown[1][0] >= wanted[1][0] && shown[1][1] >= wanted[1][1];
