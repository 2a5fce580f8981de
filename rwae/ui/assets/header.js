// The header: which model the page shows, where it runs, and how fast it is right now.

const part = parts(element);
const { models, first, notice } = props.value;
const { fail } = messages(part.message);
const boots = new Map([[first.name, first]]); // what shows a model, kept once it has come
let turn = 0;

// The address says which model: ?model=name, and the first one without it.
const wanted = () => new URLSearchParams(location.search).get("model") || first.name;

// Fetches what shows a model, and tells the tabs: Explore begins with `clip`, if there is one. Of
// several models in a row the last one counts. Resolves to whether the page shows it.
async function choose(name, clip = null) {
  const mine = ++turn;
  fail(notice);
  const known = models.some((model) => model.name === name);
  const shown = known ? name : first.name;
  if (!known) {
    fail(`The address names the model ${name}, which is not here: you see ${first.title} instead.`);
  }
  part.root.setAttribute("aria-busy", "true");
  const boot = boots.get(shown) ?? (await ask(() => server.open_model({ model: shown })));
  if (mine !== turn) return false;
  part.root.setAttribute("aria-busy", "false");
  if (boot.error) {
    fail(boot.error);
    return false;
  }
  boots.set(shown, boot);
  // The codes of an address that names another model mean nothing to this one.
  window.rwaeModel = Object.assign(boot, { name: shown, linked: known, clip });
  show(boot);
  document.dispatchEvent(new CustomEvent("rwae-model", { detail: boot }));
  return true;
}

function show({ name, title, device, parameters, ms }) {
  part.title.textContent = title;
  const facts = `${(parameters / 1e6).toFixed(1)} M parameters, ${device}`;
  part.facts.textContent = models.length > 1 ? facts : `${title}, ${facts}`;
  links.forEach((link) => {
    if (link.name === name) link.node.setAttribute("aria-current", "true");
    else link.node.removeAttribute("aria-current");
  });
  tell(ms);
}

function tell(milliseconds) {
  part.speed.textContent = `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms a clip`;
}

// The list: an address for each model, which also opens in a window of its own.

function addressOf(name) {
  const address = new URL(location.href);
  address.searchParams.set("model", name);
  address.hash = "";
  return address.href;
}

function entry({ name, title, about, kind }) {
  const node = make("a", "rw-entry", { href: addressOf(name) });
  const texts = { b: title, span: about, small: kind };
  Object.entries(texts).forEach(([tag, text]) => {
    const line = make(tag, "");
    line.textContent = text;
    node.append(line);
  });
  node.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    close(true);
    // The model that is shown already stays as it is, with all that was changed in it.
    if (name === window.rwaeModel?.name && part.root.ariaBusy !== "true") return;
    history.pushState(null, "", node.href);
    choose(name);
  });
  part.menu.append(node);
  return { name, node };
}

function close(focus) {
  part.models.open = false;
  if (focus) part.models.firstElementChild.focus();
}

const links = models.map(entry);
part.models.hidden = models.length === 1;
part.models.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && part.models.open) close(true);
});
part.models.addEventListener("focusout", ({ relatedTarget }) => {
  if (relatedTarget && !part.models.contains(relatedTarget)) close(false);
});
document.addEventListener("click", (event) => {
  if (!part.models.contains(event.target)) close(false);
});
document.addEventListener("rwae-speed", (event) => tell(event.detail));
document.addEventListener("rwae-open", async ({ detail: { model, clip, told } }) => {
  history.pushState(null, "", addressOf(model));
  told(await choose(model, clip));
});
window.addEventListener("popstate", async () => {
  if (await choose(wanted())) trigger("linked");
});
choose(wanted());
