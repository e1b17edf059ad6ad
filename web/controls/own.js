// @ts-check
/** A model of the visitor's own, and files that belong to it: chosen by a button, or dropped anywhere on the page. */

import { within } from './dom.js';

/**
 * @param {HTMLElement} field
 * @param {HTMLElement} curtain Shown while a file is held over the page.
 * @param {(files: File[]) => void} onFiles At least one.
 */
export function createOwn(field, curtain, onFiles) {
  /** @type {HTMLInputElement} */
  const input = within(field.parentElement ?? document, '#own');
  const take = () => {
    const files = [...(input.files ?? [])];
    // So that the same file can be chosen again, once it was mended.
    input.value = '';
    if (files.length > 0) onFiles(files);
  };
  input.addEventListener('change', take);
  // The field is there before these modules are: whoever was quick has chosen already.
  setTimeout(take);
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
    // A picture is for `photo.js`.
    const files = [...(event.dataTransfer?.files ?? [])].filter((file) => !file.type.startsWith('image/'));
    if (files.length > 0) onFiles(files);
  });
}
