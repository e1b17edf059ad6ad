// @ts-check
/**
 * The state as the fragment of an address, and back.
 *
 *     #v1&m=stable&c=7&s=17.42&z=…&k=fresh&f=12&p=3.0,3.1.…&w=0.1.0.5&x=z0&y=d1&t=walk
 *
 * `c` is which class is drawn, of a model that is told one, or how much of which (`mixes`); `s` is a seed and which of its
 * samples; `z` what was changed since, as bytes (`packed`); `p` the pins, each in that same form, after its class if that is
 * not the first (`7:17.42`); `k` and `f` the sweep; `w` the walk; `x` and `y` the pad; `t` the tab. What is as at first is left out, so a new
 * visitor's link is a seed. Numbers come back to the bit.
 */

import { kindFromText, kindToText } from './mixes.js';
import { FIRST_SEED, firstState, sampleOf, SAMPLES, MOST_PINS, TABS } from './state.js';
import { FRAMES } from './sweep.js';
import { pack, unpack } from './packed.js';
import { same } from './vectors.js';

const VERSION = 'v1';

/** Why a link cannot be followed. */
export class LinkError extends Error {
  /** @param {'linkDamaged' | 'linkOld' | 'linkModel'} reason A text of the page. */
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

/** Whether a fragment is meant for this page at all. */
export function isLink(/** @type {string} */ fragment) {
  return /^#v\d/.test(fragment);
}

/** Whether it is a run of training that somebody is to repeat: `training/link.js` reads it. */
export function isTraining(/** @type {string} */ fragment) {
  return fragment.startsWith('#train=');
}

/** @param {import('./state.js').State} state @param {string} firstModel The model that an address without one means. */
export function toFragment(state, firstModel) {
  const first = firstState(firstModel, state.z.length);
  const { walk, pad } = state;
  /** @type {[string, string | false][]} */
  const fields = [
    ['m', state.model !== firstModel && encodeURIComponent(state.model)],
    ['c', isOfClass(state) && kindToText(state)],
    ['s', (state.seed !== FIRST_SEED || state.index !== 0) && (state.index ? `${state.seed}.${state.index}` : `${state.seed}`)],
    ['z', edits(state)],
    ['k', state.kind === 'fresh' && 'fresh'],
    ['f', state.fresh !== undefined && `${state.fresh}`],
    ['p', state.pins.length > 0 && state.pins.map(pinToText).join(',')],
    ['w', state.pins.length > 0 && `${walk.from}.${walk.to}.${Math.round(walk.t * 1000)}`],
    ['x', pad.x !== first.pad.x && pad.x],
    ['y', pad.y !== first.pad.y && pad.y],
    ['t', state.tab !== first.tab && state.tab],
  ];
  return [`#${VERSION}`, ...fields.flatMap(([key, text]) => (text ? [`${key}=${text}`] : []))].join('&');
}

/** Whether it is of another class than the first, or of more than one. @param {import('./mixes.js').Kind} kind */
const isOfClass = (kind) => kind.class > 0 || kind.mix !== undefined;

/** @param {{seed: number, index: number, z: Float32Array}} pin */
function edits({ seed, index, z }) {
  const base = sampleOf(seed, index, z.length);
  return !same(base, z) && pack(base, z);
}

/** @param {import('./state.js').Pin} pin */
function pinToText(pin) {
  const changed = edits(pin);
  return `${isOfClass(pin) ? `${kindToText(pin)}:` : ''}${pin.seed}.${pin.index}${changed ? `.${changed}` : ''}`;
}

/**
 * The model that a link asks for, without which the rest cannot be read.
 * @param {string} fragment
 * @param {string} firstModel
 */
export function modelOf(fragment, firstModel) {
  return fields(fragment).get('m') ?? firstModel;
}

/** The tab that a link opens, which is there whatever model it is of; the first where it says none. @param {string} fragment @returns {import('./state.js').Tab} */
export function tabOf(fragment) {
  return oneOf(fields(fragment).get('t') ?? TABS[0], TABS);
}

/**
 * @param {string} fragment
 * @param {string} model
 * @param {number} latentSize
 * @param {number} [classes] How many the model is told one of.
 * @returns {import('./state.js').State}
 */
export function fromFragment(fragment, model, latentSize, classes = 0) {
  const told = fields(fragment);
  const state = firstState(model, latentSize);
  Object.assign(state, readPin([...(told.get('s') ?? `${FIRST_SEED}`).split('.'), '0'].slice(0, 2), told.get('z'), latentSize));
  // A class that the model has not, or one of a model that is told none, is no link of its.
  if (told.has('c')) Object.assign(state, kind(told.get('c'), classes));
  if (told.has('k')) state.kind = oneOf(told.get('k'), ['held', 'fresh']);
  if (told.has('f')) state.fresh = whole(told.get('f'), FRAMES - 1);
  if (state.fresh !== undefined && state.kind !== 'fresh') throw new LinkError('linkDamaged');
  state.pins = (told.get('p')?.split(',') ?? []).map((text) => {
    const [place, chosen, more] = text.split(':').reverse();
    if (more !== undefined) throw new LinkError('linkDamaged');
    const [seed, index, changed] = place.split('.');
    return { ...readPin([seed, index], changed, latentSize), ...(chosen === undefined ? FIRST_KIND : kind(chosen, classes)) };
  });
  if (state.pins.length > MOST_PINS) throw new LinkError('linkDamaged');
  if (told.has('w')) {
    const [from, to, t] = (told.get('w') ?? '').split('.');
    const last = state.pins.length - 1;
    state.walk = { from: whole(from, last), to: whole(to, last), t: whole(t, 1000) / 1000 };
  }
  state.pad = { x: axis(told.get('x') ?? state.pad.x), y: axis(told.get('y') ?? state.pad.y) };
  if (told.has('t')) state.tab = oneOf(told.get('t'), TABS);
  return state;
}

/** @param {string} fragment @returns {Map<string, string>} */
function fields(fragment) {
  const [version, ...rest] = fragment.slice(1).split('&');
  if (version !== VERSION) throw new LinkError('linkOld');
  /** @type {Map<string, string>} */
  const told = new Map();
  for (const field of rest) {
    const found = /^([mcszkfpwxyt])=(.+)$/.exec(field);
    if (!found || told.has(found[1])) throw new LinkError('linkDamaged');
    try {
      told.set(found[1], decodeURIComponent(found[2]));
    } catch {
      throw new LinkError('linkDamaged');
    }
  }
  return told;
}

/** @param {string[]} sample @param {string | undefined} changed @param {number} latentSize */
function readPin([seedText, indexText], changed, latentSize) {
  const [seed, index] = [whole(seedText, Number.MAX_SAFE_INTEGER), whole(indexText, SAMPLES - 1)];
  const base = sampleOf(seed, index, latentSize);
  const z = changed === undefined ? base : unpack(base, changed);
  if (!z) throw new LinkError('linkDamaged');
  return { seed, index, z };
}

/** What a pin is drawn as that does not tell. */
const FIRST_KIND = { class: 0, mix: undefined };

/** @param {string | undefined} text @param {number} classes */
function kind(text, classes) {
  const found = classes > 0 ? kindFromText(text ?? '', classes) : undefined;
  if (!found) throw new LinkError('linkDamaged');
  return found;
}

/** @param {string | undefined} text @param {number} most */
function whole(text, most) {
  const value = Number(text);
  if (!/^\d+$/.test(text ?? '') || !(value <= most)) throw new LinkError('linkDamaged');
  return value;
}

/** @template {string} T @param {string | undefined} text @param {readonly T[]} choices */
function oneOf(text, choices) {
  const found = choices.find((choice) => choice === text);
  if (!found) throw new LinkError('linkDamaged');
  return found;
}

function axis(/** @type {string} */ text) {
  if (!/^[zd]\d{1,5}$/.test(text)) throw new LinkError('linkDamaged');
  return text;
}
