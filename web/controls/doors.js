// @ts-check
/** Ways in, beside the picture: each opens a tab and brings it into sight, as on a phone it lies far below. */

import { byId } from './dom.js';

/**
 * @param {HTMLElement} root
 * @param {(tab: import('../state.js').Tab) => void} onTab
 */
export function createDoors(root, onTab) {
  for (const door of root.querySelectorAll('button')) {
    door.disabled = false;
    const tab = /** @type {import('../state.js').Tab | null} */ (door.getAttribute('data-open'));
    if (!tab) continue;
    door.addEventListener('click', () => {
      onTab(tab);
      reveal(`panel-${tab}`);
      // Whoever reads by ear or by keys goes on there, once it is shown.
      requestAnimationFrame(() => byId(`panel-${tab}`).focus({ preventScroll: true }));
    });
  }
}

/** Brings an element into sight after the frame in which it is shown. @param {string} id */
export function reveal(id) {
  requestAnimationFrame(() => {
    const behavior = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'instant' : 'smooth';
    byId(id).scrollIntoView({ block: 'start', behavior });
  });
}
