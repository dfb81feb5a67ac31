// Lays out the wall's map: `node build.mjs OUT < places.json`. Nothing is compiled: the libraries come as modules, are
// copied, and packed once and well, so that no server packs a megabyte while a wall waits.
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tiles } from "./tiles.mjs";

const out = process.argv[2], here = import.meta.dirname ?? new URL(".", import.meta.url).pathname;
const library = (path) => readFileSync(join(here, "node_modules", path));
const script = (path, more = "") => Buffer.from(library(path).toString().replace(/^\/\/# sourceMappingURL=.*$/m, "") + more);

function give(name, body, packed = true) {
  writeFileSync(join(out, name), body);
  if (!packed) return;
  const best = { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length } };
  writeFileSync(join(out, `${name}.br`), brotliCompressSync(body, best));
  writeFileSync(join(out, `${name}.gz`), gzipSync(body, { level: 9 }));
}

// The build of the reader that brings all it needs is a plain script with one name in it: it can stand in the same file.
const reader = script("pmtiles/dist/pmtiles.js", "\nexport const { Protocol } = pmtiles;\n");
give("maplibre-gl.mjs", script("maplibre-gl/dist/maplibre-gl.mjs", reader));
give("maplibre-gl-worker.mjs", script("maplibre-gl/dist/maplibre-gl-worker.mjs"));
give("inter.woff2", library("@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"), false);
give("tiles.bin", tiles(join(here, "../pages/data/base_map.json.gz"), JSON.parse(readFileSync(0))), false);
