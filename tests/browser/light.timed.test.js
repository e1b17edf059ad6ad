// After loading no task is long, in any tab, on a machine a quarter as fast: opened for the first time, and while z[0] is dragged.
//
// By CPU time and not by the clock: what other programs take of the machine is not the page's. It is taken
// times four: slowed down by the browser itself, a busy machine is measured and not the page.

import assert from 'node:assert/strict';
import { cpus, loadavg } from 'node:os';
import { test } from 'node:test';
import { describeOnSite, openTab, ready, z0 } from './browser.js';

/** How much slower the machine is that it is asked for, and what counts as long, in ms. */
const SLOWER = 4;
const LONG_MS = 50;
/** A collection of garbage falls into one task or another, and what others do to the caches only adds: of several visits the lightest counts. */
const VISITS = 3;
/** Where others crowd this machine, there are more visits until one is light: the bar stays. */
const MOST_VISITS = 9;
const isCrowded = () => loadavg()[0] > cpus().length;

const TABS = ['Two sweeps', 'Draw', 'Detective', 'A hundred', 'All numbers', 'Inside', 'Walk', 'Models', 'Proof'];

/** The tasks of the page's main thread in a trace: CPU time in ms, longest first, with what took it. */
function tasksOf(trace) {
  const { traceEvents } = JSON.parse(trace);
  const mains = new Set(traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(({ pid, tid }) => `${pid} ${tid}`));
  const ours = traceEvents.filter(({ pid, tid, ph }) => ph === 'X' && mains.has(`${pid} ${tid}`));
  const isTask = ({ name }) => name === 'RunTask' || name.endsWith('::RunTask');
  // A script of no address is one that this test has evaluated: the page's own policy lets it have none.
  const asked = ours.filter(({ name, args }) => name === 'EvaluateScript' && !args?.data?.url);
  const isOurs = (task) => !asked.some(({ ts }) => ts >= task.ts && ts < task.ts + task.dur);
  return ours
    .filter((event) => isTask(event) && event.tdur !== undefined && isOurs(event))
    .sort((a, b) => b.tdur - a.tdur)
    .slice(0, 3)
    .map((task) => {
      const parts = ours.filter((event) => event !== task && !isTask(event) && event.ts >= task.ts && event.ts + event.dur <= task.ts + task.dur && event.tdur > 1000);
      const names = parts.sort((a, b) => b.tdur - a.tdur).slice(0, 4).map(({ name, tdur, args }) => `${name} ${args?.data?.functionName ?? ''} ${(tdur / 1000).toFixed(1)}`);
      return { ms: (SLOWER * task.tdur) / 1000, names: names.join(', ') };
    });
}

/** Opens a tab for the first time and drags z[0] in it; gives its longest task. */
async function visited(open, tab, viewport) {
  const { page, complaints, close } = await open({ viewport });
  await ready(page);
  // The judge comes by itself, and says its first words.
  await page.locator('#verdict').getByText(/Looks like|Hard to read/).first().waitFor();
  await page.waitForTimeout(300);
  const browser = page.context().browser();
  await browser.startTracing(page, { categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'toplevel', '__metadata'] });
  await openTab(page, tab);
  await page.waitForTimeout(700);
  const box = await z0(page).boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  for (let step = 0; step < 30; step++) await page.mouse.move(box.x + box.width * (0.5 + 0.4 * Math.sin(step / 4)), box.y + box.height / 2);
  await page.mouse.up();
  await page.waitForTimeout(300);
  const [longest] = tasksOf((await browser.stopTracing()).toString());
  assert.ok(longest, 'the trace tells of tasks');
  assert.deepEqual(complaints, []);
  await close();
  return longest;
}

describeOnSite('a slow machine', (open) => {
  for (const tab of TABS) {
    test(`has no long task in ${tab}`, async (t) => {
      const seen = [];
      const isEnough = () => seen.length >= VISITS && (!isCrowded() || seen.length >= MOST_VISITS || seen.some(({ ms }) => ms <= LONG_MS));
      while (!isEnough()) seen.push(await visited(open, tab, { width: seen.length % 2 ? 390 : 1280, height: 844 }));
      const [least] = seen.toSorted((a, b) => a.ms - b.ms);
      for (const { ms, names } of seen) t.diagnostic(`${tab}: ${ms.toFixed(0)} ms: ${names}`);
      assert.ok(least.ms <= LONG_MS, `${least.ms.toFixed(0)} ms: ${least.names}`);
    });
  }
});
