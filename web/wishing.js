// @ts-check
/**
 * What a judge of digits is good for: it says what the picture looks like, finds the next digit of a kind, and writes a number
 * in digits that nobody wrote. Models whose pictures no judge knows have nothing of it.
 */

import { createVerdict } from './controls/verdict.js';
import { byId } from './controls/dom.js';
import { createWishes } from './controls/wishes.js';
import { DOUBT } from './judge.js';
import { classOfDigit, seek } from './judging.js';
import { download, pngOf } from './save.js';
import { shownZ } from './state.js';
import { text } from './strings.js';

/** How often the picture is judged while it is dragged, in ms. */
const PAUSE_MS = 80;

/**
 * @param {{
 *   now: () => {state: import('./state.js').State, generator: import('./forger.js').Generator, drawer: import('./blending.js').Drawer},
 *   judging: ReturnType<typeof import('./judging.js').createJudging>,
 *   onSeed: (seed: number, chosen: number | undefined) => void,
 *   onFailure: (error: unknown) => void,
 * }} callbacks `chosen`: the class, of a model that is told one.
 */
export function createWishing({ now, judging, onSeed, onFailure }) {
  const verdict = createVerdict(byId('verdict'));
  const wishes = createWishes(byId('wishes'), {
    onDigit: (digit) => void wish(digit).catch(onFailure),
    onNumber: () => void write().catch(onFailure),
    onTake: (seed, digit) => onSeed(seed, classOfDigit(now().generator, digit)),
    onSave: () => void save().catch(onFailure),
  });
  /** @type {{digit: number, seed: number, image: Float32Array}[]} */
  let written = [];
  /** The file of the model that the row was written by. @type {unknown} */
  let writer;
  /** Counted up, so that a search knows when it is wanted no more. */
  let [wished, writing] = [0, 0];
  let said = () => '';
  let timer = 0;
  /** What was judged last, and by what it was drawn. @type {{drawer: unknown, z: Float32Array, digit: number, share: number} | undefined} */
  let judged;

  /** @param {() => string} words In the language that the page has by then. */
  function tell(words) {
    said = words;
    wishes.say(said());
  }

  /** The next seed after the one on show. @param {number} digit */
  async function wish(digit) {
    const mine = ++wished;
    const { state, generator } = now();
    const judge = await judging.ask(generator);
    if (!judge || mine !== wished) return;
    const chosen = classOfDigit(generator, digit);
    const found = await seek(chosen === undefined ? generator : generator.ofClass(chosen), judge, digit, state.seed + 1, () => mine === wished);
    if (mine !== wished) return;
    tell(found ? () => text('wishFound', { digit, seed: found.seed }) : () => text('wishNone', { digit }));
    if (found) onSeed(found.seed, chosen);
  }

  /** Each digit from the seed after that of the one before it, so that no two are the same. */
  async function write() {
    const mine = ++writing;
    const { state, generator } = now();
    writer = generator.file;
    const judge = await judging.ask(generator);
    if (!judge || mine !== writing) return;
    written = [];
    let next = state.seed;
    for (const digit of wishes.digits()) {
      const chosen = classOfDigit(generator, digit);
      const found = await seek(chosen === undefined ? generator : generator.ofClass(chosen), judge, digit, next, () => mine === writing);
      if (mine !== writing) return;
      if (!found) {
        tell(() => text('wishNone', { digit }));
        break;
      }
      next = found.seed + 1;
      written.push({ digit, ...found });
      wishes.showRow(written, generator.imageShape);
      // Another task: this one has had its slice.
      await new Promise((resolve) => setTimeout(resolve));
      if (mine !== writing) return;
    }
    wishes.showRow(written, generator.imageShape);
  }

  /** The row as one picture. */
  async function save() {
    const [, height, width] = now().generator.imageShape;
    const row = new Float32Array(height * width * written.length);
    for (const [place, { image }] of written.entries()) {
      for (let y = 0; y < height; y++) {
        row.set(image.subarray(y * width, (y + 1) * width), (y * written.length + place) * width);
      }
    }
    const name = `forger-${written.map(({ digit }) => digit).join('')}.png`;
    download(await pngOf(row, [1, height, width * written.length]), name);
    tell(() => text('saved', { name }));
  }

  /** In idle moments, and not in each frame. */
  function judgeSoon() {
    if (timer) return;
    const wait = Math.max(PAUSE_MS, 20 * now().generator.msPerPicture);
    timer = setTimeout(() => {
      timer = 0;
      whenIdle(judgeNow);
    }, wait);
  }

  function judgeNow() {
    const { state, generator, drawer } = now();
    const judge = judging.of(generator);
    if (!judge) {
      // Only now, in an idle moment; where there is none, this asks once.
      void judging.ask(generator);
      return verdict.show('');
    }
    const z = shownZ(state);
    try {
      if (judged?.drawer !== drawer || judged.z !== z) judged = { drawer, z, ...judge.judge(drawer.generate(z)) };
    } catch (error) {
      return onFailure(error);
    }
    const values = { digit: judged.digit, percent: Math.min(99, Math.round(100 * judged.share)) };
    verdict.show(judged.share < DOUBT ? text('hardToRead', values) : judged.digit === 8 ? text('looksLikeAn', values) : text('looksLike', values));
  }

  return {
    /** Whatever the page shows. */
    show: judgeSoon,
    /** What is in its tab. */
    showPanel() {
      const { generator } = now();
      void judging.ask(generator);
      byId('wishes').hidden = judging.of(generator) === undefined;
      wishes.label();
      wishes.say(said());
      if (judging.of(generator) && writer !== generator.file) void write().catch(onFailure);
    },
  };
}

/** @param {() => void} work */
function whenIdle(work) {
  // Safari has no such moments.
  if ('requestIdleCallback' in globalThis) requestIdleCallback(work, { timeout: 1000 });
  else setTimeout(work, 50);
}
