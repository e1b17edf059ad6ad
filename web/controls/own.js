// @ts-check
/** A model of the visitor's own: chosen by a button, or dropped anywhere on the page. */

import { within } from './dom.js';

/**
 * @param {HTMLElement} field
 * @param {HTMLElement} curtain Shown while a file is held over the page.
 * @param {(file: File) => void} onFile
 */
export function createOwn(field, curtain, onFile) {
  /** @type {HTMLInputElement} */
  const input = within(field.parentElement ?? document, '#own');
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    // So that the same file can be chosen again, once it was mended.
    input.value = '';
    if (file) onFile(file);
  });
  const hasFile = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files');
  addEventListener('dragover', (event) => {
    if (!hasFile(event)) return;
    // Without this the browser would leave the page and open the file.
    event.preventDefault();
    curtain.hidden = false;
  });
  addEventListener('dragleave', (event) => (curtain.hidden ||= event.relatedTarget === null));
  addEventListener('drop', (event) => {
    curtain.hidden = true;
    if (!hasFile(event)) return;
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    // A picture is for `photo.js`.
    if (file && !file.type.startsWith('image/')) onFile(file);
  });
}
