// @ts-check
/**
 * The network as it is: the cells of each layer, lit as strongly as the z on show lights them, the number of weights between one
 * layer and the next, and what the busiest cells of the last but one add to the picture.
 */

import { between } from '../blending.js';
import { busiest, layersOf, lighting, lit, sent } from '../layers.js';
import { inSlices } from '../slices.js';
import { currentLanguage, setText, text } from '../strings.js';
import { make, within } from './dom.js';

/** Cells whose share of the picture is shown. */
const BUSIEST = 8;
/** Of these, so many are new to a frame: what is painted for the first time takes the browser long. */
const NEW_A_FRAME = 2;
/** A number of z that is as large as this is lit all it can be. */
const BRIGHT_Z = 3;
/** A cell that is lit less than this, of what the brightest of its layer ever was, counts as dark. */
const DARK = 0.05;
/** About how many times as wide as high a layer is drawn. */
const FLAT = 8;
/** Cells between two maps, of nothing but paper. */
const GAP = 1;

/** @typedef {import('../forger.js').Generator} Generator */
/** @typedef {{canvas: HTMLCanvasElement, caption: HTMLElement}} Strip */

/**
 * @param {HTMLElement} root
 * @param {{onChange: () => void, onFailure: (error: unknown) => void}} callbacks `onChange`: there is more to show, or in other colours.
 */
