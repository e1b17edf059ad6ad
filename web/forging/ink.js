// @ts-check
/**
 * From a drawing, or a photo of one, to a picture as MNIST has them: white ink on black, its longer side scaled to 20 of 28
 * pixels with the shape kept, grey where a pixel is half covered, and put down so that its centre of mass lies in the
 * middle.
 *
 * Source of the recipe: LeCun, Cortes, Burges, "The MNIST database of handwritten digits".
 */

/** @typedef {{width: number, height: number, ink: Float32Array}} Drawing Ink: [height, width], 0 none to 1 full. */

/** What the ink is scaled to, as a share of the picture's shorter side. */
export const BOX = 20 / 28;
/** Less of a pixel is no ink: the blur around a stroke. */
const FAINT = 0.02;

/**
 * The ink, scaled and centred.
 * @param {Drawing} drawing
 * @param {readonly [number, number]} size Rows and columns.
 * @returns {Float32Array | undefined} [rows * columns], −1 where there is no ink, 1 where it is full; undefined if there is none.
 */
export function centred({ width, height, ink }, [rows, columns]) {
  let [left, right, top, bottom] = [width, -1, height, -1];
  let [mass, massX, massY] = [0, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = ink[y * width + x];
      if (value < FAINT) continue;
      [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
      mass += value;
      massX += value * (x + 0.5);
      massY += value * (y + 0.5);
    }
  }
  if (right < 0) return undefined;
  const [wide, high] = [right - left + 1, bottom - top + 1];
  const scale = (BOX * Math.min(rows, columns)) / Math.max(wide, high);
  // By whole pixels, as MNIST was, whose middle is the middle of pixel 14 of 0 to 27; and within the picture.
  const start = (/** @type {number} */ size, /** @type {number} */ length, /** @type {number} */ centre) =>
    Math.max(0, Math.min(Math.floor(size - length * scale), Math.round((size + 1) / 2 - centre * scale)));
  const across = spread(wide, scale, start(columns, wide, massX / mass - left));
  const down = spread(high, scale, start(rows, high, massY / mass - top));
  const picture = new Float32Array(rows * columns).fill(-1);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const value = 2 * ink[(top + y) * width + left + x];
      if (value === 0) continue;
      for (const [row, share] of down[y]) {
        for (const [column, part] of across[x]) {
          if (row < rows && column < columns) picture[row * columns + column] += value * share * part;
        }
      }
    }
  }
  // Rounding may carry a full pixel a little beyond.
  return picture.map((value) => Math.min(1, value));
}

/** Which pixels each of `length` numbers falls on when it is scaled, and how much of each it covers. @returns {[number, number][][]} */
function spread(/** @type {number} */ length, /** @type {number} */ scale, /** @type {number} */ start) {
  return Array.from({ length }, (_, i) => {
    const [from, to] = [start + i * scale, start + (i + 1) * scale];
    /** @type {[number, number][]} */
    const parts = [];
    for (let pixel = Math.floor(from); pixel < to; pixel++) parts.push([pixel, Math.min(to, pixel + 1) - Math.max(from, pixel)]);
    return parts;
  });
}

/** Tiles a side that the light of a photo is measured in, at most, and their least side in pixels. */
const [TILES, LEAST_TILE] = [16, 8];
/** Ink must differ from paper by this much of all between black and white. */
const LEAST_CONTRAST = 0.08;
/** A blot is left out if it has less than this of the largest one's ink. */
const LEAST_BLOT = 0.06;

/**
 * The ink of a photo: of dark strokes on bright paper or bright ones on dark, under a light that need not be even. Specks,
 * and what comes in from the edge, are left out.
 * @param {Uint8ClampedArray} rgba
 * @param {number} width
 * @param {number} height
 * @returns {Drawing | undefined} undefined if nothing stands out.
 */
