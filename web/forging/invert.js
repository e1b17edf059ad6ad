// @ts-check
/**
 * Turns a generator round: from a picture to the latent vector whose picture comes nearest to it.
 *
 *     F(z) = |G(z) − x|² + PRIOR |z|²
 *
 * is made small by Levenberg and Marquardt's method: J, the change of the pixels by each number of z, gives the step
 * (JᵀJ + (PRIOR + μ) I) d = −(Jᵀ(G(z) − x) + PRIOR z), and μ grows where a step makes things worse and shrinks where it does
 * what was foretold. J comes from differences: one picture for each number of z, which is one batch. It needs nothing but
 * pictures, so any generator will do. Where it ends depends on where it starts: the best few of many samples are tried,
 * and the best of those is followed to the end.
 *
 * PRIOR is the prior of z, which was normal noise while the generator learned: far from there it draws what it never
 * learned to draw.
 *
 * Source: Levenberg, 1944; Marquardt, 1963; for μ: Nielsen, "Damping parameter in Marquardt's method", 1999.
 */

import { sampleZ } from '../philox.js';
import { snap } from '../vectors.js';
import { solve } from './cholesky.js';

/** @typedef {(z: Float32Array) => Float32Array} Draw n latent vectors to n pictures, [n, pixels], black −1 and white 1. */
/** @typedef {{z: Float32Array, image: Float32Array, difference: number, attempt: number}} Copy
 *   `difference`: mean, over the pixels, of |image − x| / 2: 0 the same, 1 black for white. `attempt`: counted from 1. */

/** Latent vectors that the starts are chosen from, and their seed: the same picture always gives the same copy. */
const [SAMPLES, SEED] = [1024, 0];
/** How many are tried, and for how many steps each. */
const [STARTS, TRIAL_STEPS] = [4, 5];
/** Steps of the best one after that, at most. */
const STEPS = 30;
/** A step that makes F smaller by less than this share of it is the last. */
const ENOUGH = 1e-3;
/** F is divided by 4 beside the difference, as pixels go from −1 to 1; so one unit of z weighs as much as a pixel 0.2 off. */
const PRIOR = 0.04;
/** The difference quotient's step: small beside the noise's 1, and its change of a pixel far above rounding. */
const STEP = 1 / 64;
/** The first μ, as a share of the mean of JᵀJ's diagonal, and beyond which nothing can be hoped for. */
const [FIRST_DAMPING, LAST_DAMPING] = [1e-2, 1e6];

/**
 * Yields between short steps of work: a copy whenever a better one is found, else undefined.
 * @param {Draw} draw
 * @param {number} latentSize
 * @param {Float32Array} x The picture, as `draw` gives them.
 * @returns {Generator<Copy | undefined, Copy, void>}
 */
export function* invert(draw, latentSize, x) {
  let attempt = 0;
  /** @type {Copy | undefined} */
  let best;
  /** @param {Place} place A copy of it, if none before was as good. */
  const told = (place) => {
    attempt++;
    const difference = differenceOf(place.image, x);
    if (best && difference >= best.difference) return undefined;
    return (best = { z: place.z, image: place.image, difference, attempt });
  };

  const starts = yield* bestSamples(draw, latentSize, x);
  /** @type {Search[]} */
  const searches = [];
  for (const start of starts) {
    yield told(start);
    const search = new Search(draw, x, start);
    for (let step = 0; step < TRIAL_STEPS && !search.done; step++) {
      yield* search.step();
      yield told(search.place);
    }
    searches.push(search);
  }
  const search = searches.reduce((a, b) => (b.place.cost < a.place.cost ? b : a));
  for (let step = 0; step < STEPS && !search.done; step++) {
    yield* search.step();
    yield told(search.place);
  }
  // On the grid that links hold to the bit.
  const z = search.place.z.map(snap);
  const image = draw(z);
  return { z, image, difference: differenceOf(image, x), attempt };
}

/** @typedef {{z: Float32Array, image: Float32Array, cost: number}} Place */

/** @param {Draw} draw @param {number} latentSize @param {Float32Array} x @returns {Generator<undefined, Place[], void>} */
function* bestSamples(draw, latentSize, x) {
  const z = sampleZ(SEED, SAMPLES, latentSize);
  /** @type {Place[]} */
  let best = [];
  const batch = batchOf(x.length);
  for (let first = 0; first < SAMPLES; first += batch) {
    const some = z.subarray(first * latentSize, Math.min(SAMPLES, first + batch) * latentSize);
    const images = draw(some);
    for (let i = 0; i < some.length / latentSize; i++) {
      const image = images.slice(i * x.length, (i + 1) * x.length);
      const cost = squares(image, x);
      if (best.length === STARTS && cost >= best[STARTS - 1].cost) continue;
      best.push({ z: some.slice(i * latentSize, (i + 1) * latentSize), image, cost });
      best = best.sort((a, b) => a.cost - b.cost).slice(0, STARTS);
    }
    yield;
  }
  return best.map((place) => ({ ...place, cost: place.cost + PRIOR * squares(place.z) }));
}

