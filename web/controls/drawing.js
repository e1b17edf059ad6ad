// @ts-check
/** Paper to draw on, with a finger, a pen or the mouse. What was drawn is told after each stroke. */

import { PEN } from '../forging/ink.js';
import { within } from './dom.js';

/** Pixels a side of the paper, whatever size it is shown at. */
const SIDE = 280;
/** How wide the pen is while one draws. */
const NIB = 20;
/** The narrowest and widest pen that a drawing is made anew with, for dots and for strokes across the whole paper. */
const [NARROW, WIDE] = [6, 34];

/** @typedef {[number, number]} Point In pixels of the paper. */

/**
 * @param {HTMLElement} root
 * @param {{onDrawing: (drawing: import('../forging/ink.js').Drawing | undefined) => void, onStroke: () => void}} callbacks
 *   `onDrawing` after each stroke, with undefined when the paper was cleared; `onStroke` when one begins.
 */
export function createDrawing(root, { onDrawing, onStroke }) {
  /** @type {HTMLCanvasElement} */
  const canvas = within(root, 'canvas');
  Object.assign(canvas, { width: SIDE, height: SIDE });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  /** @type {Point[][]} */
  let strokes = [];
  /** The one pointer that draws: a second finger, or the ball of the hand, does not. @type {number | undefined} */
  let pointer;

  const at = (/** @type {PointerEvent} */ { clientX, clientY }) => {
    const box = canvas.getBoundingClientRect();
    return /** @type {Point} */ ([((clientX - box.left) * SIDE) / box.width, ((clientY - box.top) * SIDE) / box.height]);
  };
  canvas.addEventListener('pointerdown', (event) => {
    if (pointer !== undefined || event.button !== 0) return;
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer);
    strokes.push([at(event)]);
    onStroke();
    show();
  });
  canvas.addEventListener('pointermove', (event) => {
    if (event.pointerId !== pointer) return;
    // All that the pen went through since the last frame, so that a quick stroke stays round.
    const events = event.getCoalescedEvents?.() ?? [];
    strokes[strokes.length - 1].push(...(events.length ? events : [event]).map(at));
    show();
  });
  canvas.addEventListener('pointerup', end);
  canvas.addEventListener('pointercancel', end);

  function end(/** @type {PointerEvent} */ event) {
    if (event.pointerId !== pointer) return;
    pointer = undefined;
    onDrawing(inkOf(strokes));
  }

  function show() {
    root.classList.toggle('empty', strokes.length === 0);
    context.clearRect(0, 0, SIDE, SIDE);
    draw(context, strokes, NIB);
  }

  return {
    isEmpty: () => strokes.length === 0,
    /** A clean sheet. */
    clear() {
      strokes = [];
      pointer = undefined;
      show();
      onDrawing(undefined);
    },
    /** Shows ink that was not drawn here, in place of what was. @param {import('../forging/ink.js').Drawing} drawing */
    showInk({ width, height, ink }) {
      strokes = [];
      show();
      root.classList.remove('empty');
      const image = new ImageData(width, height);
      for (const [i, value] of ink.entries()) image.data.set([255, 255, 255, Math.round(255 * value)], 4 * i);
      const small = new OffscreenCanvas(width, height);
      small.getContext('2d')?.putImageData(image, 0, 0);
      const scale = SIDE / Math.max(width, height);
      context.drawImage(small, (SIDE - scale * width) / 2, (SIDE - scale * height) / 2, scale * width, scale * height);
    },
    label: (/** @type {string} */ words) => canvas.setAttribute('aria-label', words),
  };
}

/** Strokes in white on nothing. @param {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} context @param {Point[][]} strokes @param {number} nib */
function draw(context, strokes, nib) {
  Object.assign(context, { lineCap: 'round', lineJoin: 'round', lineWidth: nib, strokeStyle: '#fff' });
  for (const points of strokes) {
    const [first, ...rest] = points;
    context.beginPath();
    context.moveTo(...first);
    // Through the middles between points, with the points as handles: the corners of a polygon would show.
    for (const [i, point] of rest.entries()) {
      const next = rest[i + 1] ?? point;
      context.quadraticCurveTo(...point, (point[0] + next[0]) / 2, (point[1] + next[1]) / 2);
    }
    // A dot.
    if (rest.length === 0) context.lineTo(...first);
    context.stroke();
  }
}

/**
 * The strokes drawn anew with a pen that, once they are scaled, is as wide as MNIST's: a small digit would else come out fat,
 * a large one thin.
 * @param {Point[][]} strokes
 * @returns {import('../forging/ink.js').Drawing}
 */
function inkOf(strokes) {
  const points = strokes.flat();
  const length = (/** @type {0 | 1} */ axis) => {
    const along = points.map((point) => point[axis]);
    return along.reduce((a, b) => Math.max(a, b)) - along.reduce((a, b) => Math.min(a, b));
  };
  // The pen is a share of the whole, its own width included.
  const nib = Math.min(WIDE, Math.max(NARROW, (Math.max(length(0), length(1)) * PEN) / (1 - PEN)));
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(SIDE, SIDE).getContext('2d'));
  draw(context, strokes, nib);
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  return { width: SIDE, height: SIDE, ink: Float32Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i + 3] / 255) };
}