export function inkOfPhoto(rgba, width, height) {
  const light = new Float32Array(width * height);
  for (let i = 0; i < light.length; i++) {
    const [red, green, blue, alpha] = rgba.subarray(4 * i, 4 * i + 4);
    // Rec. 709's luma, on white where it is transparent.
    light[i] = ((0.2126 * red + 0.7152 * green + 0.0722 * blue) * alpha) / 65025 + 1 - alpha / 255;
  }
  // The edge of a picture is paper.
  const edge = light.filter((_, i) => i < width || i >= light.length - width || i % width === 0 || i % width === width - 1);
  if (edge.sort()[Math.floor(edge.length / 2)] < threshold(light)) for (let i = 0; i < light.length; i++) light[i] = 1 - light[i];
  const paper = paperOf(light, width, height);
  const darker = light.map((value, i) => Math.max(0, paper[i] - value));
  const limit = threshold(darker);
  const [below, above] = [darker.filter((value) => value < limit).sort(), darker.filter((value) => value >= limit).sort()];
  const at = (/** @type {Float32Array} */ sorted, /** @type {number} */ share) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  if (at(above, 0.5) - at(below, 0.5) < LEAST_CONTRAST) return undefined;
  // Of paper most is noise; of ink some is shine.
  const [none, full] = [Math.min(0.6 * limit, 2 * at(below, 0.75)), at(above, 0.9)];
  const ink = darker.map((value) => Math.min(1, Math.max(0, (value - none) / (full - none))));
  return penned({ width, height, ink: withoutSpecks(ink, width, height) });
}

/** How wide MNIST's strokes are, as a share of the longer side of what is written: 2.4 of 20 pixels, by the median. */
export const PEN = 2.4 / 20;
/** Strokes as thin as this share of that are redrawn by a wider pen: a ball-point's would be but a shadow. */
const THIN = 0.6;

/** With strokes about as wide as MNIST's, if they are thinner. @param {Drawing} drawing @returns {Drawing} */
function penned(drawing) {
  const { width, height, ink } = drawing;
  let [left, right, top, bottom] = [width, 0, height, 0];
  let [area, edge] = [0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      // By what is surely ink: grain has edges too.
      const [here, beside, under] = [ink[i], x < width - 1 ? ink[i + 1] : 0, y < height - 1 ? ink[i + width] : 0].map((value) => Number(value > 0.5));
      edge += Math.abs(here - beside) + Math.abs(here - under);
      area += here;
      if (here === 0) continue;
      [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
    }
  }
  // A long stroke's edge runs along it twice; in steps along the pixels it is 4 / π as long, over all directions.
  const [is, wanted] = [(2 * area) / ((edge * Math.PI) / 4), PEN * (Math.max(right - left, bottom - top) + 1)];
  const radius = Math.round((wanted - is) / 2);
  if (!(is < THIN * wanted) || radius < 1) return drawing;
  const wide = ink.slice();
  for (let i = 0; i < ink.length; i++) {
    if (ink[i] < FAINT) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    for (let j = Math.max(0, y - radius); j <= Math.min(height - 1, y + radius); j++) {
      const reach = Math.floor(Math.sqrt(radius * radius - (j - y) ** 2));
      for (let k = Math.max(0, x - reach); k <= Math.min(width - 1, x + reach); k++) {
        wide[j * width + k] = Math.max(wide[j * width + k], ink[i]);
      }
    }
  }
  return { width, height, ink: wide };
}

/** The value that best parts the numbers, of 0 to 1, in two kinds. Source: Otsu, 1979. @param {Float32Array} values */
function threshold(values) {
  const counts = new Float64Array(256);
  for (const value of values) counts[Math.min(255, Math.floor(256 * value))]++;
  const all = counts.reduce((sum, count, i) => sum + i * count, 0);
  let [best, limit, below, sum] = [-1, 0, 0, 0];
  for (let i = 0; i < 255; i++) {
    below += counts[i];
    sum += i * counts[i];
    const above = values.length - below;
    if (below === 0 || above === 0) continue;
    const between = below * above * (sum / below - (all - sum) / above) ** 2;
    if (between > best) [best, limit] = [between, i + 1];
  }
  return limit / 256;
}

