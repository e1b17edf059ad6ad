// @ts-check
/**
 * From a picture of any size to a grey one of the size that is trained on, as the trainer does (`crates/data/src/framing.rs`): the middle
 * is cut out, then scaled by averaging. Grey is 0.299 red + 0.587 green + 0.114 blue, in the whole numbers that Pillow has.
 */

const { fround } = Math;
/** Rows and columns. */
export const SIDE = 28;
/** Ink from this grey on is light. */
const LIGHT = 128;
/** What is left of a drawing whose ink is as its ground: no pixel differs from another by more. */
const LOST = 16;
/** Mean grey of the edge from which a ground is bright. */
const BRIGHT = 192;

/**
 * @typedef {object} Framed
 * @property {Uint8Array} black [SIDE, SIDE], as it looks on black.
 * @property {Uint8Array} [white] As it looks on white, if one can see through it somewhere.
 * @property {number} ink Mean grey of what is not transparent.
 */

/** The grey of a colour. */
export function greyOf(/** @type {number} */ red, /** @type {number} */ green, /** @type {number} */ blue) {
  return (19595 * red + 38470 * green + 7471 * blue + 0x8000) >>> 16;
}

/** A channel of which `alpha` of 255 is seen over `ground`, to nearest. */
const over = (/** @type {number} */ channel, /** @type {number} */ alpha, /** @type {number} */ ground) =>
  Math.floor((channel * alpha + ground * (255 - alpha) + 127) / 255);

/**
 * @param {Uint8ClampedArray} rgba [height, width, 4], the colours not multiplied by their opacity.
 * @param {number} width
 * @param {number} height
 * @param {number} [side]
 * @returns {Framed}
 */
export function frame(rgba, width, height, side = SIDE) {
  const cut = Math.min(width, height);
  const [left, top] = [(width - cut) >> 1, (height - cut) >> 1];
  const [black, white] = [new Uint8Array(cut * cut), new Uint8Array(cut * cut)];
  let [ink, opacity] = [0, 0];
  // The ink is of the whole picture, also of what is cut off.
  for (let y = 0; y < height; y++) {
    const row = y - top;
    for (let x = 0; x < width; x++) {
      const at = 4 * (y * width + x);
      const [grey, alpha] = [greyOf(rgba[at], rgba[at + 1], rgba[at + 2]), rgba[at + 3]];
      ink += grey * alpha;
      opacity += alpha;
      const column = x - left;
      if (row < 0 || row >= cut || column < 0 || column >= cut) continue;
      black[row * cut + column] = over(grey, alpha, 0);
      white[row * cut + column] = over(grey, alpha, 255);
    }
  }
  const isClear = opacity < 255 * width * height;
  return { black: scaled(black, cut, side), white: isClear ? scaled(white, cut, side) : undefined, ink: opacity ? Math.floor(ink / opacity) : 0 };
}

/**
 * A square by a triangle filter as wide as the reduction, which averages over all of what becomes one pixel. In single precision, as the
 * trainer computes it: to the byte the same.
 * @param {Uint8Array} bytes @param {number} from @param {number} to
 */
function scaled(bytes, from, to) {
  if (from === to) return bytes;
  const taps = tapsOf(from, to);
  const between = new Float32Array(to * from);
  taps.forEach(({ first, weights }, y) => {
    weights.forEach((weight, i) => {
      const row = (first + i) * from;
      for (let x = 0; x < from; x++) between[y * from + x] += fround(weight * bytes[row + x]);
    });
  });
  const result = new Uint8Array(to * to);
  for (let y = 0; y < to; y++) {
    taps.forEach(({ first, weights }, x) => {
      const sum = weights.reduce((sum, weight, i) => fround(sum + fround(weight * between[y * from + first + i])), 0);
      result[y * to + x] = Math.min(255, Math.max(0, Math.round(sum)));
    });
  }
  return result;
}

/** For each pixel of a row of `to` which of the `from` it is made of, and how much of each. */
function tapsOf(/** @type {number} */ from, /** @type {number} */ to) {
  const ratio = fround(from / to);
  const reach = Math.max(1, ratio);
  return Array.from({ length: to }, (_, place) => {
    const centre = fround((place + 0.5) * ratio);
    const first = Math.min(from - 1, Math.max(0, Math.floor(fround(centre - reach))));
    const end = Math.min(from, Math.max(first + 1, Math.ceil(fround(centre + reach))));
    const weights = Array.from({ length: end - first }, (_, i) => Math.max(0, fround(1 - Math.abs(fround(fround(first + i - fround(centre - 0.5)) / reach)))));
    const sum = weights.reduce((sum, weight) => fround(sum + weight), 0);
    return { first, weights: weights.map((weight) => fround(weight / sum)) };
  });
}

/**
 * Pictures one after another. What is transparent is put on black where most of the ink is light, and on white where most is dark;
 * single ones that would be lost so are put on the other.
 * @param {readonly Framed[]} framed
 */
export function onAGround(framed) {
  const clear = framed.filter(({ white }) => white);
  const isWhite = 2 * clear.filter(({ ink }) => ink < LIGHT).length > clear.length;
  const length = framed[0]?.black.length ?? 0;
  const bytes = new Uint8Array(framed.length * length);
  framed.forEach(({ black, white }, i) => {
    const [first, second] = white && isWhite ? [white, black] : [black, white];
    bytes.set(second && range(first) <= LOST && range(second) > LOST ? second : first, i * length);
  });
  return bytes;
}

/** @param {Uint8Array} bytes */
function range(bytes) {
  return bytes.reduce((most, byte) => Math.max(most, byte), 0) - bytes.reduce((least, byte) => Math.min(least, byte), 255);
}

/** Whether most pictures lie on a bright ground, which the recipes were not made for. @param {Uint8Array} bytes @param {number} [side] */
export function isBright(bytes, side = SIDE) {
  const edges = [];
  for (let at = 0; at + side * side <= bytes.length; at += side * side) {
    let [sum, count] = [0, 0];
    for (let i = 0; i < side * side; i++) {
      const [row, column] = [Math.floor(i / side), i % side];
      if (row > 0 && column > 0 && row < side - 1 && column < side - 1) continue;
      sum += bytes[at + i];
      count++;
    }
    edges.push(sum / count);
  }
  edges.sort((a, b) => a - b);
  return (edges[edges.length >> 1] ?? 0) >= BRIGHT;
}
