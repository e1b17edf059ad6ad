// @ts-check
/** The big picture: what the latent vector on show becomes, and a small copy of it: the frame on the strip of z[0]. */

import { ALL } from '../mixes.js';
import { frameOf, shownZ } from '../state.js';
import { z0OfFrame } from '../sweep.js';
import { paint } from '../pixels.js';
import { text } from '../strings.js';
import { shortName } from './classes.js';
import { percent, signed } from './dom.js';

/** A picture that takes longer than this, in ms, is drawn in a worker: while it is dragged, a frame must stay a frame. */
const SLOW = 12;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLCanvasElement} thumb
 * @param {(error: unknown) => void} onFailure
 */
export function createPicture(canvas, thumb, onFailure) {
  /** @type {import('../blending.js').Drawer | undefined} */
  let newest;

  /** @param {import('../blending.js').Drawer} generator @param {Float32Array | undefined} image undefined: a newer one comes. */
  function draw(generator, image) {
    // Another model may have come while a worker drew.
    if (!image || newest !== generator) return;
    for (const each of [canvas, thumb]) paint(each, image, generator.imageShape);
  }

  return {
    /** @param {import('../state.js').State} state @param {import('../blending.js').Drawer} generator */
    show(state, generator) {
      newest = generator;
      const z = shownZ(state);
      if (generator.msPerPicture > SLOW) generator.generateAsync(z).then((image) => draw(generator, image), onFailure);
      else draw(generator, generator.generate(z));
      canvas.setAttribute('aria-label', describe(state, z[0], generator));
    },
  };
}

/** @param {import('../mixes.js').Kind} kind @param {readonly string[]} names */
function ofClass({ class: chosen, mix }, names) {
  if (!mix) return text('ofClass', { name: shortName(names[chosen]) });
  return text('ofClasses', { names: mix.map(([each, share]) => `${shortName(names[each])} ${percent(share / ALL)} %`).join(', ') });
}

/** @param {import('../state.js').State} state @param {number} z0 @param {import('../blending.js').Drawer} generator */
function describe(state, z0, { imageShape: [channels, height, width], classes }) {
  const isDigit = channels === 1 && height === 28 && width === 28;
  const name = text(isDigit ? 'picture' : 'pictureOwn', { seed: state.seed, value: signed(z0) }) + (classes ? ofClass(state, classes) : '');
  const frame = frameOf(state);
  // Near a frame is not one: only its very number is.
  if (frame === undefined || z0OfFrame(frame) !== z0) return name;
  return name + text(state.kind === 'held' ? 'ofFrame' : 'ofFresh', { frame: frame + 1 });
}
