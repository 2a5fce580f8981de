// What an address holds after its "#": the codes of a clip, the two clips of a swap, or the recipe of
// a sheet of samples.
// The same link and model give the same pixels. The link of a comparison is in comparison.js.

import { CODE_LIMIT, sizesOf } from "./codes.js";
import { MAX_SEED } from "./format.js";

// The codes of a clip. Each number takes four bytes, which hold exactly what the model computes
// with. Two checksums before them tell a link that was damaged from one of another model.

const CLIP_LINK = "#clip=";
const HEADER_BYTES = 8; // the checksum of the model and its sizes, and that of the numbers

const DAMAGED = "The link is damaged, a part is missing or was changed: copy it once more.";
const OTHER_MODEL =
  "The link belongs to another model, or to other weights of this one: choose those it was made " +
  "with.";

// FNV-1a: 32 bits that change with any change of one byte.
const checksum = (bytes) =>
  bytes.reduce((sum, byte) => Math.imul(sum ^ byte, 0x01000193) >>> 0, 0x811c9dc5);

// The weights are part of it: a model that is trained again keeps its name.
const modelChecksum = ({ name, weights }, sizes) =>
  checksum(new TextEncoder().encode(`${name} ${weights} ${sizes.static} ${sizes.dynamic}`));

// Codes as text. model: {name, weights}.
function packCodes(model, codes) {
  const numbers = Float32Array.from([...codes.static, ...codes.dynamic.flat()]);
  const bytes = new Uint8Array(HEADER_BYTES + numbers.byteLength);
  bytes.set(new Uint8Array(numbers.buffer), HEADER_BYTES);
  const header = new DataView(bytes.buffer);
  header.setUint32(0, modelChecksum(model, sizesOf(codes)));
  header.setUint32(4, checksum(bytes.subarray(HEADER_BYTES)));
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export const clipLink = (model, codes) => CLIP_LINK + packCodes(model, codes);

// What an address holds: {codes}, {error: one sentence}, or {} if it holds no clip.
export const parseClipLink = (hash, model, sizes) =>
  hash.startsWith(CLIP_LINK) ? unpackCodes(hash.slice(CLIP_LINK.length), model, sizes) : {};

// {codes}, or {error: one sentence}.
function unpackCodes(text, model, sizes) {
  const bytes = decodeBase64(text);
  if (!bytes) return { error: DAMAGED };
  const header = new DataView(bytes.buffer);
  const body = bytes.slice(HEADER_BYTES);
  if (header.getUint32(4) !== checksum(body)) return { error: DAMAGED };
  if (header.getUint32(0) !== modelChecksum(model, sizes)) return { error: OTHER_MODEL };
  const values = [...new Float32Array(body.buffer)];
  const frames = (values.length - sizes.static) / sizes.dynamic;
  const bad =
    !Number.isInteger(frames) ||
    frames < 1 ||
    values.some((value) => !(Math.abs(value) <= CODE_LIMIT));
  if (bad) return { error: DAMAGED };
  const row = (frame) => sizes.static + frame * sizes.dynamic;
  const dynamic = Array.from({ length: frames }, (_, frame) =>
    values.slice(row(frame), row(frame + 1)),
  );
  return { codes: { static: values.slice(0, sizes.static), dynamic } };
}

// The bytes of base64 text in the alphabet of addresses; null if it is none, or no whole numbers.
function decodeBase64(text) {
  try {
    const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const whole = bytes.length > HEADER_BYTES && bytes.length % 4 === 0;
    return whole ? Uint8Array.from(bytes, (c) => c.charCodeAt(0)) : null;
  } catch {
    return null;
  }
}

// The two clips of a swap, and how many clips stand in a row of the square.

const SWAP_LINK = "#swap&";
const SWAP_SIZES = [2, 5];

export const swapLink = (model, a, b, size) =>
  `${SWAP_LINK}size=${size}&a=${packCodes(model, a)}&b=${packCodes(model, b)}`;

// What an address holds: {clips: the codes of A and B, size}, {error: one sentence}, or {}.
export function parseSwapLink(hash, model, sizes) {
  if (!hash.startsWith(SWAP_LINK)) return {};
  const fields = new URLSearchParams(hash.slice(SWAP_LINK.length));
  const found = ["a", "b"].map((name) => unpackCodes(fields.get(name) ?? "", model, sizes));
  const error = found.find((one) => one.error)?.error;
  if (error) return { error };
  const clips = found.map(({ codes }) => codes);
  if (clips[0].dynamic.length !== clips[1].dynamic.length) return { error: DAMAGED };
  const size = Number(fields.get("size"));
  return { clips, size: SWAP_SIZES.includes(size) ? size : SWAP_SIZES[0] };
}

// What a sheet of samples is drawn from: two seeds and a few settings.

const SAMPLE_LINK = "#sample&";
export const MAX_TEMPERATURE = 1.5; // of the sliders on the page

export const DEFAULT_RECIPE = {
  whoSeed: 1,
  motionSeed: 1,
  oneWho: false,
  oneMotion: false,
  temperature: 1,
  action: null,
};

export function sampleLink({ whoSeed, motionSeed, oneWho, oneMotion, temperature, action }) {
  const fields = new URLSearchParams({ who: whoSeed, motion: motionSeed, temperature });
  if (oneWho) fields.append("same", "who");
  if (oneMotion) fields.append("same", "motion");
  if (action !== null) fields.append("action", action + 1);
  return SAMPLE_LINK + fields;
}

// The recipe in an address, null if it holds none, undefined if it does not fit a model with that
// many actions.
export function parseSampleLink(hash, actions) {
  if (!hash.startsWith(SAMPLE_LINK)) return null;
  const fields = new URLSearchParams(hash.slice(SAMPLE_LINK.length));
  const number = (name, missing) => (fields.has(name) ? Number(fields.get(name)) : missing);
  const recipe = {
    whoSeed: number("who", NaN),
    motionSeed: number("motion", NaN),
    oneWho: fields.getAll("same").includes("who"),
    oneMotion: fields.getAll("same").includes("motion"),
    temperature: number("temperature", DEFAULT_RECIPE.temperature),
    action: fields.has("action") ? number("action") - 1 : null,
  };
  const whole = (value, max) => Number.isInteger(value) && value >= 0 && value <= max;
  const fits =
    whole(recipe.whoSeed, MAX_SEED) &&
    whole(recipe.motionSeed, MAX_SEED) &&
    recipe.temperature >= 0 &&
    recipe.temperature <= MAX_TEMPERATURE &&
    (recipe.action === null || whole(recipe.action, actions - 1));
  return fits ? recipe : undefined;
}
