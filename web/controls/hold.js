// @ts-check
/**
 * Taking hold with a finger, a pen or the mouse: dragging along an element, a long press, and what a finger did that only wanted to
 * scroll.
 *
 * A browser that takes a touch for its own, to scroll, cancels it (`pointercancel`), but by then a slider has already jumped to
 * where the finger came down. So whatever a touch has changed goes back when it is cancelled.
 */

/**
 * Remembers what is shown when a touch begins, and brings it back should the touch be cancelled.
 * @template Remembered
 * @param {() => Remembered} remember
 * @param {(before: Remembered) => void} restore
 */
export function undoScrolls(remember, restore) {
  /** @type {{id: number, before: Remembered} | undefined} */
  let touch;
  // Before any control hears of it.
  addEventListener('pointerdown', ({ pointerId, isPrimary }) => isPrimary && (touch = { id: pointerId, before: remember() }), true);
  addEventListener('pointerup', () => (touch = undefined));
  addEventListener('pointercancel', ({ pointerId }) => {
    if (touch?.id !== pointerId) return;
    restore(touch.before);
    touch = undefined;
  });
}

/**
 * Follows a pointer that is held down on an element. The style sheet leaves up and down to the page (`touch-action: pan-y`).
 * @param {HTMLElement} element
 * @param {{onStart: (event: PointerEvent) => void, onMove: (event: PointerEvent) => void}} callbacks
 */
export function followPointer(element, { onStart, onMove }) {
  element.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    element.setPointerCapture(event.pointerId);
    onStart(event);
  });
  element.addEventListener('pointermove', (event) => element.hasPointerCapture(event.pointerId) && onMove(event));
}

/** A finger that rests for so long, in ms, and within so many CSS pixels, means what lies under it. */
const [LONG_PRESS_MS, STILL] = [500, 8];

/**
 * Hears of a finger or a pen that was held on an element and let go; the mouse has its second button for that.
 * @param {HTMLElement} element
 * @param {() => void} onHeld
 */
export function onLongPress(element, onHeld) {
  /** @type {PointerEvent | undefined} */
  let began;
  element.addEventListener('pointerdown', (event) => (began = event.pointerType !== 'mouse' && event.isPrimary ? event : undefined));
  element.addEventListener('pointermove', ({ clientX, clientY }) => {
    if (began && Math.hypot(clientX - began.clientX, clientY - began.clientY) > STILL) began = undefined;
  });
  element.addEventListener('pointercancel', () => (began = undefined));
  // When it is let go and not before: only then do browsers take it for a wish, and let a page save.
  element.addEventListener('pointerup', ({ timeStamp }) => {
    if (began && timeStamp - began.timeStamp >= LONG_PRESS_MS) onHeld();
    began = undefined;
  });
  // A menu would take the finger away.
  element.addEventListener('contextmenu', (event) => began && event.preventDefault());
}
