// @ts-check
/**
 * The inside of a network that is a chain of dense layers and convolutions, as Forger's own are: each layer's weights, and how
 * strongly its cells are lit by a z. The same sums as the runtime's, in plain loops: for looking at, not for the picture on show.
 */

import { convolution, productsOf, sums } from './convolution.js';
import { readGraph } from './onnx.js';

/**
 * @typedef {object} Layer
 * @property {number} inputs
 * @property {number} outputs
 * @property {Float32Array} weight [outputs, inputs], row-major; of a convolution as ONNX has it.
 * @property {Float32Array} bias [outputs]; of a convolution [channels].
 * @property {((sum: number) => number)[]} functions What each sum goes through, in order.
 * @property {[type: string, alpha: number | undefined][]} [applied] The same by their names in ONNX.
 * @property {import('./convolution.js').Window} [window] Of a convolution: its cells lie in maps.
 */

/** More cells in a layer, in maps or not, or more products for a picture are not drawn: nobody could see them, and a frame would be long. */
const [MOST_CELLS, MOST_IN_MAPS, MOST_PRODUCTS] = [4096, 65_536, 4_000_000];

/**
 * @param {Uint8Array} file An ONNX model.
 * @param {number} [chosen] Of a model that is told a class: which. Its numbers are always the same, so they are a part of the first
 *   layer's bias.
 * @returns {Layer[] | undefined} undefined where it is no such chain, or too large to be drawn.
 */
