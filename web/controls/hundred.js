// @ts-check
/** The hundred samples of a seed, as the trainer draws them; one of them is in hand. */

import { samplesOf } from '../state.js';
import { OWN } from '../models.js';
import { setText, text } from '../strings.js';
import { byId } from './dom.js';
import { createSheet } from './sheet.js';

/** @param {{onTile: (tile: number) => void, onFailure: (error: unknown) => void}} callbacks */
export function createHundred({ onTile, onFailure }) {
  const sheet = createSheet(byId('sheet-hundred'), { onTile, onFailure });
  /** @type {HTMLInputElement} */
  const number = byId('tile');
  number.addEventListener('input', () => {
    if (number.checkValidity() && number.value !== '') onTile(number.valueAsNumber);
  });
  return {
    /** @param {import('../state.js').State} state @param {import('../blending.js').Drawer} generator */
    show(state, generator) {
      setText(byId('hundred-lede'), text(state.model === OWN ? 'hundredOwnLede' : 'hundredLede'));
      const label = text('hundredSheet', { seed: state.seed });
      sheet.show(generator, samplesOf(state.seed, generator.latentSize), label, state.index);
      if (document.activeElement !== number) number.value = String(state.index);
    },
  };
}
