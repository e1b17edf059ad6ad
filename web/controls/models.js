// @ts-check
/**
 * Which model draws: the site's, each run of training through its epochs, which can be played, or one of the visitor's own; and
 * a hundred pictures by it.
 */

import { samplesOf } from '../state.js';
import { setText, text } from '../strings.js';
import { byId, make, setSlider, within } from './dom.js';
import { createSheet } from './sheet.js';

/**
 * @param {HTMLElement} root
 * @param {HTMLElement} epochs
 * @param {{
 *   onModel: (id: string) => void,
 *   onPlay: (playing: boolean) => void,
 *   onTile: (tile: number) => void,
 *   onFailure: (error: unknown) => void,
 * }} callbacks
 */
export function createModels(root, epochs, { onModel, onPlay, onTile, onFailure }) {
  /** @type {HTMLInputElement} */
  const slider = byId('epoch');
  const output = epochs.querySelector('output');
  /** The epochs of the run on show, in order. @type {import('../models.js').Model[]} */
  let run = [];
  let drawn = '';
  /** @type {HTMLButtonElement} */
  const play = within(epochs, '[data-play]');
  const sheet = createSheet(byId('sheet-model'), { onTile, onFailure });
  let playing = false;
  play.addEventListener('click', () => onPlay(!playing));
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
    /**
     * @param {readonly import('../models.js').Model[]} all
     * @param {import('../models.js').Model} shown
     * @param {import('../state.js').State} state
     * @param {import('../forger.js').Generator} generator
     */
    show(all, shown, state, generator) {
      const label = text('modelSheet', { seed: state.seed, name: shown.title() });
      sheet.show(generator, samplesOf(state.seed, generator.latentSize), label, state.fresh === undefined ? state.index : undefined);
      playing = state.playing === 'epochs';
      setText(play, text(playing ? 'pause' : 'playEpochs'));
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