/** How bright the paper is at each pixel: bright parts of tiles, between whose middles the light changes evenly. */
function paperOf(/** @type {Float32Array} */ light, /** @type {number} */ width, /** @type {number} */ height) {
  const [columns, rows] = [width, height].map((side) => Math.max(1, Math.min(TILES, Math.floor(side / LEAST_TILE))));
  const bright = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [left, right] = [column, column + 1].map((place) => Math.floor((place * width) / columns));
      const [top, bottom] = [row, row + 1].map((place) => Math.floor((place * height) / rows));
      const some = new Float32Array((right - left) * (bottom - top));
      for (let y = top; y < bottom; y++) some.set(light.subarray(y * width + left, y * width + right), (y - top) * (right - left));
      bright[row * columns + column] = some.sort()[Math.floor(0.85 * (some.length - 1))];
    }
  }
  // A tile may lie within a stroke: the brightest around it is paper.
  const around = bright.map((_, tile) => {
    let most = 0;
    for (let y = -1; y <= 1; y++) {
      for (let x = -1; x <= 1; x++) {
        const [row, column] = [Math.floor(tile / columns) + y, (tile % columns) + x];
        if (row >= 0 && row < rows && column >= 0 && column < columns) most = Math.max(most, bright[row * columns + column]);
      }
    }
    return most;
  });
  const place = (/** @type {number} */ i, /** @type {number} */ side, /** @type {number} */ tiles) => {
    const at = Math.min(tiles - 1, Math.max(0, ((i + 0.5) * tiles) / side - 0.5));
    const first = Math.min(Math.max(0, tiles - 2), Math.floor(at));
    return [first, Math.min(tiles - 1, first + 1), at - first];
  };
  return light.map((_, i) => {
    const [left, right, x] = place(i % width, width, columns);
    const [top, bottom, y] = place(Math.floor(i / width), height, rows);
    const between = (/** @type {number} */ row) => around[row * columns + left] * (1 - x) + around[row * columns + right] * x;
    return between(top) * (1 - y) + between(bottom) * y;
  });
}

/** Without the blots that are no part of the writing. */
function withoutSpecks(/** @type {Float32Array} */ ink, /** @type {number} */ width, /** @type {number} */ height) {
  const blot = new Int32Array(ink.length).fill(-1);
  /** @type {{mass: number, atEdge: boolean}[]} */
  const blots = [];
  for (let first = 0; first < ink.length; first++) {
    if (blot[first] >= 0 || ink[first] < FAINT) continue;
    const found = { mass: 0, atEdge: false };
    const waiting = [first];
    blot[first] = blots.length;
    for (let pixel = waiting.pop(); pixel !== undefined; pixel = waiting.pop()) {
      const [x, y] = [pixel % width, Math.floor(pixel / width)];
      found.mass += ink[pixel];
      found.atEdge ||= x === 0 || y === 0 || x === width - 1 || y === height - 1;
      for (let j = Math.max(0, y - 1); j <= Math.min(height - 1, y + 1); j++) {
        for (let i = Math.max(0, x - 1); i <= Math.min(width - 1, x + 1); i++) {
          const next = j * width + i;
          if (blot[next] >= 0 || ink[next] < FAINT) continue;
          blot[next] = blots.length;
          waiting.push(next);
        }
      }
    }
    blots.push(found);
  }
  // Writing seldom touches the edge; a table beside the paper does.
  const inside = blots.some(({ mass, atEdge }) => !atEdge && mass > 0.002 * ink.length);
  const counts = (/** @type {{mass: number, atEdge: boolean}} */ { atEdge }) => !(inside && atEdge);
  const largest = Math.max(0, ...blots.filter(counts).map(({ mass }) => mass));
  return ink.map((value, i) => (blot[i] >= 0 && counts(blots[blot[i]]) && blots[blot[i]].mass >= LEAST_BLOT * largest ? value : 0));
}
