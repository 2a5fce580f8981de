// What a visitor's file is, before it is sent, and what is kept of a visit's own clips.

import { megabytes } from "./format.js";

export const CLIP_TYPES =
  "video/mp4,video/webm,video/quicktime,video/x-msvideo,.mkv,image/gif,image/png,image/webp," +
  "image/apng,image/jpeg,image/bmp";
const LEARNED_KIND = "learned character"; // see `rwae/files/learned_file.py`
const HEADER_BYTES = 65536; // in which the header of a saved file says its kind
export const MAX_LEARNED_CLIPS = 9; // that one character is learned from

// "clip", "codes" or "learned".
export async function kindOfFile(file) {
  if (!file.name.toLowerCase().endsWith(".safetensors")) return "clip";
  const header = await file.slice(0, HEADER_BYTES).text();
  return header.includes(LEARNED_KIND) ? "learned" : "codes";
}

// Why a file is not sent at all, in a sentence; nothing if it is.
export function refusal(file, maxUpload) {
  if (file.size <= maxUpload) return "";
  const [size, most] = [megabytes(file.size), megabytes(maxUpload)];
  return `The file has ${size} MB: at most ${most} MB are allowed. Cut it or save it smaller.`;
}

// A file among what was pasted; null if there is none.
export const pastedFile = (data) =>
  data?.files?.[0] ??
  [...(data?.items ?? [])].find(({ kind }) => kind === "file")?.getAsFile() ??
  null;

const COPY_SIGN = "~"; // between the name of a model and the token of a copy

export const isLearned = (name) => name.includes(COPY_SIGN);

export const originalOf = (name) => name.split(COPY_SIGN)[0];

// The clips that a visitor gave, for as long as the page is open.
export class OwnClips {
  wanted = null; // {file, choices}: what the next model that Explore shows shall open
  learned = new Map(); // by the name of a copy: what it was learned from, {before, after, sources}
  #given = [];

  // Keeps the frames that a model was given: {name, strip, of}. The newest comes first.
  keep(name, strip, of) {
    this.#given = this.#given.filter((clip) => clip.strip !== strip);
    this.#given.unshift({ name, strip, of: originalOf(of) });
    this.#given.length = Math.min(this.#given.length, 2 * MAX_LEARNED_CLIPS);
  }

  // Those that were made for a model or its copies.
  givenTo(model) {
    return this.#given.filter(({ of }) => of === originalOf(model));
  }

  // What was wanted, once.
  takeWanted() {
    const { wanted } = this;
    this.wanted = null;
    return wanted;
  }
}

export const ownClips = new OwnClips();
