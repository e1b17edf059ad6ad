// @ts-check
/**
 * A generator that draws pictures in the browser: the face of Forger that other pages embed.
 *
 *     import { Generator } from './forger.js';
 *     const g = await Generator.load('gen.onnx');      // a URL, an ArrayBuffer or a File
 *     const pixels = g.generate(z);                    // n * g.latentSize numbers -> n pictures, in [-1, 1]
 *     const sevens = g.generate(z, 7);                 // of a model that is told a class: `g.classes` are their names
 *
 * The model is run by tract, compiled to WebAssembly (`runtime/`), on the calling thread: a digit costs less than a
 * message to a worker would. What costs more goes to a worker by `generateAsync`. Everything is found beside this file, so it
 * works from any path.
 */

import { ForgerError } from './error.js';
import { heldBytes, loadRuntime } from './loader.js';
import { explain, openModel } from './opening.js';
import { classNames, ends, pairs, set } from './others.js';
import { readBytes } from './source.js';
import { Courier } from './courier.js';

export { ForgerError };

/**
 * Trains a generator here: `const t = await Trainer.start({ pictures, recipe, seed }); for await (const report of t) …; await t.export()`.
 * What trains is fetched when a run is started; `trainer.js` is what a run can do.
 */
export const Trainer = Object.freeze({
  /** @param {import('./trainer.js').StartOptions} options */
  async start(options) {
    const { startTraining } = await import('./trainer.js');
    return startTraining(options);
  },
  /**
   * Goes on with a run.
   * @param {Uint8Array} checkpoint What `checkpoint()` gave, or the trainer's `checkpoint.safetensors`.
   * @param {import('./trainer-pictures.js').PictureSource} pictures Those that it was begun with.
   * @param {Omit<import('./trainer.js').ResumeOptions, 'checkpoint' | 'pictures'>} [options]
   */
  async resume(checkpoint, pictures, options = {}) {
    const { resumeTraining } = await import('./trainer.js');
    return resumeTraining({ ...options, checkpoint, pictures });
  },
});

/** What the calling thread may be kept for, in ms: a quarter of a frame at 60 a second. */
const MAIN_THREAD_MS = 4;

/**
 * @typedef {object} Shared
 * @property {number} msPerPicture
 * @property {readonly string[] | null} classes
 * @property {Map<number, Generator>} ofClass
 * @property {Courier} [courier]
 */

/** A generator read from an ONNX file, ready to draw. */
export class Generator {
  #wasm;
  #kind;
  #bytes;
  #metadata;
  #shape;
  #latentSize;
  #along;
  /** The class of pictures for which none is given. */
  #class;
  /** What the same model has for all of its classes. @type {Shared} */
  #shared;

