// @ts-check
/**
 * `<latent-explorer src="gen.onnx">`: a generator's picture with a slider for z[0] and a sweep, in any page, by one script tag:
 *
 *     <script type="module" src="latent-explorer.js"></script>
 *     <latent-explorer src="gen.onnx"></latent-explorer>
 *
 * Attributes: `src`, an address as seen from the page; `seed`, which latent vector it begins with (1 if not given). Style: the
 * custom properties `--explorer-size`, `--explorer-accent`, `--explorer-gap`, and the parts `picture`, `slider`, `button`.
 * Property: `generator`, once the event `load` has told that it is there. `error` tells of a model that cannot be shown.
 *
 * The controls are the browser's own, so keyboard and screen readers work as everywhere.
 */

import { ForgerError, Generator } from './forger.js';
import { sampleZ } from './philox.js';
import { paint } from './pixels.js';
import { FRAMES, frameOfZ0, z0OfFrame } from './sweep.js';

const [LEAST, MOST, STEP] = [-3, 3, 0.02];
const FRAMES_A_SECOND = 25;

const STYLE = `
  :host { display: inline-grid; gap: var(--explorer-gap, 0.5rem); inline-size: var(--explorer-size, 14rem); max-inline-size: 100%; }
  :host([hidden]) { display: none; }
  canvas { inline-size: 100%; aspect-ratio: 1; background: #000; image-rendering: pixelated; }
  label { display: grid; grid-template-columns: auto 1fr 3.5em; gap: 0.5em; align-items: center; }
  input { min-inline-size: 0; accent-color: var(--explorer-accent, auto); }
  output { text-align: end; font-variant-numeric: tabular-nums; }
  p { margin: 0; }
  [hidden] { display: none; }
`;

export class LatentExplorer extends HTMLElement {
  static observedAttributes = ['src', 'seed'];

  /** What draws, once it is loaded. @type {Generator | undefined} */
  generator;

  #canvas = make('canvas', { part: 'picture', role: 'img', 'aria-label': 'generated picture, loading' });
  #slider = make('input', { part: 'slider', type: 'range', min: LEAST, max: MOST, step: STEP, value: 0, disabled: '' });
  #output = make('output', {}, '0.00');
  #button = make('button', { part: 'button', type: 'button', disabled: '' }, 'Play the sweep');
  #message = make('p', { part: 'message', role: 'status' }, 'Loading the generator …');
  /** @type {Float32Array} */
  #z = new Float32Array(0);
  #scheduled = false;
  #playing = false;
  /** Counted up with each `src`, so that what comes late is known for old. */
  #loads = 0;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    const label = make('label', {}, 'z[0]');
    label.append(this.#slider, this.#output);
    root.append(this.#canvas, label, this.#button, this.#message);
    this.#slider.addEventListener('input', () => {
      this.#play(false);
      this.#setZ0(Number(this.#slider.value));
    });
    this.#button.addEventListener('click', () => this.#play(!this.#playing));
  }

  disconnectedCallback() {
    this.#play(false);
  }

  /** @param {string} name @param {string | null} old @param {string | null} value */
  attributeChangedCallback(name, old, value) {
    if (old === value) return;
    if (name === 'src') this.#load(value);
    else if (this.generator) this.#start(this.generator);
  }

  /** @param {string | null} source */
  async #load(source) {
    const load = ++this.#loads;
    this.#play(false);
    this.generator?.free();
    this.generator = undefined;
    this.#slider.disabled = this.#button.disabled = true;
    if (source === null) return;
    this.#message.hidden = false;
    this.#message.textContent = 'Loading the generator …';
    try {
      const generator = await Generator.load(source);
      if (load !== this.#loads) return generator.free();
      this.generator = generator;
      this.#slider.disabled = this.#button.disabled = false;
      this.#message.hidden = true;
      this.#start(generator);
      this.dispatchEvent(new Event('load'));
    } catch (error) {
      if (load === this.#loads) this.#fail(error);
    }
  }

  /** Begins with the latent vector of the seed. @param {Generator} generator */
  #start(generator) {
    const seed = Number(this.getAttribute('seed') ?? 1);
    this.#z = sampleZ(Number.isSafeInteger(seed) && seed >= 0 ? seed : 1, 1, generator.latentSize);
    this.#setZ0(Math.min(MOST, Math.max(LEAST, this.#z[0])));
  }

  /** @param {number} value */
  #setZ0(value) {
    this.#z[0] = value;
    this.#slider.value = String(value);
    this.#output.textContent = value.toFixed(2);
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#draw();
    });
  }

  async #draw() {
    const generator = this.generator;
    if (!generator) return;
    try {
      const value = this.#z[0];
      const pixels = await generator.generateAsync(this.#z);
      // A newer one is on its way, or another model.
      if (!pixels || generator !== this.generator) return;
      paint(this.#canvas, pixels, generator.imageShape);
      this.#canvas.setAttribute('aria-label', `generated picture at z[0] = ${value.toFixed(2)}`);
    } catch (error) {
      if (generator === this.generator) this.#fail(error);
    }
  }

  /** @param {boolean} playing */
  #play(playing) {
    if (playing === this.#playing) return;
    this.#playing = playing;
    this.#button.textContent = playing ? 'Pause the sweep' : 'Play the sweep';
    if (!playing) return;
    const first = frameOfZ0(this.#z[0]) ?? 0;
    const start = performance.now();
    const step = (/** @type {number} */ now) => {
      if (!this.#playing) return;
      const passed = Math.max(0, Math.floor(((now - start) * FRAMES_A_SECOND) / 1000));
      this.#setZ0(z0OfFrame((first + passed) % FRAMES));
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  /** @param {unknown} error */
  #fail(error) {
    this.#play(false);
    this.#slider.disabled = this.#button.disabled = true;
    const { message, hint } = error instanceof ForgerError ? error : { message: String(error), hint: '' };
    this.#message.textContent = `${message}. ${hint}`;
    this.#message.hidden = false;
    this.#canvas.setAttribute('aria-label', 'no picture');
    this.dispatchEvent(new ErrorEvent('error', { error, message }));
  }
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number>} attributes
 * @param {string} [text]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
function make(tag, attributes, text = '') {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.textContent = text;
  return element;
}

customElements.define('latent-explorer', LatentExplorer);
