// @ts-check
/** What drawing here costs: bytes, waiting, time of a picture, frames a second. All measured on this device. */

/**
 * @typedef {object} Costs
 * @property {Loading | undefined} loading Of the page's first model; of another it would be a lie.
 * @property {number | undefined} pictureMs Median time of one picture.
 * @property {number | undefined} hundredMs Median time of a hundred at once.
 * @property {number | undefined} rate Frames a second that the browser gives an animation which draws a picture each.
 */

/**
 * @typedef {object} Loading
 * @property {number} loadedMs From opening the page until the last byte of model and runtime had come.
 * @property {number} compileMs From there until the model was ready.
 * @property {number} firstMs From opening the page to the first picture.
 */

/**
 * Of the page's first picture; undefined where the browser does not tell when files came.
 * @param {number} readyAt
 * @param {number} firstAt Both on the clock of `performance.now`.
 * @returns {Loading | undefined}
 */
export function costsOfLoading(readyAt, firstAt) {
  const [model, runtime] = [resource(/\.onnx$/), resource(RUNTIME)];
  if (!model || !runtime) return undefined;
  const loadedMs = Math.max(model.responseEnd, runtime.responseEnd);
  return { loadedMs, compileMs: readyAt - loadedMs, firstMs: firstAt };
}

/** Bytes of the compiled runtime as it is run, not as it travelled; undefined where the browser does not tell. */
export function runtimeBytes() {
  return resource(RUNTIME)?.decodedBodySize || undefined;
}

const RUNTIME = /runtime\w*_bg\.wasm$/;

/** @param {RegExp} name @returns {PerformanceResourceTiming | undefined} */
function resource(name) {
  const entries = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByType('resource'));
  // Of what was asked for ahead there are two: the second took it from there.
  return entries.find((entry) => entry.responseEnd > 0 && name.test(new URL(entry.name).pathname));
}

/**
 * Median times, in short steps: a large model is timed on few pictures.
 * @param {import('./forger.js').Generator} generator
 * @returns {Generator<void, {pictureMs: number, hundredMs: number}, void>}
 */
export function* timePictures(generator) {
  const pictureMs = yield* median(generator, 1);
  // A hundred at once must not stop the page: what would take longer than a frame or two is told as the sum.
  const hundredMs = pictureMs < 0.3 ? yield* median(generator, 100) : 100 * pictureMs;
  return { pictureMs, hundredMs };
}

/** @param {import('./forger.js').Generator} generator @param {number} count @returns {Generator<void, number, void>} */
function* median(generator, count) {
  const z = new Float32Array(count * generator.latentSize).fill(0.5);
  const times = [];
  let spent = 0;
  while (times.length < 3 || (times.length < 15 && spent < 200)) {
    let pictures = 0;
    const start = performance.now();
    // Long enough for a clock that ticks in tenths of a millisecond.
    do {
      generator.generate(z);
      pictures++;
    } while (performance.now() - start < 3);
    spent += performance.now() - start;
    times.push((performance.now() - start) / pictures);
    yield;
  }
  return times.sort((a, b) => a - b)[times.length >> 1];
}

/** Frames a second while `draw` is called in each of them. @param {() => void} draw @returns {Promise<number>} */
export async function frameRate(draw) {
  const frames = 30;
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const start = await frame();
  let now = start;
  for (let i = 0; i < frames; i++) {
    draw();
    now = await frame();
  }
  return (1000 * frames) / (now - start);
}
