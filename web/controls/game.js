// @ts-check
/** The visitor plays the detective: one picture after another, real or forged, and what they turned out to be. */

import { answer, isRight, newRound, ROUND, score } from '../game.js';
import { sampleZ } from '../philox.js';
import { paint } from '../pixels.js';
import { setText, text } from '../strings.js';
import { make, within } from './dom.js';

/** The data sets that there are real pictures of: a sheet of tiles in rows of ten, and how many. */
const REAL = new Map([['mnist', { file: 'real/mnist.png', count: 100 }]]);
const COLUMNS = 10;

/** @typedef {import('../forger.js').Generator} Generator */

/**
 * @param {HTMLElement} root
 * @param {{onTake: (seed: number, index: number, chosen: number | undefined) => void, onFailure: (error: unknown) => void}} callbacks
 */
export function createGame(root, { onTake, onFailure }) {
  const exhibit = within(root, '.exhibit');
  /** @type {HTMLCanvasElement} */
  const canvas = within(exhibit, 'canvas');
  const stamp = within(exhibit, '.stamp');
  const said = within(root, '[data-said]');
  /** @type {HTMLElement} */
  const seen = within(root, '[data-seen]');
  const [again, choices] = [within(root, '[data-again]'), within(root, '[data-choices]')];
  /** @type {HTMLImageElement | undefined} */
  let sheet;
  /** @type {{round: import('../game.js').Round, generator: Generator, forged: Float32Array, kinds: number[] | undefined} | undefined} */
  let game;
  let drawn = '';

  /** Whether the sheet of real pictures has not come: then there is nothing to judge. */
  let isLost = false;
  /** Whether another round was asked for by a button that goes: the next may have to be waited for. */
  let isAwaited = false;
  const buttons = [within(root, '[data-real]'), within(root, '[data-forged]')];
  for (const [place, button] of buttons.entries()) button.addEventListener('click', () => judge(place === 0));
  again.addEventListener('click', () => {
    game = undefined;
    isLost = false;
    drawn = '';
    isAwaited = true;
    if (generatorNow) show(generatorNow);
  });
  /** @type {Generator | undefined} */
  let generatorNow;

  /** @param {boolean} isReal */
  function judge(isReal) {
    if (!game || !generatorNow) return;
    answer(game.round, isReal);
    const isOver = game.round.answers.length === ROUND;
    show(generatorNow);
    // The buttons that were pressed are gone.
    if (isOver) again.focus();
  }

  /** What was asked for has come of it: the focus goes there, unless the visitor took it elsewhere meanwhile. @param {HTMLElement} button */
  function arrive(button) {
    if (isAwaited && [again, document.body].includes(document.activeElement)) button.focus();
    isAwaited = false;
  }

  /** @param {Generator} generator @param {Promise<unknown>} loaded The sheet of real pictures. */
  function begin(generator, loaded) {
    const round = newRound(REAL.get(setOf(generator))?.count ?? 0);
    const kinds = kindsOf(generator, round.seed);
    game = { round, generator, kinds, forged: generator.generate(sampleZ(round.seed, ROUND / 2, generator.latentSize), kinds) };
    const mine = game;
    const redraw = () => {
      // Meanwhile another class may be on show, or another network.
      if (game === mine && generatorNow) show(generatorNow);
    };
    loaded.then(redraw, () => {
      sheet = undefined;
      isLost = game === mine;
      redraw();
    }).catch(onFailure);
  }

  /** @param {HTMLCanvasElement} target @param {number} place Of the round. */
  function draw(target, place) {
    if (!game || !sheet) return;
    const { isReal, place: tile } = game.round.exhibits[place];
    const [, height, width] = game.generator.imageShape;
    if (isReal) {
      Object.assign(target, { width, height });
      target.getContext('2d')?.drawImage(sheet, -(tile % COLUMNS) * width, -Math.floor(tile / COLUMNS) * height);
    } else {
      const length = width * height;
      paint(target, game.forged.subarray(tile * length, (tile + 1) * length), game.generator.imageShape);
    }
  }

  /** @param {import('../game.js').Round} round */
  function words(round) {
    const { length } = round.answers;
    const last = length - 1;
    const found = length > 0 ? text(answerKey(round.exhibits[last].isReal, isRight(round, last))) : '';
    if (length < ROUND) return `${found} ${text('gameAsk', { number: length + 1, count: ROUND })}`.trim();
    const right = score(round);
    const fooled = round.exhibits.filter(({ isReal }, place) => !isReal && !isRight(round, place)).length;
    return `${found} ${text('gameScore', { right, count: ROUND })} ${text(right > 8 ? 'gameSharp' : right > 5 ? 'gameGood' : 'gameCoin')} ${text('gameFooled', { fooled, count: ROUND / 2 })}`;
  }

  /** @param {import('../game.js').Round} round @param {number} place */
  function item(round, place) {
    const { isReal, place: index } = round.exhibits[place];
    const small = make('canvas');
    small.setAttribute('aria-hidden', 'true');
    draw(small, place);
    const verdict = text(isReal ? 'gameReal' : 'gameForged');
    const name = text(isRight(round, place) ? 'gameWasRight' : 'gameWasWrong', { number: place + 1, verdict });
    const picture = make('span', { className: 'paper' }, [small]);
    const label = make('span', { textContent: `${isRight(round, place) ? '✓' : '✗'} ${verdict}` });
    label.setAttribute('aria-hidden', 'true');
    const parts = [picture, label, make('span', { className: 'unseen', textContent: name })];
    if (isReal) return make('li', {}, [make('span', { className: 'card' }, parts)]);
    const take = make('button', { type: 'button', className: 'card', title: text('gameTake') }, parts);
    const chosen = game?.kinds?.[index];
    take.addEventListener('click', () => onTake(round.seed, index, chosen));
    return make('li', {}, [take]);
  }

  /** @param {Generator} generator */
  function show(generator) {
    generatorNow = generator;
    const real = REAL.get(setOf(generator));
    const fits = real !== undefined && generator.imageShape.join() === '1,28,28';
    root.hidden = !fits;
    within(document, '#game-none').hidden = fits;
    if (!fits) return;
    setText(again, text(isLost ? 'tryAgain' : 'gameAgain'));
    if (isLost) {
      choices.hidden = true;
      again.hidden = false;
      arrive(again);
      setText(said, text('gameLost'));
      return;
    }
    if (!sheet) {
      sheet = new Image();
      sheet.src = new URL(`../${real.file}`, import.meta.url).href;
    }
    // Another class is the same network, and the round is of all classes.
    if (game?.generator.file !== generator.file) begin(generator, sheet.decode());
    const isHere = game !== undefined && sheet.complete && sheet.naturalWidth > 0;
    // To judge what is not yet to be seen would be to guess.
    for (const button of buttons) button.disabled = !isHere;
    if (!game || !isHere) {
      choices.hidden = false;
      again.hidden = true;
      setText(said, '');
      return;
    }
    const { round } = game;
    const now = [round.seed, round.answers.length, text('gameReal')].join();
    if (drawn === now) return;
    drawn = now;
    const isOver = round.answers.length === ROUND;
    choices.hidden = isOver;
    again.hidden = !isOver;
    arrive(buttons[0]);
    const place = Math.min(round.answers.length, ROUND - 1);
    draw(canvas, place);
    canvas.setAttribute('aria-label', text('gamePicture', { number: place + 1, count: ROUND }));
    stamp.textContent = isOver ? `${score(round)}/${ROUND}` : '';
    setText(said, words(round));
    seen.replaceChildren(...round.answers.map((_, each) => item(round, each)));
  }

  return { show };
}

/** The classes of the forged ones, evenly over all, where the network is told one: people wrote all kinds. @param {Generator} generator @param {number} seed */
function kindsOf({ classes }, seed) {
  const forged = ROUND / 2;
  return classes ? Array.from({ length: forged }, (_, i) => (seed + Math.floor((i * classes.length) / forged)) % classes.length) : undefined;
}

/** @param {Generator} generator */
const setOf = (generator) => generator.metadata['forger.dataset'] ?? '';

/** @param {boolean} isReal @param {boolean} right */
const answerKey = (isReal, right) => (isReal ? (right ? 'gameRealRight' : 'gameRealWrong') : right ? 'gameForgedRight' : 'gameForgedWrong');
