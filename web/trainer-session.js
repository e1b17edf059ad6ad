// @ts-check
/**
 * A run on the thread that it is made on: steps in short slices, messages between them, a report now and then.
 *
 * The steps are taken by the GPU where there is one to take them, else by the CPU; when the GPU is lost, the CPU goes on from the
 * last report, which says so.
 *
 * In a browser `trainer-worker.js` has one; in Node the caller's thread has. Both are talked to by the same messages, so that `trainer.js`
 * does not know which it is.
 */

import { ForgerError } from './error.js';
import { Gpu, findAdapter, isSoftware } from './trainer-gpu.js';
import { loadFiles, loadTrainer } from './trainer-loader.js';
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
 * @property {'auto' | 'cpu' | 'gpu'} device What is to take the steps, if it can.
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
  /** What takes the steps, where it is not the module. @type {Gpu | undefined} */
  let gpu;
  /** Why it is not, where it might have been. */
  let why = '';
  /** @type {string[]} */
  let names = [];
  let [isPaused, isOver, isRunning] = [false, false, false];
  /** Steps that are to be taken one by one. */
  let asked = 0;
  let everyMs = 400;
  /** Since the last report: steps, seconds in them, and the sums of what they said. */
  let since = { steps: 0, seconds: 0, sums: /** @type {number[]} */ ([]) };
  let reportedAt = -Infinity;
  /** Seconds a step, over the last reports. */
  let pace = 0;

  /** @param {Settings} settings */
  async function start(settings) {
    // All of it comes at once.
    const adapting = settings.device === 'cpu' ? null : findAdapter();
    const [pictures, module] = await Promise.all([readPictures(settings.pictures, settings.dataset), loadTrainer()]);
    training = await begun(module, settings, pictures);
    names = module.statistics();
    everyMs = settings.everyMs;
    since.sums = names.map(() => 0);
    if (settings.device !== 'cpu') await chooseGpu(module, await adapting, settings.device === 'gpu');
    tell({ kind: 'ready' });
    void run();
  }

  /** Whatever stands against the GPU, the CPU trains. @param {import('./trainer-loader.js').TrainerModule} module @param {GPUAdapter | null} adapter @param {boolean} any */
  async function chooseGpu(module, adapter, any) {
    if (!training) return;
    if (!adapter) {
      why = 'This browser gives no GPU to compute with';
    } else if (isSoftware(adapter) && !any) {
      why = 'The only GPU here is a program that stands in for one';
    } else {
      try {
        gpu = await Gpu.open(adapter, module, training);
      } catch (error) {
        why = inWords(error).message;
        training.toCpu();
      }
    }
  }

  async function run() {
    if (isRunning || !training) return;
    isRunning = true;
    try {
      while (!isPaused && !isOver) {
        await round(false);
        const isDone = isAtEnd();
        if (isDone) isOver = true;
        // A GPU that is lost takes its steps along: of none there is nothing to tell.
        if (isDone || (since.steps > 0 && performance.now() - reportedAt >= everyMs)) report();
        await breath();
      }
      if (isOver) tell({ kind: 'ended' });
    } catch (error) {
      isOver = true;
      tell({ kind: 'failed', ...inWords(error) });
    }
    if (isOver) gpu?.free();
    isRunning = false;
    if (asked > 0 && !isOver) void stepByStep();
  }

  /** Takes the steps that a run is asked for one by one, while it is paused. */
  async function stepByStep() {
    if (isRunning || !training) return;
    isRunning = true;
    try {
      for (; asked > 0 && isPaused && !isOver && !isAtEnd(); asked--) {
        await round(true);
        report();
      }
    } catch (error) {
      isOver = true;
      tell({ kind: 'failed', ...inWords(error) });
    }
    [asked, isRunning] = [0, false];
    // Whoever said "go on" or "stop" meanwhile waits for it.
    if (!isPaused || isOver) void run();
  }

  /** Some steps, or just one. @param {boolean} one */
  async function round(one) {
    if (gpu) return roundOnGpu(gpu, one);
    const began = performance.now();
    // The first picture is not to wait for a second one.
    const until = one || reportedAt === -Infinity ? began : began + SLICE_MS;
    do take(); while (performance.now() < until && !isAtEnd());
  }

  /** Steps until there is something to report. @param {Gpu} device @param {boolean} one */
  async function roundOnGpu(device, one) {
    if (!training || isAtEnd()) return;
    const began = performance.now();
    const isWanted = () => !one && !isPaused && !isOver && performance.now() - reportedAt < everyMs;
    let read;
    try {
      await device.advance(isWanted, one ? 1 : undefined);
      read = await device.read();
    } catch (error) {
      why = inWords(error).message;
      gpu = undefined;
      device.free();
      training.toCpu();
      return;
    }
    const seconds = (performance.now() - began) / 1000;
    training.addSeconds(seconds);
    count(training.gpuTook(read.stats, read.state), seconds);
    if (device.isAtEnd && !isAtEnd()) device.begin(training);
  }

  function isAtEnd() {
    const at = training?.at;
    return !at || at[0] >= at[1];
  }

  function take() {
    if (!training) return;
    const began = performance.now();
    const taken = training.advance(1);
    const seconds = (performance.now() - began) / 1000;
    training.addSeconds(seconds);
    count(taken, seconds);
  }

  /** @param {Float64Array} taken How many steps, and the means of what they reported. @param {number} seconds */
  function count([steps, ...means], seconds) {
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
        device: gpu ? 'gpu' : 'cpu',
        deviceName: gpu?.name ?? '',
        whyCpu: gpu ? '' : why,
        isDone: step >= steps,
      },
    });
    since = { steps: 0, seconds: 0, sums: names.map(() => 0) };
    reportedAt = performance.now();
  }

  /** @param {number} number @param {'export' | 'checkpoint'} what */
  async function answer(number, what) {
    try {
      if (!training) throw new ForgerError('There is no run', 'Start one.');
      // As it is now, whatever steps are taken while its files are made.
      const parcel = training.parcel();
      const files = await loadFiles();
      tell({ kind: 'answer', number, bytes: what === 'export' ? files.model(parcel) : files.checkpoint(parcel) });
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
        if (!isPaused || isOver) break;
        // The slice that was under way when it was paused may not be over.
        asked++;
        void stepByStep();
        break;
      case 'stop':
        if (!isOver && !isRunning) {
          gpu?.free();
          tell({ kind: 'ended' });
        }
        isOver = true;
        break;
      default:
        void answer(wish.number, wish.what);
    }
  };
}

/**
 * A run that is about to take its first step, or the next one after its checkpoint's.
 * @param {import('./trainer-loader.js').TrainerModule} module @param {Settings} settings @param {import('./trainer-pictures.js').Pictures} pictures
 */
async function begun(module, { recipe, changes, seed, epochs, checkpoint }, { bytes, shape, labels, classes, name }) {
  const learnt = /** @type {const} */ ([bytes, Uint32Array.from(shape), Uint16Array.from(labels ?? [])]);
  if (checkpoint) return module.Training.resume((await loadFiles()).open(checkpoint), ...learnt);
  // What takes more than plain lines to read, or is wrong, is read by the module that has the words for it.
  const values = module.recipe(recipe, changes) ?? (await loadFiles()).recipe(recipe, changes);
  return module.Training.start(values, seed, epochs, name, ...learnt, [...(classes ?? [])]);
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
