// @ts-check
/**
 * "Real or forged?": a round of ten pictures, five that people wrote and five that the network draws, in an order that nobody
 * knows. The forged ones are as they come; none is picked for its looks.
 */

export const ROUND = 10;

/**
 * @typedef {object} Exhibit
 * @property {boolean} isReal
 * @property {number} place Of a real one: which tile of the sheet of real pictures. Of a forged one: which sample of the seed.
 */

/** @typedef {{seed: number, exhibits: Exhibit[], answers: boolean[]}} Round Answers: whether each was taken for real, in order. */

/**
 * @param {number} real How many real pictures there are to choose from.
 * @param {() => number} random From 0 to below 1.
 * @returns {Round}
 */
export function newRound(real, random = Math.random) {
  const half = ROUND / 2;
  const tiles = shuffled(Array.from({ length: real }, (_, i) => i), random).slice(0, half);
  const exhibits = [
    ...tiles.map((place) => ({ isReal: true, place })),
    ...Array.from({ length: half }, (_, place) => ({ isReal: false, place })),
  ];
  return { seed: Math.floor(random() * 1e9), exhibits: shuffled(exhibits, random), answers: [] };
}

/** @param {Round} round @param {boolean} isReal What the visitor takes the next picture for. */
export function answer(round, isReal) {
  if (round.answers.length < ROUND) round.answers.push(isReal);
}

/** Whether the visitor was right about a picture. @param {Round} round @param {number} place */
export const isRight = (round, place) => round.answers[place] === round.exhibits[place].isReal;

/** How many the visitor was right about. @param {Round} round */
export const score = (round) => round.answers.filter((_, place) => isRight(round, place)).length;

/** @template T @param {T[]} items @param {() => number} random */
function shuffled(items, random) {
  const rest = [...items];
  return items.map(() => rest.splice(Math.floor(random() * rest.length), 1)[0]);
}
