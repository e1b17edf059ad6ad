// @ts-check
/**
 * A convolution, or the transpose of one, as a layer that the page can look inside: its maps are small pictures, each lit by all maps
 * before it through a kernel of weights. Plain loops, in the order of ONNX's definitions of Conv and ConvTranspose.
 */

/** @typedef {import('./layers.js').Layer} Layer */

/**
 * How a kernel moves over a picture.
 * @typedef {object} Window
 * @property {[channels: number, rows: number, columns: number]} takes
 * @property {[channels: number, rows: number, columns: number]} gives
 * @property {number} kernel Its rows, which are its columns too.
 * @property {number} stride
 * @property {number} padding
 * @property {number} upsample How often each row and column is repeated before the kernel moves over them.
 * @property {boolean} transposed
 */

/**
 * @param {import('./onnx.js').Node} node A Conv or a ConvTranspose.
 * @param {(import('./onnx.js').Tensor | undefined)[]} kept Its weight, and its bias if it has one.
 * @param {readonly number[] | undefined} takes [channels, rows, columns] of what it is given, if that is a picture.
 * @param {number} upsample
 * @returns {Layer | undefined} undefined of one that is told in other ways than those of a square kernel.
 */
export function convolution({ type, attributes, lists, words, inputs }, [weight, bias], takes, upsample) {
  const transposed = type === 'ConvTranspose';
  if (!takes || !weight || weight.dims.length !== 4 || (inputs.length > 2 && !bias)) return undefined;
  const [to, from, kernel, width] = weight.dims;
  const isPlain = kernel === width && (attributes.get('group') ?? 1) === 1 && !words.has('auto_pad') && !lists.has('output_shape');
  const [stride, padding] = [same(lists.get('strides'), 1), same(lists.get('pads'), 0)];
  const isUsual = same(lists.get('dilations'), 1) === 1 && same(lists.get('output_padding'), 0) === 0;
  if (!isPlain || !isUsual || !stride || padding === undefined || takes[0] !== (transposed ? to : from)) return undefined;
  const side = (/** @type {number} */ size) =>
    transposed ? (size - 1) * stride + kernel - 2 * padding : Math.floor((size * upsample + 2 * padding - kernel) / stride) + 1;
  const [rows, columns] = [side(takes[1]), side(takes[2])];
  const channels = transposed ? from : to;
  if (!(rows > 0 && columns > 0) || (bias && bias.values.length !== channels) || (transposed && upsample !== 1)) return undefined;
  /** @type {Window} */
  const window = { takes: [takes[0], takes[1], takes[2]], gives: [channels, rows, columns], kernel, stride, padding, upsample, transposed };
  const [taken, given] = [window.takes, window.gives].map((sizes) => sizes.reduce((product, size) => product * size, 1));
  return {
    inputs: taken,
    outputs: given,
    weight: weight.values,
    bias: bias?.values ?? new Float32Array(channels),
    functions: [],
    applied: [],
    window,
  };
}

/** The number that all of a list are, or `usual` where there is none; undefined where they differ. @param {readonly number[] | undefined} list @param {number} usual */
const same = (list, usual) => (list === undefined ? usual : list.every((each) => each === list[0]) ? list[0] : undefined);

/** Multiplications for a picture. @param {Layer & {window: Window}} layer */
export const productsOf = ({ weight, window: { takes, gives, transposed } }) =>
  weight.length * (transposed ? takes[1] * takes[2] : gives[1] * gives[2]);

/**
 * The sums of each map that comes out, one map after the other, before bias and functions.
 * @param {Window} window
 * @param {Float32Array} weight
 * @param {Float32Array} values What it is given: [channels, rows, columns].
 * @param {(map: number, sums: Float64Array) => void} each Is given the same array for each map.
 * @param {number} [only] One of the maps that go in, the others left out.
 * @returns {Generator<void, void, void>}
 */
export function* sums(window, weight, values, each, only) {
  const { takes: [inputs, height, width], gives: [outputs, rows, columns], stride, upsample, transposed } = window;
  const map = new Float64Array(rows * columns);
  const taps = tapsOf(window);
  for (let o = 0; o < outputs; o++) {
    map.fill(0);
    for (let c = only ?? 0; c < (only === undefined ? inputs : only + 1); c++) {
      const first = (transposed ? c * outputs + o : o * inputs + c) * taps.length;
      const from = c * height * width;
      for (let tap = 0; tap < taps.length; tap++) {
        const w = weight[first + tap];
        const { down, right, top, bottom, left, end } = taps[tap];
        for (let y = top; y < bottom; y++) {
          const row = y * stride + down;
          if (transposed) {
            for (let x = left; x < end; x++) map[row * columns + x * stride + right] += w * values[from + y * width + x];
          } else if (upsample === 1) {
            for (let x = left; x < end; x++) map[y * columns + x] += w * values[from + row * width + x * stride + right];
          } else {
            const at = from + Math.floor(row / upsample) * width;
            for (let x = left; x < end; x++) map[y * columns + x] += w * values[at + Math.floor((x * stride + right) / upsample)];
          }
        }
      }
    }
    each(o, map);
    yield;
  }
}

/**
 * Each number of the kernel: how far it lies from the kernel's place, and at which places it lies within the picture.
 * @param {Window} window
 */
function tapsOf({ takes: [, height, width], gives: [, rows, columns], kernel, stride, padding, upsample, transposed }) {
  // The side that the kernel's steps are counted on, and the other.
  const [small, large] = transposed ? [[height, width], [rows, columns]] : [[rows, columns], [height * upsample, width * upsample]];
  return Array.from({ length: kernel * kernel }, (_, tap) => {
    const [down, right] = [Math.floor(tap / kernel) - padding, (tap % kernel) - padding];
    const [top, bottom] = within(down, stride, large[0], small[0]);
    const [left, end] = within(right, stride, large[1], small[1]);
    return { down, right, top, bottom, left, end };
  });
}

/** From which place to which a tap lies within `size`. @param {number} offset @param {number} stride @param {number} size @param {number} places */
function within(offset, stride, size, places) {
  return [Math.max(0, Math.ceil(-offset / stride)), Math.min(places, Math.floor((size - 1 - offset) / stride) + 1)];
}
