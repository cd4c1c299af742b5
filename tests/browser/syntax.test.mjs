// The scripts that are served, held to the syntax that the oldest supported browsers parse: one that doesn't parse would
// leave their users without a page.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import { parse } from 'acorn';
import { transform } from 'esbuild';

import { BROWSERS, KNOWN, PAGE } from './bundle.mjs';

// Which year's language they all know, except for what esbuild lists per browser.
const LANGUAGE = 2022;
// The first script runs in any browser, to tell the others' users what to do.
const START = { browsers: ['es2015'], language: 2015, sourceType: 'script' };
const SERVED = { 'bundle/start.js': START, 'bundle/page.js': {}, 'bundle/later.js': {}, 'assets/mfa-client.js': {} };

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
  for (const [name, options] of Object.entries(SERVED)) {
    it(`every supported browser parses ${name}`, async () => {
      const text = readFileSync(new URL(name, PAGE), 'utf8');
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
      assert.notDeepEqual(await unknownSyntax(text, START), [], text);
    }
  });
});
