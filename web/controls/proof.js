// @ts-check
/** What runs here, what it costs, and whether it draws what its trainer drew. */

import { checkParity, IDENTICAL } from '../parity.js';
import { text } from '../strings.js';
import { make, within } from './dom.js';

/** @typedef {import('../parity.js').Parity | undefined} Parity */
/** @typedef {import('../costs.js').Costs} Costs */

/** @param {HTMLElement} root */
export function createProof(root) {
  /** @type {WeakMap<import('../forger.js').Generator, Parity>} */
  const parities = new WeakMap();
  return {
    /**
     * @param {import('../forger.js').Generator} generator
     * @param {Awaited<ReturnType<typeof import('../forger.js').runtimeInfo>>} runtime
     * @param {Costs} costs
     */
    show(generator, runtime, costs) {
      if (!parities.has(generator)) parities.set(generator, checkParity(generator));
      within(root, '[data-parity]').textContent = describe(parities.get(generator));
      list(within(root, '#costs'), [
        ['costRuntime', `tract ${runtime.tract}`],
        ['costKernel', text(runtime.relaxedSimd ? 'kernelRelaxed' : runtime.simd ? 'kernelSimd' : 'kernelPlain')],
        ['costModel', megabytes(costs.modelBytes)],
        ['costWasm', megabytes(costs.runtimeBytes)],
        ['costMemory', megabytes(runtime.memoryBytes)],
        ['costLoaded', milliseconds(costs.loadedMs)],
        ['costCompiled', milliseconds(costs.compileMs)],
        ['costFirst', milliseconds(costs.firstMs)],
        ['costPicture', microseconds(costs.pictureMs)],
        ['costHundred', microseconds(costs.hundredMs)],
        ['costRate', costs.rate === undefined ? '…' : String(Math.round(costs.rate))],
      ]);
      showCard(root, generator);
    },
  };
}

/** @param {Parity} parity */
function describe(parity) {
  if (!parity) return text('parityNone');
  const { pictures: count, difference } = parity;
  if (difference > IDENTICAL) return text('parityOther', { count, most: difference.toPrecision(2) });
  return text(difference === 0 ? 'parityExact' : 'paritySame', { count, most: difference.toFixed(7) });
}

/** What the file says of itself: texts of whoever made it. @param {HTMLElement} root @param {import('../forger.js').Generator} generator */
function showCard(root, { metadata, latentSize, imageShape }) {
  const told = (/** @type {string} */ key) => metadata[`forger.${key}`] ?? text('notTold');
  list(within(root, '#card'), [
    ['cardInput', `${latentSize}`],
    ['cardOutput', imageShape.join(' × ')],
    ['cardName', told('recipe')],
    ['cardEpochs', told('epochs')],
    ['cardSeed', told('seed')],
    ['cardData', told('dataset')],
    ['cardLatent', told('latent')],
    ...metrics(metadata['forger.metrics']),
  ]);
  const recipe = metadata['forger.recipe_toml'];
  within(root, '#recipe').hidden = !recipe;
  within(root, 'pre').textContent = recipe ?? '';
}

/** @param {string | undefined} json @returns {[string, string][]} The numbers in it, under names of their maker. */
function metrics(json) {
  try {
    const entries = Object.entries(JSON.parse(json ?? '{}'));
    return entries.filter(([, value]) => Number.isFinite(value)).map(([name, value]) => [name, Number(value.toPrecision(4)).toString()]);
  } catch {
    return [];
  }
}

/** @param {HTMLElement} root @param {[string, string][]} facts Keys that are no text of ours stand as they are. */
function list(root, facts) {
  const term = (/** @type {string} */ key) => (/^(cost|card)[A-Z]/.test(key) ? text(key) : key);
  const now = facts.map(([key, value]) => `${term(key)}: ${value}`).join('\n');
  if (root.dataset.shown === now) return;
  root.dataset.shown = now;
  root.replaceChildren(
    ...facts.map(([key, value]) => make('div', {}, [make('dt', { textContent: term(key) }), make('dd', { textContent: value })])),
  );
}

const milliseconds = (/** @type {number | undefined} */ value) => (value === undefined ? '…' : `${Math.round(value)} ms`);
const megabytes = (/** @type {number} */ bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

function microseconds(/** @type {number | undefined} */ ms) {
  if (ms === undefined) return '…';
  return ms < 1 ? `${Math.round(1000 * ms)} µs` : `${ms.toPrecision(3)} ms`;
}
