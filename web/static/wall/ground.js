// The ground under the wall: what shows land and names and knows where a place is on the screen. One interface:
//   project(lon, lat) -> [x, y]   CSS pixels of the stage, whole world, also outside the view
//   fit([[west, south], [east, north]], {left, top, right, bottom})   shows the box inside the padding; east may pass 180
//   onMoved(fn)                   fn() after each change of the view
//   reserve([[x0, y0, x1, y1]])   no name of a place may stand there (chips, panels); writes the names
//   destroy()                     takes everything of it off the page
// The drawn ground is there at once. Where there is a map and a screen for it, the map takes its place when it is ready:
// nobody waits for it, and whatever it lacks, the drawn one stays.
import { drawnGround } from "./ground_drawn.js";

const LEAST_WIDTH = 700;

function drawsMaps() {
  const context = document.createElement("canvas").getContext("webgl2");
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return Boolean(context);
}

export function openGround(stage) {
  let ground = drawnGround(stage), shown = null;
  const moved = new Set(), tell = () => moved.forEach((fn) => fn());
  ground.onMoved(tell);

  const told = stage.dataset.map && JSON.parse(stage.dataset.map);
  const letters = async () => document.fonts.add(await new FontFace("Inter", `url(${told.built}inter.woff2)`, { weight: "100 900" }).load());

  async function openMap() {
    if (!told) throw new Error("no other is offered here");
    if (innerWidth <= LEAST_WIDTH) throw new Error("the screen is small");
    // Without its letters a wall is as whole as without its map.
    letters().then(tell, () => null);
    if (!drawsMaps()) throw new Error("this browser has no WebGL2");
    const { mapGround } = await import("./ground_map.js");
    const map = await mapGround(stage, told, () => shown);
    ground.destroy();
    ground = map;
    ground.onMoved(tell);
    if (shown) ground.fit(...shown);
  }
  openMap()
    .catch((why) => console.info(`The wall draws its own map: ${why.message}.`))
    .finally(() => (stage.dataset.ready = ground.name));

  return {
    project: (lon, lat) => ground.project(lon, lat),
    fit(bounds, pad) {
      shown = [bounds, pad];
      ground.fit(bounds, pad);
    },
    onMoved: (fn) => moved.add(fn),
    reserve: (taken) => ground.reserve(taken),
  };
}
