// One table of texts, in two languages.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { languageOf, rows } from '../../web/strings.js';

const WEB = new URL('../../web/', import.meta.url);
const places = (text) => (text.match(/\{\w+\}/g) ?? []).sort();

/** Names that are the same in every language. */
const NAMES = ['WebAssembly', '—'];

test('each text is there in both languages, with the same places for values', () => {
  for (const [key, [english, korean]] of rows()) {
    assert.ok(english && korean, key);
    if (!NAMES.includes(korean)) assert.match(korean, /[가-힣]/, key);
    assert.deepEqual(places(korean), places(english), key);
  }
});

test('the page asks for no text that is not there, and none is there that nobody asks for', () => {
  const files = readdirSync(WEB, { recursive: true }).filter((file) => /\.(js|html)$/.test(file) && !/(strings|gif)\.js$/.test(file));
  const sources = files.map((file) => readFileSync(new URL(file, WEB), 'utf8')).join('\n');
  const strings = readFileSync(new URL('strings.js', WEB), 'utf8');
  const keys = new Set(rows().map(([key]) => key));
  const asked = [...sources.matchAll(/data-(?:text|label)="(\w+)"/g), ...sources.matchAll(/(?<!\.)\btext\('(\w+)'[,)]/g)].map(([, key]) => key);
  assert.ok(asked.length > 80, `${asked.length} found`);
  for (const key of asked) assert.ok(keys.has(key), `${key} is in the table`);
  for (const key of keys) assert.ok(new RegExp(`['"]${key}['"]`).test(sources + strings.slice(strings.indexOf('let language'))), `${key} is used`);
});

test('the page reads the same before its scripts have come', () => {
  const html = readFileSync(new URL('index.html', WEB), 'utf8');
  const english = Object.fromEntries(rows().map(([key, [text]]) => [key, text]));
  for (const [, key, text] of html.matchAll(/data-text="(\w+)">([^<]*)</g)) assert.equal(text, english[key], key);
  for (const [, label, key] of html.matchAll(/aria-label="([^"]*)" data-label="(\w+)"/g)) assert.equal(label, english[key], key);
});

test('the first language that the page has is taken', () => {
  for (const [preferred, expected] of [
    [['ko-KR', 'en'], 'ko'],
    [['fr', 'KO'], 'ko'],
    [['de', 'fr'], 'en'],
    [['en-GB', 'ko'], 'en'],
    [[], 'en'],
  ]) {
    assert.equal(languageOf(preferred), expected, preferred.join());
  }
});
