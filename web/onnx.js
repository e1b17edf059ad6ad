// @ts-check
/**
 * As much of an ONNX file as it takes to look inside a small network: its nodes, and the numbers that it keeps.
 *
 * A protocol buffer is a row of fields: a number and a kind in one varint, then a varint, four or eight bytes, or a length and as
 * many bytes. What is not asked for is passed over. Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
 */

/** @typedef {{dims: number[], values: Float32Array}} Tensor Row-major. */
/**
 * A node, with its attributes by what they are: one number, a list of whole numbers, or text.
 * @typedef {{type: string, inputs: string[], outputs: string[], attributes: Map<string, number>, lists: Map<string, number[]>, words: Map<string, string>}} Node
 */
/** @typedef {{nodes: Node[], constants: Map<string, Tensor>, inputs: string[]}} Graph Inputs that are no constants. */

/** @typedef {{number: number, value: number, bytes: Uint8Array}} Field `value` of a varint; `bytes` of all others. */

const [FLOAT, INT8, INT64, FLOAT16] = [1, 3, 7, 10];

/**
 * @param {Uint8Array} file
 * @returns {Graph}
 * @throws {RangeError} If it is cut off. Tensors of kinds that weights do not have are left out.
 */
export function readGraph(file) {
  /** @type {Graph} */
  const graph = { nodes: [], constants: new Map(), inputs: [] };
  for (const { number, bytes } of fields(file)) {
    if (number !== 7) continue;
    for (const field of fields(bytes)) {
      if (field.number === 1) graph.nodes.push(readNode(field.bytes));
      if (field.number === 5) readTensor(field.bytes, graph.constants);
      if (field.number === 11) graph.inputs.push(...[...fields(field.bytes)].filter((each) => each.number === 1).map((each) => textOf(each.bytes)));
    }
  }
  graph.inputs = graph.inputs.filter((name) => !graph.constants.has(name));
  return graph;
}

/** @param {Uint8Array} message @returns {Node} */
function readNode(message) {
  /** @type {Node} */
  const node = { type: '', inputs: [], outputs: [], attributes: new Map(), lists: new Map(), words: new Map() };
  for (const { number, bytes } of fields(message)) {
    if (number === 1) node.inputs.push(textOf(bytes));
    if (number === 2) node.outputs.push(textOf(bytes));
    if (number === 4) node.type = textOf(bytes);
    if (number === 5) readAttribute(bytes, node);
  }
  return node;
}

/** @param {Uint8Array} message @param {Node} node */
function readAttribute(message, { attributes, lists, words }) {
  let [name, found] = ['', /** @type {number | undefined} */ (undefined)];
  /** @type {number[]} */
  const list = [];
  let word = /** @type {string | undefined} */ (undefined);
  for (const { number, value, bytes } of fields(message)) {
    if (number === 1) name = textOf(bytes);
    // Its kind: a float or a whole number, of which writers leave out a nought.
    if (number === 20 && value <= 2) found ??= 0;
    if (number === 2) found = viewOf(bytes).getFloat32(0, true);
    if (number === 3) found = value;
    if (number === 4) word = textOf(bytes);
    // One after the other, or all in one field.
    if (number === 8) list.push(...(bytes.length > 0 ? varints(bytes) : [value]));
  }
  if (word !== undefined) words.set(name, word);
  if (list.length > 0) lists.set(name, list);
  if (found !== undefined) attributes.set(name, found);
}

/** @param {Uint8Array} message @param {Map<string, Tensor>} constants */
function readTensor(message, constants) {
  /** @type {number[]} */
  const dims = [];
  let [type, name] = [0, ''];
  /** @type {Uint8Array} */
  let raw = new Uint8Array(0);
  for (const { number, value, bytes } of fields(message)) {
    if (number === 1) dims.push(...(bytes.length > 0 ? varints(bytes) : [value]));
    if (number === 2) type = value;
    // Numbers of four bytes, one after the other, are the same in both places.
    if (number === 4 || number === 9) raw = bytes;
    if (number === 8) name = textOf(bytes);
  }
  const values = numbersOf(type, raw);
  if (values?.length === dims.reduce((product, length) => product * length, 1)) constants.set(name, { dims, values });
}

/** Copies, as numbers in a file need not lie where an array of theirs may begin. Files and machines of today are little-endian. @param {number} type @param {Uint8Array} raw */
function numbersOf(type, raw) {
  const copy = (/** @type {number} */ size) => new Uint8Array(raw.subarray(0, raw.length - (raw.length % size))).buffer;
  if (type === FLOAT) return new Float32Array(copy(4));
  // The sizes of shapes, which are far below what a float32 holds exactly.
  if (type === INT64) return Float32Array.from(new BigInt64Array(copy(8)), Number);
  if (type === INT8) return new Float32Array(new Int8Array(copy(1)));
  if (type === FLOAT16) return new Float32Array(new Uint16Array(copy(2))).map(half);
  return undefined;
}

/** @param {number} bits IEEE 754, binary16. */
function half(bits) {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** @param {Uint8Array} bytes @returns {globalThis.Generator<Field, void, void>} */
function* fields(bytes) {
  const reader = { bytes, at: 0 };
  while (reader.at < bytes.length) {
    const key = varint(reader);
    const [number, kind] = [Math.floor(key / 8), key % 8];
    if (kind === 0) {
      yield { number, value: varint(reader), bytes: NOTHING };
      continue;
    }
    const length = kind === 2 ? varint(reader) : kind === 5 ? 4 : kind === 1 ? 8 : NaN;
    if (!(reader.at + length <= bytes.length)) throw new RangeError('the file is cut off');
    yield { number, value: 0, bytes: bytes.subarray(reader.at, reader.at + length) };
    reader.at += length;
  }
}

const NOTHING = new Uint8Array(0);

/** Exact up to 2^53, which no size here comes near; negative numbers are none of ours. @param {{bytes: Uint8Array, at: number}} reader */
function varint(reader) {
  let [value, place] = [0, 1];
  for (;;) {
    if (reader.at >= reader.bytes.length) throw new RangeError('the file is cut off');
    const byte = reader.bytes[reader.at++];
    value += (byte & 127) * place;
    if (byte < 128) return value;
    place *= 128;
  }
}

/** @param {Uint8Array} bytes */
function varints(bytes) {
  const reader = { bytes, at: 0 };
  const found = [];
  while (reader.at < bytes.length) found.push(varint(reader));
  return found;
}

const viewOf = (/** @type {Uint8Array} */ bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const textOf = (/** @type {Uint8Array} */ bytes) => new TextDecoder().decode(bytes);
