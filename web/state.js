// @ts-check
/**
 * What the page shows, in one object, and every way to change it. Views read it; nothing here knows of any view.
 *
 * `z` is the vector in hand. While a frame of the sweep with fresh noise is on show, `fresh` is its number and `z` waits,
 * so that the held sweep stays the same; whoever then takes hold of a number takes the frame's vector into hand.
 */

import { isWhole, mixAt } from './mixes.js';
import { sampleZ } from './philox.js';
import { FRAMES, frameOfZ0, sweepZ, z0OfFrame } from './sweep.js';
import { slerp } from './vectors.js';

/** @typedef {import('./mixes.js').Mix} Mix */
/** @typedef {{seed: number, index: number, z: Float32Array, class: number, mix: Mix | undefined}} Pin A vector, the sample of a seed that it began as, and what it is drawn as. */
/** @typedef {{from: number, to: number, t: number}} Walk Between two pins, by their places in the list; t from 0 to 1. */
/** @typedef {'sweeps' | 'forge' | 'game' | 'hundred' | 'numbers' | 'inside' | 'walk' | 'models' | 'train' | 'proof'} Tab */
/** @typedef {import('./sweep.js').SweepKind} SweepKind */

/**
 * @typedef {object} State
 * @property {string} model The id of the model on show.
 * @property {number} seed
 * @property {number} index Which of the seed's hundred samples `z` began as.
 * @property {Float32Array} z
 * @property {number} class Which of the model's classes is drawn; 0 of a model that is told none.
 * @property {Mix | undefined} mix What lies between classes, if that is drawn; `class` is then the largest of it.
 * @property {SweepKind} kind The sweep that is played.
 * @property {number | undefined} fresh
 * @property {'z0' | 'sweep' | 'walk' | 'epochs' | undefined} playing z[0] to and fro, the sweep of the original program, the walk, or
 *   the epochs of training.
 * @property {Pin[]} pins
 * @property {Walk} walk
 * @property {{x: string, y: string}} pad Two axes of `plane.js`.
 * @property {Tab} tab
 * @property {import('./training/link.js').Setup} [train] The run of training that a link asks for.
 */

/** The seed that a link without one means; of its samples, `liveliest.js` chooses the one that greets a visitor. */
export const FIRST_SEED = 1;
/** Samples of a seed on one sheet. */
export const SAMPLES = 100;
export const MOST_PINS = 12;
/** @type {readonly Tab[]} */
export const TABS = ['sweeps', 'forge', 'game', 'hundred', 'numbers', 'inside', 'walk', 'models', 'train', 'proof'];

/** @param {string} model @param {number} latentSize @returns {State} */
export function firstState(model, latentSize) {
  return {
    model,
    seed: FIRST_SEED,
    index: 0,
    z: sampleOf(FIRST_SEED, 0, latentSize),
    class: 0,
    mix: undefined,
    kind: 'held',
    fresh: undefined,
    playing: undefined,
    pins: [],
    walk: { from: 0, to: 1, t: 0 },
    pad: { x: 'd0', y: 'd1' },
    tab: 'sweeps',
  };
}

/** One sample of a seed. @param {number} seed @param {number} index @param {number} latentSize */
export function sampleOf(seed, index, latentSize) {
  return samplesOf(seed, latentSize).slice(index * latentSize, (index + 1) * latentSize);
}

/** The last sheet of samples, as every frame asks for it again. */
let sheet = { seed: -1, z: new Float32Array(0) };

/** The hundred samples of a seed: [SAMPLES, latentSize]. @param {number} seed @param {number} latentSize */
export function samplesOf(seed, latentSize) {
  if (sheet.seed !== seed || sheet.z.length !== SAMPLES * latentSize) {
    sheet = { seed, z: sampleZ(seed, SAMPLES, latentSize) };
  }
  return sheet.z;
}

/** The vectors of a sweep's hundred frames. @param {State} state @param {SweepKind} kind */
export function sweepOf(state, kind) {
  if (kind === 'held') return sweepZ('held', state.z, state.seed);
  const z = samplesOf(state.seed, state.z.length).slice();
  for (let frame = 0; frame < FRAMES; frame++) z[frame * state.z.length] = z0OfFrame(frame);
  return z;
}

/** The vector of the picture on show. @param {State} state */
export function shownZ(state) {
  if (state.fresh === undefined) return state.z;
  const z = sampleOf(state.seed, state.fresh, state.z.length);
  z[0] = z0OfFrame(state.fresh);
  return z;
}

/** The frame of the sweep that the picture is, or is nearest to. @param {State} state */
export function frameOf(state) {
  return state.kind === 'held' ? frameOfZ0(state.z[0]) : state.fresh;
}

/** Begins with a sample of a seed. @param {State} state @param {number} seed @param {number} [index] */
export function start(state, seed, index = 0) {
  Object.assign(state, { seed, index, fresh: undefined, z: sampleOf(seed, index, state.z.length) });
}

