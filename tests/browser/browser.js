// The browser and the built site under test.
//
//   FORGER_SITE         the folder that `cargo xtask site` wrote; without it the tests of the page are skipped
//   FORGER_CHROMIUM     the browser, /usr/bin/chromium if not told
//   FORGER_REQUIRE_ALL  1: a skipped test is a failed one
//   FORGER_SHOTS        a folder for screenshots, none taken if not told

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { chromium } from 'playwright-core';
import { serve } from './server.js';

const { FORGER_SITE, FORGER_CHROMIUM = '/usr/bin/chromium', FORGER_REQUIRE_ALL, FORGER_SHOTS } = process.env;

export const SITE = FORGER_SITE;
export const CHROMIUM = FORGER_CHROMIUM;

/** The sizes and schemes that the page is looked at in. */
export const LOOKS = [
  { name: 'phone-light', viewport: { width: 390, height: 844 }, colorScheme: 'light' },
  { name: 'phone-dark', viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
  { name: 'desktop-light', viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  { name: 'desktop-dark', viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
];

/** How long a thing may be in coming, on a machine that has much else to do. */
const PATIENCE_MS = 30_000;
/** How long to wait before looking again, in ms: who looks without a pause takes the time from what is waited for. */
const PAUSE_MS = 15;

/** Of what a window of the browser brings along, what no page sees: a process for the address bar's menu, and one in reserve. */
const NOT_NEEDED = ['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup', 'WebUIOmniboxFullPopup', 'SpareRendererForSitePerProcess'];
/** What Playwright turns off: the browser heeds the last of such lists alone. */
const OFF_ANYWAY = [
  'AimEnabled',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsFirstBalancedModeAutoEnable',
  'HttpsUpgrades',
  'LensOverlay',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'PreconnectToSearch',
  'ThirdPartyStoragePartitioning',
];

export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  `--disable-features=${[...OFF_ANYWAY, ...NOT_NEEDED].join()}`,
];

/** Pages of one site in one process of the browser: the next one finds compiled what the last one has compiled. */
const SHARING = '--process-per-site';
/** For how long a browser may keep the site's files, in s: longer than any test, as they do not change under it. */
const KEPT_S = 3600;

/** A group of tests that need the site in a browser. `define` is given a function that opens the page. */
export function describeOnSite(name, define) {
  const reason = whyNot();
  if (reason && FORGER_REQUIRE_ALL !== '1') console.log(`skipped: ${reason}`);
  describe(name, { skip: FORGER_REQUIRE_ALL !== '1' && reason }, () => {
    let server;
    let browser;
    let visitors;
    before(async () => {
      assert.ok(!reason, reason);
      server = await serve(FORGER_SITE, { maxAge: KEPT_S });
      browser = await launch();
      visitors = new Visitors(browser, server.url);
    });
    after(async () => {
      await browser?.close();
      await server?.close();
    });
    define((options) => openPage(visitors, server.url, options));
  });
}

const launch = () => chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, SHARING] });

/** Browser profiles: those that were here before, at rest, and new ones. */
class Visitors {
  #resting = new Map();

  constructor(browser, url) {
    this.browser = browser;
    this.url = url;
  }

  /** A profile with these options; one that nobody has used if it is to be `fresh`. `worker`: with the page's service worker. */
  async come({ fresh, worker }, options) {
    const key = JSON.stringify(options);
    const known = fresh ? undefined : this.#resting.get(key)?.pop();
    const context = known?.context ?? (await this.browser.newContext(options));
    context.setDefaultTimeout(PATIENCE_MS);
    // What the page asks for is to reach the tests, not a service worker; its own tests have it.
    if (!known && !worker) await context.addInitScript(() => delete Navigator.prototype.serviceWorker);
    const leave = async () => {
      if (fresh) return context.close();
      const keeper = await this.#rest(context, known?.keeper).catch(() => null);
      // One whose page has crashed, say, does not come again.
      if (!keeper) return context.close();
      this.#resting.set(key, [...(this.#resting.get(key) ?? []), { context, keeper }]);
    };
    return { context, leave };
  }

  /** Leaves nothing of the visit but files and what is compiled of them, which live as long as the process of a page: one stays. */
  async #rest(context, keeper) {
    const [first, ...others] = context.pages().filter((page) => page !== keeper);
    const kept = keeper ?? first;
    if (!keeper) await first.goto(`${this.url}nothing`);
    else others.unshift(first);
    await Promise.all(others.filter(Boolean).map((page) => page.close()));
    const client = await context.newCDPSession(kept);
    await client.send('Storage.clearDataForOrigin', { origin: new URL(this.url).origin, storageTypes: 'all' });
    await client.detach();
    return kept;
  }
}

