// The tab in which one draws, as a person finds it, and a hand that draws there.

import { openTab, ready } from './browser.js';

export const paper = (page) => page.getByRole('img', { name: /^Paper to draw on/ });
export const copied = (page) => page.getByRole('status').filter({ hasText: /^(Copied|The forger never)/ });

/** Opens the page, and in it the tab. */
export async function opened(open, options) {
  const result = await open(options);
  await ready(result.page);
  await openTab(result.page, 'Draw');
  await result.page.getByRole('button', { name: 'Show a 7' }).waitFor();
  return result;
}

/** Draws strokes, given as points of 0 to 1 on the paper, by the mouse. */
export async function draw(page, strokes) {
  await paper(page).scrollIntoViewIfNeeded();
  const { x, y, width, height } = await paper(page).boundingBox();
  for (const stroke of strokes) {
    const [first, ...rest] = stroke.map(([across, down]) => [x + across * width, y + down * height]);
    await page.mouse.move(...first);
    await page.mouse.down();
    for (const point of rest) await page.mouse.move(...point);
    await page.mouse.up();
  }
}

/** Points of a stroke, given by how far along it they are. */
export const along = (count, place) => Array.from({ length: count }, (_, i) => place(i / (count - 1)));
export const EIGHT = [along(40, (t) => [0.5 + 0.17 * Math.sin(4 * Math.PI * t), 0.5 - 0.32 * Math.cos(2 * Math.PI * t)])];
export const ONE = [along(12, (t) => [0.5, 0.2 + 0.6 * t])];
