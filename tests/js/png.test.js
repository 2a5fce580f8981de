// Pictures that the page writes by itself.

import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 as crcOfZlib, inflateSync } from "node:zlib";
import { crc32, encodePng, enlarge } from "../../rwae/ui/assets/lib/png.js";

const pixels = (...colours) => Uint8ClampedArray.from(colours.flatMap((c) => [...c, 255]));
const RED = [255, 0, 0];
const GREY = [9, 10, 11];

// The chunks of a file: [{type, body}], after their checksums were compared.
function chunksOf(bytes) {
  const view = new DataView(bytes.buffer);
  const chunks = [];
  for (let at = 8; at < bytes.length; ) {
    const size = view.getUint32(at);
    const all = bytes.subarray(at + 4, at + 8 + size);
    assert.equal(view.getUint32(at + 8 + size), crcOfZlib(all));
    chunks.push({ type: String.fromCharCode(...all.subarray(0, 4)), body: all.subarray(4) });
    at += 12 + size;
  }
  return chunks;
}

test("the checksum of nothing and of some bytes", () => {
  assert.equal(crc32(new Uint8Array()), 0);
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
});

test("a picture has its colours, each row as its difference from the one above", async () => {
  const file = await encodePng([pixels(RED, GREY, RED, RED)], 2, 2);
  assert.deepEqual(
    [...file.subarray(1, 4)],
    [..."PNG"].map((c) => c.charCodeAt(0)),
  );
  const [header, data, end] = chunksOf(file);
  assert.deepEqual([header.type, data.type, end.type], ["IHDR", "IDAT", "IEND"]);
  const rows = [2, ...RED, ...GREY, 2, 0, 0, 0, 246, 246, 245];
  assert.deepEqual([...inflateSync(data.body)], rows);
});

test("several frames loop, each with its time, and are numbered in their order", async () => {
  const file = await encodePng([pixels(RED), pixels(GREY), pixels(RED)], 1, 1, 8);
  const chunks = chunksOf(file);
  assert.equal(
    chunks.map(({ type }) => type).join(" "),
    "IHDR acTL fcTL IDAT fcTL fdAT fcTL fdAT IEND",
  );
  const number = ({ body }, at) => new DataView(body.buffer, body.byteOffset).getUint32(at);
  assert.deepEqual([number(chunks[1], 0), number(chunks[1], 4)], [3, 0]);
  const numbered = chunks.filter(({ type }) => /fcTL|fdAT/.test(type));
  assert.deepEqual(
    numbered.map((chunk) => number(chunk, 0)),
    [0, 1, 2, 3, 4],
  );
  assert.deepEqual([...chunks[2].body.subarray(20, 24)], [0, 1, 0, 8], "1/8 of a second");
});

test("an enlarged picture has each pixel as a square", () => {
  const large = enlarge({ pixels: pixels(RED, GREY), width: 2, height: 1 }, 2);
  assert.deepEqual([large.width, large.height], [4, 2]);
  const row = [RED, RED, GREY, GREY];
  assert.deepEqual(large.pixels, pixels(...row, ...row));
});
