// @ts-check
/**
 * A run of training that whoever holds it can watch, pause and take home.
 *
 *     const t = await startTraining({ pictures, dataset = 'pictures', recipe: 'stable', seed: 1 });
 *     for await (const report of t) show(report.sheet, report.dLoss);
 *     const onnx = await t.export();
 *
 * It runs in a worker where there are workers, and on the caller's thread in Node, in slices. `forger.js` has it as `Trainer`.
 */

import { ForgerError } from './error.js';
import { createSession } from './trainer-session.js';

/**
 * @typedef {object} Report What came of the steps since the report before.
 * @property {number} step Steps done.
 * @property {number} steps Of the whole run.
 * @property {number} stepsPerEpoch
 * @property {number} epoch Whole passes over the pictures.
 * @property {number} epochs
 * @property {number} seconds Spent in steps so far.
 * @property {number} msPerStep
 * @property {number} stepsPerSecond
 * @property {number} secondsLeft
 * @property {number} dLoss
 * @property {number} gLoss
 * @property {number} dAccuracy The share of pictures, real and forged, that D tells right.
 * @property {number} dMargin How far D holds the two kinds apart.
 * @property {Readonly<Record<string, number>>} statistics All that a step reports, by the names that the trainer's log has.
 * @property {readonly string[]} warnings Failures with a name that have shown, in the trainer's words, each once in a run.
 * @property {Float32Array<ArrayBuffer>} sheet A hundred pictures of z that stay the same all through the run, one after another, in [-1, 1].
 * @property {readonly number[]} imageShape Channels, height and width of a picture.
 * @property {'gpu' | 'cpu'} device What took the steps.
 * @property {string} deviceName What the browser calls the GPU; empty on the CPU.
 * @property {string} whyCpu Why the GPU takes none, where it might have: a sentence.
 * @property {boolean} isDone
 */

/**
 * @typedef {object} StartOptions
 * @property {import('./trainer-pictures.js').PictureSource} pictures What to learn from: at least 64.
 * @property {string} [dataset] What they are called in the model's file, where they are an idx file; `pictures` if not given.
 * @property {string} [recipe] `stable` if not given, `seed`, another built-in recipe, or one as TOML.
 * @property {Readonly<Record<string, number | boolean | string>>} [changes] Values that are put over the recipe's.
 * @property {number} [seed] 0 if not given.
 * @property {number} [epochs] Passes over the pictures, which the recipe's schedules are stretched over; 10 if not given.
 * @property {number} [everyMs] How often there is a report, 400 if not given.
 * @property {'auto' | 'cpu' | 'gpu'} [device] What takes the steps. `auto`, if not given: the GPU where the browser gives one that is
 *   no program; `gpu` takes such a one too. Where the GPU can't, or is lost, the CPU does, and the reports say why.
 */

/**
 * @typedef {Pick<StartOptions, 'dataset' | 'everyMs' | 'device'> & {pictures: import('./trainer-pictures.js').PictureSource, checkpoint: Uint8Array}} ResumeOptions
 *   What a run goes on from; the checkpoint says all else.
 */

/** @typedef {{resolve: (bytes: Uint8Array) => void, reject: (error: unknown) => void}} Waiting */

/** A run under way. */
export class Training {
  /** @type {(wish: import('./trainer-session.js').Wish) => void} */
  #say;
  /** @type {() => void} */
  #end;
  /** The newest report that nobody has taken. @type {Report | undefined} */
  #report;
  #isOver = false;
  /** @type {unknown} */
  #failure;
  #wake = () => {};
  #number = 0;
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  #ready;

