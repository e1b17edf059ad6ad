// The page that a contestant trains in: takes its first steps, then as many as it is asked for, and says how long they took.

const words = new URLSearchParams(location.search);

/** Pictures as MNIST's are: four fifths black, the rest ink. The same for everyone, and the same each time. */
function pictures(count) {
  const bytes = new Uint8Array(count * 784);
  let word = 1;
  for (let i = 0; i < bytes.length; i++) {
    word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
    if (word >>> 24 < 51) bytes[i] = word >>> 16;
  }
  return bytes;
}

window.ready = (async () => {
  const { start } = await import(`./trainers/${words.get('contestant')}.js`);
  window.step = await start(pictures(2000), words.get('recipe'));
  // Kernels are compiled and buffers made by the first few.
  await window.step(5);
})();

/** Milliseconds a step: the mean of `count` in a row. */
window.measure = async (count) => {
  const began = performance.now();
  await window.step(count);
  return (performance.now() - began) / count;
};
