// @ts-check
/**
 * Two numbers at once: a map of what lies around, a point on it to drag, and a slider for each way, which the keys reach.
 */

import { axisVector, placed } from '../plane.js';
import { text } from '../strings.js';
import { createTiles } from '../tiles.js';
import { dot } from '../vectors.js';
import { setOptions, setSlider, signed, within } from './dom.js';

/** Tiles a side; odd, so that one lies in the middle. */
const SIDE = 9;
/** Both ways go from -REACH to REACH. */
const REACH = 3;
/** The map is 81 pictures: while something else is dragged it follows at this beat, in ms, and not each frame. */
const BEAT = 160;

/**
 * @param {HTMLElement} root
 * @param {{
 *   onAxes: (x: string, y: string) => void,
 *   onPlace: (z: Float32Array) => void,
 *   onBeat: () => void,
 *   onFailure: (error: unknown) => void,
 * }} callbacks `onBeat`: the map waits to be drawn.
 */
export function createPad(root, { onAxes, onPlace, onBeat, onFailure }) {
  /** @type {HTMLElement} */
  const map = within(root, '.map');
  /** @type {HTMLCanvasElement} */
  const canvas = within(map, 'canvas');
  /** @type {HTMLSelectElement[]} */
  const selects = [within(root, '[data-x]'), within(root, '[data-y]')];
  /** @type {HTMLInputElement[]} */
  const sliders = [within(root, '[data-along-x]'), within(root, '[data-along-y]')];
  const tiles = createTiles(canvas, onFailure);
  let [drawnAt, later] = [-Infinity, 0];
  /** What is on show. @type {{z: Float32Array, axes: [Float32Array, Float32Array]} | undefined} */
  let shown;

  /** @type {{key: string, options: [string, string][]}} */
  let offered = { key: '', options: [] };

  /** The ways to choose from, put together anew only where they are others. @param {number} numbers @param {number} directions */
  function optionsOf(numbers, directions) {
    const name = (/** @type {number} */ i) => text('direction', { number: i + 1 });
    const key = [numbers, directions, name(0)].join();
    if (offered.key === key) return offered.options;
    const found = Array.from({ length: directions }, (_, i) => /** @type {[string, string]} */ ([`d${i}`, name(i)]));
    const single = Array.from({ length: numbers }, (_, i) => /** @type {[string, string]} */ ([`z${i}`, `z[${i}]`]));
    offered = { key, options: [...found, ...single] };
    return offered.options;
  }

  const go = (/** @type {number} */ x, /** @type {number} */ y) => shown && onPlace(placed(shown.z, shown.axes, x, y));
  for (const select of selects) select.addEventListener('change', () => onAxes(selects[0].value, selects[1].value));
  for (const [i, slider] of sliders.entries()) {
    slider.addEventListener('input', () => {
      if (!shown) return;
      const place = shown.axes.map((axis) => dot(axis, shown?.z ?? []));
      place[i] = slider.valueAsNumber;
      go(place[0], place[1]);
    });
  }
  map.addEventListener('pointerdown', (event) => {
    map.setPointerCapture(event.pointerId);
    follow(event);
  });
  map.addEventListener('pointermove', (event) => map.hasPointerCapture(event.pointerId) && follow(event));

  function follow(/** @type {PointerEvent} */ { clientX, clientY }) {
    const box = canvas.getBoundingClientRect();
    const along = (/** @type {number} */ offset, /** @type {number} */ size) =>
      Math.round(100 * REACH * (2 * Math.min(1, Math.max(0, offset / size)) - 1)) / 100;
    go(along(clientX - box.left, box.width), along(clientY - box.top, box.height));
  }

  return {
    /**
     * @param {import('../state.js').State} state
     * @param {import('../blending.js').Drawer} generator
     * @param {readonly Float32Array[]} [found] The directions of the model, once they are found: until then the map is a makeshift.
     */
    show({ z, pad }, generator, found) {
      const directions = found ?? [];
      // Until it is drawn along them.
      if (!found) map.setAttribute('aria-busy', 'true');
      const options = optionsOf(z.length, directions.length);
      // Another model may have fewer numbers.
      const known = (/** @type {string} */ name, /** @type {string} */ other) => (axisVector(name, z.length, directions) ? name : other);
      const axes = [known(pad.x, 'z0'), known(pad.y, z.length > 1 ? 'z1' : 'z0')];
      const vectors = axes.map((axis) => axisVector(axis, z.length, directions) ?? new Float32Array(z.length));
      shown = { z, axes: [vectors[0], vectors[1]] };
      const place = vectors.map((axis) => dot(axis, z));
      const titles = axes.map((axis) => options.find(([name]) => name === axis)?.[1] ?? axis);
      let areNew = false;
      for (const i of [0, 1]) {
        areNew ||= setOptions(selects[i], options);
        selects[i].value = axes[i];
        sliders[i].setAttribute('aria-label', `${text(i ? 'padY' : 'padX')}: ${titles[i]}`);
        setSlider(sliders[i], place[i], signed(place[i]));
        const offset = Math.min(1, Math.max(0, (place[i] / REACH + 1) / 2));
        map.style.setProperty(i ? '--down' : '--across', String(offset));
      }
      canvas.setAttribute('aria-label', text('map', { x: titles[0], y: titles[1] }));
      clearTimeout(later);
      // A long list is work enough for one frame.
      if (areNew) return onBeat();
      const wait = BEAT - (performance.now() - drawnAt);
      if (wait > 0) {
        later = setTimeout(onBeat, wait);
        return;
      }
      if (tiles.draw(generator, mapZ(shown), SIDE)) drawnAt = performance.now();
      if (found) map.removeAttribute('aria-busy');
    },
  };
}

/**
 * The vectors at the middles of the tiles: z with its two places put to 0, and from there all over the plane, so that the
 * map stays the same while z moves within it.
 * @param {{z: Float32Array, axes: [Float32Array, Float32Array]}} shown
 */
function mapZ({ z, axes }) {
  const foot = placed(z, axes, 0, 0);
  const all = new Float32Array(SIDE * SIDE * z.length);
  const at = (/** @type {number} */ i) => REACH * ((2 * i + 1) / SIDE - 1);
  for (let tile = 0; tile < SIDE * SIDE; tile++) {
    all.set(placed(foot, axes, at(tile % SIDE), at(Math.floor(tile / SIDE))), tile * z.length);
  }
  return all;
}
