// TensorFlow.js with its WebAssembly backend, on one thread with SIMD. It reads no ONNX, so the network is written by hand,
// each product fused with its bias, the weights laid out as its fast path wants them; they come from the same file. Its fused
// leaky ReLU draws other pictures in this version, so that is an operator of its own.

import { readModel } from '../onnx.js';

const script = (source) =>
  new Promise((resolve, reject) => {
    const element = Object.assign(document.createElement('script'), { src: source, onload: resolve, onerror: reject });
    document.head.append(element);
  });

export async function load(model) {
  const bytes = fetch(model).then((response) => response.arrayBuffer());
  await script('node_modules/@tensorflow/tfjs-core/dist/tf-core.min.js');
  await script('node_modules/@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js');
  const { tf } = globalThis;
  tf.wasm.setWasmPaths(new URL('../node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url).href);
  tf.wasm.setThreadsCount(1);
  await tf.setBackend('wasm');
  await tf.ready();

  const { layers, slope } = readModel(new Uint8Array(await bytes));
  const parameters = layers.map(({ weight, bias }) => ({
    b: tf.transpose(tf.tensor2d(weight.values, weight.dims)),
    bias: tf.tensor1d(bias.values),
  }));
  return {
    generate(z, count) {
      return tf.tidy(() => {
        let x = tf.tensor2d(z, [count, 100]);
        for (const [index, layer] of parameters.entries()) {
          x = tf.fused.matMul({ a: x, ...layer });
          if (index < parameters.length - 1) x = tf.leakyRelu(x, slope);
        }
        return tf.tanh(x).dataSync();
      });
    },
  };
}
