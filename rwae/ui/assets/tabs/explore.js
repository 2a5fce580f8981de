// The Explore tab: one clip, its two kinds of code, and what they decode to while they change.

import { sameRow, sameRows, sizesOf } from "../lib/codes.js";
import { Drafts, visitStorage } from "../lib/draft.js";
import { Editor } from "../lib/editor.js";
import { randomSeed } from "../lib/format.js";
import { clipLink, parseClipLink } from "../lib/link.js";
import { Locks } from "../lib/locks.js";
import {
  extend,
  freeze,
  pingPong,
  pingPongLength,
  reverse,
  smooth,
  withDynamic,
} from "../lib/motion.js";
import { PartialRendering } from "../lib/partial.js";
import { Pump } from "../lib/pump.js";
import { wholeFactor } from "../lib/scale.js";
import { ask, LONG_DEADLINE } from "../lib/server.js";
import { session } from "../lib/session.js";
import { Stills } from "../lib/stills.js";
import { shareAddress } from "../widgets/address.js";
import { exampleChooser, loadExamples } from "../widgets/chooser.js";
import {
  browserAnimation,
  fullScreen,
  inSight,
  messages,
  parts,
  switchPanels,
} from "../widgets/dom.js";
import { Draws } from "../widgets/draws.js";
import { listenToKeys } from "../widgets/keys.js";
import { motionPanels, whoPanels } from "../widgets/panels.js";
import { Clock, Difference, decoder, Filmstrip, transport, View } from "../widgets/player.js";
import { ClipReader } from "../widgets/reading.js";
import { SaveMenu } from "../widgets/takeaway.js";
import { acceptUploads } from "../widgets/upload.js";
import { Webcam } from "../widgets/webcam.js";
import { YourClip } from "../widgets/yourclip.js";
import { startWithModel } from "./tab.js";

const DRAFT_DELAY = 400; // milliseconds without a change, after which the clip is kept
const NO_CLIPS = "This page opens codes that were saved here, and no clips.";

// value: {maxUpload}, bytes.
export function start({ element, server, value }) {
  startWithModel({ element, server }, (context) => {
    new Explore(element, { ...context, ...value });
  });
}

class Explore {
  constructor(element, { model, server, signal, maxUpload }) {
    Object.assign(this, { model, server, signal, maxUpload, sizes: sizesOf(model.clips[0]) });
    Object.assign(this, { whoLists: [], motionLists: [] });
    this.part = parts(element);
    Object.assign(this, messages(this.part.message)); // say and fail
    this.drafts = new Drafts(visitStorage());
    this.buildStage();
    this.buildRendering();
    this.buildEditing();
    this.acceptClips();
    this.openFirst();
    this.buildPanels();
  }

  // What one sees.

  buildStage() {
    const { part, model } = this;
    const clock = new Clock(part.root, model.frames);
    this.clock = clock;
    this.original = new View(part.original, clock, model.side);
    this.edited = new View(part.edited, clock, model.side);
    this.difference = new Difference(part.difference, this.original, this.edited);
    this.strip = new Filmstrip(part.filmstrip, clock, model.side);
    transport(part.transport, clock);
    this.smallViews = [part.smalledited, part.smalloriginal].map(
      (canvas) => new View(canvas, clock, model.side),
    );
    new ResizeObserver(() => this.fit()).observe(part.stage);
    // The small player is there once the stage is above the window.
    new IntersectionObserver(([{ isIntersecting, boundingClientRect: box }]) => {
      part.small.toggleAttribute("data-shown", !isIntersecting && box.height > 0 && box.top < 0);
    }).observe(part.stage);
  }

  // Fills the stage: the edited clip, and two of about half its size beside it.
  fit() {
    const { side } = this.model;
    const room = this.part.stage.clientWidth;
    const small = wholeFactor(room / 3, side, 4);
    this.original.scale(small);
    this.difference.scale(small);
    this.edited.scale(wholeFactor(room - small * side, side, 8));
  }

