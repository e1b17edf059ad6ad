// @ts-check
/** Finding elements that the page is known to have, making new ones, and setting sliders. */

/** @param {string} id @returns {any} The element; typed by whoever takes it. */
export function byId(id) {
  return within(document, `#${id}`);
}

/**
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {any} The first match; typed by whoever takes it.
 */
export function within(root, selector) {
  const element = root.querySelector(selector);
  if (!element) throw new Error(`the page has no ${selector}`);
  return element;
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Partial<HTMLElementTagNameMap[Tag]>} [properties]
 * @param {(Node | string)[]} [children]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, properties = {}, children = []) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** A number as the page writes it: two decimals and a true minus sign. */
export function signed(/** @type {number} */ value) {
  return value.toFixed(2).replace('-0.00', '0.00').replace('-', '−');
}

/** A share as the page writes it: per cent, without its sign. */
export function percent(/** @type {number} */ share) {
  return (100 * share).toFixed(share < 0.1 ? 1 : 0);
}

/**
 * Moves a slider to a value, tells the style sheet how far that is, and says it in words.
 * @param {HTMLInputElement} slider
 * @param {number} value
 * @param {string} words
 */
export function setSlider(slider, value, words) {
  // Not while it is dragged: what is written back would be the value it has.
  if (Math.fround(slider.valueAsNumber) !== Math.fround(value)) slider.value = String(value);
  const [min, max] = [Number(slider.min), Number(slider.max)];
  const at = String((slider.valueAsNumber - min) / (max - min));
  if (slider.style.getPropertyValue('--at') !== at) slider.style.setProperty('--at', at);
  if (slider.getAttribute('aria-valuetext') !== words) slider.setAttribute('aria-valuetext', words);
}

/** What is in a list: as it was given, and in words. @type {WeakMap<HTMLSelectElement, {options: unknown, words: string}>} */
const written = new WeakMap();

/** Options of a list, written only when they are others. @param {HTMLSelectElement} select @param {[string, string][]} options @returns {boolean} Whether they are. */
export function setOptions(select, options) {
  // Reading a long list from the document takes a while, and so does writing it anew in each frame.
  const before = written.get(select);
  if (before?.options === options) return false;
  const words = options.map((option) => option.join(' ')).join();
  written.set(select, { options, words });
  if (before?.words === words) return false;
  select.replaceChildren(...options.map(([value, text]) => make('option', { value, text })));
  return true;
}

/** With a capital letter and a full stop, as messages of programs have neither. */
export function sentence(/** @type {string} */ text) {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
