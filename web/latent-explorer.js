// @ts-check
/**
 * `<latent-explorer src="gen.onnx">`: a generator's picture with a slider for z[0] and a sweep, in any page, by one script tag:
 *
 *     <script type="module" src="latent-explorer.js"></script>
 *     <latent-explorer src="gen.onnx"></latent-explorer>
 *
 * Attributes:
 *   `src`       the model's address as seen from the page
 *   `seed`      which latent vector it begins with, 1 if not given
 *   `class`     of a model that is told one: the name of a class, or its number, among whatever else is in it; the first if not given
 *   `controls`  of `slider`, `sweep` and `new`, those that are wanted; `slider sweep` if not given, the empty text for none
 *   `theme`     `light` or `dark`; if not given, as the reader's system has it
 *   `loading`   `eager`: at once, and not only when it comes near to being seen
 *   `lang`      `en` or `ko`; if not given, as of the element around it
 *
 * Style: the custom properties `--explorer-size`, `--explorer-accent`, `--explorer-gap`, and the parts `paper`, `picture`, `label`,
 * `slider`, `output`, `button`, `message`. Property: `generator`, once the event `load` has told that it is there. `error` tells of a
 * model that cannot be shown, with what to do about it.
 *
 * Nothing moves until a reader asks for it. The controls are the browser's own, so keyboard and screen readers work as everywhere.
 */

import { Generator } from './forger.js';
import { sampleZ } from './philox.js';
import { paint } from './pixels.js';
import { FRAMES, frameOfZ0, z0OfFrame } from './sweep.js';

const [LEAST, MOST, STEP] = [-3, 3, 0.02];
const FRAMES_A_SECOND = 25;

const STYLE = `
  :host {
    display: inline-grid;
    gap: var(--explorer-gap, 0.5rem);
    inline-size: var(--explorer-size, 14rem);
    max-inline-size: 100%;
    box-sizing: border-box;
    padding: 0.5rem;
    vertical-align: top;
    font: 1rem/1.4 ui-sans-serif, system-ui, sans-serif;
    color: var(--ink);
    background: var(--ground);
    border-radius: 0.75rem;
    --ground: #f3efe6;
    --paper: #fdfbf5;
    --ink: #1d1b18;
    --line: #877e6d;
    --accent: var(--explorer-accent, #b3361b);
    --turn: invert(1);
    --blend: multiply;
    color-scheme: light;
  }
  :host([theme='dark']) { --ground: #15161a; --paper: #0b0c0f; --ink: #eceae4; --line: #7d8089; --accent: var(--explorer-accent, #ff8a66); --turn: none; --blend: screen; color-scheme: dark; }
  @media (prefers-color-scheme: dark) {
    :host(:not([theme='light'])) { --ground: #15161a; --paper: #0b0c0f; --ink: #eceae4; --line: #7d8089; --accent: var(--explorer-accent, #ff8a66); --turn: none; --blend: screen; color-scheme: dark; }
  }
  :host([hidden]), [hidden] { display: none; }
  .paper { display: grid; background: var(--paper); border: 1px solid var(--line); border-radius: 0.5rem; overflow: hidden; container-type: inline-size; }
  .paper > * { grid-area: 1 / 1; }
  canvas { inline-size: 100%; aspect-ratio: 1; image-rendering: pixelated; filter: var(--turn); mix-blend-mode: var(--blend); }
  canvas.colour { filter: none; mix-blend-mode: normal; }
  canvas.empty { visibility: hidden; }
  .idle { place-self: center; font: 600 60cqi/1 Georgia, serif; opacity: 0.15; }
  label { display: grid; grid-template-columns: auto 1fr 3.5em; gap: 0.5em; align-items: center; font-family: ui-monospace, monospace; }
  input { min-inline-size: 0; block-size: 1.75rem; accent-color: var(--accent); }
  output { text-align: end; font-variant-numeric: tabular-nums; color: var(--accent); }
  .buttons { display: flex; flex-wrap: wrap; gap: 0.5rem; }
  .buttons:not(:has(button:not([hidden]))) { display: none; }
  button { min-block-size: 2.25rem; padding: 0.2em 0.9em; border: 1px solid var(--line); border-radius: 0.4rem; background: none; color: inherit; font: inherit; font-size: 0.9em; cursor: pointer; }
  :disabled { opacity: 0.45; cursor: default; }
  :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
  p { margin: 0; font-size: 0.9em; overflow-wrap: anywhere; }
`;

