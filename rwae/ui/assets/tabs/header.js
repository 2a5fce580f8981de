// The header: which model the page shows, where it runs, and how fast it is right now.

import { ask, LONG_DEADLINE } from "../lib/server.js";
import { session } from "../lib/session.js";
import { addressOfModel, make, messages, modelInAddress, parts } from "../widgets/dom.js";

// value: {models, first, notice}, see `rwae.ui.page.build`. trigger("linked") tells the page that
// the address may name another tab.
export function start({ element, server, trigger, value: { models, first, notice } }) {
  const part = parts(element);
  const { fail } = messages(part.message);
  const open = (model) => ask(() => server.open_model({ model }), LONG_DEADLINE);
  session.begin({ models, first, notice, open });

  // The list: an address for each model, which also opens in a window of its own.
  let entries = [];
  const entryOf = ({ name, title, about, kind }) => {
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
      history.pushState(null, "", node.href);
      session.choose(name);
    });
    return { name, node };
  };

  // A copy that has learned a character stands below its original.
  function list(all) {
    const rank = ({ name, of }) => all.findIndex((model) => model.name === (of ?? name));
    entries = [...all].sort((a, b) => rank(a) - rank(b)).map(entryOf);
    part.menu.replaceChildren(...entries.map(({ node }) => node));
    part.models.hidden = all.length === 1;
    markEntry(session.model.value?.name);
  }

  function markEntry(name) {
    entries.forEach((entry) => {
      if (entry.name === name) entry.node.setAttribute("aria-current", "true");
      else entry.node.removeAttribute("aria-current");
    });
  }

  function close(focus) {
    part.models.open = false;
    if (focus) part.models.firstElementChild.focus();
  }

  function show({ name, title, device, parameters, ms }) {
    part.root.dataset.model = name;
    part.title.textContent = title;
    const facts = `${(parameters / 1e6).toFixed(1)} M parameters, ${device}`;
    part.facts.textContent = models.length > 1 ? facts : `${title}, ${facts}`;
    markEntry(name);
    showSpeed(ms);
  }

  function showSpeed(milliseconds) {
    part.speed.textContent = `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms a clip`;
  }

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
  session.model.watch(show);
  session.decodeTime.watch(showSpeed);
  session.problem.watch(fail);
  session.loading.watch((loading) => part.root.setAttribute("aria-busy", String(loading)));
  const chosen = () => modelInAddress() || first.name;
  window.addEventListener("popstate", async () => {
    if (await session.choose(chosen())) trigger("linked");
  });
  session.choose(chosen());
}
