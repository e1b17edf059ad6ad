// @ts-check
/** Opens the page: loads what the address asks for, and hands it to the explorer. */

import { arrive } from './arrive.js';
import { byId } from './controls/dom.js';
import { createLanguages } from './controls/languages.js';
import { createStatus } from './controls/status.js';
import { explore } from './explorer.js';
import { runtimeInfo } from './forger.js';
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
  page?.redraw();
});
languages.show();
status.show();
try {
  // Asked for first, as it is the largest: the list and the model come meanwhile.
  const runtime = runtimeInfo();
  runtime.catch(() => {});
  const models = await listModels(status.progress);
  const arrival = await arrive(models, location.hash);
  page = explore(models, arrival, await runtime, status);
  workOffline();
} catch (error) {
  status.failed(error);
}
