// @ts-check
/**
 * What differs between two latent vectors, as a short text for an address: base64url of
 *
 *     0              (place: u16, value: f32)…  check: u16      a few numbers, whatever they are
 *     1  value: i16… (place: u16, value: f32)…  check: u16      all of them in multiples of 1 / GRID, and those that are none
 *
 * little-endian. The check is Fletcher's sum over all before it: a link that lost a letter in an e-mail is told, not drawn.
 */

import { GRID, snap } from './vectors.js';

const [SPARSE, DENSE] = [0, 1];
/** A number of DENSE that is as it was, or is told after it. */
const UNTOLD = -0x8000;
/** Bytes of a place and its value. */
const PAIR = 6;

/** @param {Float32Array} base @param {Float32Array} z Of the same length. */
export function pack(base, z) {
  const changed = [...z.keys()].filter((i) => z[i] !== base[i]);
  const loose = changed.filter((i) => snap(z[i]) !== z[i] || Math.abs(z[i]) >= 0x7fff / GRID);
  const isDense = 2 * z.length + PAIR * loose.length < PAIR * changed.length;
  const [dense, pairs] = isDense ? [2 * z.length, loose] : [0, changed];
  const view = new DataView(new ArrayBuffer(1 + dense + PAIR * pairs.length + 2));
  view.setUint8(0, isDense ? DENSE : SPARSE);
  if (isDense) {
    const told = new Set(changed.filter((i) => !loose.includes(i)));
    z.forEach((value, i) => view.setInt16(1 + 2 * i, told.has(i) ? value * GRID : UNTOLD, true));
  }
  pairs.forEach((place, i) => {
    view.setUint16(1 + dense + PAIR * i, place, true);
    view.setFloat32(3 + dense + PAIR * i, z[place], true);
  });
  view.setUint16(view.byteLength - 2, check(view), true);
  const letters = String.fromCharCode(...new Uint8Array(view.buffer));
  return btoa(letters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * @param {Float32Array} base
 * @param {string} text
 * @returns {Float32Array | undefined} undefined where the text is damaged, or meant for another length.
 */
export function unpack(base, text) {
  const view = bytes(text);
  if (!view || view.byteLength < 3 || view.getUint16(view.byteLength - 2, true) !== check(view)) return undefined;
  const form = view.getUint8(0);
  const dense = form === DENSE ? 2 * base.length : 0;
  const pairs = view.byteLength - 3 - dense;
  if (form > DENSE || pairs < 0 || pairs % PAIR) return undefined;
  const z = base.slice();
  for (let i = 0; i < dense / 2; i++) {
    const value = view.getInt16(1 + 2 * i, true);
    if (value !== UNTOLD) z[i] = value / GRID;
  }
  for (let at = 1 + dense; at <= dense + pairs; at += PAIR) {
    const [place, value] = [view.getUint16(at, true), view.getFloat32(at + 2, true)];
    if (place >= z.length || !Number.isFinite(value)) return undefined;
    z[place] = value;
  }
  return z;
}

/** @param {string} text @returns {DataView | undefined} */
function bytes(text) {
  if (!/^[\w-]*$/.test(text)) return undefined;
  try {
    const letters = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    return new DataView(Uint8Array.from(letters, (letter) => letter.charCodeAt(0)).buffer);
  } catch {
    return undefined;
  }
}

/** Fletcher-16 of all but the last two bytes. */
function check(/** @type {DataView} */ view) {
  let [sum, sums] = [0, 0];
  for (let i = 0; i < view.byteLength - 2; i++) {
    sum = (sum + view.getUint8(i)) % 255;
    sums = (sums + sum) % 255;
  }
  return sum | (sums << 8);
}
