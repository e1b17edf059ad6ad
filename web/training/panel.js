// @ts-check
/**
 * The tab "Train": a run in a worker, watched. Fetched when the tab is opened; the pictures and what trains when a run is begun.
 *
 * `setup.js` says what a run is to be, `picking.js` reads pictures of the visitor's own, `watching.js` shows a run, `slow.js` one step of
 * it, `keeper.js` keeps it for a reload; here they meet.
 */

import { make } from '../controls/dom.js';
import { download } from '../save.js';
import { currentLanguage, setText } from '../strings.js';
import { resumeTraining, startTraining } from '../trainer.js';
import { fetchPictures, openPictures } from './data.js';
import { faultOf } from './faults.js';
import { createKeeper } from './keeper.js';
import { toFragment } from './link.js';
import { asPictures, LEAST } from './own.js';
import { createPicking } from './picking.js';
import { changesOf } from './recipes.js';
import { createSetup } from './setup.js';
import { createSlow } from './slow.js';
import { netsOf, noiseOf, placesOf, takenApart } from './step.js';
import { createWatching, isLost } from './watching.js';
import { say } from './words.js';

/** How often the sheet is drawn, in ms: more than twice a second. */
const EVERY_MS = 350;
/** After so long without a report the tab was asleep, in ms. */
const ASLEEP_MS = 60_000;
/** How often a step is asked for until it is the only one. */
const MOST_TRIES = 50;
/** The failures are looked for from this step on. */
const FIRST_WATCHED = 500;

/** @typedef {'idle' | 'loading' | 'running' | 'paused' | 'over'} Stage */
/** @typedef {import('./link.js').Setup} Setup */

/**
 * @param {HTMLElement} root
 * @param {(file: File) => void} onModel The generator of a run that has ended.
 */
