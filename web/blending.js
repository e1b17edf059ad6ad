// @ts-check
/**
 * Draws what lies between the classes of a model. The model itself is told one class and no half of one; but where it is a chain of
 * layers of which the first is dense, a class is no more than a part of the first layer's bias, and between two biases there is every other. So these
 * pictures are drawn by the model's own weights, in the plain loops of `layers.js`; those of a class alone by the runtime.
 */

import { layersOf, lit } from './layers.js';
import { ALL } from './mixes.js';

/** @typedef {import('./forger.js').Generator} Generator */
/** @typedef {import('./layers.js').Layer} Layer */
/** @typedef {import('./mixes.js').Kind} Kind */
/** @typedef {Pick<Generator, 'latentSize' | 'imageShape' | 'classes' | 'class' | 'msPerPicture' | 'generate' | 'generateAsync'>} Drawer What a picture needs of a generator, and what the page says of it. */

/**
 * A model as its layers, told the first of its classes, and the first layer's bias for each class that was asked for: all else is the
 * same for all.
 * @typedef {{layers: Layer[], biases: Map<number, Float32Array>}} Chain
 */

/** By the model's file; null where it is no chain. @type {WeakMap<Uint8Array, Chain | null>} */
const chains = new WeakMap();

/** @param {Generator} generator @returns {Chain | null} */
function chainOf({ file, imageShape, taken }) {
  const known = chains.get(file);
  if (known !== undefined) return known;
  // What a model of others gives may be laid out, or scaled, in another way than a picture: the runtime sees to that.
  const layers = taken ? undefined : layersOf(file);
  const draws = layers?.[layers.length - 1].outputs === imageShape.reduce((product, size) => product * size, 1);
  const chain = layers && draws ? { layers, biases: new Map([[0, layers[0].bias]]) } : null;
  chains.set(file, chain);
  return chain;
}

/** The first layer's bias for a class. @param {Uint8Array} file @param {Chain} chain @param {number} chosen */
function biasOf(file, { biases }, chosen) {
  const bias = biases.get(chosen) ?? layersOf(file, chosen)?.[0].bias;
  if (bias) biases.set(chosen, bias);
  return bias;
}

/** Whether a model draws what lies between its classes; else it draws the nearer one. @param {Generator} generator */
export const blends = (generator) => generator.classes !== null && chainOf(generator) !== null;

/**
 * What a state is drawn as: where nothing lies between classes the nearer one is drawn, and is what is told.
 * @template {{mix: import('./mixes.js').Mix | undefined}} S
 * @param {Generator} generator
 * @param {S} state
 * @returns {S}
 */
export const asDrawn = (generator, state) => (state.mix && !blends(generator) ? { ...state, mix: undefined } : state);

/**
 * What draws a class, or what lies between classes; the nearest class where the model's file does not tell how.
 * @param {Generator} generator
 * @param {Kind} kind
 * @returns {Drawer}
 */
export function drawerOf(generator, { class: chosen, mix }) {
  const nearest = generator.ofClass(chosen);
  const layers = mix && between(generator, mix);
  if (!layers) return nearest;
  return drawn(generator, chosen, (z) => lit(layers, z)[layers.length - 1]);
}

/**
 * The layers of what lies between classes; undefined where the model's file does not tell how.
 * @param {Generator} generator
 * @param {import('./mixes.js').Mix} mix
 * @returns {Layer[] | undefined}
 */
export function between(generator, mix) {
  const chain = chainOf(generator);
  if (!chain) return undefined;
  const biases = mix.map(([each]) => biasOf(generator.file, chain, each));
  const [first, ...rest] = chain.layers;
  const bias = first.bias.map((_, cell) => mix.reduce((sum, [, share], i) => sum + ((biases[i]?.[cell] ?? 0) * share) / ALL, 0));
  return [{ ...first, bias }, ...rest];
}

/**
 * Draws each picture at its place of a way between kinds: what others take for its class is here a place, from 0.
 * @param {Generator} generator
 * @param {(place: number) => Kind} kindAt
 * @returns {Drawer}
 */
export function drawerAlong(generator, kindAt) {
  /** @type {Map<number, Drawer>} */
  const drawers = new Map();
  const at = (/** @type {number} */ place) => {
    const known = drawers.get(place) ?? drawerOf(generator, kindAt(place));
    drawers.set(place, known);
    return known;
  };
  const one = drawn(generator, generator.class, (z, place) => at(place).generate(z));
  /** @param {Float32Array} z @param {ArrayLike<number> | number} [places] */
  const generate = (z, places = 0) => {
    const [first, ...rest] = typeof places === 'number' ? [places] : Array.from(places);
    // Where all are of one class the runtime draws them all at once.
    return rest.every((place) => at(place) === at(first)) ? at(first).generate(z) : one.generate(z, places);
  };
  return { ...one, generate, generateAsync: async (z, places) => generate(z, places) };
}

/**
 * A drawer of one picture after the other.
 * @param {Generator} generator
 * @param {number} chosen
 * @param {(z: Float32Array, place: number) => Float32Array} draw
 * @returns {Drawer}
 */
function drawn({ latentSize, imageShape, classes, msPerPicture }, chosen, draw) {
  const pixels = imageShape.reduce((product, size) => product * size, 1);
  /** @param {Float32Array} z @param {ArrayLike<number> | number} [places] */
  const generate = (z, places = 0) => {
    const images = new Float32Array((z.length / latentSize) * pixels);
    for (let i = 0; i < z.length / latentSize; i++) {
      const place = typeof places === 'number' ? places : places[i];
      images.set(draw(z.subarray(i * latentSize, (i + 1) * latentSize), place), i * pixels);
    }
    return images;
  };
  return { latentSize, imageShape, classes, class: chosen, msPerPicture, generate, generateAsync: async (z, places) => generate(z, places) };
}
