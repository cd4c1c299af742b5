// Writes what the login page serves of its sources: `start.js` and `page.css`, which are in the page itself; `page.js`, which
// it loads; and `later.js`, which `page.js` loads. To the last two the build adds each language's sentences. The files are
// committed, so that cargo alone can build the page.
//
//     node bundle.mjs     writes them: `make bundle`

import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
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

const OF_PAGE = { format: 'esm', target: BROWSERS, supported: KNOWN };
const BUNDLES = {
  // In the language of 2015: it tells the users of any browser why there is no page.
  'start.js': { format: 'iife', target: 'es2015' },
  'page.js': OF_PAGE,
  'page.css': { target: BROWSERS },
};

/** The text of each bundle by its name, and the digest of their sources. */
export async function bundles() {
  const built = await Promise.all(Object.entries(BUNDLES).map(([name, options]) => bundle(name, options)));
  const modules = Object.keys(built.find(({ name }) => name === 'page.js').inputs).map((path) => basename(path));
  built.push(await bundle('later.js', { ...OF_PAGE, plugins: [gotten(new Set(modules))] }));
  return { ...Object.fromEntries(built.map(({ name, text }) => [name, text])), sources: digest() };
}

async function bundle(name, options) {
  const entryPoints = [fileURLToPath(new URL(name, SOURCES))];
  const common = { bundle: true, minify: true, charset: 'utf8', write: false, metafile: true, logLevel: 'error' };
  const { outputFiles, metafile } = await build({ entryPoints, ...common, ...options });
  return { name, text: outputFiles[0].text, inputs: metafile.inputs };
}

/** The second script gets the first one's modules by way of `shared.js`: a second copy would have a state of its own. */
function gotten(modules) {
  const setup = ({ onResolve }) => onResolve({ filter: /^\.\// }, ({ path, importer }) => {
    if (!modules.has(basename(path))) return null;
    return basename(importer) === 'shared.js'
      ? { path: './page.js', external: true }
      : { path: fileURLToPath(new URL('shared.js', SOURCES)) };
  });
  return { name: 'gotten', setup };
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