export function createPanel(root, onModel) {
  /** @type {Stage} */
  let stage = 'idle';
  /** @type {import('../trainer.js').Training | undefined} */
  let training;
  /** What the run on show is, and what it learns from. */
  let run = { setup: /** @type {Setup | undefined} */ (undefined), isInverted: false, data: /** @type {import('./data.js').Data | undefined} */ (undefined) };
  /** The run of an earlier visit that can be gone on with. @type {import('./keep.js').Kept | undefined} */
  let kept;
  /** @type {unknown} */
  let failure;
  /** How much of the pictures has come, from 0 to 1. @type {number | undefined} */
  let fetched;
  let [saidOf, linkSaidOf, invitationOf] = [() => '', () => '', () => ''];
  /** @type {ReturnType<typeof openPictures> | undefined} */
  let pictures;
  let [isStepping, hasSlept, heardAt] = [false, false, 0];
  /** The link that was followed last. @type {Setup | undefined} */
  let invited;
  /** What is written already: a live region would say it again. */
  let written = { failure: /** @type {unknown} */ (undefined), language: '' };

  // Of no use to anybody else, and so not among the page's first style sheets.
  document.head.append(make('link', { rel: 'stylesheet', href: new URL('training.css', import.meta.url).href }));
  const isLocked = () => stage === 'loading' || stage === 'running' || stage === 'paused';
  const setup = createSetup(show);
  const [summary, invitation] = [make('summary'), make('p', { className: 'invited' })];
  const form = make('details', { className: 'setup', open: true }, [summary, setup.root]);
  const picking = createPicking({ isOpen: () => !root.hidden && root.isConnected, isLocked, onOwn });
  setup.ownPlace.after(picking.root);
  const watching = createWatching();
  const keeper = createKeeper(show);
  const slow = createSlow({ onStep: () => void showStep(), onEnd: endSlow });

  const head = make('h2');
  const [story, data, checkpointHint, keptAt, keptWords] = ['lede', 'hint', 'hint', 'hint', ''].map((className) => make('p', { className }));
  const buttons = { start: 'primary', pause: '', stop: '', slow: '', link: '' };
  const [start, pause, stop, slowly, link] = Object.values(buttons).map((className) => make('button', { type: 'button', className }));
  const bar = make('progress', { max: 1, value: 0 });
  const [said, linkSaid] = [make('p', { className: 'hint' }), make('p', { className: 'hint' })];
  const notes = make('ul', { className: 'notes' });
  for (const element of [said, linkSaid, notes, invitation]) element.setAttribute('role', 'status');
  const linkField = make('input', { type: 'text', className: 'link', readOnly: true, hidden: true });
  const failed = make('p', { className: 'warning', hidden: true });
  failed.setAttribute('role', 'alert');
  const [goOn, throwAway] = [make('button', { type: 'button', className: 'primary' }), make('button', { type: 'button', className: 'quiet' })];
  const offer = make('div', { className: 'kept', hidden: true }, [keptWords, make('div', { className: 'bar' }, [goOn, throwAway])]);
  const [onnx, checkpoint] = [make('button', { type: 'button' }), make('button', { type: 'button' })];
  const home = make('div', { className: 'training-home' }, [onnx, checkpoint, checkpointHint]);
  root.replaceChildren(
    head, invitation, story, data, offer, form,
    make('div', { className: 'training-buttons' }, [start, pause, stop, slowly, link]),
    linkSaid, linkField, bar, said, failed, notes, watching.named, slow.root, watching.root, keptAt, home,
  );

  start.addEventListener('click', () => void begin());
  pause.addEventListener('click', () => (stage === 'running' ? pauseRun() : goOnRun()));
  stop.addEventListener('click', () => {
    training?.stop();
    start.focus();
  });
  slowly.addEventListener('click', () => void showStep());
  link.addEventListener('click', () => void copyLink());
  goOn.addEventListener('click', () => void goOnKept());
  throwAway.addEventListener('click', () => void throwKept());
  onnx.addEventListener('click', () => void save('gen.onnx', () => training?.export()));
  checkpoint.addEventListener('click', () => void save('checkpoint.safetensors', () => training?.checkpoint()));
  // The last moments that a page surely has: a phone may close it without another word.
  document.addEventListener('visibilitychange', () => document.hidden && keepNow());
  document.addEventListener('freeze', keepNow);
  document.addEventListener('resume', () => {
    if (stage !== 'running') return;
    hasSlept = true;
    show();
  });
  void keeper.find().then((found) => {
    if (stage === 'idle') kept = found;
    show();
  });

  function onOwn() {
    // Classes are of the pictures that are there.
    if (!isLocked() && setup.get().recipe === 'classes' && setup.get().pictures === 'own' && picking.ready() && !picking.hasClasses()) setup.set({ ...setup.get(), recipe: 'stable' });
    // Whoever drops pictures wants to train on them.
    if (!isLocked() && setup.get().pictures !== 'own') setup.set({ ...setup.get(), recipe: 'stable', pictures: 'own' });
    show();
  }

  /** A run of what is chosen. */
  async function begin() {
    if (isLocked()) return;
    const chosen = setup.get();
    const own = chosen.pictures === 'own' ? picking.ready() : undefined;
    if (chosen.pictures === 'own' && !own) {
      saidOf = () => say('ownWanted', { least: LEAST });
      return show();
    }
    prepare(chosen, own !== undefined && picking.isInverted(), []);
    const { recipe, seed, epochs, values } = chosen;
    await watch('begun', async () => {
      const { source, dataset } = await learnt(own);
      keeper.beginNew(own);
      return startTraining({ pictures: source, dataset, recipe, seed, epochs, changes: changesOf(recipe, values), everyMs: EVERY_MS });
    });
  }

  /** The run that was kept, from where it was. */
  async function goOnKept() {
    if (isLocked() || !kept) return;
    const taken = kept;
    setup.set(taken.setup);
    prepare(taken.setup, taken.isInverted, taken.warnings);
    await watch('wentOn', async () => {
      const { checkpoint, own } = await keeper.take(taken.id);
      if (!checkpoint) throw new Error('a kept run has a checkpoint');
      if (own) picking.put(own, taken.isInverted);
      const { source, dataset } = await learnt(own);
      keeper.beginKept(taken);
      return resumeTraining({ pictures: source, checkpoint, dataset, everyMs: EVERY_MS });
    });
  }

  /** @param {Setup} chosen @param {boolean} isInverted @param {readonly string[]} warnings */
  function prepare(chosen, isInverted, warnings) {
    training?.free();
    slow.close();
    [training, pictures, kept, failure, hasSlept] = [undefined, undefined, undefined, undefined, false];
    run = { setup: chosen, isInverted, data: undefined };
    stage = 'loading';
    saidOf = () => say('loading');
    linkSaidOf = invitationOf = () => '';
    // What is to be seen is not to lie far below what was chosen.
    form.open = false;
    watching.begin(warnings);
    show();
  }

  /** What the run learns from: the visitor's own pictures, or what the site has. @param {import('./own.js').Own | undefined} own */
  async function learnt(own) {
    const which = run.setup?.pictures === 'train' ? 'train' : 'test';
    run.data = own
      ? { source: asPictures(own, run.isInverted), dataset: own.name }
      : await fetchPictures(which, (share) => {
          fetched = share;
          show();
        });
    fetched = undefined;
    return run.data;
  }

  /** @param {string} words What is said when it has begun. @param {() => Promise<import('../trainer.js').Training>} open */
  async function watch(words, open) {
    try {
      const under = await open();
      training = under;
      stage = 'running';
      heardAt = Date.now();
      saidOf = () => say(words);
      show();
      // The button that was pressed can no longer be.
      if (document.activeElement === document.body) pause.focus();
      for await (const each of under) take(each);
      await end(under);
    } catch (error) {
      fail(error);
    }
    show();
  }

  /** @param {unknown} error */
  function fail(error) {
    // A fault of ours is to be found in the console.
    if (!(error instanceof Error && 'hint' in error)) console.error(error);
    [failure, stage, fetched] = [error, 'over', undefined];
    saidOf = () => '';
    slow.close();
    keeper.end();
    void keeper.find().then((found) => {
      kept = found;
      show();
    });
  }

  /** @param {import('../trainer.js').Report} each */
  function take(each) {
    if (stage === 'running' && Date.now() - heardAt > ASLEEP_MS) hasSlept = true;
    heardAt = Date.now();
    watching.take(each);
    if (training && !each.isDone && each.step > 0) void keeper.save(training, stateNow);
    show();
  }

  /** @param {import('../trainer.js').Training} under */
  async function end(under) {
    const { recipe, seed } = run.setup ?? setup.get();
    const bytes = /** @type {Uint8Array<ArrayBuffer>} */ (await under.export());
    const report = watching.report();
    stage = 'over';
    slow.close();
    const verdict = watching.warnings().length > 0 ? '' : report && report.step >= FIRST_WATCHED && report.epoch > 0 ? 'endedWell' : 'endedShort';
    saidOf = () => [say('ended', { step: report?.step ?? 0 }), verdict && say(verdict)].join(' ').trim();
    onModel(new File([bytes], `gen-${recipe}-seed${seed}.onnx`));
    void keeper.save(under, stateNow, true).then(keeper.end);
  }

  /** What is kept of the run beside its checkpoint. */
  function stateNow() {
    const report = watching.report();
    return { setup: run.setup ?? setup.get(), isInverted: run.isInverted, warnings: watching.warnings(), steps: report?.steps ?? 0, isDone: report?.isDone ?? false };
  }

  function keepNow() {
    if (training && watching.report() && (stage === 'running' || stage === 'paused')) void keeper.save(training, stateNow, true);
  }

  async function throwKept() {
    if (!kept) return;
    const { id } = kept;
    kept = undefined;
    saidOf = () => say('keptDropped');
    start.focus();
    show();
    await keeper.drop(id);
  }

  function pauseRun() {
    if (!training || stage !== 'running') return;
    training.pause();
    stage = 'paused';
    saidOf = () => {
      const { step, steps } = watching.report() ?? { step: 0, steps: 0 };
      return say('paused', { step, steps });
    };
    keepNow();
    show();
  }

  function goOnRun() {
    if (!training || stage !== 'paused') return;
    slow.close();
    training.goOn();
    stage = 'running';
    saidOf = () => say('begun');
    heardAt = Date.now();
    show();
  }

  /** Takes one step, and shows it in its parts. */
  async function showStep() {
    const { data, setup: chosen } = run;
    if (!training || !data || !chosen || isStepping) return;
    pauseRun();
    isStepping = true;
    show();
    try {
      const { count, at } = await (pictures ??= openPictures(data));
      const [first, second] = await oneStep(training);
      const shape = watching.report()?.imageShape ?? [1, 28, 28];
      if (!first || !second) {
        saidOf = () => say('slowNone');
        return;
      }
      const real = at(placesOf(first, chosen.seed, count));
      // Each in a task of its own: neither is to keep the page.
      await new Promise((resolve) => setTimeout(resolve));
      slow.open(takenApart(first, second, noiseOf(first, chosen.seed), real), shape, first.step, chosen.pictures !== 'own');
    } catch (error) {
      fail(error);
    } finally {
      isStepping = false;
      show();
    }
  }

  /** Both networks before a step and after it; none of a run that is told classes. @param {import('../trainer.js').Training} under */
  async function oneStep(under) {
    let first = netsOf(await under.checkpoint());
    for (let tries = 0; first && tries < MOST_TRIES; tries++) {
      under.step();
      const second = netsOf(await under.checkpoint());
      // Steps that were under way when the run was paused come first.
      if (second?.step === first.step + 1) return [first, second];
      first = second;
    }
    return [];
  }

  function endSlow() {
    slow.close();
    slowly.focus();
    show();
  }

  async function copyLink() {
    const fragment = toFragment(setup.get());
    const address = location.href.split(/[?#]/)[0] + fragment;
    const isOwn = setup.get().pictures === 'own';
    linkField.hidden = true;
    try {
      await navigator.clipboard.writeText(address);
      linkSaidOf = () => say(isOwn ? 'linkOwn' : 'linkCopied');
    } catch {
      linkSaidOf = () => say('linkNotCopied');
      linkField.value = address;
      linkField.hidden = false;
      linkField.select();
    }
    show();
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
    const report = watching.report();
    const chosen = setup.get();
    const isUnderWay = stage === 'running' || stage === 'paused';
    const texts = /** @type {[Element, string][]} */ ([
      [head, say('title')], [story, say('story')], [data, say('data')],
      [start, say(stage === 'over' ? 'again' : 'train')], [pause, say(stage === 'paused' ? 'goOn' : 'pause')], [stop, say('stop')],
      [slowly, say('slow')], [summary, say('setup', { recipe: chosen.recipe, seed: chosen.seed, epochs: chosen.epochs })], [invitation, invitationOf()], [link, say('link')], [said, saidOf()], [linkSaid, linkSaidOf()],
      [onnx, say('onnx')], [checkpoint, say('checkpoint')], [checkpointHint, say('checkpointHint')],
      [throwAway, say('keptDrop')], [goOn, say(kept?.isDone ? 'keptTake' : 'keptGoOn')],
      [keptWords, kept ? say(kept.isDone ? 'keptDone' : 'keptOffer', { recipe: kept.setup.recipe, seed: kept.setup.seed, step: kept.step, steps: kept.steps }) : ''],
      [keptAt, isLocked() && keeper.step() > 0 ? say('keptAt', { step: keeper.step() }) : ''],
    ]);
    for (const [element, words] of texts) setText(element, words);
    setup.show({ isLocked: isLocked(), hasClasses: picking.hasClasses(), ownCount: picking.count() });
    picking.show(chosen.pictures === 'own');
    watching.show(run.setup ?? chosen);
    slow.show(currentLanguage());
    offer.hidden = !kept || isLocked();
    bar.hidden = watching.root.hidden = home.hidden = stage === 'idle';
    // Whoever has begun a run wants to see it.
    story.hidden = data.hidden = stage !== 'idle';
    linkField.setAttribute('aria-label', say('linkName'));
    start.disabled = isLocked();
    pause.disabled = stop.disabled = !isUnderWay || isStepping;
    slowly.disabled = !isUnderWay || !report || report.isDone || isStepping;
    onnx.disabled = checkpoint.disabled = !training || !report || failure !== undefined;
    bar.setAttribute('aria-label', say(fetched === undefined ? 'step' : 'loading'));
    bar.value = fetched ?? (report ? report.step / report.steps : 0);
    showNotes();
    failed.hidden = failure === undefined;
    if (failure === undefined || (written.failure === failure && written.language === currentLanguage())) return;
    written = { failure, language: currentLanguage() };
    failed.replaceChildren(...faultOf(failure, report?.step ?? 0));
  }

  /** What may surprise somebody, a sentence each. */
  function showNotes() {
    const trouble = keeper.trouble();
    const keys = [
      trouble && (isLocked() || stage === 'over') && (trouble === 'full' ? 'noteFull' : 'noteNone'),
      keeper.areOthers() && isLocked() && 'noteTabs',
      !globalThis.Worker && isLocked() && 'noteWorkers',
      isLost(watching.report()) && 'gpuLost',
      hasSlept && 'noteSlept',
    ].filter((key) => typeof key === 'string');
    const lines = keys.map((key) => say(key));
    if (lines.join() === [...notes.children].map(({ textContent }) => textContent).join()) return;
    notes.replaceChildren(...lines.map((textContent) => make('li', { textContent })));
  }

  show();
  return {
    /** @param {Setup} [asked] What a link asks for. */
    show(asked) {
      if (asked && asked !== invited && !isLocked()) {
        invited = asked;
        const isWhole = setup.set(asked);
        form.open = true;
        invitationOf = () => say(!isWhole ? 'invitedLess' : asked.pictures === 'own' ? 'invitedOwn' : 'invited');
      }
      show();
    },
  };
}
