// @ts-check
/** Node's files, found without an import: a bundler that makes a bundle for browsers would look for the module and fail. */

/** @returns {typeof import('node:fs/promises')} */
export function nodeFiles() {
  return globalThis.process.getBuiltinModule('node:fs/promises');
}
