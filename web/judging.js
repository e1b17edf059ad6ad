// @ts-check
/** Which judge knows the pictures of a model, and that judge, once it is asked for: few visitors wait for it. */

import { Judge } from './judge.js';
import { sampleZ } from './philox.js';
import { inSlices } from './slices.js';

/** The data sets whose pictures a judge of this site knows, and its file, as `cargo xtask site` puts it there. */
const FILES = new Map([['mnist', 'judges/mnist.safetensors']]);

/** @param {() => void} onReady A judge has come. */
export function createJudging(onReady) {
  /** @type {Map<string, Promise<Judge | undefined>>} */
  const asked = new Map();
  /** Those that have come; undefined where there is none on this server. @type {Map<string, Judge | undefined>} */
  const known = new Map();
  const setOf = (/** @type {import('./forger.js').Generator} */ generator) => generator.metadata['forger.dataset'] ?? '';

  /** @param {string} dataset @param {string} file */
  async function load(dataset, file) {
    const judge = await fetched(file).catch(() => undefined);
    known.set(dataset, judge);
    onReady();
    return judge;
  }

  /** Whether pictures of this shape are what the judge was trained on. @param {Judge} judge @param {import('./forger.js').Generator} generator */
  const fits = (judge, generator) => judge.about.imageShape.join() === generator.imageShape.join();

  return {
    /** The judge of a model's pictures, if it is here. @param {import('./forger.js').Generator} generator */
    of(generator) {
      const judge = known.get(setOf(generator));
      return judge && fits(judge, generator) ? judge : undefined;
    },
    /**
     * Asks for the judge of a model's pictures.
     * @param {import('./forger.js').Generator} generator
     * @returns {Promise<Judge | undefined>} undefined if there is none.
     */
    async ask(generator) {
      const dataset = setOf(generator);
      const file = FILES.get(dataset);
      if (!file) return undefined;
      const loading = asked.get(dataset) ?? load(dataset, file);
      asked.set(dataset, loading);
      const judge = await loading;
      return judge && fits(judge, generator) ? judge : undefined;
    },
  };
}

/** @param {string} file */
async function fetched(file) {
  const address = new URL(file, import.meta.url);
  // Without a network there is only what was kept; asking for more would be an error that nobody can mend.
  if (!navigator.onLine && !(await globalThis.caches?.match(address))) return undefined;
  const response = await fetch(address);
  return response.ok ? new Judge(await response.arrayBuffer()) : undefined;
}

/**
 * Which class of a model is a digit, by its name; undefined of a model that is told none, or has none of that name.
 * @param {{classes: readonly string[] | null}} generator
 * @param {number} digit
 */
export function classOfDigit({ classes }, digit) {
  const place = classes?.indexOf(`${digit}`) ?? -1;
  return place < 0 ? undefined : place;
}

/** How sure the judge must be of a digit that was wished for. */
const SURE = 0.9;
/** Seeds that are tried: of a model that draws all ten evenly, one in ten is right. */
const TRIES = 600;

/** @typedef {{seed: number, image: Float32Array}} Found */

/**
 * The next seed whose first picture the judge takes for the digit that is wanted, looked for in short slices.
 * @param {import('./forger.js').Generator} generator
 * @param {Judge} judge
 * @param {number} digit
 * @param {number} first The seed that is tried first.
 * @param {() => boolean} isWanted Asked between slices; once false, the search is dropped.
 * @returns {Promise<Found | undefined>} undefined if none of many seeds has it, or it was dropped.
 */
export function seek(generator, judge, digit, first, isWanted) {
  return inSlices(tries(generator, judge, digit, first), isWanted);
}

/**
 * @param {import('./forger.js').Generator} generator
 * @param {Judge} judge
 * @param {number} digit
 * @param {number} first
 * @returns {Generator<void, Found | undefined, void>}
 */
function* tries(generator, judge, digit, first) {
  for (let i = 0; i < TRIES; i++) {
    const seed = (first + i) % Number.MAX_SAFE_INTEGER;
    const image = generator.generate(sampleZ(seed, 1, generator.latentSize));
    const verdict = judge.judge(image);
    if (verdict.digit === digit && verdict.share >= SURE) return { seed, image };
    yield;
  }
  return undefined;
}
