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
    'The digits are MNIST’s, written by people and collected by Yann LeCun, Corinna Cortes and Christopher Burges; they are fetched when you press “Train”. Everything is computed on your device.',
    '숫자 그림은 사람들이 쓴 것을 얀 르쿤, 코리나 코르테스, 크리스토퍼 버지스가 모은 MNIST이고, “훈련 시작”을 누를 때 받습니다. 계산은 모두 이 기기에서 합니다.',
  ],
  setup: ['The run: {recipe}, seed {seed}, {epochs} rounds', '훈련: {recipe}, 시드 {seed}, {epochs}바퀴'],
  recipe: ['Recipe', '훈련 방법'],
  recipe_stable: ['stable: the two keep pace with each other', 'stable: 둘이 나란히 나아갑니다'],
  recipe_seed: ['seed: as in the first program, where the detective wins and the forger gets stuck', 'seed: 처음 프로그램 그대로라서, 감별사가 이기고 위조꾼은 막힙니다'],
  recipe_classes: ['classes: as stable, and both are told which folder a picture is of', 'classes: stable과 같고, 그림이 어느 폴더의 것인지 둘 다 듣습니다'],
  pictures: ['What they learn from', '무엇으로 배울까요?'],
  pictures_test: ['10,000 digits (1.6 MB)', '숫자 10,000개 (1.6 MB)'],
  pictures_train: ['60,000 digits (9.7 MB): slower, and better in the end', '숫자 60,000개 (9.7 MB): 더 느리지만 결과가 더 좋습니다'],
  pictures_own: ['pictures of your own', '내 그림'],
  number: ['Seed of the run', '훈련의 시드'],
  length: ['Length', '길이'],
  epochs: ['{epochs} rounds through the pictures', '그림 전체를 {epochs}바퀴'],
  steps: ['That is {steps} steps.', '모두 {steps}걸음입니다.'],
  stepsFew: ['That is {steps} steps, too few for much to be seen: choose more rounds.', '모두 {steps}걸음이라 볼 것이 많지 않습니다. 바퀴 수를 늘리세요.'],
  knobs: ['Change the recipe', '훈련 방법 바꾸기'],
  knobsReset: ['As in the recipe', '원래대로'],
  knob_lr: ['Learning rate', '학습률'],
  knob_lr_hint: [
    'How far both go at each step. Small: slow but steady. Large: quick, until they overshoot and unlearn.',
    '둘이 한 걸음에 얼마나 멀리 가는지입니다. 작으면 느리지만 차분하고, 크면 빠르다가 지나쳐서 배운 것을 잃습니다.',
  ],
  knob_r1: ['R1: the detective’s reins', 'R1: 감별사의 고삐'],
  knob_r1_hint: [
    'Keeps the detective from judging by tiny details. Too little, and the forger loses heart; too much, and the detective sees nothing.',
    '감별사가 아주 작은 차이로 판단하지 못하게 합니다. 너무 약하면 위조꾼이 배울 수 없고, 너무 세면 감별사가 아무것도 보지 못합니다.',
  ],
  knob_batch: ['Pictures a step', '한 걸음의 그림 수'],
  knob_batch_hint: [
    'How many real and forged pictures both look at before they change. Few: many quick, nervous steps. Many: fewer, calmer ones.',
    '둘이 바뀌기 전에 진짜와 가짜를 몇 장씩 보는지입니다. 적으면 빠르고 불안한 걸음을 많이, 많으면 차분한 걸음을 적게 걷습니다.',
  ],
  knob_hidden: ['Width', '너비'],
  knob_hidden_hint: [
    'Cells in each hidden layer. More can learn more, and each step takes longer.',
    '숨은 층마다 있는 세포의 수입니다. 많을수록 많이 배울 수 있고, 한 걸음은 더 오래 걸립니다.',
  ],
  knob_real_label: ['Label smoothing', '라벨 스무딩'],
  knob_real_label_hint: [
    'What the detective is to say of a real picture: 1 is “certainly real”. A little less keeps it from being too sure of itself.',
    '감별사가 진짜 그림에 대해 해야 하는 말입니다. 1은 “틀림없이 진짜”입니다. 조금 낮추면 감별사가 지나치게 자신하지 않습니다.',
  ],
  train: ['Train', '훈련 시작'],
  again: ['Train anew', '새로 훈련하기'],
  pause: ['Pause', '잠시 멈추기'],
  goOn: ['Go on', '계속하기'],
  stop: ['Stop', '그만하기'],
  slow: ['One step in slow motion', '한 걸음을 천천히 보기'],
  link: ['Copy link to this run', '이 훈련의 링크 복사'],
  linkCopied: ['Copied: whoever opens it can repeat this run.', '복사했습니다. 이 링크를 여는 사람은 같은 훈련을 되풀이할 수 있습니다.'],
  linkOwn: [
    'Copied. Your pictures are not in the link: whoever opens it chooses their own.',
    '복사했습니다. 내 그림은 링크에 들어 있지 않으니, 여는 사람이 자기 그림을 골라야 합니다.',
  ],
  linkNotCopied: ['The browser did not let this page copy. This is the link:', '브라우저가 복사를 허락하지 않았습니다. 링크는 다음과 같습니다.'],
  linkName: ['Link to this run', '이 훈련의 링크'],
  invited: [
    'This link is a run: recipe, seed and length are set as they were. Press “Train” to repeat it.',
    '이 링크에는 훈련이 담겨 있습니다. 방법과 시드와 길이가 그대로 정해져 있으니, “훈련 시작”을 누르면 되풀이됩니다.',
  ],
  invitedOwn: [
    'This link is a run on pictures of somebody’s own, which are not in it: choose some of yours, then press “Train”.',
    '누군가의 그림으로 한 훈련의 링크입니다. 그 그림은 링크에 없으니 내 그림을 고른 뒤 “훈련 시작”을 누르세요.',
  ],
  invitedLess: [
    'This link asks for the 60,000 digits, which this site does not have: with the 10,000 it is another run.',
    '이 링크는 숫자 60,000개로 한 훈련인데 이 사이트에는 없습니다. 10,000개로 하면 다른 훈련이 됩니다.',
  ],
  loading: ['Fetching the pictures and what trains', '그림과 훈련 프로그램을 받는 중입니다'],
  begun: ['The training has begun.', '훈련이 시작되었습니다.'],
  wentOn: ['The training goes on where it was.', '훈련을 하던 데서 이어 갑니다.'],
  paused: ['Paused at step {step} of {steps}.', '{steps}걸음 중 {step}걸음에서 멈추었습니다.'],
  ended: [
    'Done: {step} steps. The forger that you trained is the page’s network now: move z[0], try the other tabs.',
    '끝났습니다. {step}걸음을 배웠습니다. 이제 이 페이지는 방금 훈련한 위조꾼이 그립니다. z[0]을 움직이고 다른 탭도 열어 보세요.',
  ],
  endedWell: ['Neither of the two failures that are watched for showed itself.', '지켜보던 두 가지 실패는 나타나지 않았습니다.'],
  endedShort: ['After so few steps it is too early to tell whether it fails.', '걸음이 너무 적어서 실패인지는 아직 알 수 없습니다.'],
  sheetNone: ['No pictures yet', '아직 그림이 없습니다'],
  sheet: ['100 pictures by the forger after {step} steps', '{step}걸음을 배운 위조꾼의 그림 100장'],
  sheetHint: ['The same hundred lists of numbers all the time: only the forger changes.', '숫자 목록 백 개는 늘 같습니다. 바뀌는 것은 위조꾼뿐입니다.'],
  sheetHintClasses: ['A row for each folder, in turn. The lists of numbers stay the same: only the forger changes.', '줄마다 한 폴더씩 차례로 그립니다. 숫자 목록은 늘 같고, 바뀌는 것은 위조꾼뿐입니다.'],
  step: ['Step', '걸음'],
  stepOf: ['{step} of {steps}', '{steps} 중 {step}'],
  dLoss: ['Detective’s loss', '감별사의 손실'],
  gLoss: ['Forger’s loss', '위조꾼의 손실'],
  margin: ['Detective’s margin', '감별사의 차이값'],
  accuracy: ['Detective is right', '감별사가 맞힌 비율'],
  pace: ['Steps a second', '초당 걸음'],
  left: ['Time left', '남은 시간'],
  seconds: ['{seconds} s', '{seconds}초'],
  minutes: ['{minutes} min {seconds} s', '{minutes}분 {seconds}초'],
  curves: ['Both losses over the steps: the detective’s is {d} now, the forger’s {g}', '걸음에 따른 두 손실: 감별사는 지금 {d}, 위조꾼은 {g}'],
  curveD: ['detective', '감별사'],
  curveG: ['forger', '위조꾼'],
  curvesTop: ['top: {most}', '맨 위: {most}'],
  lossHint: [
    'A loss says how wrong a network was: the lower, the better it did. The margin is how far the detective’s marks for real and forged pictures lie apart. 50 % right is guessing: then the forger is as good as the detective’s eyes.',
    '손실은 신경망이 얼마나 틀렸는지를 나타냅니다. 낮을수록 잘한 것입니다. 차이값은 감별사가 진짜와 가짜에 매긴 점수의 차이입니다. 맞힌 비율 50 %는 찍기와 같습니다. 그때 위조꾼은 감별사의 눈을 속일 만큼 잘하는 것입니다.',
  ],
  overpowers_seed: [
    'D overpowers G: the detective tells real and forged apart so surely that the forger learns little from it. Try the recipe “stable”, which reins it in.',
    'D가 G를 압도함(D overpowers G): 감별사가 진짜와 가짜를 너무 확실히 가려내서 위조꾼이 배울 것이 거의 없습니다. 감별사를 붙들어 매는 “stable” 방법으로 해 보세요.',
  ],
  overpowers_others: [
    'D overpowers G: the detective tells real and forged apart so surely that the forger learns little from it. Try a larger R1, or a lower learning rate.',
    'D가 G를 압도함(D overpowers G): 감별사가 진짜와 가짜를 너무 확실히 가려내서 위조꾼이 배울 것이 거의 없습니다. R1을 키우거나 학습률을 낮춰 보세요.',
  ],
  collapse_seed: [
    'Mode collapse: the forger draws nearly the same picture, whatever numbers it is given. Try the recipe “stable” with the same seed: it does not collapse.',
    '모드 붕괴(mode collapse): 위조꾼이 어떤 수를 받아도 거의 같은 그림을 그립니다. 같은 시드로 “stable” 방법을 해 보세요. 무너지지 않습니다.',
  ],
  collapse_others: [
    'Mode collapse: the forger draws nearly the same picture, whatever numbers it is given. Try a lower learning rate, a larger R1, or more pictures.',
    '모드 붕괴(mode collapse): 위조꾼이 어떤 수를 받아도 거의 같은 그림을 그립니다. 학습률을 낮추거나, R1을 키우거나, 그림을 늘려 보세요.',
  ],
  onnx: ['Download gen.onnx', 'gen.onnx 내려받기'],
  checkpoint: ['Download checkpoint', '체크포인트 내려받기'],
  checkpointHint: [
    'The checkpoint is the whole run: both networks and all that they need to go on. The program trainer begins from its weights with --from, and exporter makes model files of it.',
    '체크포인트에는 훈련 전체가 들어 있습니다. 두 신경망과 이어서 배우는 데 필요한 모든 것입니다. trainer 프로그램이 --from으로 그 가중치에서 시작하고, exporter가 모델 파일을 만듭니다.',
  ],
  ownStays: [
    'Your pictures stay on this device: this page reads them, and nothing is uploaded. At least {least}, of any size: the middle of each is cut out and made 28 by 28, in grey. Folders inside a folder are its classes.',
    '그림은 이 기기에 남습니다. 이 페이지가 읽을 뿐, 어디에도 올리지 않습니다. {least}장 이상이면 크기는 상관없습니다. 가운데를 잘라 28×28 회색 그림으로 만듭니다. 폴더 안의 폴더는 각각 한 종류가 됩니다.',
  ],
  ownFiles: ['Choose pictures', '그림 고르기'],
  ownFolder: ['Choose a folder', '폴더 고르기'],
  ownNone: ['No pictures are chosen yet. You can also drop them, or a folder, onto this page.', '아직 고른 그림이 없습니다. 그림이나 폴더를 이 페이지에 끌어다 놓아도 됩니다.'],
  ownReading: ['Reading {count} files', '파일 {count}개를 읽는 중입니다'],
  ownBar: ['Files that were read', '읽은 파일'],
  ownRead: ['{count} pictures were read.', '그림 {count}장을 읽었습니다.'],
  ownBad: ['{count} files are no pictures that this browser can read: {names}.', '이 브라우저가 그림으로 읽을 수 없는 파일이 {count}개 있습니다: {names}.'],
  ownBadMore: ['{count} files are no pictures that this browser can read: {names} and others.', '이 브라우저가 그림으로 읽을 수 없는 파일이 {count}개 있습니다: {names} 등.'],
  ownLeft: ['More than {most} files were given: {count} are left out.', '파일이 {most}개가 넘어서 {count}개는 뺐습니다.'],
  ownFew: ['That is too few to learn from, as so few would be learnt by heart: give at least {least}.', '배우기에는 너무 적습니다. 이만큼은 그냥 외워 버립니다. {least}장 이상을 주세요.'],
  ownClasses: ['They lie in {count} folders, which are their classes: {names}. The recipe “classes” learns each.', '폴더 {count}개에 나뉘어 있고, 그것이 종류가 됩니다: {names}. “classes” 방법은 종류마다 따로 배웁니다.'],
  ownStopped: ['Reading stopped: the browser may have run out of memory. Give fewer or smaller pictures.', '읽기가 멈췄습니다. 메모리가 모자란 것일 수 있습니다. 더 적거나 작은 그림으로 해 보세요.'],
  ownSheet: ['The first of your pictures, as they are learnt from', '고른 그림 가운데 처음 몇 장, 배울 때 쓰는 모습'],
  ownBright: [
    'Turn black and white round: these pictures have a bright ground, and the recipes were made for a dark one.',
    '검은색과 흰색을 뒤집기: 바탕이 밝은 그림인데, 훈련 방법들은 어두운 바탕에 맞춰져 있습니다.',
  ],
  ownWanted: ['Choose at least {least} pictures first.', '먼저 그림을 {least}장 이상 고르세요.'],
  keptOffer: ['A run is kept in this browser: {recipe}, seed {seed}, step {step} of {steps}.', '이 브라우저에 훈련이 남아 있습니다: {recipe}, 시드 {seed}, {steps}걸음 중 {step}걸음.'],
  keptDone: ['A finished run is kept in this browser: {recipe}, seed {seed}, {steps} steps.', '이 브라우저에 끝난 훈련이 남아 있습니다: {recipe}, 시드 {seed}, {steps}걸음.'],
  keptGoOn: ['Go on with it', '이어서 하기'],
  keptTake: ['Take it up again', '다시 불러오기'],
  keptDrop: ['Throw it away', '버리기'],
  keptDropped: ['The kept run is gone.', '남아 있던 훈련을 버렸습니다.'],
  keptAt: ['Kept in this browser up to step {step}: after a reload you can go on from there.', '{step}걸음까지 이 브라우저에 남겨 두었습니다. 새로 고쳐도 거기서 이어 갈 수 있습니다.'],
  noteFull: [
    'There is no room left to keep this run in the browser: it goes on, and what was kept before is still there, but a reload would lose what is new. Download the checkpoint to be safe.',
    '브라우저에 이 훈련을 남겨 둘 자리가 없습니다. 훈련은 계속되고 전에 남긴 것도 그대로지만, 새로 고치면 그 뒤의 것은 사라집니다. 체크포인트를 내려받아 두세요.',
  ],
  noteNone: [
    'This browser keeps nothing for this page, as in a private window: the run goes on, but a reload would lose it. Download the checkpoint to be safe.',
    '이 브라우저는 이 페이지의 것을 남겨 두지 않습니다(사생활 보호 창 등). 훈련은 계속되지만 새로 고치면 사라집니다. 체크포인트를 내려받아 두세요.',
  ],
  noteTabs: [
    'Another tab of this page is training too: both go on, each more slowly, and each keeps its own run.',
    '이 페이지의 다른 탭에서도 훈련하고 있습니다. 둘 다 계속되지만 각각 느려지고, 훈련은 따로 남겨 둡니다.',
  ],
  noteWorkers: [
    'This browser has no workers here, so the page itself trains: it may be slow to answer until the run is over.',
    '이 브라우저에서는 워커를 쓸 수 없어 페이지가 직접 훈련합니다. 끝날 때까지 페이지의 반응이 느릴 수 있습니다.',
  ],
  noteSlept: ['This tab was asleep: the run waited meanwhile, and goes on from where it was.', '이 탭이 잠들어 있었습니다. 훈련은 그동안 기다렸고, 있던 데서 이어 갑니다.'],
  faultMissing: [
    'The pictures are not on this server. Whoever runs the site can put them there again with `cargo xtask site`; you can train on pictures of your own.',
    '그림이 이 서버에 없습니다. 사이트 관리자가 `cargo xtask site`로 다시 넣을 수 있습니다. 내 그림으로는 훈련할 수 있습니다.',
  ],
  faultFetch: ['The pictures did not come. Check the connection and press “Train anew”.', '그림을 받지 못했습니다. 연결을 확인하고 “새로 훈련하기”를 누르세요.'],
  faultModule: ['What trains did not come. Check the connection and press “Train anew”.', '훈련 프로그램을 받지 못했습니다. 연결을 확인하고 “새로 훈련하기”를 누르세요.'],
  faultStopped: [
    'The browser ended the training at step {step}, perhaps for want of memory. What was kept is still there: go on with it, or begin anew with fewer pictures or a smaller width.',
    '브라우저가 {step}걸음에서 훈련을 끝냈습니다. 메모리가 모자란 것일 수 있습니다. 남겨 둔 것은 그대로 있으니 이어서 하거나, 그림이나 너비를 줄여 새로 시작하세요.',
  ],
  faultDiverged: [
    'The training has come apart near step {step}: some weights are no longer numbers. Try a lower learning rate, or a larger R1.',
    '{step}걸음쯤에서 훈련이 무너졌습니다. 어떤 가중치는 더 이상 수가 아닙니다. 학습률을 낮추거나 R1을 키워 보세요.',
  ],
  faultKept: [
    'The kept run cannot be gone on with: it is damaged, or of other pictures. Throw it away and begin anew.',
    '남아 있던 훈련은 이어 갈 수 없습니다. 손상되었거나 다른 그림으로 한 것입니다. 버리고 새로 시작하세요.',
  ],
  faultUnfit: ['This cannot be trained.', '이 설정으로는 훈련할 수 없습니다.'],
  slowTitle: ['Step {step} in slow motion', '{step}번째 걸음을 천천히'],
  slowPart: ['Part {number} of {count}', '{count}부분 중 {number}'],
  slowBack: ['Back', '이전'],
  slowNext: ['Next part', '다음 부분'],
  slowAnother: ['Another step', '한 걸음 더'],
  slowClose: ['Close', '닫기'],
  slowNone: ['Slow motion is not for the recipe “classes”: its networks are told more than pictures.', '“classes” 방법은 천천히 볼 수 없습니다. 이 신경망들은 그림 말고도 듣는 것이 있습니다.'],
  slowNoise: ['Five lists of random numbers', '무작위 수 목록 다섯 개'],
  slowReal: ['Real pictures', '진짜 그림'],
  slowForged: ['Forged pictures', '가짜 그림'],
  slowWere: ['Before', '바뀌기 전'],
  slowAre: ['After', '바뀐 뒤'],
  slowChangedPlain: ['What changed', '바뀐 것'],
  slowChanged: ['What changed, about {times} times as strong', '바뀐 것, 약 {times}배로 키움'],
  slow_noise: ['Noise', '잡음'],
  slow_noise_words: [
    'Each picture begins as a list of random numbers, as if rolled by dice; here each number is a square, bright or dark. These {shown} are the first of this very step.',
    '그림마다 주사위를 굴린 듯한 무작위 수 목록에서 시작합니다. 여기서는 수 하나가 밝거나 어두운 네모 하나입니다. 이 {shown}개는 바로 이번 걸음에 쓰이는 것 가운데 처음입니다.',
  ],
  slow_forgeries: ['Forgeries', '위조'],
  slow_forgeries_words: ['The forger turns each list into a picture. It has never seen a real one: all it knows it has from the detective.', '위조꾼이 목록 하나하나를 그림으로 바꿉니다. 진짜는 본 적이 없습니다. 아는 것은 모두 감별사에게서 배웠습니다.'],
  slow_before: ['The detective’s opinion', '감별사의 생각'],
  slow_before_pairs: [
    'The detective is shown pairs, a real picture and a forged one, and says how sure it is which is which. 50 % is guessing, 100 % is sure and right, 0 % is sure and wrong.',
    '감별사는 진짜와 가짜를 한 쌍씩 보고, 어느 쪽이 진짜인지 얼마나 확신하는지 말합니다. 50 %는 찍기, 100 %는 확신하고 맞힌 것, 0 %는 확신하고 틀린 것입니다.',
  ],
  slow_before_each: [
    'The detective says of each picture how surely it is real. Of the real ones it should say much, of the forged ones 0 %.',
    '감별사는 그림마다 진짜일 가능성이 얼마인지 말합니다. 진짜에는 높게, 가짜에는 0 %라고 해야 합니다.',
  ],
  slow_after: ['The detective learns', '감별사가 배웁니다'],
  slow_after_pairs: [
    'It is told which were real, and every one of its weights moves a little, by {detective} ‰ of their size, to where its answers would have been better. The same pairs, before and after:',
    '어느 것이 진짜였는지 듣고, 모든 가중치가 더 잘 맞혔을 쪽으로 조금씩(크기의 {detective} ‰만큼) 움직입니다. 같은 쌍을 보기 전과 후입니다.',
  ],
  slow_after_each: [
    'It is told which were real, and every one of its weights moves a little, by {detective} ‰ of their size, to where its answers would have been better. The same pictures, before and after:',
    '어느 것이 진짜였는지 듣고, 모든 가중치가 더 잘 맞혔을 쪽으로 조금씩(크기의 {detective} ‰만큼) 움직입니다. 같은 그림을 보기 전과 후입니다.',
  ],
  slow_better: ['The forger learns', '위조꾼이 배웁니다'],
  slow_better_words: [
    'Now the forger asks: what in my pictures gave me away? Its weights move by {forger} ‰ of their size, to where the detective would have been less sure. Its pictures change hardly to the eye; below, the change is made stronger: bright where there is more ink, dark where there is less.',
    '이번에는 위조꾼이 묻습니다. 내 그림의 무엇 때문에 들켰을까? 가중치가 감별사를 더 헷갈리게 했을 쪽으로(크기의 {forger} ‰만큼) 움직입니다. 그림은 눈에 띄지 않을 만큼 바뀝니다. 아래는 그 변화를 키운 것으로, 밝은 곳은 늘고 어두운 곳은 줄었습니다.',
  ],
  slow_moved: ['What moved', '무엇이 움직였을까'],
  slow_moved_words: [
    'The detective moved by {detective} ‰, the forger by {forger} ‰, and that is one step. This is what the detective now says of the new forgeries, against what it said before the forger learnt. Some thousand such steps, each on other pictures, make digits out of noise.',
    '감별사는 {detective} ‰, 위조꾼은 {forger} ‰ 움직였고, 이것이 한 걸음입니다. 아래는 감별사가 새 위조품을 보고 하는 말을 위조꾼이 배우기 전과 견준 것입니다. 매번 다른 그림으로 이런 걸음을 천 번쯤 걸으면 잡음이 숫자가 됩니다.',
  ],
};

/** A text in the language of the page. @param {string} key @param {Record<string, string | number>} [values] */
export const say = (key, values) => textOf(TABLE, key, values);

/** For the test that no row lacks a language, and both have the same places. */
export const rows = () => Object.entries(TABLE);
