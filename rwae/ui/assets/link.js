// Codes in the address: the same link shows the same clip. Each number takes two bytes.

const LINK_SCALE = 1000;

function toLink({ static: who, dynamic }) {
  const numbers = Int16Array.from([...who, ...dynamic.flat()], (z) => Math.round(z * LINK_SCALE));
  const bytes = String.fromCharCode(...new Uint8Array(numbers.buffer));
  return `#clip=${btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

// Puts model and codes into the address and, where the browser allows it, the address on the
// clipboard.
async function copyLink(model, codes) {
  const address = new URL(location.href);
  address.searchParams.set("model", model);
  address.hash = toLink(codes);
  history.replaceState(null, "", address);
  const copied = await navigator.clipboard?.writeText(location.href).then(() => true, () => false);
  return copied ? "The link is copied." : "The link is in the address bar.";
}

// The codes in an address, null if it holds none, undefined if they do not fit the model.
function fromLink(hash, staticSize, dynamicSize) {
  const text = /^#clip=([\w-]+)$/.exec(hash)?.[1];
  if (!text) return null;
  try {
    const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const numbers = new Int16Array(Uint8Array.from(bytes, (c) => c.charCodeAt(0)).buffer);
    const values = [...numbers].map((n) => clampTo(n / LINK_SCALE, CODE_LIMIT));
    const frames = (values.length - staticSize) / dynamicSize;
    if (!Number.isInteger(frames) || frames < 1) return undefined;
    const dynamic = Array.from({ length: frames }, (_, t) =>
      values.slice(staticSize + t * dynamicSize, staticSize + (t + 1) * dynamicSize));
    return { static: values.slice(0, staticSize), dynamic };
  } catch {
    return undefined;
  }
}
