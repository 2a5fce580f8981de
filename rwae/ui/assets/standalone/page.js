// A page that is one file: the Explore and Swap tabs of the app around a model that the page holds.
// See rwae/ui/standalone.py, which puts the parts into the page.

import { session } from "../lib/session.js";
import { start as startExplore } from "../tabs/explore.js";
import { start as startSwap } from "../tabs/swap.js";
import { browserDecoder, findDecoder } from "../widgets/decoding.js";
import { oneTabStop, parts } from "../widgets/dom.js";
import { CANNOT_DECODE, EXPORTS, pageFunctions } from "./functions.js";

const textOf = (id) => document.getElementById(id).textContent;

function bytesOf(id) {
  const text = textOf(id);
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text); // of newer browsers; sooner
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

async function unzip(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Words of four bytes, of which the page has all first bytes, then all second ones, and so on.
function interleave(planes) {
  const words = planes.length / 4;
  const bytes = new Uint8Array(planes.length);
  for (let plane = 0; plane < 4; plane += 1) {
    for (let n = 0; n < words; n += 1) bytes[4 * n + plane] = planes[plane * words + n];
  }
  return bytes;
}

function makeWorker() {
  return new Worker(
    URL.createObjectURL(new Blob([textOf("worker")], { type: "text/javascript" })),
  );
}

// Light or dark, as the system is.
function followColours() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = () => document.documentElement.classList.toggle("dark", dark.matches);
  dark.addEventListener("change", show);
  show();
}

// The tabs. Returns a function that opens one by its name.
function startTabs(part) {
  const names = ["explore", "swap"];
  const buttons = names.map((name) => part[`${name}tab`]);
  const reach = oneTabStop(part.tabs, buttons);
  const open = (name) => {
    reach(names.indexOf(name));
    names.forEach((other, n) => {
      buttons[n].setAttribute("aria-selected", String(other === name));
      buttons[n].classList.toggle("selected", other === name);
      part[other].hidden = other !== name;
    });
  };
  buttons.forEach((button, n) => {
    button.addEventListener("click", () => open(names[n]));
    button.addEventListener("focus", () => open(names[n]));
  });
  return open;
}

async function loadDecoder() {
  try {
    const weights = interleave(await unzip(bytesOf("weights")));
    return { kernel: bytesOf("kernel"), weights };
  } catch {
    return { stays: CANNOT_DECODE }; // an old browser
  }
}

function start() {
  followColours();
  // A link to a file leads nowhere on another machine.
  document.documentElement.toggleAttribute("data-on-disk", location.protocol === "file:");
  const part = parts(document.body);
  const openTab = startTabs(part);
  const { model, stem, draws } = JSON.parse(textOf("model"));
  browserDecoder.standAlone(makeWorker);
  const server = pageFunctions({
    model: Object.assign(model, { exports: EXPORTS, seeds: draws.length }),
    stem,
    draws,
    loadDecoder,
    decode: (clips) => local.decode(clips),
  });
  const local = browserDecoder.model(model.name, model.side, () => findDecoder(server));
  browserDecoder.changed.watch(() => {
    const { browser, ms, possible } = browserDecoder.statusOf(model.name);
    if (browser) part.speed.textContent = `in your browser, ${Math.ceil(ms)} ms a frame`;
    else if (!possible) part.speed.textContent = CANNOT_DECODE;
  });
  local.prepare(); // while the page is built
  session.begin({ models: [model], first: model, notice: "", open: null });
  startExplore({ element: part.explore, server, value: { maxUpload: 0 } });
  startSwap({
    element: part.swap,
    server,
    trigger: () => openTab("explore"),
    value: { maxUpload: 0 },
  });
  openTab(location.hash.startsWith("#swap") ? "swap" : "explore");
  session.choose(model.name);
}

start();
