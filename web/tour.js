// @ts-check
/** The story of the page in five steps, told over the page itself: each step shows the thing that it speaks of. */

/**
 * @typedef {object} Step
 * @property {string} title A text of the page.
 * @property {string} words Another.
 * @property {import('./state.js').Tab | undefined} tab What it opens; undefined: the picture and its knob.
 * @property {string} at The id of what it brings into sight.
 * @property {'z0' | 'epochs' | undefined} playing What moves meanwhile.
 */

/** @type {readonly Step[]} */
export const STEPS = [
  { title: 'tourNoiseTitle', words: 'tourNoise', tab: 'numbers', at: 'board', playing: undefined },
  { title: 'tourForgerTitle', words: 'tourForger', tab: undefined, at: 'picture', playing: 'z0' },
  { title: 'tourDetectiveTitle', words: 'tourDetective', tab: 'game', at: 'panel-game', playing: undefined },
  { title: 'tourRoundsTitle', words: 'tourRounds', tab: 'models', at: 'epochs', playing: 'epochs' },
  { title: 'tourTurnTitle', words: 'tourTurn', tab: 'forge', at: 'panel-forge', playing: undefined },
];
