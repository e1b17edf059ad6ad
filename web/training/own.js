// @ts-check
/** Pictures of the visitor's own: from files or folders that were chosen or dropped to what a run learns from. They stay on the device. */

import { isBright, SIDE } from './framing.js';
import { readAll } from './reading.js';

/** @typedef {import('./reading.js').Found} Found */

/**
 * @typedef {object} Own
 * @property {string} name What the set is called: its folder, if it came in one.
 * @property {Uint8Array<ArrayBuffer>} bytes [n, SIDE, SIDE], 0 black.
 * @property {number[]} labels The class of each; all 0 where they lie in one folder.
 * @property {string[]} classes The names of the folders; none where they lie in one.
 * @property {string[]} bad The names of files that are no pictures, or cannot be read.
 * @property {boolean} isBright Whether most lie on a bright ground.
 */

/** Fewer are learnt by heart; `trainer-wasm` refuses them too. */
export const LEAST = 64;
/** As many as MNIST has; more are left out. */
export const MOST = 60_000;

/** Files of a field: those of a folder know their path. @param {FileList | readonly File[]} files @returns {Found[]} */
export function filesOf(files) {
  return [...files].map((file) => ({ file, ...placeOf(file.webkitRelativePath || file.name) }));
}

/** Whether what is held over the page may be pictures to learn from. @param {DataTransfer | null} given */
export function hasPictures(given) {
  const items = [...(given?.items ?? [])].filter(({ kind }) => kind === 'file');
  return items.some((item) => item.type.startsWith('image/') || item.webkitGetAsEntry?.()?.isDirectory);
}

/** All files that were dropped, those of folders too. @param {DataTransfer} given @returns {Promise<Found[]>} */
export async function dropped(given) {
  // All at once: after the first wait the list is empty.
  const entries = [...given.items].filter(({ kind }) => kind === 'file').map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  /** @type {Found[]} */
  const found = [];
  for (const entry of entries) {
    if (entry instanceof File) found.push(...filesOf([entry]));
    else if (entry) await walk(entry, found);
  }
  return found;
}

/** @param {FileSystemEntry} entry @param {Found[]} found */
async function walk(entry, found) {
  if (found.length >= 2 * MOST) return;
  if (entry.isFile) {
    const file = await new Promise((resolve) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, () => resolve(undefined)));
    // What cannot even be opened is named among the bad ones.
    found.push({ file: file ?? new File([], entry.name), ...placeOf(entry.fullPath) });
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  // A folder is told in parts.
  for (;;) {
    const entries = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (entries.length === 0) return;
    for (const each of entries) await walk(each, found);
  }
}

/** The name of a file and of the folder that holds it. @param {string} path */
function placeOf(path) {
  const parts = path.split('/').filter(Boolean);
  return { name: parts.at(-1) ?? path, folder: parts.slice(0, -1).join('/') };
}

/**
 * Reads all of them, in a worker where there are workers.
 * @param {readonly Found[]} found
 * @param {(done: number, count: number) => void} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<Own>}
 */
export async function readOwn(found, onProgress, signal) {
  // What a system puts into folders by itself is nobody's picture.
  const wanted = found.filter(({ name }) => !/^(\.|Thumbs\.db$|desktop\.ini$)/i.test(name)).slice(0, MOST);
  const { bytes, folders, bad } = await (globalThis.Worker ? inWorker : readAll)(wanted, (done) => onProgress(done, wanted.length), signal);
  const kinds = [...new Set(folders)].sort();
  const isSorted = kinds.length > 1;
  const shared = sharedFolder(kinds);
  return {
    name: shared || 'pictures',
    bytes,
    labels: folders.map((folder) => (isSorted ? kinds.indexOf(folder) : 0)),
    classes: isSorted ? kinds.map((kind) => kind.split('/').at(-1) || shared || 'pictures') : [],
    bad,
    isBright: isBright(bytes),
  };
}

/** The last folder that all of them lie in. @param {readonly string[]} folders */
function sharedFolder(folders) {
  const [first = '', ...others] = folders;
  const parts = first.split('/');
  const count = parts.findIndex((part, i) => others.some((other) => other.split('/')[i] !== part));
  return (count < 0 ? parts : parts.slice(0, count)).at(-1) ?? '';
}

/** @param {readonly Found[]} found @param {(done: number) => void} onProgress @param {AbortSignal} signal @returns {Promise<import('./reading.js').Read>} */
function inWorker(found, onProgress, signal) {
  const worker = new Worker(new URL('./reader.js', import.meta.url), { type: 'module' });
  return /** @type {Promise<import('./reading.js').Read>} */ (
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      worker.onmessage = ({ data }) => (data.read ? resolve(data.read) : onProgress(data.done));
      worker.onerror = () => reject(new Error('the worker that reads pictures stopped'));
      worker.postMessage(found);
    })
  ).finally(() => worker.terminate());
}

/** As a run takes them. @param {Own} own @param {boolean} isInverted Black and white turned round. @returns {import('../trainer-pictures.js').Pictures} */
export function asPictures({ name, bytes, labels, classes }, isInverted) {
  const turned = isInverted ? bytes.map((byte) => 255 - byte) : bytes;
  return { name, bytes: turned, shape: [1, SIDE, SIDE], ...(classes.length > 0 && { labels, classes }) };
}
