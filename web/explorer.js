// @ts-check
/**
 * The page at work: one state, one direction. A control calls back, the state changes, and the next animation frame shows
 * the whole state, at most once a frame. A control never touches another control.
 */

import { createAddress } from './address.js';
import { arrive } from './arrive.js';
import { asDrawn, blends, drawerAlong, drawerOf } from './blending.js';
import { byId, signed, within } from './controls/dom.js';
import { createBoard } from './controls/board.js';
import { createClasses } from './controls/classes.js';
import { createCollapse } from './controls/collapse.js';
import { createCredits } from './controls/credits.js';
import { createDirections } from './controls/directions.js';
import { createDoors, reveal } from './controls/doors.js';
import { createFilm } from './controls/film.js';
import { createGame } from './controls/game.js';
import { createHands } from './controls/hands.js';
import { createHundred } from './controls/hundred.js';
import { createInside } from './controls/inside.js';
import { createNotices } from './controls/notices.js';
import { createPad } from './controls/pad.js';
import { createPicture } from './controls/picture.js';
import { createPins } from './controls/pins.js';
import { createPlayer } from './controls/player.js';
import { createProof } from './controls/proof.js';
import { createSeed } from './controls/seed.js';
import { createSweeps } from './controls/sweeps.js';
import { createTabs } from './controls/tabs.js';
import { createTour } from './controls/tour.js';
import { createTraining } from './controls/training.js';
import { createWalk } from './controls/walk.js';
import { createZ0, LEAST, MOST } from './controls/z0.js';
import { onLongPress, undoScrolls } from './controls/hold.js';
import { createForging } from './forging.js';
import { createJudging } from './judging.js';
import { createKeeping } from './keeping.js';
import { createKnowledge } from './knowledge.js';
import { liveliest } from './liveliest.js';
import { toFragment } from './link.js';
import { kindToText } from './mixes.js';
import { isInk } from './others.js';
import { createSwitching } from './switching.js';
import * as edits from './state.js';
import { text } from './strings.js';
import { createTicker } from './ticker.js';
import { dot, moved } from './vectors.js';
import { createWishing } from './wishing.js';

/**
 * Frames a second. Held, neighbours are alike and run smoothly. Fresh noise gives another digit each time: five a second
 * stay under the three flashes that WCAG 2.3.1 allows.
 */
const RATE = { held: 25, fresh: 5, walk: 25, z0: 25, epochs: 1.25 };
/** Ticks from one pin to the other, and of z[0] from one end to the other. */
const [WALK_TICKS, Z0_TICKS] = [75, 120];

/**
 * @param {import('./models.js').Model[]} models
 * @param {import('./arrive.js').Arrival} arrival
 * @param {Awaited<ReturnType<typeof import('./forger.js').runtimeInfo>>} runtime
 * @param {ReturnType<typeof import('./controls/status.js').createStatus>} status
 */
