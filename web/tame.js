// @ts-check
/** Texts of strangers, such as names of files and what a model says of itself, made fit to be shown among the page's own. */

/** Controls, and the marks that turn the direction in which what follows is read. */
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** Letters that are read from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]|[\ud802\ud803\ud83a\ud83b][\udc00-\udfff]/;
/** Marks around a text so that its direction stays its own. */
const [ISOLATE, END] = ['\u2068', '\u2069'];

/**
 * In one line, of at most `most` letters: what is left out is so in the middle, as the end of a name tells its kind.
 * @param {string} text
 * @param {number} [most]
 */
export function tame(text, most = 60) {
  const plain = text.replace(UNSEEN, '\ufffd');
  const letters = [...plain.slice(0, 4 * most), ...(plain.length > 4 * most ? plain.slice(-most) : '')];
  const tail = Math.floor(most / 3);
  const cut = letters.length <= most ? letters.join('') : `${letters.slice(0, most - tail - 1).join('')}…${letters.slice(-tail).join('')}`;
  return RIGHT_TO_LEFT.test(cut) ? ISOLATE + cut + END : cut;
}
