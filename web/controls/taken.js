// @ts-check
/** What was taken for what in a model of others: said, and to be changed. */

import { setText, text } from '../strings.js';
import { tame } from '../tame.js';
import { inWords, label } from '../told.js';
import { make, setOptions } from './dom.js';
import { createSettings } from './settings.js';

/** What can be said otherwise; an empty choice has it found out. Which names there are for the first two, the model says. */
const CHOICES = /** @type {const} */ ({
  input: [],
  output: [],
  layout: ['nchw', 'nhwc', 'nhw', 'flat'],
  range: ['-1..1', '0..1', '0..255'],
});
const LABELS = /** @type {const} */ ({ input: 'takenLatent', output: 'takenPicture', layout: 'takenLayout', range: 'takenRange' });
/** Letters of what is told in one fact: the names in it are of whoever made the file. */
const LONGEST = 120;

/** @typedef {import('../models.js').Model} Model */
/** @typedef {import('../forger.js').Generator} Generator */
/** @typedef {keyof typeof CHOICES} Choice */

/**
 * @param {HTMLElement} root
 * @param {{
 *   onSaid: (said: import('../others.js').Said) => void,
 *   onGenerator: (model: Model, generator: Generator) => void,
 * }} callbacks `onGenerator`: the same model, drawing by other settings.
 */
export function createTaken(root, { onSaid, onGenerator }) {
  const facts = make('dl', { className: 'facts' });
  const settingsRoot = make('div');
  const form = make('div', { className: 'bar' });
  const heading = make('h2');
  root.append(heading, settingsRoot, facts, form);
  /** @type {import('../others.js').Said} */
  let said = {};
  /** What is on show: the model and its generator. @type {{model: Model, generator: Generator} | undefined} */
  let now;

  const settings = createSettings(settingsRoot, (name, value) => {
    if (now) onGenerator(now.model, now.generator.withSetting(name, value));
  });

  const selects = /** @type {Choice[]} */ (Object.keys(CHOICES)).map((key) => {
    const name = make('span');
    const select = make('select');
    select.addEventListener('change', () => {
      said = { ...said, [key]: select.value };
      onSaid(said);
    });
    const field = make('label', { className: 'field' }, [name, ' ', select]);
    form.append(field);
    return { key, select, name, field };
  });

  return {
    /** @param {Model | undefined} model @param {Generator} generator @param {boolean} isOwn A file of the visitor's. */
    show(model, generator, isOwn) {
      const taken = generator.taken ?? [];
      root.hidden = !model || taken.length === 0;
      if (root.hidden || !model) return;
      now = { model, generator };
      setText(heading, text('takenTitle'));
      form.hidden = !isOwn;
      const { inputs, outputs } = generator.ends;
      for (const { key, select, name, field } of selects) {
        const names = { ...CHOICES, input: inputs, output: outputs }[key];
        // Of one name there is no choice.
        field.hidden = names.length < 2;
        setText(name, text(LABELS[key]));
        setOptions(select, [['', text('takenFound')], .../** @type {[string, string][]} */ (names.map((value) => [value, tame(value)]))]);
        select.value = said[key] ?? '';
      }
      settings.show(generator);
      // Names of the file's are written once, as they are.
      const told = taken.filter(([key]) => key !== 'rest' || generator.settings.length === 0);
      const rows = told.flatMap(([key, words]) => [label(key), tame(inWords(key, words), LONGEST)]);
      if ([...facts.children].map((fact) => fact.textContent).join() === rows.join()) return;
      facts.replaceChildren(...rows.map((words, index) => make(index % 2 === 0 ? 'dt' : 'dd', { textContent: words })));
    },
    /** Another file is another model: nothing is said of it yet. */
    forget: () => (said = {}),
  };
}
