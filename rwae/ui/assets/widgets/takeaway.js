// The Save menu: the clip on the page as a file, and codes from a file back onto the page.

import { kindOfFile } from "../lib/clipfile.js";
import { ask, LONG_DEADLINE, upload } from "../lib/server.js";
import { make, messages, onFileChosen, onFileDrop, parts } from "./dom.js";
import { Sheet } from "./player.js";

// What a clip can be saved as, in groups: the name, and which programs take it.
const GROUPS = [
  ["To show", ["gif", "webp", "apng", "webm", "mp4"]],
  ["For games and drawing", ["strip", "frames", "sheet", "engine"]],
  ["To go on here", ["codes"]],
  ["To hand out", ["page"]],
];
const KINDS = {
  gif: ["GIF", "Loops everywhere: chats, slides, pages; 256 colours"],
  webp: ["WebP", "Loops in browsers and chats; exact, and small"],
  apng: ["APNG", "Loops in browsers and on Apple's systems; exact"],
  webm: ["WebM", "Video (VP9) for browsers, VLC, Discord"],
  mp4: ["MP4", "Video (VP9) for browsers and VLC"],
  strip: ["PNG strip", "All frames side by side, exact"],
  frames: ["PNG frames", "A zip with a picture for each frame"],
  sheet: ["Sprite sheet", "Nine actions in the LPC layout"],
  engine: ["Sheet for engines", "A zip: the sheet, JSON for Phaser, Godot, Unity; credits"],
  codes: ["Codes", "The numbers, to open here again"],
  page: ["This page for a class", "One file with the model: works without a network"],
};
const MOVING = ["gif", "webp", "apng", "webm", "mp4", "frames"]; // what is enlarged
const SINGLE = ["sheet", "engine", "codes", "page"]; // what holds one clip
const USUAL_SIDE = 256; // pixels: small frames are enlarged at least to this
const MAX_SIDE = 1024; // pixels that the server allows
const MAX_BYTES = 2 ** 20; // of a file of codes

const SAVE_MENU = `
  <details class="rw-take" data-part="take">
    <summary class="rw-button">Save</summary>
    <div class="rw-menu" data-part="menu">
      <div class="rw-take-how">
        <label>Size <select class="rw-choice" data-part="size"
          aria-label="Size of moving pictures, in pixels"></select></label>
        <label data-part="cutout" hidden><input type="checkbox" data-part="transparent">
          Transparent background</label>
        <label data-part="colours" hidden>Colours <select class="rw-choice" data-part="palette"
          aria-label="Colours"></select></label>
        <span data-part="speed"></span>
      </div>
      <div data-part="files"></div>
      <div class="rw-take-open" data-part="reopen">
        <button type="button" class="rw-take-kind" data-part="pick"><b>Open codes</b>
          <small>From a file, or drop one here</small></button>
        <input type="file" accept=".safetensors" hidden data-part="file">
      </div>
    </div>
  </details>`;

export class SaveMenu {
  // dropArea: where a file may be dropped. message: the line that says how it went. model and
  // server: of the page. codes() and fps(): what is on the page. open({codes, sheet, row}) shows a
  // clip. otherFile(file): a file that holds no codes came. palette(): the colours of the clip
  // that was given, or null. grid(): {clips, columns} in place of codes(), for several clips that
  // move side by side, or {peers: [{model, clips}], columns} for those of several models; nothing
  // is opened then.
  constructor(root, { dropArea, otherFile, message, model, server, fps, ...hooks }) {
    const { codes, grid = null, open, palette = () => null } = hooks;
    Object.assign(this, { root, dropArea, model, server, codes, grid, palette, fps, otherFile });
    Object.assign(this, { show: open, busy: false });
    Object.assign(this, messages(message)); // say and fail
    root.innerHTML = SAVE_MENU;
    this.part = parts(root);
    this.menu = this.part.take;
    this.part.files.append(...GROUPS.map(([title, kinds]) => this.group(title, kinds)));
    this.offerSizes(model.side);
    this.part.cutout.hidden = this.part.colours.hidden = !model.sprites;
    this.part.reopen.hidden = Boolean(grid);
    if (!grid) this.acceptFiles();
    this.closeWhenLeft();
  }

  group(title, kinds) {
    const group = make("div", "rw-take-group", { role: "group", "aria-label": title });
    const offered = kinds.filter((kind) => this.offers(kind));
    group.append(make("h3", "rw-label", {}, title), ...offered.map((kind) => this.entry(kind)));
    group.hidden = !offered.length;
    return group;
  }

  offers(kind) {
    if (this.grid && SINGLE.includes(kind)) return false;
    return kind === "page" ? "find_page" in this.server : this.model.exports.includes(kind);
  }

  entry(kind) {
    const node = make("button", "rw-take-kind", { type: "button" });
    const [name, about] = KINDS[kind];
    const opens = !this.grid && this.model.encodes && "encode_clip" in this.server;
    const more = opens && kind === "strip" ? "; opens here again" : "";
    node.append(make("b", "", {}, name), make("small", "", {}, about + more));
    node.addEventListener("click", () => this.work(node, () => this.save(kind)));
    return node;
  }

