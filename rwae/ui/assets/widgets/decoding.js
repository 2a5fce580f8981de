// The page's one `BrowserDecoder`, and its pace: the frames of the screen.

import { BrowserDecoder } from "../lib/browserdecoder.js";
import { ask } from "../lib/server.js";

const PREFERENCE = "rwae-decoding"; // of localStorage: "browser", "server" or nothing
const IDLE = 1000; // milliseconds that the page may be busy with what it shows first
const LONGEST_FRAME = 100; // milliseconds; a hidden page draws no frames

function remembered() {
  try {
    return localStorage.getItem(PREFERENCE);
  } catch {
    return null; // a browser that keeps nothing
  }
}

const preference = {
  value: remembered(),
  choose(where) {
    this.value = where;
    try {
      localStorage.setItem(PREFERENCE, where);
    } catch {
      // It holds for this page alone.
    }
  },
};

// Some megabytes of weights are too much for a slow connection, or one that is paid for by weight.
function savesData() {
  const { saveData = false, effectiveType = "4g" } = navigator.connection ?? {};
  return saveData || effectiveType !== "4g";
}

export const browserDecoder = new BrowserDecoder({
  makeWorker: () =>
    new Worker(new URL("../lib/decodeworker.js", import.meta.url), { type: "module" }),
  preference,
  savesData,
  idle: () =>
    new Promise((resolve) => {
      if (globalThis.requestIdleCallback) requestIdleCallback(resolve, { timeout: IDLE });
      else setTimeout(resolve, IDLE / 4);
    }),
});

export const findDecoder = (server) => find(() => server.find_decoder());
export const findEncoder = (server) => find(() => server.find_encoder());

// Where the server has a part of a model; its addresses are relative to the page. A page without a
// server has the bytes themselves.
async function find(call) {
  const { kernel, weights, ...rest } = await ask(call);
  if (!kernel) return rest;
  const absolute = (source) =>
    typeof source === "string" ? new URL(source, document.baseURI).href : source;
  return { ...rest, kernel: absolute(kernel), weights: absolute(weights) };
}

// The next frame of the screen.
export const nextFrame = () =>
  new Promise((resolve) => {
    requestAnimationFrame(resolve);
    setTimeout(resolve, LONGEST_FRAME);
  });
