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
/**
 * From paths to the SHA-256 of the files: those that are kept at once, and those that few visitors need, which are kept when
 * they are asked for.
 * @type {{version: string, files: Record<string, string>, later: Record<string, string>}}
 */
const { version, files, later } = worker.PRECACHE;
/** With the folder's address: other sites may live on the same host. */
const PREFIX = `forger ${worker.registration.scope} `;
const CACHE = PREFIX + version;

worker.addEventListener('install', (/** @type {any} */ event) => event.waitUntil(keepAll()));
worker.addEventListener('activate', (/** @type {any} */ event) => event.waitUntil(forgetOthers()));
worker.addEventListener('fetch', (/** @type {any} */ event) => {
  const { request } = event;
  const path = pathOf(request.url);
  if (request.method === 'GET' && path !== undefined && (path in files || path in later)) event.respondWith(answer(event, request, path));
});

async function keepAll() {
  for (const [path, hash] of Object.entries(files)) await keep(path, hash);
}

async function keep(/** @type {string} */ path, /** @type {string} */ hash) {
  const response = await verified(path, hash);
  await (await caches.open(CACHE)).put(new URL(path, worker.registration.scope), response.clone());
  return response;
}

/** The file of this version: what the browser kept from the visit, if it is that, else from the server. */
async function verified(/** @type {string} */ path, /** @type {string} */ hash) {
  const address = new URL(path, worker.registration.scope);
  for (const cache of /** @type {const} */ (['default', 'reload'])) {
    const response = await fetch(address, { cache });
    if (!response.ok) continue;
    if ((await hashOf(await response.clone().arrayBuffer())) === hash) return response;
  }
  throw new Error(`${path} is not the file of version ${version}`);
}

async function forgetOthers() {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  }
}

async function answer(/** @type {any} */ event, /** @type {Request} */ request, /** @type {string} */ path) {
  const kept = await (await caches.open(CACHE)).match(new URL(path, worker.registration.scope));
  if (kept) return kept;
  // These are long and come with a bar: they are passed on as they come.
  if (path.startsWith('pictures/')) return passOn(event, request, path);
  // Where it cannot be kept (another version lies on the server by now) the page still gets what there is.
  return path in later ? keep(path, later[path]).catch(() => fetch(request)) : fetch(request);
}

/** What the server has, which is kept once it is whole, if it is of this version. */
async function passOn(/** @type {any} */ event, /** @type {Request} */ request, /** @type {string} */ path) {
  const response = await fetch(request);
  const copy = response.clone();
  const keeping = async () => {
    const bytes = await copy.arrayBuffer();
    if ((await hashOf(bytes)) !== later[path]) return;
    await (await caches.open(CACHE)).put(new URL(path, worker.registration.scope), new Response(bytes, { headers: copy.headers }));
  };
  // Without room for it there is no second time without a network.
  if (response.ok) event.waitUntil(keeping().catch(() => {}));
  return response;
}

async function hashOf(/** @type {ArrayBuffer} */ bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The path within the site, `index.html` for the folder itself. @param {string} address */
function pathOf(address) {
  const { origin, pathname } = new URL(address);
  const scope = new URL(worker.registration.scope);
  if (origin !== scope.origin || !pathname.startsWith(scope.pathname)) return undefined;
  return decodeURIComponent(pathname.slice(scope.pathname.length)) || 'index.html';
}
