// Codes as a file, in the format of rwae/files/codes_file.py: safetensors with the tensors "static"
// (B, D_c) and "dynamic" (B, T, D_m).

import { CODE_LIMIT, sizesOf } from "./codes.js";

const FORMAT_VERSION = "1";
const LENGTH_BYTES = 8; // of the header's length, a whole number with its lowest byte first
const MAX_CLIPS = 32;
const MAX_FRAMES = 64;

const NO_CODES = { error: "The file holds no codes: choose one that was saved here." };
const OTHER_MODEL = {
  error: "The codes in the file belong to another model, or to other weights of this one.",
};

// The bytes of a file. model: {name, weights}.
export function packCodesFile(clips, { name, weights }) {
  const parts = {
    dynamic: [[clips.length, clips[0].dynamic.length, clips[0].dynamic[0].length], "dynamic"],
    static: [[clips.length, clips[0].static.length], "static"],
  };
  const header = { __metadata__: { format_version: FORMAT_VERSION, model: name, weights } };
  const values = [];
  for (const [tensor, [shape, kind]] of Object.entries(parts)) {
    const start = 4 * values.length;
    values.push(...clips.flatMap((clip) => clip[kind].flat()));
    header[tensor] = { dtype: "F32", shape, data_offsets: [start, 4 * values.length] };
  }
  const text = JSON.stringify(header);
  const words = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const bytes = new Uint8Array(LENGTH_BYTES + words.length + 4 * values.length);
  new DataView(bytes.buffer).setUint32(0, words.length, true);
  bytes.set(words, LENGTH_BYTES);
  bytes.set(new Uint8Array(Float32Array.from(values).buffer), LENGTH_BYTES + words.length);
  return bytes;
}

// {clips: codes}, or {error: one sentence}. model: {name, weights, clips: example codes}.
export function readCodesFile(bytes, { name, weights, clips: [example] }) {
  const sizes = sizesOf(example);
  try {
    const { header, numbersOf } = openFile(bytes);
    const about = header.__metadata__;
    if (about.model !== name || about.weights !== weights) return OTHER_MODEL;
    const [count, frames, size] = header.dynamic.shape;
    const fits =
      size === sizes.dynamic &&
      header.static.shape.join() === [count, sizes.static].join() &&
      [count, frames].every((n) => Number.isInteger(n) && n >= 1) &&
      count <= MAX_CLIPS &&
      frames <= MAX_FRAMES;
    if (!fits) return NO_CODES;
    const [who, motion] = [numbersOf("static"), numbersOf("dynamic")];
    const row = (values, width, n) => [...values.subarray(n * width, (n + 1) * width)];
    const clips = Array.from({ length: count }, (_, clip) => ({
      static: row(who, sizes.static, clip),
      dynamic: Array.from({ length: frames }, (_, t) => row(motion, size, clip * frames + t)),
    }));
    return [...who, ...motion].every((z) => Math.abs(z) <= CODE_LIMIT) ? { clips } : NO_CODES;
  } catch {
    return NO_CODES;
  }
}

// The header, and the numbers of a tensor by its name; throws if there are too few.
function openFile(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const start = LENGTH_BYTES + length;
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, start)));
  const numbersOf = (tensor) => {
    const { dtype, shape, data_offsets: range } = header[tensor];
    const body = bytes.slice(start + range[0], start + range[1]);
    const size = 4 * shape.reduce((product, n) => product * n, 1);
    if (dtype !== "F32" || body.length !== size) throw new Error("The file is damaged.");
    return new Float32Array(body.buffer);
  };
  return { header, numbersOf };
}