/** The element's own few words, in English and Korean. */
const WORDS = {
  loading: ['Loading the generator …', '생성기를 불러오는 중…'],
  play: ['Play the sweep', '훑어보기 재생'],
  pause: ['Pause the sweep', '훑어보기 멈춤'],
  another: ['New digit', '새 숫자'],
  waiting: ['generated picture, loading', '만든 그림, 불러오는 중'],
  picture: ['generated picture at z[0] = {value}', '만든 그림, z[0] = {value}'],
  none: ['no picture', '그림 없음'],
  failed: ['', '그림을 보여 줄 수 없습니다. '],
};
/** How far below what is seen a model is loaded already. */
const NEAR = '300px';

export class LatentExplorer extends HTMLElement {
  static observedAttributes = ['src', 'seed', 'class', 'controls', 'lang'];

  /** What draws, once it is loaded. @type {Generator | undefined} */
  generator;

  #canvas = make('canvas', { part: 'picture', role: 'img', class: 'empty' });
  #idle = make('span', { class: 'idle', 'aria-hidden': 'true' }, '8');
  #slider = make('input', { part: 'slider', type: 'range', min: LEAST, max: MOST, step: STEP, value: 0, disabled: '' });
  #output = make('output', { part: 'output' }, '0.00');
  #label = make('label', { part: 'label' }, 'z[0]');
  #button = make('button', { part: 'button', type: 'button', disabled: '' });
  #another = make('button', { part: 'button', type: 'button', disabled: '' });
  #message = make('p', { part: 'message', role: 'status' });
  /** Tells when the element comes near to being seen; until then nothing is loaded. */
  #sight = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && this.#seen(), { rootMargin: NEAR });
  /** Whether its model may be loaded. */
  #wanted = false;
  /** What went wrong. @type {unknown} */
  #failure;
  #seed = 1;
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
    const paper = make('div', { part: 'paper', class: 'paper' });
    paper.append(this.#canvas, this.#idle);
    this.#label.append(this.#slider, this.#output);
    const buttons = make('div', { class: 'buttons' });
    buttons.append(this.#button, this.#another);
    root.append(paper, this.#label, buttons, this.#message);
    this.#slider.addEventListener('input', () => {
      this.#play(false);
      this.#setZ0(Number(this.#slider.value));
    });
    this.#button.addEventListener('click', () => this.#play(!this.#playing));
    this.#another.addEventListener('click', () => {
      this.#play(false);
      this.#start(this.#seed + 1);
    });
  }

  connectedCallback() {
    this.#offer();
    this.#speak();
    if (this.getAttribute('loading') === 'eager') this.#seen();
    else this.#sight.observe(this);
  }

  disconnectedCallback() {
    this.#sight.disconnect();
    this.#play(false);
  }

  #seen() {
    this.#sight.disconnect();
    if (this.#wanted) return;
    this.#wanted = true;
    this.#load(this.getAttribute('src'));
  }

  /** @param {string} name @param {string | null} old @param {string | null} value */
  attributeChangedCallback(name, old, value) {
    if (old === value || !this.isConnected) return;
    if (name === 'controls') this.#offer();
    else if (name === 'lang') this.#speak();
    else if (name === 'seed') this.#start(this.#firstSeed());
    else if (name === 'class') this.#choose();
    else if (this.#wanted) this.#load(value);
  }

  /** Shows the controls that are asked for, and no others. */
  #offer() {
    const asked = (this.getAttribute('controls') ?? 'slider sweep').split(/\s+/);
    this.#label.hidden = !asked.includes('slider');
    this.#button.hidden = !asked.includes('sweep');
    this.#another.hidden = !asked.includes('new');
  }

  /** Says everything anew, in the language of its place. */
  #speak() {
    this.#button.textContent = this.#word(this.#playing ? 'pause' : 'play');
    this.#another.textContent = this.#word('another');
    if (!this.generator && !this.#failure) {
      this.#message.textContent = this.#word('loading');
      this.#canvas.setAttribute('aria-label', this.#word('waiting'));
    }
    if (this.#failure) this.#tellFailure();
    else if (this.generator) this.#describe();
  }

  /** @param {keyof typeof WORDS} key */
  #word(key) {
    const language = this.closest('[lang]')?.getAttribute('lang') ?? '';
    return WORDS[key][/^ko/i.test(language) ? 1 : 0];
  }

  /** @param {string | null} source */
  async #load(source) {
    const load = ++this.#loads;
    this.#play(false);
    this.generator?.free();
    this.generator = this.#failure = undefined;
    this.#slider.disabled = this.#button.disabled = this.#another.disabled = true;
    if (source === null) return;
    this.#message.hidden = false;
    this.#speak();
    try {
      const generator = await Generator.load(source);
      if (load !== this.#loads) return generator.free();
      this.generator = this.#ofClass(generator);
      this.#slider.disabled = this.#button.disabled = this.#another.disabled = false;
      this.#message.hidden = true;
      this.#canvas.classList.toggle('colour', generator.imageShape[0] === 3);
      this.#start(this.#firstSeed());
      this.dispatchEvent(new Event('load'));
    } catch (error) {
      if (load === this.#loads) this.#fail(error);
    }
  }

  /**
   * The same model, drawing the class that the attribute names. Style sheets have their words in it too: a number is meant for the
   * model, and must be one of its classes.
   * @param {Generator} generator
   */
  #ofClass(generator) {
    if (!generator.classes) return generator;
    const words = (this.getAttribute('class') ?? '').split(/\s+/);
    const named = words.map((word) => generator.classes?.indexOf(word) ?? -1).find((place) => place >= 0);
    const number = words.find((word) => /^\d+$/.test(word));
    return generator.ofClass(named ?? Number(number ?? 0));
  }

  #choose() {
    const { generator } = this;
    if (!generator) return;
    try {
      this.generator = this.#ofClass(generator);
      this.#setZ0(this.#z[0]);
    } catch (error) {
      this.#fail(error);
    }
  }

  #firstSeed() {
    const seed = Number(this.getAttribute('seed') ?? 1);
    return Number.isSafeInteger(seed) && seed >= 0 ? seed : 1;
  }

  /** Begins with the latent vector of a seed. @param {number} seed */
  #start(seed) {
    this.#seed = seed;
    if (!this.generator) return;
    this.#z = sampleZ(seed, 1, this.generator.latentSize);
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
      this.#canvas.classList.remove('empty');
      this.#idle.hidden = true;
      this.#describe(value);
    } catch (error) {
      if (generator === this.generator) this.#fail(error);
    }
  }

  /** @param {boolean} playing */
  #play(playing) {
    if (playing === this.#playing) return;
    this.#playing = playing;
    this.#button.textContent = this.#word(playing ? 'pause' : 'play');
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

  #describe(value = this.#z[0]) {
    this.#canvas.setAttribute('aria-label', this.#word('picture').replace('{value}', value.toFixed(2)));
  }

  /** @param {unknown} error */
  #fail(error) {
    this.#play(false);
    this.#failure = error;
    this.#slider.disabled = this.#button.disabled = this.#another.disabled = true;
    this.#tellFailure();
    const message = error instanceof Error ? error.message : String(error);
    this.dispatchEvent(new ErrorEvent('error', { error, message }));
  }

  /** What is wrong, for a reader; what to do about it is for whoever made the page, and hears of it by the event. */
  #tellFailure() {
    const english = make('span', { lang: 'en' }, `${this.#failure instanceof Error ? this.#failure.message : this.#failure}.`);
    this.#message.replaceChildren(this.#word('failed'), english);
    this.#message.hidden = false;
    this.#canvas.setAttribute('aria-label', this.#word('none'));
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

// Twice on a page, by two paths or two versions of a bundle, is no fault of the page's.
if (!customElements.get('latent-explorer')) customElements.define('latent-explorer', LatentExplorer);
