// @ts-check
/** A picture of something written, instead of drawing it: chosen, dropped anywhere on the page, or pasted. */

/**
 * @param {HTMLInputElement} input
 * @param {(file: File) => void} onFile
 */
export function createPhoto(input, onFile) {
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    // So that the same file can be chosen again.
    input.value = '';
    if (file) onFile(file);
  });
  const take = (/** @type {DataTransfer | null} */ given) => {
    const file = given?.files[0];
    if (file?.type.startsWith('image/')) onFile(file);
  };
  addEventListener('drop', (event) => take(event.dataTransfer));
  addEventListener('paste', (event) => take(event.clipboardData));
}
