// @ts-check
/** What was taken for what in a model of others: said, and to be changed. */

import { setText, text } from '../strings.js';
import { make } from './dom.js';

/** What can be said otherwise, and the choices there are; an empty one has it found out. */
const CHOICES = /** @type {const} */ ({
  layout: ['', 'nchw', 'nhwc', 'nhw', 'flat'],
  range: ['', '-1..1', '0..1', '0..255'],
});

/** @typedef {import('../models.js').Model} Model */
/** @typedef {import('../forger.js').Generator} Generator */

/**
 * @param {HTMLElement} root
 * @param {(said: import('../others.js').Said) => void} onSaid
 */
export function createTaken(root, onSaid) {
  const facts = make('dl', { className: 'facts' });
  const form = make('div', { className: 'bar' });
  const heading = make('h2');
  root.append(heading, facts, form);
  /** @type {import('../others.js').Said} */
  let said = {};
  /** Whose interface is on show. @type {unknown} */
  let shown;

  /** @type {[keyof typeof CHOICES, HTMLSelectElement, HTMLElement][]} */
  const selects = Object.entries(CHOICES).map(([key, values]) => {
    const name = make('span');
    const select = make('select', {}, values.map((value) => make('option', { value, textContent: value || '—' })));
    select.addEventListener('change', () => {
      said = { ...said, [key]: select.value };
      onSaid(said);
    });
    form.append(make('label', { className: 'field' }, [name, ' ', select]));
    return [/** @type {keyof typeof CHOICES} */ (key), select, name];
  });

  return {
    /** @param {Model | undefined} model @param {Generator} generator @param {boolean} isOwn A file of the visitor's. */
    show(model, generator, isOwn) {
      const taken = generator.taken ?? [];
      root.hidden = !model || taken.length === 0;
      if (root.hidden) return;
      setText(heading, text('takenTitle'));
      form.hidden = !isOwn;
      for (const [key, select, name] of selects) {
        setText(name, text(key === 'layout' ? 'takenLayout' : 'takenRange'));
        select.value = said[key] ?? '';
      }
      // Names and numbers of the file's: written once, as they are.
      if (shown === generator) return;
      shown = generator;
      facts.replaceChildren(...taken.flatMap(([key, words]) => [make('dt', { textContent: key }), make('dd', { textContent: words, lang: 'en' })]));
    },
    /** Another file is another model: nothing is said of it yet. */
    forget: () => (said = {}),
  };
}
