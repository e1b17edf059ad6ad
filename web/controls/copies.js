// @ts-check
/** What was drawn, its copy, and where the two differ, side by side. */

import { paint, toByte } from '../pixels.js';
import { within } from './dom.js';

/** @param {HTMLElement} root */
export function createCopies(root) {
  /** @type {HTMLCanvasElement[]} */
  const [yours, copy, difference] = ['[data-yours]', '[data-copy]', '[data-difference]'].map((name) => within(root, name));
  const blank = () => {
    for (const canvas of [copy, difference]) canvas.getContext('2d')?.clearRect(0, 0, canvas.width, canvas.height);
  };
  return {
    /** @param {Float32Array | undefined} picture Grey, [height, width]. @param {readonly number[]} shape */
    showYours(picture, [, height, width]) {
      root.classList.toggle('empty', !picture);
      paint(yours, picture ?? new Float32Array(height * width).fill(-1), [1, height, width]);
      blank();
    },
    /**
     * @param {Float32Array} picture Grey, [height, width].
     * @param {Float32Array} image [channels, height, width]
     * @param {readonly number[]} shape
     */
    showCopy(picture, image, shape) {
      paint(copy, image, shape);
      const [channels, height, width] = shape;
      Object.assign(difference, { width, height });
      const rgba = new Uint8ClampedArray(4 * width * height);
      for (let pixel = 0; pixel < width * height; pixel++) {
        let sum = 0;
        for (let c = 0; c < channels; c++) sum += image[c * width * height + pixel] / channels;
        // White where the two are far apart; the style sheet makes ink of it, as of all pictures.
        rgba.fill(toByte(Math.abs(sum - picture[pixel]) - 1), 4 * pixel, 4 * pixel + 3);
        rgba[4 * pixel + 3] = 255;
      }
      difference.getContext('2d')?.putImageData(new ImageData(rgba, width, height), 0, 0);
    },
    /** @param {'yours' | 'copy' | 'difference'} which @param {string} words */
    label: (which, words) => ({ yours, copy, difference })[which].setAttribute('aria-label', words),
  };
}