/** One start and what became of it. */
class Search {
  #draw;
  #x;
  /** μ, and what it is multiplied by at the next step that fails. */
  #damping = 0;
  #growth = 2;
  /** JᵀJ + PRIOR I and −gradient / 2 at the place; undefined where they have to be found. @type {{a: Float64Array, b: Float64Array} | undefined} */
  #slope;
  /** Whether nothing more can be hoped for. */
  done = false;

  /** @param {Draw} draw @param {Float32Array} x @param {Place} place */
  constructor(draw, x, place) {
    this.#draw = draw;
    this.#x = x;
    this.place = place;
  }

  /** Goes on to a better place, if there is one in reach. @returns {Generator<undefined, void, void>} */
  *step() {
    const n = this.place.z.length;
    if (!this.#slope) {
      this.#slope = yield* this.#differentiate();
      let trace = 0;
      for (let i = 0; i < n; i++) trace += this.#slope.a[i * n + i];
      this.#damping ||= (FIRST_DAMPING * trace) / n;
    }
    for (;;) {
      const next = this.#tried(this.#slope);
      yield;
      if (next) return this.#go(next);
      this.#damping *= this.#growth;
      this.#growth *= 2;
      // Not `>`: it may be NaN.
      if (!(this.#damping <= LAST_DAMPING)) {
        this.done = true;
        return;
      }
    }
  }

  /** The place that a step leads to and how much of the gain it brings that was foretold, if it brings any. @param {{a: Float64Array, b: Float64Array}} slope */
  #tried({ a, b }) {
    const { z, cost } = this.place;
    const n = z.length;
    const [damped, step] = [a.slice(), b.slice()];
    for (let i = 0; i < n; i++) damped[i * n + i] += this.#damping;
    if (!solve(damped, step)) return undefined;
    const moved = z.map((value, i) => value + step[i]);
    const image = this.#draw(moved);
    const gain = cost - (squares(image, this.#x) + PRIOR * squares(moved));
    let foretold = 0;
    for (let i = 0; i < n; i++) foretold += step[i] * (b[i] + this.#damping * step[i]);
    return gain > 0 ? { place: { z: moved, image, cost: cost - gain }, share: gain / foretold } : undefined;
  }

  /** @param {{place: Place, share: number}} next */
  #go({ place, share }) {
    this.done = this.place.cost - place.cost < ENOUGH * this.place.cost;
    this.#damping *= Math.max(1 / 3, 1 - (2 * share - 1) ** 3);
    this.#growth = 2;
    this.#slope = undefined;
    this.place = place;
  }

  /** @returns {Generator<undefined, {a: Float64Array, b: Float64Array}, void>} */
  *#differentiate() {
    const { z, image } = this.place;
    const [n, pixels] = [z.length, image.length];
    const changes = new Float32Array(n * pixels);
    const batch = batchOf(pixels);
    for (let first = 0; first < n; first += batch) {
      const count = Math.min(batch, n - first);
      const beside = new Float32Array(count * n);
      for (let i = 0; i < count; i++) {
        beside.set(z, i * n);
        beside[i * n + first + i] += STEP;
      }
      const images = this.#draw(beside);
      for (let i = 0; i < count; i++) {
        const to = (first + i) * pixels;
        for (let p = 0; p < pixels; p++) changes[to + p] = (images[i * pixels + p] - image[p]) / STEP;
      }
      yield;
    }
    const error = image.map((value, p) => this.#x[p] - value);
    const [a, b] = [new Float64Array(n * n), new Float64Array(n)];
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) a[i * n + j] = product(changes, i * pixels, changes, j * pixels, pixels);
      a[i * n + i] += PRIOR;
      b[i] = product(changes, i * pixels, error, 0, pixels) - PRIOR * z[i];
      if (i % ROWS === ROWS - 1) yield;
    }
    return { a, b };
  }
}

/** Rows of JᵀJ between two yields. */
const ROWS = 32;

/** Pictures that one batch draws. */
const batchOf = (/** @type {number} */ pixels) => Math.max(1, Math.floor(65536 / pixels));

/** The scalar product of parts of two lists, in four sums that need not wait for each other. */
function product(/** @type {Float32Array} */ a, /** @type {number} */ atA, /** @type {Float32Array} */ b, /** @type {number} */ atB, /** @type {number} */ length) {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < length; i += 4) {
    s0 += a[atA + i] * b[atB + i];
    s1 += a[atA + i + 1] * b[atB + i + 1];
    s2 += a[atA + i + 2] * b[atB + i + 2];
    s3 += a[atA + i + 3] * b[atB + i + 3];
  }
  for (; i < length; i++) s0 += a[atA + i] * b[atB + i];
  return s0 + s1 + s2 + s3;
}

/** The sum of squares of a, or of a − b. @param {Float32Array} a @param {Float32Array} [b] */
function squares(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - (b ? b[i] : 0)) ** 2;
  return sum;
}

/** Mean of |a − b| / 2. @param {Float32Array} a @param {Float32Array} b */
export function differenceOf(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]);
  return sum / a.length / 2;
}
