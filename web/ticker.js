// @ts-check
/** A beat for whatever plays: so many ticks a second, at most one a frame, none in a tab that sleeps. */

/** @param {() => void} onTick */
export function createTicker(onTick) {
  let rate = 0;
  let last = 0;

  function beat(/** @type {number} */ now) {
    if (rate === 0) return;
    // A tab that slept goes on where it was.
    if (now - last >= 1000 / rate) {
      last = now;
      onTick();
    }
    requestAnimationFrame(beat);
  }

  return {
    /** @param {number} ticks A second; 0 stops. */
    set(ticks) {
      const starts = rate === 0 && ticks > 0;
      rate = ticks;
      if (!starts) return;
      last = performance.now();
      requestAnimationFrame(beat);
    },
  };
}
