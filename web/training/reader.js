// @ts-check
/** Reads pictures on a thread of its own. */

import { readAll } from './reading.js';

self.onmessage = async ({ data }) => {
  const read = await readAll(data, (done) => self.postMessage({ done }));
  self.postMessage({ read }, { transfer: [read.bytes.buffer] });
};
