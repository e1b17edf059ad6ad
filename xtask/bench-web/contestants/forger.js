// Forger's own runtime, by the face that other pages embed.

export async function load(model) {
  const { Generator } = await import('../site/forger.js');
  const generator = await Generator.load(model);
  return { generate: (z) => generator.generate(z) };
}
