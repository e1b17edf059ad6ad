// @ts-check
/** Which model draws: the site's, each run of training through its epochs, or one of the visitor's own. */

import { text } from '../strings.js';
import { byId, make, setSlider } from './dom.js';

/**
 * @param {HTMLElement} root
 * @param {HTMLElement} epochs
 * @param {(id: string) => void} onModel
 */
export function createModels(root, epochs, onModel) {
  /** @type {HTMLInputElement} */
  const slider = byId('epoch');
  const output = epochs.querySelector('output');
  /** The epochs of the run on show, in order. @type {import('../models.js').Model[]} */
  let run = [];
  let drawn = '';
  slider.addEventListener('input', () => onModel(run[slider.valueAsNumber].id));

  /** @param {import('../models.js').Model[]} models One for each choice. */
  function build(models) {
    const choices = models.map((model) => {
      const input = make('input', { type: 'radio', name: 'model', value: model.run });
      input.addEventListener('change', () => onModel(model.id));
      return make('label', {}, [input, ' ', make('span', { textContent: model.title() })]);
    });
    root.replaceChildren(root.firstElementChild ?? '', ...choices);
  }

  return {
    /** @param {readonly import('../models.js').Model[]} all @param {import('../models.js').Model} shown */
    show(all, shown) {
      // A run is chosen by its last epoch; the slider then goes back in time.
      const runs = [...new Set(all.map((model) => model.run))];
      const last = runs.map((name) => all.filter((model) => model.run === name).reduce((a, b) => (b.epochs > a.epochs ? b : a)));
      const now = last.map((model) => model.title()).join();
      if (drawn !== now) build(last);
      drawn = now;
      for (const input of root.querySelectorAll('input')) input.checked = input.value === shown.run;
      run = all.filter((model) => model.run === shown.run).sort((a, b) => a.epochs - b.epochs);
      epochs.hidden = run.length < 2;
      if (epochs.hidden) return;
      slider.max = String(run.length - 1);
      const words = text('epochAt', { epoch: shown.epochs });
      setSlider(slider, run.indexOf(shown), words);
      if (output) output.value = words;
    },
  };
}
