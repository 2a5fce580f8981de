// The Sample tab: sixteen clips from the priors, with one seed for who and one for the motion.

import { parseSeed, randomSeed } from "../lib/format.js";
import { DEFAULT_RECIPE, parseSampleLink, sampleLink } from "../lib/link.js";
import { Pump } from "../lib/pump.js";
import { session } from "../lib/session.js";
import { shareAddress } from "../widgets/address.js";
import { clipTile, fitGrid } from "../widgets/chooser.js";
import { fillTrack, messages, parts } from "../widgets/dom.js";
import { Clock, decoder, transport } from "../widgets/player.js";
import { SaveMenu } from "../widgets/takeaway.js";
import { startWithModel } from "./tab.js";

const MAX_CLIPS = 16;
const COLUMNS = 4;
const MAX_FACTOR = 3; // by which frames are enlarged
const DOES_NOT_FIT =
  "The link holds settings that this model does not have: you see the first sheet instead.";

let lastRecipe = DEFAULT_RECIPE; // stays when another model is chosen

// trigger("explore") opens the Explore tab.
export function start({ element, server, trigger }) {
  startWithModel({ element, server }, (context) => new Sample(element, { ...context, trigger }));
}

class Sample {
  constructor(element, { model, server, signal, trigger }) {
    Object.assign(this, { model, server, trigger, shown: null });
    const part = parts(element);
    this.part = part;
    Object.assign(this, messages(part.message)); // say and fail
    this.clips = Math.min(MAX_CLIPS, Math.floor(model.most / model.frames));
    this.clock = new Clock(part.root, model.frames);
    this.decode = decoder(server, model, signal);
    this.views = Array.from({ length: this.clips }, (_, row) => this.tile(row));
    this.pump = new Pump(
      (recipe) => this.draw(recipe),
      (answer) => this.show(answer),
      (busy, error) => {
        part.stage.setAttribute("aria-busy", String(busy));
        if (error) this.fail(error);
      },
    );
    this.connectControls();
    new SaveMenu(part.takeaway, {
      message: part.message,
      model,
      server,
      fps: () => this.clock.fps,
      grid: () => ({ clips: this.shown.clips, columns: COLUMNS }),
    });
    this.offerActions();
    transport(part.transport, this.clock);
    fitGrid(part.grid, this.views, COLUMNS, model.side, MAX_FACTOR);
    this.openLinked();
  }

  tile(row) {
    const label = `Sample ${row + 1}: open in Explore`;
    const open = () => this.openInExplore(row);
    const { tile, view } = clipTile(label, this.clock, this.model.side, open);
    this.part.grid.append(tile);
    return view;
  }

  openInExplore(row) {
    if (!this.shown) return;
    session.opened.set({ codes: this.shown.clips[row], sheet: this.shown.sheet, row });
    this.trigger("explore");
  }

  show(answer) {
    this.shown = answer;
    session.shown.set("sample", answer.clips);
    this.views.forEach((view, row) => {
      view.show(answer.sheet, row);
    });
  }

  // Draws both kinds of code, each from its own seed, and joins them.
  async draw({ whoSeed, motionSeed, oneWho, oneMotion, temperature, action }) {
    const request = { clips: this.clips, frames: this.model.frames, temperature, action };
    const draw = (seed) => this.server.sample_codes({ seed, ...request });
    const [whos, motions] = await Promise.all([draw(whoSeed), draw(motionSeed)]);
    if (whos.error || motions.error) return { error: whos.error ?? motions.error };
    const clips = whos.clips.map((_, n) => ({
      static: whos.clips[oneWho ? 0 : n].static,
      dynamic: motions.clips[oneMotion ? 0 : n].dynamic,
    }));
    return { clips, ...(await this.decode(clips, true)) };
  }

  // From the controls to a recipe and back.

  connectControls() {
    const { part } = this;
    const redraw = (button, ...seeds) =>
      button.addEventListener("click", () => {
        seeds.forEach((seed) => {
          seed.value = randomSeed();
        });
        this.refresh();
      });
    redraw(part.newwho, part.whoseed);
    redraw(part.newmotion, part.motionseed);
    redraw(part.both, part.whoseed, part.motionseed);
    const inputs = [part.whoseed, part.motionseed, part.onewho, part.onemotion, part.action];
    inputs.forEach((input) => {
      input.addEventListener("change", () => this.refresh());
    });
    part.temperature.addEventListener("input", () => this.refresh());
    part.link.addEventListener("click", async () =>
      this.say(await shareAddress(this.model.name, sampleLink(lastRecipe))),
    );
  }

  // A weakly supervised model tells its actions apart by number alone; people count from one.
  offerActions() {
    const { part, model } = this;
    part.actionrow.hidden = !model.actions;
    part.action.append(new Option("any", ""));
    for (let n = 0; n < model.actions; n += 1) part.action.append(new Option(n + 1, n));
  }

  read() {
    const { part } = this;
    return {
      whoSeed: parseSeed(part.whoseed.value),
      motionSeed: parseSeed(part.motionseed.value),
      oneWho: part.onewho.checked,
      oneMotion: part.onemotion.checked,
      temperature: Number(part.temperature.value),
      action: part.action.value ? Number(part.action.value) : null,
    };
  }

  put({ whoSeed, motionSeed, oneWho, oneMotion, temperature, action }) {
    const { part } = this;
    part.whoseed.value = whoSeed;
    part.motionseed.value = motionSeed;
    part.onewho.checked = oneWho;
    part.onemotion.checked = oneMotion;
    part.temperature.value = temperature;
    part.action.value = action !== null && action < this.model.actions ? action : "";
    this.refresh();
  }

  refresh() {
    const { part } = this;
    lastRecipe = this.read();
    part.whoseed.value = lastRecipe.whoSeed; // a seed that cannot be used is replaced in sight
    part.motionseed.value = lastRecipe.motionSeed;
    part.temperaturevalue.textContent = lastRecipe.temperature.toFixed(2);
    fillTrack(part.temperature);
    this.say("");
    this.pump.push(lastRecipe, true);
  }

  // An address with a recipe counts for the model that it names.
  openLinked() {
    const { linked, actions } = this.model;
    const recipe = linked ? parseSampleLink(location.hash, actions) : null;
    this.put(recipe ?? lastRecipe);
    if (recipe === undefined) this.fail(DOES_NOT_FIT);
  }
}
