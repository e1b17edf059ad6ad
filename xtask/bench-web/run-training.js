// Measures a step of training of each contestant in the same browser, in turn, and prints the figures as JSON.
//
//   node run-training.js   with FORGER_CHROMIUM (the browser), FORGER_SITE (a site of ours), FORGER_ROUNDS

import { chromium } from 'playwright-core';
import { startServer } from './server.js';

const { FORGER_CHROMIUM, FORGER_SITE, FORGER_ROUNDS = '15' } = process.env;
const ROUNDS = Number(FORGER_ROUNDS);
/** Name, script and recipe; steps in one measurement: a fifth of a second and more. */
const CONTESTANTS = [
  ['forger, seed', 'forger', 'seed', 30],
  ['tfjs wasm, seed', 'tfjs-wasm', 'seed', 10],
  ['tfjs cpu, seed', 'tfjs-cpu', 'seed', 2],
  ['forger, stable', 'forger', 'stable', 20],
];
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'];

const server = await startServer(FORGER_SITE);
const browser = await chromium.launch({ executablePath: FORGER_CHROMIUM, args: FLAGS });
const results = {};
try {
  const pages = new Map();
  for (const [name, script, recipe] of CONTESTANTS) {
    const page = await (await browser.newContext()).newPage();
    page.on('pageerror', (error) => console.error(`${name}: ${error.message}`));
    await page.goto(`${server.url}training.html?contestant=${script}&recipe=${recipe}`);
    await page.waitForFunction(() => 'ready' in window);
    await page.evaluate(() => ready);
    pages.set(name, page);
    results[name] = { msPerStep: [] };
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, , , steps] of CONTESTANTS) {
      results[name].msPerStep.push(await pages.get(name).evaluate((steps) => measure(steps), steps));
    }
  }
} finally {
  await browser.close();
  server.close();
}
console.log(JSON.stringify({ rounds: ROUNDS, browser: `Chromium ${browser.version()}`, results }));
