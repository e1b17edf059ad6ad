// Runs to hold each other to: pictures to learn from, the trainer's own checkpoints, and how far two of them are apart.
//
//   FORGER_PROGRAMS  the folder of `trainer` and `exporter`

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testPictures } from './mnist.js';

const { FORGER_PROGRAMS } = process.env;
const run = promisify(execFile);
export const PIXELS = 784;
/** Of the trainer's own f32 engines' distance from each other, by the rule of the engines' tests. */
export const RULE = 2;

/** What a browser is started with for WebGPU on SwiftShader, a GPU that is a program; browser.js switches GPUs off. */
export const SWIFTSHADER = [
  '--no-sandbox',
  '--no-first-run',
  '--disable-gpu-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan,WebGPU',
];

/** The first test pictures of MNIST. */
export function pictures(count) {
  const all = testPictures();
  const bytes = new Uint8Array(count * PIXELS);
  for (let i = 0; i < count; i++) bytes.set(all.bytes(i), i * PIXELS);
  return { bytes, shape: [1, 28, 28], name: 'few' };
}

/** An idx file of pictures. */
export function idx(bytes) {
  const head = Buffer.alloc(16);
  [0x803, bytes.length / PIXELS, 28, 28].forEach((word, i) => head.writeUInt32BE(word, 4 * i));
  return Buffer.concat([head, bytes]);
}

/** Name and values of each tensor of a safetensors file. */
function tensors(file) {
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + length));
  delete header.__metadata__;
  return Object.entries(header).map(([name, { data_offsets: [from, to] }]) => [name, new Float32Array(file.buffer.slice(file.byteOffset + 8 + length + from, file.byteOffset + 8 + length + to))]);
}

/** How far the weights of two checkpoints are apart, in terms of their length. */
export function distance(one, other) {
  const found = new Map(tensors(other));
  let [apart, long] = [0, 0];
  for (const [name, values] of tensors(one)) {
    if (!/^(ema\.)?(generator|discriminator)\./.test(name)) continue;
    values.forEach((value, i) => {
      apart += (value - found.get(name)[i]) ** 2;
      long += value ** 2;
    });
  }
  assert.ok(long > 0, 'there are weights');
  return Math.sqrt(apart / long);
}

/**
 * What the trainer makes of `learnt` in 5 epochs by the seed 4, once by each engine of the CPU: its checkpoint, and how far another
 * may be from it. `changes` are of the recipe.
 */
export async function trainedByPrograms(folder, recipe, learnt, changes = {}) {
  // The trainer sets the first twelfth aside, as TensorFlow does MNIST's first 5,000.
  const aside = Math.floor(learnt.bytes.length / PIXELS / 11);
  await writeFile(join(folder, 'train-images-idx3-ubyte'), idx(Buffer.concat([Buffer.alloc(aside * PIXELS), learnt.bytes])));
  await writeFile(join(folder, 't10k-images-idx3-ubyte'), idx(learnt.bytes.subarray(0, 10 * PIXELS)));
  const changed = Object.entries(changes).flatMap(([key, value]) => [`--${key}`, `${value}`]);
  const trained = async (name, ...flags) => {
    const out = join(folder, `${name}.onnx`);
    await run(join(FORGER_PROGRAMS, 'trainer'), ['--data', folder, '--recipe', recipe, '--epochs', '5', '--seed', '4', '--evaluate-every', '0', '--overwrite', '--quiet', '--out', out, '--device', 'cpu', ...flags, ...changed]);
    return readFile(join(folder, `${name}.run/checkpoint.safetensors`));
  };
  const [cpu, layers] = [await trained('cpu'), await trained('layers', '--engine', 'layers')];
  return { cpu, allowed: RULE * Math.max(distance(cpu, layers), 4 * 2 ** -23) };
}
