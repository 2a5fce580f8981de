// The camera as a source of a clip. The page takes the frames itself, as one exact picture: no video
// is recorded, and the camera is off as soon as the last frame is taken.

import { make, parts } from "./dom.js";

const SECONDS = 2; // in which a clip is taken
const COUNTDOWN = 700; // milliseconds for each of 3, 2, 1
const MAX_WIDTH = 16384; // pixels: some browsers draw nothing on a wider canvas
const MAX_SCALE = 4; // times the model's size: the server shrinks better than some browsers do

const CAMERA = `
  <div class="rw-camera-view">
    <video data-part="video" muted playsinline aria-label="What the camera sees"></video>
    <span class="rw-camera-digit" data-part="digit" aria-hidden="true"></span>
  </div>
  <div class="rw-camera-side">
    <p data-part="plan"></p>
    <div class="rw-row">
      <button type="button" class="rw-button rw-primary" data-part="record" disabled>Film</button>
      <button type="button" class="rw-button" data-part="cancel">Cancel</button>
    </div>
    <p class="rw-hint" role="status" data-part="progress"></p>
  </div>`;

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

let current = null; // the webcam that is open: a page shows one at a time

export class Webcam {
  // shown(open): the preview came or went; keeps() resolves to whether the pictures stay in the
  // browser; taken(file, rule, kept): an image strip of the frames, how they were taken, in words,
  // and whether the visitor was told that they stay; say(text) and fail(text): how it goes.
  constructor(root, { frames, side }, signal, { shown, taken, say, fail, keeps = null }) {
    Object.assign(this, { root, side, shown, taken, say, fail, keeps, kept: false });
    Object.assign(this, { stream: null, turn: 0, open: false });
    this.frames = Math.max(2, frames); // the shortest strip that the server reads
    root.innerHTML = CAMERA;
    this.part = parts(root);
    this.part.record.addEventListener("click", () => this.record());
    this.part.cancel.addEventListener("click", () => this.close());
    root.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    // Out of sight is off: another tab of the page, or another page.
    new ResizeObserver(() => root.offsetParent === null && this.close()).observe(root);
    const leave = () => document.hidden && this.close();
    document.addEventListener("visibilitychange", leave, { signal });
    signal.addEventListener("abort", () => this.close());
  }

  toggle() {
    if (this.open) this.close();
    else this.start();
  }

  async start() {
    const turn = ++this.turn;
    current?.close();
    current = this;
    this.say("");
    this.show(true);
    this.kept = Boolean(await this.keeps?.());
    if (turn !== this.turn) return;
    this.tellPlan();
    const { stream, error } = await openCamera();
    if (turn !== this.turn) {
      stop(stream); // cancelled while the browser asked for permission
      return;
    }
    if (error) {
      this.close();
      this.fail(error);
      return;
    }
    this.stream = stream;
    const [track] = stream.getVideoTracks();
    track.addEventListener("ended", () => {
      this.close();
      this.fail("The camera was disconnected: connect it again, or upload a clip.");
    });
    this.mirrored = track.getSettings().facingMode !== "environment";
    this.part.video.toggleAttribute("data-mirrored", this.mirrored);
    this.part.video.srcObject = stream;
    await this.part.video.play().catch(() => {});
    if (turn !== this.turn) return;
    this.part.progress.textContent = "";
    this.part.record.disabled = false;
    this.part.record.focus({ preventScroll: true });
  }

  tellPlan() {
    const where = this.kept
      ? "They stay in your browser."
      : "The server reads them, and keeps nothing.";
    this.part.plan.textContent = `${this.frames} frames over ${SECONDS} seconds, the middle square, like a mirror. ${where}`;
  }

  show(open) {
    this.open = open;
    this.root.hidden = !open;
    this.part.record.disabled = true;
    this.part.progress.textContent = open ? "Asking for the camera." : "";
    this.part.digit.textContent = "";
    this.shown(open);
  }

  close() {
    if (!this.open) return;
    this.turn += 1;
    stop(this.stream);
    this.stream = this.part.video.srcObject = null;
    this.show(false);
  }

  async record() {
    const { turn, part } = this;
    part.record.disabled = true;
    for (const digit of [3, 2, 1]) {
      part.digit.textContent = part.progress.textContent = digit;
      await wait(COUNTDOWN);
      if (turn !== this.turn) return;
    }
    part.digit.textContent = "";
    const strip = new CameraStrip(part.video, this.frames, this.side, this.mirrored);
    const start = performance.now();
    for (let n = 0; n < this.frames; n += 1) {
      const due = (1000 * SECONDS * n) / (this.frames - 1);
      await wait(due - (performance.now() - start));
      if (turn !== this.turn) return;
      strip.add(n);
      part.progress.textContent = `Frame ${n + 1} of ${this.frames}`;
    }
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    this.close();
    this.taken(await strip.file(), strip.rule(seconds), this.kept);
  }
}

// Square frames side by side, cut out of the middle of what a video shows.
class CameraStrip {
  constructor(video, frames, side, mirrored) {
    const { videoWidth: width, videoHeight: height } = video;
    const cut = Math.min(width, height);
    const fits = Math.floor(MAX_WIDTH / (frames * side));
    const scale = Math.max(1, Math.min(MAX_SCALE, Math.floor(cut / side), fits));
    Object.assign(this, { video, frames, side, mirrored, width, height, cut });
    this.size = side * scale;
    this.canvas = make("canvas", "", { width: frames * this.size, height: this.size });
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.context.imageSmoothingQuality = "high";
  }

  add(n) {
    const { context, video, width, height, cut, size } = this;
    const [left, top] = [(width - cut) / 2, (height - cut) / 2];
    const sign = this.mirrored ? -1 : 1;
    context.setTransform(sign, 0, 0, 1, (n + (this.mirrored ? 1 : 0)) * size, 0);
    context.drawImage(video, left, top, cut, cut, 0, 0, size, size);
  }

  async file() {
    const blob = await new Promise((resolve) => this.canvas.toBlob(resolve, "image/png"));
    return new File([blob], "camera.png", { type: "image/png" });
  }

  // How the frames were taken, in words.
  rule(seconds) {
    const mirrored = this.mirrored ? ", mirrored" : "";
    return (
      `${this.frames} frames in ${seconds} seconds, the middle square of ` +
      `${this.width} x ${this.height}${mirrored}, as ${this.side} x ${this.side}.`
    );
  }
}

const stop = (stream) =>
  stream?.getTracks().forEach((track) => {
    track.stop();
  });

// {stream}, or {error: one sentence}.
async function openCamera() {
  const { mediaDevices } = navigator;
  if (!mediaDevices) return { error: noCamera(isSecureContext ? "Unsupported" : "Insecure") };
  try {
    const video = { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" };
    return { stream: await mediaDevices.getUserMedia({ audio: false, video }) };
  } catch ({ name }) {
    return { error: noCamera(name) };
  }
}

// Why there is no picture, by the name of the browser's error.
function noCamera(name) {
  const sentences = {
    Insecure:
      "The browser gives its camera to secure pages alone: open this one by https, or upload a " +
      "clip.",
    Unsupported: "This browser gives no page its camera: try another, or upload a clip.",
    NotAllowedError:
      "The camera was refused: allow it for this page, beside its address, or upload a clip.",
    NotFoundError: "There is no camera here: connect one, or upload a clip.",
    NotReadableError: "The camera is taken by another program: close that one and try again.",
  };
  return sentences[name] ?? "The camera does not start: try again, or upload a clip.";
}
