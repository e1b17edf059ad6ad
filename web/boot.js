/**
 * The one script that is no module, and needs none: it asks ahead for what the page will need first, and says what is wrong
 * where the page's own modules cannot: opened from a disk, one of them lost on the way, a browser that is too old.
 */
(function () {
  'use strict';

  var TEXTS = {
    en: {
      page: ['Something went wrong', 'Try again'],
      disk: [
        'This page was opened from a disk, and browsers run pages like it only from a server',
        'In its folder, `python3 -m http.server` is one; then open the address that it prints.',
      ],
      frame: [
        'The frame around this page does not let it load its own files',
        'Open the page on its own. Whoever made the frame can add `allow-same-origin` to its `sandbox`.',
      ],
      lost: ['A part of this page did not arrive', 'Check the connection and try again.'],
      old: ['This browser is too old for this page', 'Please update it, or open the page in a current one.'],
    },
    ko: {
      page: ['문제가 생겼습니다', '다시 시도'],
      disk: [
        '디스크에서 바로 연 페이지입니다. 브라우저는 이런 페이지를 서버에서만 실행합니다',
        '이 폴더에서 `python3 -m http.server`를 실행하고, 출력된 주소를 여세요.',
      ],
      frame: [
        '이 페이지를 담은 프레임이 페이지의 파일을 불러오지 못하게 합니다',
        '페이지를 따로 여세요. 프레임을 만든 사람은 `sandbox`에 `allow-same-origin`을 더하면 됩니다.',
      ],
      lost: ['페이지의 일부가 도착하지 않았습니다', '연결을 확인하고 다시 시도하세요.'],
      old: ['이 페이지에는 너무 오래된 브라우저입니다', '브라우저를 업데이트하거나 다른 브라우저에서 여세요.'],
    },
  };

  function language() {
    var kept = null;
    try {
      kept = localStorage.getItem('forger.language');
    } catch (error) {
      // Storage may be forbidden.
    }
    return /^ko/i.test(kept || navigator.language || '') ? 'ko' : 'en';
  }

  function tell(what) {
    var explorer = document.getElementById('explorer');
    var failure = document.getElementById('failure');
    // What happens once the page is at work is the page's own to tell.
    if (!explorer || !failure || !failure.hidden || explorer.getAttribute('aria-busy') !== 'true') return;
    var text = TEXTS[language()][what];
    explorer.hidden = true;
    document.documentElement.lang = language();
    failure.querySelector('[data-message]').textContent = text[0] + '.';
    failure.querySelector('[data-hint]').textContent = text[1];
    var page = TEXTS[language()].page;
    failure.querySelector('h2').textContent = page[0];
    var button = failure.querySelector('[data-retry]');
    button.textContent = page[1];
    button.onclick = function () {
      location.reload();
    };
    // They would do nothing.
    document.getElementById('languages').hidden = true;
    failure.hidden = false;
  }

  function tellWhenThere(what) {
    if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', tell.bind(null, what));
    else tell(what);
  }

  // A module that is not there, or one of those that it imports, is told to the element that asked for it, and to nobody else.
  addEventListener(
    'error',
    function (event) {
      var lost = location.protocol === 'file:' ? 'disk' : self.origin === 'null' ? 'frame' : 'lost';
      if (event.target instanceof HTMLScriptElement) tellWhenThere(lost);
      else if (event.error instanceof SyntaxError) tellWhenThere('old');
    },
    true,
  );
  if (!('noModule' in HTMLScriptElement.prototype)) tellWhenThere('old');

  // A frame in another page (`?embed`) is the picture and its knob.
  if (/[?&]embed\b/.test(location.search)) document.documentElement.classList.add('embed');

  // The page's modules lie several imports deep; the large files need not wait until the last of them asks.
  function ahead(address) {
    var link = document.createElement('link');
    link.rel = 'preload';
    link.as = 'fetch';
    link.crossOrigin = 'anonymous';
    link.href = address;
    document.head.append(link);
  }

  /** A module with one function, which needs plain SIMD or relaxed SIMD: as in `simd.js`. */
  function runs(body) {
    var head = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0];
    return typeof WebAssembly === 'object' && WebAssembly.validate(new Uint8Array(head.concat(body)));
  }

  if (location.protocol === 'file:' || !runs([10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11])) return;
  var relaxed = runs([10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11]);
  ahead('models.json');
  // A link may name another model.
  var isFirst = !/[#&]m=/.test(location.hash);
  var glimpse = document.querySelector('meta[name="glimpse"]');
  // The first picture is drawn by rounded weights, and what is large comes after it.
  if (isFirst && glimpse && !/[#&]c=/.test(location.hash)) return ahead(glimpse.content);
  ahead(relaxed ? 'runtime/runtime_relaxed_bg.wasm' : 'runtime/runtime_bg.wasm');
  if (isFirst) ahead('gen.onnx');
})();
