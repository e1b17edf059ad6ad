// @ts-check
/** What runs here, what it costs, whether it draws what its trainer drew, and what the model says of itself. */

import { runtimeBytes } from '../costs.js';
import { runtimeInfo } from '../forger.js';
import { download } from '../save.js';
import { checkParity, IDENTICAL } from '../parity.js';
import { paint } from '../pixels.js';
import { currentLanguage, text } from '../strings.js';
import { tame } from '../tame.js';
import { make, percent, within } from './dom.js';

/** @typedef {import('../parity.js').Parity | undefined} Parity */
/** @typedef {import('../costs.js').Costs} Costs */
/** @typedef {[label: string, value: string, name?: 'stranger']} Fact A stranger's label stands apart from the page's own words. */

/** Pictures that are shown side by side, and how much their difference is enlarged. */
const [MOST_SHOWN, ENLARGED] = [4, 1000];
/** A file may claim as much as it likes; so many of its numbers are listed, and so many letters of its recipe. */
const [MOST_METRICS, MOST_RECIPE, MOST_CLASSES] = [40, 20_000, 60];

/** What the judge of the trainer says, in words; the other numbers keep the names that their maker gave them. */
const METRICS = new Map([
  ['fid', 'metricFid'],
  ['classes', 'metricClasses'],
  ['precision', 'metricPrecision'],
  ['recall', 'metricRecall'],
  ['in_class', 'metricInClass'],
  ['kl', 'metricKl'],
  ['spread', 'metricSpread'],
  ['d_loss', 'metricDLoss'],
  ['g_loss', 'metricGLoss'],
  ['d_accuracy_fake', 'metricCaught'],
  ['d_accuracy_real', 'metricBelieved'],
  ['d_fake', 'metricDFake'],
  ['d_real', 'metricDReal'],
  ['d_margin', 'metricMargin'],
  ['g_gradient', 'metricGradient'],
  ['r1', 'metricR1'],
  ['r2', 'metricR2'],
]);
/** Those that are shares of all pictures, and told as such. */
const SHARES = new Set(['precision', 'recall', 'in_class', 'd_accuracy_fake', 'd_accuracy_real', 'd_fake', 'd_real']);
/** Where the pictures that the trainer knows by name come from, and under which terms. */
const DATA = new Map([
  ['mnist', { name: 'MNIST', home: 'http://yann.lecun.com/exdb/mnist/', licence: 'CC BY-SA 3.0', terms: 'https://creativecommons.org/licenses/by-sa/3.0/' }],
  ['fashion-mnist', { name: 'Fashion-MNIST', home: 'https://github.com/zalandoresearch/fashion-mnist', licence: 'MIT', terms: 'https://github.com/zalandoresearch/fashion-mnist/blob/master/LICENSE' }],
  ['avatars', { name: 'DiceBear pixel-art', home: 'https://www.dicebear.com/styles/pixel-art/', licence: 'CC0 1.0', terms: 'https://creativecommons.org/publicdomain/zero/1.0/' }],
]);
/**
 * What real pictures get where generated ones are judged: training pictures of MNIST against its test pictures, as many as the trainer
 * draws to judge a run (the last line of `trainer evaluate gen.onnx`).
 */
const REAL = { dataset: 'mnist', samples: 10_000, metrics: new Map([['fid', 2.568], ['kl', 0.002], ['precision', 0.8562], ['recall', 0.8582]]) };
/** Of no use to a reader: which epoch was judged counts from 0, and the card has the epochs. */
const LEFT_OUT = new Set(['epoch', 'steps', 'samples']);

