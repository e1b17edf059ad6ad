// @ts-check
/**
 * Keeps the files of one version of the site, and answers from them: the page then needs no network.
 *
 * `precache.js`, which `cargo xtask site` writes, lists the files with their hashes, and names the version by all of them
 * together: another site is another version, and a new worker. Pages that are open keep the old one until they are closed.
 */

/** @type {any} The global object of a service worker; TypeScript takes it for a window. */
const worker = globalThis;

worker.importScripts('precache.js');
/** @type {{version: string, files: Record<string, string>}} From a path to the SHA-256 of the file. */
const { version, files } = worker.PRECACHE;
/** With the folder's address: other sites may live on the same host. */
const PREFIX = `forger ${worker.registration.scope} `;
const CACHE = PREFIX + version;

worker.addEventListener('install', (/** @type {any} */ event) => event.waitUntil(keepAll()));
worker.addEventListener('activate', (/** @type {any} */ event) => event.waitUntil(forgetOthers()));
worker.addEventListener('fetch', (/** @type {any} */ event) => {
  const { request } = event;
  const path = pathOf(request.url);
  if (request.method === 'GET' && path !== undefined && path in files) event.respondWith(answer(request, path));
});

async function keepAll() {
  const cache = await caches.open(CACHE);
  for (const [path, hash] of Object.entries(files)) {
    await cache.put(new URL(path, worker.registration.scope), await verified(path, hash));
  }
}

/** The file of this version: what the browser kept from the visit, if it is that, else from the server. */
async function verified(/** @type {string} */ path, /** @type {string} */ hash) {
  const address = new URL(path, worker.registration.scope);
  for (const cache of /** @type {const} */ (['default', 'reload'])) {
    const response = await fetch(address, { cache });
    if (!response.ok) continue;
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await response.clone().arrayBuffer()));
    if ([...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('') === hash) return response;
  }
  throw new Error(`${path} is not the file of version ${version}`);
}

async function forgetOthers() {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  }
}

async function answer(/** @type {Request} */ request, /** @type {string} */ path) {
  const kept = await (await caches.open(CACHE)).match(new URL(path, worker.registration.scope));
  return kept ?? fetch(request);
}

/** The path within the site, `index.html` for the folder itself. @param {string} address */
function pathOf(address) {
  const { origin, pathname } = new URL(address);
  const scope = new URL(worker.registration.scope);
  if (origin !== scope.origin || !pathname.startsWith(scope.pathname)) return undefined;
  return decodeURIComponent(pathname.slice(scope.pathname.length)) || 'index.html';
}
