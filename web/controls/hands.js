// @ts-check
/** Each class by the same hand: a row for a class, and in each column one z, the same in every row. */

import { samplesOf } from '../state.js';
import { setText, text } from '../strings.js';
import { shortName } from './classes.js';
import { make, within } from './dom.js';
import { COLUMNS, createSheet } from './sheet.js';

/** Of more classes than this, the first are shown: a sheet is to be seen at once. */
const MOST_ROWS = 24;

/**
 * @param {HTMLElement} root
 * @param {{onTile: (chosen: number, sample: number) => void, onFailure: (error: unknown) => void}} callbacks
 */
export function createHands(root, { onTile, onFailure }) {
  const sheet = createSheet(within(root, '.sheet'), { onTile: (tile) => onTile(Math.floor(tile / COLUMNS), tile % COLUMNS), onFailure });
  /** @type {HTMLElement} */
  const names = within(root, '[data-names]');
  /** @type {readonly string[] | null} */
  let named = null;
  return {
    /** @param {import('../state.js').State} state @param {import('../forger.js').Generator} generator */
    show({ seed, index }, generator) {
      const { classes, latentSize } = generator;
      root.hidden = !classes;
      if (!classes) return;
      const rows = Math.min(MOST_ROWS, classes.length);
      const hands = samplesOf(seed, latentSize).subarray(0, COLUMNS * latentSize);
      const z = new Float32Array(rows * hands.length);
      for (let row = 0; row < rows; row++) z.set(hands, row * hands.length);
      const told = Array.from({ length: rows * COLUMNS }, (_, tile) => Math.floor(tile / COLUMNS));
      const tile = index < COLUMNS && generator.class < rows ? generator.class * COLUMNS + index : undefined;
      sheet.show(generator.ofClass(0), z, text('handsSheet', { count: rows, seed }), tile, told);
      const more = classes.length - rows;
      setText(within(root, '[data-more]'), more > 0 ? text('handsMore', { count: more }) : '');
      if (named !== classes) names.replaceChildren(...classes.slice(0, rows).map((name) => make('li', {}, [make('bdi', { textContent: shortName(name) })])));
      named = classes;
    },
  };
}
