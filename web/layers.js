// @ts-check
/**
 * The inside of a network that is a chain of dense layers, as Forger's own are: each layer's weights, and how strongly its cells
 * are lit by a z. The same sums as the runtime's, in plain loops: for looking at, not for the picture on show.
 */

import { readGraph } from './onnx.js';

/**
 * @typedef {object} Layer
 * @property {number} inputs
 * @property {number} outputs
 * @property {Float32Array} weight [outputs, inputs], row-major.
 * @property {Float32Array} bias [outputs]
 * @property {((sum: number) => number)[]} functions What each sum goes through, in order.
 * @property {[type: string, alpha: number | undefined][]} [applied] The same by their names in ONNX.
 */

/** More cells in a layer, or more weights in all, are not drawn: nobody could see them, and a frame would be long. */
const [MOST_CELLS, MOST_WEIGHTS] = [4096, 4_000_000];

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
  let weights = 0;
  for (;;) {
    const users = nodes.filter((node) => node.inputs.includes(name));
    if (users.length === 0) break;
    const [node] = users;
    // A value that goes two ways is no chain; nor is one that is not the first input.
    if (users.length > 1 || node.inputs[0] !== name || node.outputs.length !== 1) return undefined;
    const kept = node.inputs.slice(1).map((each) => constants.get(each));
    const last = layers[layers.length - 1];
    if (node.type === 'Gemm' || node.type === 'MatMul') {
      const layer = dense(node, kept[0], kept[1]);
      if (!layer || (last && last.outputs !== layer.inputs)) return undefined;
      layers.push(layer);
      weights += layer.weight.length;
      if (weights > MOST_WEIGHTS || layer.outputs > MOST_CELLS || layer.inputs > MOST_CELLS) return undefined;
    } else if (node.type === 'Add' && last && last.functions.length === 0 && kept[0]?.values.length === last.outputs) {
      const { values } = kept[0];
      last.bias = last.bias.map((bias, i) => bias + values[i]);
    } else if (node.type in FUNCTIONS && last) {
      const alpha = node.attributes.get('alpha');
      last.functions.push(functionOf(node.type, alpha));
      last.applied?.push([node.type, alpha]);
    } else if (!SHAPES.has(node.type)) {
      return undefined;
    }
    [name] = node.outputs;
  }
  if (!told || layers.length === 0) return layers.length > 0 ? layers : undefined;
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
  for (const { inputs, outputs, weight, bias, functions } of layers) {
    const next = new Float32Array(outputs);
    for (let o = 0; o < outputs; o++) {
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

/** What one cell before the last layer adds to each pixel, before the last function. @param {Layer} layer The last. @param {number} cell @param {number} value How strongly it is lit. */
export function sent({ inputs, outputs, weight }, cell, value) {
  return Float32Array.from({ length: outputs }, (_, o) => weight[o * inputs + cell] * value);
}

/** The cells that do most, whichever way. @param {Layer} layer The last. @param {Float32Array} values How strongly the cells before it are lit. @param {number} count @returns {number[]} */
export function busiest({ inputs, outputs, weight }, values, count) {
  const reach = reaches.get(weight) ?? new Float32Array(inputs);
  if (!reaches.has(weight)) {
    for (let o = 0; o < outputs; o++) for (let i = 0; i < inputs; i++) reach[i] += Math.abs(weight[o * inputs + i]);
    reaches.set(weight, reach);
  }
  const does = (/** @type {number} */ cell) => Math.abs(values[cell]) * reach[cell];
  return Array.from(values, (_, i) => i).sort((a, b) => does(b) - does(a)).slice(0, count);
}

/** How far each cell reaches: the sum of its weights' sizes. @type {WeakMap<Float32Array, Float32Array>} */
const reaches = new WeakMap();
