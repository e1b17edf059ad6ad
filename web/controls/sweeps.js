// @ts-check
/** The two sweeps side by side: the other numbers held, and drawn anew for each frame. */

import { frameOf, sweepOf } from '../state.js';
import { text } from '../strings.js';
import { byId } from './dom.js';
import { createSheet } from './sheet.js';

/**
 * @param {{onFrame: (kind: import('../state.js').SweepKind, frame: number) => void, onFailure: (error: unknown) => void}} callbacks
 */
export function createSweeps({ onFrame, onFailure }) {
  const held = createSheet(byId('sheet-held'), { onTile: (tile) => onFrame('held', tile), onFailure });
  const fresh = createSheet(byId('sheet-fresh'), { onTile: (tile) => onFrame('fresh', tile), onFailure });
  return {
    /** @param {import('../state.js').State} state @param {import('../blending.js').Drawer} generator @param {import('../state.js').SweepKind} kind Which of the two. */
    show(state, generator, kind) {
      const sheet = kind === 'held' ? held : fresh;
      sheet.show(generator, sweepOf(state, kind), text(kind === 'held' ? 'heldSheet' : 'freshSheet'), state.kind === kind ? frameOf(state) : undefined);
    },
  };
}
