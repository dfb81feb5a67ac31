// How the map looks, by whose tiles they are: fills and lines in the page's own colours, names from one layer of places.
// Names are not written by the map (wall/names.js does): no letters have to be fetched, none stands under a chip.
const STREETS = ["motorway", "trunk", "primary", "highway", "major_road"];
const minor = ["!", ["in", ["get", "class"], ["literal", STREETS]]];

const width = (...stops) => ["interpolate", ["linear"], ["zoom"], ...stops];
const fill = (layer, color, filter) => ({ type: "fill", "source-layer": layer, paint: { "fill-color": color }, ...(filter && { filter }) });
const line = (layer, color, wide, more = {}, paint = {}) => ({
  type: "line", "source-layer": layer, layout: { "line-join": "round", "line-cap": "round" },
  paint: { "line-color": color, "line-width": wide, ...paint }, ...more,
});
const dashed = { "line-dasharray": [5, 3.5] };
const big = (people) => Number(people) >= 150000;

/** By kind: what lies under everything, layers from bottom to top, how close one may look, and a row of names from a place's properties. */
export const KINDS = {
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
    name: (each) => each.kind === "locality" && [each["name:en"] || each.name, each.min_zoom ?? 99, big(each.population)],
  },
};

/** The style of the page's colours as they are now: once more when the theme changes. */
export function styleOf(stage, kind, url) {
  const style = getComputedStyle(stage), tone = {};
  for (const name of ["land", "water", "line", "road"]) tone[name] = style.getPropertyValue(`--${name}`).trim();
  const { under, layers } = KINDS[kind];
  return {
    version: 8,
    sources: { base: { type: "vector", url } },
    layers: [
      { id: "under", type: "background", paint: { "background-color": tone[under] } },
      ...layers(tone).map((layer, index) => ({ id: `${index}`, source: "base", ...layer })),
    ],
  };
}
