// Pictures of one's own to train on: framed as the trainer frames them, named where they cannot be read, and never sent anywhere.
//
//   FORGER_PROGRAMS  the folder of `trainer`; without it the framing is not held to the trainer's, byte by byte

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { frame, greyOf, isBright, onAGround } from '../../web/training/framing.js';
import { isAccessible } from './axe.js';
import { describeOnSite, LOOKS, openTab, ready, shoot } from './browser.js';
import { testPictures } from './mnist.js';
import { greyPng } from './png.js';

/** RGBA of a picture whose every pixel `of` tells. */
const rgba = (width, height, of) => Uint8ClampedArray.from({ length: 4 * width * height }, (_, at) => of((at >> 2) % width, Math.floor((at >> 2) / width))[at % 4]);
const grey = (shade) => [shade, shade, shade, 255];
const black = (picture, width, height, side) => [...frame(picture, width, height, side).black];

test('the middle is cut out and averaged down, as `crates/data/src/framing.rs` has it', () => {
  // Three squares side by side, black, grey and white: the middle one is what stays.
  const wide = rgba(24, 8, (x) => grey([0, 100, 255][x >> 3]));
  assert.deepEqual(black(wide, 24, 8, 4), Array(16).fill(100));
  const tall = rgba(8, 24, (_, y) => grey([0, 100, 255][y >> 3]));
  assert.deepEqual(black(tall, 8, 24, 8), Array(64).fill(100));
  // One of the right size is taken byte by byte.
  assert.deepEqual(black(rgba(4, 4, (x, y) => grey(4 * y + x)), 4, 4, 4), Array.from({ length: 16 }, (_, i) => i));
  // A fine checkerboard becomes its mean, which picking single pixels would miss.
  const board = black(rgba(64, 64, (x, y) => grey((x + y) % 2 ? 200 : 0)), 64, 64, 4);
  assert.ok(board.every((byte) => Math.abs(byte - 100) <= 2), `${board}`);
  // The smallest and the flattest there are.
  assert.equal(black(rgba(1, 1, () => grey(9)), 1, 1, 28).length, 784);
  assert.equal(black(rgba(40, 1, () => grey(9)), 40, 1, 28)[0], 9);
});

const { FORGER_PROGRAMS, FORGER_REQUIRE_ALL } = process.env;
const withoutPrograms = !FORGER_PROGRAMS && 'FORGER_PROGRAMS names no folder of `trainer`';
if (withoutPrograms && FORGER_REQUIRE_ALL !== '1') console.log(`skipped: ${withoutPrograms}`);

