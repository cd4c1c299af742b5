// The page's scripts, held to the syntax that the oldest supported browsers parse: one file that doesn't parse would leave
// their users without a page.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, it } from 'node:test';

import { parse } from 'acorn';
import { transform } from 'esbuild';

const PAGE = new URL('../../functions/login-page/', import.meta.url);
const BROWSERS = readFileSync(new URL('.browserslistrc', PAGE), 'utf8')
  .split('\n')
  .filter((line) => line && !line.startsWith('#'))
  .map((line) => line.replace(' ', ''));
// Which year's language they all know, except for what esbuild lists per browser.
const LANGUAGE = 2022;
// esbuild says no because of the newest scripts; the classes that the page uses are old.
const KNOWN = { 'regexp-unicode-property-escapes': true };
// The first script runs in any browser, to tell the others' users what to do.
const BOOT = { name: 'boot.js', browsers: ['es2015'], language: 2015 };

/** What of the text those browsers can't parse; empty if they parse it all. */
async function unknownSyntax(text, { browsers = BROWSERS, language = LANGUAGE, sourceType = 'module' } = {}) {
  // In a string for `new RegExp`, it fails when it runs.
  const found = [...text.matchAll(/\(\?<[=!]/g)].map(() => 'a lookbehind');
  try {
    parse(text, { ecmaVersion: language, sourceType });
  } catch (error) {
    found.push(error.message);
  }
  // What esbuild rewrites for these browsers is what they don't know.
  const [theirs, latest] = await Promise.all([browsers, 'esnext'].map(async (target) => {
    const { code } = await transform(text, { target, charset: 'utf8', supported: KNOWN });
    return code.split('\n');
  })).catch((error) => [[error.message], []]);
  return [...found, ...theirs.filter((line) => !latest.includes(line))];
}

describe('Syntax', () => {
  const scripts = readdirSync(new URL('assets', PAGE)).filter((name) => name.endsWith('.js'));
  for (const name of scripts) {
    const options = name === BOOT.name ? { ...BOOT, sourceType: 'script' } : {};
    it(`every supported browser parses ${name}`, async () => {
      const text = readFileSync(new URL(`assets/${name}`, PAGE), 'utf8');
      assert.deepEqual(await unknownSyntax(text, options), []);
    });
  }

  for (const [name, text] of Object.entries({
    'a lookbehind': 'const code = /(?<!\\d)\\d{6}/;',
    'a lookbehind in a string': "const code = new RegExp('(?<=x)\\\\d');",
    'a set in a regular expression': 'const letters = /[\\p{L}--[a-z]]/v;',
    'flags inside a regular expression': 'const word = /(?i:a)b/;',
    'a static block': 'class A { static { start(); } }',
    'an explicit resource': '{ using file = open(); }',
    'an import with attributes': "import strings from './en.json' with { type: 'json' };",
  })) {
    it(`${name} is refused`, async () => assert.notDeepEqual(await unknownSyntax(text), []));
  }

  it('what came after 2015 is refused in the first script', async () => {
    for (const text of ['a?.b;', 'a ?? b;', 'try { a(); } catch { b(); }', 'const a = { ...b };']) {
      assert.notDeepEqual(await unknownSyntax(text, { ...BOOT, sourceType: 'script' }), [], text);
    }
  });
});
