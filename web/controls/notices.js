// @ts-check
/** What is wrong with the link that led here. It goes away when the visitor goes on. */

import { setText, text } from '../strings.js';

/** @param {HTMLElement} root */
export function createNotices(root) {
  /** @type {import('../arrive.js').LinkProblem | undefined} */
  let problem;
  return {
    /** @param {import('../arrive.js').LinkProblem | undefined} found */
    tell: (found) => (problem = found),
    /** In the language of the page. */
    show() {
      root.hidden = !problem;
      if (problem) setText(root, text(problem));
    },
  };
}
