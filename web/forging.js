// @ts-check
/**
 * The forger at work: what a visitor draws is made a picture, and a worker looks for the z whose picture comes nearest. Each
 * better copy is shown in a frame of its own, and its z is the page's from then on.
 */

import { createCopies } from './controls/copies.js';
import { byId, percent, sentence, within } from './controls/dom.js';
import { createDrawing } from './controls/drawing.js';
import { createPhoto } from './controls/photo.js';
import { ForgerError } from './forger.js';
import { DOUBT } from './judge.js';
import { classOfDigit } from './judging.js';
import { createCopyist } from './forging/copyist.js';
import { centred, inkOfPhoto } from './forging/ink.js';
import { MOST_NUMBERS, obstacleOf } from './forging/view.js';
import { wordsOf } from './forging/words.js';
import { currentLanguage, setText, text } from './strings.js';

/** @typedef {import('./forging/invert.js').Copy} Copy */
/** @typedef {import('./forging/ink.js').Drawing} Drawing */

/** How long each copy is on show, in ms, at least: about as long as a frame of the page's films. */
const PACE_MS = 35;
/** Pixels a side that a photo is looked at in. */
const PHOTO_SIDE = 200;

/**
 * @param {HTMLElement} root
 * @param {{
 *   now: () => {state: import('./state.js').State, generator: import('./forger.js').Generator},
 *   judging: ReturnType<typeof import('./judging.js').createJudging>,
 *   onClass: (drawing: number, chosen: number) => void,
 *   onCopy: (drawing: number, z: Float32Array) => void,
 *   onPin: () => void,
 *   onWalk: () => void,
 *   onOpen: () => void,
 *   onSaid: () => void,
 * }} callbacks `onClass`: a drawing is of another class than the one on show; `onCopy`: which drawing of this visit, counted from 1, and the best z for it so far; `onOpen`: a photo has come,
 *   from wherever on the page; `onSaid`: there is something new to say.
 */
