// Which models stand side by side in Compare: a chip for each that shows the same kind of clips.

import { firstPair, MAX_PEERS } from "../lib/comparison.js";
import { make } from "./dom.js";

export class Peers {
  // comparison: {home, names}, the model whose examples are given, and the names of the models
  // side by side, null for a first pair. makePeer(about): a new `Peer`; changed(): others are
  // chosen; say(text) and fail(text) tell what cannot be.
  constructor(chips, root, known, { home, names }, { makePeer, changed, say, fail }) {
    const mine = known.find(({ name }) => name === home.name);
    this.group = known.filter(({ group }) => group === mine.group);
    Object.assign(this, { root, makePeer, changed, say, fail, peers: [] });
    this.chips = new Map(this.group.map((about) => [about.name, this.chip(about)]));
    chips.append(...this.chips.values());
    const chosen = names?.map((name) => this.group.find((about) => about.name === name));
    (chosen ?? firstPair(this.group, mine)).forEach((about) => {
      this.add(about);
    });
    this.arrange();
    new ResizeObserver(() => this.fit()).observe(root);
  }

  chip(about) {
    const pressed = { type: "button", "aria-pressed": "false" };
    const chip = make("button", "rw-chip", pressed, about.title);
    chip.addEventListener("click", () => this.toggle(about));
    return chip;
  }

  toggle(about) {
    this.say("");
    const others = this.peers.filter(({ name }) => name !== about.name);
    const there = others.length < this.peers.length;
    if (there && !others.length) this.fail("One model stays: choose another one first.");
    else if (there) this.peers = others;
    else if (this.peers.length < MAX_PEERS) this.add(about);
    else this.fail(`Four models fit side by side: take one away before ${about.title} comes.`);
    this.arrange();
    this.changed();
  }

  add(about) {
    this.peers.push(this.makePeer(about));
  }

  // Makes sure that a model is there; in a full row it takes the last place.
  include(about) {
    if (!about || this.peers.some(({ name }) => name === about.name)) return;
    this.peers.length = Math.min(this.peers.length, MAX_PEERS - 1);
    this.add(about);
    this.arrange();
  }

  arrange() {
    this.root.replaceChildren(...this.peers.map(({ root }) => root));
    this.root.style.setProperty("--peers", this.peers.length);
    this.root.dataset.peers = this.peers.length;
    this.chips.forEach((chip, name) => {
      const there = this.peers.some((peer) => peer.name === name);
      chip.setAttribute("aria-pressed", String(there));
    });
    this.fit();
  }

  fit() {
    this.peers.forEach((peer) => {
      peer.fit();
    });
  }
}