function whyNot() {
  if (!FORGER_SITE) return 'FORGER_SITE names no built site (`cargo xtask site --model gen.onnx --out site`)';
  if (!existsSync(join(FORGER_SITE, 'index.html'))) return `there is no index.html in FORGER_SITE, ${FORGER_SITE}`;
  if (!existsSync(FORGER_CHROMIUM)) return `there is no browser at ${FORGER_CHROMIUM} (FORGER_CHROMIUM)`;
  return false;
}

/**
 * Opens the page to a visitor who has stored nothing.
 *
 * `prepare` is called with the page before it loads; `hash` is the fragment of its address. `fresh` is a first visit: nothing
 * of the site is in the browser, and no process has compiled any of it; else both may be. `offline` is that with its service
 * worker left to it. `complaints` fills with what must never happen: messages on the console, uncaught errors, requests to
 * another origin.
 */
async function openPage(visitors, url, { prepare, fresh = false, offline = false, hash = '', ...options } = {}) {
  const { viewport = LOOKS[2].viewport, colorScheme = 'light', forcedColors = 'none', reducedMotion = 'no-preference', ...profile } = options;
  const { context, leave } = await visitors.come({ fresh: fresh || offline, worker: offline }, profile);
  const page = await context.newPage();
  await page.setViewportSize(viewport);
  await page.emulateMedia({ colorScheme, forcedColors, reducedMotion });
  const complaints = [];
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) complaints.push(`request to ${request.url()}`);
  });
  await prepare?.(page);
  await page.goto(url + hash);
  return { page, complaints, context, close: leave };
}

/** Waits until the page says that it can be used, in its language, and the tab that is open is filled. */
export async function ready(page) {
  await page.getByRole('status').getByText(/Ready|준비됐습니다/).waitFor();
  await page.locator('html:not(.embed) [role=tabpanel][aria-busy=false]:not([hidden]):not(:has([aria-busy=true])), .embed').first().waitFor();
}

export async function shoot(page, name) {
  if (!FORGER_SHOTS) return;
  await mkdir(FORGER_SHOTS, { recursive: true });
  await page.screenshot({ path: join(FORGER_SHOTS, `${name}.png`) });
  await page.screenshot({ path: join(FORGER_SHOTS, `${name}-whole.png`), fullPage: true });
}

// What a person finds on the page, by role and name.
export const z0 = (page) => page.getByRole('slider', { name: 'z[0]', exact: true });
export const digit = (page) => page.getByRole('img', { name: 'generated digit of seed' });
export const film = (page) => page.getByRole('slider', { name: 'Frame of the sweep' });
export const sheet = (page, kind) => page.getByRole('img', { name: new RegExp(`100 generated digits.*${kind}`) });

/** Opens a tab, of this name or this element, and waits until the page has filled its panel. */
export async function openTab(page, tab) {
  const found = typeof tab === 'string' ? page.getByRole('tab', { name: tab }) : tab;
  await found.click();
  const panel = await found.getAttribute('aria-controls');
  await page.locator(`#${panel}[aria-busy=false]:not([hidden]):not(:has([aria-busy=true]))`).waitFor();
}

/** The models that the site offers. */
export const models = () => JSON.parse(readFileSync(join(FORGER_SITE, 'models.json'), 'utf8')).models;

/** What a canvas shows, as a text to compare. */
export const pixels = (canvas) => canvas.evaluate((element) => element.toDataURL());

/** Reads until what is read is as it should be, or patience is over; gives what was read last. */
async function awaited(read, holds) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await read();
    if (holds(found) || Date.now() >= deadline) return found;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Waits until a canvas shows something else than `before`; gives what it shows. */
export async function changed(canvas, before, what) {
  const now = await awaited(() => pixels(canvas), (now) => now !== before);
  assert.ok(now !== before, `the picture did not change: ${what}`);
  return now;
}

/** Waits until a canvas shows `expected`: what an input asks for is drawn in the next frame, not at once. */
export async function shows(canvas, expected, what) {
  // Not `equal`: it would print two pictures in full.
  assert.ok((await awaited(() => pixels(canvas), (now) => now === expected)) === expected, `the picture is another: ${what}`);
}

/** Waits until `holds` is true of what `read` gives: what an input asks for comes in the next frame. */
export async function until(read, holds, what) {
  const found = await awaited(read, holds);
  assert.ok(holds(found), `${what}: ${found}`);
  return found;
}