  offerSizes(side) {
    for (let scale = 1; scale * side <= Math.max(MAX_SIDE, side); scale *= 2) {
      const text = `${scale * side} x ${scale * side}`;
      const option = make("option", "", { value: scale }, text);
      option.selected = scale === 1 || (scale * side) / 2 < USUAL_SIDE;
      this.part.size.append(option);
    }
  }

  // One thing at a time, which resolves to {text} or {error}. The entry stays where it is, so that
  // the focus does, too.
  async work(node, job) {
    if (this.busy) return;
    this.busy = true;
    node.setAttribute("aria-busy", "true");
    this.say("");
    const { text, error } = await job();
    node.removeAttribute("aria-busy");
    this.busy = false;
    if (!this.root.isConnected) return;
    if (this.menu.open) this.close(true);
    if (error) this.fail(error);
    else this.say(text);
  }

  async save(kind) {
    const answer = await ask(() => this.make(kind), LONG_DEADLINE);
    if (answer.error) return answer;
    make("a", "", { href: answer.data, download: answer.name }).click();
    return { text: [`${answer.name} is saved.`, answer.note ?? ""].join(" ").trim() };
  }

  make(kind) {
    const { server } = this;
    if (kind === "page") return server.find_page();
    const how = {
      fps: this.fps(),
      scale: MOVING.includes(kind) ? Number(this.part.size.value) : 1,
    };
    const what = this.grid ? this.grid() : { clip: this.codes() };
    const request = { ...what, kind, ...how, ...this.look() };
    return what.peers ? server.export_comparison(request) : server.export_clip(request);
  }

  // Which colours are kept, and whether the background is left out.
  look() {
    const { transparent, palette } = this.part;
    if (!this.model.sprites) return {};
    const colours = { all: null, few: "few", own: this.palette() }[palette.value];
    return { transparent: transparent.checked, palette: colours };
  }

  // The colours of the clip that was given are offered where they are few.
  offerColours() {
    const { palette } = this.part;
    const own = this.palette();
    const before = palette.value;
    const choices = [
      ["all", "as drawn"],
      ["few", "32 that fit best"],
      ...(own ? [["own", `the ${own.length} of your clip`]] : []),
    ];
    palette.replaceChildren(
      ...choices.map(([value, text]) => make("option", "", { value }, text)),
    );
    palette.value = choices.some(([value]) => value === before) ? before : "all";
  }

  async read(file) {
    if (file.size > MAX_BYTES) {
      const size = (file.size / 2 ** 20).toFixed(1);
      const error =
        `The file has ${size} MB, and a file of codes at most 1 MB: choose one that was saved ` +
        "here.";
      return { error };
    }
    const answer = await ask(() => this.server.read_codes(upload(file)), LONG_DEADLINE);
    if (answer.error) return answer;
    const sheet = await Sheet.load(answer.sheet, this.model.side);
    this.show({ codes: answer.clips[0], sheet, row: 0 });
    const count = answer.clips.length;
    const text =
      count > 1 ? `The file holds ${count} clips: the first is open.` : `${file.name} is open.`;
    return { text };
  }

  // A file that was chosen, dropped or pasted: codes are opened here, and any other elsewhere.
  async open(file) {
    if ((await kindOfFile(file)) === "codes") this.work(this.part.pick, () => this.read(file));
    else this.otherFile(file);
  }

  // Chosen, or dropped anywhere on this part of the page.
  acceptFiles() {
    const { part } = this;
    const take = (file) => file && this.open(file);
    part.pick.addEventListener("click", () => !this.busy && part.file.click());
    onFileChosen(part.file, take);
    onFileDrop(this.dropArea, this.menu, take);
  }

  close(focus) {
    this.menu.open = false;
    if (focus) this.menu.firstElementChild.focus();
  }

  // Opens towards the side of the button where there is more room.
  place() {
    const button = this.menu.firstElementChild.getBoundingClientRect();
    const below = innerHeight - button.bottom;
    const { menu } = this.part;
    this.menu.toggleAttribute("data-up", below < menu.scrollHeight && button.top > below);
    menu.style.maxHeight = `${Math.max(below, button.top) - 16}px`;
    this.offerColours();
    this.part.speed.textContent = `${this.fps()} frames a second`;
  }

  // It closes on Escape, on a press elsewhere, and when the focus leaves it.
  closeWhenLeft() {
    const { menu } = this;
    const elsewhere = (event) => !menu.contains(event.target) && this.close(false);
    menu.addEventListener("toggle", () => {
      if (menu.open) this.place();
      if (menu.open) document.addEventListener("pointerdown", elsewhere);
      else document.removeEventListener("pointerdown", elsewhere);
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && menu.open) this.close(true);
    });
    menu.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !menu.contains(relatedTarget)) this.close(false);
    });
  }
}