export function createInside(root, { onChange, onFailure }) {
  /** @type {HTMLElement} */
  const list = within(root, '[data-layers]');
  /** @type {HTMLElement} */
  const cells = within(root, '[data-cells]');
  /** What was found in each model; undefined while it is looked at. @type {WeakMap<Generator, {layers: import('../layers.js').Layer[] | false | undefined}>} */
  const known = new WeakMap();
  /** @type {{generator: Generator | undefined, language: string, strips: Strip[], shares: Strip[], painted: number, most: number[]}} */
  let built = { generator: undefined, language: '', strips: [], shares: [], painted: 0, most: [] };
  /** How strongly all cells are lit that are on show. @type {Float32Array[]} */
  let values = [];
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', onChange);

  /** Reads the model, and lights it once in slices: the first time is slow, and none of what comes after. @param {Generator} generator */
  async function find(generator) {
    const entry = { layers: /** @type {import('../layers.js').Layer[] | false | undefined} */ (undefined) };
    known.set(generator, entry);
    await new Promise((resolve) => setTimeout(resolve));
    const layers = layersOf(generator.file, generator.class) ?? false;
    if (layers) {
      await inSlices(lighting(layers, new Float32Array(generator.latentSize)), () => true);
      busiest(layers[layers.length - 1], new Float32Array(layers[layers.length - 1].inputs), 1);
    }
    entry.layers = layers;
    onChange();
  }

  const strip = (/** @type {string} */ className) => {
    const canvas = make('canvas');
    canvas.setAttribute('role', 'img');
    // What it shows is known a frame later.
    canvas.setAttribute('aria-label', text('noPicture'));
    const caption = make('figcaption');
    return { canvas, caption, figure: make('figure', { className }, [make('div', { className: 'paper' }, [canvas]), caption]) };
  };

  /** @param {Generator} generator @param {readonly import('../layers.js').Layer[]} layers */
  function build(generator, layers) {
    const strips = layers.map(() => strip('layer'));
    const items = strips.map(({ figure }, place) => {
      const { length } = layers[place].weight;
      const weights = make('p', { className: 'weights', textContent: text('insideWeights', { count: grouped(length) }) });
      return make('li', {}, [figure, weights]);
    });
    list.replaceChildren(...items);
    const shares = layers.length > 1 ? Array.from({ length: Math.min(BUSIEST, unitsOf(layers[layers.length - 1])) }, () => strip('share')) : [];
    cells.replaceChildren(...shares.map(({ figure }) => make('li', {}, [figure])));
    const most = built.generator === generator ? built.most : layers.map(() => 0);
    built = { generator, language: currentLanguage(), strips, shares, painted: 0, most };
  }

  return {
    /** The rows of cells. @param {Generator} generator @param {Float32Array} z Of the picture on show. @param {import('../mixes.js').Mix} [mix] What lies between classes, if that is on show. */
    showLayers(generator, z, mix) {
      if (!known.has(generator)) find(generator).catch(onFailure);
      const layers = known.get(generator)?.layers;
      if (layers === undefined) return;
      const isDrawn = layers !== false && layers[layers.length - 1].outputs === generator.imageShape.reduce((a, b) => a * b);
      within(root, '[data-chain]').hidden = !isDrawn;
      within(root, '[data-none]').hidden = isDrawn;
      values = [];
      if (!isDrawn) return;
      if (built.generator !== generator || built.language !== currentLanguage()) {
        build(generator, layers);
        // Laying out what is new is work enough for one frame.
        return onChange();
      }
      const colours = coloursOf(list);
      values = [z, ...lit((mix && between(generator, mix)) ?? layers, z)];
      for (const [place, { canvas, caption }] of built.strips.entries()) {
        const now = values[place];
        // Of all that was seen, so that a layer that dims is seen to dim.
        const scale = place === 0 ? BRIGHT_Z : (built.most[place] = Math.max(built.most[place], largest(now)));
        let words = '';
        const shape = place === 0 ? undefined : layers[place - 1].window?.gives;
        const count = litOf(now, shape ? shape[1] * shape[2] : 1, DARK * scale);
        if (shape) {
          const [maps, rows, columns] = shape;
          paintMaps(canvas, now, shape, scale, colours);
          words = text('insideMaps', { number: place, maps, rows, columns, count });
        } else {
          paintCells(canvas, now, columnsOf(now.length), scale, colours);
          words = place === 0 ? text('insideZ', { count: now.length }) : text('insideLayer', { number: place, cells: now.length, count });
        }
        setText(caption, words);
        if (canvas.getAttribute('aria-label') !== words) canvas.setAttribute('aria-label', words);
      }
    },
    /** What the busiest cells add, of the layers that were shown last. @param {Generator} generator */
    showShares(generator) {
      const layers = known.get(generator)?.layers;
      if (layers && values.length > 0) shares(layers[layers.length - 1], values[layers.length - 1], generator.imageShape, coloursOf(list));
    },
  };

  /** @param {import('../layers.js').Layer} last @param {Float32Array} values @param {readonly number[]} shape @param {Colours} colours */
  function shares(last, values, [channels, height, width], colours) {
    within(root, '[data-share]').hidden = channels !== 1 || built.shares.length === 0;
    if (channels !== 1 || built.shares.length === 0) return;
    // By their numbers, so that a cell that stays among them stays in its place as long as it can.
    const chosen = busiest(last, values, built.shares.length).sort((a, b) => a - b);
    const pictures = chosen.map((cell) => sent(last, cell, values));
    const scale = Math.max(1e-6, ...pictures.map(largest));
    built.painted = Math.min(chosen.length, built.painted + NEW_A_FRAME);
    if (built.painted < chosen.length) onChange();
    for (const [place, { canvas, caption }] of built.shares.slice(0, built.painted).entries()) {
      paintCells(canvas, pictures[place], width, scale, colours, height);
      const words = text(last.window ? 'insideMap' : 'insideCell', { number: chosen[place] + 1 });
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

/** What a layer is given that can be told apart by its share: cells, or maps. @param {import('../layers.js').Layer} layer */
const unitsOf = ({ inputs, window }) => (window ? window.takes[0] : inputs);

/** How many cells, or maps of `cells` cells in the mean, are lit more than `dark`. @param {Float32Array} values @param {number} cells @param {number} dark */
function litOf(values, cells, dark) {
  let count = 0;
  for (let first = 0; first < values.length; first += cells) {
    let sum = 0;
    for (let i = first; i < first + cells; i++) sum += Math.abs(values[i]);
    if (sum > dark * cells) count++;
  }
  return count;
}

/**
 * Maps as small pictures in rows.
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array} values
 * @param {readonly [maps: number, rows: number, columns: number]} shape
 * @param {number} scale
 * @param {Colours} colours
 */
function paintMaps(canvas, values, [maps, rows, columns], scale, colours) {
  const across = columnsOf(maps);
  const [wide, high] = [across * (columns + GAP) - GAP, Math.ceil(maps / across) * (rows + GAP) - GAP];
  const sheet = new Float32Array(wide * high);
  for (let map = 0; map < maps; map++) {
    const corner = Math.floor(map / across) * (rows + GAP) * wide + (map % across) * (columns + GAP);
    for (let y = 0; y < rows; y++) {
      const first = (map * rows + y) * columns;
      sheet.set(values.subarray(first, first + columns), corner + y * wide);
    }
  }
  paintCells(canvas, sheet, wide, scale, colours, high);
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
  // A word a pixel, as bytes: red, green, blue, how much it covers.
  const words = new Uint32Array(image.data.buffer);
  const [above, below] = [more, less].map(([red, green, blue]) => red | (green << 8) | (blue << 16));
  for (let i = 0; i < values.length; i++) {
    const cover = Math.round(255 * Math.min(1, Math.abs(values[i]) / (scale || 1)));
    words[i] = (values[i] < 0 ? below : above) | (cover << 24);
  }
  canvas.getContext('2d')?.putImageData(image, 0, 0);
}

/** In threes, as both languages have it; the browser's own way takes 20 ms the first time. @param {number} count */
const grouped = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ',');

/** The largest size of a number. @param {Float32Array} values */
function largest(values) {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}
