// @ts-check
/** From pixels in [-1, 1] to a canvas: one picture, or many side by side. */

/** Maps [-1, 1] to a byte, 0 black to 255 white, to nearest; the trainer's `to_byte` does so in single precision too. */
export function toByte(/** @type {number} */ value) {
  return Math.min(255, Math.max(0, Math.floor(Math.fround(Math.fround(value + 1) * 127.5) + 0.5)));
}

/**
 * Draws pictures in rows of `columns`, edge to edge, and sizes the canvas for them.
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array} images [n, channels, height, width]
 * @param {readonly number[]} shape Channels (1 grey, 3 colour, 4 colour with opacity), height, width.
 * @param {number} [columns]
 */
export function paint(canvas, images, shape, columns = 1) {
  const count = images.length / shape.reduce((product, size) => product * size, 1);
  prepare(canvas, count, shape, columns);
  paintFrom(canvas, 0, images, shape, columns);
}

/**
 * Sizes a canvas for `count` pictures; one that has the size keeps what it shows.
 * @param {HTMLCanvasElement} canvas
 * @param {number} count
 * @param {readonly number[]} shape
 * @param {number} columns
 */
export function prepare(canvas, count, [, height, width], columns) {
  const sheet = { width: columns * width, height: Math.ceil(count / columns) * height };
  // Setting the size clears a canvas, even to the same size.
  if (canvas.width !== sheet.width || canvas.height !== sheet.height) Object.assign(canvas, sheet);
}

/**
 * Draws pictures into a prepared sheet, from its picture `first` on.
 * @param {HTMLCanvasElement} canvas
 * @param {number} first
 * @param {Float32Array} images
 * @param {readonly number[]} shape
 * @param {number} columns
 */
export function paintFrom(canvas, first, images, shape, columns) {
  const [channels, height, width] = shape;
  const context = canvas.getContext('2d');
  if (!context) return;
  const length = channels * height * width;
  for (let i = 0; i < images.length / length; i++) {
    const place = first + i;
    const data = new ImageData(toRgba(images.subarray(i * length, (i + 1) * length), channels), width, height);
    context.putImageData(data, (place % columns) * width, Math.floor(place / columns) * height);
  }
}

/**
 * One picture as the bytes of a canvas.
 * @param {Float32Array} image [channels, height, width]
 * @param {number} channels 1 (grey), 3 (colour) or 4 (colour with opacity, transparent at -1).
 */
export function toRgba(image, channels) {
  const plane = image.length / channels;
  const rgba = new Uint8ClampedArray(4 * plane);
  for (let pixel = 0; pixel < plane; pixel++) {
    for (let colour = 0; colour < 3; colour++) {
      rgba[4 * pixel + colour] = toByte(image[(channels >= 3 ? colour * plane : 0) + pixel]);
    }
    rgba[4 * pixel + 3] = channels === 4 ? toByte(image[3 * plane + pixel]) : 255;
  }
  return rgba;
}
