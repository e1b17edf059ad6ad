// @ts-check
/** From one model to another: chosen from the site's, or the visitor's own file. The newest wish counts. */

import { byId } from './controls/dom.js';
import { explained } from './controls/failure.js';
import { createModels } from './controls/models.js';
import { createOwn } from './controls/own.js';
import { createTaken } from './controls/taken.js';
import { ForgerError } from './forger.js';
import { OWN, ownModel } from './models.js';
import { currentLanguage, setText, text } from './strings.js';

/** @typedef {import('./models.js').Model} Model */

/**
 * @param {Model[]} models Those that there are; the visitor's own joins them.
 * @param {{
 *   onModel: (model: Model, generator: import('./forger.js').Generator) => void,
 *   onOwn: () => void,
 *   onPlay: (playing: boolean) => void,
 *   onTile: (tile: number) => void,
 *   onFailure: (error: unknown) => void,
 *   onSaid: () => void,
 * }} callbacks `onOwn`: a file was chosen or dropped, wherever on the page.
 */
export function createSwitching(models, { onModel, onOwn, onPlay, onTile, onFailure, onSaid }) {
  /** The newest wish. @type {Model | undefined} */
  let wanted;
  /** The same while it loads: a choice stays where the visitor put it. @type {Model | undefined} */
  let loading;
  let said = () => '';
  /** @type {unknown} */
  let failure;
  /** What the line of failures says: a live region would say it again. */
  let told = { failure: /** @type {unknown} */ (undefined), language: '' };
  /** The files of the visitor's own model. @type {File[]} */
  let dropped = [];

  const choices = createModels(byId('models'), byId('epochs'), { onModel: choose, onPlay, onTile, onFailure });
  createOwn(byId('own'), byId('drop'), (files) => {
    onOwn();
    take(files);
  });

  /** A model of the visitor's own. @param {File[]} files */
  function take(files) {
    dropped = files;
    taken.forget();
    void use(ownModel(files));
  }

  /** @param {string} id */
  function choose(id) {
    const model = models.find((each) => each.id === id);
    if (model) void use(model);
  }

  const taken = createTaken(byId('taken'), {
    onSaid: (said) => void use(ownModel(dropped, said)),
    onGenerator: onModel,
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
      // A fault of ours should be found in the console; a bad model is no fault of ours.
      if (!(error instanceof ForgerError)) console.error(error);
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
    choose,
    take,
    /** Goes to the next epoch of the run; from the last one to the first, if that is wished. @param {import('./state.js').State} state @param {boolean} again @returns {boolean} Whether there was one. */
    learn(state, again) {
      // Each is shown before the next is asked for.
      if (loading) return true;
      const now = models.find((model) => model.id === state.model);
      const run = models.filter((model) => model.run === now?.run).sort((a, b) => a.epochs - b.epochs);
      const next = run[run.findIndex((model) => model.id === now?.id) + 1] ?? (again ? run[0] : undefined);
      if (next) choose(next.id);
      return next !== undefined;
    },
    /** The id of the model that was asked for last, loaded or not. @param {import('./state.js').State} state */
    wish: (state) => loading?.id ?? state.model,
    /** @param {import('./state.js').State} state @param {import('./forger.js').Generator} generator */
    show(state, generator) {
      const known = (/** @type {string | undefined} */ id) => models.find((model) => model.id === id);
      choices.show(models, known(loading?.id) ?? known(state.model) ?? models[0], state, generator);
      taken.show(models.find((model) => model.id === state.model), generator, state.model === OWN);
      setText(byId('model-said'), said());
      const line = byId('own-failure');
      line.hidden = failure === undefined;
      if (failure === undefined || (told.failure === failure && told.language === currentLanguage())) return;
      told = { failure, language: currentLanguage() };
      const { message, hint } = explained(failure);
      line.replaceChildren(...message, ' ', ...hint);
    },
  };
}
