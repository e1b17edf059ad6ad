// @ts-check
/** Trains on a thread of its own: `trainer.js` talks to it. */

import { createSession } from './trainer-session.js';

const hear = createSession((word) => {
  const held = word.kind === 'report' ? [word.report.sheet.buffer] : word.kind === 'answer' && word.bytes ? [word.bytes.buffer] : [];
  self.postMessage(word, { transfer: held });
});
self.onmessage = ({ data }) => hear(data);
