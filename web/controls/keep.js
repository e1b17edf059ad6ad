// @ts-check
/** Taking something home: a link, the picture, the sweep, the numbers. */

import { setText } from '../strings.js';
import { make, within } from './dom.js';

/**
 * @param {HTMLElement} root
 * @param {Record<'onShare' | 'onLink' | 'onPng' | 'onGif' | 'onJson' | 'onEmbed', () => void>} callbacks
 */
export function createKeep(root, { onShare, onLink, onPng, onGif, onJson, onEmbed }) {
  const said = within(root, '[data-said]');
  for (const [name, callback] of Object.entries({ share: onShare, link: onLink, png: onPng, gif: onGif, json: onJson, embed: onEmbed })) {
    const button = within(root, `[data-${name}]`);
    button.disabled = false;
    button.addEventListener('click', callback);
  }
  // Most desktop browsers share nothing.
  within(root, '[data-share]').hidden = !('share' in navigator);
  return {
    /** @param {string} sentence What has come of it. @param {string} [link] What is to be copied by hand. */
    say(sentence, link) {
      if (!link) return setText(said, sentence);
      const input = make('input', { readOnly: true, value: link, className: 'link' });
      input.setAttribute('aria-label', sentence);
      input.addEventListener('focus', () => input.select());
      said.replaceChildren(sentence, ' ', input);
    },
  };
}
