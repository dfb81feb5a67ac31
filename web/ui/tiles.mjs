// Cuts the base map into vector tiles, zoom 0 to 4: records of z, x, y, length, bytes, one after the other.
// Input: the table the server draws from (web/pages/data/base_map.json.gz), and roads and towns as places.py writes them.
import { GeoJSONVT } from "@maplibre/geojson-vt";
import { fromGeojsonVt } from "@maplibre/vt-pbf";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

// Few large tiles: a wall shows a region, and asks for two of these instead of twelve of the usual ones. Their grid is as
// fine as the table (300 m), so nothing is lost.
const MOST_ZOOM = 4, EXTENT = 8192, COUNTIES_FROM = 4, ROADS_FROM = 3;

/** The table's lines are whole numbers: a first point, then steps. */
function degrees(flat, scale) {
  const points = [];
  let x = 0, y = 0;
  for (let i = 0; i < flat.length; i += 2) points.push([(x += flat[i]) / scale, (y += flat[i + 1]) / scale]);
  return points;
}

const area = (ring) => ring.reduce((sum, [x, y], i) => sum + (ring[(i + 1) % ring.length][0] - x) * (ring[(i + 1) % ring.length][1] + y), 0);
const feature = (type, coordinates, properties = {}) => ({ type: "Feature", properties, geometry: { type, coordinates } });
const closed = (ring) => [...ring, ring[0]];

function layersOf(table, places) {
  const lines = (name) => table[name].map((flat) => feature("LineString", degrees(flat, table.scale)));
  const rings = table.land.map((flat) => degrees(flat, table.scale));
  return {
    land: { features: rings.filter((ring) => area(ring) >= 0).map((ring) => feature("Polygon", [closed(ring)])) },
    // A hole in the land is a sea without a way out. It is drawn over the land: no ring has to know which it lies in.
    water: { features: rings.filter((ring) => area(ring) < 0).map((ring) => feature("Polygon", [closed(ring)])) },
    county: { features: lines("county"), from: COUNTIES_FROM },
    state: { features: lines("state") },
    border: { features: lines("border") },
    coast: { features: lines("coast") },
    road: { features: places.roads.map(([name, line]) => feature("LineString", line, { name })), from: ROADS_FROM },
    town: { features: places.towns.map(([name, lon, lat, rank, large, zoom]) => feature("Point", [lon, lat], { name, rank, large, zoom })), points: true },
  };
}

/** Every tile that has something in it, as one buffer. */
export function tiles(tablePath, places) {
  const layers = layersOf(JSON.parse(gunzipSync(readFileSync(tablePath))), places);
  const cut = Object.entries(layers).map(([name, { features, from = 0, points }]) => [
    name, from, points,
    new GeoJSONVT({ type: "FeatureCollection", features }, { maxZoom: MOST_ZOOM, indexMaxZoom: MOST_ZOOM, indexMaxPoints: 0, tolerance: 8, buffer: 128, extent: EXTENT }),
  ]);
  const records = [];
  for (let z = 0; z <= MOST_ZOOM; z++) {
    for (let x = 0; x < 2 ** z; x++) {
      for (let y = 0; y < 2 ** z; y++) {
        const found = {};
        for (const [name, from, points, index] of cut) {
          const tile = z >= from ? index.getTile(z, x, y) : null;
          if (!tile) continue;
          const kept = points ? tile.features.filter((each) => each.tags.zoom <= z) : tile.features;
          if (kept.length) found[name] = { ...tile, features: kept };
        }
        if (!Object.keys(found).length) continue;
        const body = fromGeojsonVt(found, { version: 2, extent: EXTENT }), head = Buffer.alloc(13);
        head.writeUInt8(z, 0);
        head.writeUInt32LE(x, 1);
        head.writeUInt32LE(y, 5);
        head.writeUInt32LE(body.length, 9);
        records.push(head, body);
      }
    }
  }
  return Buffer.concat(records);
}
