// @ts-check
/** Taking something home: a link, the picture, the sweep, the numbers. */

import { setText } from '../strings.js';
import { make, within } from './dom.js';

/**
 * @param {HTMLElement} root
 * @param {Record<'onLink' | 'onPng' | 'onGif' | 'onJson', () => void>} callbacks
 */
export function createKeep(root, { onLink, onPng, onGif, onJson }) {
  const said = within(root, '[data-said]');
  for (const [name, callback] of Object.entries({ link: onLink, png: onPng, gif: onGif, json: onJson })) {
    const button = within(root, `[data-${name}]`);
    button.disabled = false;
    button.addEventListener('click', callback);
  }
  return {
    /** @param {string} sentence What has come of it. @param {string} [link] To be copied by hand. */
    say(sentence, link) {
      if (!link) return setText(said, sentence);
      const input = make('input', { readOnly: true, value: link, className: 'link' });
      input.setAttribute('aria-label', sentence);
      input.addEventListener('focus', () => input.select());
      said.replaceChildren(sentence, ' ', input);
    },
  };
}
