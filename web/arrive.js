// @ts-check
/** From an address to what it shows: the model that it names, loaded, and the state. */

import { fromFragment, isLink, isTraining, LinkError, modelOf, tabOf } from './link.js';
import { liveliest } from './liveliest.js';
import { OWN } from './models.js';
import { FIRST_SEED, firstState, start } from './state.js';

/** @typedef {'linkDamaged' | 'linkOld' | 'linkModel'} LinkProblem A text of the page. */
/** @typedef {{model: import('./models.js').Model, generator: import('./forger.js').Generator, state: import('./state.js').State, problem: LinkProblem | undefined}} Arrival */

/**
 * A link that cannot be followed leads to a fresh start, and tells why.
 * @param {readonly import('./models.js').Model[]} models The first is what an address without a model means.
 * @param {string} fragment Of the address, with its `#`.
 * @returns {Promise<Arrival>}
 */
export async function arrive(models, fragment) {
  const [first] = models;
  /** @type {LinkProblem | undefined} */
  let problem;
  /** @type {Partial<import('./state.js').State>} */
  let more = {};
  try {
    if (isLink(fragment)) {
      const id = modelOf(fragment, first.id);
      const model = models.find((each) => each.id === id);
      if (!model) {
        // A model of the visitor's own is gone with a reload; where it came from, a run of training say, is not.
        if (id === OWN) more = { tab: tabOf(fragment) };
        throw new LinkError('linkModel');
      }
      const generator = await model.load();
      const state = fromFragment(fragment, model.id, generator.latentSize, generator.classes?.length ?? 0);
      return { model, generator: state.class ? generator.ofClass(state.class) : generator, state, problem };
    }
    // Few follow such a link, and what reads it comes with what trains.
    if (isTraining(fragment)) more = { tab: 'train', train: (await import('./training/link.js')).fromFragment(fragment) };
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    problem = error.reason;
  }
  const generator = await first.load();
  const state = firstState(first.id, generator.latentSize);
  start(state, FIRST_SEED, first.greets ?? liveliest(generator, FIRST_SEED));
  Object.assign(state, more);
  return { model: first, generator, state, problem };
}
