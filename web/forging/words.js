// @ts-check
/** What is said of a copy: how near it is, and what a judge of digits reads in it. */

import { percent } from '../controls/dom.js';
import { DOUBT } from '../judge.js';
import { text } from '../strings.js';
import { likenessOf } from './likeness.js';

/**
 * @param {import('./invert.js').Copy} copy
 * @param {number} seconds That it took.
 * @param {Float32Array} picture What was copied.
 * @param {import('../judge.js').Judge | undefined} judge
 */
export function wordsOf(copy, seconds, picture, judge) {
  const length = (/** @type {number} */ value) => String(Math.round(value));
  const values = {
    percent: percent(copy.difference),
    attempts: copy.attempt,
    seconds: seconds.toFixed(1),
    length: length(Math.hypot(...copy.z)),
    usual: length(Math.sqrt(copy.z.length)),
  };
  const likeness = likenessOf(copy);
  if (likeness === 'far') return text('forgeFailed', values);
  if (likeness === 'strained') return text('forgeStrained', values);
  return judge ? `${text('forgeDone', values)} ${wordsOfJudge(judge, picture, copy.image)}` : text('forgeDone', values);
}

/** @param {import('../judge.js').Judge} judge @param {Float32Array} picture @param {Float32Array} image */
function wordsOfJudge(judge, picture, image) {
  const [yours, copied] = [judge.judge(picture), judge.judge(image)];
  if (yours.share < DOUBT) return text('forgeUnread');
  if (yours.digit === copied.digit) return text('forgeSame', { digit: yours.digit });
  return text('forgeOther', { yours: yours.digit, copied: copied.digit });
}
