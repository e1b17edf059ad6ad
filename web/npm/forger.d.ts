/** Where a model comes from: an address as seen from the page, bytes, or a file (a `File` is a `Blob`). */
export type Source = string | URL | ArrayBuffer | Uint8Array | Blob;

/** How far a download has come, in bytes; `total` only where the server says it. */
export interface Progress {
  loaded: number;
  total: number | undefined;
}

/** What to say of a model where it would not be found out, and the files that it keeps its weights in. */
export interface Along {
  /** The name of the input that is the latent vector. */
  input?: string;
  /** The name of the output that is the picture. */
  output?: string;
  /** How a picture's numbers lie: `nchw`, `nhwc`, `nhw` or `flat`. */
  layout?: string;
  /** What black and white are: `-1..1`, `0..1` or `0..255`. */
  range?: string;
  /** The files beside the model, such as its `.onnx.data`. */
  beside?: readonly { name: string; bytes: Uint8Array }[];
  /** Where inputs rest that are one number each, such as a `psi`, by their names. */
  settings?: Readonly<Record<string, number>>;
}

/**
 * `simd`: no WebAssembly SIMD here. `runtime`: its files did not come. `forbidden`: the host's policy allows no WebAssembly.
 * `unreachable`, `missing`, `cut`: the model's address gives nothing, an error, or only a part. `large`: more than 64 MB.
 * `full`: the model needs the runtime with all operators, and that did not come. `unfit`: no generator; the message says why.
 * `stopped`: the runtime or its worker died of it.
 */
export type ErrorCode = 'simd' | 'runtime' | 'forbidden' | 'unreachable' | 'missing' | 'cut' | 'large' | 'full' | 'unfit' | 'stopped' | 'other';

/** Why a generator could not be loaded or run. */
export class ForgerError extends Error {
  constructor(message: string, hint: string, options?: { cause?: unknown; code?: ErrorCode; values?: Record<string, string | number> });
  /** What to do about it. */
  hint: string;
  /** What kind of error it is, for pages that say it in words of their own. */
  code: ErrorCode;
  /** The names and numbers in the message. */
  values: Record<string, string | number>;
}

/** A generator read from an ONNX file, ready to draw. */
export class Generator {
  private constructor();

  /**
   * Reads a model: Forger's own, or any ONNX generator of pictures up to 512 by 512; what was taken for what is in `taken`.
   * Rejects with a {@link ForgerError}.
   */
  static load(source: Source, options?: { onProgress?: (progress: Progress) => void } & Along): Promise<Generator>;

  /** How many numbers make one latent vector. */
  readonly latentSize: number;
  /** Channels, height and width of a picture. */
  readonly imageShape: readonly number[];
  /** The model's metadata: texts of whoever made the file. */
  readonly metadata: Readonly<Record<string, string>>;
  /** How large the model's file is, in bytes. */
  readonly byteLength: number;
  /** The model's file, for whoever loads it again on another thread. It is not to be changed. */
  readonly file: Uint8Array;
  /** The names of the classes that the model draws, or null if it is told none. */
  readonly classes: readonly string[] | null;
  /** The class of pictures for which none is given, as its place among `classes`. */
  readonly class: number;
  /** The same model, drawing another class where none is given. Freeing one frees all. */
  ofClass(chosen: number): Generator;
  /**
   * What was taken for what in a model of others, in words: `latent`, `class`, `picture`, `layout`, `range` and more; null for
   * Forger's own models.
   */
  readonly taken: readonly [string, string][] | null;
  /** What the model takes beside its numbers and its class, one number each, such as a `psi`: their names, and where they rest. */
  readonly settings: readonly [string, number][];
  /** The same model with a setting at another value. The two share it, and draw by the newest value. */
  withSetting(name: string, value: number): Generator;
  /** The names that `input` and `output` of {@link Generator.load} may say: of a model of others, else none. */
  readonly ends: { inputs: string[]; outputs: string[] };
  /** How long one picture takes on this thread, in ms, as measured when the model was loaded. */
  readonly msPerPicture: number;

  /**
   * Draws a picture for each latent vector.
   * @param z [n, latentSize], row-major, n of any size.
   * @param classes The class of each, as its place among `classes`, or one for all; `class` if not given.
   * @returns [n, channels * height * width], row-major.
   */
  generate(z: Float32Array, classes?: ArrayLike<number> | number): Float32Array;

  /**
   * Draws without being in the way: at once if that is quick, else in a worker. Of requests that come faster than a worker
   * draws, the newest wins; one that was passed over gives `undefined`.
   */
  generateAsync(z: Float32Array, classes?: ArrayLike<number> | number): Promise<Float32Array | undefined>;

