// What a stranger's model was taken for: its settings as sliders, its ends as choices, and all of it in both languages.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeOnSite, pixels, ready, until } from './browser.js';
import { integers, model, node, tensor } from './onnx.js';

/** image = tanh(psi · z), and a second picture upside down: tanh(-psi · z). */
const withPsi = ({ initializers = [], dims = [1] } = {}) =>
  model({
    nodes: [
      node('Mul', ['z', 'psi'], 'scaled'),
      node('Tanh', ['scaled'], 'flat'),
      node('Reshape', ['flat', 'shape'], 'image'),
      node('Neg', ['image'], 'negative'),
    ],
    initializers: [integers('shape', [-1, 1, 2, 2]), ...initializers],
    inputs: [['psi', dims]],
    outputs: [['negative', ['batch', 1, 2, 2]]],
  });

const Z = [0.5, -0.25, 1, -1];
const close = (found, expected) => expected.forEach((value, index) => assert.ok(Math.abs(found[index] - value) < 1e-6, `${found} is not ${expected}`));
const tanh = (factor) => Z.map((value) => Math.tanh(factor * value));

describeOnSite('what a model was taken for', (open) => {
  test('a setting rests at 1 or where the file says, and is set by name', async () => {
    const { page, complaints, close: end } = await open();
    const told = await page.evaluate(
      async ([plain, resting, z]) => {
        const { Generator } = await import('./forger.js');
        const read = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        const [g, other] = [await Generator.load(read(plain)), await Generator.load(read(resting))];
        const draw = (generator) => [...generator.generate(new Float32Array(z))];
        const [atOne, rests] = [draw(g), g.settings];
        const half = g.withSetting('psi', 0.5);
        const said = await Generator.load(read(plain), { settings: { psi: 2 } });
        return {
          settings: [rests, other.settings, half.settings],
          ends: g.ends,
          drawn: [atOne, draw(half), draw(other), draw(said)],
          refused: await Generator.load(read(plain), { settings: { chi: 2 } }).then(() => 'it was taken', (error) => error.message),
        };
      },
      [withPsi().toString('base64'), withPsi({ initializers: [tensor('psi', [1], [0.75])] }).toString('base64'), Z],
    );
    assert.deepEqual(told.settings, [[['psi', 1]], [['psi', 0.75]], [['psi', 0.5]]]);
    assert.deepEqual(told.ends, { inputs: ['z', 'psi'], outputs: ['image', 'negative'] });
    [1, 0.5, 0.75, 2].forEach((factor, index) => close(told.drawn[index], tanh(factor)));
    assert.match(told.refused, /no input `chi` to set/);
    assert.deepEqual(complaints, []);
    await end();
  });

  test('a worker draws by the setting that was set last', async () => {
    const { page, close: end } = await open();
    const drawn = await page.evaluate(
      async ([base64, z]) => {
        const { Courier } = await import('./courier.js');
        const courier = new Courier(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)), { settings: { psi: 2 } });
        const first = await courier.request(new Float32Array(z));
        courier.set({ psi: 0.5 });
        const second = await courier.request(new Float32Array(z));
        courier.close();
        return [[...first], [...second]];
      },
      [withPsi().toString('base64'), Z],
    );
    close(drawn[0], tanh(2));
    close(drawn[1], tanh(0.5));
    await end();
  });

  test('on the page a setting is a slider, which stays in hand, and the picture follows', async () => {
    const { page, complaints, close: end } = await dropped(open);
    const slider = page.getByRole('slider', { name: 'psi' });
    assert.equal(await slider.inputValue(), '1');
    const picture = page.locator('#sheet-model canvas').first();
    const before = await pixels(picture);
    await slider.focus();
    await page.keyboard.press('Home');
    await page.waitForFunction(([before]) => document.querySelector('#sheet-model canvas').toDataURL() !== before, [before]);
    assert.equal(await slider.inputValue(), '0');
    assert.ok(await slider.evaluate((element) => element === document.activeElement), 'the slider that was moved is still there');
    assert.deepEqual(complaints, []);
    await end();
  });

  test('another output is chosen, and found out again', async () => {
    const { page, complaints, close: end } = await dropped(open);
    const facts = page.locator('#taken dd');
    await facts.getByText('image: 2 by 2, grey').waitFor();
    await page.getByRole('combobox', { name: 'Picture' }).selectOption('negative');
    await facts.getByText('negative: 2 by 2, grey').waitFor();
    await page.getByRole('combobox', { name: 'Black and white' }).selectOption('0..1');
    await facts.getByText('0..1').waitFor();
    await page.getByRole('combobox', { name: 'Picture' }).selectOption('');
    await facts.getByText('image: 2 by 2, grey').waitFor();
    assert.deepEqual(complaints, []);
    await end();
  });

  test('in Korean it is said in Korean, names of the file left as they are', async () => {
    const { page, complaints, close: end } = await dropped(open, { locale: 'ko-KR' });
    const told = (tag) => async () => (await page.locator(`#taken ${tag}`).allTextContents()).join('; ');
    await until(told('dt'), (terms) => terms === '잠재 벡터; 그림; 수의 순서; 검정과 하양', 'terms');
    await until(told('dd'), (facts) => facts === 'z: 수 4개; image: 2 × 2, 회색조; nchw; -1..1', 'facts');
    await page.getByRole('heading', { name: '모델의 조절값' }).waitFor();
    assert.deepEqual(complaints, []);
    await end();
  });
});

/** The page with the model dropped on it. */
async function dropped(open, options = {}) {
  const opened = await open({ ...options, hash: '#v1&t=models' });
  await ready(opened.page);
  await opened.page.locator('#own').setInputFiles({ name: 'psi.onnx', mimeType: '', buffer: withPsi() });
  await opened.page.locator('#taken dd').first().waitFor();
  return opened;
}