  /**
   * Use {@link Generator.load}.
   * @param {import('./runtime/runtime.js').Generator} wasm
   * @param {import('./loader.js').Kind} kind
   * @param {Uint8Array} bytes
   * @param {import('./others.js').Along} [along]
   * @param {number} [chosen] The class of pictures for which none is given.
   * @param {Shared} [shared] What the same model has for all of its classes.
   */
  constructor(wasm, kind, bytes, along = {}, chosen = 0, shared = undefined) {
    this.#wasm = wasm;
    this.#kind = kind;
    this.#bytes = bytes;
    this.#along = along;
    this.#class = chosen;
    const flat = wasm.metadata;
    /** @type {[string, string][]} */
    const entries = [];
    for (let i = 0; i < flat.length; i += 2) entries.push([flat[i], flat[i + 1]]);
    this.#metadata = Object.freeze(Object.fromEntries(entries));
    this.#shape = Object.freeze([...wasm.imageShape]);
    this.#latentSize = wasm.latentSize;
    this.#shared = shared ?? {
      msPerPicture: measure(() => wasm.generate(new Float32Array(this.#latentSize))),
      classes: classNames(wasm.classes, this.#metadata),
      ofClass: new Map(),
    };
    this.#shared.ofClass.set(chosen, this);
  }

  /**
   * Reads a model: Forger's own, or any ONNX generator of pictures; what was taken for what is in {@link Generator.taken}.
   * Rejects with a {@link ForgerError} that says what is wrong with it.
   *
   * @param {import('./source.js').Source} source An address as seen from the page, bytes, or a file (a `File` is a `Blob`).
   * @param {{onProgress?: import('./source.js').OnProgress} & import('./others.js').Along} [options] `onProgress` is told the
   *   bytes that have come so far, `total` only where the server says it; `beside` are files that the model keeps its weights
   *   in; `input`, `output`, `layout` and `range` are said where they would not be found out; `settings` are numbers for inputs
   *   such as a `psi`, by their names.
   * @returns {Promise<Generator>}
   */
  static async load(source, { onProgress, ...along } = {}) {
    const runtime = loadRuntime();
    // Both downloads go on at once. Should the second fail first, this one's failure is not left unheard.
    runtime.catch(() => {});
    const bytes = await readBytes(source, onProgress);
    await runtime;
    const { wasm, kind } = await openModel(bytes, along);
    try {
      return new Generator(wasm, kind, bytes, along);
    } catch (error) {
      throw explain(error, kind, 'Use a generator that Forger exported, and copy the file again if it is one.');
    }
  }

  /** How many numbers make one latent vector: 100 for Forger's own models. */
  get latentSize() {
    return this.#latentSize;
  }

  /** Channels, height and width of a picture: [1, 28, 28] for Forger's own models. @type {readonly number[]} */
  get imageShape() {
    return this.#shape;
  }

  /**
   * The model's metadata, such as `forger.recipe`: texts of whoever made the file.
   * @type {Readonly<Record<string, string>>}
   */
  get metadata() {
    return this.#metadata;
  }

  /** How large the model's file is, in bytes. */
  get byteLength() {
    return this.#bytes.length;
  }

  /** The model's file, for whoever loads it again on another thread. It is not to be changed. */
  get file() {
    return this.#bytes;
  }

  /** The names of the classes that the model draws, or null if it is told none. @type {readonly string[] | null} */
  get classes() {
    return this.#shared.classes;
  }

  /** The class of pictures for which none is given, as its place among {@link Generator.classes}. */
  get class() {
    return this.#class;
  }

  /**
   * The same model, drawing another class where none is given; the same object for the same class. Freeing one frees all.
   * Throws a {@link ForgerError} where there is no such class.
   * @param {number} chosen Its place among {@link Generator.classes}; 0 of a model that is told none is the model.
   * @returns {Generator}
   */
  ofClass(chosen) {
    const count = this.#shared.classes?.length ?? 0;
    if (!Number.isInteger(chosen) || chosen < 0 || chosen >= Math.max(1, count)) throw noClass(chosen, count);
    return this.#shared.ofClass.get(chosen) ?? new Generator(this.#wasm, this.#kind, this.#bytes, this.#along, chosen, this.#shared);
  }

  /**
   * What was taken for what in a model of others, in words: `latent`, `class`, `picture`, `layout`, `range` and more; null for
   * Forger's own models.
   * @type {readonly [string, string][] | null}
   */
  get taken() {
    const told = /** @type {{taken?: string[]}} */ (this.#wasm).taken;
    return told && told.length > 0 ? pairs(told) : null;
  }

  /**
   * What the model takes beside its numbers and its class, one number each, such as a `psi`: their names, and where they rest.
   * @type {readonly [string, number][]}
   */
  get settings() {
    const told = /** @type {{settings?: string[]}} */ (this.#wasm).settings ?? [];
    return pairs(told).map(([name, value]) => [name, Number(value)]);
  }

  /**
   * The same model with a setting at another value. The two share it: what draws from now on draws by the newest value, and
   * freeing one of them frees both.
   * @param {string} name One of {@link Generator.settings}.
   * @param {number} value
   */
  withSetting(name, value) {
    const settings = { [name]: value };
    try {
      set(this.#wasm, settings);
    } catch (error) {
      throw explain(error, this.#kind, 'Set one of the inputs that the model has.');
    }
    this.#shared.courier?.set(settings);
    // Those of other classes drew by the setting before.
    this.#shared.ofClass.clear();
    const along = { ...this.#along, settings: { ...this.#along.settings, ...settings } };
    return new Generator(this.#wasm, this.#kind, this.#bytes, along, this.#class, this.#shared);
  }

  /**
   * The names that `input` and `output` of {@link Generator.load} may say: of a model of others, else none.
   * @type {{inputs: string[], outputs: string[]}}
   */
  get ends() {
    return ends(/** @type {{ends?: string[]}} */ (this.#wasm).ends ?? []);
  }

  /** How long one picture takes on this thread, in ms, as measured when the model was loaded. */
  get msPerPicture() {
    return this.#shared.msPerPicture;
  }

  /**
   * Draws a picture for each latent vector.
   * @param {Float32Array} z [n, latentSize], row-major, n of any size.
   * @param {ArrayLike<number> | number} [classes] The class of each, as its place among {@link Generator.classes}, or one for
   *   all. If not given, {@link Generator.class} is drawn.
   * @returns {Float32Array} [n, channels * height * width], row-major, black at -1 and white at 1.
   */
  generate(z, classes) {
    const asked = this.#classesOf(z, classes);
    try {
      return this.#wasm.generate(z, asked);
    } catch (error) {
      throw explain(error, this.#kind, 'Give n times latentSize finite numbers in a Float32Array.');
    }
  }

  /**
   * Draws a picture for each latent vector without being in the way: at once if that is quick, else in a worker.
   *
   * Of requests that come faster than a worker draws, the newest wins: the one under way is finished, of those that wait only
   * the last is drawn. For one that was passed over, the promise gives `undefined`.
   *
   * @param {Float32Array} z As for {@link Generator.generate}; it may be changed as soon as this has returned.
   * @param {ArrayLike<number> | number} [classes] As for {@link Generator.generate}.
   * @returns {Promise<Float32Array | undefined>} As of {@link Generator.generate}.
   */
  async generateAsync(z, classes) {
    const pictures = z.length / this.#latentSize;
    const shared = this.#shared;
    if (!shared.courier && (pictures * shared.msPerPicture <= MAIN_THREAD_MS || !globalThis.Worker)) return this.generate(z, classes);
    shared.courier ??= new Courier(this.#bytes, this.#along);
    return shared.courier.request(z, this.#classesOf(z, classes));
  }

  /** @param {Float32Array} z @param {ArrayLike<number> | number | undefined} asked @returns {Uint32Array | undefined} */
  #classesOf(z, asked) {
    const classes = asked ?? this.#class;
    const pictures = Math.floor(z.length / this.#latentSize);
    const count = this.#shared.classes?.length ?? 0;
    const list = typeof classes === 'number' ? [classes] : Array.from(classes);
    // Said here: an array of whole numbers would make a class of anything.
    for (const each of list) if (!Number.isInteger(each) || each < 0 || each >= Math.max(1, count)) throw noClass(each, count);
    if (typeof classes === 'number') return classes === 0 ? undefined : new Uint32Array(pictures).fill(classes);
    if (list.length === pictures) return Uint32Array.from(list);
    const message = `${list.length} classes are given for ${pictures} latent vectors`;
    throw new ForgerError(message, 'Give one class for each latent vector, one number for all, or none.', { code: 'unfit' });
  }

  /** Gives the model's memory back at once, instead of when the browser collects it. The generator is then of no use. */
  free() {
    this.#shared.courier?.close();
    this.#wasm.free();
  }
}

/**
 * What runs the models here. `relaxedSimd`: with fused multiply-add, which rounds as the trainer does. `memoryBytes`: what its
 * WebAssembly holds by now.
 * @returns {Promise<{tract: string, simd: boolean, relaxedSimd: boolean, memoryBytes: number}>}
 */
export async function runtimeInfo() {
  const runtime = await loadRuntime();
  return {
    tract: runtime.tractVersion(),
    simd: runtime.simd128(),
    relaxedSimd: runtime.relaxedSimd(),
    memoryBytes: await heldBytes(),
  };
}

/** @param {unknown} asked @param {number} count @returns {ForgerError} */
function noClass(asked, count) {
  const hint = count === 0 ? 'This model is told no class: leave it out.' : `This model’s classes are 0 to ${count - 1}; \`classes\` has their names.`;
  return new ForgerError(`There is no class ${asked}`, hint, { code: 'unfit' });
}

/**
 * How long a run takes, in ms: one run if it is long, else as many as a clock needs that ticks in tenths of a millisecond.
 * @param {() => void} run
 */
function measure(run) {
  const start = performance.now();
  let [runs, passed] = [0, 0];
  // Some browsers let their clock stand still for longer: after so many runs it is quick enough anyway.
  while (passed < 1 && runs < 200) {
    run();
    runs++;
    passed = performance.now() - start;
  }
  return passed / runs;
}
