// The clip that is being edited, kept for this visit: it survives a reload and a change of model.

import { CODE_LIMIT, sizesOf } from "./codes.js";

const MAX_FRAMES = 64;

const keyOf = ({ name, weights }) => `rw-draft ${name} ${weights}`;

const fits = (codes, sizes) =>
  Array.isArray(codes?.static) &&
  Array.isArray(codes.dynamic) &&
  codes.dynamic.length >= 1 &&
  codes.dynamic.length <= MAX_FRAMES &&
  [codes.static, ...codes.dynamic].every(
    (row, n) =>
      Array.isArray(row) &&
      row.length === (n ? sizes.dynamic : sizes.static) &&
      row.every((value) => Math.abs(value) <= CODE_LIMIT),
  );

export class Drafts {
  // storage: such as sessionStorage; null where the browser gives none.
  constructor(storage) {
    this.storage = storage;
  }

  // Keeps what an `Editor` holds; a clip without changes is forgotten.
  keep(model, { original, codes, dirty }) {
    try {
      if (dirty) this.storage?.setItem(keyOf(model), JSON.stringify({ original, codes }));
      else this.storage?.removeItem(keyOf(model));
    } catch {
      // A full or forbidden storage keeps nothing.
    }
  }

  // {original, codes} of a model, or null.
  read(model) {
    try {
      const found = JSON.parse(this.storage?.getItem(keyOf(model)) ?? "null");
      const sizes = sizesOf(model.clips[0]);
      return found && fits(found.original, sizes) && fits(found.codes, sizes) ? found : null;
    } catch {
      return null;
    }
  }
}

// The storage of a visit, or null: a frame without the right to it throws.
export function visitStorage() {
  try {
    return globalThis.sessionStorage ?? null;
  } catch {
    return null;
  }
}
