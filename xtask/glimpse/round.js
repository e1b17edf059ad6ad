// Writes what the page draws its first picture by, before the network is there: node round.js MODEL OUT
//
// The weights of a chain of dense layers, rounded to a byte each with a scale a row, as `web/glimpse.js` reads them; and which
// sample greets, found by those very weights. What is no such chain has no first look: it ends with a sentence.

import { readFile, writeFile } from 'node:fs/promises';
import { readSketch } from '../../web/glimpse.js';
import { layersOf } from '../../web/layers.js';
import { choose } from '../../web/liveliest.js';
import { FIRST_SEED } from '../../web/state.js';

const MOST = 127;
/** The shape of MNIST's pictures, which the page's own models draw: a first look is drawn of no others. */
const SHAPE = [1, 28, 28];

const [model, out] = process.argv.slice(2);
const layers = layersOf(await readFile(model));
if (layers?.at(-1)?.outputs !== SHAPE.reduce((a, b) => a * b) || layers.some(({ window }) => window)) {
  console.error('the model is no chain of dense layers that draws digits');
  process.exit(1);
}

/** Whole numbers from -127 to 127, and what a row of them is multiplied with. */
function rounded({ inputs, outputs, weight }) {
  const scales = new Float32Array(outputs);
  const whole = new Int8Array(weight.length);
  for (let row = 0; row < outputs; row++) {
    const values = weight.subarray(row * inputs, (row + 1) * inputs);
    scales[row] = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / MOST || 1;
    values.forEach((value, i) => (whole[row * inputs + i] = Math.round(value / scales[row])));
  }
  return { scales, whole };
}

/** A safetensors file: float32 first, so that its numbers lie where arrays of theirs may begin. */
function safetensors(tensors, metadata) {
  const header = { __metadata__: metadata };
  let end = 0;
  for (const { name, dtype, shape, data } of tensors) {
    header[name] = { dtype, shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([text, Buffer.alloc(-text.length & 7, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, ...tensors.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength))]);
}

const tensors = layers.flatMap((layer, place) => {
  const { scales, whole } = rounded(layer);
  return [
    { name: `${place}.bias`, dtype: 'F32', shape: [layer.outputs], data: Float32Array.from(layer.bias) },
    { name: `${place}.weight.scale`, dtype: 'F32', shape: [layer.outputs], data: scales },
    { name: `${place}.weight`, dtype: 'I8', shape: [layer.outputs, layer.inputs], data: whole },
  ];
});
tensors.sort((a, b) => (a.dtype < b.dtype ? -1 : a.dtype > b.dtype ? 1 : 0));
const told = { imageShape: SHAPE, applied: layers.map(({ applied }) => applied), sample: 0 };
const written = () => safetensors(tensors, { glimpse: JSON.stringify(told) });
const exact = (file) => file.buffer.slice(file.byteOffset, file.byteOffset + file.length);
told.sample = choose(readSketch(exact(written())), FIRST_SEED);
await writeFile(out, written());
