// @ts-check
/** Opens the page: loads what the address asks for, and hands it to the explorer. */

import { arrive } from './arrive.js';
import { byId } from './controls/dom.js';
import { createLanguages } from './controls/languages.js';
import { createStatus } from './controls/status.js';
import { runtimeInfo } from './forger.js';
import { glimpse, loadSketch, sketchFor } from './glimpse.js';
import { listModels } from './models.js';
import { workOffline } from './offline.js';
import { keepLanguage, preferredLanguage, setLanguage } from './strings.js';

setLanguage(preferredLanguage());
const status = createStatus(byId('status'), byId('failure'), byId('explorer'));
/** @type {ReturnType<typeof import('./explorer.js').explore> | undefined} */
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
  const address = sketchFor(location.hash);
  const explorer = address ? undefined : comes();
  const [models, sketch] = await Promise.all([listModels(status.progress), address && loadSketch(address)]);
  if (sketch) {
    models[0].greets = sketch.sample;
    showGlimpse = await glimpse(models[0], sketch, location.hash);
    status.glimpsed();
    status.show();
  }
  // The largest that there are: only now, as no first picture is to wait for them. The model comes meanwhile.
  const coming = explorer ?? comes();
  const runtime = runtimeInfo();
  runtime.catch(() => {});
  const arrival = await arrive(models, location.hash);
  showGlimpse = () => {};
  const { explore } = await coming;
  page = explore(models, arrival, await runtime, status);
  workOffline();
} catch (error) {
  status.failed(error);
}

/**
 * The page at work. Its modules are most of the page's, and asked for by an element: where one is lost on the way, or cannot be read,
 * `boot.js` hears of it. All that it imports is asked for at once: `cargo xtask site` has named it in the page.
 * @returns {Promise<typeof import('./explorer.js')>}
 */
function comes() {
  const later = document.querySelector('meta[name=later]')?.getAttribute('content') ?? '';
  for (const path of later.split(' ').filter(Boolean)) {
    const link = document.createElement('link');
    Object.assign(link, { rel: 'modulepreload', href: new URL(path, import.meta.url).href });
    document.head.append(link);
  }
  return new Promise((resolve) => {
    const script = document.createElement('script');
    Object.assign(script, { type: 'module', src: new URL('explorer.js', import.meta.url).href });
    script.addEventListener('load', () => resolve(import('./explorer.js')));
    document.head.append(script);
  });
}
