// By which factor frames are enlarged, so that their pixels stay even.

export const FINE_SIDE = 128; // pixels: frames from here on are shown as photographs, at any factor
const SMALL_TILE = 96; // pixels: tiles below this are worth more room than even pixels

// The largest factor up to `max` that fits into `room` pixels and enlarges a pixel to a whole
// number of device pixels; at least one device pixel each. `density` is the number of device
// pixels in a pixel of the page.
export function wholeFactor(room, side, max, density = globalThis.devicePixelRatio || 1) {
  if (side >= FINE_SIDE) return Math.min(max, Math.max(0, room / side));
  return Math.min(max, Math.max(1, Math.floor((room / side) * density)) / density);
}

// The same, but never more than the room, and where whole factors would leave much of it empty to
// small tiles, as on a phone, any factor.
export function fittingFactor(room, side, max, density) {
  const whole = wholeFactor(room, side, max, density);
  const exact = Math.min(max, room / side);
  const wasteful = whole * side < SMALL_TILE && whole < 0.75 * exact;
  return whole > exact || wasteful ? exact : whole;
}

// Whether all enlarged pixels are equally wide: if not, they are smoothed instead.
export function isEven(factor, density = globalThis.devicePixelRatio || 1) {
  return Math.abs(((factor * density + 0.5) % 1) - 0.5) < 0.01;
}