export function explore(models, arrival, runtime, status) {
  const readyAt = performance.now();
  let { state, generator } = arrival;
  let scheduled = false;
  /** What drew last, and of what. @type {{generator: unknown, of: string, drawer: import('./blending.js').Drawer}} */
  let drawing = { generator, of: '', drawer: generator };
  /** The same of the walk. @type {{model: unknown, of: string, drawer: import('./blending.js').Drawer}} */
  let walking = { model: undefined, of: '', drawer: generator };
  /** Which way the walk and z[0] are played: each turns at its ends. */
  let [pace, sway] = [1 / WALK_TICKS, (MOST - LEAST) / Z0_TICKS];

  const notices = createNotices(byId('link-notice'));
  const knowledge = createKnowledge(redraw, failed);
  const address = createAddress(() => toFragment(state, models[0].id), travel);
  const ticker = createTicker(() => change('play', tick, { keepPlaying: true }));

  const picture = createPicture(byId('picture'), within(document, '.thumb'), failed);
  const z0 = createZ0(byId('z0-control'), byId('picture'), {
    onInput: (value) => change('z0', () => edits.setCoordinate(state, 0, value)),
    onPlay: (playing) => change('play', () => (state.playing = playing ? 'z0' : undefined), { keepPlaying: true }),
    onResize: redraw,
    onFailure: failed,
  });
  const seed = createSeed(byId('seed-control'), {
    onSeed: (value) => change('seed', () => edits.start(state, value)),
    onNew: () => change('new', nextDigit, { isPress: true }),
    onPin: () => {
      const isFull = state.pins.length === edits.MOST_PINS;
      change(`pin ${state.pins.length}`, () => edits.pin(state));
      keeping.say(text(isFull ? 'pinnedOut' : 'pinned', { count: state.pins.length, most: edits.MOST_PINS }));
    },
  });
  const classes = createClasses(byId('classes'), (chosen) => {
    // The walk has classes of its own, and at its next step would take this one back.
    change('class', () => edits.setClass(state, chosen), { keepPlaying: state.playing !== 'walk', isPress: true });
  });
  const film = createFilm(within(document, '#sweep .film'), {
    onInput: (frame) => change('film', () => edits.showFrame(state, frame)),
    onResize: redraw,
    onFailure: failed,
  });
  const player = createPlayer(byId('sweep'), {
    onPlay: (playing) => change('play', () => (state.playing = playing ? 'sweep' : undefined), { keepPlaying: true }),
    onKind: (kind) => change(`kind ${kind}`, () => edits.setKind(state, kind), { keepPlaying: true }),
  });
  const tabs = createTabs((tab) => change('tab', () => (state.tab = tab), { keepPlaying: true }));
  const keeping = createKeeping(() => ({ state, generator, drawer: drawer() }), address.write, failed);
  onLongPress(byId('picture'), keeping.savePicture);
  const switching = createSwitching(models, {
    onModel: (model, loaded) => {
      const isPlaying = state.playing === 'epochs';
      change(isPlaying ? 'play' : `model ${model.id}`, () => useModel(model.id, loaded), { keepPlaying: isPlaying });
    },
    onPlay: (playing) => {
      change('play', () => (state.playing = playing ? 'epochs' : undefined), { keepPlaying: true });
      // From the beginning where the end is on show.
      if (playing) switching.learn(state, true);
    },
    onTile: (tile) => change(`tile ${tile}`, () => edits.start(state, state.seed, tile)),
    onFailure: failed,
    // What comes of it is said there.
    onOwn: () => change('tab', () => (state.tab = 'models'), { keepPlaying: true }),
    onSaid: redraw,
  });

  const sweeps = createSweeps({
    onFrame: (kind, frame) => change('film', () => (edits.setKind(state, kind), edits.showFrame(state, frame))),
    onFailure: failed,
  });
  const hundred = createHundred({ onTile: (tile) => change(`tile ${tile}`, () => edits.start(state, state.seed, tile)), onFailure: failed });
  const hands = createHands(byId('hands'), { onTile: (chosen, sample) => change(`tile ${chosen}.${sample}`, () => startOf(chosen, state.seed, sample)), onFailure: failed });
  const directions = createDirections(byId('directions'), (place, value) =>
    change(`direction ${place}`, () => {
      const direction = knowledge.directions(generator)?.[place];
      if (direction) edits.edit(state, (z) => moved(z, direction.vector, value - dot(z, direction.vector)));
    }),
  );
  const board = createBoard(byId('board'), {
    onInput: (coordinate, value) => change(`z${coordinate}`, () => edits.setCoordinate(state, coordinate, value)),
    onReset: (coordinate) => change(`reset ${coordinate}`, () => edits.resetCoordinate(state, coordinate)),
    onResetAll: () => change('reset', () => edits.start(state, state.seed, state.index)),
    onMeasured: redraw,
    onFailure: failed,
  });
  const inside = createInside(byId('panel-inside'), { onChange: redraw, onFailure: failed });
  const pins = createPins(byId('pins'), {
    onShow: (place) => change(`show ${place}`, () => edits.take(state, state.pins[place])),
    onRemove: (place) => change(`unpin ${place}`, () => edits.unpin(state, place)),
  });
  const walk = createWalk(byId('walk'), {
    onPlace: (t) => change('walk', () => edits.walkTo(state, t)),
    onEnds: (from, to) => change('ends', () => edits.setEnds(state, from, to)),
    onPlay: (playing) => change('play', () => (state.playing = playing ? 'walk' : undefined), { keepPlaying: true }),
    onGif: keeping.saveWalk,
    onResize: redraw,
    onFailure: failed,
  });
  const pad = createPad(byId('pad'), {
    onAxes: (x, y) => change('axes', () => (state.pad = { x, y })),
    onPlace: (z) => change('pad', () => edits.edit(state, () => z)),
    onBeat: redraw,
    onFailure: failed,
  });
  const credits = createCredits(byId('foot'), models);
  const proof = createProof(byId('panel-proof'));
  const judging = createJudging(redraw);
  const forging = createForging(byId('forge'), {
    now: () => ({ state, generator }),
    judging,
    onClass: (drawing, chosen) => change(`forge ${drawing}`, () => edits.setClass(state, chosen)),
    onCopy: (drawing, z) => change(`forge ${drawing}`, () => edits.edit(state, () => z)),
    onPin: () => change(`pin ${state.pins.length}`, () => edits.pin(state)),
    onWalk: () => change('tab', () => (state.tab = 'walk')),
    onOpen: () => change('tab', () => (state.tab = 'forge')),
    onSaid: redraw,
  });
  const wishing = createWishing({
    now: () => ({ state, generator, drawer: drawer() }),
    judging,
    onSeed: (value, chosen) => change(`seed ${value}`, () => startOf(chosen, value)),
    onFailure: failed,
  });

  const game = createGame(byId('game'), {
    onTake: (seed, index, chosen) => change(`sample ${seed}.${index}`, () => startOf(chosen, seed, index)),
    onFailure: failed,
  });
  const collapse = createCollapse(byId('collapse'), {
    judging,
    onTile: (model, tile) => {
      edits.start(state, state.seed, tile);
      switching.choose(model.id);
    },
    onReady: redraw,
    onFailure: failed,
  });
  const training = createTraining(byId('panel-train'), { onModel: (file) => switching.take([file]), onFailure: failed });
  createDoors(byId('doors'), (tab) => change('tab', () => (state.tab = tab), { keepPlaying: true }));
  /** The model that the tour began with: it goes through others, and comes back. @type {string | undefined} */
  let touredFrom;
  const tour = createTour(byId('tour'), within(document, '#doors [data-tour]'), {
    onStep: ({ tab, at, playing }) => {
      touredFrom ??= switching.wish(state);
      if (playing !== 'epochs') comeBack();
      change('tab', () => {
        state.tab = tab ?? state.tab;
        // Who asked the system for less motion has the buttons.
        state.playing = matchMedia('(prefers-reduced-motion: reduce)').matches ? undefined : playing;
        if (state.playing === 'epochs') switching.learn(state, true);
      });
      reveal(at);
    },
    onEnd: () => {
      comeBack();
      touredFrom = undefined;
      change('tab', () => {});
    },
  });
  function comeBack() {
    if (touredFrom !== undefined && switching.wish(state) !== touredFrom) switching.choose(touredFrom);
  }

  /**
   * What each tab shows, in parts; only the tab that is open is drawn. The first time they come one a frame, as building and laying
   * out all of them at once would be a long task on a slow machine. @type {Record<import('./state.js').Tab, (() => void)[]>}
   */
  const panels = {
    sweeps: [
      () => {
        showFilm(edits.shownZ(state));
        player.show(state);
      },
      () => sweeps.show(state, drawer(), 'held'),
      () => sweeps.show(state, drawer(), 'fresh'),
    ],
    forge: [() => forging.show(state), () => wishing.showPanel()],
    game: [() => game.show(generator)],
    hundred: [() => hundred.show(state, drawer()), () => hands.show(state, generator)],
    numbers: [() => directions.show(state, knowledge.directions(generator)), () => board.show(state, drawer())],
    inside: [() => inside.showLayers(generator, edits.shownZ(state), state.mix), () => inside.showShares(generator)],
    walk: [
      () => pins.show(state, generator),
      () => walk.show(state, way(), generator.classes === null || blends(generator)),
      () => pad.show(state, drawer(), knowledge.directions(generator)?.map(({ vector }) => vector)),
    ],
    train: [() => training.show(state.train)],
    models: [() => switching.show(state, generator), () => collapse.show(models, state)],
    proof: [
      // Of the model, whichever of its classes is on show.
      () => proof.showParity(generator.ofClass(0)),
      () => proof.showPairs(generator.ofClass(0)),
      () => proof.showCosts(generator, runtime, knowledge.costs(generator.ofClass(0))),
      () => proof.showCard(generator, models.find(({ id }) => id === state.model)?.address),
    ],
  };
  /** How many parts of a tab are shown; of the first, all at once. */
  const opened = new Map([[state.tab, Infinity]]);

  /** First the panel alone, which the browser has to lay out; then part by part. */
  function showPanel() {
    const parts = panels[state.tab];
    const count = opened.get(state.tab) ?? 0;
    for (const show of parts.slice(0, count)) show();
    tabs.setBusy(state.tab, count < parts.length);
    if (count >= parts.length) return;
    opened.set(state.tab, count + 1);
    redraw();
  }

  // A swipe that scrolls the page is no wish to change anything.
  undoScrolls(
    () => ({ shown: { ...state }, model: switching.wish(state) }),
    ({ shown, model }) => {
      // A model that has come meanwhile may have z of another length: then the wish for the one before is all there is to undo.
      if (shown.model === state.model) Object.assign(state, shown);
      generator = generator.ofClass(state.class);
      if (model !== switching.wish(state)) switching.choose(model);
      redraw();
    },
  );

  notices.tell(arrival.problem);
  if (arrival.problem) history.replaceState(null, '', location.pathname + location.search);
  // At once: in a tab that is not on show the next frame may be long in coming.
  draw();
  status.ready();
  status.show();
  // On a phone the tab lies far below.
  if (state.train) reveal('panel-train');
  knowledge.loaded(generator.ofClass(0), readyAt);
  return { redraw };

  /**
   * @param {string} kind What is changed: the address bar makes one entry of a row of the same.
   * @param {() => void} edit
   * @param {{keepPlaying?: boolean, isPress?: boolean}} [options] Whoever takes hold of a number stops what plays.
   */
  function change(kind, edit, { keepPlaying = false, isPress = false } = {}) {
    if (!keepPlaying) state.playing = undefined;
    notices.tell(undefined);
    address.changing(kind, isPress);
    edit();
    generator = generator.ofClass(state.class);
    redraw();
  }

  function redraw() {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      try {
        draw();
      } catch (error) {
        failed(error);
      }
    });
  }

  function draw() {
    const z = edits.shownZ(state);
    const told = asDrawn(generator, state);
    picture.show(told, drawer());
    z0.show(drawer(), z, state.playing === 'z0');
    classes.show(generator, told);
    seed.show(state.seed);
    tabs.show(state.tab);
    tour.show();
    showPanel();
    wishing.show();
    notices.show();
    credits.show(generator);
    ticker.set(state.playing === 'sweep' ? RATE[state.kind] : state.playing ? RATE[state.playing] : 0);
    byId('explorer').classList.toggle('colour', !isInk(generator));
  }

  /** What draws the class on show, or what lies between classes: the same object while that is the same. */
  function drawer() {
    const of = kindToText(state);
    if (drawing.generator !== generator || drawing.of !== of) drawing = { generator, of, drawer: drawerOf(generator, state) };
    return drawing.drawer;
  }

  /** What draws the pictures of the walk, by their places in thousandths: those of one class by the model as it is. */
  function way() {
    const { pins, walk } = state;
    const [from, to] = [pins[walk.from], pins[walk.to]].map((pin) => (pin ? kindToText(pin) : ''));
    const of = `${from} ${to}`;
    // Of a model, not of one of its classes: the walk goes through several, and stays the same.
    const model = generator.ofClass(0);
    if (walking.model !== model || walking.of !== of) {
      // Between the pins of now: a strip is drawn in slices, and meanwhile one may go.
      walking = { model, of, drawer: drawerAlong(model, (place) => edits.walkClass({ pins, walk }, place / 1000)) };
    }
    return walking.drawer;
  }

  /** @param {Float32Array} z */
  function showFilm(z) {
    const frame = edits.frameOf(state);
    const frames = edits.sweepOf(state, state.kind);
    const at = (/** @type {number} */ place) => frames.subarray(place * z.length, (place + 1) * z.length);
    const values = { frame: (frame ?? 0) + 1, value: signed(z[0]) };
    film.show(drawer(), at, frame, text(frame === undefined ? 'filmAway' : 'filmAt', values));
  }

  /** The next frame of what plays. */
  function tick() {
    // A beat of the frame that is about to show that it was stopped.
    if (!state.playing) return undefined;
    if (state.playing === 'sweep') return edits.showFrame(state, ((edits.frameOf(state) ?? -1) + 1) % 100);
    if (state.playing === 'z0') return swing();
    if (state.playing === 'epochs') {
      if (!switching.learn(state, false)) state.playing = undefined;
      return undefined;
    }
    if (state.walk.t + pace > 1 || state.walk.t + pace < 0) pace = -pace;
    return edits.walkTo(state, state.walk.t + pace);
  }

  /** z[0] one tick on. */
  function swing() {
    const now = Math.min(MOST, Math.max(LEAST, edits.shownZ(state)[0]));
    if (now + sway > MOST || now + sway < LEAST) sway = -sway;
    edits.setCoordinate(state, 0, Math.round(100 * (now + sway)) / 100);
  }

  /** Begins with a sample of a seed, of a class, if one is told. @param {number | undefined} chosen @param {number} seed @param {number} [index] */
  function startOf(chosen, seed, index) {
    edits.start(state, seed, index);
    if (chosen !== undefined) edits.setClass(state, chosen);
  }

  /** Another digit, of the next seed: one that z[0] changes, and unlike the one on show. */
  function nextDigit() {
    const next = (state.seed + 1) % Number.MAX_SAFE_INTEGER;
    edits.start(state, next, liveliest(generator, next, edits.shownZ(state)));
  }

  /** @param {string} id @param {import('./forger.js').Generator} loaded */
  function useModel(id, loaded) {
    edits.setModel(state, id, loaded.latentSize, loaded.classes?.length);
    generator = loaded.ofClass(state.class);
  }

  /** To where the back button, or an edit of the address, leads. @param {string} fragment */
  async function travel(fragment) {
    try {
      const reached = await arrive(models, fragment);
      // Meanwhile the visitor went on.
      if (fragment !== location.hash) return;
      ({ state, generator } = reached);
      address.arrived();
      notices.tell(reached.problem);
      if (state.train) reveal('panel-train');
      redraw();
    } catch (error) {
      failed(error);
    }
  }

  /** @param {unknown} error A model can load and still fail on some latent vector. */
  function failed(error) {
    state.playing = undefined;
    status.failed(error);
  }
}
