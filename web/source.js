// @ts-check
/** The bytes of a model file, from wherever a page has them. */

import { ForgerError } from './error.js';
import { nodeFiles } from './node-files.js';

/** The largest file that the runtime takes; asked for before it is all downloaded. */
const FILE_LIMIT = 64 * 1024 * 1024;

/** @typedef {string | URL | ArrayBuffer | Uint8Array | Blob} Source */
/** @typedef {(progress: {loaded: number, total: number | undefined}) => void} OnProgress */

/**
 * @param {Source} source
 * @param {OnProgress} [onProgress]
 * @returns {Promise<Uint8Array>}
 */
export async function readBytes(source, onProgress) {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (source instanceof Blob) {
    refuseTooLarge(source.size);
    return new Uint8Array(await source.arrayBuffer());
  }
  const url = new URL(source, here());
  const name = url.pathname.split('/').pop() || 'the model';
  if (url.protocol === 'file:' && !('window' in globalThis)) return readFromDisk(url, name);
  /** @type {Response} */
  let response;
  try {
    response = await fetch(url);
  } catch (error) {
    const hint = 'Check the connection and try again.';
    throw new ForgerError(`The server cannot be reached for ${name}`, hint, { cause: error, code: 'unreachable', values: { name } });
  }
  if (!response.ok) {
    throw new ForgerError(
      `The model ${name} is not on this server (it answers ${response.status})`,
      'Put it beside the page: `cargo xtask site --model gen.onnx --out site` writes the whole folder.',
      { code: 'missing', values: { name, status: response.status } },
    );
  }
  return collect(response, name, onProgress);
}

/** What a relative address is relative to: the page, or in Node the folder that it was started in. */
function here() {
  if (globalThis.document) return document.baseURI;
  return globalThis.process ? `file://${process.cwd()}/` : globalThis.location.href;
}

/** In Node. @param {URL} url @param {string} name */
async function readFromDisk(url, name) {
  const { readFile, stat } = nodeFiles();
  try {
    refuseTooLarge((await stat(url)).size);
    return new Uint8Array(await readFile(url));
  } catch (error) {
    if (error instanceof ForgerError) throw error;
    throw new ForgerError(`The model ${name} cannot be read`, 'Check its path.', { cause: error, code: 'missing', values: { name } });
  }
}

/**
 * @param {Response} response
 * @param {string} name
 * @param {OnProgress | undefined} onProgress
 */
async function collect(response, name, onProgress) {
  // The length of a compressed answer is not the length of what comes out of it.
  const length = response.headers.has('content-encoding') ? null : response.headers.get('content-length');
  const total = length === null ? undefined : Number(length);
  const chunks = [];
  let loaded = 0;
  try {
    const reader = response.body?.getReader();
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      chunks.push(part.value);
      loaded += part.value.length;
      refuseTooLarge(loaded);
      onProgress?.({ loaded, total });
    }
  } catch (error) {
    if (error instanceof ForgerError) throw error;
    const values = { name };
    throw new ForgerError(`The download of ${name} broke off`, 'Check the connection and try again.', { cause: error, code: 'cut', values });
  }
  const bytes = new Uint8Array(loaded);
  let end = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, end);
    end += chunk.length;
  }
  return bytes;
}

/** @param {number} size In bytes. */
function refuseTooLarge(size) {
  if (size <= FILE_LIMIT) return;
  throw new ForgerError('The model is larger than 64 MB', 'Use a smaller model: Forger’s own are below 1 MB.', { code: 'large' });
}
