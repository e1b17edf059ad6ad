// @ts-check
/** Pictures of any generator as the inversion compares them: grey, and no larger than it takes to tell strokes apart. */

/** Larger pictures are averaged over squares until no side is longer. */
const LARGEST_SIDE = 32;
/** The longest z: its JᵀJ is a quarter of a million numbers, and a step takes as many pictures. */
export const MOST_NUMBERS = 512;
/** On fewer pixels a side nothing can be drawn. */
const LEAST_SIDE = 8;

/** @typedef {'forgeTooLong' | 'forgeTooSmall'} Obstacle A text of the page. */

/**
 * Why a generator's pictures cannot be forged; undefined if they can.
 * @param {{latentSize: number, imageShape: readonly number[]}} generator
 * @returns {Obstacle | undefined}
 */
export function obstacleOf({ latentSize, imageShape: [, height, width] }) {
  if (latentSize > MOST_NUMBERS) return 'forgeTooLong';
  return Math.min(height, width) < LEAST_SIDE ? 'forgeTooSmall' : undefined;
}

/**
 * Many pictures as they are compared: grey, each square of pixels as its mean.
 * @param {Float32Array} images [n, channels, height, width]
 * @param {readonly number[]} shape
 * @returns {Float32Array} [n, rows * columns]
 */
export function seen(images, [channels, height, width]) {
  const side = Math.ceil(Math.max(height, width) / LARGEST_SIDE);
  if (channels === 1 && side === 1) return images;
  const [rows, columns] = [Math.ceil(height / side), Math.ceil(width / side)];
  const count = images.length / (channels * height * width);
  const result = new Float32Array(count * rows * columns);
  for (let i = 0; i < count * channels; i++) {
    const to = Math.floor(i / channels) * rows * columns;
    for (let y = 0; y < height; y++) {
      const row = Math.floor(y / side);
      for (let x = 0; x < width; x++) {
        const column = Math.floor(x / side);
        // The last square of a row or a column may be cut off.
        const pixels = channels * Math.min(side, height - row * side) * Math.min(side, width - column * side);
        result[to + row * columns + column] += images[(i * height + y) * width + x] / pixels;
      }
    }
  }
  return result;
}
