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
    /** @param {import('../state.js').State} state @param {import('../forger.js').Generator} generator */
    show(state, generator) {
      const frame = frameOf(state);
      held.show(generator, sweepOf(state, 'held'), text('heldSheet'), state.kind === 'held' ? frame : undefined);
      fresh.show(generator, sweepOf(state, 'fresh'), text('freshSheet'), state.kind === 'fresh' ? frame : undefined);
    },
  };
}
