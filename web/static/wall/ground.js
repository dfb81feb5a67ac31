// The ground under the wall: what shows land and names and knows where a place is on the screen. One interface:
//   project(lon, lat) -> [x, y]   CSS pixels of the stage, whole world, also outside the view
//   fit([[west, south], [east, north]], {left, top, right, bottom})   shows the box inside the padding; east may pass 180
//   onMoved(fn)                   fn() after each change of the view
//   reserve([[x0, y0, x1, y1]])   no name of a place may stand there (chips, panels); writes the names
//   destroy()                     takes everything of it off the page
import { drawnGround } from "./ground_drawn.js";

export async function openGround(stage) {
  return drawnGround(stage);
}
