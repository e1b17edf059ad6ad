// @ts-check
/** What the page finds out about a model, once each and in idle slices: its directions, and what drawing by it costs. */

import { costsOfLoading, frameRate, timePictures } from './costs.js';
import { findDirections } from './directions.js';
import { inSlices } from './slices.js';

/**
 * @param {() => void} onFound Something more is known.
 * @param {(error: unknown) => void} onFailure
 */
export function createKnowledge(onFound, onFailure) {
  /** @typedef {import('./forger.js').Generator} Model */
  /** @type {WeakMap<Model, {found?: readonly import('./directions.js').Direction[]}>} */
  const directions = new WeakMap();
  /** @type {WeakMap<Model, Pick<import('./costs.js').Costs, 'pictureMs' | 'hundredMs' | 'rate'>>} */
  const times = new WeakMap();
  /** The page's first model, and when it and its picture were there. @type {{model: Model, readyAt: number, firstAt: number} | undefined} */
  let first;

  /** @param {Model} model */
  async function search(model) {
    const entry = { found: /** @type {readonly import('./directions.js').Direction[] | undefined} */ (undefined) };
    directions.set(model, entry);
    try {
      entry.found = await inSlices(findDirections(model), () => true);
    } catch (error) {
      // Nobody is to wait for what will not come.
      entry.found = [];
      throw error;
    } finally {
      onFound();
    }
  }

  /** @param {Model} model */
  async function time(model) {
    times.set(model, { pictureMs: undefined, hundredMs: undefined, rate: undefined });
    const found = await inSlices(timePictures(model), () => true);
    const z = new Float32Array(model.latentSize);
    times.set(model, { pictureMs: found?.pictureMs, hundredMs: found?.hundredMs, rate: await frameRate(() => model.generate(z)) });
    onFound();
  }

  return {
    /** The strongest directions of a model; undefined while they are looked for. @param {Model} model */
    directions(model) {
      if (!directions.has(model)) search(model).catch(onFailure);
      return directions.get(model)?.found;
    },
    /** What is known of its cost so far. @param {Model} model @returns {import('./costs.js').Costs} */
    costs(model) {
      if (!times.has(model)) time(model).catch(onFailure);
      // Asked for now and not then: the browser tells when a file came only after a while.
      const loading = first?.model === model ? costsOfLoading(first.readyAt, first.firstAt) : undefined;
      return { loading, pictureMs: undefined, hundredMs: undefined, rate: undefined, ...times.get(model) };
    },
    /** The first picture is there. @param {Model} model @param {number} readyAt When the model was, on the clock of `performance.now`. */
    loaded(model, readyAt) {
      first = { model, readyAt, firstAt: performance.now() };
    },
  };
}
