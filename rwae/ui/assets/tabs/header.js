// The header: which model the page shows, where it runs, and how fast it is right now.

import { isLearned } from "../lib/clipfile.js";
import { ask, LONG_DEADLINE } from "../lib/server.js";
import { groupModels, session } from "../lib/session.js";
import {
  addressOfModel,
  followHistory,
  modelInAddress,
  pushModel,
  replaceModel,
} from "../widgets/address.js";
import { browserDecoder } from "../widgets/decoding.js";
import { make, messages, parts } from "../widgets/dom.js";
import { startTour, tourTaken } from "../widgets/tour.js";

// value: {models, first, notice}, see `rwae.ui.page.build`. trigger("linked") tells the page that
// the address may name another tab; trigger("toured") opens Explore.
export function start({ element, server, trigger, value: { models, first, notice } }) {
  const part = parts(element);
  const { fail } = messages(part.message);
  const open = (model) => ask(() => server.open_model({ model }), LONG_DEADLINE);
  session.begin({ models, first, notice, open });

  // An entry of the list: an address, which also opens in a window of its own.
  function entryOf({ name, title, about, kind }) {
    const node = make("a", "rw-entry", { href: addressOfModel(name) });
    node.append(
      make("b", "", {}, title),
      make("span", "", {}, about),
      make("small", "", {}, kind),
    );
    node.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      close(true);
      // The model that is shown already stays as it is, with all that was changed in it.
      if (name === session.model.value?.name && !session.loading.value) return;
      pushModel(name);
      session.choose(name);
    });
    if (name === session.model.value?.name) node.setAttribute("aria-current", "true");
    return node;
  }

  function list(all) {
    part.menu.replaceChildren(
      ...groupModels(all).map(({ subject, main, variants }) => {
        const group = make("section", "rw-subject");
        if (subject) group.append(make("h2", "", {}, subject));
        group.append(...main.map(entryOf));
        if (variants.length) {
          const more = make("details", "rw-variants");
          more.append(
            make("summary", "", {}, `For comparison (${variants.length})`),
            ...variants.map(entryOf),
          );
          more.open = variants.some(({ name }) => name === session.model.value?.name);
          group.append(more);
        }
        return group;
      }),
    );
    part.models.hidden = all.length === 1;
  }

  function close(focus) {
    part.models.open = false;
    if (focus) part.models.firstElementChild.focus();
  }

  function show({ name, title, parameters }) {
    part.root.dataset.model = name;
    part.title.textContent = title;
    const facts = `${(parameters / 1e6).toFixed(1)} M parameters`;
    const all = session.models.value;
    part.facts.textContent = all.length > 1 ? facts : `${title}, ${facts}`;
    list(all);
    session.decodeTime.set(null); // that of another model
  }

  // Where the clip is decoded and how fast; the server takes some milliseconds a clip.
  function showWhere() {
    const { name, device, ms } = session.model.value;
    const { browser, ms: frameTime, possible, why } = browserDecoder.statusOf(name);
    const clipTime = session.decodeTime.value ?? ms;
    part.speed.textContent = browser
      ? `in your browser, ${inMilliseconds(frameTime)} a frame`
      : `on the server, ${device}, ${inMilliseconds(clipTime)} a clip`;
    part.local.checked = possible && browserDecoder.wanted;
    part.local.hidden = !possible;
    part.where.title = browser ? "Untick to have the server decode." : why;
  }

  // Copies that the server has forgotten leave the list.
  part.models.addEventListener("toggle", () => {
    const copies = session.models.value.filter(({ of }) => part.models.open && of);
    copies.forEach(async ({ name }) => {
      const answer = await ask(() => server.has_learned({ model: name }));
      if (answer.gone) session.lose(name, answer.error);
    });
  });
  part.models.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && part.models.open) close(true);
  });
  part.models.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget && !part.models.contains(relatedTarget)) close(false);
  });
  document.addEventListener("click", (event) => {
    if (!part.models.contains(event.target)) close(false);
  });

  list(models);
  session.models.watch(list);
  skipToControls(part.skip);
  part.tour.classList.toggle("rw-primary", !tourTaken());
  part.tour.addEventListener("click", () => {
    trigger("toured");
    startTour(part.tour);
  });
  session.model.watch((model) => {
    // In the place of a forgotten copy the page shows its original.
    const named = modelInAddress() ?? "";
    if (isLearned(named) && named !== model.name) replaceModel(model.name);
    show(model);
  });
  session.decodeTime.watch(showWhere);
  browserDecoder.changed.watch((name) => name === session.model.value?.name && showWhere());
  part.local.addEventListener("change", () => {
    browserDecoder.prefer(part.local.checked ? "browser" : "server");
    showWhere();
  });
  session.problem.watch(fail);
  session.loading.watch((loading) => part.root.setAttribute("aria-busy", String(loading)));
  const chosen = () => modelInAddress() || first.name;
  followHistory({
    open: () => trigger("linked"),
    choose: () => session.choose(chosen()),
    shows: () => session.shows(chosen()),
  });
  session.choose(chosen());
}

const inMilliseconds = (time) => (time < 1 ? "under 1 ms" : `${time.toFixed(0)} ms`);

// The skip link leads to the first control of the tab.
function skipToControls(skip) {
  skip.addEventListener("click", (event) => {
    event.preventDefault();
    const fields = [...document.querySelectorAll("#rw-tabs .rw input, #rw-tabs .rw button")];
    fields.find((node) => node.offsetParent && !node.disabled && inPanel(node))?.focus();
  });
}

const inPanel = (node) =>
  node.closest(".rw-right, .rw-slots, .rw-draws, .rw-compare-controls, .rw-sprites, .rw-about");
