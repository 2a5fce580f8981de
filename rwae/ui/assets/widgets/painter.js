// A dialog in which one cell is painted over, pixel by pixel.

import { Painting } from "../lib/painting.js";
import { SIDE } from "../lib/spritesheet.js";
import { make, parts } from "./dom.js";

const UNSURE_SIDE = 8 * SIDE; // pixels of the picture of crosses over the cell
const MOST_MARKS = 400; // unsure pixels that are marked at once
const NOTHING = [0, 0, 0, 0];
const PAINTER = `
  <form method="dialog" class="rw-painter-form">
    <header class="rw-painter-head">
      <h2 data-part="name"></h2>
      <div class="rw-switch" role="group" aria-label="Tool" data-part="tools">
        <button type="button" data-tool="pencil" aria-pressed="true">Pencil</button>
        <button type="button" data-tool="eraser" aria-pressed="false">Eraser</button>
        <button type="button" data-tool="pick" aria-pressed="false">Pick colour</button>
        <button type="button" data-tool="move" aria-pressed="false" hidden>Move</button>
      </div>
    </header>
    <div class="rw-painter-field" data-part="field">
      <canvas class="rw-pixels rw-ground" width="${SIDE}" height="${SIDE}" tabindex="0"
        data-part="canvas" role="application"
        aria-label="The cell: arrow keys move, Enter paints"></canvas>
      <canvas class="rw-painter-unsure" width="${UNSURE_SIDE}" height="${UNSURE_SIDE}"
        data-part="unsure" aria-hidden="true"></canvas>
      <span class="rw-painter-cursor" data-part="cursor" aria-hidden="true" hidden></span>
    </div>
    <div class="rw-painter-side">
      <div class="rw-painter-views">
        <figure><canvas class="rw-pixels rw-ground" data-part="before"></canvas>
          <button type="button" class="rw-button" data-part="copybefore">Copy before</button></figure>
        <figure><canvas class="rw-pixels rw-ground" data-part="preview"></canvas>
          <figcaption>this one</figcaption></figure>
        <figure><canvas class="rw-pixels rw-ground" data-part="after"></canvas>
          <button type="button" class="rw-button" data-part="copyafter">Copy after</button></figure>
      </div>
      <p class="rw-label">Colours of the sheet</p>
      <div class="rw-painter-palette" role="group" aria-label="Colours of the sheet"
        data-part="palette"></div>
      <div class="rw-bar">
        <button type="button" class="rw-button" data-part="undo">Undo</button>
        <button type="button" class="rw-button" data-part="redo">Redo</button>
        <button type="button" class="rw-button" data-part="zoom" aria-pressed="false">Zoom in</button>
        <button type="button" class="rw-button" data-part="marks"
          title="Pixels that are as likely wrong as right">Hide unsure pixels</button>
      </div>
      <div class="rw-bar rw-painter-end">
        <button type="button" class="rw-button rw-primary" data-part="use">Use it</button>
        <button type="submit" class="rw-button" value="cancel">Cancel</button>
      </div>
    </div>
  </form>`;

export class Painter {
  constructor(dialog) {
    this.dialog = dialog;
    dialog.innerHTML = PAINTER;
    this.part = parts(dialog);
    [this.part.preview, this.part.before, this.part.after].forEach((canvas) => {
      canvas.width = canvas.height = SIDE;
    });
    this.#connect();
  }

  // Opens the cell `pixels`; before and after are its neighbours or null, and unsure the points
  // to look at. use(pixels) is called if the person wants the painting.
  open({ name, pixels, before, after, palette, unsure, use }) {
    const { part } = this;
    Object.assign(this, { use, before, after, painting: new Painting(pixels), cursor: [32, 32] });
    part.name.textContent = `Paint ${name}`;
    this.colour = palette[0] ?? [0, 0, 0, 255];
    part.palette.replaceChildren(...palette.map((colour) => this.#swatch(colour)));
    put(part.before, before);
    put(part.after, after);
    part.before.parentNode.hidden = !before;
    part.after.parentNode.hidden = !after;
    crossOut(part.unsure, unsure);
    part.marks.hidden = !unsure.length;
    // Where most are unsure, marks would hide the picture.
    this.#mark(unsure.length < MOST_MARKS);
    this.#choose("pencil");
    this.#zoom(false);
    this.#draw();
    this.dialog.showModal();
    part.canvas.focus();
  }

  #swatch(colour) {
    const [red, green, blue, alpha] = colour;
    const words = `red ${red}, green ${green}, blue ${blue}`;
    const button = make("button", "rw-painter-swatch", { type: "button", "aria-label": words });
    button.title = words;
    button.style.setProperty("--colour", `rgb(${red} ${green} ${blue} / ${alpha / 255})`);
    button.addEventListener("click", () => {
      this.colour = colour;
      if (this.tool !== "pencil") this.#choose("pencil");
      this.#markColour();
    });
    return button;
  }

  #markColour() {
    const words = `red ${this.colour[0]}, green ${this.colour[1]}, blue ${this.colour[2]}`;
    [...this.part.palette.children].forEach((button) => {
      const same = button.getAttribute("aria-label") === words;
      button.setAttribute("aria-pressed", String(same));
    });
  }

