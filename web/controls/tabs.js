// @ts-check
/** Tabs as the ARIA practices have them: one in the tab order, arrow keys between them, a panel for each. */

import { TABS } from '../state.js';
import { byId } from './dom.js';

/** @param {(tab: import('../state.js').Tab) => void} onTab */
export function createTabs(onTab) {
  const tabs = TABS.map((name) => ({
    name,
    /** @type {HTMLButtonElement} */ tab: byId(`tab-${name}`),
    /** @type {HTMLElement} */ panel: byId(`panel-${name}`),
  }));
  for (const [index, { name, tab }] of tabs.entries()) {
    tab.addEventListener('click', () => onTab(name));
    tab.addEventListener('keydown', (event) => {
      const to = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const next = tabs[(to + tabs.length) % tabs.length];
      next.tab.focus();
      onTab(next.name);
    });
  }
  return {
    show(/** @type {import('../state.js').Tab} */ shown) {
      for (const { name, tab, panel } of tabs) {
        tab.setAttribute('aria-selected', String(name === shown));
        tab.tabIndex = name === shown ? 0 : -1;
        panel.hidden = name !== shown;
      }
    },
    /** Whether there is more to come in the panel of a tab. @param {import('../state.js').Tab} name @param {boolean} isBusy */
    setBusy(name, isBusy) {
      const panel = tabs.find((tab) => tab.name === name)?.panel;
      if (panel?.getAttribute('aria-busy') !== String(isBusy)) panel?.setAttribute('aria-busy', String(isBusy));
    },
  };
}
