// @ts-check
/**
 * What can go wrong: the same hundred lists of numbers, drawn by the network that a visitor meets and by one of another recipe,
 * side by side. The other one is fetched when the sheets come into sight.
 */

import { SAMPLES, samplesOf } from '../state.js';
import { setText, text } from '../strings.js';
import { inSlices } from '../slices.js';
import { within } from './dom.js';
import { createSheet } from './sheet.js';

/** @typedef {import('../models.js').Model} Model */
/** @typedef {import('../forger.js').Generator} Generator */

/**
 * @param {HTMLElement} root
 * @param {{
 *   judging: ReturnType<typeof import('../judging.js').createJudging>,
 *   onTile: (model: Model, tile: number) => void,
 *   onReady: () => void,
 *   onFailure: (error: unknown) => void,
 * }} callbacks `onReady`: there is more to show.
 */
export function createCollapse(root, { judging, onTile, onReady, onFailure }) {
  const views = ['[data-good]', '[data-bad]'].map((name, side) => ({
    root: within(root, name),
    caption: within(root, `${name} figcaption`),
    sheet: createSheet(within(root, `${name} .sheet`), { onTile: (tile) => onTile(pair[side], tile), onFailure }),
    /** @type {{generator: Generator, seed: number, kinds: number | undefined} | undefined} */
    counted: undefined,
  }));
  /** @type {Model[]} */
  let pair = [];
  /** Those of the pair that have come. @type {Map<Model, Generator>} */
  const here = new Map();
  const asked = new Set();
  let isInSight = false;
  new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    isInSight = true;
    onReady();
  }).observe(root);

  /** A file that does not come is told where models are chosen; here there is then nothing to compare. @param {Model} model */
  async function fetchOnce(model) {
    if (asked.has(model)) return;
    asked.add(model);
    try {
      here.set(model, await model.load());
      await judging.ask(/** @type {Generator} */ (here.get(model)));
    } catch {
      pair = [];
    }
    onReady();
  }

  /** How many of the ten digits are among a model's hundred. @param {typeof views[number]} view @param {Generator} generator @param {number} seed */
  async function count(view, generator, seed) {
    const judge = judging.of(generator);
    if (!judge || (view.counted?.generator === generator && view.counted.seed === seed)) return;
    const mine = (view.counted = { generator, seed, kinds: /** @type {number | undefined} */ (undefined) });
    const kinds = await inSlices(kindsOf(generator, judge, samplesOf(seed, generator.latentSize)), () => view.counted === mine);
    if (kinds === undefined) return;
    mine.kinds = kinds;
    onReady();
  }

  return {
    /** @param {readonly Model[]} models @param {import('../state.js').State} state */
    show(models, state) {
      const [good] = models;
      const run = models.filter((model) => model.run !== good.run && model.epochs > 0);
      const bad = run.filter((model) => model.run === run[0].run).reduce((a, b) => (b.epochs > a.epochs ? b : a), run[0]);
      root.hidden = bad === undefined;
      if (!bad || !isInSight) return;
      pair = [good, bad];
      for (const [side, model] of pair.entries()) {
        void fetchOnce(model);
        const generator = here.get(model);
        if (!generator) continue;
        const view = views[side];
        view.sheet.show(generator, samplesOf(state.seed, generator.latentSize), text('modelSheet', { seed: state.seed, name: model.title() }), undefined, allKinds(generator));
        count(view, generator, state.seed).catch(onFailure);
        const kinds = view.counted?.kinds;
        setText(view.caption, kinds === undefined ? model.title() : text('collapseKinds', { name: model.title(), count: kinds }));
      }
    },
  };
}

/**
 * @param {Generator} generator
 * @param {import('../judge.js').Judge} judge
 * @param {Float32Array} z
 * @returns {globalThis.Generator<void, number, void>}
 */
function* kindsOf(generator, judge, z) {
  const found = new Set();
  for (let sample = 0; sample < SAMPLES; sample++) {
    const one = z.subarray(sample * generator.latentSize, (sample + 1) * generator.latentSize);
    found.add(judge.judge(generator.generate(one, allKinds(generator)?.[sample])).digit);
    yield;
  }
  return found.size;
}

/** A class for each of the hundred, one after the other: a network that is told what to draw is told everything. @param {Generator} generator */
function allKinds({ classes }) {
  return classes ? Array.from({ length: SAMPLES }, (_, sample) => sample % classes.length) : undefined;
}
