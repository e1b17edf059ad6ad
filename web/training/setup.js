// @ts-check
/** What a run is to be: its recipe, its pictures, its seed, its length, and the knobs that the recipe has. */

import { make, setSlider } from '../controls/dom.js';
import { currentLanguage, setText } from '../strings.js';
import { hasWhole } from './data.js';
import { FIRST, SOURCES } from './link.js';
import { KNOBS, knobsOf, LENGTHS, RECIPES, valueOf } from './recipes.js';
import { say } from './words.js';

/** @typedef {import('./link.js').Setup} Setup */

/** How many pictures MNIST has. */
const COUNTS = { test: 10_000, train: 60_000 };
/** With fewer steps there is little to be seen. */
const FEW_STEPS = 800;

/** @param {() => void} onChange */
export function createSetup(onChange) {
  /** @type {Setup} */
  let setup = { ...FIRST };
  let [isLocked, hasClasses] = [false, false];

  const recipes = choices('training-recipe', RECIPES, (recipe) => change({ recipe, values: only(recipe, setup.values) }));
  const sources = choices('training-pictures', SOURCES, (pictures) => change({ pictures, recipe: pictures !== 'own' && setup.recipe === 'classes' ? 'stable' : setup.recipe }));
  const seed = make('input', { type: 'number', id: 'training-seed', min: '0', max: String(Number.MAX_SAFE_INTEGER), step: '1', inputMode: 'numeric' });
  seed.addEventListener('change', () => change({ seed: Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.floor(seed.valueAsNumber || 0))) }));
  const seedWord = make('label', { htmlFor: 'training-seed' });
  const length = make('select', { id: 'training-length' }, LENGTHS.map((epochs) => make('option', { value: String(epochs) })));
  length.addEventListener('change', () => change({ epochs: Number(length.value) }));
  const lengthWord = make('label', { htmlFor: 'training-length' });
  const stepsWord = make('p', { className: 'hint' });
  const knobs = /** @type {import('./recipes.js').KnobName[]} */ (Object.keys(KNOBS)).map((name) => {
    const slider = make('input', { type: 'range', id: `training-${name}`, min: '0', max: String(KNOBS[name].stops.length - 1), step: '1' });
    const [word, output, hint] = [make('label', { htmlFor: slider.id }), make('output'), make('p', { className: 'hint', id: `${slider.id}-hint` })];
    slider.setAttribute('aria-describedby', hint.id);
    output.setAttribute('for', slider.id);
    output.setAttribute('aria-live', 'off');
    slider.addEventListener('input', () => {
      const value = KNOBS[name].stops[slider.valueAsNumber];
      change({ values: only(setup.recipe, { ...setup.values, [name]: value }) });
    });
    return { name, slider, word, output, hint, row: make('div', { className: 'knob' }, [word, output, slider, hint]) };
  });
  const summary = make('summary');
  const reset = make('button', { type: 'button', className: 'quiet' });
  reset.addEventListener('click', () => change({ values: {} }));
  const knobsRoot = make('details', { className: 'knobs' }, [summary, ...knobs.map(({ row }) => row), reset]);
  const root = make('div', { className: 'training-form' }, [recipes.root, sources.root, make('div', { className: 'training-fields' }, [seedWord, seed, lengthWord, length, stepsWord]), knobsRoot]);

  /** @param {Partial<Setup>} part */
  function change(part) {
    setup = { ...setup, ...part };
    onChange();
  }

  return {
    root,
    /** Beside the choice of pictures: those of the visitor's own are chosen there. */
    ownPlace: sources.root,
    get: () => setup,
    /** @param {Setup} chosen @returns {boolean} Whether this site can do all of it. */
    set(chosen) {
      const lacks = chosen.pictures === 'train' && !hasWhole();
      setup = lacks ? { ...chosen, pictures: 'test' } : chosen;
      // What was changed is to be seen.
      if (Object.keys(setup.values).length > 0) knobsRoot.open = true;
      return !lacks;
    },
    /** @param {{isLocked: boolean, hasClasses: boolean, ownCount: number}} now A run is under way; the visitor's own pictures have classes; how many they are. */
    show(now) {
      ({ isLocked, hasClasses } = now);
      const { recipe, pictures, values } = setup;
      recipes.show(recipe, isLocked, (each) => each !== 'classes' || (pictures === 'own' && hasClasses) || recipe === 'classes');
      sources.show(pictures, isLocked, (each) => each !== 'train' || hasWhole());
      setText(recipes.legend, say('recipe'));
      setText(sources.legend, say('pictures'));
      setText(seedWord, say('number'));
      setText(lengthWord, say('length'));
      for (const option of length.options) setText(option, say('epochs', { epochs: option.value }));
      if (document.activeElement !== seed) seed.value = String(setup.seed);
      length.value = String(setup.epochs);
      const count = pictures === 'own' ? now.ownCount : COUNTS[pictures];
      const steps = setup.epochs * Math.floor(count / Math.min(valueOf(recipe, values, 'batch'), Math.max(1, count)));
      setText(stepsWord, steps === 0 ? '' : say(steps < FEW_STEPS ? 'stepsFew' : 'steps', { steps: steps.toLocaleString(currentLanguage()) }));
      seed.disabled = length.disabled = isLocked;
      const has = knobsOf(recipe);
      setText(summary, say('knobs'));
      for (const { name, slider, word, output, hint, row } of knobs) {
        row.hidden = !has.includes(name);
        if (row.hidden) continue;
        const value = valueOf(recipe, values, name);
        setText(word, say(`knob_${name}`));
        setText(hint, say(`knob_${name}_hint`));
        setText(output, `${value}`);
        setSlider(slider, KNOBS[name].stops.indexOf(value), `${value}`);
        slider.disabled = isLocked;
      }
      setText(reset, say('knobsReset'));
      reset.disabled = isLocked || Object.keys(values).length === 0;
    },
  };
}

/** The values that a recipe has a knob for and that are not where it rests. @param {import('./recipes.js').RecipeName} recipe @param {import('./recipes.js').Values} values */
function only(recipe, values) {
  return Object.fromEntries(knobsOf(recipe).flatMap((name) => (values[name] === undefined || values[name] === KNOBS[name].rest[recipe] ? [] : [[name, values[name]]])));
}

/**
 * Radio buttons, each with a sentence of the table that begins with the group's name.
 * @template {string} T
 * @param {string} name
 * @param {readonly T[]} values
 * @param {(value: T) => void} onChoice
 */
function choices(name, values, onChoice) {
  const legend = make('legend');
  const rows = values.map((value) => {
    const [radio, words] = [make('input', { type: 'radio', name, value }), make('span')];
    radio.addEventListener('change', () => onChoice(value));
    return { value, radio, words, label: make('label', {}, [radio, ' ', words]) };
  });
  const root = make('fieldset', { className: 'choices' }, [legend, ...rows.map(({ label }) => label)]);
  return {
    root,
    legend,
    /** @param {T} chosen @param {boolean} isLocked @param {(value: T) => boolean} isOffered */
    show(chosen, isLocked, isOffered) {
      for (const { value, radio, words, label } of rows) {
        label.hidden = !isOffered(value);
        radio.checked = value === chosen;
        radio.disabled = isLocked;
        setText(words, say(`${name === 'training-recipe' ? 'recipe' : 'pictures'}_${value}`));
      }
    },
  };
}
