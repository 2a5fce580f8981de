// The About tab: what the model's card says, what it scored, how a program calls it, licences.

import { ask } from "../lib/server.js";
import { snippets } from "../lib/snippets.js";
import { copyText } from "../widgets/address.js";
import { make, messages, parts } from "../widgets/dom.js";
import { plotScores, scoreTable } from "../widgets/plot.js";
import { startWithModel } from "./tab.js";

const NO_CARD = "This model has no card: a README.md beside its weights would be shown here.";

// value: {mcp: whether language models may call the page, endpoints: what can be called}.
export function start({ element, server, value }) {
  startWithModel({ element, server }, (context) => {
    new About(element, { ...context, ...value });
  });
}

class About {
  constructor(element, { model, server, signal, mcp, endpoints }) {
    this.part = parts(element);
    Object.assign(this, messages(this.part.message)); // say and fail
    const address = new URL(".", location.href.split(/[?#]/)[0]).href.replace(/\/$/, "");
    this.showExamples(snippets(address, model.name, mcp));
    this.part.copy.addEventListener("click", () => this.copy());
    this.part.endpoints.append(...endpoints.map(endpointEntry));
    this.showModel(server, signal);
  }

  async showModel(server, signal) {
    const { part } = this;
    const about = await ask(() => server.about_model());
    if (signal.aborted) return;
    part.root.setAttribute("aria-busy", "false");
    if (about.error) {
      const line = make("p", "rw-message");
      part.card.replaceChildren(line);
      messages(line).fail(about.error);
      return;
    }
    part.card.replaceChildren(make("h2", "", {}, about.title));
    // The server made this HTML of the card's Markdown: all text is escaped, links lead to the web.
    if (about.card) part.card.insertAdjacentHTML("beforeend", about.card);
    else part.card.append(make("p", "rw-hint", {}, NO_CARD));
    this.showScores(about);
    fillTerms(part.licences, Object.entries(about.licences));
    const versions = Object.entries(about.versions).map((pair) => pair.join(" "));
    part.versions.textContent = versions.join(", ");
  }

  showScores({ scores, complaint }) {
    const { part } = this;
    part.numbers.hidden = !scores;
    if (!scores) {
      part.scored.textContent = complaint;
      return;
    }
    const { clips, steps, seeds } = scores;
    const facts = [
      clips ? `On ${clips.toLocaleString("en")} test clips` : "On test clips",
      steps ? `after ${steps.toLocaleString("en")} training steps` : "",
      seeds.length > 1 ? `${seeds.length} trainings that differ by their seed` : "one training",
    ];
    part.scored.textContent = `${facts.filter(Boolean).join(", ")}.`;
    part.plot.replaceChildren(...plotScores(scores));
    part.table.replaceChildren(scoreTable(scores));
  }

  // One example at a time, and the words of the buttons are the names of the languages.
  showExamples(examples) {
    const { part } = this;
    const buttons = examples.map(({ name, code }) => {
      const button = make("button", "", { type: "button" }, name);
      button.addEventListener("click", () => {
        buttons.forEach((other) => {
          other.setAttribute("aria-pressed", String(other === button));
        });
        part.code.textContent = code;
        this.say("");
      });
      return button;
    });
    part.languages.append(...buttons);
    buttons[0].click();
  }

  async copy() {
    const { code } = this.part;
    if (await copyText(code.textContent)) {
      this.say("The example is copied.");
      return;
    }
    getSelection().selectAllChildren(code);
    this.fail(
      "The browser allows no copying: the example is selected, so copy it with the keyboard.",
    );
  }
}

// A list of words and what they mean.
function fillTerms(list, entries) {
  const pairs = entries.map(([word, meaning]) => [
    make("dt", "", {}, word),
    make("dd", "", {}, meaning),
  ]);
  list.replaceChildren(...pairs.flat());
}

// What can be called: each name opens to its arguments.
function endpointEntry({ name, about, arguments: given }) {
  const details = make("details", "rw-call");
  const summary = make("summary", "");
  summary.append(make("code", "", {}, name), make("span", "", {}, about));
  const list = make("dl", "rw-terms");
  const meaning = (argument) => `${argument.about} (${argument.type})`;
  fillTerms(
    list,
    given.map((argument) => [argument.name, meaning(argument)]),
  );
  const none = make("p", "rw-hint", {}, "It takes no arguments.");
  details.append(summary, given.length ? list : none);
  return details;
}
