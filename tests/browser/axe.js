// What axe has to say of a page, in both schemes of colours.

import assert from 'node:assert/strict';
import axe from 'axe-core';
import { LOOKS } from './browser.js';

/** The sizes of `LOOKS`, for pages that are looked at in one scheme and then in the other. */
export const SIZES = LOOKS.filter(({ colorScheme }) => colorScheme === 'light').map(({ name, viewport }) => ({ name: name.replace('-light', ''), viewport }));

/** Asserts that axe finds nothing in the light scheme, nor in the dark one; `each` is called in either, with its name. */
export async function isAccessible(page, what, each = async () => {}) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await violations(page), [], `${what}, ${colorScheme}`);
    await each(colorScheme);
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

/** Violations as lines that name the rule and the elements. */
async function violations(page) {
  // Through the debugger, where the page's own policy on scripts does not reach.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return found.violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
}