  /** Gives the model's memory back at once. The generator is then of no use. */
  free(): void;
}

/** Pictures to learn from. */
export interface Pictures {
  /** A byte a pixel, 0 black, picture after picture, each [channels, rows, columns]. */
  bytes: Uint8Array;
  /** Channels, rows and columns. */
  shape: readonly number[];
  /** The class of each, for recipes that are told it. */
  labels?: ArrayLike<number>;
  /** The names of the classes. */
  classes?: readonly string[];
  /** What the set is called, for the model's file. */
  name: string;
}

/** What a run is to be. */
export interface TrainerOptions {
  /** At least 64 pictures: as they are, or an idx file of them (as MNIST's `train-images-idx3-ubyte`), packed by gzip or not. */
  pictures: Pictures | Source;
  /** What they are called in the model's file, where they are an idx file; `pictures` if not given. */
  dataset?: string;
  /** `stable` if not given, `seed`, `classes`, or a recipe as TOML. */
  recipe?: string;
  /** Values that are put over the recipe's, such as `{ hidden: 64 }`. */
  changes?: Readonly<Record<string, number | boolean | string>>;
  /** Key of every random number; 0 if not given. */
  seed?: number;
  /** Passes over the pictures, which the recipe's schedules are stretched over; 10 if not given. */
  epochs?: number;
  /** How often there is a report, in ms; 400 if not given. */
  everyMs?: number;
  /**
   * What takes the steps. `auto`, if not given: the GPU by WebGPU where the browser gives one that is no program; `gpu` takes such a
   * one too. Where the GPU can't, or is lost, the CPU does, and the reports say why.
   */
  device?: 'auto' | 'cpu' | 'gpu';
}

/** What came of the steps since the report before. */
export interface Report {
  /** Steps done, and those of the whole run. */
  step: number;
  steps: number;
  stepsPerEpoch: number;
  /** Whole passes over the pictures, and those of the whole run. */
  epoch: number;
  epochs: number;
  /** Spent in steps so far. */
  seconds: number;
  msPerStep: number;
  stepsPerSecond: number;
  secondsLeft: number;
  dLoss: number;
  gLoss: number;
  /** The share of pictures, real and forged, that the discriminator tells right. */
  dAccuracy: number;
  /** How far the discriminator holds the two kinds apart. */
  dMargin: number;
  /** All that a step reports, by the names that the trainer's log has. */
  statistics: Readonly<Record<string, number>>;
  /** Failures with a name that have shown, in the trainer's words, each once in a run. */
  warnings: readonly string[];
  /** A hundred pictures of z that stay the same all through the run, one after another, in [-1, 1]. */
  sheet: Float32Array<ArrayBuffer>;
  /** Channels, height and width of a picture. */
  imageShape: readonly number[];
  /** What took the steps. */
  device: 'gpu' | 'cpu';
  /** What the browser calls the GPU; empty on the CPU. */
  deviceName: string;
  /** Why the GPU takes none, where it might have: a sentence. */
  whyCpu: string;
  isDone: boolean;
}

/** A run under way: in a worker where there are workers, on the caller's thread in Node. */
export interface Trainer extends AsyncIterable<Report> {
  /** Takes no more steps until `goOn`. */
  pause(): void;
  /** Goes on after `pause`. */
  goOn(): void;
  /** Takes one step while it is paused, and reports it. */
  step(): void;
  /** Ends the run where it is: the reports end, and it can still be exported. */
  stop(): void;
  /** The generator as it is now, as ONNX: the file that the trainer would write. */
  export(): Promise<Uint8Array>;
  /** The whole run as it is now: `trainer --from` begins from its weights, and `exporter` makes model files of it. */
  checkpoint(): Promise<Uint8Array>;
  /** Gives the run's memory back at once. It is then of no use. */
  free(): void;
}

/** Trains a generator here. */
export const Trainer: {
  /** Begins a run; rejects with a {@link ForgerError} that says what stands against it. */
  readonly start: (options: TrainerOptions) => Promise<Trainer>;
  /**
   * Goes on with a run: `checkpoint` is what `checkpoint()` gave, or the trainer's `checkpoint.safetensors`; `pictures` are those that
   * it was begun with. Rejects as `start` does.
   */
  readonly resume: (
    checkpoint: Uint8Array,
    pictures: Pictures | Source,
    options?: Pick<TrainerOptions, 'dataset' | 'everyMs' | 'device'>,
  ) => Promise<Trainer>;
};

/** What runs the models here: the version of tract, which SIMD this browser has for it, and the memory that it holds by now. */
export function runtimeInfo(): Promise<{ tract: string; simd: boolean; relaxedSimd: boolean; memoryBytes: number }>;