  // Shows what is rendered.
  put() {
    const { sheet, row, shown } = this.rendering;
    if (this.clock.frames !== shown.length) this.clock.resize(shown.length);
    this.edited.show(sheet, row);
    this.smallViews[0].show(sheet, row);
    this.strip.show(sheet, row, shown.length);
    this.difference.draw();
  }

  // What the server is asked for.

  buildRendering() {
    const { part, model, clock } = this;
    this.decode = decoder(this.server, model, this.signal);
    // Wanted first: the frame that is shown, and the next while the clip plays.
    const framesInSight = () =>
      [clock.frame, (clock.frame + 1) % clock.frames].slice(0, clock.playing ? 2 : 1);
    const { decode } = this;
    this.rendering = new PartialRendering(decode, model.apart, framesInSight, decode.spare);
    this.pump = new Pump(
      (codes, exact) => this.rendering.ask(codes, exact),
      (answer, codes) => {
        const more = this.rendering.take(answer, codes);
        this.put();
        if (!answer.frames && !answer.local) {
          session.decodeTime.set((answer.ms / codes.dynamic.length) * model.frames);
        }
        return more;
      },
      (busy, error) => {
        part.stage.setAttribute("aria-busy", String(busy));
        if (error) this.fail(error);
        if (!busy && this.editor.codes) this.stills.ask(this.editor.codes);
      },
      { maxInFlight: 2, pace: this.decode.pace },
    );
    this.stills = new Stills(this.decode, () =>
      [...this.whoLists, ...this.motionLists].filter(({ root }) => inSight(root)),
    );
  }

  // What one changes.

  buildEditing() {
    const { part, server } = this;
    this.locks = new Locks();
    this.editor = new Editor((kind) => this.onChange(kind), {
      guard: (before, after) => this.locks.keep(before, after),
      animation: browserAnimation,
    });
    const fields = { who: part.seedwho, motion: part.seedmotion };
    const glideTo = (call, use) => this.glideTo(call, use);
    this.draws = new Draws(fields, server, this.editor, glideTo, this.model.seeds);
    part.longer.hidden = !server.extend_codes;
    const whoRoots = [part.whonamed, part.whomain, part.whoall];
    switchPanels(part.whoswitch, whoRoots, () => this.showOtherList());
    switchPanels(part.motionswitch, [part.motionmain, part.motionall], () => this.refresh());
    this.connectButtons();
    this.saveMenu = new SaveMenu(part.takeaway, {
      dropArea: part.root,
      otherFile: (file) => (this.yours ? this.yours.take(file) : this.fail(NO_CLIPS)),
      message: part.message,
      model: this.model,
      server,
      codes: () => this.settledCodes(),
      fps: () => this.clock.fps,
      palette: () => this.colours,
      open: (clip) => session.opened.set(clip),
    });
  }

  connectButtons() {
    const { part, editor, clock, draws } = this;
    const edits = {
      reset: () => editor.original,
      resetwho: (codes) => ({ ...codes, static: editor.original.static }),
      resetmotion: (codes) => withDynamic(codes, editor.original.dynamic),
      freeze: (codes) => freeze(codes, clock.frame),
      reverse,
      smooth,
    };
    const actions = {
      undo: () => editor.undo(),
      redo: () => editor.redo(),
      pingpong: () => this.pingPong(),
      randomwho: () => draws.who(),
      randommotion: () => draws.motion(),
      randomboth: () => draws.both(),
      longer: () => this.makeLonger(),
      link: () => this.copyLink(),
      fullscreen: fullScreen(part.root, this.signal, (full) => {
        part.fullscreen.setAttribute("aria-pressed", String(full));
        part.fullscreen.textContent = full ? "Leave" : "Full screen";
      }),
    };
    Object.entries(edits).forEach(([name, edit]) => {
      actions[name] = () => editor.change(edit);
    });
    Object.entries(actions).forEach(([name, action]) => {
      part[name].addEventListener("click", action);
    });
    listenToKeys(part.root, this.signal, {
      undo: actions.undo,
      redo: actions.redo,
      play: () => clock.play(!clock.playing),
      back: () => clock.seek(clock.frame - 1),
      on: () => clock.seek(clock.frame + 1),
    });
  }

