// Reads a visitor's clip: in the browser what needs no fitting, and everything else by the server.
// The camera's pictures are taken as they are, so they need not leave the browser.

import { encodeRequest } from "../lib/choices.js";
import { sizesOf } from "../lib/codes.js";
import { fitOf, mayRepeat, paletteOf, rowFrames, stripFrames } from "../lib/ownframes.js";
import { browserDecoder, findDecoder, findEncoder } from "./decoding.js";
import { make } from "./dom.js";

const PNG = [137, 80, 78, 71];
const MOVING = "acTL"; // the chunk of a PNG that moves, before its pixels
const HEADER_BYTES = 4096;
const UNFITTED = {
  key: "fitted",
  text: "The server fits its ground and its place to the model, and gets the pictures for that.",
  on: false,
};
const LOST = {
  error:
    "Your browser could not read the pictures, and they were not sent: try again, or upload a " +
    "clip, which the server reads.",
};

export class ClipReader {
  // server: functions that ask about this model.
  constructor(model, server, signal) {
    Object.assign(this, { model, server, signal });
    this.decoder = browserDecoder.model(model.name, model.side, () => findDecoder(server));
  }

  // Resolves to whether the camera's pictures stay in the browser.
  async keeps() {
    const { decoder, model } = this;
    if (!decoder.active || model.frames < 2) return false; // a strip has two frames at least
    return Boolean((await this.findEncoder()).weights);
  }

  findEncoder() {
    this.encoder ??= findEncoder(this.server);
    return this.encoder;
  }

  // Of a clip of any kind, what `encode_clip` of rwae/ui/encoding.py answers, and `local`: whether
  // the browser read it. `kept`: of the camera, whose pictures are not sent.
  async read(file, choices = {}, kept = false) {
    const chosen = Object.values(choices).some((choice) => choice !== null);
    const found = chosen ? null : await this.readHere(file, kept).catch(() => null);
    if (found || (kept && !chosen)) return found ?? LOST;
    const { fitted: _, ...rest } = choices; // the server fits clips anyway
    return this.server.encode_clip(encodeRequest(file, rest));
  }

  // Null of what the server has to read.
  async readHere(file, kept) {
    const { model, signal } = this;
    if (!(kept || (this.decoder.active && (await isStillPng(file))))) return null;
    const picture = await pixelsOf(file);
    const frames = stripFrames(picture, model, kept);
    if (!frames || (!kept && mayRepeat(frames))) return null;
    const encoder = await this.findEncoder();
    if (!encoder.weights) return null;
    const found = await browserDecoder.encode(encoder, frames, sizesOf(model.clips[0]), signal);
    const sheet = found && (await this.decoder.decode([found.codes], { patient: true, signal }));
    if (!sheet) return null;
    const drawn = rowFrames(sheet, model.side);
    const fit = fitOf(frames, drawn, model.side, encoder.typical);
    // The server may find a better place or ground for a figure that the model does not know.
    const moved = encoder.fitted && fit.error > encoder.typical.error_limit;
    if (moved && !kept) return null;
    return this.answer(frames, drawn, fit, { codes: found.codes, steps: moved ? [UNFITTED] : [] });
  }

  answer(frames, drawn, fit, { codes, steps }) {
    const { side } = this.model;
    const count = frames.length;
    const given = stripUrl(frames, side);
    const source = { frames: count, width: side, height: side, stills: given, columns: count };
    return {
      ...{ clips: [codes], given, redrawn: stripUrl(drawn, side), fit, local: true },
      ...{ rule: `The ${count} frames, as they are.`, steps, rows: null, row: null },
      source: { ...source, first: 0, last: count - 1, crop: null },
      ...{ palette: paletteOf(frames), better: [] },
    };
  }
}

async function isStillPng(file) {
  const head = new Uint8Array(await file.slice(0, HEADER_BYTES).arrayBuffer());
  const text = String.fromCharCode(...head);
  return PNG.every((byte, n) => head[n] === byte) && !text.includes(MOVING);
}

// The RGBA bytes of a picture, in its own colours.
async function pixelsOf(file) {
  const options = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const bitmap = await createImageBitmap(file, options);
  const { width, height } = bitmap;
  const context = make("canvas", "", { width, height }).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  return { pixels: context.getImageData(0, 0, width, height).data, width, height };
}

// Frames side by side, as the data URL of a PNG.
function stripUrl(frames, side) {
  const canvas = make("canvas", "", { width: frames.length * side, height: side });
  const context = canvas.getContext("2d");
  frames.forEach((frame, n) => {
    context.putImageData(new ImageData(frame, side, side), n * side, 0);
  });
  return canvas.toDataURL("image/png");
}