  #choose(tool) {
    this.tool = tool;
    [...this.part.tools.children].forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
    });
    this.part.field.dataset.tool = tool;
    this.#markColour();
  }

  // Twice as large, and moved by the tool that is there for it.
  #zoom(on) {
    const { part } = this;
    part.field.toggleAttribute("data-zoomed", on);
    part.zoom.setAttribute("aria-pressed", String(on));
    part.zoom.textContent = on ? "Zoom out" : "Zoom in";
    part.tools.lastElementChild.hidden = !on;
    if (!on && this.tool === "move") this.#choose("pencil");
    if (on) {
      part.field.scrollLeft = (part.field.scrollWidth - part.field.clientWidth) / 2;
      part.field.scrollTop = (part.field.scrollHeight - part.field.clientHeight) / 2;
    }
  }

  #mark(on) {
    const { marks, unsure } = this.part;
    unsure.hidden = !on;
    marks.textContent = on ? "Hide unsure pixels" : "Show unsure pixels";
  }

  #draw() {
    const { part, painting } = this;
    put(part.canvas, painting.pixels);
    put(part.preview, painting.pixels);
    part.undo.disabled = !painting.canUndo;
    part.redo.disabled = !painting.canRedo;
  }

  #apply([x, y]) {
    if (this.tool === "pick") {
      const found = this.painting.at(x, y);
      if (found[3]) this.colour = found;
      this.#choose("pencil");
      return;
    }
    this.painting.paint(x, y, this.tool === "eraser" ? NOTHING : this.colour);
    this.#draw();
  }

  #connect() {
    const { part } = this;
    [...part.tools.children].forEach((button) => {
      button.addEventListener("click", () => this.#choose(button.dataset.tool));
    });
    part.undo.addEventListener("click", () => this.#step("undo"));
    part.redo.addEventListener("click", () => this.#step("redo"));
    part.zoom.addEventListener("click", () => this.#zoom(!part.field.hasAttribute("data-zoomed")));
    part.copybefore.addEventListener("click", () => this.#copy(this.before));
    part.copyafter.addEventListener("click", () => this.#copy(this.after));
    part.marks.addEventListener("click", () => this.#mark(part.unsure.hidden));
    part.use.addEventListener("click", () => {
      this.dialog.close();
      this.use(this.painting.pixels);
    });
    const { canvas } = part;
    const pointOf = (event) => {
      const box = canvas.getBoundingClientRect();
      const share = [
        (event.clientX - box.left) / box.width,
        (event.clientY - box.top) / box.height,
      ];
      return share.map((part) => Math.min(SIDE - 1, Math.max(0, Math.floor(part * SIDE))));
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (this.tool === "move" || event.button > 0) return;
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      part.cursor.hidden = true;
      if (this.tool !== "pick") this.painting.begin();
      this.stroke = this.tool !== "pick";
      this.#apply(pointOf(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (this.stroke && canvas.hasPointerCapture(event.pointerId)) this.#apply(pointOf(event));
    });
    const end = () => {
      this.stroke = false;
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("keydown", (event) => this.#onKey(event));
    this.dialog.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
      event.preventDefault();
      event.stopPropagation();
      this.#step(event.shiftKey ? "redo" : "undo");
    });
  }

  #copy(pixels) {
    this.painting.replace(pixels);
    this.#mark(false);
    this.#draw();
  }

  #step(way) {
    this.painting[way]();
    this.#draw();
  }

  #onKey(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const step = steps[event.key];
    if (step) {
      this.cursor = this.cursor.map((at, n) => Math.min(SIDE - 1, Math.max(0, at + step[n])));
      const { cursor } = this.part;
      cursor.hidden = false;
      cursor.style.setProperty("--x", this.cursor[0] / SIDE);
      cursor.style.setProperty("--y", this.cursor[1] / SIDE);
    } else if (event.key === "Enter" || event.key === " ") {
      if (this.tool !== "pick") this.painting.begin();
      this.#apply(this.cursor);
    } else return;
    event.preventDefault();
  }
}

function put(canvas, pixels) {
  const context = canvas.getContext("2d");
  if (pixels) context.putImageData(new ImageData(pixels, SIDE, SIDE), 0, 0);
}

// Draws a small cross over each point, light and dark so that it is seen on any colour.
function crossOut(canvas, points) {
  const context = canvas.getContext("2d");
  const size = UNSURE_SIDE / SIDE;
  context.clearRect(0, 0, UNSURE_SIDE, UNSURE_SIDE);
  [
    ["#000", 2.5],
    ["#fff", 1],
  ].forEach(([colour, width]) => {
    context.beginPath();
    points.forEach(([x, y]) => {
      const [left, top] = [(x + 0.3) * size, (y + 0.3) * size];
      const [right, bottom] = [(x + 0.7) * size, (y + 0.7) * size];
      context.moveTo(left, top);
      context.lineTo(right, bottom);
      context.moveTo(right, top);
      context.lineTo(left, bottom);
    });
    Object.assign(context, { strokeStyle: colour, lineWidth: width });
    context.stroke();
  });
}
