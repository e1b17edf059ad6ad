// The page that a contestant runs in: loads it, draws one picture, and then measures when it is asked to.
//
// A classic script, so that it is the first thing to run: it watches every WebAssembly memory that comes to be.

const memories = new Set();
/** Remembers the memories among what a module exports or is given. */
const watch = (things) => {
  for (const thing of Object.values(things ?? {})) if (thing instanceof WebAssembly.Memory) memories.add(thing);
};
for (const name of ['instantiate', 'instantiateStreaming']) {
  const original = WebAssembly[name];
  WebAssembly[name] = async (source, imports) => {
    const result = await original.call(WebAssembly, source, imports);
    for (const namespace of Object.values(imports ?? {})) watch(namespace);
    watch((result.instance ?? result).exports);
    return result;
  };
}

/** z of the pictures, [count, 100]: any numbers do, and these are the same everywhere. */
const latent = (count) => Float32Array.from({ length: count * 100 }, (_, i) => Math.sin(i * i * 0.37) * 2);

/** How long `generate` takes for `count` pictures, in µs: the mean of `times` calls in a row. */
window.measure = async (count, times) => {
  const z = latent(count);
  const start = performance.now();
  for (let i = 0; i < times; i++) await window.contestant.generate(z, count);
  return ((performance.now() - start) * 1000) / times;
};
window.pictures = async (count) => Array.from(await window.contestant.generate(latent(count), count));
window.wasmBytes = () => [...memories].reduce((sum, memory) => sum + memory.buffer.byteLength, 0);

/** When the first picture was there, in ms since the navigation began, and how long after the last byte that it needed. */
window.firstPicture = (async () => {
  const { load } = await import(`./contestants/${new URLSearchParams(location.search).get('contestant')}.js`);
  window.contestant = await load(new URL('model/gen.onnx', location.href));
  await window.contestant.generate(latent(1), 1);
  const ms = performance.now();
  const bytes = Math.max(...performance.getEntriesByType('resource').map((entry) => entry.responseEnd));
  return { ms, afterBytesMs: ms - bytes };
})();
