// The camera as a source of a clip. The page takes the frames itself and sends them as one exact
// picture: no video is recorded, and the camera is off as soon as the last frame is taken.

const FILMED = 2; // seconds in which a clip is taken

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

const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

class Webcam {
  // shown(open): the preview came or went; taken(file, rule): an image strip of the frames, and
  // how they were taken, in words; say(text) and fail(text): how it goes.
  constructor(root, { frames, side }, life, { shown, taken, say, fail }) {
    Object.assign(this, { root, side, shown, taken, say, fail });
    Object.assign(this, { stream: null, turn: 0, open: false });
    this.frames = Math.max(2, frames); // the shortest strip that the server reads
    root.innerHTML = CAMERA;
    this.part = parts(root);
    this.part.plan.textContent =
      `${this.frames} frames over ${FILMED} seconds, the middle square, like a mirror.`;
    this.part.record.addEventListener("click", () => this.record());
    this.part.cancel.addEventListener("click", () => this.close());
    root.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    // Out of sight is off: another tab of the page, or another page.
    new ResizeObserver(() => root.offsetParent === null && this.close()).observe(root);
    const leave = () => document.hidden && this.close();
    document.addEventListener("visibilitychange", leave, { signal: life });
    life.addEventListener("abort", () => this.close());
  }

  toggle() {
    if (this.open) this.close();
    else this.start();
  }

  async start() {
    const turn = ++this.turn;
    Webcam.current?.close();
    Webcam.current = this;
    this.say("");
    this.show(true);
    const { stream, error } = await this.ask();
    if (turn !== this.turn) { // cancelled while the browser asked for permission
      off(stream);
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

  async ask() {
    const { mediaDevices } = navigator;
    if (!mediaDevices) return { error: noCamera(isSecureContext ? "Unsupported" : "Insecure") };
    try {
      const video = { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" };
      return { stream: await mediaDevices.getUserMedia({ audio: false, video }) };
    } catch ({ name }) {
      return { error: noCamera(name) };
    }
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
    off(this.stream);
    this.stream = this.part.video.srcObject = null;
    this.show(false);
  }

  async record() {
    const turn = this.turn;
    const { part } = this;
    part.record.disabled = true;
    for (const digit of [3, 2, 1]) {
      part.digit.textContent = part.progress.textContent = digit;
      await wait(700);
      if (turn !== this.turn) return;
    }
    part.digit.textContent = "";
    const strip = new Strip(part.video, this.frames, this.side, this.mirrored);
    const start = performance.now();
    for (let n = 0; n < this.frames; n += 1) {
      const due = (1000 * FILMED * n) / (this.frames - 1);
      await wait(due - (performance.now() - start));
      if (turn !== this.turn) return;
      strip.add(n);
      part.progress.textContent = `Frame ${n + 1} of ${this.frames}`;
    }
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    this.close();
    this.taken(await strip.file(), strip.rule(seconds));
  }
}

const off = (stream) => stream?.getTracks().forEach((track) => track.stop());

// Why there is no picture, by the name of the browser's error.
function noCamera(name) {
  const sentences = {
    Insecure: "The browser gives its camera to secure pages alone: open this one by https, " +
      "or upload a clip.",
    Unsupported: "This browser gives no page its camera: try another, or upload a clip.",
    NotAllowedError: "The camera was refused: allow it for this page, beside its address, " +
      "or upload a clip.",
    NotFoundError: "There is no camera here: connect one, or upload a clip.",
    NotReadableError: "The camera is taken by another program: close that one and try again.",
  };
  return sentences[name] ?? "The camera does not start: try again, or upload a clip.";
}
