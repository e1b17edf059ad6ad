// @ts-check
/**
 * The models that can draw: those that the site lists in `models.json`, and the visitor's own. A model that was loaded stays
 * at hand, so that going back to it takes no time.
 */

import { ForgerError, Generator } from './forger.js';
import { sortFiles } from './others.js';
import { text } from './strings.js';
import { tame } from './tame.js';

/**
 * @typedef {object} Model
 * @property {string} id What links call it.
 * @property {string} run The run of training that it comes from; its epochs share it.
 * @property {number} epochs
 * @property {() => string} title In the language of the page.
 * @property {() => Promise<Generator>} load
 * @property {string} [address] Of its file, of a model of this site.
 * @property {number} [greets] Which sample of the first seed a visitor meets, where that is known before the model has come.
 */

/** Models that are kept loaded. */
const KEPT = 12;
const LARGEST_SIDE = 512;
/** What links of a visitor's own model say: the model itself is in no link. */
export const OWN = 'own';

/**
 * The models of this site; the first is the one that a visitor meets.
 * @param {(progress: {loaded: number, total: number | undefined}) => void} onProgress Of downloads.
 * @returns {Promise<Model[]>}
 */
export async function listModels(onProgress) {
  const listed = await readList();
  return listed.map(({ id, file, recipe, epochs, run }) => ({
    id,
    run,
    epochs,
    address: new URL(file, import.meta.url).href,
    title: () => (recipe ? text('modelName', { recipe: tame(recipe), epochs }) : tame(file)),
    load: once(() => Generator.load(new URL(file, import.meta.url), { onProgress })),
  }));
}

/** @returns {Promise<{id: string, file: string, recipe: string, epochs: number, run: string}[]>} */
async function readList() {
  const alone = [{ id: 'gen', file: 'gen.onnx', recipe: '', epochs: 0, run: 'gen' }];
  try {
    const { models } = await (await fetch(new URL('models.json', import.meta.url))).json();
    return models.length > 0 ? models : alone;
  } catch {
    // A folder put together by hand still has its one model.
    return alone;
  }
}

/**
 * A model of the visitor's, with the files that belong to it; loading it refuses what this page cannot show.
 * @param {readonly File[]} files
 * @param {import('./others.js').Said} [said] What the visitor says of it.
 * @returns {Model}
 */
export function ownModel(files, said = {}) {
  const file = files.find(({ name }) => /\.onnx$/i.test(name)) ?? files[0];
  return {
    id: OWN,
    run: OWN,
    epochs: 0,
    title: () => text('modelOwn', { name: tame(file.name) }),
    load: once(async () => {
      const { model, beside } = await sortFiles(files);
      const generator = await Generator.load(model, { beside, ...said });
      const [channels, height, width] = generator.imageShape;
      if ([1, 3, 4].includes(channels) && Math.max(height, width) <= LARGEST_SIDE) return generator;
      generator.free();
      throw new ForgerError(text('ownShape', { name: tame(file.name), channels, height, width }), text('ownKept'));
    }),
  };
}

/** What forgets a loaded model; the model used last is at the end. @type {Set<() => void>} */
const kept = new Set();

/**
 * Loads once, however often it is asked. The oldest of many is forgotten but not freed: a sheet may still be drawing with
 * it, and the browser collects it when nobody does.
 * @param {() => Promise<Generator>} load
 * @returns {() => Promise<Generator>}
 */
function once(load) {
  /** @type {Promise<Generator> | undefined} */
  let loading;
  const forget = () => {
    loading = undefined;
    kept.delete(forget);
  };
  return async () => {
    loading ??= load();
    kept.delete(forget);
    kept.add(forget);
    if (kept.size > KEPT) [...kept][0]();
    try {
      return await loading;
    } catch (error) {
      // A fault of the network is worth another try.
      forget();
      throw error;
    }
  };
}
