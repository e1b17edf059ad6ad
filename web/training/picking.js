// @ts-check
/** Where a visitor gives pictures of their own: files or a folder, chosen or dropped, and what came of them in words. */

import { byId, make } from '../controls/dom.js';
import { paint } from '../pixels.js';
import { setText } from '../strings.js';
import { tame } from '../tame.js';
import { SIDE } from './framing.js';
import { asPictures, dropped, filesOf, hasPictures, LEAST, MOST, readOwn } from './own.js';
import { say } from './words.js';

/** Names of files that could not be read, and of folders, that are told. */
const [NAMED, FOLDERS] = [3, 6];
/** Pictures that are shown of those that were given, and in a row. */
const [SEEN, COLUMNS] = [40, 20];

/**
 * @param {{isOpen: () => boolean, isLocked: () => boolean, onOwn: () => void}} callbacks `isOpen`: whether what is dropped may be meant for
 *   here; `onOwn`: something has changed.
 */
export function createPicking({ isOpen, isLocked, onOwn }) {
  /** @type {import('./own.js').Own | undefined} */
  let own;
  /** How far the reading is. @type {{done: number, count: number} | undefined} */
  let reading;
  let [left, hasFailed] = [0, false];
  let stop = new AbortController();

  const files = make('input', { type: 'file', className: 'unseen', accept: 'image/*', multiple: true });
  const folder = make('input', { type: 'file', className: 'unseen', webkitdirectory: true });
  const [filesWord, folderWord, stays] = [make('span'), make('span'), make('p', { className: 'hint' })];
  const said = make('p');
  said.setAttribute('role', 'status');
  const bar = make('progress', { max: 1, value: 0, hidden: true });
  const canvas = make('canvas', { width: 280, height: 28 });
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', say('ownNone'));
  const paper = make('div', { className: 'paper colour', hidden: true }, [canvas]);
  const invert = make('input', { type: 'checkbox', id: 'training-invert' });
  const invertWord = make('label', { htmlFor: 'training-invert' });
  const bright = make('p', { className: 'bright', hidden: true }, [invert, ' ', invertWord]);
  const root = make('div', { className: 'training-own' }, [
    stays,
    make('div', { className: 'bar' }, [make('label', { className: 'file' }, [filesWord, files]), make('label', { className: 'file' }, [folderWord, folder])]),
    bar,
    said,
    paper,
    bright,
  ]);

  for (const input of [files, folder]) {
    input.addEventListener('change', () => {
      const found = filesOf(input.files ?? []);
      // So that the same ones can be chosen again.
      input.value = '';
      if (found.length > 0) void take(found);
    });
  }
  invert.addEventListener('change', () => {
    look();
    onOwn();
  });
  // Before the page's other places for files hear of it: there a picture is a photo of a digit, and a folder a model.
  addEventListener('drop', (event) => {
    const given = event.dataTransfer;
    if (!isOpen() || !given || !hasPictures(given)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    byId('drop').hidden = true;
    if (!isLocked()) void dropped(given).then(take);
  }, { capture: true });

  /** @param {import('./reading.js').Found[]} found */
  async function take(found) {
    stop.abort();
    stop = new AbortController();
    const { signal } = stop;
    [own, left, hasFailed, reading] = [undefined, Math.max(0, found.length - MOST), false, { done: 0, count: found.length }];
    onOwn();
    try {
      const read = await readOwn(found, tell, signal);
      if (signal.aborted) return;
      own = read;
      invert.checked = false;
    } catch {
      if (signal.aborted) return;
      hasFailed = true;
    }
    reading = undefined;
    look();
    onOwn();
  }

  /** @param {number} done @param {number} count */
  function tell(done, count) {
    reading = { done, count };
    bar.value = done / count;
  }

  function look() {
    if (!own || own.bytes.length === 0) return;
    const { bytes } = asPictures(own, invert.checked);
    paint(canvas, Float32Array.from(bytes.subarray(0, SEEN * SIDE * SIDE), (byte) => byte / 127.5 - 1), [1, SIDE, SIDE], COLUMNS);
  }

  function words() {
    if (reading) return say('ownReading', { count: reading.count });
    if (hasFailed) return say('ownStopped');
    if (!own) return say('ownNone');
    const { classes, bad } = own;
    const count = own.labels.length;
    const sentences = [say('ownRead', { count })];
    if (bad.length > 0) {
      const names = bad.slice(0, NAMED).map((name) => tame(name)).join(', ');
      sentences.push(say(bad.length > NAMED ? 'ownBadMore' : 'ownBad', { count: bad.length, names }));
    }
    if (left > 0) sentences.push(say('ownLeft', { most: MOST, count: left }));
    if (count < LEAST) sentences.push(say('ownFew', { least: LEAST }));
    else if (classes.length > 0) {
      const names = classes.slice(0, FOLDERS).map((name) => tame(name)).join(', ');
      sentences.push(say('ownClasses', { count: classes.length, names: classes.length > FOLDERS ? `${names}, …` : names }));
    }
    return sentences.join(' ');
  }

  return {
    root,
    /** Those that were read, if they are enough. */
    ready: () => (own && own.labels.length >= LEAST ? own : undefined),
    count: () => own?.labels.length ?? 0,
    hasClasses: () => (own?.classes.length ?? 0) > 1,
    isInverted: () => invert.checked,
    /** Those that were kept. @param {import('./own.js').Own} kept @param {boolean} isInverted */
    put(kept, isInverted) {
      stop.abort();
      [own, reading, left, hasFailed, invert.checked] = [kept, undefined, 0, false, isInverted];
      look();
    },
    /** @param {boolean} isShown */
    show(isShown) {
      root.hidden = !isShown;
      setText(stays, say('ownStays', { least: LEAST }));
      setText(filesWord, say('ownFiles'));
      setText(folderWord, say('ownFolder'));
      bar.hidden = !reading;
      bar.setAttribute('aria-label', say('ownBar'));
      setText(said, words());
      const isThere = own !== undefined && own.bytes.length > 0;
      paper.hidden = !isThere;
      canvas.setAttribute('aria-label', isThere ? say('ownSheet') : say('ownNone'));
      bright.hidden = !(isThere && own?.isBright);
      setText(invertWord, say('ownBright'));
      files.disabled = folder.disabled = invert.disabled = isLocked();
    },
  };
}
