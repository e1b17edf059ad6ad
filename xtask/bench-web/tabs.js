// Measures what each tab of the page asks of the main thread, and prints the figures as JSON.
//
//   node tabs.js   with FORGER_CHROMIUM (the browser), FORGER_SITE (a site of ours), FORGER_ROUNDS
//
// By CPU time and not by the clock: what other programs take of the machine is not the page's. A tab is opened for the first time
// on each visit, then z[0] is dragged; visits to the tabs take turns, every other one as wide as a phone.

import { chromium } from 'playwright-core';
import { startServer } from './server.js';

const { FORGER_CHROMIUM, FORGER_SITE, FORGER_ROUNDS = '5' } = process.env;
const ROUNDS = Number(FORGER_ROUNDS);
const TABS = ['Two sweeps', 'Draw', 'Detective', 'A hundred', 'All numbers', 'Inside', 'Walk', 'Models', 'Proof'];
const MOVES = 30;
const CATEGORIES = ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'toplevel', '__metadata'];
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'];

const server = await startServer(FORGER_SITE);
const browser = await chromium.launch({ executablePath: FORGER_CHROMIUM, args: FLAGS });
const results = Object.fromEntries(TABS.map((tab) => [tab, { longestMs: [], dragLongestMs: [], frameMs: [] }]));
try {
  // A round more than is counted: in the first one the server compresses.
  for (let round = -1; round < ROUNDS; round++) {
    for (const tab of TABS) {
      const seen = await visited(tab, { width: round % 2 ? 390 : 1280, height: 844 });
      if (round < 0) continue;
      const result = results[tab];
      for (const name of ['longestMs', 'dragLongestMs', 'frameMs']) result[name].push(seen[name]);
      if (seen.longestMs === Math.min(...result.longestMs)) result.of = seen.of;
    }
  }
} finally {
  await browser.close();
  server.close();
}
console.log(JSON.stringify({ rounds: ROUNDS, browser: `Chromium ${browser.version()}`, results }));

async function visited(tab, viewport) {
  const context = await browser.newContext({ viewport, locale: 'en-US' });
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(`${tab}: ${error.message}`));
  // Elsewhere, so that the tab is opened for the first time.
  await page.goto(`${server.url}site/index.html${tab === TABS[0] ? '#v1&t=hundred' : '#v1'}`);
  await page.getByRole('status').getByText('Ready').waitFor();
  // The judge comes by itself, and says its first words.
  await page.locator('#verdict').getByText(/Looks like|Hard to read/).first().waitFor();
  await page.waitForTimeout(300);
  const opening = await traced(page, async () => {
    await page.getByRole('tab', { name: tab }).click();
    await page.locator('[role=tabpanel][aria-busy=false]:not([hidden]):not(:has([aria-busy=true]))').waitFor();
    await page.waitForTimeout(700);
  });
  const dragging = await traced(page, async () => {
    const box = await page.getByRole('slider', { name: 'z[0]', exact: true }).boundingBox();
    const at = (step) => [box.x + box.width * (0.5 + 0.4 * Math.sin(step / 4)), box.y + box.height / 2];
    await page.mouse.move(...at(0));
    await page.mouse.down();
    for (let step = 1; step <= MOVES; step++) {
      await page.mouse.move(...at(step));
      await page.evaluate(() => new Promise(requestAnimationFrame));
    }
    await page.mouse.up();
    await page.waitForTimeout(300);
  });
  await context.close();
  const [longest] = [...opening.tasks, ...dragging.tasks].sort((a, b) => b.ms - a.ms);
  if (!longest || !dragging.frames) throw new Error(`the browser's trace tells of no tasks in ${tab}`);
  const sum = dragging.tasks.reduce((all, { ms }) => all + ms, 0);
  return { longestMs: longest.ms, of: longest.of, dragLongestMs: dragging.tasks[0]?.ms ?? 0, frameMs: sum / dragging.frames };
}

/** The tasks of the page's main thread while `run` runs, longest first: CPU time in ms; and how many frames it made. */
async function traced(page, run) {
  await browser.startTracing(page, { categories: CATEGORIES });
  await run();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  const mains = new Set(traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(({ pid, tid }) => `${pid} ${tid}`));
  // Of the page's process: a browser of today has its own pages in others.
  const pages = new Set(traceEvents.filter(({ name }) => name === 'FireAnimationFrame').map(({ pid }) => pid));
  const ours = traceEvents.filter(({ pid, tid, ph }) => ph === 'X' && pages.has(pid) && mains.has(`${pid} ${tid}`));
  const isTask = ({ name }) => name === 'RunTask' || name.endsWith('::RunTask');
  // A script of no address is one that is evaluated here: the page's own policy lets it have none.
  const asked = ours.filter(({ name, args }) => name === 'EvaluateScript' && !args?.data?.url);
  const isPages = (task) => !asked.some(({ ts }) => ts >= task.ts && ts < task.ts + task.dur);
  const found = ours.filter((event) => isTask(event) && event.tdur !== undefined && isPages(event)).sort((a, b) => b.tdur - a.tdur);
  return {
    tasks: found.map((task, place) => ({ ms: task.tdur / 1000, of: place ? '' : partsOf(task, ours.filter((event) => !isTask(event))) })),
    frames: new Set(ours.filter(({ name }) => name === 'FireAnimationFrame').map(({ ts }) => found.find((task) => ts >= task.ts && ts < task.ts + task.dur)?.ts)).size,
  };
}

/** What took a task its time. */
function partsOf(task, events) {
  const parts = events.filter(({ ts, dur, tdur }) => ts >= task.ts && ts + dur <= task.ts + task.dur && tdur > 1000).sort((a, b) => b.tdur - a.tdur);
  return parts.slice(0, 3).map(({ name, tdur, args }) => `${[name, args?.data?.functionName].filter(Boolean).join(' ')} ${(tdur / 1000).toFixed(1)}`).join(', ');
}
