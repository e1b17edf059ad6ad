// @ts-check
/**
 * What lies between classes: some of each, in thousandths, so that links hold it to the bit. Half way from a 3 to an 8 is
 * 500 of either.
 */

/** @typedef {readonly (readonly [chosen: number, share: number])[]} Mix Classes, the lowest first, and their shares, which sum to `ALL`. */
/** @typedef {{class: number, mix: Mix | undefined}} Kind A class, or a mix of which it is the largest. */

export const ALL = 1000;

/** @param {Kind} kind @returns {Mix} */
const mixOf = ({ class: chosen, mix }) => mix ?? [[chosen, ALL]];

/** A mix as a kind: of one class alone it is that class. @param {Mix} mix @returns {Kind} */
export function kindOf(mix) {
  const [chosen] = mix.reduce((most, each) => (each[1] > most[1] ? each : most));
  return { class: chosen, mix: mix.length > 1 ? mix : undefined };
}

/**
 * A place on the way from one kind to another.
 * @param {Kind} from
 * @param {Kind} to
 * @param {number} t From 0 to 1.
 * @returns {Kind}
 */
export function mixAt(from, to, t) {
  /** @type {Map<number, number>} */
  const shares = new Map();
  for (const [kind, weight] of /** @type {[Kind, number][]} */ ([[from, 1 - t], [to, t]])) {
    for (const [chosen, share] of mixOf(kind)) shares.set(chosen, (shares.get(chosen) ?? 0) + weight * share);
  }
  const rounded = [...shares].map(([chosen, share]) => /** @type {[number, number]} */ ([chosen, Math.round(share)])).sort((a, b) => a[0] - b[0]);
  // What rounding gives or takes is the largest's.
  const largest = rounded.reduce((most, each) => (each[1] > most[1] ? each : most));
  largest[1] += ALL - rounded.reduce((sum, [, share]) => sum + share, 0);
  return kindOf(rounded.filter(([, share]) => share > 0));
}

/** Whether a model has all the classes of a kind. @param {Kind} kind @param {number} classes How many the model has; 0 if it is told none. */
export function isWhole(kind, classes) {
  return mixOf(kind).every(([chosen]) => chosen < Math.max(1, classes));
}

/** A kind in a link: `7`, or `3.250-8.750`. @param {Kind} kind */
export const kindToText = ({ class: chosen, mix }) => (mix ? mix.map((each) => each.join('.')).join('-') : `${chosen}`);

/** @param {string} words @param {number} classes @returns {Kind | undefined} undefined where it is none of a model with so many. */
export function kindFromText(words, classes) {
  if (!/^\d{1,6}$|^\d{1,6}\.\d{1,3}(-\d{1,6}\.\d{1,3})+$/.test(words)) return undefined;
  const mix = words.split('-').map((each) => {
    const [chosen, share = ALL] = each.split('.').map(Number);
    return /** @type {const} */ ([chosen, share]);
  });
  const isMix = mix.every(([chosen, share], i) => share > 0 && (i === 0 || chosen > mix[i - 1][0])) && mix.reduce((sum, [, share]) => sum + share, 0) === ALL;
  const kind = kindOf(mix);
  return isMix && isWhole(kind, classes) ? kind : undefined;
}
