// @ts-check
/**
 * Keeps the address bar true to the state, so that it can be copied, and the back and forward buttons go through what was
 * done. Many small changes of one kind, such as a drag, are one step back, and so is a button that is pressed again and again.
 */

/** Browsers allow about a hundred changes of the address in half a minute. */
const PAUSE_MS = 300;
/** Presses of a button, each within this long of the one before, are one gesture. */
const RAPID_MS = 2000;
/** Entries that a visit may add: a browser keeps about fifty, and the page that one came from should stay among them. */
const MOST_ENTRIES = 30;

/**
 * @param {() => string} fragmentOf The fragment of the state as it is.
 * @param {(fragment: string) => void} onTravel The visitor went back or forward, or edited the address.
 */
export function createAddress(fragmentOf, onTravel) {
  let written = fragmentOf();
  /** The kind of change that the newest entry of the history holds, and of the one that waits to be written. */
  let [madeBy, pending] = ['', ''];
  let timer = 0;
  let [entries, lastPress] = [0, -Infinity];

  addEventListener('popstate', () => {
    clearTimeout(timer);
    [madeBy, pending] = ['', ''];
    onTravel(location.hash);
  });

  function write() {
    clearTimeout(timer);
    const fragment = fragmentOf();
    if (pending && fragment !== written) {
      const isNew = pending !== madeBy && entries < MOST_ENTRIES;
      history[isNew ? 'pushState' : 'replaceState'](null, '', fragment);
      entries += Number(isNew);
      [written, madeBy] = [fragment, pending];
    }
    pending = '';
  }

  return {
    /**
     * The state is about to change.
     * @param {string} kind Changes of the same kind in a row are one entry.
     * @param {boolean} [isPress] A press of a button: only presses in quick succession are.
     */
    changing(kind, isPress = false) {
      if (isPress && performance.now() - lastPress > RAPID_MS) {
        write();
        madeBy = '';
      }
      if (isPress) lastPress = performance.now();
      // What waits is of another kind: an entry of its own.
      if (pending && pending !== kind) write();
      pending = kind;
      clearTimeout(timer);
      timer = setTimeout(write, PAUSE_MS);
    },
    /** The state is that of the address again. */
    arrived: () => (written = fragmentOf()),
    /** Writes at once, for whoever copies the address. */
    write,
  };
}
