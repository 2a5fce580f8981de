// The About tab: what the model's card says, what it scored, how a program calls it, licences.

const NO_CARD = "This model has no card: a README.md beside its weights would be shown here.";

const part = parts(element);
const { mcp, endpoints } = props.value;
const address = new URL(".", location.href.split(/[?#]/)[0]).href.replace(/\/$/, "");
const examples = snippets(address, boot.name, mcp);
const { say, fail } = messages(part.message);

const text = (tag, content, names = "") => {
  const node = make(tag, names);
  node.textContent = content;
  return node;
};

// A list of words and what they mean.
function terms(list, entries) {
  const pairs = entries.map(([word, meaning]) => [text("dt", word), text("dd", meaning)]);
  list.replaceChildren(...pairs.flat());
}

function showScores({ scores, complaint }) {
  part.numbers.hidden = !scores;
  if (!scores) {
    part.scored.textContent = complaint;
    return;
  }
  const { clips, steps, seeds } = scores;
  part.scored.textContent = [
    clips ? `On ${clips.toLocaleString("en")} test clips` : "On test clips",
    steps ? `after ${steps.toLocaleString("en")} training steps` : "",
    seeds.length > 1 ? `${seeds.length} trainings that differ by their seed` : "one training",
  ].filter(Boolean).join(", ") + ".";
  part.plot.replaceChildren(...plotScores(scores));
  part.table.replaceChildren(tableOfScores(scores));
}

function show(about) {
  const body = about.card ? markdown(about.card) : text("p", NO_CARD, "rw-hint");
  part.card.replaceChildren(text("h2", about.title), body);
  showScores(about);
  terms(part.licences, Object.entries(about.licences));
  const versions = Object.entries(about.versions).map((pair) => pair.join(" "));
  part.versions.textContent = versions.join(", ");
}

// One example at a time, and the words of the buttons are the names of the languages.
const buttons = examples.map(({ name, code }) => {
  const button = text("button", name);
  button.type = "button";
  button.addEventListener("click", () => {
    buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
    part.code.textContent = code;
    say("");
  });
  return button;
});
part.languages.append(...buttons);
buttons[0].click();

part.copy.addEventListener("click", async () => {
  const writing = navigator.clipboard?.writeText(part.code.textContent);
  const copied = await writing?.then(() => true, () => false);
  if (copied) {
    say("The example is copied.");
    return;
  }
  getSelection().selectAllChildren(part.code);
  fail("The browser allows no copying: the example is selected, so copy it with the keyboard.");
});

// What can be called: each name opens to its arguments.
function entry({ name, about, arguments: given }) {
  const details = make("details", "rw-call");
  const summary = make("summary", "");
  summary.append(text("code", name), text("span", about));
  const list = make("dl", "rw-terms");
  terms(list, given.map((one) => [one.name, `${one.about} (${one.type})`]));
  details.append(summary, given.length ? list : text("p", "It takes no arguments.", "rw-hint"));
  return details;
}

part.endpoints.append(...endpoints.map(entry));
ask(() => server.about_model()).then((about) => {
  if (life.aborted) return;
  part.root.setAttribute("aria-busy", "false");
  if (about.error) {
    const line = make("p", "rw-message");
    part.card.replaceChildren(line);
    messages(line).fail(about.error);
  } else show(about);
});
