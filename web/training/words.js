// @ts-check
/**
 * The texts of the tab "Train", in English and Korean, a row each as in `strings.js`: apart from it, since most visitors never
 * ask for them.
 */

import { textOf } from '../strings.js';

/** @type {Record<string, readonly [string, string]>} */
const TABLE = {
  title: ['Train it yourself', '직접 훈련하기'],
  story: [
    'Press “Train”, and two new networks begin to learn in this very browser: a forger that knows nothing, and a detective that knows as little. At first the forger draws only noise. Watch it become digits.',
    '“훈련 시작”을 누르면 새 신경망 둘이 바로 이 브라우저 안에서 배우기 시작합니다. 아무것도 모르는 위조꾼과, 역시 아무것도 모르는 감별사입니다. 위조꾼은 처음에 잡음만 그립니다. 그것이 숫자가 되는 과정을 지켜보세요.',
  ],
  data: [
    'They learn from 10,000 digits that people wrote, the test pictures of MNIST by Yann LeCun, Corinna Cortes and Christopher Burges: 1.6 MB, fetched when you press “Train”. Everything is computed on your device.',
    '사람들이 쓴 숫자 10,000개로 배웁니다. 얀 르쿤, 코리나 코르테스, 크리스토퍼 버지스가 모은 MNIST의 시험용 그림이고, 1.6 MB를 “훈련 시작”을 누를 때 받습니다. 계산은 모두 이 기기에서 합니다.',
  ],
  recipe: ['Recipe', '훈련 방법'],
  stable: ['stable: the two keep pace with each other', 'stable: 둘이 나란히 나아갑니다'],
  seed: ['seed: as in the first program, where the detective wins and the forger gets stuck', 'seed: 처음 프로그램 그대로라서, 감별사가 이기고 위조꾼은 막힙니다'],
  number: ['Seed of the run', '훈련의 시드'],
  length: ['Length', '길이'],
  epochs: ['{epochs} rounds through the pictures', '그림 전체를 {epochs}바퀴'],
  train: ['Train', '훈련 시작'],
  again: ['Train anew', '새로 훈련하기'],
  pause: ['Pause', '잠시 멈추기'],
  goOn: ['Go on', '계속하기'],
  stop: ['Stop', '그만하기'],
  loading: ['Fetching the pictures and what trains', '그림과 훈련 프로그램을 받는 중입니다'],
  begun: ['The training has begun.', '훈련이 시작되었습니다.'],
  paused: ['Paused at step {step} of {steps}.', '{steps}걸음 중 {step}걸음에서 멈추었습니다.'],
  ended: [
    'Done: {step} steps. The forger that you trained is the page’s network now: move z[0], try the other tabs.',
    '끝났습니다. {step}걸음을 배웠습니다. 이제 이 페이지는 방금 훈련한 위조꾼이 그립니다. z[0]을 움직이고 다른 탭도 열어 보세요.',
  ],
  sheetNone: ['No pictures yet', '아직 그림이 없습니다'],
  sheet: ['100 pictures by the forger after {step} steps', '{step}걸음을 배운 위조꾼의 그림 100장'],
  sheetHint: ['The same hundred lists of numbers all the time: only the forger changes.', '숫자 목록 백 개는 늘 같습니다. 바뀌는 것은 위조꾼뿐입니다.'],
  step: ['Step', '걸음'],
  stepOf: ['{step} of {steps}', '{steps} 중 {step}'],
  dLoss: ['Detective’s loss', '감별사의 손실'],
  gLoss: ['Forger’s loss', '위조꾼의 손실'],
  accuracy: ['Detective is right', '감별사가 맞힌 비율'],
  pace: ['Steps a second', '초당 걸음'],
  left: ['Time left', '남은 시간'],
  seconds: ['{seconds} s', '{seconds}초'],
  minutes: ['{minutes} min {seconds} s', '{minutes}분 {seconds}초'],
  lossHint: [
    'A loss says how wrong a network was: the lower, the better it did. 50 % right is guessing: then the forger is as good as the detective’s eyes.',
    '손실은 신경망이 얼마나 틀렸는지를 나타냅니다. 낮을수록 잘한 것입니다. 맞힌 비율 50 %는 찍기와 같습니다. 그때 위조꾼은 감별사의 눈을 속일 만큼 잘하는 것입니다.',
  ],
  overpowers: [
    'D overpowers G: the detective tells real and forged apart so surely that the forger learns little from it.',
    'D가 G를 압도함(D overpowers G): 감별사가 진짜와 가짜를 너무 확실히 가려내서 위조꾼이 배울 것이 거의 없습니다.',
  ],
  collapse: [
    'Mode collapse: the forger draws nearly the same picture, whatever numbers it is given. Try the recipe “stable”.',
    '모드 붕괴(mode collapse): 위조꾼이 어떤 수를 받아도 거의 같은 그림을 그립니다. “stable” 방법으로 해 보세요.',
  ],
  onnx: ['Download gen.onnx', 'gen.onnx 내려받기'],
  checkpoint: ['Download checkpoint', '체크포인트 내려받기'],
  checkpointHint: [
    'The checkpoint is the whole run: both networks and all that they need to go on. The program trainer begins from its weights with --from, and exporter makes model files of it.',
    '체크포인트에는 훈련 전체가 들어 있습니다. 두 신경망과 이어서 배우는 데 필요한 모든 것입니다. trainer 프로그램이 --from으로 그 가중치에서 시작하고, exporter가 모델 파일을 만듭니다.',
  ],
};

/** A text in the language of the page. @param {string} key @param {Record<string, string | number>} [values] */
export const say = (key, values) => textOf(TABLE, key, values);

/** For the test that no row lacks a language, and both have the same places. */
export const rows = () => Object.entries(TABLE);