  /** Use {@link startTraining}. @param {import('./trainer-session.js').Settings} settings */
  constructor(settings) {
    /** @type {(value: unknown) => void} */
    let isReady = () => {};
    /** @type {(error: unknown) => void} */
    let isNot = () => {};
    this.#ready = new Promise((resolve, reject) => {
      [isReady, isNot] = [resolve, reject];
    });
    const hear = (/** @type {import('./trainer-session.js').Word} */ word) => {
      if (word.kind === 'ready') isReady(undefined);
      else if (word.kind === 'report') this.#take(word.report);
      else if (word.kind === 'answer') this.#answered(word);
      else {
        if (word.kind === 'failed') this.#fail(new ForgerError(word.message, word.hint, { code: /** @type {any} */ (word.code) }));
        isNot(this.#failure);
        this.#isOver = true;
        this.#wake();
      }
    };
    if (globalThis.Worker) {
      const worker = new Worker(new URL('./trainer-worker.js', import.meta.url), { type: 'module' });
      worker.onmessage = ({ data }) => hear(data);
      worker.onerror = () => hear({ kind: 'failed', message: 'The worker that trains stopped', hint: 'Begin the run anew.', code: 'stopped' });
      this.#say = (wish) => worker.postMessage(wish);
      this.#end = () => worker.terminate();
    } else {
      this.#say = createSession(hear);
      this.#end = () => this.#say({ kind: 'stop' });
    }
    this.#say({ kind: 'start', settings });
  }

  /** Resolves when the first step is about to be taken; rejects with what stands against it. */
  get ready() {
    return this.#ready;
  }

  /** @param {Report} report */
  #take(report) {
    // Whoever was slow sees the newest sheet, and no warning less.
    this.#report = { ...report, warnings: [...(this.#report?.warnings ?? []), ...report.warnings] };
    this.#wake();
  }

  /** @param {unknown} error */
  #fail(error) {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  /** @param {{number: number, bytes?: Uint8Array, message?: string, hint?: string}} answer */
  #answered({ number, bytes, message, hint }) {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (bytes) waiting?.resolve(bytes);
    else waiting?.reject(new ForgerError(message ?? 'The run gave nothing', hint ?? 'Begin the run anew.', { code: 'unfit' }));
  }

  /** The reports, the newest first where several have come; ends with the run. */
  async *[Symbol.asyncIterator]() {
    while (true) {
      if (this.#report) {
        const report = this.#report;
        this.#report = undefined;
        yield report;
      } else if (this.#failure) {
        throw this.#failure;
      } else if (this.#isOver) {
        return;
      } else {
        await /** @type {Promise<void>} */ (new Promise((resolve) => (this.#wake = () => resolve(undefined))));
      }
    }
  }

  /** Takes no more steps until {@link Training.goOn}. */
  pause() {
    this.#say({ kind: 'pause' });
  }

  /** Goes on after {@link Training.pause}. */
  goOn() {
    this.#say({ kind: 'goOn' });
  }

  /** Takes one step while it is paused, and reports it. */
  step() {
    this.#say({ kind: 'step' });
  }

  /** Ends the run where it is: the reports end, and it can still be exported. */
  stop() {
    this.#say({ kind: 'stop' });
  }

  /** The generator as it is now, as ONNX: the file that the trainer would write. @returns {Promise<Uint8Array>} */
  export() {
    return this.#ask('export');
  }

  /** The whole run as it is now: `trainer --from` begins from its weights, and `exporter` makes model files of it. @returns {Promise<Uint8Array>} */
  checkpoint() {
    return this.#ask('checkpoint');
  }

  /** @param {'export' | 'checkpoint'} what @returns {Promise<Uint8Array>} */
  #ask(what) {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const number = ++this.#number;
      this.#waiting.set(number, { resolve, reject });
      this.#say({ kind: 'ask', number, what });
    });
  }

  /** Gives the run's memory back at once. It is then of no use. */
  free() {
    this.#isOver = true;
    this.#fail(new ForgerError('The run was given up', 'Begin a new one.', { code: 'stopped' }));
    this.#failure = undefined;
    this.#wake();
    this.#end();
  }
}

/** @param {StartOptions} options @returns {Promise<Training>} */
export async function startTraining({ pictures, dataset = 'pictures', recipe = 'stable', changes = {}, seed = 0, epochs = 10, everyMs = 400, device = 'auto' }) {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new ForgerError(`${seed} is no seed`, 'Give a whole number from 0 on.', { code: 'unfit' });
  if (!Number.isSafeInteger(epochs) || epochs < 1 || epochs > 0xffff_ffff) throw new ForgerError(`${epochs} is no number of epochs`, 'Give a whole number from 1 on.', { code: 'unfit' });
  const toml = Object.entries(changes).map(([key, value]) => `${key} = ${typeof value === 'string' ? JSON.stringify(value) : value}`).join('\n');
  const training = new Training({ pictures: whole(pictures), dataset, recipe, changes: toml, seed, epochs, everyMs, device });
  await training.ready;
  return training;
}

/** Goes on from a checkpoint, on the pictures that its run was begun with. @param {ResumeOptions} options @returns {Promise<Training>} */
export async function resumeTraining({ pictures, checkpoint, dataset = 'pictures', everyMs = 400, device = 'auto' }) {
  const training = new Training({ pictures: whole(pictures), dataset, recipe: '', changes: '', seed: 0, epochs: 1, everyMs, device, checkpoint });
  await training.ready;
  return training;
}

/** An address as a worker understands it, which lies elsewhere than the page. @param {import('./trainer-pictures.js').PictureSource} pictures */
function whole(pictures) {
  if (pictures instanceof URL) return pictures.href;
  return typeof pictures === 'string' && globalThis.document ? new URL(pictures, document.baseURI).href : pictures;
}
