// Writes what the login page serves of its sources: `start.js`, which is in the page itself, `page.js`, to which the
// build adds each language's sentences, and `page.css`. The files are committed, so that cargo alone can build the page.
//
//     node bundle.mjs     writes them: `make bundle`

import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

export const PAGE = new URL('../../functions/login-page/', import.meta.url);
const SOURCES = new URL('assets/', PAGE);

/** The oldest supported browsers, as esbuild names them. */
export const BROWSERS = readFileSync(new URL('.browserslistrc', PAGE), 'utf8')
  .split('\n')
  .filter((line) => line && !line.startsWith('#'))
  .map((line) => line.replace(' ', ''));
// esbuild says no because of the newest scripts; the classes that the page uses are old.
export const KNOWN = { 'regexp-unicode-property-escapes': true };

const BUNDLES = {
  // In the language of 2015: it tells the users of any browser why there is no page.
  'start.js': { format: 'iife', target: 'es2015' },
  'page.js': { format: 'esm', target: BROWSERS, supported: KNOWN },
  'page.css': { target: BROWSERS },
};

/** The text of each bundle by its name, and the digest of their sources. */
export async function bundles() {
  const built = Object.entries(BUNDLES).map(async ([name, options]) => {
    const entryPoints = [fileURLToPath(new URL(name, SOURCES))];
    const common = { bundle: true, minify: true, charset: 'utf8', write: false, logLevel: 'error' };
    const { outputFiles } = await build({ entryPoints, ...common, ...options });
    return [name, outputFiles[0].text];
  });
  return { ...Object.fromEntries(await Promise.all(built)), sources: digest() };
}

/** Of every script and style, so that the Rust tests can tell without Node.js whether the bundles are of these. */
function digest() {
  const hash = createHash('sha256');
  for (const name of readdirSync(SOURCES).filter((file) => /\.(js|css)$/.test(file)).sort()) {
    const bytes = readFileSync(new URL(name, SOURCES));
    hash.update(`${name} ${bytes.length}\n`).update(bytes);
  }
  return `${hash.digest('hex')}\n`;
}

/** Where a bundle is. */
export const placeOf = (name) => new URL(`bundle/${name}`, PAGE);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of Object.entries(await bundles())) writeFileSync(placeOf(name), text);
}
