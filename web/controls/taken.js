// @ts-check
/** What was taken for what in a model of others: said, and to be changed; and which of its classes it draws. */

import { setText, text } from '../strings.js';
import { make } from './dom.js';

/** What can be said otherwise, and the choices there are; an empty one has it found out. */
const CHOICES = /** @type {const} */ ({
  layout: ['', 'nchw', 'nhwc', 'nhw', 'flat'],
  range: ['', '-1..1', '0..1', '0..255'],
});
/** More than a row of buttons holds: then a number is typed. */
const MOST_BUTTONS = 24;

/** @typedef {import('../models.js').Model} Model */
/** @typedef {import('../forger.js').Generator} Generator */

/**
 * @param {HTMLElement} root
 * @param {{
 *   onSaid: (said: import('../others.js').Said) => void,
 *   onClass: (model: Model, generator: Generator, chosen: number) => void,
 * }} callbacks
 */
export function createTaken(root, { onSaid, onClass }) {
  const facts = make('dl', { className: 'facts' });
  const classes = make('div', { className: 'choices' });
  classes.setAttribute('role', 'group');
  const form = make('div', { className: 'bar' });
  const heading = make('h2');
  root.append(heading, classes, facts, form);
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

  /** @param {Model} model @param {Generator} generator */
  function classButtons(model, generator) {
    const names = generator.classes ?? [];
    if (names.length > MOST_BUTTONS) {
      const input = make('input', { type: 'number', min: '0', max: String(names.length - 1), value: String(generator.class) });
      input.addEventListener('change', () => {
        const chosen = Math.min(names.length - 1, Math.max(0, Math.trunc(input.valueAsNumber || 0)));
        onClass(model, generator, chosen);
      });
      return [make('label', { className: 'field' }, [text('takenClass'), ' ', input])];
    }
    return names.map((name, index) => {
      const button = make('button', { type: 'button', className: 'quiet', textContent: name });
      button.setAttribute('aria-pressed', String(index === generator.class));
      button.addEventListener('click', () => onClass(model, generator, index));
      return button;
    });
  }

  return {
    /** @param {Model | undefined} model @param {Generator} generator @param {boolean} isOwn A file of the visitor's. */
    show(model, generator, isOwn) {
      const taken = generator.taken ?? [];
      root.hidden = !model || (taken.length === 0 && !generator.classes);
      if (root.hidden || !model) return;
      setText(heading, text('takenTitle'));
      classes.setAttribute('aria-label', text('takenClass'));
      form.hidden = !isOwn;
      for (const [key, select, name] of selects) {
        setText(name, text(key === 'layout' ? 'takenLayout' : 'takenRange'));
        select.value = said[key] ?? '';
      }
      // Names and numbers of the file's: written once, as they are.
      if (shown === generator) return;
      shown = generator;
      classes.replaceChildren(...classButtons(model, generator));
      facts.replaceChildren(...taken.flatMap(([key, words]) => [make('dt', { textContent: key }), make('dd', { textContent: words, lang: 'en' })]));
    },
    /** Another file is another model: nothing is said of it yet. */
    forget: () => (said = {}),
  };
}
