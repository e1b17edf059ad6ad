// @ts-check
/**
 * What the page lets a visitor change of a recipe: for each knob its stops, and where it rests. The numbers are those of
 * `crates/gan/recipes/`; a test holds them to the files.
 */

/** @typedef {'stable' | 'seed' | 'classes'} RecipeName */
/** @typedef {'lr' | 'r1' | 'batch' | 'hidden' | 'real_label'} KnobName */
/** @typedef {Readonly<Partial<Record<KnobName, number>>>} Values Of the knobs that are not at rest. */

/**
 * @typedef {object} Knob
 * @property {readonly number[]} stops From the least to the largest.
 * @property {Readonly<Partial<Record<RecipeName, number>>>} rest Where it rests; a recipe that is not named has no such knob.
 */

/** @type {readonly RecipeName[]} */
export const RECIPES = ['stable', 'seed', 'classes'];
/** Passes over the pictures. */
export const LENGTHS = [10, 30, 100, 1000];

/** @type {Readonly<Record<KnobName, Knob>>} */
export const KNOBS = {
  lr: { stops: [0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016], rest: { stable: 0.002, seed: 0.001, classes: 0.002 } },
  // A loss of pairs needs reining in; `seed` has none of it, and that is its story.
  r1: { stops: [0.02, 0.1, 0.5, 1, 2, 5, 10, 20], rest: { stable: 2, classes: 2 } },
  batch: { stops: [25, 50, 100, 200, 400], rest: { stable: 100, seed: 100, classes: 100 } },
  hidden: { stops: [16, 32, 64, 128, 256, 512], rest: { stable: 128, seed: 128, classes: 128 } },
  // The loss of pairs has no target to be smoothed.
  real_label: { stops: [0.7, 0.8, 0.9, 1], rest: { seed: 0.9 } },
};

/** What a key at the end of a run is, as a share of what it is at the start. */
export const FINAL = { lr: { stable: 0.4, seed: 1, classes: 0.4 }, r1: 0.15 };

/** The knobs that a recipe has, in order. @param {RecipeName} recipe */
export const knobsOf = (recipe) => /** @type {KnobName[]} */ (Object.keys(KNOBS)).filter((name) => KNOBS[name].rest[recipe] !== undefined);

/** Where a knob of a recipe stands. @param {RecipeName} recipe @param {Values} values @param {KnobName} name */
export const valueOf = (recipe, values, name) => values[name] ?? KNOBS[name].rest[recipe] ?? 0;

/** The values as keys of a recipe, for `Trainer.start`. @param {RecipeName} recipe @param {Values} values @returns {Record<string, number>} */
export function changesOf(recipe, values) {
  /** @type {Record<string, number>} */
  const changes = {};
  for (const name of knobsOf(recipe)) {
    const value = values[name];
    if (value === undefined) continue;
    if (name === 'lr') Object.assign(changes, { lr: value, lr_final: short(value * FINAL.lr[recipe]) });
    else if (name === 'r1') for (const key of ['r1_gamma', 'r2_gamma']) Object.assign(changes, { [key]: value, [`${key}_final`]: short(value * FINAL.r1) });
    else changes[name] = value;
  }
  return changes;
}

/** Without what a product in binary adds in the last place. @param {number} value */
const short = (value) => Number(value.toPrecision(6));
