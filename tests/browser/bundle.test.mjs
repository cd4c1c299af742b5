// What is committed as the page's scripts and style is what its sources give.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import { bundles, placeOf } from './bundle.mjs';

describe('The bundles', async () => {
  for (const [name, text] of Object.entries(await bundles())) {
    it(`${name} is that of the sources`, () => {
      const isTheSame = readFileSync(placeOf(name), 'utf8') === text;
      assert.ok(isTheSame, `${name} is not what the sources give now: run \`make bundle\` and commit what it writes`);
    });
  }
});