/** @param {HTMLElement} root */
export function createProof(root) {
  /** @type {WeakMap<import('../forger.js').Generator, Parity>} */
  const parities = new WeakMap();
  /** @type {unknown} */
  let drawn;
  /** What the card is of. @type {unknown[]} */
  let told = [];
  /** The recipe on show. */
  let recipe = '';
  within(root, '#recipe button').addEventListener('click', () => download(new Blob([recipe], { type: 'application/toml' }), 'recipe.toml'));
  return {
    /** @param {import('../forger.js').Generator} generator */
    showParity(generator) {
      if (!parities.has(generator)) parities.set(generator, checkParity(generator));
      within(root, '[data-parity]').textContent = describe(parities.get(generator));
    },
    /** @param {import('../forger.js').Generator} generator */
    showPairs(generator) {
      if (drawn !== generator) showPairs(within(root, '#pairs'), generator, parities.get(generator));
      drawn = generator;
    },
    /** @param {import('../forger.js').Generator} generator @param {Awaited<ReturnType<typeof runtimeInfo>>} runtime @param {Costs} costs */
    showCosts(generator, runtime, costs) {
      showCosts(within(root, '#costs'), generator, runtime, costs).catch(() => {});
    },
    /** @param {import('../forger.js').Generator} generator @param {string | undefined} address Of the model's file. */
    showCard(generator, address) {
      // The same in every frame of a drag.
      const now = [generator.metadata, address, currentLanguage()];
      if (now.every((each, i) => each === told[i])) return;
      told = now;
      recipe = generator.metadata['forger.recipe_toml'] ?? '';
      showCard(root, generator);
      showSources(within(root, '#sources'), generator, address);
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

/** The trainer's pictures, this browser's, and what is between them. @param {HTMLElement} root @param {import('../forger.js').Generator} generator @param {Parity} parity */
function showPairs(root, { imageShape }, parity) {
  root.hidden = !parity;
  if (!parity) return;
  const length = Math.min(parity.pictures, MOST_SHOWN) * (parity.ours.length / parity.pictures);
  const [trainers, ours] = [parity.trainers.subarray(0, length), parity.ours.subarray(0, length)];
  const difference = trainers.map((value, i) => Math.min(1, ENLARGED * Math.abs(value - ours[i])) * 2 - 1);
  for (const [name, images] of /** @type {const} */ ([['trainers', trainers], ['ours', ours], ['difference', difference]])) {
    paint(within(root, `[data-${name}] canvas`), images, imageShape, Math.min(parity.pictures, MOST_SHOWN));
  }
}

/** @param {HTMLElement} root @param {import('../forger.js').Generator} generator @param {Awaited<ReturnType<typeof runtimeInfo>>} runtime @param {Costs} costs */
async function showCosts(root, { byteLength }, runtime, { loading, pictureMs, hundredMs, rate }) {
  const bytes = runtimeBytes();
  // As it is now: it grows with the models that were opened.
  const { memoryBytes } = await runtimeInfo();
  /** @type {(Fact | undefined)[]} */
  const facts = [
    [text('costRuntime'), `tract ${runtime.tract}`],
    [text('costKernel'), text(runtime.relaxedSimd ? 'kernelRelaxed' : runtime.simd ? 'kernelSimd' : 'kernelPlain')],
    [text('costModel'), megabytes(byteLength)],
    bytes ? [text('costWasm'), megabytes(bytes)] : undefined,
    [text('costMemory'), megabytes(memoryBytes)],
    loading && [text('costLoaded'), milliseconds(loading.loadedMs)],
    loading && [text('costCompiled'), milliseconds(loading.compileMs)],
    loading && [text('costFirst'), milliseconds(loading.firstMs)],
    [text('costPicture'), microseconds(pictureMs)],
    [text('costHundred'), microseconds(hundredMs)],
    [text('costRate'), rate === undefined ? '…' : String(Math.round(rate))],
  ];
  list(root, facts.filter((fact) => fact !== undefined));
}

/** What the file says of itself: texts of whoever made it. @param {HTMLElement} root @param {import('../forger.js').Generator} generator */
function showCard(root, { metadata, latentSize, imageShape, classes }) {
  const told = (/** @type {string} */ key) => (metadata[`forger.${key}`] === undefined ? text('notTold') : tame(metadata[`forger.${key}`], 120));
  const { facts, left } = metrics(metadata['forger.metrics'], metadata['forger.dataset']);
  list(within(root, '#card'), [
    [text('cardInput'), `${latentSize}`],
    ...(classes ? /** @type {Fact[]} */ ([[text('cardClasses'), tame(`${classes.length}: ${classes.slice(0, MOST_CLASSES).join(', ')}`, 120)]]) : []),
    [text('cardOutput'), imageShape.join(' × ')],
    [text('cardName'), told('recipe')],
    [text('cardEpochs'), told('epochs')],
    [text('cardSeed'), told('seed')],
    [text('cardData'), told('dataset')],
    [text('cardLatent'), told('latent')],
    ...facts,
    ...(left > 0 ? /** @type {Fact[]} */ ([[text('metricsLeft'), `${left}`]]) : []),
  ]);
  const recipe = metadata['forger.recipe_toml'];
  within(root, '#recipe').hidden = !recipe;
  const pre = within(root, 'pre');
  const shown = recipe === undefined ? '' : recipe.length > MOST_RECIPE ? `${recipe.slice(0, MOST_RECIPE)}…` : recipe;
  if (pre.textContent !== shown) pre.textContent = shown;
}

/** The files and pages that all of it comes from. @param {HTMLElement} root @param {import('../forger.js').Generator} generator @param {string | undefined} address */
function showSources(root, { metadata }, address) {
  const file = within(root, '[data-model]');
  file.hidden = address === undefined;
  if (address !== undefined) within(file, 'a').href = address;
  const data = DATA.get(metadata['forger.dataset'] ?? '');
  const line = within(root, '[data-data]');
  line.hidden = data === undefined;
  if (!data) return;
  const [home, terms] = [within(line, '[data-home]'), within(line, '[data-terms]')];
  Object.assign(home, { href: data.home, textContent: data.name });
  Object.assign(terms, { href: data.terms, textContent: data.licence });
}

/** @param {string | undefined} json @param {string | undefined} dataset @returns {{facts: Fact[], left: number}} The numbers in it, in our words or under their maker's names. */
function metrics(json, dataset) {
  try {
    const told = JSON.parse(json ?? '{}');
    const real = dataset === REAL.dataset && told.samples === REAL.samples ? REAL.metrics : undefined;
    const all = Object.entries(told).filter(([name, value]) => Number.isFinite(value) && !LEFT_OUT.has(name));
    const order = [...METRICS.keys()];
    const rank = (/** @type {[string, unknown]} */ [name]) => (METRICS.has(name) ? order.indexOf(name) : order.length);
    const sorted = all.sort((a, b) => rank(a) - rank(b));
    const facts = sorted.slice(0, MOST_METRICS).map(([name, value]) => fact(name, value, real?.get(name)));
    return { facts, left: all.length - facts.length };
  } catch {
    return { facts: [], left: 0 };
  }
}

/** @param {string} name @param {number} value @param {number | undefined} real What real pictures get. @returns {Fact} */
function fact(name, value, real) {
  const known = METRICS.get(name);
  const isShare = SHARES.has(name);
  const told = (/** @type {number} */ each) => (isShare ? `${percent(each)} %` : Number(each.toPrecision(4)).toString());
  const number = told(value);
  const words = real === undefined ? number : text('metricOfReal', { value: number, real: told(real) });
  return known ? [text(known), words] : [tame(name, 40), number, 'stranger'];
}

/** @param {HTMLElement} root @param {Fact[]} facts */
function list(root, facts) {
  const now = JSON.stringify(facts);
  if (root.dataset.shown === now) return;
  root.dataset.shown = now;
  root.replaceChildren(
    ...facts.map(([label, value, name]) => {
      const term = name ? [make('bdi', { textContent: label })] : [label];
      return make('div', {}, [make('dt', {}, term), make('dd', {}, [make('bdi', { textContent: value })])]);
    }),
  );
}

const milliseconds = (/** @type {number | undefined} */ value) => (value === undefined ? '…' : `${Math.round(value)} ms`);
const megabytes = (/** @type {number} */ bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

function microseconds(/** @type {number | undefined} */ ms) {
  if (ms === undefined) return '…';
  return ms < 1 ? `${Math.round(1000 * ms)} µs` : `${ms.toPrecision(3)} ms`;
}
