// @ts-check
/** What the runtime says a model was taken for, in the language of the page. Names come from the file and stay as they are. */

import { text } from './strings.js';

/** What is told under each key: its label, and the forms its words come in, with the text that says the same. */
const KEYS = /** @type {const} */ ({
  latent: 'takenLatent',
  class: 'takenClass',
  rest: 'takenRest',
  picture: 'takenPicture',
  layout: 'takenLayout',
  range: 'takenRange',
  rewritten: 'takenRewritten',
  random: 'takenRandom',
});

/** @type {[RegExp, string][]} */
const FORMS = [
  [/^latent=(?<name>.*): (?<count>\d+) numbers$/s, 'takenLatentIs'],
  [/^latent=(?<name>.*): (?<count>\d+) numbers, (?<batch>\d+) at a time$/s, 'takenLatentBatch'],
  [/^class=(?<name>.*): (?<count>\d+) classes, its number$/s, 'takenClassNumber'],
  [/^class=(?<name>.*): (?<count>\d+) classes, one-hot$/s, 'takenClassOneHot'],
  [/^picture=(?<name>.*): (?<width>\d+) by (?<height>\d+), grey$/s, 'takenGrey'],
  [/^picture=(?<name>.*): (?<width>\d+) by (?<height>\d+), grey with opacity$/s, 'takenGreyOpacity'],
  [/^picture=(?<name>.*): (?<width>\d+) by (?<height>\d+), colour$/s, 'takenColour'],
  [/^picture=(?<name>.*): (?<width>\d+) by (?<height>\d+), colour with opacity$/s, 'takenColourOpacity'],
  [/^rewritten=(?<count>\d+) functions? of the model's own, written out$/, 'rewrittenFunctions'],
  [/^rewritten=operators that ONNX Runtime had made one, taken apart$/, 'rewrittenFused'],
  [/^rewritten=MatMul of two vectors, as a sum$/, 'rewrittenMatmul'],
  [/^rewritten=pads below zero, as cuts$/, 'rewrittenPads'],
  [/^rewritten=operators on bytes, as the same ones on numbers$/, 'rewrittenBytes'],
  [/^rewritten=Upsample, as Resize$/, 'rewrittenUpsample'],
  [/^rewritten=ConvTranspose by its output's shape, by pads$/, 'rewrittenTransposed'],
  [/^rewritten=Slice by steps, as a choice$/, 'rewrittenSteps'],
  [/^rewritten=half precision, computed in single$/, 'rewrittenHalf'],
  [/^rewritten=double precision, computed in single$/, 'rewrittenDouble'],
  [/^rewritten=BatchNormalization in training mode, by each picture's own statistics$/, 'rewrittenNormOwn'],
  [/^rewritten=BatchNormalization in training mode, by its running statistics$/, 'rewrittenNormRunning'],
  [/^rewritten=Dropout in training mode, nothing dropped$/, 'rewrittenDropout'],
  [/^rewritten=Pad that goes round, as Concat$/, 'rewrittenWrap'],
  [/^rewritten=ConstantOfShape, its zeros told$/, 'rewrittenZeros'],
];

/** The label of what is told. @param {string} key */
export function label(key) {
  return Object.hasOwn(KEYS, key) ? text(KEYS[/** @type {keyof typeof KEYS} */ (key)]) : key;
}

/**
 * What is told, in words; as the runtime says it where that needs none, and where no text says the same.
 * @param {string} key
 * @param {string} words
 */
export function inWords(key, words) {
  for (const [form, name] of FORMS) {
    const found = form.exec(`${key}=${words}`);
    if (found) return text(name, { ...found.groups });
  }
  return words;
}
