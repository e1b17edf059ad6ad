// Writes small ONNX models for tests: a generator, and whatever a stranger may do to one.
//
// Source: `onnx.proto`. Only the fields that a generator needs.

const FLOAT = 1;
const INT64 = 7;

function varint(value) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** A field: a whole number, text, bytes, or other fields one after the other. */
function field(number, value) {
  if (typeof value === 'number' || typeof value === 'bigint') return Buffer.concat([varint(number << 3), varint(value)]);
  const bytes = Array.isArray(value) ? Buffer.concat(value) : Buffer.from(value);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function float(number, value) {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([varint((number << 3) | 5), bytes]);
}

export function tensor(name, dims, values, type = FLOAT) {
  const raw = type === INT64 ? BigInt64Array.from(values, BigInt) : Float32Array.from(values);
  return [...dims.map((dim) => field(1, dim)), field(2, type), field(8, name), field(9, new Uint8Array(raw.buffer))];
}

export const integers = (name, values) => tensor(name, [values.length], values, INT64);

function value(name, dims, type = FLOAT) {
  const shape = dims.map((dim) => field(1, [typeof dim === 'number' ? field(1, dim) : field(2, dim)]));
  return [field(1, name), field(2, [field(1, [field(1, type), field(2, shape)])])];
}

export function node(type, inputs, output, attributes = {}) {
  const attribute = ([name, setting]) => {
    // A list of whole numbers, text, a whole number or a fraction.
    if (Array.isArray(setting)) return field(5, [field(1, name), ...setting.map((each) => field(8, each)), field(20, 7)]);
    if (typeof setting === 'string') return field(5, [field(1, name), field(4, setting), field(20, 3)]);
    const isInteger = Number.isInteger(setting);
    return field(5, [field(1, name), isInteger ? field(3, setting) : float(2, setting), field(20, isInteger ? 2 : 1)]);
  };
  return [
    ...inputs.map((input) => field(1, input)),
    field(2, output),
    field(3, output),
    field(4, type),
    ...Object.entries(attributes).map(attribute),
  ];
}

/** A model of these nodes and initializers; `told`: whether it takes a class too. `inputs` and `outputs`: more of them, as names and sizes. */
export function model({ nodes, initializers, latent = 4, image = [1, 2, 2], input = 'z', told = false, inputs = [], outputs = [] }) {
  const graph = [
    ...nodes.map((each) => field(1, each)),
    field(2, 'generator'),
    ...initializers.map((each) => field(5, each)),
    field(11, value(input, ['batch', latent])),
    ...(told ? [field(11, value('class', ['batch'], INT64))] : []),
    ...inputs.map(([name, dims]) => field(11, value(name, dims))),
    field(12, value('image', ['batch', ...image])),
    ...outputs.map(([name, dims]) => field(12, value(name, dims))),
  ];
  return Buffer.concat([field(1, 8), field(7, graph), field(8, [field(1, ''), field(2, 17)])]);
}

/** image = reshape(activation(z · w)), w the identity unless told otherwise: four pixels of four numbers. */
export function tiny({ activation = ['Tanh'], weight, bias, reshape = [-1, 1, 2, 2], input = 'z', ...rest } = {}) {
  const identity = Array.from({ length: 16 }, (_, i) => Number(i % 5 === 0));
  return model({
    nodes: [
      node('Gemm', [input, 'w', 'b'], 'sum'),
      node(activation[0], ['sum'], 'active', activation[1]),
      node('Reshape', ['active', 'shape'], 'image'),
    ],
    initializers: [
      weight ?? tensor('w', [4, 4], identity),
      bias ?? tensor('b', [4], [0, 0, 0, 0]),
      integers('shape', reshape),
    ],
    input,
    ...rest,
  });
}

/** A generator of any size: image = tanh(z · w), w being numbers that are the same each time. */
export function generatorFile(latent, image) {
  const pixels = image.reduce((product, size) => product * size, 1);
  const weights = Array.from({ length: latent * pixels }, (_, i) => Math.sin(1 + 3.7 * i));
  return model({
    nodes: [node('Gemm', ['z', 'w', 'b'], 'sum'), node('Tanh', ['sum'], 'flat'), node('Reshape', ['flat', 'shape'], 'image')],
    initializers: [
      tensor('w', [latent, pixels], weights),
      tensor('b', [pixels], new Array(pixels).fill(0)),
      integers('shape', [-1, ...image]),
    ],
    latent,
    image,
  });
}

/** A file, and after it metadata: a later value of a key takes the place of an earlier one. */
export function saying(file, metadata) {
  return Buffer.concat([file, ...Object.entries(metadata).map(([key, text]) => field(14, [field(1, key), field(2, text)]))]);
}

/** The weights of `classFile`: as of `generatorFile`, [latent + width, pixels]. */
const classWeight = (i) => Math.sin(1 + 3.7 * i);

/** A generator that is told a class, as Forger's exporter writes it: image = tanh([z, row of the class] · w). */
export function classFile(latent, image, rows, metadata = {}) {
  const pixels = image.reduce((product, size) => product * size, 1);
  const [width] = rows.map((row) => row.length);
  const file = model({
    nodes: [
      node('Gather', ['class.embedding.weight', 'class'], 'class.embedding', { axis: 0 }),
      node('Concat', ['z', 'class.embedding'], 'class.joined', { axis: 1 }),
      node('Gemm', ['class.joined', 'w', 'b'], 'sum'),
      node('Tanh', ['sum'], 'flat'),
      node('Reshape', ['flat', 'shape'], 'image'),
    ],
    initializers: [
      tensor('class.embedding.weight', [rows.length, width], rows.flat()),
      tensor('w', [latent + width, pixels], Array.from({ length: (latent + width) * pixels }, (_, i) => classWeight(i))),
      tensor('b', [pixels], new Array(pixels).fill(0)),
      integers('shape', [-1, ...image]),
    ],
    latent,
    image,
    told: true,
  });
  return saying(file, metadata);
}

/** What `classFile` draws, in plain arithmetic. */
export function classPicture(image, rows, z, chosen) {
  const pixels = image.reduce((product, size) => product * size, 1);
  const joined = [...z, ...rows[chosen]];
  return Array.from({ length: pixels }, (_, p) => Math.tanh(joined.reduce((sum, x, i) => sum + x * Math.fround(classWeight(i * pixels + p)), 0)));
}

/** Numbers that are the same each time, from -1/2 to 1/2. */
const numbers = (count, seed) => Array.from({ length: count }, (_, i) => ((i * 7919 + seed * 104729) % 1009) / 1009 - 0.5);

/** A generator of convolutions: dense, a transposed one, one whose rows are repeated before it, one with a stride. z: 4 numbers, or with a class of three more. */
export function convolutions({ told = false, metadata = {} } = {}) {
  const [inputs, window] = [told ? 7 : 4, (stride, pads, kernel) => ({ kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pads, pads, pads, pads] })];
  const first = told ? [node('Gather', ['table', 'class'], 'row'), node('Concat', ['z', 'row'], 'zc', { axis: 1 })] : [];
  const file = model({
    nodes: [
      ...first,
      node('Gemm', [told ? 'zc' : 'z', 'w0', 'b0'], 'g0', { transB: 1 }),
      node('LeakyRelu', ['g0'], 'a0', { alpha: 0.25 }),
      node('Reshape', ['a0', 'shape'], 'p0'),
      node('ConvTranspose', ['p0', 'w1', 'b1'], 'g1', window(2, 1, 4)),
      node('LeakyRelu', ['g1'], 'a1', { alpha: 0.25 }),
      node('Resize', ['a1', '', 'scales'], 'large', { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }),
      node('Conv', ['large', 'w2'], 'g2', window(1, 1, 3)),
      node('LeakyRelu', ['g2'], 'a2', { alpha: 0.25 }),
      node('Conv', ['a2', 'w3', 'b3'], 'g3', window(2, 1, 3)),
      node('Tanh', ['g3'], 'image'),
    ],
    initializers: [
      tensor('w0', [24, inputs], numbers(24 * inputs, 1)),
      tensor('b0', [24], numbers(24, 2)),
      integers('shape', [-1, 4, 2, 3]),
      tensor('w1', [4, 3, 4, 4], numbers(4 * 3 * 16, 3)),
      tensor('b1', [3], numbers(3, 4)),
      tensor('scales', [4], [1, 1, 2, 2]),
      tensor('w2', [5, 3, 3, 3], numbers(5 * 3 * 9, 5)),
      tensor('w3', [1, 5, 3, 3], numbers(5 * 9, 6)),
      tensor('b3', [1], [0.1]),
      ...(told ? [tensor('table', [3, 3], [3, 0, 0, 0, 3, 0, 0, 0, 3])] : []),
    ],
    image: [1, 4, 6],
    told,
  });
  return saying(file, metadata);
}
