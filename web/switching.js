// @ts-check
/** From one model to another: chosen from the site's, or the visitor's own file. The newest wish counts. */

import { byId, sentence } from './controls/dom.js';
import { createModels } from './controls/models.js';
import { createOwn } from './controls/own.js';
import { createTaken } from './controls/taken.js';
import { ForgerError } from './forger.js';
import { OWN, ownModel } from './models.js';
import { setText, text } from './strings.js';

/** @typedef {import('./models.js').Model} Model */

/**
 * @param {Model[]} models Those that there are; the visitor's own joins them.
 * @param {{onModel: (model: Model, generator: import('./forger.js').Generator) => void, onSaid: () => void}} callbacks
 */
export function createSwitching(models, { onModel, onSaid }) {
  /** The newest wish. @type {Model | undefined} */
  let wanted;
  /** The same while it loads: a choice stays where the visitor put it. @type {Model | undefined} */
  let loading;
  let said = () => '';
  /** @type {unknown} */
  let failure;
  /** The files of the visitor's own model. @type {File[]} */
  let dropped = [];

  const choices = createModels(byId('models'), byId('epochs'), (id) => {
    const model = models.find((each) => each.id === id);
    if (model) void use(model);
  });
  createOwn(byId('own'), byId('drop'), (files) => {
    dropped = files;
    taken.forget();
    void use(ownModel(files));
  });
  const taken = createTaken(byId('taken'), {
    onSaid: (said) => void use(ownModel(dropped, said)),
    onClass: (model, generator, chosen) => onModel(model, generator.ofClass(chosen)),
  });

  /** @param {Model} model */
  async function use(model) {
    wanted = loading = model;
    failure = undefined;
    said = () => text('modelLoading', { name: model.title() });
    onSaid();
    try {
      const generator = await model.load();
      if (wanted !== model) return;
      loading = undefined;
      if (model.id === OWN) adopt(model);
      const [channels, height, width] = generator.imageShape;
      said = () => text('modelLoaded', { name: model.title(), latent: generator.latentSize, channels, height, width });
      onModel(model, generator);
    } catch (error) {
      if (wanted !== model) return;
      loading = undefined;
      failure = error;
      said = () => '';
      onSaid();
    }
  }

  /** One model of the visitor's at a time. @param {Model} model */
  function adopt(model) {
    const place = models.findIndex((each) => each.id === OWN);
    models.splice(place < 0 ? models.length : place, place < 0 ? 0 : 1, model);
  }

  return {
    /** @param {import('./state.js').State} state @param {import('./forger.js').Generator} generator */
    show(state, generator) {
      const known = (/** @type {string | undefined} */ id) => models.find((model) => model.id === id);
      choices.show(models, known(loading?.id) ?? known(state.model) ?? models[0]);
      taken.show(models.find((model) => model.id === state.model), generator, state.model === OWN);
      setText(byId('model-said'), said());
      const line = byId('own-failure');
      line.hidden = failure === undefined;
      setText(line, failure === undefined ? '' : explain(failure));
    },
  };
}

/** @param {unknown} error */
function explain(error) {
  if (error instanceof ForgerError) return `${sentence(error.message)} ${sentence(error.hint)}`;
  // A fault of ours should be found in the console; a bad model is no fault of ours.
  console.error(error);
  return sentence(text('broken'));
}
