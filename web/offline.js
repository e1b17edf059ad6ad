// @ts-check
/** Lets the page work without a network after the first visit: `service-worker.js` keeps its files. */

/**
 * Where a browser has no service workers, or the page is served without a secure connection, all works but that; in a sandboxed
 * frame even to ask throws.
 */
export function workOffline() {
  try {
    navigator.serviceWorker?.register(new URL('service-worker.js', import.meta.url)).catch(() => {});
  } catch {
    // Then there is no second visit without a network.
  }
}
