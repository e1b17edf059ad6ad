// @ts-check
/** Finding elements that the page is known to have. */

/** @param {string} id @returns {any} The element; typed by whoever takes it. */
export function byId(id) {
  return within(document, `#${id}`);
}

/**
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {any} The first match; typed by whoever takes it.
 */
export function within(root, selector) {
  const element = root.querySelector(selector);
  if (!element) throw new Error(`the page has no ${selector}`);
  return element;
}

/** A number as the page writes it: two decimals and a true minus sign. */
export function signed(/** @type {number} */ value) {
  return value.toFixed(2).replace('-0.00', '0.00').replace('-', '−');
}
