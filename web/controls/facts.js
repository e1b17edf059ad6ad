// @ts-check
/** What runs here: the runtime, the model by its own account, and whether it is the one that was trained. */

import { checkParity, IDENTICAL } from '../parity.js';
import { within } from './dom.js';

/**
 * @param {HTMLElement} root
 * @param {import('../forger.js').Generator} generator
 * @param {{tract: string, simd: boolean}} runtime
 * @param {number} loadMs From the page's start of loading to the first picture.
 */
export function showFacts(root, generator, runtime, loadMs) {
  within(root, '[data-parity]').textContent = describeParity(checkParity(generator));
  const told = (/** @type {string} */ key) => generator.metadata[`forger.${key}`] ?? 'not told';
  const fid = metric(generator.metadata['forger.metrics'], 'fid');
  /** @type {[string, string][]} */
  const facts = [
    ['Runtime', `tract ${runtime.tract}`],
    ['SIMD', runtime.simd ? '128 bit' : 'off'],
    ['One picture', `${microseconds(generator)} µs`],
    ['Ready after', `${Math.round(loadMs)} ms`],
    ['Recipe', told('recipe')],
    ['Training seed', told('seed')],
    ['Epochs', told('epochs')],
    ['Data set', told('dataset')],
    ['z drawn from', told('latent')],
    ...(fid === undefined ? [] : /** @type {[string, string][]} */ ([['FID (lower is better)', fid.toFixed(1)]])),
  ];
  within(root, 'dl').replaceChildren(...facts.map(([term, description]) => entry(term, description)));
}

/** @param {import('../parity.js').Parity | undefined} parity */
function describeParity(parity) {
  if (!parity) return 'This model carries no pictures of its trainer, so it cannot be checked here.';
  const { pictures, difference } = parity;
  const count = pictures === 1 ? '1 picture' : `${pictures} pictures`;
  if (difference > IDENTICAL) {
    const most = difference.toPrecision(2);
    return `Not the trainer’s pictures: ${count} computed again here differ by up to ${most} (of −1 to 1).`;
  }
  const bound = difference === 0 ? 'to the last bit' : `within ${difference.toFixed(7)}`;
  const were = pictures === 1 ? 'was' : 'were';
  return `Identical to the trainer ${bound}: ${count} it left in the model ${were} computed again here.`;
}

/** The median time of one picture, measured now: long enough for a clock that ticks in tenths of a millisecond. */
function microseconds(/** @type {import('../forger.js').Generator} */ generator) {
  const [rounds, pictures] = [5, 40];
  const z = new Float32Array(generator.latentSize);
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now();
    for (let i = 0; i < pictures; i++) generator.generate(z);
    return ((performance.now() - start) * 1000) / pictures;
  });
  return Math.round(times.sort((a, b) => a - b)[Math.floor(rounds / 2)]);
}

/**
 * One number of the metrics, which are a JSON text of whoever made the file.
 * @param {string | undefined} text
 * @param {string} name
 * @returns {number | undefined}
 */
function metric(text, name) {
  try {
    const value = JSON.parse(text ?? '')?.[name];
    return Number.isFinite(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} term @param {string} description */
function entry(term, description) {
  const group = document.createElement('div');
  const name = document.createElement('dt');
  const value = document.createElement('dd');
  name.textContent = term;
  value.textContent = description;
  group.append(name, value);
  return group;
}
