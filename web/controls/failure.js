// @ts-check
/** What went wrong and what to do about it, in the language of the page. */

import { ForgerError } from '../forger.js';
import { currentLanguage, text } from '../strings.js';
import { make, sentence } from './dom.js';

/** For each kind of error its two texts: what, and what to do. @type {Partial<Record<import('../error.js').Code, [string, string]>>} */
const TEXTS = {
  simd: ['errorSimd', 'hintSimd'],
  forbidden: ['errorForbidden', 'hintForbidden'],
  runtime: ['errorRuntime', 'hintRuntime'],
  unreachable: ['errorUnreachable', 'hintConnection'],
  missing: ['errorMissing', 'hintMissing'],
  cut: ['errorCut', 'hintConnection'],
  large: ['errorLarge', 'hintLarge'],
  full: ['errorFull', 'hintFull'],
  stopped: ['errorStopped', 'hintStopped'],
};

/**
 * Two lists of what to append to an element: what is wrong, and what to do. The runtime finds more wrong with strangers' models
 * than is worth translating: its sentences stay English, and are marked as that.
 * @param {unknown} error
 * @returns {{message: Node[], hint: Node[]}}
 */
export function explained(error) {
  const plain = (/** @type {string} */ words) => [document.createTextNode(sentence(words))];
  // A fault of ours: it should be found in the console.
  if (!(error instanceof ForgerError)) return { message: plain(text('broken')), hint: plain(text('brokenHint')) };
  const { message, hint, values } = error;
  const [what, todo] = TEXTS[error.code] ?? [];
  if (what && todo) return { message: plain(text(what, values)), hint: plain(text(todo, values)) };
  if (error.code !== 'unfit' || currentLanguage() === 'en') return { message: plain(message), hint: plain(hint) };
  const english = make('span', { lang: 'en', textContent: sentence(message) });
  return { message: [...plain(text('errorUnfit')), document.createTextNode(' '), english], hint: plain(text('hintUnfit')) };
}
