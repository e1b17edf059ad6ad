// @ts-check
/** Keeps the run of this tab now and then, and says when it cannot. */

import { ForgerError } from '../error.js';
import { readSafetensors } from '../safetensors.js';
import { drop, findKept, heldByOthers, hold, keep, makeRoom, newId, own, takeKept, troubleOf } from './keep.js';

/** How often a run is kept, in ms: a checkpoint is some megabytes. */
const EVERY_MS = 5000;

/** @typedef {Omit<import('./keep.js').Kept, 'id' | 'savedAt' | 'step'>} State */

/** @param {() => void} onSaid There is other trouble than before, or none. */
export function createKeeper(onSaid) {
  let [id, savedAt, isBusy, isWanted] = ['', -Infinity, false, false];
  /** @type {import('./keep.js').Trouble | undefined} */
  let trouble;
  let [keptStep, areOthers] = [-1, false];
  let release = () => {};
  /** Pictures that are not kept yet. @type {import('./own.js').Own | undefined} */
  let pictures;

  /** @param {string} chosen @param {number} step */
  function begin(chosen, step) {
    release();
    [id, savedAt, keptStep] = [chosen, -Infinity, step];
    release = hold(chosen);
    heldByOthers().then((others) => {
      areOthers = (others?.length ?? 0) > 0;
      onSaid();
    });
  }

  /** @param {unknown} error */
  function failed(error) {
    trouble = troubleOf(error);
    onSaid();
  }

  /**
   * Keeps the run as it is, if it is time or has to be now. Whatever was kept stays if that fails.
   * @param {import('../trainer.js').Training} training
   * @param {() => State} stateOf As of now.
   * @param {boolean} [isUrgent]
   */
  async function save(training, stateOf, isUrgent = false) {
    if (isBusy) isWanted ||= isUrgent;
    if (isBusy || (!isUrgent && performance.now() - savedAt < EVERY_MS)) return;
    [isBusy, isWanted] = [true, false];
    savedAt = performance.now();
    const [of, given] = [id, pictures];
    try {
      const state = stateOf();
      const checkpoint = await training.checkpoint();
      const step = Number(readSafetensors(/** @type {ArrayBuffer} */ (checkpoint.buffer)).metadata.step);
      await keep({ ...state, step, id: of, savedAt: Date.now() }, checkpoint, given);
      if (of === id) {
        [keptStep, trouble] = [step, undefined];
        if (given === pictures) pictures = undefined;
        onSaid();
      }
    } catch (error) {
      // A run that has stopped says so itself.
      if (!(error instanceof ForgerError)) failed(error);
    }
    isBusy = false;
    if (isWanted && of === id) await save(training, stateOf, true);
  }

  return {
    save,
    /** What stands against keeping, if anything does. */
    trouble: () => trouble,
    /** The step that is kept; -1 if none is. */
    step: () => keptStep,
    /** Whether other tabs train. */
    areOthers: () => areOthers,
    /** The run that can be gone on with. */
    async find() {
      try {
        return await findKept();
      } catch (error) {
        failed(error);
        return undefined;
      }
    },
    take: takeKept,
    /** @param {string} chosen */
    async drop(chosen) {
      await drop(chosen).catch(failed);
    },
    /** A new run. @param {import('./own.js').Own} [own] */
    beginNew(own) {
      pictures = own;
      begin(newId(), -1);
      makeRoom().catch(failed);
    },
    /** One that was kept. @param {import('./keep.js').Kept} kept */
    beginKept(kept) {
      pictures = undefined;
      own(kept.id);
      begin(kept.id, kept.step);
    },
    /** The run is over: another tab may go on with it. */
    end() {
      release();
      release = () => {};
    },
  };
}