export function layersOf(file, chosen = 0) {
  try {
    return follow(readGraph(file), chosen);
  } catch (error) {
    // The runtime has read the file: what this page cannot follow is something that it need not know.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** @param {import('./onnx.js').Graph} graph @param {number} chosen */
function follow({ nodes, constants, inputs }, chosen) {
  unpack(nodes, constants);
  const told = inputs.length === 2 ? classOf(nodes, constants, chosen) : undefined;
  if (inputs.length !== 1 && !told) return undefined;
  /** @type {Layer[]} */
  const layers = [];
  let name = told?.output ?? inputs[0];
  let products = 0;
  // What a convolution would be given: the sizes of a picture if it is one, and how often its rows are to be repeated.
  /** @type {number[] | undefined} */
  let sizes;
  let upsample = 1;
  for (;;) {
    const users = nodes.filter((node) => node.inputs.includes(name));
    if (users.length === 0) break;
    const [node] = users;
    // A value that goes two ways is no chain; nor is one that is not the first input.
    if (users.length > 1 || node.inputs[0] !== name || node.outputs.length !== 1) return undefined;
    const kept = node.inputs.slice(1).map((each) => constants.get(each));
    const last = layers[layers.length - 1];
    // Repeated rows are seen by a convolution; what else there may be of them is not followed.
    if (upsample > 1 && node.type !== 'Conv') return undefined;
    if (node.type === 'Gemm' || node.type === 'MatMul') {
      const layer = dense(node, kept[0], kept[1]);
      if (!layer || (last && last.outputs !== layer.inputs)) return undefined;
      layers.push(layer);
      sizes = undefined;
      products += layer.weight.length;
      if (products > MOST_PRODUCTS || layer.outputs > MOST_CELLS || layer.inputs > MOST_IN_MAPS) return undefined;
    } else if (node.type === 'Conv' || node.type === 'ConvTranspose') {
      const layer = convolution(node, kept, sizes, upsample);
      if (!layer?.window) return undefined;
      layers.push(layer);
      [sizes, upsample] = [layer.window.gives, 1];
      products += productsOf({ ...layer, window: layer.window });
      if (!(products <= MOST_PRODUCTS && layer.outputs <= MOST_IN_MAPS)) return undefined;
    } else if (node.type === 'Resize') {
      upsample = repeatsOf(node, kept[1]);
      if (!(sizes && upsample > 1)) return undefined;
    } else if (node.type === 'Add' && last && !last.window && last.functions.length === 0 && kept[0]?.values.length === last.outputs) {
      const { values } = kept[0];
      last.bias = last.bias.map((bias, i) => bias + values[i]);
    } else if (node.type in FUNCTIONS && last) {
      const alpha = node.attributes.get('alpha');
      last.functions.push(functionOf(node.type, alpha));
      last.applied?.push([node.type, alpha]);
    } else if (SHAPES.has(node.type)) {
      if (node.type !== 'Identity') sizes = node.type === 'Reshape' ? pictureOf(kept[0], last?.outputs) : undefined;
    } else {
      return undefined;
    }
    [name] = node.outputs;
  }
  if (layers.length === 0 || upsample > 1) return undefined;
  if (!told) return layers;
  // A class that is a picture's channel is no part of a bias.
  if (layers[0].window) return undefined;
  return [withClass(layers[0], told.row), ...layers.slice(1)];
}

/**
 * What stands behind z for a class: a row that a Gather takes out of a table, and a Concat joins.
 * @param {import('./onnx.js').Node[]} nodes
 * @param {Map<string, import('./onnx.js').Tensor>} constants
 * @param {number} chosen
 * @returns {{output: string, row: Float32Array} | undefined}
 */
function classOf(nodes, constants, chosen) {
  const gather = nodes.find(({ type, inputs }) => type === 'Gather' && inputs[1] === 'class');
  const concat = nodes.find(({ type, inputs }) => type === 'Concat' && inputs.join() === `z,${gather?.outputs[0]}`);
  const table = constants.get(gather?.inputs[0] ?? '');
  if (!concat || !table || table.dims.length !== 2 || chosen >= table.dims[0]) return undefined;
  const width = table.dims[1];
  return { output: concat.outputs[0], row: table.values.slice(chosen * width, (chosen + 1) * width) };
}

/** @param {Layer} layer The first. @param {Float32Array} row @returns {Layer} */
function withClass(layer, row) {
  const { outputs, weight, bias } = layer;
  const inputs = layer.inputs - row.length;
  const ofZ = new Float32Array(outputs * inputs);
  const moved = bias.slice();
  for (let o = 0; o < outputs; o++) {
    const first = o * layer.inputs;
    ofZ.set(weight.subarray(first, first + inputs), o * inputs);
    moved[o] += product(weight, first + inputs, row);
  }
  return { ...layer, inputs, weight: ofZ, bias: moved };
}

/** [channels, rows, columns] that a Reshape makes of `count` numbers. @param {import('./onnx.js').Tensor | undefined} shape @param {number | undefined} count */
function pictureOf(shape, count) {
  const [, ...sizes] = shape?.values ?? [];
  const isPicture = sizes.length === 3 && sizes.every((size) => size > 0) && (count === undefined || sizes[0] * sizes[1] * sizes[2] === count);
  return isPicture ? sizes : undefined;
}

/** How often a Resize repeats rows and columns; NaN of one that does anything else. @param {import('./onnx.js').Node} node @param {import('./onnx.js').Tensor | undefined} scales */
function repeatsOf({ words }, scales) {
  const [batch, channels, rows, columns] = scales?.values ?? [];
  const isPlain = words.get('mode') === 'nearest' && words.get('coordinate_transformation_mode') === 'asymmetric' && words.get('nearest_mode') === 'floor';
  return isPlain && batch === 1 && channels === 1 && rows === columns && Number.isInteger(rows) ? rows : NaN;
}

/** What leaves every number as it is. */
const SHAPES = new Set(['Reshape', 'Flatten', 'Unsqueeze', 'Squeeze', 'Identity']);

/** What a sum goes through. @param {string} type As ONNX names it. @param {number | undefined} alpha @returns {(sum: number) => number} */
export const functionOf = (type, alpha) => FUNCTIONS[type](alpha);

/** @type {Record<string, (alpha: number | undefined) => (sum: number) => number>} */
const FUNCTIONS = {
  Relu: () => (sum) => Math.max(0, sum),
  LeakyRelu: (alpha) => {
    const slope = alpha ?? 0.01;
    return (sum) => (sum < 0 ? slope * sum : sum);
  },
  Tanh: () => Math.tanh,
  Sigmoid: () => (sum) => 1 / (1 + Math.exp(-sum)),
};

/** @param {import('./onnx.js').Node} node @param {import('./onnx.js').Tensor | undefined} weight @param {import('./onnx.js').Tensor | undefined} bias @returns {Layer | undefined} */
function dense({ attributes, inputs }, weight, bias) {
  const isPlain = (attributes.get('alpha') ?? 1) === 1 && (attributes.get('beta') ?? 1) === 1 && !attributes.get('transA');
  if (!weight || weight.dims.length !== 2 || !isPlain || (inputs.length > 2 && !bias)) return undefined;
  const isTurned = attributes.get('transB') === 1;
  const [outputs, inputCount] = isTurned ? weight.dims : [weight.dims[1], weight.dims[0]];
  const { values } = weight;
  const rows = isTurned ? values : values.map((_, i) => values[(i % inputCount) * outputs + Math.floor(i / inputCount)]);
  if (bias && bias.values.length !== outputs) return undefined;
  return { inputs: inputCount, outputs, weight: rows, bias: bias?.values ?? new Float32Array(outputs), functions: [], applied: [] };
}

/** Weights that are kept in fewer bytes become numbers again. @param {import('./onnx.js').Node[]} nodes @param {Map<string, import('./onnx.js').Tensor>} constants */
function unpack(nodes, constants) {
  for (const { type, inputs, outputs, attributes } of nodes) {
    const [packed, scale] = inputs.map((name) => constants.get(name));
    if (!packed) continue;
    if (type === 'Cast') constants.set(outputs[0], packed);
    if (type !== 'DequantizeLinear' || !scale || inputs.length > 2) continue;
    const axis = attributes.get('axis') ?? 1;
    const inner = packed.dims.slice(axis + 1).reduce((product, length) => product * length, 1);
    const { length } = scale.values;
    const values = packed.values.map((value, i) => value * scale.values[Math.floor(i / inner) % length]);
    constants.set(outputs[0], { dims: packed.dims, values });
  }
}

/**
 * How strongly each layer's cells are lit; the last layer's are the picture.
 * @param {readonly Layer[]} layers
 * @param {Float32Array} z
 * @returns {Float32Array[]}
 */
export function lit(layers, z) {
  const steps = lighting(layers, z);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Cells between two places where the work may rest: code that runs for the first time is slow. */
const CELLS_A_STEP = 32;

/**
 * The same in short steps.
 * @param {readonly Layer[]} layers
 * @param {Float32Array} z
 * @returns {Generator<void, Float32Array[], void>}
 */
export function* lighting(layers, z) {
  /** @type {Float32Array[]} */
  const all = [];
  let values = z;
  for (const { inputs, outputs, weight, bias, functions, window } of layers) {
    const next = new Float32Array(outputs);
    if (window) {
      const cells = window.gives[1] * window.gives[2];
      yield* sums(window, weight, values, (map, all) => {
        for (let i = 0; i < cells; i++) next[map * cells + i] = functions.reduce((sum, each) => each(sum), bias[map] + all[i]);
      });
    }
    for (let o = 0; !window && o < outputs; o++) {
      next[o] = functions.reduce((sum, each) => each(sum), bias[o] + product(weight, o * inputs, values));
      if (o % CELLS_A_STEP === CELLS_A_STEP - 1) yield;
    }
    all.push(next);
    values = next;
  }
  return all;
}

/** @param {Float32Array} weight @param {number} first Where in it the row begins. @param {Float32Array} values */
function product(weight, first, values) {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += weight[first + i] * values[i];
  return sum;
}

/**
 * What one cell before the last layer adds to each pixel, before the last function; of a convolution, one map.
 * @param {Layer} layer The last.
 * @param {number} cell Or map.
 * @param {Float32Array} values How strongly the cells before it are lit.
 */
export function sent({ inputs, outputs, weight, window }, cell, values) {
  const picture = new Float32Array(outputs);
  if (!window) return picture.map((_, o) => weight[o * inputs + cell] * values[cell]);
  const cells = window.gives[1] * window.gives[2];
  const steps = sums(window, weight, values, (map, all) => picture.set(all, map * cells), cell);
  while (!steps.next().done);
  return picture;
}

/**
 * The cells that do most, whichever way; of a convolution, the maps.
 * @param {Layer} layer The last.
 * @param {Float32Array} values How strongly the cells before it are lit.
 * @param {number} count
 * @returns {number[]}
 */
export function busiest(layer, values, count) {
  const reach = reachOf(layer);
  const cells = values.length / reach.length;
  const lit = Float64Array.from(reach, (_, unit) => {
    let sum = 0;
    for (let i = unit * cells; i < (unit + 1) * cells; i++) sum += Math.abs(values[i]);
    return sum * reach[unit];
  });
  return Array.from(lit, (_, i) => i).sort((a, b) => lit[b] - lit[a]).slice(0, count);
}

/** How far each cell, or map, that a layer is given reaches: the sum of its weights' sizes. @param {Layer} layer */
function reachOf({ inputs, outputs, weight, window }) {
  const known = reaches.get(weight);
  if (known) return known;
  const [units, others, taps] = window ? [window.takes[0], window.gives[0], window.kernel ** 2] : [inputs, outputs, 1];
  const reach = new Float32Array(units);
  for (let i = 0; i < weight.length; i++) {
    const pair = Math.floor(i / taps);
    // A transposed convolution's weights begin with what goes in, all others with what comes out.
    reach[window?.transposed ? Math.floor(pair / others) : pair % units] += Math.abs(weight[i]);
  }
  reaches.set(weight, reach);
  return reach;
}

/** @type {WeakMap<Float32Array, Float32Array>} */
const reaches = new WeakMap();
