// @ts-check
/** What went wrong with a run and what to do about it, in the language of the page. */

import { explained } from '../controls/failure.js';
import { make, sentence } from '../controls/dom.js';
import { ForgerError } from '../error.js';
import { currentLanguage } from '../strings.js';
import { say } from './words.js';

/** For kinds of errors what is wrong and what to do, as the rows of the table are called. @type {Partial<Record<import('../error.js').Code, string>>} */
const KINDS = { missing: 'faultMissing', unreachable: 'faultFetch', cut: 'faultFetch', runtime: 'faultModule', stopped: 'faultStopped' };

/**
 * What to put into an element.
 * @param {unknown} error
 * @param {number} step How far the run was.
 * @returns {(Node | string)[]}
 */
export function faultOf(error, step) {
  if (!(error instanceof ForgerError)) {
    const { message, hint } = explained(error);
    return [...message, ' ', ...hint];
  }
  const { message, hint, code } = error;
  const kind = /diverged/.test(message) ? 'faultDiverged' : /other pictures|^the checkpoint/.test(message) ? 'faultKept' : KINDS[code];
  if (kind) return [say(kind, { step })];
  if (code !== 'unfit' || currentLanguage() === 'en') {
    const { message: what, hint: todo } = explained(error);
    return [...what, ' ', ...todo];
  }
  // The trainer finds more wrong with recipes than is worth translating.
  return [say('faultUnfit'), ' ', make('span', { lang: 'en', textContent: `${sentence(message)} ${sentence(hint)}` })];
}
