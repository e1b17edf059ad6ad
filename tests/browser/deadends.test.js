// Where the page cannot run as it is meant to, it says so with the remedy, in the reader's language: never a wait without an end.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { describeOnSite, digit, ready, SITE } from './browser.js';

const failure = (page) => page.getByRole('alert');

/** Answers, for an origin of its own, by files of the site, with whatever headers, until the test is over. */
async function host(test, headers, frame) {
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    if (path === '/frame') return response.writeHead(200, { 'content-type': 'text/html' }).end(frame);
    const name = path === '/' ? 'index.html' : path.slice(1);
    const type = { html: 'text/html', js: 'text/javascript', css: 'text/css', wasm: 'application/wasm' }[name.split('.').pop()];
    if (!existsSync(join(SITE, name))) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': type ?? 'application/octet-stream', ...headers }).end(readFileSync(join(SITE, name)));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    // A browser keeps its connections for a while.
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  test.after(close);
  return `http://127.0.0.1:${server.address().port}/`;
}

describeOnSite('no dead end', (open) => {
  for (const module of ['strings.js', 'controls/dom.js', 'app.js', 'explorer.js', 'controls/walk.js']) {
    test(`a module that is lost on the way: ${module}`, async () => {
      const { page, close } = await open({ prepare: (page) => page.route(`**/${module}`, (route) => route.abort()) });
      await failure(page).getByText('A part of this page did not arrive.').waitFor();
      await failure(page).getByText('Check the connection and try again.').waitFor();
      assert.equal(await page.getByRole('slider').count(), 0);
      await page.unroute(`**/${module}`);
      await failure(page).getByRole('button', { name: 'Try again' }).click();
      await ready(page);
      await close();
    });
  }

  test('a module that is lost, in Korean', async () => {
    const { page, close } = await open({ locale: 'ko-KR', prepare: (page) => page.route('**/link.js', (route) => route.abort()) });
    await failure(page).getByText('페이지의 일부가 도착하지 않았습니다').waitFor();
    await failure(page).getByRole('heading', { name: '문제가 생겼습니다' }).waitFor();
    await failure(page).getByRole('button', { name: '다시 시도' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'English' }).count(), 0, 'no button that does nothing');
    await close();
  });

  test('a browser that cannot read the modules', async () => {
    const body = 'let a = ?? ;';
    const prepare = (page) => page.route('**/strings.js', (route) => route.fulfill({ contentType: 'text/javascript', body }));
    const { page, close } = await open({ prepare });
    await failure(page).getByText('This browser is too old for this page.').waitFor();
    await close();
  });

  test('the file opened from a disk', async () => {
    const { page, close } = await open();
    await page.goto(pathToFileURL(join(SITE, 'index.html')).href);
    await failure(page).getByText('browsers run pages like it only from a server').waitFor();
    await failure(page).getByText('python3 -m http.server').waitFor();
    await close();
  });

  test('a sandboxed frame draws where it may load its files, and says why where it may not', async (t) => {
    const frame = '<iframe sandbox="allow-scripts" src="/" width="800" height="800"></iframe>';
    for (const [headers, works] of [[{ 'access-control-allow-origin': '*' }, true], [{}, false]]) {
      const url = await host(t, headers, frame);
      const { page, close } = await open();
      await page.goto(`${url}frame`);
      const inner = page.frameLocator('iframe');
      if (works) {
        await inner.getByRole('status').getByText('Ready').waitFor();
        await page.waitForTimeout(500);
        assert.ok(await inner.getByRole('img', { name: 'generated digit of seed' }).isVisible(), 'and is not destroyed by what comes after');
        await inner.getByRole('button', { name: 'New digit' }).click();
        await inner.getByRole('img', { name: 'generated digit of seed 2 ' }).waitFor();
        await inner.getByRole('button', { name: 'Copy link' }).click();
        await inner.getByRole('status').getByText('This is the link:').waitFor();
        assert.equal(await inner.getByRole('textbox', { name: 'This is the link:' }).inputValue(), `${url}#v1&s=${await shownSample(inner)}`);
      } else {
        await inner.getByRole('alert').getByText('does not let it load its own files').waitFor();
        await inner.getByRole('alert').getByText('allow-same-origin').waitFor();
      }
      await close();
    }
  });

  test('a host whose policy forbids WebAssembly is told which word to add', async (t) => {
    const url = await host(t, { 'content-security-policy': "default-src 'self'; script-src 'self'" });
    for (const [locale, sentence] of [['en-US', 'Content-Security-Policy does not allow WebAssembly'], ['ko-KR', 'WebAssembly를 허용하지 않습니다']]) {
      const { page, close } = await open({ locale });
      await page.goto(url);
      await failure(page).getByText(sentence).waitFor();
      await failure(page).getByText("'wasm-unsafe-eval'").waitFor();
      await close();
    }
  });

  test('what went wrong is read in either language, and the buttons for it work', async () => {
    const prepare = (page) => page.addInitScript(() => (WebAssembly.validate = () => false));
    const { page, close } = await open({ locale: 'ko-KR', prepare });
    await failure(page).getByText('WebAssembly SIMD가 없습니다').waitFor();
    assert.doesNotMatch(await failure(page).textContent(), /[a-z]{4,} [a-z]{4,} [a-z]{3,}/, 'no English sentence');
    assert.equal(await page.getByRole('button', { name: '한국어' }).getAttribute('aria-pressed'), 'true');
    await page.getByRole('button', { name: 'English' }).click();
    await failure(page).getByText('This browser has no WebAssembly SIMD').waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    await close();
  });

  test('what the runtime says of a file stays English, and says that it is', async () => {
    const { page, close } = await open({ locale: 'ko-KR', prepare: (page) => page.route('**/gen.onnx', (route) => route.fulfill({ body: 'a text' })) });
    await failure(page).getByText('이 파일은 생성기로 쓸 수 없습니다.').waitFor();
    assert.equal(await failure(page).getByText('This is not an ONNX model').getAttribute('lang'), 'en');
    await close();
  });

  test('a frame in another page is the picture and its knob, however small', async () => {
    for (const [width, height] of [[360, 560], [300, 300]]) {
      const { page, complaints, close } = await open({ viewport: { width, height } });
      await page.goto(`${page.url()}?embed#v1&s=4`);
      await page.getByRole('img', { name: 'generated digit of seed 4 ' }).waitFor();
      for (const element of [digit(page), page.getByRole('slider', { name: 'z[0]' }), page.getByRole('button', { name: 'New digit' })]) {
        const box = await element.boundingBox();
        assert.ok(box.y >= 0 && box.y + box.height <= height, `${JSON.stringify(box)} in ${height}`);
      }
      assert.equal(await page.getByRole('tab').count(), 0);
      const [whole] = await Promise.all([page.waitForEvent('popup'), page.getByRole('link', { name: 'Open Forger' }).click()]);
      assert.match(whole.url(), /\/some\/where\/#v1&s=4$/);
      await ready(whole);
      assert.deepEqual(complaints, []);
      await close();
    }
  });
});

/** The seed and the sample that are on show, as links tell them. */
async function shownSample(inner) {
  return inner.locator('html').evaluate(() => /&s=([\d.]+)/.exec(location.hash)?.[1]);
}
