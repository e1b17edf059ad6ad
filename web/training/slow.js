// @ts-check
/** One step of training in its parts, one after another: noise, forgeries, what the detective says, what both learn, what moved. */

import { make } from '../controls/dom.js';
import { paint } from '../pixels.js';
import { setText } from '../strings.js';
import { SHOWN } from './step.js';
import { say } from './words.js';

const PARTS = ['noise', 'forgeries', 'before', 'after', 'better', 'moved'];
/** Numbers of normal(0, 1) are nearly all within this. */
const FAR = 3;

/** @param {{onStep: () => void, onEnd: () => void}} callbacks Another step is wished; enough was seen. */
export function createSlow({ onStep, onEnd }) {
  /** @type {import('./step.js').Parts | undefined} */
  let parts;
  /** @type {readonly number[]} */
  let shape = [1, 28, 28];
  let [place, step] = [0, 0];
  /** What is written already: it is not written anew at each report. @type {{parts: unknown, language: string}} */
  let written = { parts: undefined, language: '' };

  const [title, where, head, words, figures] = [make('h2'), make('p', { className: 'hint' }), make('h3'), make('p'), make('div', { className: 'slow-figures' })];
  head.tabIndex = -1;
  const [back, next, another, close] = ['', 'primary', '', 'quiet'].map((className) => make('button', { type: 'button', className }));
  const root = make('section', { className: 'slow', hidden: true }, [title, where, head, words, figures, make('div', { className: 'bar' }, [back, next, another, close])]);

  const go = (/** @type {number} */ to) => {
    place = to;
    show();
    // Whoever reads by ear hears the part that is new.
    head.focus({ preventScroll: true });
  };
  back.addEventListener('click', () => go(place - 1));
  next.addEventListener('click', () => go(place + 1));
  another.addEventListener('click', () => onStep());
  close.addEventListener('click', () => onEnd());

  /** A row of pictures with its name. @param {string} name @param {readonly Float32Array[]} pictures @param {readonly number[]} sizes @param {string[]} [told] Under each. */
  function row(name, pictures, sizes, told) {
    const canvas = make('canvas');
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', name);
    const all = new Float32Array(pictures.reduce((sum, { length }) => sum + length, 0));
    pictures.forEach((picture, i) => all.set(picture, i * picture.length));
    paint(canvas, all, sizes, pictures.length);
    const under = told ? [make('ul', { className: 'chances' }, told.map((textContent) => make('li', { textContent })))] : [];
    return make('figure', {}, [make('figcaption', { textContent: name }), make('div', { className: 'paper' }, [canvas]), ...under]);
  }

  /** @param {import('./step.js').Opinion} opinion @param {import('./step.js').Opinion} [earlier] @returns {{real?: string[], forged: string[]}} */
  function chances(opinion, earlier) {
    const told = (/** @type {number[]} */ now, /** @type {number[] | undefined} */ then) =>
      now.map((chance, i) => (then ? `${percent(then[i])}→${percent(chance)} %` : `${percent(chance)} %`));
    if ('pairs' in opinion) return { forged: told(opinion.pairs, earlier && 'pairs' in earlier ? earlier.pairs : undefined) };
    const known = earlier && 'real' in earlier ? earlier : undefined;
    return { real: told(opinion.real, known?.real), forged: told(opinion.forged, known?.forged) };
  }

  function draw() {
    if (!parts) return;
    const { noise, real, forged, better, changed, before, after, then } = parts;
    const side = Math.ceil(Math.sqrt(noise[0].length));
    const [ofReal, ofForged] = [say('slowReal'), say('slowForged')];
    const judged = (/** @type {{real?: string[], forged: string[]}} */ told, /** @type {Float32Array[]} */ pictures) => [row(ofReal, real, shape, told.real), row(ofForged, pictures, shape, told.forged)];
    const rows = {
      noise: () => [row(say('slowNoise'), noise.map((z) => Float32Array.from({ length: side * side }, (_, i) => (z[i] ?? -FAR) / FAR)), [1, side, side])],
      forgeries: () => [row(ofForged, forged, shape)],
      before: () => judged(chances(before), forged),
      after: () => judged(chances(after, before), forged),
      better: () => {
        const most = Math.max(1e-6, ...changed.map((each) => each.reduce((most, value) => Math.max(most, Math.abs(value)), 0)));
        return [row(say('slowWere'), forged, shape), row(say('slowAre'), better, shape), row(most > 0.67 ? say('slowChangedPlain') : say('slowChanged', { times: Math.round(1 / most) }), changed.map((each) => each.map((value) => value / most)), shape)];
      },
      moved: () => judged(chances(then, after), better),
    };
    figures.replaceChildren(...rows[/** @type {keyof typeof rows} */ (PARTS[place])]());
  }

  function show() {
    if (!parts) return;
    const isPaired = 'pairs' in parts.before;
    const part = PARTS[place];
    setText(title, say('slowTitle', { step: step + 1 }));
    setText(where, say('slowPart', { number: place + 1, count: PARTS.length }));
    setText(head, say(`slow_${part}`));
    const key = ['before', 'after'].includes(part) ? `slow_${part}_${isPaired ? 'pairs' : 'each'}` : `slow_${part}_words`;
    setText(words, say(key, { shown: SHOWN, detective: perMille(parts.moved.detective), forger: perMille(parts.moved.forger) }));
    for (const [button, name] of /** @type {[HTMLButtonElement, string][]} */ ([[back, 'slowBack'], [next, 'slowNext'], [another, 'slowAnother'], [close, 'slowClose']])) setText(button, say(name));
    back.disabled = place === 0;
    next.hidden = place === PARTS.length - 1;
    another.hidden = !next.hidden;
    // The figures carry words too, and are made anew in another language.
    draw();
  }

  return {
    root,
    isOpen: () => !root.hidden,
    /** @param {import('./step.js').Parts} of @param {readonly number[]} imageShape @param {number} at Steps before it. @param {boolean} isInk */
    open(of, imageShape, at, isInk) {
      [parts, shape, place, step, root.hidden] = [of, imageShape, 0, at, false];
      figures.classList.toggle('colour', !isInk);
      show();
      head.focus({ preventScroll: false });
    },
    close() {
      root.hidden = true;
      parts = undefined;
    },
    /** In the language of the page. */
    show(/** @type {string} */ language) {
      if (!parts || (written.parts === parts && written.language === language)) return;
      written = { parts, language };
      show();
    },
  };
}

const percent = (/** @type {number} */ chance) => (100 * chance).toFixed(0);
const perMille = (/** @type {number} */ share) => (1000 * share).toFixed(1);
