// TensorFlow.js with its own gradients and its own Adam: the recipe `seed`, which asks for nothing that it has not. The product of a
// layer and its bias are one operation where that has a gradient.

const script = (source) =>
  new Promise((resolve, reject) => {
    const element = Object.assign(document.createElement('script'), { src: source, onload: resolve, onerror: reject });
    document.head.append(element);
  });

const [BATCH, LATENT, WIDTH, PIXELS, SLOPE, REAL] = [100, 100, 128, 784, 0.2, 0.9];

/** @param {Uint8Array} pictures @param {'cpu' | 'wasm'} backend */
export async function startOn(pictures, backend) {
  // The whole of it: its core alone has no gradients.
  await script('node_modules/@tensorflow/tfjs/dist/tf.min.js');
  const { tf } = globalThis;
  if (backend === 'wasm') {
    await script('node_modules/@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js');
    tf.wasm.setWasmPaths(new URL('../node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url).href);
    tf.wasm.setThreadsCount(1);
  }
  await tf.setBackend(backend);
  await tf.ready();

  const layer = (inputs, outputs) => {
    const limit = Math.sqrt(6 / (inputs + outputs));
    return [tf.variable(tf.randomUniform([inputs, outputs], -limit, limit)), tf.variable(tf.zeros([outputs]))];
  };
  const network = (...sizes) => sizes.slice(1).map((outputs, i) => layer(sizes[i], outputs));
  const [g, d] = [network(LATENT, WIDTH, WIDTH, PIXELS), network(PIXELS, WIDTH, WIDTH, 1)];
  // max(x, 0.2 x), the leaky ReLU: its own has no gradient on every backend.
  const leaky = (x) => tf.maximum(x, tf.mul(x, SLOPE));
  const forward = (layers, x) => layers.reduce((x, [weight, bias], i) => {
    const sum = tf.add(tf.matMul(x, weight), bias);
    return i < layers.length - 1 ? leaky(sum) : sum;
  }, x);
  const forge = (z) => tf.tanh(forward(g, z));
  // Sigmoid cross-entropy of logits, in its stable form.
  const entropy = (logits, label) => tf.mean(tf.add(tf.sub(tf.relu(logits), tf.mul(logits, label)), tf.log1p(tf.exp(tf.neg(tf.abs(logits))))));
  const [ofG, ofD] = [tf.train.adam(0.001, 0.9, 0.999, 1e-8), tf.train.adam(0.001, 0.9, 0.999, 1e-8)];
  const scaled = Float32Array.from(pictures, (byte) => byte / 127.5 - 1);
  const count = scaled.length / PIXELS;

  let at = 0;
  let loss;
  const step = () => {
    tf.tidy(() => {
      const x = tf.tensor2d(scaled.subarray(at * PIXELS, (at + BATCH) * PIXELS), [BATCH, PIXELS]);
      const z = tf.randomNormal([BATCH, LATENT]);
      const forged = forge(z);
      ofD.minimize(() => tf.add(entropy(forward(d, x), REAL), entropy(forward(d, forged), 0)), false, d.flat());
      loss = ofG.minimize(() => entropy(forward(d, forge(z)), 1), true, g.flat()).dataSync()[0];
    });
    at = (at + BATCH) % count;
  };
  return async (steps) => {
    for (let i = 0; i < steps; i++) step();
    if (!Number.isFinite(loss)) throw new Error(`the loss is ${loss}`);
  };
}
