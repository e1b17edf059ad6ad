// @ts-check
/** What is to be seen of a run: its numbers, its losses as curves, the failures that have names, and the sheet of pictures. */

import { make, signed } from '../controls/dom.js';
import { paint } from '../pixels.js';
import { setText } from '../strings.js';
import { tame } from '../tame.js';
import { createCurves } from './curves.js';
import { say } from './words.js';

const COLUMNS = 10;
const FACTS = ['step', 'dLoss', 'gLoss', 'margin', 'accuracy', 'pace', 'left', 'device'];

export function createWatching() {
  /** @type {import('../trainer.js').Report | undefined} */
  let report;
  /** @type {string[]} */
  let warnings = [];

  const named = make('ul', { className: 'warnings' });
  named.setAttribute('role', 'status');
  const canvas = make('canvas', { width: 280, height: 280 });
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', say('sheetNone'));
  const sheetHint = make('figcaption');
  const sheet = make('figure', { className: 'training-sheet' }, [make('div', { className: 'paper sheet large' }, [canvas]), sheetHint]);
  const facts = FACTS.map((key) => ({ key, term: make('dt'), value: make('dd') }));
  const list = make('dl', { className: 'facts' }, facts.map(({ term, value }) => make('div', {}, [term, value])));
  const curves = createCurves();
  const [lossHint, why] = [make('p', { className: 'hint' }), make('p', { className: 'hint' })];
  const side = make('div', { className: 'training-side' }, [list, why, curves.root, lossHint]);

  return {
    named,
    root: make('div', { className: 'training-watching' }, [sheet, side]),
    report: () => report,
    warnings: () => warnings,
    /** A run begins, or goes on after such warnings. @param {readonly string[]} said */
    begin(said) {
      [report, warnings] = [undefined, [...said]];
      curves.clear();
    },
    /** @param {import('../trainer.js').Report} each */
    take(each) {
      // One that was taken up at its end has no step to tell of.
      report = each.msPerStep === 0 && report ? { ...report, step: each.step, isDone: each.isDone } : each;
      warnings.push(...each.warnings.filter((message) => !warnings.includes(message)));
      curves.add(each);
      paint(canvas, each.sheet, each.imageShape, COLUMNS);
    },
    /** @param {import('./link.js').Setup} setup Of the run on show. */
    show({ recipe, pictures }) {
      // MNIST is ink on paper; other pictures are as they are.
      sheet.classList.toggle('colour', pictures === 'own');
      setText(sheetHint, say(recipe === 'classes' ? 'sheetHintClasses' : 'sheetHint'));
      setText(lossHint, say('lossHint'));
      canvas.setAttribute('aria-label', report ? say('sheet', { step: report.step }) : say('sheetNone'));
      for (const { key, term, value } of facts) {
        setText(term, say(key));
        setText(value, report ? factOf(key, report) : '—');
      }
      // That it was lost in the middle is the panel's to announce.
      setText(why, isLost(report) ? '' : whyWords(report?.whyCpu ?? ''));
      curves.show();
      const lines = warnings.map((message) => say(`${message.startsWith('mode collapse') ? 'collapse' : 'overpowers'}_${recipe === 'seed' ? 'seed' : 'others'}`));
      if (lines.join() !== [...named.children].map(({ textContent }) => textContent).join()) {
        named.replaceChildren(...lines.map((textContent) => make('li', { textContent })));
      }
    },
  };
}

/** Why the GPU takes no steps: what `trainer-gpu.js` and `trainer-session.js` say of it. @type {readonly [RegExp, string][]} */
const WHYS = [
  [/gives no GPU/, 'gpuNone'],
  [/is a program/, 'gpuProgram'],
  [/MiB in one piece|no room/, 'gpuSmall'],
  [/taken away/, 'gpuLost'],
];

/** Whether the GPU was lost in the middle of the run. @param {import('../trainer.js').Report | undefined} report */
export const isLost = (report) => /taken away/.test(report?.whyCpu ?? '');

/** The same in the language of the page. @param {string} whyCpu */
export function whyWords(whyCpu) {
  if (!whyCpu) return '';
  return say(WHYS.find(([pattern]) => pattern.test(whyCpu))?.[1] ?? 'gpuOther');
}

/** @param {string} key @param {import('../trainer.js').Report} report */
function factOf(key, { step, steps, dLoss, gLoss, dMargin, dAccuracy, stepsPerSecond, secondsLeft, msPerStep, device, deviceName }) {
  if (key === 'step') return say('stepOf', { step, steps });
  if (key === 'device') return device === 'gpu' ? say('onGpu', { name: tame(deviceName) }) : say('onCpu');
  if (msPerStep === 0) return '—';
  switch (key) {
    case 'dLoss':
      return dLoss.toFixed(3);
    case 'gLoss':
      return gLoss.toFixed(3);
    case 'margin':
      return signed(dMargin);
    case 'accuracy':
      return `${Math.round(100 * dAccuracy)} %`;
    case 'pace':
      return stepsPerSecond.toFixed(stepsPerSecond < 10 ? 1 : 0);
    default: {
      const seconds = Math.ceil(secondsLeft);
      return seconds < 60 ? say('seconds', { seconds }) : say('minutes', { minutes: Math.floor(seconds / 60), seconds: seconds % 60 });
    }
  }
}
