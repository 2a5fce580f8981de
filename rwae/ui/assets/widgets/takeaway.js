// The Save menu: the clip on the page as a file, and codes from a file back onto the page.

import { kindOfFile } from "../lib/clipfile.js";
import { ask, LONG_DEADLINE, upload } from "../lib/server.js";
import { make, messages, onFileChosen, onFileDrop, parts } from "./dom.js";
import { Sheet } from "./player.js";

const KINDS = {
  gif: ["GIF", "Loops in chats, slides and pages"],
  webm: ["WebM", "A small video for the web"],
  mp4: ["MP4", "For sites that take no WebM"],
  strip: ["PNG strip", "All frames, exact to the pixel"],
  sheet: ["Sprite sheet", "Nine actions, for game engines"],
  codes: ["Codes", "The numbers, to open here again"],
};
const MOVING = ["gif", "webm", "mp4"]; // what is enlarged, and has a speed
const USUAL_SIDE = 256; // pixels: small frames are enlarged at least to this
const MAX_SIDE = 1024; // pixels that the server allows
const MAX_BYTES = 2 ** 20; // of a file of codes

const SAVE_MENU = `
  <details class="rw-take" data-part="take">
    <summary class="rw-button">Save</summary>
    <div class="rw-menu" data-part="menu">
      <div class="rw-take-how">
        <label>Size <select class="rw-choice" data-part="size"
          aria-label="Size of GIF and video, in pixels"></select></label>
        <span data-part="speed"></span>
      </div>
      <div data-part="files" role="group" aria-label="Save this clip as"></div>
      <div class="rw-take-open">
        <button type="button" class="rw-take-kind" data-part="pick"><b>Open codes</b>
          <small>From a file, or drop one here</small></button>
        <input type="file" accept=".safetensors" hidden data-part="file">
      </div>
    </div>
  </details>`;

export class SaveMenu {
  // dropArea: where a file may be dropped. message: the line that says how it went. model and
  // server: of the page. codes() and fps(): what is on the page. open({codes, sheet, row}) shows a
  // clip. otherFile(file): a file that holds no codes came.
  constructor(root, { dropArea, otherFile, message, model, server, codes, fps, open }) {
    Object.assign(this, { root, dropArea, model, server, codes, fps, otherFile, busy: false });
    this.show = open;
    Object.assign(this, messages(message)); // say and fail
    root.innerHTML = SAVE_MENU;
    this.part = parts(root);
    this.menu = this.part.take;
    this.part.files.append(...model.exports.map((kind) => this.entry(kind)));
    this.offerSizes(model.side);
    this.acceptFiles();
    this.closeWhenLeft();
  }

  entry(kind) {
    const node = make("button", "rw-take-kind", { type: "button" });
    const [name, about] = KINDS[kind];
    node.append(make("b", "", {}, name), make("small", "", {}, about));
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
    const scale = Number(this.part.size.value);
    const how = MOVING.includes(kind) ? { fps: this.fps(), scale } : {};
    const request = { clip: this.codes(), kind, ...how };
    const answer = await ask(() => this.server.export_clip(request), LONG_DEADLINE);
    if (answer.error) return answer;
    make("a", "", { href: answer.data, download: answer.name }).click();
    return { text: [`${answer.name} is saved.`, answer.note ?? ""].join(" ").trim() };
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
