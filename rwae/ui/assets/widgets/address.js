// The address: ?model=name says which model, and what follows "#" which tab and what it shows.

import { make } from "./dom.js";

export const modelInAddress = () => new URLSearchParams(location.search).get("model");

function addressWith(model, hash) {
  const address = new URL(location.href);
  address.searchParams.set("model", model);
  address.hash = hash;
  return address.href;
}

export const addressOfModel = (name) => addressWith(name, "");

// Puts a model and what is shown of it into the address.
export const putAddress = (model, hash) =>
  history.replaceState(history.state, "", addressWith(model, hash));

// Goes on to a model in the tab that is shown: the browser's way back leads to the one before.
export const pushModel = (name) => history.pushState(null, "", addressWith(name, hashOfTab()));

// Names a model in the place of another, of which the address keeps nothing.
export const replaceModel = (name) => putAddress(name, hashOfTab());

// Puts a model and what is shown of it into the address and, where the browser allows it, the
// address on the clipboard. Resolves to a
// sentence that says so or, in a frame without an address bar, to a field with the address.
export async function shareAddress(model, hash) {
  putAddress(model, hash);
  const copied = await copyText(location.href);
  if (copied) return "The link is copied.";
  return window.top === window ? "The link is in the address bar." : linkField(location.href);
}

function linkField(address) {
  const label = make("label", "rw-link", {}, "Copy this link: ");
  const field = make("input", "", { type: "text", readonly: "", value: address });
  field.addEventListener("focus", () => field.select());
  label.append(field);
  return label;
}

// Resolves to whether the browser allowed it.
export async function copyText(text) {
  const writing = navigator.clipboard?.writeText(text);
  return (
    (await writing?.then(
      () => true,
      () => false,
    )) ?? false
  );
}

// Tabs. An address without the name of another tab names Explore.

const FIRST_TAB = "explore";
const OTHER_TABS = ["swap", "sample", "compare", "sheet", "about"];

const shownTab = () =>
  document
    .querySelector("#rw-tabs [role=tab][aria-selected=true]")
    ?.textContent.trim()
    .toLowerCase() ?? FIRST_TAB;

const hashOfTab = () => (OTHER_TABS.includes(shownTab()) ? `#${shownTab()}` : "");

const tabInAddress = () =>
  OTHER_TABS.find((name) => location.hash.slice(1).split("&")[0] === name) ?? FIRST_TAB;

// Each tab that a visitor turns to is a step of the browser's history. open(): opens the tab that
// the address names. choose(): shows the model that it names, and resolves to whether it did;
// shows(): whether the page shows that model. What a visitor made in a tab is lost when a model is
// chosen: going back to a tab of the same model chooses none.
export function followHistory({ open, choose, shows }) {
  let visit = performance.timeOrigin; // marks the steps from tab to tab
  let last = FIRST_TAB;
  new MutationObserver(() => {
    const tab = shownTab();
    if (tab === last) return;
    last = tab;
    if (tab === tabInAddress()) return;
    history.replaceState({ visit }, "");
    const address = new URL(location.href);
    address.hash = hashOfTab();
    history.pushState({ visit }, "", address);
  }).observe(document.body, { subtree: true, attributeFilter: ["aria-selected"] });
  window.addEventListener("popstate", async ({ state }) => {
    const opened = state?.visit === visit || !/[&=]/.test(location.hash);
    if (shows() && opened) {
      open();
      return;
    }
    // A link that was put into the address bar: what earlier steps opened is no longer there.
    if (shows()) visit += 1;
    if (await choose()) open();
  });
}
