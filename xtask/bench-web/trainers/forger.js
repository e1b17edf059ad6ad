// Forger's own trainer, on the page's thread so that nothing but its steps is measured.

export async function start(pictures, recipe) {
  const { loadTrainer } = await import('../site/trainer-loader.js');
  const { Training, recipe: read } = await loadTrainer();
  const training = Training.start(read(recipe, ''), 1, 1000, 'bench', pictures, Uint32Array.from([1, 28, 28]), new Uint16Array(0), []);
  return async (count) => {
    // A call stops at the end of an epoch.
    for (let taken = 0; taken < count; ) taken += training.advance(count - taken)[0];
  };
}
