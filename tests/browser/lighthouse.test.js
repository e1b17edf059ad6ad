// Lighthouse, as whoever builds pages knows it, has nothing to say against accessibility and best practices, on a phone and on a desk.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import lighthouse, { desktopConfig } from 'lighthouse';
import { chromium } from 'playwright-core';
import { CHROMIUM, describeOnSite, FLAGS, SITE } from './browser.js';
import { serve } from './server.js';

/** A port that is free now. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describeOnSite('Lighthouse', () => {
  for (const [name, config, hash] of [
    ['a phone', undefined, ''],
    ['a desk', desktopConfig, ''],
    ['a phone, All numbers', undefined, '#v1&t=numbers'],
  ]) {
    test(`gives 100 for accessibility and best practices on ${name}`, async (t) => {
      const [port, server] = [await freePort(), await serve(SITE)];
      const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, `--remote-debugging-port=${port}`] });
      try {
        const flags = { port, logLevel: 'error', onlyCategories: ['accessibility', 'best-practices'] };
        const { lhr } = await lighthouse(server.url + hash, flags, config);
        assert.equal(lhr.runtimeError, undefined);
        for (const { id, score, auditRefs } of Object.values(lhr.categories)) {
          const found = auditRefs.map((audit) => lhr.audits[audit.id]).filter((audit, i) => auditRefs[i].weight > 0 && audit.score !== null && audit.score < 1);
          t.diagnostic(`${id}: ${100 * score}`);
          assert.equal(score, 1, found.map((audit) => `${audit.title}: ${JSON.stringify(audit.details?.items)}`).join('\n'));
        }
      } finally {
        await browser.close();
        await server.close();
      }
    });
  }
});
