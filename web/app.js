// @ts-check
/** Opens the page: loads what the address asks for, and hands it to the explorer. */

import { arrive } from './arrive.js';
import { byId } from './controls/dom.js';
import { createLanguages } from './controls/languages.js';
import { createStatus } from './controls/status.js';
import { explore } from './explorer.js';
import { runtimeInfo } from './forger.js';
import { glimpse, loadSketch } from './glimpse.js';
import { listModels } from './models.js';
import { workOffline } from './offline.js';
import { keepLanguage, preferredLanguage, setLanguage } from './strings.js';

setLanguage(preferredLanguage());
const status = createStatus(byId('status'), byId('failure'), byId('explorer'));
/** @type {ReturnType<typeof explore> | undefined} */
let page;
// Before anything is loaded: what went wrong is to be read in either language too.
const languages = createLanguages(byId('languages'), (language) => {
  setLanguage(language);
  keepLanguage(language);
  languages.show();
  status.show();
  showGlimpse();
  page?.redraw();
});
let showGlimpse = () => {};
languages.show();
status.show();
try {
  const [models, sketch] = await Promise.all([listModels(status.progress), loadSketch(location.hash)]);
  if (sketch) {
    models[0].greets = sketch.sample;
    showGlimpse = await glimpse(models[0], sketch, location.hash);
    status.glimpsed();
    status.show();
  }
  // The largest that there is: only now, as no first picture is to wait for it. The model comes meanwhile.
  const runtime = runtimeInfo();
  runtime.catch(() => {});
  const arrival = await arrive(models, location.hash);
  showGlimpse = () => {};
  page = explore(models, arrival, await runtime, status);
  workOffline();
} catch (error) {
  status.failed(error);
}
