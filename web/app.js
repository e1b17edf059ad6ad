// @ts-check
/**
 * Wires the page: loads the model, keeps the state, and draws at most once a frame.
 *
 * One direction: a control calls back, the state changes, `draw` shows the whole state in the next animation frame. A
 * control never touches another control.
 */

import { Generator, runtimeInfo } from './forger.js';
import { sampleZ } from './philox.js';
import { frameOfZ0, sweepZ, z0OfFrame } from './sweep.js';
import { createBoard } from './controls/board.js';
import { showFacts } from './controls/facts.js';
import { createPicture } from './controls/picture.js';
import { createPlayer } from './controls/player.js';
import { createSeed } from './controls/seed.js';
import { createSheet } from './controls/sheet.js';
import { createStatus } from './controls/status.js';
import { createZ0 } from './controls/z0.js';
import { byId } from './controls/dom.js';

/** The digit that greets a visitor. */
const FIRST_SEED = 1;

const status = createStatus(byId('status'), byId('failure'), byId('explorer'));
try {
  const started = performance.now();
  const [generator, runtime] = await Promise.all([
    Generator.load(new URL('gen.onnx', import.meta.url), { onProgress: status.progress }),
    runtimeInfo(),
  ]);
  explore(generator, status.failed);
  status.ready();
  showFacts(byId('facts'), generator, runtime, performance.now() - started);
} catch (error) {
  status.failed(error);
}

/**
 * Shows the first digit, and from then on whatever the controls make of it.
 * @param {Generator} generator
 * @param {(error: unknown) => void} onFailure A model can load and still fail on some latent vector.
 */
function explore(generator, onFailure) {
  const { latentSize } = generator;
  const state = {
    seed: FIRST_SEED,
    /** The latent vector on show. */
    z: new Float32Array(latentSize),
    /** The latent vector whose other coordinates the held sweep holds: the last one that is no frame of fresh noise. */
    held: new Float32Array(latentSize),
    /** @type {import('./sweep.js').SweepKind} */
    kind: 'held',
    /** The frame of the sweep on show, if it is one. @type {number | undefined} */
    frame: undefined,
    playing: false,
  };
  /** The sweep with fresh noise depends on the seed alone. */
  let fresh = sweepZ('fresh', state.z, state.seed);
  let scheduled = false;
  /** Which of the sheets on show are not those of the state. */
  const stale = { held: true, fresh: true };

  const picture = createPicture(byId('picture'), generator);
  const sheets = {
    held: createSheet(byId('sheet-held'), generator, 'the other numbers held'),
    fresh: createSheet(byId('sheet-fresh'), generator, 'fresh noise in each frame'),
  };
  const z0 = createZ0(byId('z0-control'), (value) => change(() => setCoordinate(0, value)));
  const board = createBoard(byId('board'), latentSize, {
    onInput: (coordinate, value) => change(() => setCoordinate(coordinate, value)),
    onReset: () => change(() => start(state.seed)),
  });
  const seed = createSeed(byId('seed-control'), (value) => change(() => start(value)));
  const player = createPlayer(byId('sweep'), {
    onPlay: (playing) => change(() => (state.playing = playing), { keepPlaying: true }),
    onKind: (kind) => change(() => setKind(kind), { keepPlaying: true }),
    onFrame: (frame) => change(() => showFrame(frame), { keepPlaying: true }),
  });

  start(FIRST_SEED);
  // At once: in a tab that is not on show the next frame may be long in coming.
  draw();

  /**
   * @param {() => void} edit
   * @param {{keepPlaying?: boolean}} [options] Whoever takes hold of a number stops the sweep.
   */
  function change(edit, { keepPlaying = false } = {}) {
    if (!keepPlaying) state.playing = false;
    edit();
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      try {
        draw();
      } catch (error) {
        state.playing = false;
        onFailure(error);
      }
    });
  }

  /** Begins with the digit of a seed. @param {number} value */
  function start(value) {
    state.seed = value;
    state.z = sampleZ(value, 1, latentSize);
    state.held = state.z.slice();
    state.frame = undefined;
    fresh = sweepZ('fresh', state.z, value);
    stale.held = stale.fresh = true;
  }

  /** @param {number} coordinate @param {number} value */
  function setCoordinate(coordinate, value) {
    state.z[coordinate] = value;
    // The held sweep gives z[0] values of its own, so it is the same sweep unless another coordinate is another.
    stale.held ||= state.z.some((value, i) => i > 0 && value !== state.held[i]);
    state.held = state.z.slice();
    state.frame = state.kind === 'held' ? frameOfZ0(state.z[0]) : undefined;
  }

  /** @param {import('./sweep.js').SweepKind} kind */
  function setKind(kind) {
    state.kind = kind;
    // What is on show is a frame of the other kind, if of any.
    state.frame = undefined;
  }

  /** @param {number} frame */
  function showFrame(frame) {
    state.z = state.kind === 'held' ? state.held.slice() : fresh.slice(frame * latentSize, (frame + 1) * latentSize);
    state.z[0] = z0OfFrame(frame);
    state.frame = frame;
  }

  function draw() {
    picture.show(state);
    z0.show(state.z[0]);
    board.show(state.z);
    seed.show(state.seed);
    player.show(state);
    if (stale.held) sheets.held.draw(sweepZ('held', state.held, state.seed));
    if (stale.fresh) sheets.fresh.draw(fresh);
    stale.held = stale.fresh = false;
    sheets.held.point(state.kind === 'held' ? state.frame : undefined);
    sheets.fresh.point(state.kind === 'fresh' ? state.frame : undefined);
  }
}
