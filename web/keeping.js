// @ts-check
/** What the buttons under the picture do: link, PNG, GIF, JSON, each with a sentence on what came of it. */

import { byId } from './controls/dom.js';
import { createKeep } from './controls/keep.js';
import { OWN } from './models.js';
import { download, gifOf, jsonOf, pngOf } from './save.js';
import { shownZ, sweepOf, walkZ } from './state.js';
import { text } from './strings.js';

/** Pictures of a walk's film. */
const WALK_FRAMES = 60;

/**
 * @param {() => {state: import('./state.js').State, generator: import('./forger.js').Generator}} now
 * @param {() => void} writeAddress So that the address bar holds the state as it is.
 * @param {(error: unknown) => void} onFailure
 */
export function createKeeping(now, writeAddress, onFailure) {
  const nameOf = (/** @type {string} */ rest) => `forger-${now().state.seed}-${now().state.index}${rest}`;
  const keep = createKeep(byId('keep'), {
    onLink: () => void copyLink(),
    onPng: () => save('.png', () => {
      const { state, generator } = now();
      return pngOf(generator.generate(shownZ(state)), generator.imageShape);
    }),
    onGif: () => save('-sweep.gif', () => gifOf(now().generator, sweepOf(now().state, now().state.kind))),
    onJson: () => save('.json', async () => jsonOf(now().state, shownZ(now().state))),
  });

  async function copyLink() {
    writeAddress();
    try {
      await navigator.clipboard.writeText(location.href);
      keep.say(text(now().state.model === OWN ? 'ownNotInLink' : 'linkCopied'));
    } catch {
      keep.say(text('linkNotCopied'), location.href);
    }
  }

  /** @param {string} suffix @param {() => Promise<Blob>} make */
  function save(suffix, make) {
    const name = nameOf(suffix);
    keep.say(text('drawing', { name }));
    make().then((blob) => {
      download(blob, name);
      keep.say(text('saved', { name }));
    }, onFailure);
  }

  /** There and back, so that it runs without a jump. */
  function saveWalk() {
    const { state, generator } = now();
    const places = Array.from({ length: WALK_FRAMES }, (_, i) => 1 - Math.abs(1 - (2 * i) / WALK_FRAMES));
    const z = Float32Array.from(places.flatMap((t) => [...(walkZ(state, t) ?? state.z)]));
    save('-walk.gif', () => gifOf(generator, z));
  }
  return { saveWalk, say: keep.say };
}