test('a picture of any size is framed to the very bytes that the trainer trains on', { skip: FORGER_REQUIRE_ALL !== '1' && withoutPrograms }, async () => {
  assert.ok(!withoutPrograms, withoutPrograms);
  const folder = await mkdtemp(join(tmpdir(), 'forger-framing-'));
  try {
    for (const [width, height] of [[61, 97], [400, 300], [13, 13], [28, 28], [29, 29], [56, 56], [3, 200], [1000, 700]]) {
      let noise = 12345;
      const shades = Uint8Array.from({ length: width * height }, (_, i) => {
        noise = (Math.imul(noise, 1_103_515_245) + 12_345) >>> 0;
        return ((i % width) * 3 + (noise >>> 25)) & 255;
      });
      const set = join(folder, `${width}x${height}`);
      await mkdir(set);
      // All the same, so that it does not matter which of them the trainer sets aside.
      const count = 120;
      for (let i = 0; i < count; i++) await writeFile(join(set, `${i}.png`), greyPng(shades, width, height));
      const out = join(folder, 'out.onnx');
      const flags = ['--size', '28', '--colour', 'grey', '--epochs', '1', '--hidden', '4', '--batch', '10', '--evaluate-every', '0', '--overwrite', '--quiet', '--device', 'cpu'];
      await promisify(execFile)(join(FORGER_PROGRAMS, 'trainer'), ['--data', set, ...flags, '--out', out]);
      const checkpoint = await readFile(join(folder, 'out.run/checkpoint.safetensors'));
      const told = JSON.parse(checkpoint.toString('utf8', 8, 8 + Number(checkpoint.readBigUInt64LE(0)))).__metadata__;
      const ours = frame(rgba(width, height, (x, y) => grey(shades[y * width + x])), width, height).black;
      const sums = Array.from({ length: count + 1 }, (_, trained) => crc32(Buffer.concat(Array(trained).fill(ours))));
      assert.ok(sums.slice(1).includes(Number(told.pictures_crc32)), `${width} by ${height}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('colours turn grey as Pillow turns them', () => {
  // `Image.new("RGB", (1, 1), colour).convert("L").getpixel((0, 0))` of Pillow 13.
  for (const [colour, shade] of [[[255, 0, 0], 76], [[0, 255, 0], 150], [[0, 0, 255], 29], [[255, 255, 255], 255], [[12, 200, 99], 132]]) {
    assert.equal(greyOf(...colour), shade, `${colour}`);
  }
});

test('what is transparent is put on the ground that its ink stands out from', () => {
  const clear = rgba(2, 2, (x, y) => (y ? [255, 255, 255, 255] : x ? [200, 200, 200, 128] : [255, 255, 255, 0]));
  const seen = frame(clear, 2, 2, 2);
  assert.deepEqual([[...seen.black], [...seen.white]], [[0, 100, 255, 255], [255, 227, 255, 255]]);
  const ink = frame(rgba(2, 2, (x, y) => (x && y ? [10, 10, 10, 255] : [0, 0, 0, 0])), 2, 2, 2);
  assert.deepEqual([...onAGround([ink, ink])], [255, 255, 255, 10, 255, 255, 255, 10]);
  assert.deepEqual([...onAGround([seen, seen])].slice(0, 4), [0, 100, 255, 255]);
  assert.equal(frame(rgba(2, 2, () => grey(7)), 2, 2, 2).white, undefined, 'nothing to see through');
  assert.deepEqual([isBright(new Uint8Array(784).fill(250)), isBright(new Uint8Array(784))], [true, false]);
});

describeOnSite('pictures of one’s own', (open) => {
  let folder;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forger-own-'));
    const { bytes, labels } = testPictures();
    let count = 0;
    for (let i = 0; count < 80; i++) {
      if (labels[i] !== 3 && labels[i] !== 7) continue;
      await mkdir(join(folder, 'mine', String(labels[i])), { recursive: true });
      await writeFile(join(folder, 'mine', String(labels[i]), `${i}.png`), greyPng(bytes(i), 28, 28));
      count++;
    }
    await writeFile(join(folder, 'mine', '3', 'notes.txt'), 'a text');
    await writeFile(join(folder, 'mine', '7', 'cut.png'), greyPng(bytes(0), 28, 28).subarray(0, 60));
    await writeFile(join(folder, 'mine', '7', '.DS_Store'), 'of the system');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const files = (count) => Array.from({ length: count }, (_, i) => ({ name: `${i}.png`, mimeType: 'image/png', buffer: greyPng(testPictures().bytes(i), 28, 28) }));

  async function visit(options = {}) {
    const sent = [];
    const visit = await open({
      hash: '#v1&t=train',
      ...options,
      prepare: async (page) => {
        page.on('request', (request) => (request.method() !== 'GET' || request.postData()) && sent.push(request.url()));
        await options.prepare?.(page);
      },
    });
    await ready(visit.page);
    const panel = visit.page.getByRole('tabpanel', { name: 'Train' });
    await panel.getByRole('radio', { name: 'pictures of your own' }).check();
    return { ...visit, panel, sent };
  }

  for (const { name, ...size } of [LOOKS[0], LOOKS[2]]) {
    test(`a folder of folders is read, its classes are learnt, and nothing leaves the device, ${name}`, async () => {
      const { page, panel, sent, complaints, close } = await visit(size);
      await panel.getByText('nothing is uploaded').waitFor();
      await panel.getByLabel('Choose a folder').setInputFiles(join(folder, 'mine'));
      const said = panel.getByRole('status').filter({ hasText: 'pictures were read' });
      await said.getByText('80 pictures were read.').waitFor();
      const words = await said.textContent();
      assert.match(words, /2 files are no pictures.*: (cut\.png, notes\.txt|notes\.txt, cut\.png)\./);
      assert.match(words, /in 2 folders, which are their classes: 3, 7\./);
      await panel.getByRole('img', { name: 'The first of your pictures' }).waitFor();
      await isAccessible(page, 'own pictures', (scheme) => shoot(page, `train-own-${name}-${scheme}`));
      await panel.getByRole('radio', { name: 'classes:' }).check();
      await panel.getByRole('button', { name: 'Train', exact: true }).click();
      await panel.getByRole('img', { name: /^100 pictures by the forger after/ }).waitFor();
      await panel.getByText('A row for each folder').waitFor();
      await panel.getByRole('status').getByText('is the page’s network now').waitFor();
      await page.getByRole('group', { name: 'Class' }).getByRole('button', { name: '7' }).waitFor();
      assert.deepEqual([sent, complaints], [[], []]);
      await close();
    });
  }

  test('ten are too few, and a sentence says so before anything is fetched', async () => {
    const { panel, sent, complaints, close } = await visit();
    await panel.getByRole('button', { name: 'Train', exact: true }).click();
    await panel.getByRole('status').getByText('Choose at least 64 pictures first.').waitFor();
    await panel.getByLabel('Choose pictures').setInputFiles(files(10));
    await panel.getByText('10 pictures were read. That is too few').waitFor();
    await panel.getByRole('button', { name: 'Train', exact: true }).click();
    assert.ok(await panel.getByRole('button', { name: 'Train', exact: true }).isEnabled(), 'nothing is begun');
    await panel.getByLabel('Choose pictures').setInputFiles(files(64));
    await panel.getByText('64 pictures were read.').waitFor();
    await panel.getByRole('button', { name: 'Train', exact: true }).click();
    await panel.getByRole('img', { name: /^100 pictures by the forger after/ }).waitFor();
    assert.deepEqual([sent, complaints], [[], []]);
    await close();
  });

  test('what is no picture at all is named, and harms nothing', async () => {
    const { page, panel, complaints, close } = await visit();
    const names = ['<b>bold.png', 'b.png', 'c.png', 'd.png', 'e.png'];
    await panel.getByLabel('Choose pictures').setInputFiles(names.map((name) => ({ name, mimeType: 'image/png', buffer: Buffer.from('a text') })));
    await panel.getByText('0 pictures were read. 5 files are no pictures that this browser can read: <b>bold.png, b.png, c.png and others.').waitFor();
    assert.equal(await page.locator('#panel-train b').count(), 0);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('without workers the page reads them itself', async () => {
    const { panel, close } = await visit({ prepare: (page) => page.addInitScript(() => delete globalThis.Worker) });
    await panel.getByLabel('Choose pictures').setInputFiles(files(64));
    await panel.getByText('64 pictures were read.').waitFor();
    await close();
  });

  test('dropped onto the tab they are its pictures, and nobody else’s', async () => {
    const { page, panel, complaints, close } = await visit();
    await panel.getByRole('radio', { name: '10,000 digits' }).check();
    const given = await page.evaluateHandle(
      (pictures) => {
        const given = new DataTransfer();
        pictures.forEach((data, i) => given.items.add(new File([Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))], `${i}.png`, { type: 'image/png' })));
        return given;
      },
      files(70).map(({ buffer }) => buffer.toString('base64')),
    );
    const target = page.locator('#panel-train h2').first();
    await target.dispatchEvent('dragover', { dataTransfer: given });
    await target.dispatchEvent('drop', { dataTransfer: given });
    await panel.getByText('70 pictures were read.').waitFor();
    assert.ok(await panel.getByRole('radio', { name: 'pictures of your own' }).isChecked());
    assert.equal(await page.getByRole('tab', { selected: true }).textContent(), 'Train', 'none was taken for a drawing');
    assert.ok(await page.locator('#drop').isHidden());
    // In another tab a picture is what it was: a photo of a digit.
    await openTab(page, 'A hundred');
    await page.locator('#panel-hundred').dispatchEvent('drop', { dataTransfer: given });
    await page.getByRole('tab', { name: 'Draw', selected: true }).waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });
});
