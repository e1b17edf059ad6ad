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
 * @param {readonly number[]} shape Channels (1 grey, 3 colour), height, width.
 * @param {number} [columns]
 */
export function paint(canvas, images, [channels, height, width], columns = 1) {
  const plane = height * width;
  const count = images.length / (channels * plane);
  const sheet = { width: columns * width, height: Math.ceil(count / columns) * height };
  // Setting the size clears a canvas, even to the same size.
  if (canvas.width !== sheet.width || canvas.height !== sheet.height) Object.assign(canvas, sheet);
  const context = canvas.getContext('2d');
  if (!context) return;
  const data = context.createImageData(sheet.width, sheet.height);
  for (let picture = 0; picture < count; picture++) {
    const left = (picture % columns) * width;
    const top = Math.floor(picture / columns) * height;
    for (let pixel = 0; pixel < plane; pixel++) {
      const at = 4 * ((top + Math.floor(pixel / width)) * sheet.width + left + (pixel % width));
      for (let colour = 0; colour < 3; colour++) {
        const channel = channels === 3 ? colour : 0;
        data.data[at + colour] = toByte(images[(picture * channels + channel) * plane + pixel]);
      }
      data.data[at + 3] = 255;
    }
  }
  context.putImageData(data, 0, 0);
}
