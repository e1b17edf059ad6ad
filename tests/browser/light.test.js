// What the page asks of a machine, counted and not timed: in each tab, opened for the first time, and while z[0] is dragged.
//
// How long it takes tells `cargo xtask bench page`. A count is the same on every machine, and what makes tasks long shows in it:
// a layout that is asked for again and again, sheets that nobody sees, a panel that is built in one go.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeOnSite, openTab, ready, z0 } from './browser.js';

/** Places that z[0] is dragged to. */
const STEPS = 6;

/**
 * The most that a tab may ask for at its first opening: elements in all, and within one frame; pictures drawn; layouts. Proof
 * times pictures by the clock, as many as a machine draws in that time, and a hundred at once where those are quick: so they are
 * not counted there.
 */
const OPENING = {
  'Two sweeps': { added: 0, atOnce: 0, drawn: 230, layouts: 15 },
  Draw: { added: 20, atOnce: 10, drawn: 80, layouts: 20 },
  Detective: { added: 0, atOnce: 0, drawn: 10, layouts: 10 },
  'A hundred': { added: 0, atOnce: 0, drawn: 110, layouts: 10 },
  'All numbers': { added: 650, atOnce: 60, drawn: 2700, layouts: 40 },
  Inside: { added: 70, atOnce: 70, drawn: 10, layouts: 20 },
  Walk: { added: 225, atOnce: 110, drawn: 2700, layouts: 20 },
  Models: { added: 10, atOnce: 10, drawn: 110, layouts: 10 },
  Proof: { added: 140, atOnce: 100, batch: 100, layouts: 20 },
};

/**
 * And for each place that z[0] is dragged to: the picture and its copy on the strip. A tab that shows more of it draws that too:
 * the effect of each of the hundred numbers, which are two pictures each; what each layer makes of z; a map of 9 × 9.
 */
const DRAGGED = {
  drawn: 2,
  put: 2,
  'All numbers': { drawn: 204, put: 4 },
  Inside: { put: 11 },
  Walk: { drawn: 84, put: 84 },
};
/** For each place again, in every tab: a layout for the frame that draws it and one for what is said of it later, with room for one more each. */
const [LAYOUTS, STYLES] = [4, 6];
/** Pictures of one call: a step of work that is done in slices. */
const BATCH = 10;

/** Runs in the page, before it: counts what is put on canvases, and how much a frame adds to the page. */
function watch() {
  globalThis.seen = { put: 0, drawn: 0, batch: 0, atOnce: 0, listeners: 0 };
  const size = () => document.getElementsByTagName('*').length;
  const { putImageData } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.putImageData = function (image, ...rest) {
    globalThis.seen.put += (image.width * image.height) / 784;
    return putImageData.call(this, image, ...rest);
  };
  const { addEventListener } = EventTarget.prototype;
  EventTarget.prototype.addEventListener = function (...given) {
    globalThis.seen.listeners++;
    return addEventListener.apply(this, given);
  };
  let last;
  const frame = () => {
    const now = size();
    globalThis.seen.atOnce = Math.max(globalThis.seen.atOnce, now - (last ?? now));
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

/** Counts the pictures that the page draws on its own thread, and the most of one call. */
async function countPictures() {
  const { Generator } = await import('./forger.js');
  const { generate } = Generator.prototype;
  Generator.prototype.generate = function (z, ...rest) {
    const count = z.length / this.latentSize;
    globalThis.seen.drawn += count;
    globalThis.seen.batch = Math.max(globalThis.seen.batch, count);
    return generate.call(this, z, ...rest);
  };
}

/** Waits until nothing more is drawn. */
const quiet = (page) =>
  page.evaluate(async () => {
    const { seen } = globalThis;
    const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const isBusy = () => document.querySelector('[role=tabpanel]:not([hidden])[aria-busy=true], [role=tabpanel]:not([hidden]) [aria-busy=true]');
    // Longer than the page puts off what is not for the next frame.
    for (let [last, same] = ['', 0]; same < 3; ) {
      await wait(50);
      await new Promise(requestAnimationFrame);
      const now = `${seen.put} ${seen.drawn}`;
      same = now === last && !isBusy() ? same + 1 : 0;
      last = now;
    }
  });

/** All that is counted so far. */
async function counted(page, client) {
  const { metrics } = await client.send('Performance.getMetrics');
  const told = Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  const seen = await page.evaluate(() => ({ ...globalThis.seen, added: document.getElementsByTagName('*').length }));
  return { ...seen, layouts: told.LayoutCount, styles: told.RecalcStyleCount };
}

/** What came between two counts; `batch` and `atOnce` are the most since they were set to nothing. */
const between = (before, after) => {
  const grown = Object.fromEntries(Object.keys(after).map((name) => [name, after[name] - before[name]]));
  return { ...grown, batch: after.batch, atOnce: after.atOnce };
};

/** Says of what is above its bar what it is. */
function within(found, bars) {
  const above = Object.entries(bars).filter(([name, bar]) => found[name] > bar);
  assert.deepEqual(above.map(([name, bar]) => `${name}: ${found[name]}, at most ${bar}`), []);
}

describeOnSite('what the page asks of a machine', (open) => {
  for (const [tab, bars] of Object.entries(OPENING)) {
    test(`is little in ${tab}`, async (t) => {
      // Another tab than this one is open at first.
      const hash = tab === 'Two sweeps' ? '#v1&t=hundred' : '#v1';
      const { page, complaints, close } = await open({ hash, prepare: (page) => page.addInitScript(watch) });
      await ready(page);
      // The judge comes by itself, and says its first words.
      await page.locator('#verdict').getByText(/Looks like|Hard to read/).first().waitFor();
      await page.evaluate(countPictures);
      await quiet(page);
      const client = await page.context().newCDPSession(page);
      await client.send('Performance.enable');

      await page.evaluate(() => Object.assign(globalThis.seen, { atOnce: 0, batch: 0 }));
      const before = await counted(page, client);
      await openTab(page, tab);
      await quiet(page);
      const opening = between(before, await counted(page, client));
      t.diagnostic(`opened: ${JSON.stringify(opening)}`);
      within(opening, { batch: BATCH, ...bars });

      const box = await z0(page).boundingBox();
      const to = async (step) => {
        await page.mouse.move(box.x + box.width * (0.5 + 0.4 * Math.sin(step / 2)), box.y + box.height / 2);
        await quiet(page);
      };
      await to(0);
      await page.mouse.down();
      await to(1);
      await page.evaluate(() => Object.assign(globalThis.seen, { atOnce: 0, batch: 0 }));
      const begun = await counted(page, client);
      for (let step = 2; step < STEPS + 2; step++) await to(step);
      const dragged = between(begun, await counted(page, client));
      await page.mouse.up();
      t.diagnostic(`dragged to ${STEPS} places: ${JSON.stringify(dragged)}`);
      const { drawn, put } = { ...DRAGGED, ...DRAGGED[tab] };
      within(dragged, { drawn: drawn * STEPS, put: put * STEPS, layouts: LAYOUTS * STEPS, styles: STYLES * STEPS, added: 0, atOnce: 0, listeners: 0, batch: BATCH });
      // Else nothing was counted. Pictures may be a worker's, where the model was loaded in a busy moment and seems slow.
      assert.ok(dragged.put >= STEPS && dragged.styles >= STEPS, JSON.stringify(dragged));
      assert.deepEqual(complaints, []);
      await close();
    });
  }
});
