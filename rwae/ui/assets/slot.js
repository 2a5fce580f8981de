// A place for a clip: an example, a file of one's own, the camera, or the clip of Explore.

const SLOT = `
  <header class="rw-head"><h2></h2><p data-part="about"></p>
    <div class="rw-sources">
      <button type="button" class="rw-button" data-part="pick">Upload</button>
      <button type="button" class="rw-button" data-part="film">Camera</button>
      <button type="button" class="rw-button" data-part="explored">From Explore</button>
    </div>
    <input type="file" data-part="file" hidden
      accept="video/mp4,video/webm,video/quicktime,video/x-msvideo,.mkv,image/gif,image/png,image/webp,image/jpeg,image/bmp">
  </header>
  <p class="rw-hint" data-part="why" hidden>This model has no encoder: it draws clips and cannot
    read one of yours.</p>
  <div class="rw-chooser" data-part="chooser" role="group"></div>
  <div class="rw-camera" data-part="camera" hidden></div>
  <p class="rw-message" role="status" data-part="told"></p>
  <h3 class="rw-label" data-part="caption"></h3>
  <div class="rw-filmstrip rw-fed" data-part="fed"></div>
  <p class="rw-hint rw-rule" data-part="rule"></p>`;

const DRAWN = "Its frames, as the model draws them";
const GIVEN = "The very frames that the model was given";

class Slot {
  // changed(): another clip is held.
  constructor(root, name, { boot, life, maxUpload, clock, sheet, encode, decoded, changed }) {
    Object.assign(this, { root, boot, maxUpload, encode, decoded, changed, held: null, turn: 0 });
    root.innerHTML = SLOT;
    const part = (this.part = parts(root));
    Object.assign(this, messages(part.told)); // say and fail
    root.querySelector("h2").textContent = `Clip ${name}`;
    part.chooser.setAttribute("aria-label", `Examples for clip ${name}`);
    part.pick.setAttribute("aria-label", `Upload clip ${name}`);
    part.film.setAttribute("aria-label", `Film clip ${name} with the camera`);
    part.explored.setAttribute("aria-label", `Use the clip from Explore as clip ${name}`);
    this.strip = new Filmstrip(part.fed, clock, boot.side);
    this.options = boot.clips.map((codes, row) => ({ codes, sheet, row }));
    this.mark = chooser(part.chooser, this.options, clock, boot.side,
      ({ row }) => this.take(this.example(row)));
    part.explored.addEventListener("click", () => this.takeExplored());
    part.pick.disabled = part.film.disabled = !boot.encodes;
    part.why.hidden = boot.encodes;
    if (!boot.encodes) return;
    this.acceptFiles();
    this.acceptCamera(life);
  }

  // Shows what a slot holds: {clip: {codes, sheet, row}, about, caption, rule, example}. Whatever
  // was asked for before is out of date: an upload still on its way is dropped.
  hold(held) {
    this.turn += 1;
    this.held = held;
    this.camera?.close();
    this.say("");
    ["about", "caption", "rule"].forEach((text) => {
      this.part[text].textContent = held[text] ?? "";
    });
    this.strip.show(held.clip.sheet, held.clip.row, this.boot.frames);
    this.mark(held.example ?? -1);
  }

  take(held) {
    this.hold(held);
    this.changed();
  }

  example(n) {
    return { clip: this.options[n], about: `example ${n + 1}`, caption: DRAWN, example: n };
  }

  // Holds what `work` resolves to, unless another choice or an error comes first.
  async receive(words, work) {
    const turn = ++this.turn;
    this.say("");
    this.part.about.textContent = words;
    const held = await work();
    if (turn !== this.turn) return;
    this.part.about.textContent = this.held.about;
    if (held.error) this.fail(held.error);
    else this.take(held);
  }

  async encoded(file, about, rule) {
    const answer = await ask(() => this.encode(file));
    if (answer.error) return answer;
    const sheet = await Sheet.load(answer.fed, this.boot.side);
    const clip = { codes: answer.clips[0], sheet, row: 0 };
    return { clip, about, caption: GIVEN, rule: rule ?? answer.rule };
  }

  upload(file) {
    if (!file) return;
    if (file.size > this.maxUpload) {
      this.fail(`The file has ${megabytes(file.size)} MB: at most ${megabytes(this.maxUpload)} MB ` +
        "are allowed. Cut it or save it smaller.");
      return;
    }
    this.receive("reading the file", () => this.encoded(file, file.name));
  }

  // The clip of Explore as it is now, with all that was changed in it.
  takeExplored() {
    const { codes, frames, error } = exploredCodes(this.boot);
    if (error) {
      this.fail(error);
      return;
    }
    const rule = frames > this.boot.frames
      ? `The first ${this.boot.frames} of its ${frames} frames.` : "";
    this.receive("fetching the clip", async () => {
      const answer = await ask(() => this.decoded([codes], true));
      if (answer.error) return answer;
      const clip = { codes, sheet: answer.sheet, row: 0 };
      return { clip, about: "Explore", caption: DRAWN, rule };
    });
  }

  acceptCamera(life) {
    const { part, boot } = this;
    this.camera = new Webcam(part.camera, boot, life, {
      say: this.say,
      fail: this.fail,
      shown: (open) => {
        part.chooser.hidden = open;
        part.film.setAttribute("aria-pressed", String(open));
      },
      taken: (file, rule) =>
        this.receive("reading the frames", () => this.encoded(file, "camera", rule)),
    });
    part.film.addEventListener("click", () => this.camera.toggle());
  }

  // By the button, or dropped anywhere on the slot.
  acceptFiles() {
    const { root, part } = this;
    part.pick.addEventListener("click", () => part.file.click());
    part.file.addEventListener("change", () => {
      this.upload(part.file.files[0]);
      part.file.value = "";
    });
    whenDropped(root, root, (file) => this.upload(file));
  }
}

const megabytes = (bytes) => (bytes / 2 ** 20).toFixed(1).replace(".0", "");
