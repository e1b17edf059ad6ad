// @ts-check
/**
 * The network as it is: the cells of each layer, lit as strongly as the z on show lights them, the number of weights between one
 * layer and the next, and what the busiest cells of the last but one add to the picture.
 */

import { busiest, layersOf, lit, sent } from '../layers.js';
import { currentLanguage, setText, text } from '../strings.js';
import { make, within } from './dom.js';

/** Cells whose share of the picture is shown. */
const BUSIEST = 8;
/** A number of z that is as large as this is lit all it can be. */
const BRIGHT_Z = 3;
/** A cell that is lit less than this, of what the brightest of its layer ever was, counts as dark. */
const DARK = 0.05;
/** About how many times as wide as high a layer is drawn. */
const FLAT = 8;

/** @typedef {import('../forger.js').Generator} Generator */
/** @typedef {{canvas: HTMLCanvasElement, caption: HTMLElement}} Strip */

/** @param {HTMLElement} root @param {() => void} onScheme The colours of the page have changed. */
export function createInside(root, onScheme) {
  /** @type {HTMLElement} */
  const list = within(root, '[data-layers]');
  /** @type {HTMLElement} */
  const cells = within(root, '[data-cells]');
  /** What was found in each model. @type {WeakMap<Generator, import('../layers.js').Layer[] | false>} */
  const known = new WeakMap();
  /** @type {{generator: Generator | undefined, language: string, strips: Strip[], shares: Strip[], most: number[]}} */
  let built = { generator: undefined, language: '', strips: [], shares: [], most: [] };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', onScheme);

  /** @param {Generator} generator */
  function find(generator) {
    const found = known.get(generator) ?? layersOf(generator.file) ?? false;
    known.set(generator, found);
    return found;
  }

  const strip = (/** @type {string} */ className) => {
    const canvas = make('canvas');
    canvas.setAttribute('role', 'img');
    const caption = make('figcaption');
    return { canvas, caption, figure: make('figure', { className }, [make('div', { className: 'paper' }, [canvas]), caption]) };
  };

  /** @param {Generator} generator @param {readonly import('../layers.js').Layer[]} layers */
  function build(generator, layers) {
    const strips = layers.map(() => strip('layer'));
    const items = strips.map(({ figure }, place) => {
      const { inputs, outputs } = layers[place];
      const weights = make('p', { className: 'weights', textContent: text('insideWeights', { count: (inputs * outputs).toLocaleString(currentLanguage()) }) });
      return make('li', {}, [figure, weights]);
    });
    list.replaceChildren(...items);
    const shares = layers.length > 1 ? Array.from({ length: Math.min(BUSIEST, layers[layers.length - 1].inputs) }, () => strip('share')) : [];
    cells.replaceChildren(...shares.map(({ figure }) => make('li', {}, [figure])));
    const most = built.generator === generator ? built.most : layers.map(() => 0);
    built = { generator, language: currentLanguage(), strips, shares, most };
  }

  return {
    /** @param {Generator} generator @param {Float32Array} z Of the picture on show. */
    show(generator, z) {
      const layers = find(generator);
      const isDrawn = layers !== false && layers[layers.length - 1].outputs === generator.imageShape.reduce((a, b) => a * b);
      within(root, '[data-chain]').hidden = !isDrawn;
      within(root, '[data-none]').hidden = isDrawn;
      if (!isDrawn) return;
      if (built.generator !== generator || built.language !== currentLanguage()) build(generator, layers);
      const colours = coloursOf(list);
      const values = [z, ...lit(layers, z)];
      for (const [place, { canvas, caption }] of built.strips.entries()) {
        const now = values[place];
        const top = now.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        // Of all that was seen, so that a layer that dims is seen to dim.
        const scale = place === 0 ? BRIGHT_Z : (built.most[place] = Math.max(built.most[place], top));
        paintCells(canvas, now, columnsOf(now.length), scale, colours);
        const count = now.reduce((sum, value) => sum + Number(Math.abs(value) > DARK * scale), 0);
        const words = place === 0 ? text('insideZ', { count: now.length }) : text('insideLayer', { number: place, cells: now.length, count });
        setText(caption, words);
        if (canvas.getAttribute('aria-label') !== words) canvas.setAttribute('aria-label', words);
      }
      showShares(layers[layers.length - 1], values[layers.length - 1], generator.imageShape, colours);
    },
  };

  /** @param {import('../layers.js').Layer} last @param {Float32Array} values @param {readonly number[]} shape @param {Colours} colours */
  function showShares(last, values, [channels, height, width], colours) {
    within(root, '[data-share]').hidden = channels !== 1 || built.shares.length === 0;
    if (channels !== 1 || built.shares.length === 0) return;
    // By their numbers, so that a cell that stays among them stays in its place as long as it can.
    const chosen = busiest(last, values, built.shares.length).sort((a, b) => a - b);
    const pictures = chosen.map((cell) => sent(last, cell, values[cell]));
    const scale = pictures.reduce((most, picture) => picture.reduce((top, value) => Math.max(top, Math.abs(value)), most), 1e-6);
    for (const [place, { canvas, caption }] of built.shares.entries()) {
      paintCells(canvas, pictures[place], width, scale, colours, height);
      const words = text('insideCell', { number: chosen[place] + 1 });
      setText(caption, words);
      if (canvas.getAttribute('aria-label') !== words) canvas.setAttribute('aria-label', words);
    }
  }
}

/** @typedef {{more: number[], less: number[]}} Colours Red, green, blue of what is above and below nought. */

/** @param {HTMLElement} element @returns {Colours} Of the page, in the scheme that it has now. */
function coloursOf(element) {
  const { color, outlineColor } = getComputedStyle(element);
  const numbers = (/** @type {string} */ colour) => (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
  return { more: numbers(color), less: numbers(outlineColor) };
}

/** So many cells a row that the last row is full, if that can be. @param {number} count */
function columnsOf(count) {
  const wish = Math.sqrt(FLAT * count);
  const full = Array.from({ length: count }, (_, i) => i + 1).filter((columns) => count % columns === 0 && columns > wish / 2 && columns < 2 * wish);
  return full.sort((a, b) => Math.abs(a - wish) - Math.abs(b - wish))[0] ?? Math.ceil(wish);
}

/**
 * A pixel a cell: the more it is lit, the less of the paper is seen through it.
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array} values
 * @param {number} columns
 * @param {number} scale What is lit all it can be.
 * @param {Colours} colours
 * @param {number} [rows]
 */
function paintCells(canvas, values, columns, scale, { more, less }, rows = Math.ceil(values.length / columns)) {
  if (canvas.width !== columns || canvas.height !== rows) Object.assign(canvas, { width: columns, height: rows });
  const image = new ImageData(columns, rows);
  for (const [i, value] of values.entries()) {
    image.data.set(value < 0 ? less : more, 4 * i);
    image.data[4 * i + 3] = 255 * Math.min(1, Math.abs(value) / (scale || 1));
  }
  canvas.getContext('2d')?.putImageData(image, 0, 0);
}
