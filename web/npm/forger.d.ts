/** Where a model comes from: an address as seen from the page, bytes, or a file (a `File` is a `Blob`). */
export type Source = string | URL | ArrayBuffer | Uint8Array | Blob;

/** How far a download has come, in bytes; `total` only where the server says it. */
export interface Progress {
  loaded: number;
  total: number | undefined;
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
   * Reads a model: an input `z`, float32 [batch, latent size], and perhaps `class`, int64 [batch]; one output `image`, float32 [batch, channels, height, width].
   * Rejects with a {@link ForgerError}.
   */
  static load(source: Source, options?: { onProgress?: (progress: Progress) => void }): Promise<Generator>;

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

/** What runs the models here: the version of tract, which SIMD this browser has for it, and the memory that it holds by now. */
export function runtimeInfo(): Promise<{ tract: string; simd: boolean; relaxedSimd: boolean; memoryBytes: number }>;
