// Measures each contestant in the same browser, in interleaved rounds, and prints the figures as JSON.
//
//   node run.js   with FORGER_CHROMIUM (the browser), FORGER_SITE (a site of ours), FORGER_ROUNDS
//
// What counts as bytes on the wire is what a host that compresses by brotli at its best sends until the first picture,
// the model left out. First pictures are cold: a browser profile of its own each time, and a server on this machine.

import { chromium } from 'playwright-core';
import { startServer } from './server.js';

const { FORGER_CHROMIUM, FORGER_SITE, FORGER_ROUNDS = '15' } = process.env;
const CONTESTANTS = ['forger', 'onnxruntime', 'tfjs'];
const ROUNDS = Number(FORGER_ROUNDS);
/** Calls in one measurement of one picture and of a hundred: some 20 ms each, well above the clock's tick. */
const CALLS = { 1: 300, 100: 10 };
/** Pictures that everyone must draw alike, and the largest difference of a pixel that rounding explains. */
const [SAME_PICTURES, SAME] = [100, 1e-4];

const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'];

const server = await startServer(FORGER_SITE);
const browser = await chromium.launch({ executablePath: FORGER_CHROMIUM, args: FLAGS });
const results = Object.fromEntries(CONTESTANTS.map((name) => [name, { firstPictureMs: [], afterBytesMs: [], singleUs: [], hundredMs: [] }]));
try {
  // A round more than is counted: in the first one the server compresses.
  for (let round = -1; round < ROUNDS; round++) {
    for (const name of CONTESTANTS) {
      const { context, first } = await open(name);
      if (round >= 0) {
        results[name].firstPictureMs.push(first.ms);
        results[name].afterBytesMs.push(first.afterBytesMs);
      }
      await context.close();
    }
  }
  const pages = {};
  for (const name of CONTESTANTS) {
    server.forget();
    const { page, context } = await open(name);
    results[name].wireBytes = server.sent();
    pages[name] = page;
    for (const count of [1, 100]) await page.evaluate(([count, calls]) => measure(count, calls), [count, CALLS[count]]);
    results[name].wasmBytes = await page.evaluate(() => wasmBytes());
    results[name].heapBytes = await heap(context, page);
  }
  await compare(pages);
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of CONTESTANTS) {
      const measure = (count) => pages[name].evaluate(([count, calls]) => window.measure(count, calls), [count, CALLS[count]]);
      results[name].singleUs.push(await measure(1));
      results[name].hundredMs.push((await measure(100)) / 1000);
    }
  }
} finally {
  await browser.close();
  server.close();
}
console.log(JSON.stringify({ rounds: ROUNDS, browser: `Chromium ${browser.version()}`, results }));

async function open(name) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(`${name}: ${error.message}`));
  await page.goto(`${server.url}page.html?contestant=${name}`);
  return { context, page, first: await page.evaluate(() => firstPicture) };
}

/** JavaScript's own memory, after a collection. */
async function heap(context, page) {
  const session = await context.newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  return (await session.send('Runtime.getHeapUsage')).usedSize;
}

/** Whoever draws something else is not measured but reported. */
async function compare(pages) {
  const [reference, ...others] = await Promise.all(
    CONTESTANTS.map((name) => pages[name].evaluate((count) => pictures(count), SAME_PICTURES)),
  );
  for (const [index, found] of others.entries()) {
    const difference = found.reduce((most, value, i) => Math.max(most, Math.abs(value - reference[i])), 0);
    if (found.length !== reference.length || !(difference <= SAME)) {
      throw new Error(`${CONTESTANTS[index + 1]} draws other pictures than forger: they differ by ${difference}`);
    }
  }
}
