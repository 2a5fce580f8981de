// The sheet of the Sheet tab, kept for this visit: it survives a reload.

import { packText, SpriteSheet, unpackText } from "./spritesheet.js";

const KEY = "rw-sheet";
const REST = 300; // ms without a change after which the sheet is kept

export class SheetDraft {
  // storage: such as sessionStorage; null where the browser gives none. rows: of the layout.
  constructor(storage, rows) {
    Object.assign(this, { storage, rows, timer: null });
  }

  // Keeps {sheet, body: the sheet of the body or null, and words: JSON values that come along}.
  keep(what) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.write(what), REST);
  }

  async write({ sheet, body, words }) {
    const kept = { sheet: await packed(sheet), body: body && (await packed(body)), words };
    try {
      this.storage?.setItem(KEY, JSON.stringify(kept));
    } catch {
      this.storage?.removeItem(KEY); // a full storage keeps nothing
    }
  }

  // What was kept, as it was given to `keep`, or null.
  async read() {
    try {
      const kept = JSON.parse(this.storage?.getItem(KEY) ?? "null");
      if (!kept) return null;
      const [sheet, body] = await Promise.all(
        [kept.sheet, kept.body].map((one) => one && unpacked(this.rows, one)),
      );
      return { sheet, body, words: kept.words };
    } catch {
      return null;
    }
  }
}

async function packed(sheet) {
  const { pictures, ...others } = sheet.snapshot();
  return { pictures: await Promise.all(pictures.map(packText)), ...others };
}

async function unpacked(rows, { pictures, ...others }) {
  const bytes = await Promise.all(pictures.map(unpackText));
  return SpriteSheet.restored(rows, { pictures: bytes, ...others });
}