  onChange(kind) {
    const { part, editor } = this;
    const { codes, original } = editor;
    if (this.signal.aborted) return; // a hand that still drags what is no longer there
    // At once: the server works while the page is painted.
    if (kind === "changed") this.pump.push(codes);
    this.refresh();
    session.shown.set("explore", codes);
    this.keepDraft();
    part.undo.disabled = !editor.past.length;
    part.redo.disabled = !editor.future.length;
    part.reset.disabled = !editor.dirty;
    part.resetwho.disabled = sameRow(codes.static, original.static);
    part.resetmotion.disabled = sameRows(codes.dynamic, original.dynamic);
    this.say("");
  }

  // The clip moves at once. The directions come with the first model; the first visitor of another
  // waits for them.
  async buildPanels() {
    const { part, model, sizes, editor, clock, locks } = this;
    const found =
      model.directions ?? (await ask(() => this.server.find_directions(), LONG_DEADLINE));
    if (this.signal.aborted) return;
    if (found.error) {
      part.whomain.textContent = part.motionmain.textContent = "";
      this.fail(found.error);
      return;
    }
    model.directions = found;
    const refresh = () => this.refresh();
    this.whoLists = whoPanels(part, model, sizes, editor, () => this.showOtherList());
    this.motionLists = motionPanels(part, model, sizes, editor, clock, locks, refresh);
    if (!editor.codes) return;
    this.refresh();
    this.stills.ask(editor.codes, 0);
  }

  showOtherList() {
    this.refresh();
    this.stills.ask(this.editor.codes, 0);
  }

  // A hidden list waits until it is shown.
  refresh() {
    const { codes, original } = this.editor;
    const visible = ({ root }) => inSight(root);
    this.whoLists.filter(visible).forEach((list) => {
      list.show(codes.static, original.static);
    });
    this.motionLists.filter(visible).forEach((list) => {
      list.show(codes.dynamic, original.dynamic);
    });
  }

  // Glides to what `use` makes of the codes on the page and of the first clip that the server
  // answers. An answer that comes when another clip is open is dropped.
  async glideTo(call, use) {
    const { original } = this.editor;
    const answer = await ask(call);
    if (this.editor.original !== original) return;
    if (answer.error) this.fail(answer.error);
    else this.editor.glide((codes) => use(codes, answer.clips[0]));
  }

  // Forward and back, unless the clip would become longer than the server takes.
  pingPong() {
    const { longest } = this.model;
    const frames = this.editor.codes.dynamic.length;
    const length = pingPongLength(frames);
    if (length > longest) {
      this.fail(
        `Forward and back, this clip would have ${length} frames: ${longest} are the most.`,
      );
      return;
    }
    this.editor.change(pingPong);
    this.say(
      length === frames
        ? `A clip of ${frames} frames goes forward and back already.`
        : `Forward, then back: ${frames} frames became ${length}.`,
    );
  }

  makeLonger() {
    const request = { clip: this.editor.codes, frames: this.model.frames, seed: randomSeed() };
    return this.glideTo(() => this.server.extend_codes(request), extend);
  }

  // What leaves the page is never in the middle of a glide.
  settledCodes() {
    this.editor.settle();
    return this.editor.codes;
  }

  // An opened clip comes with pictures of the codes before they were rounded: what a link shows is
  // what the page then shows as well.
  async copyLink() {
    const codes = this.settledCodes();
    this.pump.push(codes, true);
    this.say(await shareAddress(this.model.name, clipLink(this.model, codes)));
  }

