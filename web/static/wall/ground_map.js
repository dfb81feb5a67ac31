// The ground as a map: MapLibre over tiles from our own server, behind the interface of wall/ground.js. It stands still:
// drawn anew when the view changes, never flown. A laptop may move it by mouse and keys; a wall shows what it is told.
import { makeNames } from "./names.js";

const TILE_PX = 512, HELD_MS = 60000, FITTED = 7, WIDE_PX = 1100;
const mercator = (lat) => 0.5 - Math.log(Math.tan(Math.PI / 4 + (Math.max(-85, Math.min(85, lat)) * Math.PI) / 360)) / (2 * Math.PI);

const STREETS = ["motorway", "trunk", "primary", "highway", "major_road"];
const minor = ["!", ["in", ["get", "class"], ["literal", STREETS]]];

const width = (...stops) => ["interpolate", ["linear"], ["zoom"], ...stops];
const fill = (layer, color, filter) => ({ type: "fill", "source-layer": layer, paint: { "fill-color": color }, ...(filter && { filter }) });
const line = (layer, color, wide, more = {}, paint = {}) => ({
  type: "line", "source-layer": layer, layout: { "line-join": "round", "line-cap": "round" },
  paint: { "line-color": color, "line-width": wide, ...paint }, ...more,
});
const dashed = { "line-dasharray": [5, 3.5] };

// By kind of tiles: what lies under everything, layers from bottom to top, how close one may look, and a name from a place.
// Names are not written by the map (names.js does): no letters have to be fetched, none stands under a chip.
const KINDS = {
  flare: {
    under: "water",
    layers: (tone) => [
      fill("land", tone.land),
      fill("water", tone.water),
      line("county", tone.line, 1, { minzoom: 5 }, { "line-opacity": 0.4 }),
      line("state", tone.line, 1, { layout: {} }, dashed),
      line("border", tone.line, 1.3),
      line("coast", tone.line, 1.2, {}, { "line-opacity": 0.85 }),
      line("road", tone.road, width(4, 1, 7, 1.7, 10, 3)),
    ],
    closest: 10,
    places: "town",
    name: (each) => [each.name, each.rank, each.large],
  },
  openmaptiles: {
    under: "land",
    layers: (tone) => [
      fill("water", tone.water),
      line("waterway", tone.water, 1.2),
      line("transportation", tone.road, width(10, 0.4, 16, 3), { minzoom: 10, filter: minor }, { "line-opacity": 0.5 }),
      line("transportation", tone.road, width(4, 1, 7, 1.7, 16, 8), { filter: ["in", ["get", "class"], ["literal", STREETS]] }),
      line("boundary", tone.line, 1, { layout: {}, filter: ["in", ["get", "admin_level"], ["literal", [3, 4]]] }, dashed),
      line("boundary", tone.line, 1.3, { filter: ["<=", ["get", "admin_level"], 2] }),
    ],
    closest: 18,
    places: "place",
    name: (each) =>
      ["city", "town", "village", "hamlet"].includes(each.class) && [each["name:latin"] || each.name, each.rank || 99, each.class === "city"],
  },
  protomaps: {
    under: "water",
    layers: (tone) => [
      fill("earth", tone.land),
      fill("water", tone.water, ["==", ["geometry-type"], "Polygon"]),
      line("roads", tone.road, width(10, 0.4, 16, 3), { minzoom: 10, filter: ["!", ["in", ["get", "kind"], ["literal", STREETS]]] }, { "line-opacity": 0.5 }),
      line("roads", tone.road, width(4, 1, 7, 1.7, 16, 8), { filter: ["in", ["get", "kind"], ["literal", STREETS]] }),
      line("boundaries", tone.line, 1, { layout: {}, filter: ["!=", ["get", "kind"], "country"] }, dashed),
      line("boundaries", tone.line, 1.3, { filter: ["==", ["get", "kind"], "country"] }),
    ],
    closest: 18,
    places: "places",
    name: (each, large) => each.kind === "locality" && [each["name:en"] || each.name, each.min_zoom ?? 99, Number(each.population) >= large],
  },
};

// In the page's colours as they are now: once more when the theme changes.
function styleOf(stage, kind, url) {
  const style = getComputedStyle(stage), tone = {};
  for (const name of ["land", "water", "line", "road"]) tone[name] = style.getPropertyValue(`--${name}`).trim();
  const { under, layers } = KINDS[kind], big = Math.max(1, stage.clientWidth / 1920);
  // A line is as strong on a large wall as on a small one: [how, from what, zoom, width, zoom, width …] or one width.
  const wide = (told) => (Array.isArray(told) ? told.map((each, at) => (at > 2 && at % 2 === 0 ? each * big : each)) : told * big);
  const strong = ({ paint, ...more }) => ({ ...more, paint: paint["line-width"] ? { ...paint, "line-width": wide(paint["line-width"]) } : paint });
  return {
    version: 8,
    sources: { base: { type: "vector", url } },
    layers: [
      { id: "under", type: "background", paint: { "background-color": tone[under] } },
      ...layers(tone).map((layer, index) => ({ id: `${index}`, source: "base", ...strong(layer) })),
    ],
  };
}

