// @ts-check
/** English or Korean. */

import { currentLanguage } from '../strings.js';

/**
 * @param {HTMLElement} root
 * @param {(language: import('../strings.js').Language) => void} onLanguage
 */
export function createLanguages(root, onLanguage) {
  /** @type {NodeListOf<HTMLButtonElement>} */
  const buttons = root.querySelectorAll('button');
  const chosen = (/** @type {HTMLButtonElement} */ button) => (button.dataset.language === 'ko' ? 'ko' : 'en');
  for (const button of buttons) button.addEventListener('click', () => onLanguage(chosen(button)));
  return {
    show() {
      for (const button of buttons) button.setAttribute('aria-pressed', String(chosen(button) === currentLanguage()));
    },
  };
}
