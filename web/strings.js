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
  title: ['Forger: digits that nobody wrote', 'Forger: 아무도 손으로 쓴 적 없는 숫자'],
  lede: [
    'Digits that nobody wrote. A small neural network draws them, here in your browser: drag the knob and watch.',
    '아무도 손으로 쓴 적 없는 숫자. 작은 신경망이 이 브라우저 안에서 그립니다. 손잡이를 끌어 보세요.',
  ],
  language: ['Language', '언어'],
  failureTitle: ['Something went wrong', '문제가 생겼습니다'],
  tryAgain: ['Try again', '다시 시도'],
  broken: ['Something on this page broke', '이 페이지에 문제가 생겼습니다'],
  brokenHint: ['Reload the page', '페이지를 새로 고치세요'],
  errorSimd: ['This browser has no WebAssembly SIMD, which the generator runs on', '이 브라우저에는 생성기에 필요한 WebAssembly SIMD가 없습니다'],
  hintSimd: [
    'Every current browser has it (Chrome 91, Firefox 89, Safari 16.4 or later): please update, or turn WebAssembly on.',
    '최신 브라우저에는 모두 있습니다(Chrome 91, Firefox 89, Safari 16.4 이상). 브라우저를 업데이트하거나 WebAssembly를 켜 주세요.',
  ],
  errorForbidden: [
    'This site’s Content-Security-Policy does not allow WebAssembly, which the generator runs on',
    '이 사이트의 Content-Security-Policy가 생성기에 필요한 WebAssembly를 허용하지 않습니다',
  ],
  hintForbidden: ['Whoever runs the site can add \'wasm-unsafe-eval\' to its script-src.', '사이트 관리자가 script-src에 \'wasm-unsafe-eval\'을 더하면 됩니다.'],
  errorRuntime: ['The runtime could not be loaded', '런타임을 불러오지 못했습니다'],
  hintRuntime: [
    'Check the connection and reload. On your own server, the folder `runtime` must lie beside `forger.js`.',
    '연결을 확인하고 새로 고치세요. 직접 운영하는 서버라면 `runtime` 폴더가 `forger.js` 옆에 있어야 합니다.',
  ],
  errorUnreachable: ['The server cannot be reached for {name}', '{name}: 서버에 연결할 수 없습니다'],
  hintConnection: ['Check the connection and try again.', '연결을 확인하고 다시 시도하세요.'],
  errorMissing: ['The model {name} is not on this server (it answers {status})', '모델 {name}이(가) 이 서버에 없습니다(응답 {status})'],
  hintMissing: [
    'Put it beside the page: `cargo xtask site --model gen.onnx --out site` writes the whole folder.',
    '페이지 옆에 놓으세요. `cargo xtask site --model gen.onnx --out site`가 폴더 전체를 만듭니다.',
  ],
  errorCut: ['The download of {name} broke off', '{name} 내려받기가 끊겼습니다'],
  errorLarge: ['The model is larger than 64 MB', '모델이 64 MB보다 큽니다'],
  hintLarge: ['Use a smaller model: Forger’s own are below 1 MB.', '더 작은 모델을 쓰세요. Forger의 모델은 1 MB가 안 됩니다.'],
  errorFull: ['This model needs the runtime with all operators, and that could not be fetched', '이 모델에는 모든 연산자가 든 런타임이 필요한데, 받지 못했습니다'],
  hintFull: [
    'It is fetched only for models that need it: connect to the network once, and load the model again.',
    '필요한 모델에만 받는 파일입니다. 네트워크에 한 번 연결한 뒤 모델을 다시 불러오세요.',
  ],
  errorStopped: ['The runtime stopped', '런타임이 멈췄습니다'],
  hintStopped: ['Load a smaller model: this one takes more memory or time than there is.', '더 작은 모델을 불러오세요. 메모리나 시간이 모자랍니다.'],
  errorUnfit: ['This file cannot be used as a generator.', '이 파일은 생성기로 쓸 수 없습니다.'],
  hintUnfit: ['Use a generator that Forger exported, and copy the file again if it is one.', 'Forger가 내보낸 생성기를 쓰고, 이미 그렇다면 파일을 다시 복사하세요.'],
  easel: ['One digit', '숫자 하나'],
  doors: ['Where to begin', '여기서 시작하세요'],
  doorDraw: ['Draw your own', '직접 그리기'],
  doorGame: ['Real or forged?', '진짜? 가짜?'],
  doorTrain: ['Train it yourself', '직접 훈련하기'],
  doorTour: ['How it works', '원리 둘러보기'],
  tourPlace: ['{number} of {count}', '{count}단계 중 {number}'],
  tourBack: ['Back', '이전'],
  tourNext: ['Next', '다음'],
  tourDone: ['Done', '마침'],
  tourSkip: ['Skip the tour', '그만 보기'],
  tourNoiseTitle: ['It begins with noise', '시작은 잡음'],
  tourNoise: [
    'These are random numbers, as if rolled by dice. A digit begins as a list of them and nothing else: no letters, no pictures.',
    '주사위를 굴리듯 뽑은 무작위 수들입니다. 숫자 그림은 이 목록 하나에서 시작합니다. 글자도, 견본 그림도 없습니다.',
  ],
  tourForgerTitle: ['The forger draws', '위조꾼이 그립니다'],
  tourForger: [
    'A network turns the numbers into a picture. It is called the generator. While one number moves, the others stay, and the digit follows.',
    '신경망 하나가 수들을 그림으로 바꿉니다. 이것이 생성기입니다. 나머지는 그대로 두고 수 하나만 움직이면 숫자가 따라 변합니다.',
  ],
  tourDetectiveTitle: ['The detective looks', '감별사가 살펴봅니다'],
  tourDetective: [
    'A second network, the discriminator, was shown pictures like these, and had to say which ones are forged. Try to do its work.',
    '또 다른 신경망인 판별기는 이런 그림을 보고 어느 것이 가짜인지 맞혀야 했습니다. 그 일을 직접 해 보세요.',
  ],
  tourRoundsTitle: ['They learn from each other', '서로에게서 배웁니다'],
  tourRounds: [
    'When the detective finds out, the forger changes a little; when it is fooled, the detective does. Round after round the smudges became digits. Such a pair is called a GAN: a generative adversarial network.',
    '들키면 위조꾼이 조금 바뀌고, 속으면 감별사가 바뀝니다. 그렇게 거듭하는 사이에 얼룩이 숫자가 되었습니다. 이런 한 쌍을 GAN, 생성적 적대 신경망이라고 합니다.',
  ],
  tourTurnTitle: ['Your turn', '이제 직접 해 보세요'],
  tourTurn: [
    'Draw a digit here. The forger has never seen yours, and looks for the numbers that make it draw the same.',
    '여기에 숫자를 그려 보세요. 위조꾼은 처음 보는 그림이지만, 같은 그림이 나오게 하는 수들을 찾아냅니다.',
  ],
  tabGame: ['Detective', '감별사'],
  noPicture: ['No picture yet', '아직 그림 없음'],
  gameTitle: ['Real or forged?', '진짜일까요, 가짜일까요?'],
  gameLede: [
    'Ten pictures. Five of them people wrote, five of them nobody did: the network drew them, and none was picked for its looks. You are the detective.',
    '그림 열 장. 다섯 장은 사람이 썼고, 다섯 장은 아무도 쓰지 않았습니다. 신경망이 그렸고, 잘 나온 것만 고르지도 않았습니다. 당신이 감별사입니다.',
  ],
  gameReal: ['Real', '진짜'],
  gameForged: ['Forged', '가짜'],
  gameAsk: ['Picture {number} of {count}: real or forged?', '{count}장 중 {number}번째: 진짜일까요, 가짜일까요?'],
  gamePicture: ['Picture {number} of {count}', '{count}장 중 {number}번째 그림'],
  gameRealRight: ['Right: somebody wrote it.', '맞습니다. 사람이 썼습니다.'],
  gameRealWrong: ['No: somebody did write it.', '아닙니다. 사람이 썼습니다.'],
  gameForgedRight: ['Right: nobody wrote it.', '맞습니다. 아무도 쓰지 않았습니다.'],
  gameForgedWrong: ['No: nobody wrote it. You were fooled.', '아닙니다. 아무도 쓰지 않았습니다. 속았네요.'],
  gameScore: ['You were right on {right} of {count}.', '{count}장 중 {right}장을 맞혔습니다.'],
  gameSharp: ['The forger has to learn more before it fools you.', '당신을 속이려면 위조꾼이 더 배워야겠습니다.'],
  gameGood: ['Better than a coin, and the forger is not bad either.', '동전 던지기보다 낫고, 위조꾼도 제법입니다.'],
  gameCoin: ['A coin would do as well: the forger has learned its trade.', '동전을 던진 것과 다르지 않습니다. 위조꾼이 제대로 배웠네요.'],
  gameFooled: ['You took {fooled} of {count} forgeries for real.', '가짜 {count}장 중 {fooled}장을 진짜로 보았습니다.'],
  gameSeen: ['What they were', '정답'],
  gameWasRight: ['Picture {number}: {verdict}, you were right', '{number}번째: {verdict}, 맞힘'],
  gameWasWrong: ['Picture {number}: {verdict}, you were wrong', '{number}번째: {verdict}, 틀림'],
  gameTake: ['Play with this one', '이 그림 만져 보기'],
  gameLost: ['The real pictures did not arrive. Check the connection and try again.', '진짜 그림이 도착하지 않았습니다. 연결을 확인하고 다시 시도하세요.'],
  gameAgain: ['Ten others', '다른 열 장'],
  gameNone: ['There are real pictures here for networks that learned from MNIST, and this one did not.', '진짜 그림은 MNIST로 배운 신경망을 위한 것만 있습니다. 이 신경망은 아닙니다.'],
  gameCredit: [
    'The real ones are of the test pictures of MNIST, unchanged, by Yann LeCun, Corinna Cortes and Christopher Burges (',
    '진짜는 MNIST의 시험용 그림 그대로입니다. 얀 르쿤, 코리나 코르테스, 크리스토퍼 버지스가 모았습니다(',
  ],
  newDigit: ['New digit', '새 숫자'],
  seed: ['Seed', '시드'],
  pinThis: ['Pin this', '담아 두기'],
  pinned: ['Pinned: {count} of {most}. Walk between them in the tab “Walk”.', '담았습니다: {most}개 중 {count}개. “산책” 탭에서 둘 사이를 걸어 보세요.'],
  pinnedOut: ['Pinned. There is room for {most}: the oldest one gave way.', '담았습니다. 자리가 {most}개라서 가장 오래된 핀이 빠졌습니다.'],
  keep: ['Keep and share', '저장과 공유'],
  copyLink: ['Copy link', '링크 복사'],
  saveGif: ['GIF of the sweep', '훑어보기 GIF'],
  saveJson: ['z as JSON', 'z를 JSON으로'],
  shareThis: ['Share', '공유'],
  embed: ['Embed', '퍼가기'],
  openWhole: ['Open Forger', 'Forger 열기'],
  shareText: ['A digit that nobody wrote. Drag the knob and watch it change.', '아무도 손으로 쓴 적 없는 숫자. 손잡이를 끌어 보세요.'],
  embedCopied: ['The code is copied: it shows this digit and its knob in any page.', '코드를 복사했습니다. 어느 페이지에서나 이 숫자와 손잡이를 보여 줍니다.'],
  embedNotCopied: ['The browser does not let this page copy. This is the code:', '브라우저가 복사를 막았습니다. 코드입니다:'],
  linkCopied: ['The link is copied: it opens this very state.', '링크를 복사했습니다. 지금 이 상태가 그대로 열립니다.'],
  linkNotCopied: ['The browser does not let this page copy. This is the link:', '브라우저가 복사를 막았습니다. 링크입니다:'],
  ownNotInLink: [
    'The link is copied. It does not hold your model: whoever opens it has to choose the same file.',
    '링크를 복사했습니다. 모델은 들어 있지 않으니, 여는 사람이 같은 파일을 골라야 합니다.',
  ],
  saved: ['Saved {name}.', '{name} 저장됨.'],
  drawing: ['Drawing {name}…', '{name} 그리는 중…'],
  whatIsZ: [
    'The network is given a list of random numbers, called z, and draws a picture from it: the same numbers, the same picture. z[0] is the first of them. Drag it, and the others stay as they are.',
    '신경망은 z라는 무작위 수의 목록을 받아 그림을 그립니다. 수가 같으면 그림도 같습니다. z[0]은 그 첫 번째 수입니다. 이것을 끌어도 나머지는 그대로입니다.',
  ],
  loading: ['Loading the generator', '생성기를 불러오는 중'],
  glimpse: [
    'A first look, by weights rounded to a byte each. The network itself is on its way; then all of this moves.',
    '가중치를 1바이트씩으로 반올림해 그린 첫 모습입니다. 신경망은 오는 중이고, 도착하면 모두 움직입니다.',
  ],
  glimpsePicture: ['A first look at the digit of seed {seed}', '시드 {seed} 숫자의 첫 모습'],
  ready: ['Ready: drag the slider, the strip under it or the picture itself.', '준비됐습니다: 슬라이더나 그 아래 띠, 또는 그림을 끌어 보세요.'],
  z0Of: ['the first of {count} numbers', '수 {count}개 중 첫 번째'],
  z0Alone: ['its only number', '단 하나의 수'],
  play: ['Play', '재생'],
  pause: ['Pause', '멈춤'],
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
  sweepName: ['The sweep', '훑어보기'],
  filmFrame: ['Frame of the sweep', '훑어보기의 프레임'],
  filmAt: ['frame {frame} of 100, z[0] at {value}', '100장 중 {frame}번째, z[0] = {value}'],
  filmAway: ['not in the sweep, z[0] at {value}', '훑어보기 밖, z[0] = {value}'],
  playSweep: ['Play the sweep', '훑어보기 재생'],
  pauseSweep: ['Pause the sweep', '훑어보기 멈춤'],
  theOthers: ['The other numbers', '나머지 수'],
  held: ['held: one digit', '그대로: 숫자 하나'],
  fresh: ['fresh noise: another digit each time', '새 잡음: 매번 다른 숫자'],
  picture: ['The generated digit of seed {seed} with z[0] at {value}', '시드 {seed}에서 만든 숫자, z[0] = {value}'],
  pictureOwn: ['The generated picture of seed {seed} with z[0] at {value}', '시드 {seed}에서 만든 그림, z[0] = {value}'],
  ofFrame: [', frame {frame} of the sweep', ', 훑어보기의 {frame}번째 프레임'],
  ofFresh: [', frame {frame} of the sweep with fresh noise', ', 새 잡음 훑어보기의 {frame}번째 프레임'],
  tabs: ['More to see', '더 보기'],
  tabSweeps: ['Two sweeps', '두 훑어보기'],
  tabHundred: ['A hundred', '백 장'],
  tabNumbers: ['All numbers', '모든 수'],
  tabWalk: ['Walk', '산책'],
  tabModels: ['Models', '모델'],
  tabTrain: ['Train', '훈련'],
  tabProof: ['Proof', '검증'],
  sweepsLede: [
    'The program that Forger follows ended with a hundred pictures in which z[0] goes from −1 to 0.98. Left: only that number changes. Right: all the others do too, as they did there. Which of the two would you call “what this number does”?',
    'Forger가 따르는 원래 프로그램은 z[0]이 −1에서 0.98까지 가는 그림 백 장으로 끝났습니다. 왼쪽은 그 수만 바뀌고, 오른쪽은 원래처럼 나머지도 모두 바뀝니다. 어느 쪽이 “이 수가 하는 일”일까요?',
  ],
  heldCaption: ['Only z[0] changes, the others are held', 'z[0]만 바뀌고 나머지는 그대로'],
  freshCaption: ['All of them change: fresh noise in each frame', '모두 바뀜: 프레임마다 새 잡음'],
  heldSheet: [
    '100 generated digits in rows of ten, z[0] from −1.00 to 0.98, the other numbers held',
    '한 줄에 열 개씩 만든 숫자 100장, z[0]은 −1.00에서 0.98까지, 나머지 수는 그대로',
  ],
  freshSheet: [
    '100 generated digits in rows of ten, z[0] from −1.00 to 0.98, fresh noise in each frame',
    '한 줄에 열 개씩 만든 숫자 100장, z[0]은 −1.00에서 0.98까지, 프레임마다 새 잡음',
  ],
  hundredLede: ['A hundred digits. Tap one to play with it.', '숫자 백 장. 하나를 눌러서 만져 보세요.'],
  hundredOwnLede: ['A hundred pictures. Tap one to play with it.', '그림 백 장. 하나를 눌러서 만져 보세요.'],
  hundredSheet: ['The first 100 digits of seed {seed} in rows of ten', '시드 {seed}의 첫 숫자 100장, 한 줄에 열 개씩'],
  tileNumber: ['Number of the digit', '숫자의 번호'],
  directionsTitle: ['What changes it most', '가장 많이 바꾸는 방향'],
  directionsLede: [
    'These knobs turn many numbers together. Number 1 changes the picture most; beside each is its share of all change.',
    '여러 수를 한꺼번에 돌리는 손잡이입니다. 1번이 그림을 가장 많이 바꿉니다. 옆에는 전체 변화에서 차지하는 몫이 있습니다.',
  ],
  directionsWait: ['Looking for them: many small pictures…', '찾는 중: 작은 그림을 많이 그립니다…'],
  direction: ['Direction {number}', '방향 {number}'],
  share: ['{share} % of all change', '전체 변화의 {share} %'],
  boardTitle: ['The numbers, one by one', '수 하나하나'],
  sort: ['Sort by', '정렬'],
  sortNumber: ['number', '번호'],
  sortEffect: ['effect on the picture', '그림에 주는 영향'],
  sortValue: ['value', '값'],
  resetAll: ['Undo my changes', '바꾼 것 되돌리기'],
  showAll: ['Show all {count}', '{count}개 모두 보기'],
  showFew: ['Only the {count} that do most', '가장 큰 {count}개만'],
  boardHint: [
    'The bar under a slider is its effect here: how much of the picture one unit of it changes. A double click or Delete puts a number back; a focused slider also follows the wheel.',
    '슬라이더 아래 막대는 지금 여기서의 영향, 곧 1만큼 움직일 때 그림이 바뀌는 정도입니다. 두 번 누르거나 Delete를 누르면 되돌아가고, 선택한 슬라이더는 휠로도 움직입니다.',
  ],
  valueName: ['value of z[{number}]', 'z[{number}]의 값'],
  withEffect: ['{value}, one unit changes {effect} % of the picture', '{value}, 1마다 그림의 {effect} % 변화'],
  tabInside: ['Inside', '안쪽'],
  insideTitle: ['Inside the network', '신경망의 안쪽'],
  insideLede: [
    'This is all of it. Each square is a cell: it adds up what all cells of the row above send it, each by a weight of its own, and lights up or does not. Drag the knob and watch.',
    '이것이 전부입니다. 네모 하나가 세포 하나입니다. 윗줄의 모든 세포가 보낸 값을 저마다의 가중치로 더해, 켜지거나 꺼집니다. 손잡이를 끌며 지켜보세요.',
  ],
  insideMore: ['above nought', '0보다 큼'],
  insideLess: ['below nought', '0보다 작음'],
  insideWeights: ['{count} weights', '가중치 {count}개'],
  insideZ: ['z: {count} random numbers', 'z: 무작위 수 {count}개'],
  insideLayer: ['Layer {number}: {cells} cells, {count} of them lit', '{number}층: 세포 {cells}개, 켜진 것 {count}개'],
  insideMaps: [
    'Layer {number}: {maps} maps of {rows} by {columns} cells, {count} of them lit',
    '{number}층: {rows}×{columns} 세포 지도 {maps}장, 켜진 것 {count}장',
  ],
  insideResult: ['…and that is the picture.', '…이렇게 그림이 됩니다.'],
  insideShares: ['What the busiest cells draw', '가장 바쁜 세포들이 그리는 것'],
  insideSharesLede: [
    'The picture is a sum. These are the cells of the last row that add most to it now: ink where they add, red where they take away.',
    '그림은 덧셈의 결과입니다. 마지막 줄에서 지금 가장 많이 보태는 세포들입니다. 먹색은 더하는 곳, 붉은색은 빼는 곳입니다.',
  ],
  insideCell: ['Cell {number}', '세포 {number}'],
  insideMap: ['Map {number}', '지도 {number}'],
  insideNone: [
    'This network is no chain of dense layers and convolutions, or too large to be drawn cell by cell.',
    '이 신경망은 완전 연결 층과 합성곱 층이 한 줄로 이어진 것이 아니거나, 세포 하나하나를 그리기에는 너무 큽니다.',
  ],
  pinsTitle: ['Pinned', '담아 둔 숫자'],
  pinsLede: [
    'Pin two digits and walk from one to the other: every picture between them is one that the network draws too.',
    '숫자 두 개를 담아 두고 하나에서 다른 하나로 걸어가 보세요. 그 사이의 그림도 모두 신경망이 그립니다.',
  ],
  noPins: ['Nothing is pinned yet: press “Pin this” under the picture.', '아직 없습니다. 그림 아래 “담아 두기”를 누르세요.'],
  pinName: ['Pin {number}', '핀 {number}'],
  showPin: ['Show pin {number}, of seed {seed}', '핀 {number} 보기, 시드 {seed}'],
  removePin: ['Remove pin {number}', '핀 {number} 빼기'],
  walkFrom: ['From', '출발'],
  walkTo: ['To', '도착'],
  playWalk: ['Play the walk', '산책 재생'],
  pauseWalk: ['Pause the walk', '산책 멈춤'],
  saveWalkGif: ['GIF of the walk', '산책 GIF'],
  walkPlace: ['Place on the walk', '산책의 위치'],
  walkSwitches: [
    'This network’s file does not tell what lies between two classes: the walk goes over to the other one half way.',
    '이 신경망의 파일에는 두 종류의 사이가 없어서, 산책은 한가운데에서 다른 종류로 넘어갑니다.',
  ],
  walkAt: ['{percent} % of the way from pin {from} to pin {to}', '핀 {from}에서 핀 {to}까지 {percent} %'],
  padTitle: ['A plane through z', 'z를 지나는 평면'],
  padLede: [
    'Two ways to change the digit at once. Drag over the map: each tile is the digit that lies there.',
    '두 방향으로 한꺼번에 바꿉니다. 지도 위를 끌어 보세요. 타일마다 그 자리에 있는 숫자입니다.',
  ],
  padX: ['Across', '가로'],
  padY: ['Down', '세로'],
  map: ['A map of 81 generated digits: {x} across, {y} down', '만든 숫자 81장의 지도: 가로 {x}, 세로 {y}'],
  modelsTitle: ['Models of this site', '이 사이트의 모델'],
  ganTitle: ['How it learned', '어떻게 배웠을까요'],
  ganStory: [
    'Two networks learned against each other. The forger, or generator, draws digits from random numbers. The detective, or discriminator, is shown real digits and forged ones and says which is which. Each time the detective finds out, the forger changes a little; each time it is fooled, the detective does. The pair is called a GAN, a generative adversarial network. Here you have the forger, in each round of its training that was kept.',
    '두 신경망이 서로 겨루며 배웠습니다. 위조꾼(생성기)은 무작위 수로 숫자를 그립니다. 감별사(판별기)는 진짜와 가짜를 보고 어느 쪽인지 말합니다. 들키면 위조꾼이 조금 바뀌고, 속으면 감별사가 바뀝니다. 이 한 쌍을 GAN, 생성적 적대 신경망이라고 합니다. 여기 있는 것은 위조꾼이며, 남겨 둔 학습 단계마다 볼 수 있습니다.',
  ],
  playEpochs: ['Watch it learn', '배우는 모습 보기'],
  modelSheet: ['The first 100 digits of seed {seed} in rows of ten, drawn by {name}', '{name}이(가) 그린 시드 {seed}의 첫 숫자 100장, 한 줄에 열 개씩'],
  modelSheetHint: [
    'The same hundred lists of numbers, whichever network draws them. Tap one to play with it.',
    '어느 신경망이 그리든 같은 수의 목록 백 개입니다. 하나를 눌러서 만져 보세요.',
  ],
  modelsLede: ['The same numbers given to other networks.', '같은 수를 다른 신경망에 줍니다.'],
  collapseTitle: ['What can go wrong: mode collapse', '잘못되면: 모드 붕괴'],
  collapseLede: [
    'A forger may find one drawing that fools the detective, and draw nothing else, whatever numbers it is given. Here are the same hundred lists of numbers, given to two networks.',
    '위조꾼은 감별사를 속이는 그림 하나를 찾아내고는, 어떤 수를 주어도 그것만 그리기도 합니다. 같은 수의 목록 백 개를 두 신경망에 주었습니다.',
  ],
  collapseKinds: ['{name}: {count} of the ten digits among a hundred', '{name}: 백 장 가운데 숫자 열 가지 중 {count}가지'],
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
  ofClass: [', class {name}', ', 종류 {name}'],
  ofClasses: [', between classes: {names}', ', 종류 사이: {names}'],
  handsTitle: ['Each class, the same hand', '종류마다 같은 손으로'],
  handsLede: [
    'A row is a class, a column is one list of numbers, z: the same slant and the same pen, whatever it draws. Tap one to play with it.',
    '가로줄은 한 종류, 세로줄은 z 하나입니다. 무엇을 그리든 기울기와 펜이 같습니다. 하나를 눌러 가지고 놀아 보세요.',
  ],
  handsSheet: ['{count} classes, each drawn from the same ten lists of numbers of seed {seed}', '{count}가지 종류, 각각 시드 {seed}의 같은 z 열 개로'],
  handsMore: ['And {count} more classes.', '이 밖에 {count}가지가 더 있습니다.'],
  takenLayout: ['Order of the numbers', '수의 순서'],
  takenRange: ['Black and white', '검정과 하양'],
  takenFound: ['found out', '알아냄'],
  takenLatent: ['Latent vector', '잠재 벡터'],
  takenLatentIs: ['{name}: {count} numbers', '{name}: 수 {count}개'],
  takenLatentBatch: ['{name}: {count} numbers, {batch} at a time', '{name}: 수 {count}개, 한 번에 {batch}벌씩'],
  takenClassNumber: ['{name}: {count} classes, its number', '{name}: 종류 {count}가지, 번호로'],
  takenClassOneHot: ['{name}: {count} classes, one-hot', '{name}: 종류 {count}가지, 원핫으로'],
  takenRest: ['Rests at', '그대로 두는 값'],
  takenSettings: ['Settings of the model', '모델의 조절값'],
  takenPicture: ['Picture', '그림'],
  takenGrey: ['{name}: {width} by {height}, grey', '{name}: {width} × {height}, 회색조'],
  takenGreyOpacity: ['{name}: {width} by {height}, grey with opacity', '{name}: {width} × {height}, 회색조와 불투명도'],
  takenColour: ['{name}: {width} by {height}, colour', '{name}: {width} × {height}, 컬러'],
  takenColourOpacity: ['{name}: {width} by {height}, colour with opacity', '{name}: {width} × {height}, 컬러와 불투명도'],
  takenRewritten: ['Rewritten for the runtime', '런타임에 맞게 바꾼 것'],
  takenRandom: ['Random inside, so the same numbers do not give the same picture', '안에서 무작위라 같은 수에서 같은 그림이 나오지 않음'],
  rewrittenFunctions: ['{count} of the model’s own functions, written out', '모델이 정의한 함수 {count}개를 풀어 씀'],
  rewrittenFused: ['operators that ONNX Runtime had made one, taken apart', 'ONNX Runtime이 합친 연산자를 나눔'],
  rewrittenMatmul: ['MatMul of two vectors, as a sum', '두 벡터의 MatMul을 합으로'],
  rewrittenPads: ['pads below zero, as cuts', '음수 패딩을 잘라내기로'],
  rewrittenBytes: ['operators on bytes, as the same ones on numbers', '바이트 연산자를 같은 수 연산자로'],
  rewrittenUpsample: ['Upsample, as Resize', 'Upsample을 Resize로'],
  rewrittenTransposed: ['ConvTranspose by its output’s shape, by pads', '출력 크기로 정한 ConvTranspose를 패딩으로'],
  rewrittenSteps: ['Slice by steps, as a choice', '간격을 둔 Slice를 고르기로'],
  rewrittenHalf: ['half precision, computed in single', '반정밀도를 단정밀도로 계산'],
  rewrittenDouble: ['double precision, computed in single', '배정밀도를 단정밀도로 계산'],
  rewrittenNormOwn: [
    'BatchNormalization in training mode, by each picture’s own statistics',
    '학습 모드의 BatchNormalization을 그림마다의 통계로',
  ],
  rewrittenNormRunning: [
    'BatchNormalization in training mode, by its running statistics',
    '학습 모드의 BatchNormalization을 누적 통계로',
  ],
  rewrittenDropout: ['Dropout in training mode, nothing dropped', '학습 모드의 Dropout에서 아무것도 버리지 않음'],
  rewrittenWrap: ['Pad that goes round, as Concat', '한 바퀴 도는 Pad를 Concat으로'],
  rewrittenZeros: ['ConstantOfShape, its zeros told', 'ConstantOfShape의 0을 밝힘'],
  ownKept: ['The model before it stays.', '앞의 모델을 그대로 둡니다.'],
  dropHere: ['Drop it: this page reads it, nothing is uploaded', '놓으세요: 이 페이지가 읽을 뿐, 올리지 않습니다'],
  proofTitle: ['On your device', '이 기기에서'],
  parityNone: [
    'This model carries no pictures of its trainer, so it cannot be checked here.',
    '이 모델에는 트레이너의 그림이 없어 여기서 확인할 수 없습니다.',
  ],
  parityOther: [
    'Not the trainer’s pictures: {count} pictures that it left in the model, drawn again here, differ by up to {most} (of −1 to 1).',
    '트레이너의 그림과 다릅니다: 모델에 남긴 그림 {count}장을 여기서 다시 그리니 최대 {most} 차이가 납니다(−1에서 1 중).',
  ],
  parityExact: [
    'Identical to the trainer to the last bit: your browser has just drawn {count} pictures again that the trainer left in the model.',
    '트레이너와 마지막 비트까지 같습니다. 트레이너가 모델에 남긴 그림 {count}장을 이 브라우저가 방금 다시 그렸습니다.',
  ],
  paritySame: [
    'Identical to the trainer within {most} (of −1 to 1): your browser has just drawn {count} pictures again that the trainer left in the model.',
    '트레이너와 {most} 안에서 같습니다(−1에서 1 중). 트레이너가 모델에 남긴 그림 {count}장을 이 브라우저가 방금 다시 그렸습니다.',
  ],
  proofReal: ['Is it real?', '진짜일까요?'],
  pairTrainers: ['The trainer’s, from the file', '파일에 든 트레이너의 그림'],
  pairOurs: ['This browser’s, just now', '방금 이 브라우저의 그림'],
  pairDifference: ['Their difference, a thousandfold', '둘의 차이, 천 배로'],
  metricFid: ['FID: distance from real pictures', 'FID: 진짜 그림과의 거리'],
  metricClasses: ['Kinds of picture it draws', '그릴 줄 아는 종류'],
  metricPrecision: ['Share that look real', '진짜 같은 그림의 비율'],
  metricRecall: ['Share of real ones it can draw', '진짜 그림 중 그릴 수 있는 비율'],
  metricInClass: ['Share in the class that was asked for', '요청한 종류로 그린 비율'],
  metricDLoss: ['Detective’s loss', '감별사의 손실'],
  metricGLoss: ['Forger’s loss', '위조꾼의 손실'],
  metricKl: ['How unevenly it draws the kinds (0: alike)', '종류별로 고르지 못한 정도 (0: 고름)'],
  metricSpread: ['Variety of its pictures (the data’s: 1)', '그림의 다양함 (데이터는 1)'],
  metricCaught: ['Forged ones that the detective caught', '감별사가 잡아낸 가짜'],
  metricBelieved: ['Real ones that the detective knew', '감별사가 알아본 진짜'],
  metricDReal: ['Detective’s trust in real ones', '진짜에 대한 감별사의 믿음'],
  metricDFake: ['Detective’s trust in forged ones', '가짜에 대한 감별사의 믿음'],
  metricMargin: ['Detective’s lead over the forger', '감별사가 위조꾼을 앞선 정도'],
  metricGradient: ['Push that the forger learned by', '위조꾼을 가르친 힘 (기울기)'],
  metricR1: ['Detective’s slope at real ones (R1)', '진짜에서 감별사의 기울기 (R1)'],
  metricR2: ['Detective’s slope at forged ones (R2)', '가짜에서 감별사의 기울기 (R2)'],
  metricOfReal: ['{value}; real pictures {real}', '{value}, 진짜 그림은 {real}'],
  metricsLeft: ['More numbers, not shown', '보이지 않는 나머지 수'],
  costRuntime: ['Runtime', '런타임'],
  costKernel: ['Kernels', '커널'],
  kernelRelaxed: ['relaxed SIMD', '완화된 SIMD (relaxed)'],
  costMemory: ['Memory', '메모리'],
  kernelSimd: ['plain SIMD', '기본 SIMD'],
  kernelPlain: ['scalar', '스칼라'],
  costModel: ['Model', '모델'],
  costWasm: ['WebAssembly', 'WebAssembly'],
  costLoaded: ['All files here after', '모든 파일을 받기까지'],
  costCompiled: ['Got ready in', '준비하는 데'],
  costFirst: ['Its first picture after', '이 신경망의 첫 그림까지'],
  costPicture: ['One picture', '그림 한 장'],
  costHundred: ['A hundred pictures in', '그림 백 장'],
  costRate: ['Frames a second', '초당 프레임'],
  cardTitle: ['About this network', '모델 정보'],
  cardRecipe: ['Every hyperparameter', '모든 하이퍼파라미터'],
  cardRecipeSave: ['Save the recipe', '레시피 저장'],
  sourcesTitle: ['Where it comes from', '어디에서 왔나'],
  sourceModel: ['The model on show, as a file', '지금 보이는 모델 파일'],
  sourceData: ['It learned from', '배운 데이터:'],
  sourceTerms: ['under', '라이선스:'],
  sourceLicence: ['Forger itself is under the MIT or the Apache 2.0 licence:', 'Forger는 둘 중 하나를 고를 수 있는 라이선스입니다:'],
  sourceCode: ['What draws here, as it was written:', '여기서 그리는 코드, 쓰인 그대로:'],
  cardInput: ['Numbers in z', 'z의 길이'],
  cardClasses: ['Classes', '종류'],
  cardOutput: ['Picture', '그림'],
  cardName: ['Recipe', '레시피'],
  cardSeed: ['Training seed', '학습 시드'],
  cardEpochs: ['Epochs', '에포크'],
  cardData: ['Data set', '데이터'],
  cardLatent: ['z drawn from', 'z의 분포'],
  notTold: ['—', '—'],
  tabForge: ['Draw', '그리기'],
  looksLike: ['Looks like a {digit}, {percent} %', '{digit}처럼 보입니다, {percent} %'],
  looksLikeAn: ['Looks like an {digit}, {percent} %', '{digit}처럼 보입니다, {percent} %'],
  hardToRead: ['Hard to read: perhaps {digit}, {percent} %', '알아보기 어렵습니다. 아마 {digit}, {percent} %'],
  forgeTitle: ['Draw a digit: the forger copies it', '숫자를 그리면 위조꾼이 베껴 그립니다'],
  forgeLede: [
    'Write one with a finger, a pen or the mouse. The network has never seen yours and cannot trace it: it looks for the numbers in z that make it draw the same.',
    '손가락이나 펜, 마우스로 써 보세요. 신경망은 이 그림을 본 적도 없고 따라 그릴 수도 없습니다. 같은 그림이 나오게 하는 z의 수들을 찾아낼 뿐입니다.',
  ],
  drawHere: ['Draw here', '여기에 그리세요'],
  paperEmpty: ['Paper to draw on with a pointer, empty', '포인터로 그리는 종이, 비어 있음'],
  paperDrawn: ['Paper to draw on with a pointer, with your drawing', '포인터로 그리는 종이, 그린 그림 있음'],
  clearPaper: ['Clear', '지우기'],
  choosePhoto: ['Use a photo', '사진 쓰기'],
  photoUnread: ['The browser cannot read {name} as a picture: choose a JPEG or a PNG.', '{name} 파일을 브라우저가 그림으로 읽지 못합니다. JPEG나 PNG를 고르세요.'],
  forgeBlank: [
    'Nothing on it stands out as writing: take the photo closer, with dark strokes on plain paper.',
    '글씨로 보이는 것이 없습니다. 무늬 없는 종이에 진하게 쓰고 더 가까이서 찍어 보세요.',
  ],
  yoursCaption: ['Yours', '내 그림'],
  copyCaption: ['The copy', '베낀 그림'],
  differenceCaption: ['The difference', '차이'],
  yoursPicture: ['Your drawing, as the forger gets it', '위조꾼이 받는 내 그림'],
  copyPicture: ['The forger’s copy of it', '위조꾼이 베낀 그림'],
  differencePicture: ['Where the two differ', '두 그림이 다른 곳'],
  forgeWorks: ['The forger is at work…', '위조꾼이 그리는 중…'],
  forgeAttempt: ['Attempt {attempt}: {percent} % off', '{attempt}번째 시도: {percent} % 다름'],
  forgeDone: [
    'Copied: {percent} % of the picture differs, after {attempts} attempts and {seconds} seconds.',
    '{attempts}번 시도해 {seconds}초 만에 다 베꼈습니다. 그림의 {percent} %만 다릅니다.',
  ],
  forgeSame: [
    'Another network, which learned to read, takes both for {digit}.',
    '글자 읽는 법을 배운 다른 신경망의 눈에도 둘 다 {digit}입니다.',
  ],
  forgeOther: [
    'Another network, which learned to read, takes yours for {yours} and the copy for {copied}.',
    '글자 읽는 법을 배운 다른 신경망의 눈에 내 그림은 {yours}, 베낀 그림은 {copied}입니다.',
  ],
  forgeUnread: ['Another network, which learned to read, makes no digit of yours.', '글자 읽는 법을 배운 다른 신경망은 내 그림을 숫자로 읽지 못합니다.'],
  forgeFailed: [
    'The forger never saw such a thing: after {attempts} attempts {percent} % of the picture still differs.',
    '위조꾼이 본 적 없는 그림입니다. {attempts}번 시도해도 그림의 {percent} %가 다릅니다.',
  ],
  forgeStrained: [
    'The forger never saw such a thing. It comes within {percent} %, but only by numbers such as it never learned with: z is {length} long, and noise is about {usual}.',
    '위조꾼이 본 적 없는 그림입니다. {percent} %까지 다가갔지만, 배울 때는 만난 적 없는 수들을 썼습니다. 잡음의 길이는 보통 {usual}인데 이 z는 {length}입니다.',
  ],
  forgeAnother: ['Another network draws now: press “Copy again”.', '이제 다른 신경망이 그립니다. “다시 베끼기”를 누르세요.'],
  forgeOtherClass: ['Another class is drawn now: press “Copy again”.', '이제 다른 종류를 그립니다. “다시 베끼기”를 누르세요.'],
  forgeTooLong: [
    'This model’s z has {count} numbers: drawings are copied where it has at most {most}.',
    '이 모델의 z는 수가 {count}개입니다. {most}개까지만 베껴 그릴 수 있습니다.',
  ],
  forgeTooSmall: ['This model’s pictures are too small to draw on: at least 8 by 8 pixels are needed.', '이 모델의 그림은 너무 작습니다. 8 × 8픽셀은 되어야 베껴 그릴 수 있습니다.'],
  copyAgain: ['Copy again', '다시 베끼기'],
  pinCopy: ['Pin the copy', '베낀 그림 고정하기'],
  walkBetween: ['Walk between the pins', '고정한 그림 사이 걷기'],
  forgeHint: ['Pin it, let a friend draw one, pin that too, and walk from yours to theirs.', '고정해 두고, 친구가 그린 것도 고정한 다음, 둘 사이를 걸어 보세요.'],
  wishTitle: ['Or wish for one', '원하는 숫자 고르기'],
  wishDigits: ['Digits', '숫자'],
  wishDigit: ['Show a {digit}', '{digit} 보기'],
  wishFound: ['Seed {seed} draws a {digit}.', '시드 {seed}의 숫자는 {digit}입니다.'],
  wishNone: ['In 600 seeds this model draws no good {digit}.', '시드 600개를 살펴봐도 이 모델에는 제대로 된 {digit} 그림이 없습니다.'],
  writeNumber: ['Write a number', '수 써 보기'],
  writtenRow: ['The number in forged digits', '위조한 숫자로 쓴 수'],
  takeWritten: ['Take this {digit}, of seed {seed}', '이 {digit} 쓰기, 시드 {seed}'],
  saveRow: ['Save as PNG', 'PNG로 저장'],
  foot: [
    'Drawn on your device. Nothing is sent anywhere, and after the first visit it works without a network.',
    '이 기기에서 그립니다. 아무것도 보내지 않으며, 한 번 방문하면 네트워크 없이도 됩니다.',
  ],
  credit: [
    'The networks of this site learned from MNIST, handwritten digits collected by Yann LeCun, Corinna Cortes and Christopher Burges (',
    '이 사이트의 신경망은 MNIST로 배웠습니다. 얀 르쿤, 코리나 코르테스, 크리스토퍼 버지스가 모은 손글씨 숫자입니다(',
  ],
  creditFashion: [
    'Networks here learned from Fashion-MNIST, pictures of clothes by Zalando Research (',
    '여기에는 Fashion-MNIST로 배운 신경망이 있습니다. 잘란도 리서치의 옷 그림입니다(',
  ],
  creditAvatars: [
    'Networks here learned from avatars that DiceBear’s pixel-art draws (',
    '여기에는 DiceBear의 pixel-art가 그린 아바타로 배운 신경망이 있습니다(',
  ],
  modelFile: ['The model as a file', '모델 파일'],
  parts: ['Forger is under the MIT or the Apache 2.0 licence. It runs tract, by Sonos.', 'Forger는 MIT 또는 Apache 2.0 라이선스입니다. Sonos의 tract로 실행됩니다.'],
};

/** @type {Language} */
let language = 'en';

/** The language of the page. */
export const currentLanguage = () => language;

/** A text in the language of the page. @param {string} key @param {Record<string, string | number>} [values] */
export const text = (key, values) => textOf(TABLE, key, values);

/**
 * The same out of any table of texts: some are apart, as most visitors never ask for them.
 * @param {Record<string, readonly [string, string]>} table @param {string} key @param {Record<string, string | number>} [values]
 */
export function textOf(table, key, values = {}) {
  const row = table[key];
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
