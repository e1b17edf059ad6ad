// @ts-check
/**
 * A run on the thread that it is made on: steps in short slices, messages between them, a report now and then.
 *
 * In a browser `trainer-worker.js` has one; in Node the caller's thread has. Both are talked to by the same messages, so that `trainer.js`
 * does not know which it is.
 */

import { ForgerError } from './error.js';
import { loadTrainer } from './trainer-loader.js';
import { readPictures } from './trainer-pictures.js';

/** How long steps go on before messages are heard, in ms. */
const SLICE_MS = 30;

/**
 * @typedef {object} Settings
 * @property {import('./trainer-pictures.js').PictureSource} pictures
 * @property {string} dataset What they are called, where they are a file.
 * @property {string} recipe A built-in recipe's name, or one as TOML.
 * @property {string} changes TOML that is put over it.
 * @property {number} seed
 * @property {number} epochs
 * @property {number} everyMs How often there is a report.
 * @property {Uint8Array} [checkpoint] To go on from: it says recipe, seed and epochs.
 */

/**
 * @typedef {{kind: 'start', settings: Settings} | {kind: 'pause' | 'goOn' | 'stop' | 'step'} | {kind: 'ask', number: number, what: 'export' | 'checkpoint'}} Wish
 * What a session is told.
 */

/**
 * @typedef {{kind: 'ready'} | {kind: 'report', report: import('./trainer.js').Report} | {kind: 'ended'}
 *   | {kind: 'failed', message: string, hint: string, code: string} | {kind: 'answer', number: number, bytes?: Uint8Array, message?: string, hint?: string}} Word
 * What a session tells.
 */

/**
 * @param {(word: Word) => void} tell
 * @returns {(wish: Wish) => void} To be called with each message.
 */
export function createSession(tell) {
  /** @type {import('./runtime/trainer.js').Training | undefined} */
  let training;
  /** @type {string[]} */
  let names = [];
  let [isPaused, isOver, isRunning] = [false, false, false];
  let everyMs = 400;
  /** Since the last report: steps, seconds in them, and the sums of what they said. */
  let since = { steps: 0, seconds: 0, sums: /** @type {number[]} */ ([]) };
  let reportedAt = -Infinity;
  /** Seconds a step, over the last reports. */
  let pace = 0;

  /** @param {Settings} settings */
  async function start(settings) {
    // Both downloads go on at once.
    const [pictures, module] = await Promise.all([readPictures(settings.pictures, settings.dataset), loadTrainer()]);
    const { bytes, shape, labels, classes, name } = pictures;
    const { recipe, changes, seed, epochs } = settings;
    const learnt = /** @type {[Uint8Array, Uint32Array, Uint16Array, string[]]} */ ([bytes, Uint32Array.from(shape), Uint16Array.from(labels ?? []), [...(classes ?? [])]]);
    training = settings.checkpoint ? module.Training.resume(settings.checkpoint, ...learnt) : module.Training.start(recipe, changes, seed, epochs, name, ...learnt);
    names = module.statistics();
    everyMs = settings.everyMs;
    since.sums = names.map(() => 0);
    tell({ kind: 'ready' });
    void run();
  }

  async function run() {
    if (isRunning || !training) return;
    isRunning = true;
    try {
      while (!isPaused && !isOver) {
        const began = performance.now();
        // The first picture is not to wait for a second one.
        const until = reportedAt === -Infinity ? began : began + SLICE_MS;
        do take(); while (performance.now() < until && !isAtEnd());
        const isDone = isAtEnd();
        if (isDone) isOver = true;
        if (isDone || performance.now() - reportedAt >= everyMs) report();
        await breath();
      }
      if (isOver) tell({ kind: 'ended' });
    } catch (error) {
      isOver = true;
      tell({ kind: 'failed', ...inWords(error) });
    }
    isRunning = false;
  }

  function isAtEnd() {
    const at = training?.at;
    return !at || at[0] >= at[1];
  }

  function take() {
    if (!training) return;
    const began = performance.now();
    const [steps, ...means] = training.advance(1);
    const seconds = (performance.now() - began) / 1000;
    training.addSeconds(seconds);
    since.steps += steps;
    since.seconds += seconds;
    means.forEach((mean, i) => (since.sums[i] += mean * steps));
  }

  function report() {
    if (!training) return;
    const [step, steps, stepsPerEpoch, epoch, epochs, seconds] = training.at;
    const each = since.seconds / Math.max(1, since.steps);
    pace = pace === 0 ? each : 0.7 * pace + 0.3 * each;
    const statistics = Object.fromEntries(names.map((name, i) => [name, since.sums[i] / Math.max(1, since.steps)]));
    const sheet = /** @type {Float32Array<ArrayBuffer>} */ (training.sheet());
    tell({
      kind: 'report',
      report: {
        step,
        steps,
        stepsPerEpoch,
        epoch,
        epochs,
        seconds,
        msPerStep: 1000 * each,
        stepsPerSecond: 1 / Math.max(pace, 1e-9),
        secondsLeft: (steps - step) * pace,
        dLoss: statistics.d_loss,
        gLoss: statistics.g_loss,
        dAccuracy: (statistics.d_accuracy_real + statistics.d_accuracy_fake) / 2,
        dMargin: statistics.d_margin,
        statistics,
        warnings: training.takeWarnings(),
        sheet,
        imageShape: [...training.imageShape],
        isDone: step >= steps,
      },
    });
    since = { steps: 0, seconds: 0, sums: names.map(() => 0) };
    reportedAt = performance.now();
  }

  /** One step of a run that is paused. */
  function step() {
    if (!isPaused || isOver || isAtEnd()) return;
    try {
      take();
      report();
    } catch (error) {
      isOver = true;
      tell({ kind: 'failed', ...inWords(error) });
    }
  }

  /** @param {number} number @param {'export' | 'checkpoint'} what */
  function answer(number, what) {
    try {
      if (!training) throw new ForgerError('There is no run', 'Start one.');
      tell({ kind: 'answer', number, bytes: what === 'export' ? training.export() : training.checkpoint() });
    } catch (error) {
      tell({ kind: 'answer', number, ...inWords(error) });
    }
  }

  return (wish) => {
    switch (wish.kind) {
      case 'start':
        start(wish.settings).catch((error) => tell({ kind: 'failed', ...inWords(error) }));
        break;
      case 'pause':
        isPaused = true;
        break;
      case 'goOn':
        isPaused = false;
        void run();
        break;
      case 'step':
        step();
        break;
      case 'stop':
        if (!isOver && !isRunning) tell({ kind: 'ended' });
        isOver = true;
        break;
      default:
        answer(wish.number, wish.what);
    }
  };
}

/** @param {unknown} error */
function inWords(error) {
  if (error instanceof ForgerError) return { message: error.message, hint: error.hint, code: error.code };
  const { message, hint } = /** @type {{message?: string, hint?: string}} */ (error);
  return { message: message ?? String(error), hint: hint ?? 'Begin the run anew.', code: error instanceof WebAssembly.RuntimeError ? 'stopped' : 'unfit' };
}

/** Lets messages, and whoever else is on this thread, come in between. A timer would wait for 4 ms each time. */
function breath() {
  return new Promise((resolve) => {
    const { setImmediate } = /** @type {{setImmediate?: (resolve: (value: unknown) => void) => void}} */ (globalThis);
    if (setImmediate) return setImmediate(resolve);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve(undefined);
    };
    port2.postMessage(undefined);
  });
}
