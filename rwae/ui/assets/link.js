// Codes in the address: the same link shows the same pixels. Each number takes four bytes, which
// hold exactly what the model computes with. Two short sums before them tell a link that was
// damaged on its way from one of another model.

const LINK_HEAD = 8; // bytes: the sum of the model and its sizes, and that of the numbers

const LINK_DAMAGED = "The link is damaged, a part is missing or was changed: copy it once more.";
const LINK_FOREIGN = "The link belongs to another model, or to other weights of this one: choose " +
  "those it was made with.";

// 32 bits of bytes that are changed by any change of one of them (FNV-1a).
function sumOf(bytes) {
  return bytes.reduce((sum, byte) => Math.imul(sum ^ byte, 0x01000193) >>> 0, 0x811c9dc5);
}

const modelSum = (model, sizes) =>
  sumOf(new TextEncoder().encode(`${model} ${sizes.static} ${sizes.dynamic}`));

// What a link is bound to: the name alone would be that of other weights after another training.
const linkModel = ({ name, weights }) => `${name} ${weights}`;

const HOTTEST = 1.5; // the highest temperature of the sliders

const sizesOf = (codes) => ({ static: codes.static.length, dynamic: codes.dynamic[0].length });

function toLink(model, codes) {
  const numbers = Float32Array.from([...codes.static, ...codes.dynamic.flat()]);
  const bytes = new Uint8Array(LINK_HEAD + numbers.byteLength);
  bytes.set(new Uint8Array(numbers.buffer), LINK_HEAD);
  const head = new DataView(bytes.buffer);
  head.setUint32(0, modelSum(model, sizesOf(codes)));
  head.setUint32(4, sumOf(bytes.subarray(LINK_HEAD)));
  const text = btoa(String.fromCharCode(...bytes));
  return `#clip=${text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

// Puts a model and what is shown of it into the address.
function putAddress(model, hash) {
  const address = new URL(location.href);
  address.searchParams.set("model", model);
  address.hash = hash;
  history.replaceState(null, "", address);
}

// The same and, where the browser allows it, puts the address on the clipboard.
async function shareAddress(model, hash) {
  putAddress(model, hash);
  const copied = await navigator.clipboard?.writeText(location.href).then(() => true, () => false);
  return copied ? "The link is copied." : "The link is in the address bar.";
}

// What an address holds: {codes}, {error: one sentence}, or {} if it holds no clip.
function fromLink(hash, model, sizes) {
  if (!hash.startsWith("#clip=")) return {};
  const bytes = linkBytes(hash.slice("#clip=".length));
  if (!bytes) return { error: LINK_DAMAGED };
  const head = new DataView(bytes.buffer);
  const body = bytes.slice(LINK_HEAD);
  if (head.getUint32(4) !== sumOf(body)) return { error: LINK_DAMAGED };
  if (head.getUint32(0) !== modelSum(model, sizes)) return { error: LINK_FOREIGN };
  const values = [...new Float32Array(body.buffer)];
  const frames = (values.length - sizes.static) / sizes.dynamic;
  const bad = !Number.isInteger(frames) || frames < 1
    || values.some((z) => !(Math.abs(z) <= CODE_LIMIT));
  if (bad) return { error: LINK_DAMAGED };
  const dynamic = Array.from({ length: frames }, (_, t) =>
    values.slice(sizes.static + t * sizes.dynamic, sizes.static + (t + 1) * sizes.dynamic));
  return { codes: { static: values.slice(0, sizes.static), dynamic } };
}

// The bytes of a link's text, null if it is none.
function linkBytes(text) {
  try {
    const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const whole = bytes.length > LINK_HEAD && bytes.length % 4 === 0;
    return whole ? Uint8Array.from(bytes, (c) => c.charCodeAt(0)) : null;
  } catch {
    return null;
  }
}
