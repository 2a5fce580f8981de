// A place for a clip: an example, or a file of one's own.

const SLOT = `
  <header class="rw-head"><h2></h2><p data-part="about"></p>
    <button type="button" class="rw-button" data-part="pick">Upload</button>
    <input type="file" data-part="file" hidden
      accept="video/mp4,video/webm,video/quicktime,video/x-msvideo,.mkv,image/gif,image/png,image/jpeg,image/bmp">
  </header>
  <p class="rw-hint" data-part="why" hidden>This model has no encoder: it draws clips and cannot
    read one of yours.</p>
  <div class="rw-chooser" data-part="chooser" role="group"></div>
  <h3 class="rw-label" data-part="caption"></h3>
  <div class="rw-filmstrip rw-fed" data-part="fed"></div>`;

class Slot {
  // changed(): another clip is in `this.codes`; say(text): tells what went wrong.
  constructor(root, name, { boot, maxUpload, clock, sheet, encode, changed, say }) {
    Object.assign(this, { root, boot, maxUpload, encode, changed, say });
    Object.assign(this, { codes: null, about: "", turn: 0 });
    root.innerHTML = SLOT;
    this.part = parts(root);
    root.querySelector("h2").textContent = `Clip ${name}`;
    this.part.chooser.setAttribute("aria-label", `Examples for clip ${name}`);
    this.part.pick.setAttribute("aria-label", `Upload clip ${name}`);
    this.strip = new Filmstrip(this.part.fed, clock, boot.side);
    this.options = boot.clips.map((codes, row) => ({ codes, sheet, row }));
    this.mark = chooser(this.part.chooser, this.options, clock, boot.side, (o) => this.example(o));
    if (boot.encodes) this.acceptFiles();
    this.part.pick.disabled = !boot.encodes;
    this.part.why.hidden = boot.encodes;
  }

  // Whatever was asked for before is out of date: an upload still on its way is dropped.
  take({ codes, sheet, row }, about, caption) {
    this.turn += 1;
    Object.assign(this, { codes, about });
    this.part.about.textContent = about;
    this.part.caption.textContent = caption;
    this.strip.show(sheet, row, this.boot.frames);
    this.changed();
  }

  example(option) {
    const caption = "Its frames, as the model draws them";
    this.take(option, `example ${option.row + 1}`, caption);
  }

  choose(n) {
    this.mark(n);
    this.example(this.options[n]);
  }

  async upload(file) {
    if (!file) return;
    const { boot: { side }, maxUpload } = this;
    if (file.size > maxUpload) {
      this.say(`The file has ${megabytes(file.size)} MB: at most ${megabytes(maxUpload)} MB are ` +
        "allowed. Cut it or save it smaller.");
      return;
    }
    const turn = ++this.turn;
    this.part.about.textContent = "reading the file";
    const answer = await ask(() => this.encode(file));
    const sheet = answer.error ? null : await Sheet.load(answer.fed, side);
    if (turn !== this.turn) return;
    this.part.about.textContent = this.about;
    if (answer.error) {
      this.say(answer.error);
      return;
    }
    this.mark(-1);
    const clip = { codes: answer.clips[0], sheet, row: 0 };
    this.take(clip, file.name, "The very frames that the model was given");
  }

  // By the button, or dropped anywhere on the slot.
  acceptFiles() {
    const { root, part } = this;
    part.pick.addEventListener("click", () => part.file.click());
    part.file.addEventListener("change", () => {
      this.upload(part.file.files[0]);
      part.file.value = "";
    });
    const over = (on) => (event) => {
      event.preventDefault();
      event.stopPropagation();
      root.toggleAttribute("data-over", on);
    };
    root.addEventListener("dragover", over(true));
    root.addEventListener("dragleave", over(false));
    root.addEventListener("drop", over(false));
    root.addEventListener("drop", (event) => this.upload(event.dataTransfer.files[0]));
  }
}

const megabytes = (bytes) => (bytes / 2 ** 20).toFixed(1).replace(".0", "");
