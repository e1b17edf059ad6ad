// onnxruntime-web on one thread, by its smallest build with the WebAssembly backend.

export async function load(model) {
  const ort = await import('../node_modules/onnxruntime-web/dist/ort.wasm.min.mjs');
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(model.href, { executionProviders: ['wasm'] });
  return {
    async generate(z, count) {
      const { image } = await session.run({ z: new ort.Tensor('float32', z, [count, 100]) });
      return image.data;
    },
  };
}
