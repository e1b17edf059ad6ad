// @ts-check
/**
 * Every text of the page, in English and Korean: one table, a row a text, so that neither language can lack one.
 *
 * `{name}` in a text is a place for a value. Elements say which text they carry: `data-text` for what they hold,
 * `data-label` for their accessible name.
 */

/** @typedef {'en' | 'ko'} Language */

/** @type {Record<string, readonly [string, string]>} */
const TABLE = {
  title: ['Forger: digits that nobody wrote', 'Forger: 아무도 쓰지 않은 숫자'],
  lede: [
    'Digits that nobody wrote, drawn by a small neural network in your browser. Move one number and watch.',
    '아무도 쓰지 않은 숫자를 작은 신경망이 이 브라우저 안에서 그립니다. 수 하나를 움직여 보세요.',
  ],
  language: ['Language', '언어'],
  failureTitle: ['No digits today', '숫자를 그릴 수 없습니다'],
  tryAgain: ['Try again', '다시 시도'],
  broken: ['Something on this page broke', '이 페이지에 문제가 생겼습니다'],
  brokenHint: ['Reload the page; if it stays, please report it', '새로 고쳐 보고, 계속되면 알려 주세요'],
  easel: ['One digit', '숫자 하나'],
  newDigit: ['New digit', '새 숫자'],
  seed: ['Seed', '시드'],
  pinThis: ['Pin this', '고정하기'],
  keep: ['Keep and share', '저장과 공유'],
  copyLink: ['Copy link', '링크 복사'],
  saveGif: ['GIF of the sweep', '스윕 GIF'],
  saveJson: ['z as JSON', 'z를 JSON으로'],
  linkCopied: ['The link is copied: it opens this very state.', '링크를 복사했습니다. 지금 이 상태가 그대로 열립니다.'],
  linkNotCopied: ['The browser does not let pages copy: the link is in the address bar.', '브라우저가 복사를 막았습니다. 주소창의 링크를 쓰세요.'],
  ownNotInLink: [
    'The link is copied. It does not hold your model: whoever opens it has to choose the same file.',
    '링크를 복사했습니다. 모델은 들어 있지 않으니, 여는 사람이 같은 파일을 골라야 합니다.',
  ],
  saved: ['Saved {name}.', '{name} 저장됨.'],
  drawing: ['Drawing {name}…', '{name} 그리는 중…'],
  whatIsZ: [
    'z is a list of random numbers, and the network turns it into a picture: the same z, the same picture. z[0] is the first of them; the others stay as they are.',
    'z는 무작위 수의 목록이고, 신경망이 이것을 그림으로 바꿉니다. z가 같으면 그림도 같습니다. z[0]은 그 첫 번째 수이며, 나머지는 그대로 둡니다.',
  ],
  loading: ['Loading the generator', '생성기를 불러오는 중'],
  ready: ['Ready: drag the slider.', '준비됐습니다: 슬라이더를 움직이세요.'],
  linkDamaged: [
    'The link is damaged: a part is missing or changed. This is a fresh start.',
    '링크가 손상되어 일부가 없거나 바뀌었습니다. 처음 상태로 시작합니다.',
  ],
  linkOld: [
    'The link was made by another version of this page. This is a fresh start.',
    '다른 버전의 페이지에서 만든 링크입니다. 처음 상태로 시작합니다.',
  ],
  linkModel: [
    'The link is of a model that this site does not have. Choose its file under Models; this is a fresh start.',
    '이 사이트에 없는 모델의 링크입니다. 모델 탭에서 파일을 고르세요. 처음 상태로 시작합니다.',
  ],
  sweepName: ['The sweep', '스윕'],
  filmFrame: ['Frame of the sweep', '스윕의 프레임'],
  filmAt: ['frame {frame} of 100, z[0] at {value}', '100장 중 {frame}번째, z[0] = {value}'],
  filmAway: ['not in the sweep, z[0] at {value}', '스윕 밖, z[0] = {value}'],
  playSweep: ['Play the sweep', '스윕 재생'],
  pauseSweep: ['Pause the sweep', '스윕 멈춤'],
  lessMotion: [
    'Your system asks for less motion, so nothing plays by itself: every frame is on the strip.',
    '시스템이 움직임을 줄이라고 하므로 저절로 재생하지 않습니다. 모든 프레임은 띠 위에 있습니다.',
  ],
  theOthers: ['The other numbers', '나머지 수'],
  held: ['held', '고정'],
  fresh: ['fresh noise', '새 잡음'],
  picture: ['The generated digit of seed {seed} with z[0] at {value}', '시드 {seed}에서 만든 숫자, z[0] = {value}'],
  pictureOwn: ['The generated picture of seed {seed} with z[0] at {value}', '시드 {seed}에서 만든 그림, z[0] = {value}'],
  ofFrame: [', frame {frame} of the sweep', ', 스윕의 {frame}번째 프레임'],
  ofFresh: [', frame {frame} of the sweep with fresh noise', ', 새 잡음 스윕의 {frame}번째 프레임'],
  tabs: ['More to see', '더 보기'],
  tabSweeps: ['Two sweeps', '두 스윕'],
  tabHundred: ['A hundred', '백 장'],
  tabNumbers: ['All numbers', '모든 수'],
  tabWalk: ['Walk', '산책'],
  tabModels: ['Models', '모델'],
  tabProof: ['Proof', '증명'],
  sweepsLede: [
    'Each sheet is one hundred frames: z[0] goes from −1 to 0.98. With the others held, one digit bends as far as a single number can bend it. With fresh noise, as the program that Forger follows drew it, all the others are drawn anew for each frame, so it is another digit every time: what changes there is not z[0].',
    '각 장은 100프레임이고 z[0]이 −1에서 0.98까지 갑니다. 나머지를 고정하면, 숫자 하나가 수 하나의 힘만큼만 휩니다. 새 잡음에서는 Forger가 따르는 원래 프로그램처럼 나머지를 프레임마다 새로 뽑으므로 매번 다른 숫자가 나옵니다. 거기서 바뀌는 것은 z[0]이 아닙니다.',
  ],
  heldCaption: ['The others held', '나머지 고정'],
  freshCaption: ['Fresh noise in each frame', '프레임마다 새 잡음'],
  heldSheet: [
    '100 generated digits in rows of ten, z[0] from −1.00 to 0.98, the other numbers held',
    '한 줄에 열 개씩 만든 숫자 100장, z[0]은 −1.00에서 0.98까지, 나머지 수는 고정',
  ],
  freshSheet: [
    '100 generated digits in rows of ten, z[0] from −1.00 to 0.98, fresh noise in each frame',
    '한 줄에 열 개씩 만든 숫자 100장, z[0]은 −1.00에서 0.98까지, 프레임마다 새 잡음',
  ],
  hundredLede: [
    'The first hundred digits of this seed, the same that the trainer draws from it. Choose one to take it in hand.',
    '이 시드의 첫 숫자 백 장. 트레이너가 같은 시드로 그리는 것과 같습니다. 하나를 골라 손에 쥐어 보세요.',
  ],
  hundredSheet: ['The first 100 digits of seed {seed} in rows of ten', '시드 {seed}의 첫 숫자 100장, 한 줄에 열 개씩'],
  tileNumber: ['Number of the digit', '숫자의 번호'],
  directionsTitle: ['What changes it most', '가장 많이 바꾸는 방향'],
  directionsLede: [
    'A direction moves all numbers at once. These are the ones along which this model’s pictures change most, with each one’s share of all change.',
    '방향은 모든 수를 한꺼번에 움직입니다. 이 모델의 그림이 가장 많이 변하는 방향들과, 전체 변화에서 차지하는 몫입니다.',
  ],
  directionsWait: ['Looking for them: many small pictures…', '찾는 중: 작은 그림을 많이 그립니다…'],
  direction: ['Direction {number}', '방향 {number}'],
  share: ['{share} % of all change', '전체 변화의 {share} %'],
  boardTitle: ['All of z, number by number', 'z의 모든 수'],
  sort: ['Sort by', '정렬'],
  sortNumber: ['number', '번호'],
  sortEffect: ['effect on the picture', '그림에 주는 영향'],
  sortValue: ['value', '값'],
  resetAll: ['Back to the seed’s', '시드의 값으로'],
  boardHint: [
    'The bar under a slider is its effect here: how much of the picture one unit of it changes. A double click or Delete puts a number back; a focused slider also follows the wheel.',
    '슬라이더 아래 막대는 지금 여기서의 영향, 곧 1만큼 움직일 때 그림이 바뀌는 정도입니다. 두 번 누르거나 Delete를 누르면 되돌아가고, 선택한 슬라이더는 휠로도 움직입니다.',
  ],
  valueName: ['value of z[{number}]', 'z[{number}]의 값'],
  withEffect: ['{value}, one unit changes {effect} % of the picture', '{value}, 1마다 그림의 {effect} % 변화'],
  pinsTitle: ['Pinned', '고정한 숫자'],
  pinsLede: [
    'Pin two digits and walk from one to the other: every picture between them is one that the network draws too.',
    '숫자 두 개를 고정하고 하나에서 다른 하나로 걸어가 보세요. 그 사이의 그림도 모두 신경망이 그립니다.',
  ],
  noPins: ['Nothing is pinned yet: press “Pin this” under the picture.', '아직 없습니다. 그림 아래 “고정하기”를 누르세요.'],
  pinName: ['Pin {number}', '고정 {number}'],
  showPin: ['Show pin {number}, of seed {seed}', '고정 {number} 보기, 시드 {seed}'],
  removePin: ['Remove pin {number}', '고정 {number} 없애기'],
  walkFrom: ['From', '여기서'],
  walkTo: ['To', '여기로'],
  playWalk: ['Play the walk', '산책 재생'],
  pauseWalk: ['Pause the walk', '산책 멈춤'],
  saveWalkGif: ['GIF of the walk', '산책 GIF'],
  walkPlace: ['Place on the walk', '산책의 위치'],
  walkAt: ['{percent} % of the way from pin {from} to pin {to}', '고정 {from}에서 고정 {to}까지 {percent} %'],
  padTitle: ['A plane through z', 'z를 지나는 평면'],
  padLede: [
    'Two ways to change the digit at once. Drag over the map: each tile is the digit that lies there.',
    '두 방향으로 한꺼번에 바꿉니다. 지도 위를 끌어 보세요. 타일마다 그 자리에 있는 숫자입니다.',
  ],
  padX: ['Across', '가로'],
  padY: ['Down', '세로'],
  map: ['A map of 81 generated digits: {x} across, {y} down', '만든 숫자 81장의 지도: 가로 {x}, 세로 {y}'],
  modelsTitle: ['Models of this site', '이 사이트의 모델'],
  modelsLede: [
    'The same z through other weights. Where a model has collapsed, change the seed: it hardly answers.',
    '같은 z를 다른 가중치에 통과시킵니다. 모드 붕괴가 일어난 모델은 시드를 바꿔도 거의 달라지지 않습니다.',
  ],
  modelName: ['{recipe}, {epochs} epochs', '{recipe}, {epochs} 에포크'],
  modelOwn: ['Your own: {name}', '내 모델: {name}'],
  epoch: ['Epoch of training', '학습 에포크'],
  epochAt: ['epoch {epoch}', '에포크 {epoch}'],
  modelLoading: ['Loading {name}…', '{name} 불러오는 중…'],
  modelLoaded: [
    '{name}: {latent} numbers in, {channels} × {height} × {width} out.',
    '{name}: 수 {latent}개를 받아 {channels} × {height} × {width}를 그립니다.',
  ],
  ownTitle: ['A model of your own', '내 모델'],
  ownLede: [
    'Drop an .onnx file anywhere on this page, or choose one: any generator of pictures up to 512 by 512, from PyTorch, Keras or elsewhere. If its weights are in a second file (.onnx.data), drop both together. It is read by this page and goes nowhere else: nothing is uploaded.',
    '.onnx 파일을 이 페이지에 끌어다 놓거나 고르세요. PyTorch, Keras 등으로 만든 512 × 512까지의 그림 생성기면 됩니다. 가중치가 두 번째 파일(.onnx.data)에 있으면 함께 놓으세요. 이 페이지가 읽을 뿐, 어디에도 올리지 않습니다.',
  ],
  ownChoose: ['Choose an .onnx file', '.onnx 파일 고르기'],
  ownShape: [
    'The pictures of {name} are {channels} × {height} × {width}: this page shows pictures up to 512 by 512.',
    '{name}의 그림은 {channels} × {height} × {width}입니다. 이 페이지는 512 × 512까지 보여 줍니다.',
  ],
  takenTitle: ['What was taken for what', '무엇을 무엇으로 보았나'],
  takenClass: ['Class', '종류'],
  takenLayout: ['Order of the numbers', '수의 순서'],
  takenRange: ['Black and white', '검정과 하양'],
  ownKept: ['The model before it stays.', '앞의 모델을 그대로 둡니다.'],
  dropHere: ['Drop it: this page reads the model, nothing is uploaded', '놓으세요: 이 페이지가 읽을 뿐, 올리지 않습니다'],
  proofTitle: ['What runs here', '여기서 도는 것'],
  parityNone: [
    'This model carries no pictures of its trainer, so it cannot be checked here.',
    '이 모델에는 트레이너의 그림이 없어 여기서 확인할 수 없습니다.',
  ],
  parityOther: [
    'Not the trainer’s pictures: {count} pictures computed again here differ by up to {most} (of −1 to 1).',
    '트레이너의 그림과 다릅니다: {count}장을 여기서 다시 계산하니 최대 {most} 차이가 납니다(−1에서 1 중).',
  ],
  parityExact: [
    'Identical to the trainer to the last bit: {count} pictures that it left in the model were computed again here.',
    '트레이너와 마지막 비트까지 같습니다: 모델에 남긴 그림 {count}장을 여기서 다시 계산했습니다.',
  ],
  paritySame: [
    'Identical to the trainer within {most}: {count} pictures that it left in the model were computed again here.',
    '트레이너와 {most} 안에서 같습니다: 모델에 남긴 그림 {count}장을 여기서 다시 계산했습니다.',
  ],
  costRuntime: ['Runtime', '런타임'],
  costKernel: ['Kernels', '커널'],
  kernelRelaxed: ['relaxed SIMD', '완화된 SIMD (relaxed)'],
  costMemory: ['Memory', '메모리'],
  kernelSimd: ['plain SIMD', '기본 SIMD'],
  kernelPlain: ['scalar', '스칼라'],
  costModel: ['Model', '모델'],
  costWasm: ['WebAssembly', 'WebAssembly'],
  costLoaded: ['Downloaded after', '내려받기까지'],
  costCompiled: ['Compile and read', '컴파일과 읽기'],
  costFirst: ['First picture after', '첫 그림까지'],
  costPicture: ['One picture', '그림 한 장'],
  costHundred: ['A hundred at once', '백 장 한꺼번에'],
  costRate: ['Frames a second', '초당 프레임'],
  cardTitle: ['The model, by its own account', '모델이 말하는 자신'],
  cardRecipe: ['Every hyperparameter', '모든 하이퍼파라미터'],
  cardInput: ['Numbers in z', 'z의 길이'],
  cardOutput: ['Picture', '그림'],
  cardName: ['Recipe', '레시피'],
  cardSeed: ['Training seed', '학습 시드'],
  cardEpochs: ['Epochs', '에포크'],
  cardData: ['Data set', '데이터'],
  cardLatent: ['z drawn from', 'z의 분포'],
  notTold: ['not told', '없음'],
  foot: [
    'Drawn on your device. Nothing is sent anywhere, and after the first visit it works without a network.',
    '이 기기에서 그립니다. 아무것도 보내지 않으며, 한 번 방문하면 네트워크 없이도 됩니다.',
  ],
};

