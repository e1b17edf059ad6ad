// Drives a Firefox by WebDriver BiDi: JSON over one WebSocket, which is all that this takes (https://w3c.github.io/webdriver-bidi/).
//
// Playwright drives Firefoxes that it ships, and asks others for commands that released ones do not have.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE_MS = 20_000;
/** The same for a browser that starts: on a crowded machine that takes a while. */
const START_MS = 90_000;
const SELECTORS = { button: 'button', tab: '[role=tab]', slider: 'input[type=range]', img: '[role=img]' };
const POINTER = { type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' } };

/** Starts a Firefox with a profile of its own; gives a tab in it, and a way to end it. */
export async function launchFirefox(program) {
  const profile = await mkdtemp(join(tmpdir(), 'forger-firefox-'));
  const child = spawn(program, ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, MOZ_HEADLESS: '1', HOME: profile },
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const close = async () => {
    child.kill();
    await Promise.race([ended, pause(5000)]);
    child.kill('SIGKILL');
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const session = await connect(`${await address(child)}/session`);
    await session.send('session.new', { capabilities: {} });
    await session.send('session.subscribe', { events: ['log.entryAdded'] });
    const { contexts } = await session.send('browsingContext.getTree', {});
    return { page: pageOf(session, contexts[0].context), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Where Firefox listens, as it says itself. */
function address(child) {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => reject(new Error(`Firefox opens no port. It says: ${said}`)), START_MS);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`Firefox ended with ${code}. It says: ${said}`)));
    child.stderr.on('data', (data) => {
      said += data;
      const found = /WebDriver BiDi listening on (ws:\S+)/.exec(said);
      if (!found) return;
      clearTimeout(timer);
      resolve(found[1]);
    });
  });
}

