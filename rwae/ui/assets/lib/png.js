// Pictures as PNG, and moving ones as APNG (https://www.w3.org/TR/png-3/).

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const RGB = 2; // the colour type of a pixel of three bytes
const UP = 2; // the filter of a row: the difference from the row above

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit += 1)
    value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

export const crc32 = (bytes) =>
  ~bytes.reduce((crc, byte) => CRC_TABLE[(crc ^ byte) & 255] ^ (crc >>> 8), 0xffffffff) >>> 0;

function join(parts) {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let place = 0;
  for (const part of parts) {
    all.set(part, place);
    place += part.length;
  }
  return all;
}

// Whole numbers, each with so many bytes, the highest first.
const numbers = (...pairs) =>
  Uint8Array.from(
    pairs.flatMap(([value, size]) =>
      Array.from({ length: size }, (_, n) => (value >>> (8 * (size - 1 - n))) & 255),
    ),
  );

function chunk(type, ...parts) {
  const body = join([new TextEncoder().encode(type), ...parts]);
  return join([numbers([body.length - 4, 4]), body, numbers([crc32(body), 4])]);
}

async function deflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// The filtered rows of RGBA bytes, without the alpha.
function rowsOf(pixels, width, height) {
  const size = 1 + 3 * width;
  const rows = new Uint8Array(height * size);
  for (let y = 0; y < height; y += 1) {
    rows[y * size] = UP;
    for (let x = 0; x < width; x += 1) {
      const from = 4 * (y * width + x);
      for (let c = 0; c < 3; c += 1) {
        const above = y ? pixels[from - 4 * width + c] : 0;
        rows[y * size + 1 + 3 * x + c] = pixels[from + c] - above;
      }
    }
  }
  return rows;
}

// A file of frames, each RGBA bytes of the same size, of which the alpha is left out. Several of
// them loop, `fps` in a second.
export async function encodePng(frames, width, height, fps = 1) {
  const parts = [
    Uint8Array.from(SIGNATURE),
    chunk("IHDR", numbers([width, 4], [height, 4], [8, 1], [RGB, 1], [0, 3])),
  ];
  if (frames.length > 1) parts.push(chunk("acTL", numbers([frames.length, 4], [0, 4])));
  let serial = 0;
  for (const [n, frame] of frames.entries()) {
    const data = await deflate(rowsOf(frame, width, height));
    if (frames.length > 1) {
      const place = numbers([serial, 4], [width, 4], [height, 4], [0, 8]);
      parts.push(chunk("fcTL", place, numbers([1, 2], [fps, 2], [0, 2])));
      serial += 1;
    }
    if (n === 0) parts.push(chunk("IDAT", data));
    else {
      parts.push(chunk("fdAT", numbers([serial, 4]), data));
      serial += 1;
    }
  }
  return join([...parts, chunk("IEND")]);
}

// RGBA bytes, each pixel as a square of factor x factor.
export function enlarge({ pixels, width, height }, factor) {
  const source = new Uint32Array(pixels.buffer, pixels.byteOffset, width * height);
  const wide = factor * width;
  const target = new Uint32Array(wide * factor * height);
  for (let y = 0; y < factor * height; y += 1) {
    const row = Math.floor(y / factor) * width;
    for (let x = 0; x < wide; x += 1) target[y * wide + x] = source[row + Math.floor(x / factor)];
  }
  const bytes = new Uint8ClampedArray(target.buffer);
  return { pixels: bytes, width: wide, height: factor * height };
}