/** Takes a vector into hand, as what it was drawn as. @param {State} state @param {Pin} pin */
export function take(state, { seed, index, z, class: chosen, mix }) {
  Object.assign(state, { seed, index, fresh: undefined, z: z.slice(), class: chosen, mix });
}

/** Draws a class, and nothing of another. @param {State} state @param {number} chosen */
export function setClass(state, chosen) {
  Object.assign(state, { class: chosen, mix: undefined });
}

/** Changes the vector on show, whatever it is. @param {State} state @param {(z: Float32Array) => Float32Array} edit */
export function edit(state, edit) {
  const z = edit(shownZ(state));
  if (state.fresh !== undefined) state.index = state.fresh;
  Object.assign(state, { fresh: undefined, z });
}

/** @param {State} state @param {number} coordinate @param {number} value */
export function setCoordinate(state, coordinate, value) {
  edit(state, (z) => z.map((old, i) => (i === coordinate ? value : old)));
}

/** Puts a number back to what its sample drew. @param {State} state @param {number} coordinate */
export function resetCoordinate(state, coordinate) {
  const index = state.fresh ?? state.index;
  setCoordinate(state, coordinate, sampleOf(state.seed, index, state.z.length)[coordinate]);
}

/** Shows a frame of the sweep that is chosen. @param {State} state @param {number} frame */
export function showFrame(state, frame) {
  if (state.kind === 'held') setCoordinate(state, 0, z0OfFrame(frame));
  else state.fresh = frame;
}

/** @param {State} state @param {SweepKind} kind */
export function setKind(state, kind) {
  state.kind = kind;
  // What is on show is a frame of the other kind, if of any.
  state.fresh = undefined;
}

/** Keeps the picture on show. The two newest pins are what one walks between. @param {State} state */
export function pin(state) {
  const index = state.fresh ?? state.index;
  const { seed, class: chosen, mix } = state;
  state.pins = [...state.pins, { seed, index, z: shownZ(state).slice(), class: chosen, mix }].slice(-MOST_PINS);
  const last = state.pins.length - 1;
  state.walk = { from: Math.max(0, last - 1), to: last, t: 1 };
}

/** @param {State} state @param {number} place */
export function unpin(state, place) {
  state.pins = state.pins.filter((_, i) => i !== place);
  const last = Math.max(0, state.pins.length - 1);
  state.walk = { from: Math.max(0, last - 1), to: last, t: 0 };
}

/** Between which two pins one walks. Whoever makes both ends the same means to change sides. @param {State} state @param {number} from @param {number} to */
export function setEnds(state, from, to) {
  const { walk } = state;
  if (from !== to) state.walk = { ...walk, from, to };
  else state.walk = from === walk.from ? { ...walk, from: walk.to, to } : { ...walk, from, to: walk.from };
}

/** The vector at a place of the walk; undefined while there are no two pins. @param {Pick<State, 'pins' | 'walk'>} state @param {number} t */
export function walkZ({ pins, walk }, t) {
  const [from, to] = [pins[walk.from], pins[walk.to]];
  return from && to && walk.from !== walk.to ? slerp(from.z, to.z, t) : undefined;
}

/** What is drawn at a place of the walk: the classes of its ends, and between them some of each. @param {Pick<State, 'pins' | 'walk'>} state @param {number} t @returns {{class: number, mix: Mix | undefined}} */
export function walkClass({ pins, walk }, t) {
  return mixAt(pins[walk.from], pins[walk.to], t);
}

/** Goes to a place of the walk. @param {State} state @param {number} place */
export function walkTo(state, place) {
  // In thousandths, which is how links hold it.
  const t = Math.round(place * 1000) / 1000;
  const z = walkZ(state, t);
  if (!z) return;
  const { seed, index } = state.pins[t < 1 ? state.walk.from : state.walk.to];
  take(state, { seed, index, z, ...walkClass(state, t) });
  state.walk = { ...state.walk, t };
}

/**
 * Draws by another model from now on: with the same z where it takes as many numbers, else with the same sample of the
 * same seed.
 * @param {State} state
 * @param {string} model
 * @param {number} latentSize
 * @param {number} [classes] How many it is told one of; the one that was drawn stays where it has as many.
 */
export function setModel(state, model, latentSize, classes = 0) {
  state.model = model;
  if (!isWhole(state, classes)) setClass(state, 0);
  state.pins = state.pins.map((pin) => (isWhole(pin, classes) ? pin : { ...pin, class: 0, mix: undefined }));
  if (state.z.length === latentSize) return;
  const { seed, index } = state;
  Object.assign(state, { z: new Float32Array(latentSize), pins: [], walk: { from: 0, to: 1, t: 0 } });
  start(state, seed, index);
}