// MapLibre starts its worker from an address. Under the page's policy only this may: our own build and nothing else.
function allowWorker(built) {
  window.trustedTypes?.createPolicy("default", {
    createScriptURL: (text) => {
      const url = new URL(text, location);
      return url.origin === location.origin && url.pathname.startsWith(built) ? url.href : null;
    },
  });
}

/** The map as a ground, once it has been drawn. `told`: {built, tiles, kind, large}; `shown()`: [bounds, padding] or null. */
export async function mapGround(stage, told, shown) {
  const { Map, Protocol, addProtocol } = await import(`${told.built}maplibre-gl.mjs`);
  allowWorker(told.built);
  addProtocol("pmtiles", new Protocol().tile);
  const box = document.createElement("div"), { places, name, closest } = KINDS[told.kind], url = `pmtiles://${location.origin}${told.tiles}`;
  box.className = "map-box";
  stage.querySelector("#base").after(box);
  const byHand = innerWidth > WIDE_PX && matchMedia("(pointer: fine)").matches;
  // A lone ask is shown with the towns around it, on a large wall as on a small one.
  const nearest = () => FITTED + Math.log2(Math.max(1, stage.clientWidth / 1920));
  let map;
  try {
    map = await drawn();
  } catch (why) {
    box.remove();
    throw why;
  }

  function drawn() {
    const opened = new Map({
      container: box, style: styleOf(stage, told.kind, url), interactive: byHand, attributionControl: false, fadeDuration: 0,
      // A tile that is stretched beyond its zoom is asked for once, not once for each of its parts.
      zoomLevelsToOverscale: 30, maxZoom: closest,
      dragRotate: false, pitchWithRotate: false, touchPitch: false, boxZoom: false, maxPitch: 0,
      pixelRatio: Math.min(devicePixelRatio || 1, 2), locale: { "Map.Title": stage.querySelector("#base").getAttribute("aria-label") },
      ...(shown() && { bounds: shown()[0], fitBoundsOptions: { padding: shown()[1], maxZoom: nearest() } }),
    });
    opened.keyboard?.disableRotation();
    opened.touchZoomRotate?.disableRotation();
    return new Promise((done, fail) => {
      const failed = ({ error }) => {
        opened.remove();
        fail(error);
      };
      opened.once("error", failed);
      // Once it has been drawn, a tile that does not come leaves a gap: the map goes on and asks again when it is moved.
      opened.once("idle", () => {
        opened.off("error", failed);
        done(opened);
      });
    });
  }

  const names = makeNames(stage), moved = new Set();
  let view = {}, towns = [], movedByHand = -HELD_MS;

  function look() {
    const { lng, lat } = map.getCenter();
    view = { lng, x: lng / 360, y: mercator(lat), size: TILE_PX * 2 ** map.getZoom(), w: stage.clientWidth / 2, h: stage.clientHeight / 2 };
  }

  function project(lon, lat) {
    const near = lon + 360 * Math.round((view.lng - lon) / 360);
    return [view.w + (near / 360 - view.x) * view.size, view.h + (mercator(lat) - view.y) * view.size];
  }

  function tell() {
    look();
    for (const fn of moved) fn();
  }

  // A place near an edge is in two tiles; a name is written once.
  function readTowns() {
    const found = new globalThis.Map();
    for (const { geometry, properties } of map.querySourceFeatures("base", { sourceLayer: places })) {
      const row = name(properties, told.large);
      if (row) found.set(`${row[0]} ${geometry.coordinates.map((each) => each.toFixed(1))}`, [row[1], [row[0], ...geometry.coordinates, row[2]]]);
    }
    towns = [...found.values()].sort((a, b) => a[0] - b[0]).map((each) => each[1]);
  }

  map.on("move", ({ originalEvent }) => {
    if (originalEvent) {
      movedByHand = performance.now();
      stage.dataset.moved = "hand";
    }
    tell();
  });
  map.on("idle", () => {
    readTowns();
    names.write(towns, project);
  });
  const theme = matchMedia("(prefers-color-scheme: light)"), repaint = () => map.setStyle(styleOf(stage, told.kind, url));
  theme.addEventListener("change", repaint);
  look();
  readTowns();

  return {
    name: "map",
    project,
    fit(bounds, padding) {
      // Whoever has just moved the map looks at something: it is not taken from under their hand.
      const camera = performance.now() - movedByHand > HELD_MS && map.cameraForBounds(bounds, { padding, maxZoom: nearest() });
      if (camera) {
        map.jumpTo(camera);
        delete stage.dataset.moved;
      }
      tell();
    },
    onMoved: (fn) => moved.add(fn),
    reserve: (boxes) => names.write(towns, project, boxes),
    destroy() {
      theme.removeEventListener("change", repaint);
      map.remove();
      box.remove();
      names.destroy();
    },
  };
}