/** A tab, as a test uses it: by role and name, with mouse and keys. */
function pageOf(session, context) {
  const send = (method, parameters) => session.send(method, { context, ...parameters });
  const target = { target: { context }, awaitPromise: true };

  async function evaluate(expression) {
    const { result, exceptionDetails } = await session.send('script.evaluate', { ...target, expression: `(async () => JSON.stringify(await (${expression})))()` });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.text}`);
    return result.value === undefined ? undefined : JSON.parse(result.value);
  }

  /** Waits until an expression holds in the page. */
  async function until(expression, what = expression) {
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await pause(50)) if (await evaluate(expression)) return;
    throw new Error(`in ${PATIENCE_MS} ms this did not come about: ${what}`);
  }

  /** The element of a role and a name that is in sight, once there is one. Firefox's own search by them takes a minute on a busy machine. */
  async function find(role, name) {
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await pause(50)) {
      const { result } = await session.send('script.callFunction', {
        ...target,
        functionDeclaration: String(named),
        arguments: [SELECTORS[role], name].map((value) => ({ type: 'string', value })),
      });
      if (result.sharedId) return result;
    }
    throw new Error(`there is no ${role} named ${name}`);
  }

  /** Calls a function in the page with an element. */
  async function call(element, body) {
    const declaration = { functionDeclaration: `(element) => JSON.stringify((${body})(element))`, arguments: [{ sharedId: element.sharedId }] };
    const { result, exceptionDetails } = await session.send('script.callFunction', { ...target, ...declaration });
    if (exceptionDetails) throw new Error(`${body}: ${exceptionDetails.text}`);
    return result.value === undefined ? undefined : JSON.parse(result.value);
  }

  /** Where an element is, brought into sight. */
  const box = (element) =>
    call(element, `(element) => { element.scrollIntoView({ block: 'center', behavior: 'instant' }); return element.getBoundingClientRect(); }`);

  /** Goes with the mouse held down from point to point, given as [x, y] in the window. */
  async function drag(points) {
    const [first, ...rest] = points.map(([x, y]) => ({ type: 'pointerMove', x: Math.round(x), y: Math.round(y), duration: 16 }));
    await send('input.performActions', { actions: [{ ...POINTER, actions: [first, { type: 'pointerDown', button: 0 }, ...rest, { type: 'pointerUp', button: 0 }] }] });
  }

  return {
    complaints: session.complaints,
    goto: (url) => send('browsingContext.navigate', { url, wait: 'complete' }),
    viewport: (width, height) => send('browsingContext.setViewport', { viewport: { width, height } }),
    evaluate,
    until,
    find,
    call,
    drag,
    box,
    async click(role, name) {
      const element = await find(role, name);
      // Something may still be scrolling there softly.
      let [before, y] = [NaN, NaN];
      do {
        before = y;
        ({ y } = await box(element));
        await pause(50);
      } while (y !== before);
      const origin = { type: 'element', element: { sharedId: element.sharedId } };
      const actions = [{ type: 'pointerMove', x: 0, y: 0, origin }, { type: 'pointerDown', button: 0 }, { type: 'pointerUp', button: 0 }];
      await send('input.performActions', { actions: [{ ...POINTER, actions }] });
    },
    press: (value) => send('input.performActions', { actions: [{ type: 'key', id: 'keys', actions: [{ type: 'keyDown', value }, { type: 'keyUp', value }] }] }),
    async screenshot() {
      const { data } = await send('browsingContext.captureScreenshot', {});
      return Buffer.from(data, 'base64');
    },
  };
}

/** Runs in the page: the first element that is seen and has the name. */
function named(selector, name) {
  const nameOf = (element) => element.getAttribute('aria-label') ?? (element.labels?.[0] ?? element).textContent;
  return [...document.querySelectorAll(selector)].find((element) => element.getClientRects().length > 0 && nameOf(element).trim() === name);
}

/** A session: commands go out with a number, and answers come back with it. */
async function connect(url) {
  const waiting = new Map();
  const complaints = [];
  let number = 0;
  const socket = await openSocket(url, (text) => {
    const message = JSON.parse(text);
    if (message.method === 'log.entryAdded') complaints.push(`${message.params.level}: ${message.params.text}`);
    const answer = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.type === 'success') answer?.resolve(message.result);
    if (message.type === 'error') answer?.reject(new Error(`${answer.method}: ${message.error}: ${message.message}`));
  });
  const send = (method, params) =>
    new Promise((resolve, reject) => {
      const id = ++number;
      const patience = method === 'session.new' ? START_MS : PATIENCE_MS;
      const late = () => waiting.delete(id) && reject(new Error(`${method} has no answer in ${patience} ms: ${JSON.stringify(params)}`));
      const timer = setTimeout(late, patience);
      const settled = (then) => (value) => (clearTimeout(timer), then(value));
      waiting.set(id, { method, resolve: settled(resolve), reject: settled(reject) });
      socket.send(JSON.stringify({ id, method, params }));
    });
  return { send, complaints };
}

/** A WebSocket for texts (RFC 6455): frames to the server are masked, those from it are not. */
function openSocket(url, onText) {
  const { hostname, port, pathname } = new URL(url);
  const headers = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': 13, 'sec-websocket-key': randomBytes(16).toString('base64') };
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path: pathname, headers });
    asked.once('error', reject);
    asked.once('response', ({ statusCode }) => reject(new Error(`${url} answers ${statusCode}`)));
    asked.once('upgrade', (_, socket, head) => {
      // Firefox may end before the last byte is read.
      socket.on('error', () => {});
      socket.setNoDelay(true);
      const read = createReader(onText, (payload) => socket.write(frame(10, payload)));
      socket.on('data', read);
      read(head);
      resolve({ send: (text) => socket.write(frame(1, Buffer.from(text))) });
    });
    asked.end();
  });
}

/** One frame, whole: its kind, a length in one, two or eight bytes, a mask, what it carries. */
function frame(kind, payload) {
  const { length } = payload;
  const head = length < 126 ? Buffer.alloc(2) : length < 65_536 ? Buffer.alloc(4) : Buffer.alloc(10);
  head[0] = 0x80 | kind;
  head[1] = 0x80 | (length < 126 ? length : length < 65_536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, payload.map((byte, i) => byte ^ mask[i % 4])]);
}

/** Takes bytes as they come; `onText` is called with each whole message. */
function createReader(onText, onPing) {
  let bytes = Buffer.alloc(0);
  let parts = [];
  return (data) => {
    bytes = Buffer.concat([bytes, data]);
    for (;;) {
      if (bytes.length < 2) return;
      const [first, second] = bytes;
      const short = second & 127;
      const head = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (bytes.length < head) return;
      const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
      if (bytes.length < head + length) return;
      const payload = bytes.subarray(head, head + length);
      bytes = bytes.subarray(head + length);
      const kind = first & 15;
      if (kind === 9) onPing(payload);
      if (kind > 2) continue;
      parts.push(payload);
      if (!(first & 0x80)) continue;
      onText(Buffer.concat(parts).toString());
      parts = [];
    }
  };
}