  // A clip of the visitor, by any way, where somebody encodes it; codes are opened by the Save menu.
  acceptClips() {
    const { part, model, server, signal, clock, maxUpload, say, fail } = this;
    part.film.hidden = part.pick.hidden = part.drophint.hidden = !server.encode_clip;
    if (!server.encode_clip) return;
    const take = (file) => this.saveMenu.open(file);
    const reader = new ClipReader(model, server, signal);
    if (model.encodes) reader.tell(part.pick);
    this.yours = new YourClip(part.yours, {
      ...{ model, server, reader, signal, clock, maxUpload, say, fail },
      open: (clip) => session.opened.set(clip),
      pick: () => part.pick.click(),
    });
    acceptUploads({
      ...{ area: part.root, mark: null, button: part.pick, signal, take },
      takesPaste: () => true,
    });
    part.film.disabled = part.pick.disabled = part.drophint.hidden = !model.encodes;
    if (!model.encodes) return;
    const camera = new Webcam(part.camera, model, signal, {
      ...{ say, fail },
      shown: (open) => {
        part.chooser.hidden = open;
        part.film.setAttribute("aria-pressed", String(open));
      },
      keeps: () => reader.keeps(),
      taken: (file, _, kept) => this.yours.take(file, {}, kept),
    });
    part.film.addEventListener("click", () => camera.toggle());
  }

  // Which clip: an example, one from another tab, or the one that the address holds.

  async openFirst() {
    const { part, model, clock } = this;
    const { examples, error } = await loadExamples(model);
    document.getElementById("rw-first")?.remove(); // see rwae/ui/first_clip.py
    if (this.signal.aborted) return;
    if (error) {
      this.fail(error);
      return;
    }
    const open = (clip) => this.open(clip);
    const mark = exampleChooser(part.chooser, examples, clock, model.side, open);
    const openOther = (clip) => {
      mark(-1);
      this.open(clip);
    };
    session.opened.watch(openOther, this.signal);
    this.open(examples[0]);
    mark(0);
    if (model.clip) openOther(model.clip);
    else if (location.hash.includes("=")) this.openLink(openOther);
    else this.openDraft(openOther);
    this.yours?.begin(examples[0]);
  }

  open(clip) {
    this.colours = clip.palette ?? null; // of the clip that was given
    this.pump.cancel();
    // Of a visitor's clip the original is what was given, and not what the model makes of it.
    this.original.show(clip.given ?? clip.sheet, clip.given ? 0 : clip.row);
    this.smallViews[1].show(clip.given ?? clip.sheet, clip.given ? 0 : clip.row);
    this.rendering.keep(clip.codes, clip.sheet, clip.row);
    this.put();
    this.draws.forget();
    this.editor.open(clip);
    this.stills.ask(this.editor.codes, 0);
  }

  // What was changed in this visit outlives a reload and a change of model.

  keepDraft() {
    clearTimeout(this.draftTimer);
    this.draftTimer = setTimeout(() => this.drafts.keep(this.model, this.editor), DRAFT_DELAY);
  }

  async openDraft(open) {
    const draft = this.drafts.read(this.model);
    if (!draft) return;
    const before = this.editor.original;
    const answer = await ask(() => this.decode([draft.original], true));
    // Another clip may have been opened meanwhile.
    if (answer.error || this.signal.aborted || this.editor.original !== before) return;
    open({ codes: draft.original, sheet: answer.sheet, row: 0 });
    this.editor.change(() => draft.codes);
    this.say("Your changes to this clip are back. Reset brings the original.");
  }

  async openLink(open) {
    const { model, sizes } = this;
    const { codes, error } = model.linked ? parseClipLink(location.hash, model, sizes) : {};
    if (error) this.fail(error);
    if (!codes) return;
    const answer = await ask(() => this.decode([codes], true));
    if (this.signal.aborted) return;
    if (answer.error) this.fail(answer.error);
    else open({ codes, sheet: answer.sheet, row: 0 });
  }
}