/** @type {Language} */
let language = 'en';

/** The language of the page. */
export const currentLanguage = () => language;

/** A text in the language of the page. @param {string} key @param {Record<string, string | number>} [values] */
export function text(key, values = {}) {
  const row = TABLE[key];
  if (!row) throw new Error(`there is no text ${key}`);
  return row[language === 'ko' ? 1 : 0].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

const KEPT = 'forger.language';

/** The language that was chosen on an earlier visit, else the browser's, else English. @returns {Language} */
export function preferredLanguage() {
  return languageOf([kept() ?? '', ...navigator.languages]);
}

/** The first of these that the page has, else English. @param {readonly string[]} preferred @returns {Language} */
export function languageOf(preferred) {
  const found = preferred.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag === 'ko' || tag === 'en');
  return found === 'ko' ? 'ko' : 'en';
}

function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    // Storage may be forbidden.
    return null;
  }
}

/** For the next visit. @param {Language} chosen */
export function keepLanguage(chosen) {
  try {
    localStorage.setItem(KEPT, chosen);
  } catch {
    // Then it holds for this one.
  }
}

/** Sets the page's language, and every text that its elements carry. @param {Language} chosen */
export function setLanguage(chosen) {
  language = chosen;
  document.documentElement.lang = chosen;
  document.title = text('title');
  for (const element of document.querySelectorAll('[data-text]')) setText(element, text(element.getAttribute('data-text') ?? ''));
  for (const element of document.querySelectorAll('[data-label]')) {
    element.setAttribute('aria-label', text(element.getAttribute('data-label') ?? ''));
  }
}

/** Sets a text unless it is there already: a live region would say it again. @param {Element} element @param {string} value */
export function setText(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

/** For the test that no row lacks a language, and both have the same places. */
export const rows = () => Object.entries(TABLE);
