// Reads a visitor's clip: in the browser what needs no fitting, and everything else by the server.
// The camera's pictures are taken as they are, so they need not leave the browser.

import { encodeRequest } from "../lib/choices.js";
import { sizesOf } from "../lib/codes.js";
import {
  animationFrames,
  evenChoice,
  fitOf,
  framesInWords,
  mayRepeat,
  paletteOf,
  rowFrames,
  stripFrames,
} from "../lib/ownframes.js";
import { browserDecoder, findDecoder, findEncoder } from "./decoding.js";
import { make } from "./dom.js";

const AS_IT_IS = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
const HEADER_BYTES = 4096;
const MOST_FRAMES = 128; // of an animation; of a longer one the server keeps some
const MOST_STILLS = 16; // of a file, to choose a part of it
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

const IN_BROWSER =
  "Read in your browser, and not sent. Taking another part of it, or learning it, sends it to the " +
  "server.";
const BY_SERVER = "Read by the server, which keeps nothing of it";
const NOT_READY = `${BY_SERVER}.`;
const A_VIDEO = `${BY_SERVER}: it also reads videos, and browsers image strips, GIF and WebP.`;
const NOT_APART = `${BY_SERVER}: this browser cannot take a moving picture apart.`;
const NOT_EXACT = `${BY_SERVER}: it fits size, number of frames, pace or ground to the model.`;

// A clip that the server has to read, and a sentence that says so.
class ForServer extends Error {}

export class ClipReader {
  // server: functions that ask about this model.
  constructor(model, server, signal) {
    Object.assign(this, { model, server, signal });
    this.decoder = browserDecoder.model(model.name, model.side, () => findDecoder(server));
  }

  // Says at a button for uploads who would read a clip, now and whenever that changes.
  tell(button) {
    const { side } = this.model;
    const say = () => {
      button.title = this.decoder.active
        ? `An image strip, GIF or WebP of ${side} x ${side} pixels or a multiple stays in your ` +
          "browser. A video, and what has to be fitted, goes to the server, which keeps nothing of it."
        : "A clip goes to the server, which keeps nothing of it.";
    };
    browserDecoder.changed.watch(say, this.signal);
    say();
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

  // Of a clip of any kind, what `encode_clip` of rwae/ui/encoding.py answers, and `where`: a sentence
  // that says who read it. `kept`: of the camera, whose pictures are not sent.
  async read(file, choices = {}, kept = false) {
    const chosen = Object.values(choices).some((choice) => choice !== null);
    let where = NOT_READY;
    if (!chosen) {
      try {
        return await this.readHere(file, kept);
      } catch (error) {
        if (kept) return LOST;
        if (error instanceof ForServer) where = error.message;
      }
    }
    const { fitted: _, ...rest } = choices; // the server fits clips anyway
    return { ...(await this.server.encode_clip(encodeRequest(file, rest))), where };
  }

  // Throws what the server has to read.
  async readHere(file, kept) {
    const { model, signal } = this;
    if (!kept && !this.decoder.active) throw new ForServer(NOT_READY);
    const all = await framesOf(file, model, kept);
    if (!all || (!kept && mayRepeat(all))) throw new ForServer(NOT_EXACT);
    const frames = evenChoice(all.length, model.frames).map((n) => all[n]);
    const encoder = await this.findEncoder();
    if (!encoder.weights) throw new ForServer(NOT_READY);
    const found = await browserDecoder.encode(encoder, frames, sizesOf(model.clips[0]), signal);
    const sheet = found && (await this.decoder.decode([found.codes], { patient: true, signal }));
    if (!sheet) throw new ForServer(NOT_READY);
    const drawn = rowFrames(sheet, model.side);
    const fit = fitOf(frames, drawn, model.side, encoder.typical);
    // The server may find a better place or ground for a figure that the model does not know.
    const moved = encoder.fitted && fit.error > encoder.typical.error_limit;
    if (moved && !kept) throw new ForServer(NOT_EXACT);
    return this.answer(all, frames, drawn, fit, { codes: found.codes, moved });
  }

  answer(all, frames, drawn, fit, { codes, moved }) {
    const { side } = this.model;
    const count = all.length;
    const words = framesInWords(count, frames.length);
    const thinned = { key: "thin", text: `Taken: ${words[0].toLowerCase()}${words.slice(1)}.` };
    const steps = count > frames.length ? [{ ...thinned, on: true }] : [];
    const stills = evenChoice(count, Math.min(count, MOST_STILLS)).map((n) => all[n]);
    const source = { frames: count, width: side, height: side, columns: stills.length };
    return {
      ...{ clips: [codes], given: stripUrl(frames, side), redrawn: stripUrl(drawn, side), fit },
      ...{ rule: `${words}, as ${side} x ${side}.`, where: IN_BROWSER, rows: null, row: null },
      steps: moved ? [...steps, UNFITTED] : steps,
      source: { ...source, stills: stripUrl(stills, side), first: 0, last: count - 1, crop: null },
      ...{ palette: paletteOf(frames), better: [] },
    };
  }
}

// The frames of a file that need no fitting, each RGBA bytes; null of others. Throws `ForServer` of
// what this browser cannot take apart.
async function framesOf(file, model, kept) {
  const { type, moves } = kindOfPicture(
    new Uint8Array(await file.slice(0, HEADER_BYTES).arrayBuffer()),
  );
  if (!type) throw new ForServer(A_VIDEO);
  if (!moves) return stripFrames(await pixelsOf(file), model, kept ? Infinity : undefined);
  const able = await globalThis.ImageDecoder?.isTypeSupported(type); // where the page is secure
  if (!able) throw new ForServer(NOT_APART);
  const pictures = await movingPictures(file, type, model);
  return pictures && animationFrames(pictures, model);
}

// {type, moves} by the first bytes of a file: a PNG, or a GIF, WebP or PNG that may move; no type of
// others.
function kindOfPicture(head) {
  const text = String.fromCharCode(...head);
  if (text.startsWith("\x89PNG")) return { type: "image/png", moves: text.includes("acTL") };
  if (text.startsWith("GIF8")) return { type: "image/gif", moves: true };
  const webp = text.startsWith("RIFF") && text.startsWith("WEBPVP8X", 8);
  return webp && head[20] & 2 ? { type: "image/webp", moves: true } : {};
}

// The pictures of an animation as they are shown: [{pixels, width, height, duration}]; null of one
// that has too few or too many, or of another size than a model's frames or a multiple.
async function movingPictures(file, type, { side, frames }) {
  const decoder = new ImageDecoder({ data: await file.arrayBuffer(), type, ...AS_IT_IS });
  try {
    await Promise.all([decoder.tracks.ready, decoder.completed]);
    const count = decoder.tracks.selectedTrack.frameCount;
    if (count < frames || count > MOST_FRAMES) return null;
    const pictures = [];
    for (let frameIndex = 0; frameIndex < count; frameIndex += 1) {
      const { image } = await decoder.decode({ frameIndex });
      const { displayWidth: width, displayHeight: height, duration } = image;
      const fits = width === height && width % side === 0;
      if (fits) pictures.push({ ...bytesOf(image, width, height), duration: duration / 1000 });
      image.close();
      if (!fits) return null;
    }
    return pictures;
  } finally {
    decoder.close();
  }
}

// The RGBA bytes of a picture, in its own colours.
async function pixelsOf(file) {
  const bitmap = await createImageBitmap(file, AS_IT_IS);
  return bytesOf(bitmap, bitmap.width, bitmap.height);
}

function bytesOf(image, width, height) {
  const context = make("canvas", "", { width, height }).getContext("2d");
  context.drawImage(image, 0, 0);
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
