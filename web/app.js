// @ts-check
/** Opens the page: loads what the address asks for, and hands it to the explorer. */

import { arrive } from './arrive.js';
import { byId } from './controls/dom.js';
import { createStatus } from './controls/status.js';
import { explore } from './explorer.js';
import { runtimeInfo } from './forger.js';
import { listModels } from './models.js';
import { workOffline } from './offline.js';
import { preferredLanguage, setLanguage } from './strings.js';

setLanguage(preferredLanguage());
const status = createStatus(byId('status'), byId('failure'), byId('explorer'));
status.show();
try {
  // Asked for first, as it is the largest: the list and the model come meanwhile.
  const runtime = runtimeInfo();
  runtime.catch(() => {});
  const models = await listModels(status.progress);
  const arrival = await arrive(models, location.hash);
  explore(models, arrival, await runtime, status);
  workOffline();
} catch (error) {
  status.failed(error);
}
