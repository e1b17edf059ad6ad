// @ts-check
/**
 * Every number of z, as a board of small sliders that can be sorted: at first the few that do most here, the rest folded away.
 * Made when it is first seen: many visitors never do.
 */

import { inSlices } from '../slices.js';
import { measureInfluence } from '../influence.js';
import { same } from '../vectors.js';
import { setText, text } from '../strings.js';
import { createCell } from './cell.js';
import { byId } from './dom.js';

/** Effects are measured anew once z has stood still for this long. */
const PAUSE_MS = 150;
/** How many there are while the rest is folded; the style sheet hides what comes after. */
const FEW = 12;
/** How many are built in one frame. */
const BUILT = 8;

/**
 * @param {HTMLElement} root
 * @param {{
 *   onInput: (coordinate: number, value: number) => void,
 *   onReset: (coordinate: number) => void,
 *   onResetAll: () => void,
 *   onMeasured: () => void,
 *   onFailure: (error: unknown) => void,
 * }} callbacks
 */
export function createBoard(root, { onInput, onReset, onResetAll, onMeasured, onFailure }) {
  /** @type {HTMLSelectElement} */
  const sort = byId('sort');
  /** @type {ReturnType<typeof createCell>[]} */
  let cells = [];
  /** What the effects are of. @type {{generator?: unknown, z: Float32Array, effects?: Float32Array}} */
  let measured = { z: new Float32Array(0) };
  /** @type {Float32Array} */
  let z = new Float32Array(0);
  let order = '';
  let folded = true;
  /** @type {HTMLButtonElement} */
  const fold = byId('fold');
  fold.addEventListener('click', () => {
    folded = !folded;
    onMeasured();
  });

  byId('reset-all').addEventListener('click', onResetAll);
  sort.addEventListener('change', () => {
    arrange(sort.value);
    onMeasured();
  });

  /** @param {import('../blending.js').Drawer} generator @param {Float32Array} at */
  async function measure(generator, at) {
    const mine = { generator, z: at.slice(), effects: measured.generator === generator ? measured.effects : undefined };
    measured = mine;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const isWanted = () => measured === mine;
    if (!isWanted()) return;
    const effects = await inSlices(measureInfluence(generator, mine.z), isWanted);
    if (!effects || !isWanted()) return;
    const isFirst = mine.effects === undefined;
    mine.effects = effects;
    if (isFirst && order === 'effect') arrange(order);
    onMeasured();
  }

  /** In the document too, so that the tab key follows the eye. The order stays until asked for again: cells must not flee. */
  function arrange(/** @type {string} */ by) {
    order = by;
    const keys = Array.from(z.subarray(0, cells.length), (value, i) => (by === 'value' ? value : by === 'effect' ? (measured.effects?.[i] ?? 0) : -i));
    const places = [...cells.keys()].sort((a, b) => keys[b] - keys[a] || a - b);
    root.replaceChildren(...places.map((place) => cells[place].root));
  }

  /** A few cells a frame: a hundred at once would be a long task on a slow machine. */
  function build() {
    const most = Math.min(z.length, cells.length + BUILT);
    while (cells.length < most) cells.push(createCell(cells.length, { onInput, onReset }));
    arrange('effect');
    sort.value = 'effect';
    if (cells.length < z.length) onMeasured();
  }

  return {
    /** @param {import('../state.js').State} state @param {import('../blending.js').Drawer} generator */
    show(state, generator) {
      z = state.z;
      if (cells.length > z.length) cells = [];
      if (cells.length < z.length) build();
      if (measured.generator !== generator || !same(measured.z, z)) measure(generator, z).catch(onFailure);
      root.classList.toggle('folded', folded);
      fold.hidden = z.length <= FEW;
      fold.setAttribute('aria-expanded', String(!folded));
      setText(fold, text(folded ? 'showAll' : 'showFew', { count: folded ? z.length : FEW }));
      const { effects } = measured;
      const most = effects ? Math.max(...effects) : 0;
      for (const [i, cell] of cells.entries()) cell.show(z[i], effects?.[i], most);
    },
  };
}
