// @ts-check
/** Both losses over the steps, as two lines. */

import { make } from '../controls/dom.js';
import { setText } from '../strings.js';
import { say } from './words.js';

const SVG = 'http://www.w3.org/2000/svg';
const [WIDTH, HEIGHT] = [300, 90];
/** Points of a line; when there are more, two neighbours become one. */
const MOST = 300;
/** The share of losses that the drawing is high enough for. */
const USUAL = 0.95;

export function createCurves() {
  /** @type {{step: number, d: number, g: number}[]} */
  let points = [];
  let steps = 1;
  const drawing = document.createElementNS(SVG, 'svg');
  drawing.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  drawing.setAttribute('preserveAspectRatio', 'none');
  drawing.setAttribute('role', 'img');
  drawing.setAttribute('aria-label', say('curves', { d: '—', g: '—' }));
  const lines = ['detective', 'forger'].map((className) => {
    const line = document.createElementNS(SVG, 'polyline');
    line.setAttribute('class', className);
    drawing.append(line);
    return line;
  });
  const [ofD, ofG, top] = [make('span', { className: 'detective' }), make('span', { className: 'forger' }), make('span', { className: 'top' })];
  const legend = make('p', { className: 'curves-legend' }, [ofD, ' ', ofG, ' ', top]);
  legend.setAttribute('aria-hidden', 'true');
  const root = make('figure', { className: 'curves', hidden: true }, [drawing, legend]);

  return {
    root,
    clear() {
      points = [];
    },
    /** @param {import('../trainer.js').Report} report */
    add(report) {
      if (report.msPerStep === 0) return;
      steps = report.steps;
      points.push({ step: report.step, d: report.dLoss, g: report.gLoss });
      if (points.length > MOST) points = points.filter((_, i) => i % 2 === 1);
    },
    show() {
      root.hidden = points.length < 2;
      if (root.hidden) return;
      // The first steps may lie far above all others.
      const sorted = points.flatMap(({ d, g }) => [d, g]).sort((a, b) => a - b);
      const most = Math.max(1, 1.2 * sorted[Math.floor(USUAL * (sorted.length - 1))]);
      const at = (/** @type {number} */ step, /** @type {number} */ loss) => `${((WIDTH * step) / steps).toFixed(1)},${(HEIGHT - 1 - ((HEIGHT - 2) * Math.min(loss, most)) / most).toFixed(1)}`;
      lines[0].setAttribute('points', points.map(({ step, d }) => at(step, d)).join(' '));
      lines[1].setAttribute('points', points.map(({ step, g }) => at(step, g)).join(' '));
      const last = points[points.length - 1];
      drawing.setAttribute('aria-label', say('curves', { d: last.d.toFixed(2), g: last.g.toFixed(2) }));
      setText(ofD, say('curveD'));
      setText(ofG, say('curveG'));
      setText(top, say('curvesTop', { most: most.toFixed(1) }));
    },
  };
}
