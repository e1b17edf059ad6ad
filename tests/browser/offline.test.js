// After the first visit the page needs no network; a new version of the site takes the place of the old.

import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { changed, describeOnSite, digit, openTab, pixels, ready, shows, SITE } from './browser.js';
import { serve } from './server.js';

/** Waits for the worker that keeps the site; gives what it keeps. */
const kept = (page) =>
  page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    const names = await caches.keys();
    const addresses = (await (await caches.open(names[0])).keys()).map(({ url }) => url);
    return { names, addresses };
  });

describeOnSite('offline', (open) => {
  test('all of it works with the network cut', async () => {
    const { page, context, complaints, close } = await open({ offline: true });
    await ready(page);
    const first = await pixels(digit(page));
    const { addresses } = await kept(page);
    const { files } = JSON.parse(await readFile(join(SITE, 'site.json'), 'utf8'));
    const needed = Object.keys(files).filter((name) => !/\.(br|gz|ts)$|^service-worker\.js$|^site\.json$|^card\.png$|^runtime\/(full|trainer)|^train(er|ing)|^judges\/|^pictures\//.test(name));
    for (const name of needed.filter((name) => name !== 'precache.js')) {
      assert.ok(addresses.some((address) => address.endsWith(`/${name}`)), `${name} is kept`);
    }
    await context.setOffline(true);
    await page.reload();
    await ready(page);
    await shows(digit(page), first, 'without a network');
    await openTab(page, 'Models');
    await page.getByRole('radio', { name: /^seed, / }).check();
    await changed(digit(page), first, 'a model that was never loaded');
    assert.deepEqual(complaints, []);
    await close();
  });

  test('whoever has trained once trains again with the network cut', async () => {
    const { page, context, close } = await open({ offline: true, hash: '#v1&t=train' });
    await ready(page);
    await kept(page);
    await page.reload();
    await ready(page);
    assert.ok(await page.evaluate(() => navigator.serviceWorker.controller !== null), 'the worker answers');
    const train = async () => {
      const panel = page.getByRole('tabpanel', { name: 'Train' });
      await panel.getByRole('button', { name: 'Train', exact: true }).click();
      await panel.getByRole('img', { name: /^100 pictures by the forger after/ }).waitFor();
    };
    await train();
    await page.waitForFunction(async () => (await caches.match(new URL('pictures/mnist-test-images.gzip', document.baseURI))) !== undefined);
    await page.evaluate(() => history.replaceState(null, '', '#v1&t=train'));
    await context.setOffline(true);
    await page.reload();
    await ready(page);
    await train();
    await close();
  });

  test('can be installed', async () => {
    const { page, close } = await open();
    const manifest = await page.evaluate(async () => {
      const link = document.querySelector('link[rel=manifest]');
      const response = await fetch(link.href);
      return { type: response.headers.get('content-type'), ...(await response.json()) };
    });
    assert.equal(manifest.type, 'application/manifest+json');
    assert.equal(manifest.display, 'standalone');
    const [icon] = manifest.icons;
    assert.equal(await page.evaluate(async (src) => (await fetch(src)).status, icon.src), 200);
    const client = await page.context().newCDPSession(page);
    const { errors } = await client.send('Page.getAppManifest');
    assert.deepEqual(errors, []);
    await close();
  });

  test('a new version takes the old one’s place, whole', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'forger-site-'));
    await cp(SITE, folder, { recursive: true });
    const server = await serve(folder);
    const { page, context, close } = await open({ offline: true });
    try {
      await page.goto(server.url);
      await ready(page);
      const before = await kept(page);
      // What `cargo xtask site` does when a file has changed: another hash, another version.
      const precache = await readFile(join(folder, 'precache.js'), 'utf8');
      const list = JSON.parse(precache.replace('self.PRECACHE = ', '').replace(/;\s*$/, ''));
      const html = (await readFile(join(folder, 'index.html'), 'utf8')).replace('</h1>', ' 2</h1>');
      await writeFile(join(folder, 'index.html'), html);
      const digest = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(html))).toString('hex');
      list.files['index.html'] = digest;
      await writeFile(join(folder, 'precache.js'), `self.PRECACHE = ${JSON.stringify({ ...list, version: 'the-next' })};\n`);
      await page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
      await page.waitForFunction(async () => (await navigator.serviceWorker.getRegistration()).waiting !== null);
      assert.equal(await page.getByRole('heading', { name: 'Forger 2' }).count(), 0, 'an open page stays as it is');
      // The old page is closed; once the browser has let go of it, the next one is the new version.
      await page.close();
      const next = await context.newPage();
      for (let tries = 0; tries < 10; tries++) {
        await next.goto(server.url);
        await ready(next);
        if (await next.getByRole('heading', { name: 'Forger 2' }).count()) break;
        await next.goto('about:blank');
        await next.waitForTimeout(300);
      }
      await next.getByRole('heading', { name: 'Forger 2' }).waitFor();
      const after = await kept(next);
      assert.equal(after.names.length, 1, 'the old version is forgotten');
      assert.notDeepEqual(after.names, before.names);
    } finally {
      await close();
      await server.close();
      await rm(folder, { recursive: true });
    }
  });
});
