// @ts-check
/**
 * A run that is to be as the fragment of an address, and back: whoever opens it can repeat the run.
 *
 *     #train=stable&seed=7&epochs=30&pictures=train&lr=0.004
 *
 * What is as at first is left out. Pictures of a visitor's own are in no link: `pictures=own` asks whoever opens it for theirs.
 */

import { LinkError } from '../link.js';
import { KNOBS, knobsOf, LENGTHS, RECIPES } from './recipes.js';

/** @typedef {'test' | 'train' | 'own'} Source MNIST's 10,000 test pictures, its 60,000, or the visitor's own. */

/**
 * @typedef {object} Setup What a run is to be.
 * @property {import('./recipes.js').RecipeName} recipe
 * @property {number} seed
 * @property {number} epochs
 * @property {Source} pictures
 * @property {import('./recipes.js').Values} values
 */

/** @type {readonly Source[]} */
export const SOURCES = ['test', 'train', 'own'];
/** @type {Setup} */
export const FIRST = { recipe: 'stable', seed: 1, epochs: LENGTHS[0], pictures: 'test', values: {} };

/** @param {Setup} setup */
export function toFragment({ recipe, seed, epochs, pictures, values }) {
  /** @type {[string, string | number | false | undefined][]} */
  const fields = [
    ['seed', seed !== FIRST.seed && seed],
    ['epochs', epochs !== FIRST.epochs && epochs],
    ['pictures', pictures !== FIRST.pictures && pictures],
    ...knobsOf(recipe).map((name) => /** @type {[string, number | undefined]} */ ([name, values[name]])),
  ];
  return [`#train=${recipe}`, ...fields.flatMap(([key, value]) => (value === false || value === undefined ? [] : [`${key}=${value}`]))].join('&');
}

/** @param {string} fragment One that begins with `#train=`. @returns {Setup} Throws a `LinkError` where a letter of it is wrong. */
export function fromFragment(fragment) {
  /** @type {Map<string, string>} */
  const told = new Map();
  for (const field of fragment.slice(1).split('&')) {
    const found = /^([a-z\d_]+)=([a-z\d.]+)$/.exec(field);
    if (!found || told.has(found[1])) throw damaged();
    told.set(found[1], found[2]);
  }
  const take = (/** @type {string} */ key, /** @type {string} */ first) => {
    const text = told.get(key) ?? first;
    told.delete(key);
    return text;
  };
  const recipe = oneOf(take('train', ''), RECIPES);
  const pictures = oneOf(take('pictures', FIRST.pictures), SOURCES);
  const seed = take('seed', `${FIRST.seed}`);
  if (!/^\d+$/.test(seed) || !Number.isSafeInteger(Number(seed))) throw damaged();
  const epochs = Number(oneOf(take('epochs', `${FIRST.epochs}`), LENGTHS.map(String)));
  // Nothing tells the classes of MNIST's pictures here.
  if (recipe === 'classes' && pictures !== 'own') throw damaged();
  /** @type {Partial<Record<import('./recipes.js').KnobName, number>>} */
  const values = {};
  for (const name of knobsOf(recipe)) {
    const text = take(name, '');
    const value = Number(text ? oneOf(text, KNOBS[name].stops.map(String)) : KNOBS[name].rest[recipe]);
    if (value !== KNOBS[name].rest[recipe]) values[name] = value;
  }
  if (told.size > 0) throw damaged();
  return { recipe, seed: Number(seed), epochs, pictures, values };
}

const damaged = () => new LinkError('linkDamaged');

/** @template {string} T @param {string} text @param {readonly T[]} choices */
function oneOf(text, choices) {
  const found = choices.find((choice) => choice === text);
  if (found === undefined) throw damaged();
  return found;
}
