// @ts-check
/**
 * Keeps runs in this browser, so that a reload goes on where one was: what it is to be, its newest checkpoint, and the pictures if they
 * are the visitor's own. A run is one tab's; another tab's run never takes its place, so that nothing that was kept is lost.
 */

/**
 * @typedef {object} Kept
 * @property {string} id
 * @property {import('./link.js').Setup} setup
 * @property {number} step
 * @property {number} steps
 * @property {boolean} isDone
 * @property {boolean} isInverted Of pictures of the visitor's own: black and white turned round.
 * @property {readonly string[]} warnings Those that were said.
 * @property {number} savedAt ms since 1970.
 */

/** @typedef {'full' | 'none'} Trouble No room, or nothing is kept here at all: a private window, storage turned off. */

/** Other sites may live on the same host. */
const NAME = `forger training ${new URL('..', import.meta.url).pathname}`;
/** The page's tab that a run belongs to, over its reloads. */
const MINE = 'forger.training';
/** Runs that are kept: the oldest goes when a new one comes. */
const MOST = 3;
/** Without locks: a run that was saved this short a while ago may be under way in another tab, in ms. */
const FRESH_MS = 15_000;
const STORES = ['runs', 'checkpoints', 'pictures'];

/** @param {unknown} error @returns {Trouble} */
export const troubleOf = (error) => (error instanceof DOMException && /Quota/.test(error.name) ? 'full' : 'none');

/** @type {Promise<IDBDatabase> | undefined} */
let opened;

/** @returns {Promise<IDBDatabase>} */
function database() {
  opened ??= /** @type {Promise<IDBDatabase>} */ (
    new Promise((resolve, reject) => {
      const request = indexedDB.open(NAME, 1);
      request.onupgradeneeded = () => STORES.forEach((name) => request.result.createObjectStore(name));
      request.onsuccess = () => resolve(request.result);
      request.onerror = request.onblocked = () => reject(request.error ?? new Error('it is held by another version'));
    })
  ).catch((error) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

/**
 * Does all or nothing.
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: (name: string) => IDBObjectStore) => IDBRequest<T> | undefined} work
 * @returns {Promise<T | undefined>}
 */
async function within(mode, work) {
  const transaction = (await database()).transaction(STORES, mode);
  return new Promise((resolve, reject) => {
    const request = work((name) => transaction.objectStore(name));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onabort = () => reject(transaction.error ?? new Error('it was not kept'));
  });
}

/** All that is kept, the newest first. @returns {Promise<Kept[]>} */
async function list() {
  /** @type {Kept[]} */
  const all = (await within('readonly', (store) => store('runs').getAll())) ?? [];
  return all.sort((a, b) => b.savedAt - a.savedAt);
}

/** The run that this tab can go on with: its own, else the newest that is no other tab's. @returns {Promise<Kept | undefined>} */
export async function findKept() {
  const [all, held] = await Promise.all([list(), heldByOthers()]);
  const mine = sessionId();
  const isFree = (/** @type {Kept} */ { id, savedAt }) => (held ? !held.includes(id) : Date.now() - savedAt > FRESH_MS);
  return all.find(({ id }) => id === mine && !held?.includes(id)) ?? all.find(isFree);
}

/** Its checkpoint, and its pictures if they are the visitor's own. @param {string} id */
export async function takeKept(id) {
  const read = (/** @type {string} */ name) => within('readonly', (store) => store(name).get(id));
  const [checkpoint, own] = await Promise.all([read('checkpoints'), read('pictures')]);
  return { checkpoint: /** @type {Uint8Array | undefined} */ (checkpoint), own: /** @type {import('./own.js').Own | undefined} */ (own) };
}

/** @param {Kept} kept @param {Uint8Array} checkpoint @param {import('./own.js').Own} [own] Where they are not kept yet. */
export async function keep(kept, checkpoint, own) {
  // Without the rest of whatever memory it lies in.
  const bytes = checkpoint.length === checkpoint.buffer.byteLength ? checkpoint : checkpoint.slice();
  await within('readwrite', (store) => {
    store('runs').put(kept, kept.id);
    store('checkpoints').put(bytes, kept.id);
    if (own) store('pictures').put(own, kept.id);
    return undefined;
  });
}

/** @param {string} id */
export const drop = (id) => within('readwrite', (store) => void STORES.forEach((name) => store(name).delete(id)));

/** Makes room for one more: the oldest that nobody trains go. */
export async function makeRoom() {
  const [all, held] = await Promise.all([list(), heldByOthers()]);
  for (const { id } of all.filter(({ id }) => !held?.includes(id)).slice(MOST - 1)) await drop(id);
}

/** A name for a new run, which from now on is this tab's. */
export function newId() {
  const id = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
  own(id);
  return id;
}

/** @param {string} id */
export function own(id) {
  try {
    sessionStorage.setItem(MINE, id);
  } catch {
    // Then a reload finds the newest.
  }
}

function sessionId() {
  try {
    return sessionStorage.getItem(MINE);
  } catch {
    return null;
  }
}

/** Lets other tabs know that this one trains, until what it gives is called. @param {string} id @returns {() => void} */
export function hold(id) {
  let release = () => {};
  const held = /** @type {Promise<void>} */ (new Promise((resolve) => (release = () => resolve())));
  holding.add(id);
  // It is this tab's until it is given back, which takes a moment.
  Promise.resolve(navigator.locks?.request(lockOf(id), () => held))
    .catch(() => {})
    .finally(() => holding.delete(id));
  return release;
}

/** What this tab holds. @type {Set<string>} */
const holding = new Set();
const lockOf = (/** @type {string} */ id) => `${NAME} ${id}`;

/** The runs that other tabs train; undefined where this browser does not tell. @returns {Promise<string[] | undefined>} */
export async function heldByOthers() {
  // As of now: one that is given back meanwhile may still be told.
  const ours = new Set(holding);
  const locks = await navigator.locks?.query().catch(() => undefined);
  const names = locks?.held?.map(({ name }) => name ?? '').filter((name) => name.startsWith(lockOf('')));
  return names?.map((name) => name.slice(lockOf('').length)).filter((id) => !ours.has(id));
}
