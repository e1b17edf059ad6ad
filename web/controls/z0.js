// @ts-check
/**
 * z[0] three ways, all of them one number: a slider, under it a strip of what it leads to, and the picture itself, which is
 * dragged to and fro. Each tells every value while it is dragged, not only the last.
 *
 * The middle of the strip's first picture lies under the slider's −3, that of its last under 3: the frame on the strip is the
 * picture, and always right under the knob.
 */

import { setText, text } from '../strings.js';
import { createTiles } from '../tiles.js';
import { setSlider, signed, within } from './dom.js';
import { followPointer } from './hold.js';

export const [LEAST, MOST] = [-3, 3];
/** The width of a picture on the strip in CSS pixels: a digit's own, or twice that where there is room for it. */
const TILE = 28;
const ROOMY = 640;
const [FEWEST, MOST_TILES] = [5, 24];

/**
 * @param {HTMLElement} root
 * @param {HTMLElement} picture
 * @param {{
 *   onInput: (value: number) => void,
 *   onPlay: (playing: boolean) => void,
 *   onResize: () => void,
 *   onFailure: (error: unknown) => void,
 * }} callbacks
 */
export function createZ0(root, picture, { onInput, onPlay, onResize, onFailure }) {
  /** @type {HTMLInputElement} */
  const slider = within(root, 'input');
  /** @type {HTMLOutputElement} */
  const output = within(root, 'output');
  /** @type {HTMLButtonElement} */
  const play = within(root, '[data-sway]');
  /** @type {HTMLElement} */
  const strip = within(root, '.strip');
  const tiles = createTiles(within(strip, 'canvas'), onFailure);
  let count = 0;
  let value = 0;
  let playing = false;
  slider.disabled = play.disabled = false;
  slider.addEventListener('input', () => onInput(slider.valueAsNumber));
  play.addEventListener('click', () => onPlay(!playing));
  measure();
  new ResizeObserver(() => {
    const before = count;
    measure();
    if (count !== before && count > 0) onResize();
  }).observe(root);

  // To where the pointer is; the keys have the slider.
  const follow = (/** @type {PointerEvent} */ { clientX }) => {
    const { left, width } = strip.getBoundingClientRect();
    const [first, way] = [left + width / count / 2, width - width / count];
    onInput(limited(LEAST + ((MOST - LEAST) * (clientX - first)) / way));
  };
  followPointer(strip, { onStart: follow, onMove: follow });

  // By as far as the pointer goes: a touch alone changes nothing. Across the picture is from end to end.
  let [from, startX] = [0, 0];
  followPointer(picture, {
    onStart: ({ clientX }) => ([from, startX] = [limited(value), clientX]),
    onMove: ({ clientX }) => {
      if (clientX !== startX) onInput(limited(from + ((MOST - LEAST) * (clientX - startX)) / picture.clientWidth));
    },
  });

  function measure() {
    const size = TILE * (root.clientWidth >= ROOMY ? 2 : 1);
    count = root.clientWidth ? Math.min(MOST_TILES, Math.max(FEWEST, Math.floor(root.clientWidth / size))) : 0;
    root.style.setProperty('--count', String(count));
    root.style.setProperty('--tile', `${size}px`);
  }

  return {
    /**
     * A seed may draw a value beyond the slider's ends: the output tells it, the slider rests at its end.
     * @param {import('../blending.js').Drawer} generator
     * @param {Float32Array} z Of the picture on show.
     * @param {boolean} isPlaying
     */
    show(generator, z, isPlaying) {
      [value, playing] = [z[0], isPlaying];
      setSlider(slider, value, signed(value));
      strip.style.setProperty('--at', slider.style.getPropertyValue('--at'));
      if (output.value !== signed(value)) output.value = signed(value);
      setText(within(root, '[data-of]'), text(z.length === 1 ? 'z0Alone' : 'z0Of', { count: z.length }));
      setText(play, text(playing ? 'pause' : 'play'));
      if (count === 0) return;
      const all = new Float32Array(count * z.length);
      for (let i = 0; i < count; i++) {
        all.set(z, i * z.length);
        all[i * z.length] = LEAST + ((MOST - LEAST) * i) / (count - 1);
      }
      tiles.draw(generator, all, count);
    },
  };
}

/** Within the slider, in its steps. */
const limited = (/** @type {number} */ value) => Math.round(100 * Math.min(MOST, Math.max(LEAST, value))) / 100;
