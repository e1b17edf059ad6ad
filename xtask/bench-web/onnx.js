// Just enough of protobuf to take the weights out of a generator that Forger exported.
//
// Source: `onnx.proto`. ModelProto: 7 graph. GraphProto: 1 node, 5 initializer. NodeProto: 4 op_type, 5 attribute.
// AttributeProto: 2 f. TensorProto: 1 dims, 8 name, 9 raw_data.

/** @param {Uint8Array} bytes @returns {{layers: {weight: Tensor, bias: Tensor}[], slope: number}} In the order of the file. */
export function readModel(bytes) {
  const graph = first(bytes, 7);
  const tensors = all(graph, 5).map(readTensor).filter(({ values }) => values.length > 0);
  const matrices = tensors.filter(({ dims }) => dims.length === 2);
  const layers = matrices.map((weight) => {
    const bias = tensors.find(({ name }) => name === weight.name.replace('.weight', '.bias'));
    if (!bias) throw new Error(`${weight.name} has no bias beside it`);
    return { weight, bias };
  });
  const leaky = all(graph, 1).find((node) => text(first(node, 4)) === 'LeakyRelu');
  return { layers, slope: first(first(leaky, 5), 2) };
}

/** @typedef {{name: string, dims: number[], values: Float32Array}} Tensor */

function readTensor(bytes) {
  const name = text(first(bytes, 8));
  const raw = name.endsWith('.shape') ? new Uint8Array() : (first(bytes, 9) ?? new Uint8Array());
  return { name, dims: all(bytes, 1).flatMap(unpack), values: new Float32Array(raw.slice().buffer) };
}

/** Dimensions are written one by one, or packed into one field. */
function unpack(value) {
  if (typeof value === 'number') return [value];
  const numbers = [];
  for (let at = 0; at < value.length; ) {
    const [number, next] = varint(value, at);
    numbers.push(number);
    at = next;
  }
  return numbers;
}

const text = (bytes) => new TextDecoder().decode(bytes);
const first = (bytes, field) => all(bytes, field)[0];

/** The values of one field: a number, or the bytes of what is inside. */
function all(bytes, wanted) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = [];
  for (let at = 0; at < bytes.length; ) {
    const [tag, start] = varint(bytes, at);
    let value;
    if ((tag & 7) === 0) [value, at] = varint(bytes, start);
    else if ((tag & 7) === 2) {
      const [length, begin] = varint(bytes, start);
      at = begin + length;
      value = bytes.subarray(begin, at);
    } else if ((tag & 7) === 5) [value, at] = [view.getFloat32(start, true), start + 4];
    else throw new Error(`wire type ${tag & 7} at ${start}`);
    if (tag >> 3 === wanted) found.push(value);
  }
  return found;
}

function varint(bytes, at) {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[at++];
    value += (byte & 127) * factor;
    if (byte < 128) return [value, at];
  }
}
