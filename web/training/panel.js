// @ts-check
/**
 * The tab "Train": a run in a worker, watched. Fetched when the tab is opened; the pictures and what trains when a run is begun.
 */

import { explained } from '../controls/failure.js';
import { make } from '../controls/dom.js';
import { paint } from '../pixels.js';
import { download } from '../save.js';
import { currentLanguage, setText } from '../strings.js';
import { startTraining } from '../trainer.js';
import { say } from './words.js';

/** MNIST's ten thousand test pictures. Not called `.gz`: some hosts would unpack what is called so on the way, and some would not. */
const PICTURES = new URL('../pictures/mnist-test-images.gzip', import.meta.url);
const LENGTHS = [10, 30, 100];
/** How often the sheet is drawn, in ms: more than twice a second. */
const EVERY_MS = 350;
const COLUMNS = 10;

/** @typedef {'idle' | 'loading' | 'running' | 'paused' | 'over'} Stage */

/**
 * @param {HTMLElement} root
 * @param {(file: File) => void} onModel The generator of a run that has ended.
 */
export function createPanel(root, onModel) {
  /** @type {Stage} */
  let stage = 'idle';
  /** @type {import('../trainer.js').Training | undefined} */
  let training;
  /** @type {import('../trainer.js').Report | undefined} */
  let report;
  /** @type {string[]} */
  let warnings = [];
  /** @type {unknown} */
  let failure;
  let chosen = { recipe: 'stable', seed: 1 };
  let saidOf = () => '';
  /** What is written already: a live region would say it again. */
  let written = { failure: /** @type {unknown} */ (undefined), language: '' };

  // Of no use to anybody else, and so not among the page's first style sheets.
  document.head.append(make('link', { rel: 'stylesheet', href: new URL('training.css', import.meta.url).href }));
  const head = make('h2');
  const [story, data, lossHint, sheetHint, checkpointHint] = ['lede', 'hint', 'hint', '', 'hint'].map((className) => make('p', { className }));
  const recipes = ['stable', 'seed'].map((value) => make('input', { type: 'radio', name: 'training-recipe', value, checked: value === 'stable' }));
  const recipeWords = recipes.map(() => make('span'));
  const legend = make('legend');
  const recipe = make('fieldset', { className: 'choices' }, [legend, ...recipes.map((radio, i) => make('label', {}, [radio, ' ', recipeWords[i]]))]);
  const seed = make('input', { type: 'number', id: 'training-seed', min: '0', max: String(Number.MAX_SAFE_INTEGER), step: '1', value: '1', inputMode: 'numeric' });
  const seedWord = make('label', { htmlFor: 'training-seed' });
  const length = make('select', { id: 'training-length' }, LENGTHS.map((epochs) => make('option', { value: String(epochs) })));
  const lengthWord = make('label', { htmlFor: 'training-length' });
  const start = make('button', { type: 'button', className: 'primary' });
  const pause = make('button', { type: 'button' });
  const stop = make('button', { type: 'button' });
  const bar = make('progress', { max: 1, value: 0 });
  const said = make('p', { className: 'hint' });
  said.setAttribute('role', 'status');
  const failed = make('p', { className: 'warning', hidden: true });
  failed.setAttribute('role', 'alert');
  const named = make('ul', { className: 'warnings' });
  named.setAttribute('role', 'status');
  const canvas = make('canvas', { width: 280, height: 280 });
  canvas.setAttribute('role', 'img');
  const figure = make('figure', {}, [make('div', { className: 'paper sheet large' }, [canvas]), make('figcaption', {}, [sheetHint])]);
  const facts = ['step', 'dLoss', 'gLoss', 'accuracy', 'pace', 'left'].map((key) => ({ key, term: make('dt'), value: make('dd') }));
  const list = make('dl', { className: 'facts' }, facts.map(({ term, value }) => make('div', {}, [term, value])));
  const [onnx, checkpoint] = [make('button', { type: 'button' }), make('button', { type: 'button' })];
  const home = make('div', { className: 'training-home' }, [onnx, checkpoint, checkpointHint]);
  root.replaceChildren(
    head, story, data,
    make('div', { className: 'training-form' }, [recipe, seedWord, seed, lengthWord, length]),
    make('div', { className: 'training-buttons' }, [start, pause, stop]),
    bar, said, failed, named, list, lossHint, figure, home,
  );

  start.addEventListener('click', () => void begin());
  pause.addEventListener('click', () => {
    if (!training || (stage !== 'running' && stage !== 'paused')) return;
    if (stage === 'running') training.pause();
    else training.goOn();
    stage = stage === 'running' ? 'paused' : 'running';
    const { step, steps } = report ?? { step: 0, steps: 0 };
    saidOf = () => (stage === 'paused' ? say('paused', { step, steps }) : say('begun'));
    show();
  });
  stop.addEventListener('click', () => {
    training?.stop();
    start.focus();
  });
  onnx.addEventListener('click', () => void save('gen.onnx', () => training?.export()));
  checkpoint.addEventListener('click', () => void save('checkpoint.safetensors', () => training?.checkpoint()));

  async function begin() {
    if (stage === 'loading' || stage === 'running' || stage === 'paused') return;
    training?.free();
    training = undefined;
    [failure, report, warnings, stage] = [undefined, undefined, [], 'loading'];
    saidOf = () => say('loading');
    show();
    chosen = { recipe: recipes.find(({ checked }) => checked)?.value ?? 'stable', seed: Math.max(0, Math.floor(seed.valueAsNumber || 0)) };
    try {
      const run = await startTraining({ pictures: PICTURES, dataset: 'mnist-test', ...chosen, epochs: Number(length.value), everyMs: EVERY_MS });
      training = run;
      stage = 'running';
      saidOf = () => say('begun');
      show();
      for await (const each of run) take(each);
      await end(run);
    } catch (error) {
      failure = error;
      stage = 'over';
      saidOf = () => '';
    }
    show();
  }

  /** @param {import('../trainer.js').Report} each */
  function take(each) {
    report = each;
    warnings.push(...each.warnings);
    paint(canvas, each.sheet, each.imageShape, COLUMNS);
    show();
  }

  /** @param {import('../trainer.js').Training} run */
  async function end(run) {
    const step = report?.step ?? 0;
    const bytes = /** @type {Uint8Array<ArrayBuffer>} */ (await run.export());
    stage = 'over';
    saidOf = () => say('ended', { step });
    onModel(new File([bytes], `gen-${chosen.recipe}-seed${chosen.seed}.onnx`));
  }

  /** @param {string} name @param {() => Promise<Uint8Array> | undefined} make */
  async function save(name, make) {
    try {
      const bytes = await make();
      if (bytes) download(new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes)], { type: 'application/octet-stream' }), name);
    } catch (error) {
      failure = error;
      show();
    }
  }

  /** Everything as it is, in the language of the page. */
  function show() {
    setText(head, say('title'));
    setText(story, say('story'));
    setText(data, say('data'));
    setText(legend, say('recipe'));
    recipes.forEach(({ value }, i) => setText(recipeWords[i], say(value)));
    setText(seedWord, say('number'));
    setText(lengthWord, say('length'));
    for (const option of length.options) setText(option, say('epochs', { epochs: option.value }));
    const isUnderWay = stage === 'loading' || stage === 'running' || stage === 'paused';
    setText(start, say(stage === 'over' ? 'again' : 'train'));
    setText(pause, say(stage === 'paused' ? 'goOn' : 'pause'));
    setText(stop, say('stop'));
    start.disabled = isUnderWay;
    pause.disabled = stop.disabled = stage !== 'running' && stage !== 'paused';
    recipe.disabled = seed.disabled = length.disabled = isUnderWay;
    setText(said, saidOf());
    setText(sheetHint, say('sheetHint'));
    setText(lossHint, say('lossHint'));
    setText(onnx, say('onnx'));
    setText(checkpoint, say('checkpoint'));
    setText(checkpointHint, say('checkpointHint'));
    onnx.disabled = checkpoint.disabled = !training || !report || failure !== undefined;
    bar.setAttribute('aria-label', say('step'));
    bar.value = report ? report.step / report.steps : 0;
    canvas.setAttribute('aria-label', report ? say('sheet', { step: report.step }) : say('sheetNone'));
    for (const { key, term, value } of facts) {
      setText(term, say(key));
      setText(value, report ? factOf(key, report) : '—');
    }
    const lines = warnings.map((message) => say(message.startsWith('mode collapse') ? 'collapse' : 'overpowers'));
    if (lines.join() !== [...named.children].map(({ textContent }) => textContent).join()) {
      named.replaceChildren(...lines.map((textContent) => make('li', { textContent })));
    }
    failed.hidden = failure === undefined;
    if (failure === undefined || (written.failure === failure && written.language === currentLanguage())) return;
    written = { failure, language: currentLanguage() };
    const { message, hint } = explained(failure);
    failed.replaceChildren(...message, ' ', ...hint);
  }

  show();
  return { show };
}

/** @param {string} key @param {import('../trainer.js').Report} report */
function factOf(key, { step, steps, dLoss, gLoss, dAccuracy, stepsPerSecond, secondsLeft }) {
  switch (key) {
    case 'step':
      return say('stepOf', { step, steps });
    case 'dLoss':
      return dLoss.toFixed(3);
    case 'gLoss':
      return gLoss.toFixed(3);
    case 'accuracy':
      return `${Math.round(100 * dAccuracy)} %`;
    case 'pace':
      return stepsPerSecond.toFixed(0);
    default: {
      const seconds = Math.ceil(secondsLeft);
      return seconds < 60 ? say('seconds', { seconds }) : say('minutes', { minutes: Math.floor(seconds / 60), seconds: seconds % 60 });
    }
  }
}
