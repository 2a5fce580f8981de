// Which models stand side by side: a chip for each that shows the same kind of clips.

const MOST_PEERS = 4;

// A function that makes the server's functions about one model, whichever the page shows.
const serverOf = (model, life) => asking(server, model, life);

// Beside the page's model, at first: the one whose swaps score most unlike its own, so that there
// is a difference to see.
function firstPair(group, mine) {
  const swap = ({ scores }) => scores.find(({ key }) => key === "swap")?.share ?? null;
  const others = group.filter((about) => about !== mine);
  const distance = (about) => (swap(about) === null || swap(mine) === null ? -1 :
    Math.abs(swap(about) - swap(mine)));
  return [mine, ...others.sort((a, b) => distance(b) - distance(a)).slice(0, 1)];
}

// What a visitor should know before looking.
function hintOn(group) {
  const hints = [];
  if (group.length === 1) {
    hints.push("No other model here was trained on clips of this kind: choose one of several in " +
      "the header to compare them.");
  }
  if (!group.some(({ judged }) => judged)) {
    hints.push("There is no judge that names what these clips show, so the page says nothing of " +
      "what is kept: look for yourself.");
  }
  return hints.join(" ");
}

class Lineup {
  // home: the model whose examples are given; names: of the models side by side, null for a first
  // pair. invite(about): a new Peer; changed(): others are chosen; say(text) and fail(text) tell
  // what cannot be.
  constructor(chips, root, all, { home, names }, invite, changed, { say, fail }) {
    const mine = all.find(({ name }) => name === home.name);
    this.group = all.filter(({ group }) => group === mine.group);
    Object.assign(this, { root, invite, changed, say, fail, peers: [] });
    this.chips = new Map(this.group.map((about) => [about.name, this.chip(about)]));
    chips.append(...this.chips.values());
    const chosen = names?.map((name) => this.group.find((about) => about.name === name));
    (chosen ?? firstPair(this.group, mine)).forEach((about) => this.add(about));
    this.arrange();
    new ResizeObserver(() => this.fit()).observe(root);
  }

  chip(about) {
    const chip = make("button", "rw-chip", { type: "button", "aria-pressed": "false" });
    chip.textContent = about.title;
    chip.addEventListener("click", () => this.toggle(about));
    return chip;
  }

  toggle(about) {
    this.say("");
    const others = this.peers.filter(({ name }) => name !== about.name);
    const there = others.length < this.peers.length;
    if (there && !others.length) this.fail("One model stays: choose another one first.");
    else if (there) this.peers = others;
    else if (this.peers.length < MOST_PEERS) this.add(about);
    else this.fail(`Four models fit side by side: take one away before ${about.title} comes.`);
    this.arrange();
    this.changed();
  }

  add(about) {
    this.peers.push(this.invite(about));
  }

  // Makes sure that a model is there; in a full line it takes the last place.
  include(about) {
    if (!about || this.peers.some(({ name }) => name === about.name)) return;
    this.peers.length = Math.min(this.peers.length, MOST_PEERS - 1);
    this.add(about);
    this.arrange();
  }

  arrange() {
    this.root.replaceChildren(...this.peers.map(({ root }) => root));
    this.root.style.setProperty("--peers", this.peers.length);
    this.root.dataset.peers = this.peers.length;
    this.chips.forEach((chip, name) =>
      chip.setAttribute("aria-pressed", String(this.peers.some((peer) => peer.name === name))));
    this.fit();
  }

  fit() {
    this.peers.forEach((peer) => peer.fit());
  }
}