export function createForging(root, { now, judging, onClass, onCopy, onPin, onWalk, onOpen, onSaid }) {
  /** How many drawings were forged in this visit. */
  let count = 0;
  /** What was drawn. @type {Drawing | undefined} */
  let drawing;
  /** The same as a picture, and the model that is to copy it. @type {{picture: Float32Array, generator: import('./forger.js').Generator} | undefined} */
  let task;
  /** Copies that wait to be shown; `seconds` from the start of the search. @type {{copy: Copy, done: boolean, seconds: number}[]} */
  let waiting = [];
  /** What is on show. @type {{copy: Copy, done: boolean, seconds: number} | undefined} */
  let shown;
  let [startedAt, shownAt] = [0, 0];
  /** The page's z: what it was when the search began, then the newest copy's. Another is one that the visitor took hold of. @type {Float32Array | undefined} */
  let taken;
  let isPinned = false;
  /** What went wrong. @type {(() => string) | undefined} */
  let trouble;

  const copyist = createCopyist((error) => {
    task = undefined;
    trouble = () => (error instanceof ForgerError ? `${sentence(error.message)} ${error.hint}` : sentence(text('broken')));
    if (!(error instanceof ForgerError)) console.error(error);
    onSaid();
  });
  const copies = createCopies(within(root, '.copies'));
  const paper = createDrawing(within(root, '[data-paper]'), {
    onDrawing: (found) => {
      drawing = found;
      forge();
    },
    onStroke: stop,
  });
  createPhoto(within(root, 'input[type=file]'), (file) => void take(file));
  within(root, '[data-clear]').addEventListener('click', paper.clear);
  within(root, '[data-again]').addEventListener('click', forge);
  within(root, '[data-walk]').addEventListener('click', onWalk);
  within(root, '[data-keep]').addEventListener('click', () => {
    isPinned = true;
    // The visitor may have changed the digit since.
    if (shown && now().state.z !== taken) show(shown.copy.z);
    onPin();
  });

  function stop() {
    copyist.stop();
    [task, shown, trouble, taken, waiting] = [undefined, undefined, undefined, undefined, []];
  }

  /** Copies what was drawn, by the model on show. */
  function forge() {
    stop();
    isPinned = false;
    const { imageShape } = now().generator;
    const picture = drawing && centred(drawing, [imageShape[1], imageShape[2]]);
    copies.showYours(picture, imageShape);
    if (picture && !obstacleOf(now().generator)) {
      count++;
      startedAt = performance.now();
      const chosen = classOfDrawing(picture);
      // One class is looked in, and nothing that lies between two.
      if (chosen !== undefined || now().state.mix) onClass(count, chosen ?? now().state.class);
      const { state, generator } = now();
      taken = state.z;
      task = { picture, generator };
      copyist.copy(generator, picture, (copy, done) => {
        // Each has its time, also if a better one has come before it; but less motion is no motion.
        if (!done && matchMedia('(prefers-reduced-motion: reduce)').matches) return;
        waiting.push({ copy, done, seconds: (performance.now() - startedAt) / 1000 });
        if (waiting.length === 1) requestAnimationFrame(step);
      });
      void judging.ask(generator);
    } else if (drawing && !picture) trouble = () => text('forgeBlank');
    onSaid();
  }

  /** The class that a drawing is of, where the network is told one and a judge can read it. @param {Float32Array} picture */
  function classOfDrawing(picture) {
    const { generator } = now();
    const verdict = generator.classes ? judging.of(generator)?.judge(picture) : undefined;
    return verdict && verdict.share >= DOUBT ? classOfDigit(generator, verdict.digit) : undefined;
  }

  /** Shows the next copy, if it is time. @param {number} time Of the frame. */
  function step(time) {
    if (!task || waiting.length === 0) return;
    const { state, generator } = now();
    // Meanwhile the visitor went on to another digit, or to another model.
    if (task.generator !== generator || state.z !== taken) {
      stop();
      return onSaid();
    }
    if (time - shownAt >= PACE_MS) {
      shown = waiting.shift();
      shownAt = time;
      if (shown) {
        copies.showCopy(task.picture, shown.copy.image, generator.imageShape);
        show(shown.copy.z);
      }
    }
    if (waiting.length > 0) requestAnimationFrame(step);
  }

  /** On the page. @param {Float32Array} z */
  function show(z) {
    taken = z;
    onCopy(count, z);
  }

  /** @param {File} file */
  async function take(file) {
    onOpen();
    stop();
    try {
      const bitmap = await createImageBitmap(file);
      const scale = Math.min(1, PHOTO_SIDE / Math.max(bitmap.width, bitmap.height));
      const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
      const context = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(width, height).getContext('2d'));
      context.imageSmoothingQuality = 'high';
      context.drawImage(bitmap, 0, 0, width, height);
      bitmap.close();
      const ink = inkOfPhoto(context.getImageData(0, 0, width, height).data, width, height);
      paper.clear();
      if (ink) {
        paper.showInk(ink);
        drawing = ink;
        forge();
      } else trouble = () => text('forgeBlank');
    } catch {
      // The browser tells no more than that it could not.
      trouble = () => text('photoUnread', { name: file.name });
    }
    onSaid();
  }

  /** What is said of a copy, as the judge is asked for it once and not in each frame. @type {{key: string, copy: Copy | undefined, words: string}} */
  let last = { key: '', copy: undefined, words: '' };

  /** @param {{picture: Float32Array, generator: import('./forger.js').Generator}} task @param {Copy} copy @param {number} seconds */
  function result({ picture, generator }, copy, seconds) {
    const judge = judging.of(generator);
    const key = `${currentLanguage()} ${judge !== undefined}`;
    if (last.copy === copy && last.key === key) return last.words;
    last = { key, copy, words: wordsOf(copy, seconds, picture, judge) };
    return last.words;
  }

  /** What there is to say, in the language of the page. */
  function words() {
    const { generator } = now();
    if (trouble) return trouble();
    const obstacle = obstacleOf(generator);
    if (obstacle === 'forgeTooLong') return text('forgeTooLong', { count: generator.latentSize, most: MOST_NUMBERS });
    if (obstacle === 'forgeTooSmall') return text('forgeTooSmall');
    if (!task) return '';
    if (task.generator !== generator) return text(task.generator.file === generator.file ? 'forgeOtherClass' : 'forgeAnother');
    return shown?.done ? result(task, shown.copy, shown.seconds) : text('forgeWorks');
  }

  return {
    /** @param {import('./state.js').State} state */
    show(state) {
      const { generator } = now();
      // After a failure only a new drawing tries again.
      if (!obstacleOf(generator) && !trouble) copyist.prepare(generator);
      const isDone = shown?.done ?? false;
      const isAtWork = task?.generator === generator && !isDone;
      setText(byId('forge-said'), words());
      const progress = within(root, '[data-progress]');
      const values = shown && { percent: percent(shown.copy.difference), attempt: shown.copy.attempt };
      setText(progress, values && !isDone ? text('forgeAttempt', values) : '');
      within(root, '[data-clear]').disabled = !drawing && paper.isEmpty();
      within(root, '[data-again]').disabled = !drawing || isAtWork;
      within(root, '[data-keep]').disabled = !isDone || isPinned || task?.generator !== generator;
      within(root, '[data-walk]').hidden = state.pins.length < 2;
      paper.label(text(drawing ? 'paperDrawn' : 'paperEmpty'));
      copies.label('yours', text('yoursPicture'));
      copies.label('copy', text('copyPicture'));
      copies.label('difference', text('differencePicture'));
    },
  };
}
