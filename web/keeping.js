// @ts-check
/** What the buttons under the picture do: link, PNG, GIF, JSON, each with a sentence on what came of it. */

import { asDrawn, drawerAlong } from './blending.js';
import { byId } from './controls/dom.js';
import { createKeep } from './controls/keep.js';
import { OWN } from './models.js';
import { download, gifOf, jsonOf, pngOf } from './save.js';
import { shownZ, sweepOf, walkClass, walkZ } from './state.js';
import { text } from './strings.js';

/** Pictures of a walk's film. */
const WALK_FRAMES = 60;

/**
 * @param {() => {state: import('./state.js').State, generator: import('./forger.js').Generator, drawer: import('./blending.js').Drawer}} now
 * @param {() => void} writeAddress So that the address bar holds the state as it is.
 * @param {(error: unknown) => void} onFailure
 */
export function createKeeping(now, writeAddress, onFailure) {
  const nameOf = (/** @type {string} */ rest) => `forger-${now().state.seed}-${now().state.index}${rest}`;
  const keep = createKeep(byId('keep'), {
    onShare: () => void share(),
    onLink: () => void copyLink(),
    onEmbed: () => void copyFrame(),
    onPng: savePicture,
    onGif: () => save('-sweep.gif', () => gifOf(now().drawer, sweepOf(now().state, now().state.kind))),
    onJson: () => save('.json', async () => jsonOf(asDrawn(now().generator, now().state), shownZ(now().state))),
  });

  function savePicture() {
    return save('.png', () => {
      const { state, drawer } = now();
      return pngOf(drawer.generate(shownZ(state)), drawer.imageShape);
    });
  }

  /** The address of the whole page with its state, also where this is a frame in another's. */
  function link() {
    writeAddress();
    return location.href.split(/[?#]/)[0] + location.hash;
  }

  /** @param {string} words @param {[done: string, denied: string]} sentences */
  async function copy(words, [done, denied]) {
    try {
      await navigator.clipboard.writeText(words);
      keep.say(text(done));
    } catch {
      keep.say(text(denied), words);
    }
  }

  const copyLink = () => copy(link(), [now().state.model === OWN ? 'ownNotInLink' : 'linkCopied', 'linkNotCopied']);

  /** A frame with this digit and its knob, for a page of whoever likes. */
  function copyFrame() {
    const address = link().replace(/(#|$)/, '?embed$1').replaceAll('&', '&amp;');
    const frame = `<iframe src="${address}" title="Forger" width="360" height="560" loading="lazy"></iframe>`;
    return copy(frame, ['embedCopied', 'embedNotCopied']);
  }

  /** By what the device shares with: the link, and the picture where it takes one. */
  async function share() {
    const { state, drawer } = now();
    const png = await pngOf(drawer.generate(shownZ(state)), drawer.imageShape);
    const files = [new File([png], nameOf('.png'), { type: png.type })];
    const told = { title: text('title'), text: text('shareText'), url: link() };
    try {
      await navigator.share(navigator.canShare?.({ ...told, files }) ? { ...told, files } : told);
    } catch (error) {
      // Whoever changes their mind has done nothing wrong.
      if (!(error instanceof DOMException && error.name === 'AbortError')) keep.say(text('linkNotCopied'), told.url);
    }
  }

  // From a frame to the page itself, as it is.
  const whole = byId('whole');
  whole.addEventListener('click', () => (whole.href = link()));

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
    // As they are now: it is drawn in slices, and between them a pin may go.
    const { pins, walk } = state;
    const places = Array.from({ length: WALK_FRAMES }, (_, i) => 1 - Math.abs(1 - (2 * i) / WALK_FRAMES));
    const z = Float32Array.from(places.flatMap((t) => [...(walkZ({ pins, walk }, t) ?? state.z)]));
    const way = drawerAlong(generator, (place) => walkClass({ pins, walk }, place));
    save('-walk.gif', () => gifOf(way, z, places));
  }
  return { savePicture, saveWalk, say: keep.say };
}
