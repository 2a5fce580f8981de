// What a page without a server has in the place of the server's functions: the same names, requests
// and answers, see rwae/ui/endpoints.py. What it lacks, the tabs do not offer.

import { packCodesFile, readCodesFile } from "../lib/codesfile.js";
import { encodePng, enlarge } from "../lib/png.js";

export const EXPORTS = ["apng", "strip", "codes"]; // the kinds of files that it makes

export const CANNOT_DECODE =
  "This browser cannot run the decoder of the page: open it in another, or in a newer version.";
const TYPES = {
  apng: ["clip.png", "image/png"],
  strip: ["strip.png", "image/png"],
  codes: ["codes.safetensors", "application/octet-stream"],
};

// model: all that shows the model. stem: of the names of files. draws: codes that were drawn from the priors, by their seed.
// loadDecoder() resolves to {kernel, weights}, bytes. decode(clips) draws clips as `BrowserDecoder` does, or
// resolves to null.
export function pageFunctions({ model, stem, draws, loadDecoder, decode }) {
  return {
    find_decoder: loadDecoder,
    decode_codes: async () => ({ error: CANNOT_DECODE }),
    sample_codes: async ({ seed }) => ({ clips: [draws[seed % draws.length]] }),

    async export_clip({ kind, clip, clips = [clip], columns = 1, fps, scale }) {
      const bytes =
        kind === "codes"
          ? packCodesFile(clips, model)
          : await pictureOf(await decode(clips), clips, { kind, columns, fps, scale });
      if (!bytes) return { error: CANNOT_DECODE };
      const [ending, type] = TYPES[kind];
      const data = URL.createObjectURL(new Blob([bytes], { type }));
      return { data, name: `${stem}-${ending}` };
    },

    async read_codes({ data: { file } }) {
      const found = readCodesFile(new Uint8Array(await file.arrayBuffer()), model);
      if (found.error) return found;
      const sheet = await decode(found.clips);
      if (!sheet) return { error: CANNOT_DECODE };
      const png = await encodePng([new Uint8Array(sheet.pixels)], sheet.width, sheet.height);
      return { ...found, sheet: URL.createObjectURL(new Blob([png], { type: "image/png" })) };
    },
  };

  // A file of a sheet with a row for each clip; null if there is no sheet.
  async function pictureOf(sheet, clips, { kind, columns, fps, scale }) {
    if (!sheet) return null;
    const { side } = model;
    const frames = Math.max(...clips.map(({ dynamic }) => dynamic.length));
    const height = Math.ceil(clips.length / columns) * side;
    const grid = (n) => tile(sheet, clips.length, columns, side, n);
    const all = Array.from({ length: frames }, (_, n) => grid(n));
    if (kind === "strip") {
      const strip = beside(all, columns * side, height);
      return encodePng([strip.pixels], strip.width, height);
    }
    const large = all.map((pixels) => enlarge({ pixels, width: columns * side, height }, scale));
    const size = [scale * columns * side, scale * height];
    return encodePng(
      large.map(({ pixels }) => pixels),
      ...size,
      fps,
    );
  }
}

// A frame of all clips, `columns` side by side, as RGBA bytes. A shorter clip begins again.
function tile({ pixels, width }, count, columns, side, frame) {
  const source = new Uint32Array(pixels);
  const wide = columns * side;
  const target = new Uint32Array(wide * Math.ceil(count / columns) * side);
  for (let clip = 0; clip < count; clip += 1) {
    const [row, column] = [Math.floor(clip / columns), clip % columns];
    for (let y = 0; y < side; y += 1) {
      const from = (clip * side + y) * width + frame * side;
      target.set(source.subarray(from, from + side), (row * side + y) * wide + column * side);
    }
  }
  return new Uint8ClampedArray(target.buffer);
}

// Pictures side by side.
function beside(pictures, width, height) {
  const wide = pictures.length * width;
  const target = new Uint32Array(wide * height);
  pictures.forEach(({ buffer }, n) => {
    const source = new Uint32Array(buffer);
    for (let y = 0; y < height; y += 1) {
      target.set(source.subarray(y * width, (y + 1) * width), y * wide + n * width);
    }
  });
  return { pixels: new Uint8ClampedArray(target.buffer), width: wide };
}
