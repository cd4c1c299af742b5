// Takes screenshots of every screen at a phone's width into `.local/screenshots`, and the ones that the README shows
// into `tests/browser/screenshots`.
//
//     node screenshots.mjs

import { mkdirSync, rmSync, statSync } from 'node:fs';

import { newAccount } from './harness/account.mjs';
import { EXHIBITS, exhibit } from './harness/gallery.mjs';
import { openStage } from './harness/scenes.mjs';
import { LOGS } from './harness/stack.mjs';
import { LOCALES } from './harness/words.mjs';

const ALL = `${LOGS}/screenshots`;
const SHOWN = new URL('screenshots', import.meta.url).pathname;
const IN_THE_README = [
  { name: 'choose' },
  { name: 'calling-ringing' },
  { name: 'code' },
  { name: 'choose', as: 'choose-ar-dark', locale: 'ar', colorScheme: 'dark' },
];
const DARK = ['choose', 'number', 'code', 'calling-ringing', 'approved', 'denied'];
const SMALL = 40 * 1024;

const PHONE = { viewport: { width: 390, height: 640 }, reducedMotion: 'reduce' };

const stage = await openStage('screenshots');
try {
  rmSync(ALL, { recursive: true, force: true });
  mkdirSync(ALL, { recursive: true });
  mkdirSync(SHOWN, { recursive: true });
  for (const name of Object.keys(EXHIBITS)) await shoot(name, `${ALL}/${name}.png`);
  for (const name of DARK) await shoot(name, `${ALL}/${name}-dark.png`, { colorScheme: 'dark' });
  for (const locale of LOCALES) {
    await shoot('choose', `${ALL}/choose-${locale}.png`, { locale });
    await shoot('number', `${ALL}/number-${locale}.png`, { locale });
  }
  for (const { name, as = name, ...options } of IN_THE_README) {
    const file = `${SHOWN}/${as}.png`;
    await shoot(name, file, options);
    if (statSync(file).size > SMALL) throw new Error(`${file} is larger than ${SMALL} bytes`);
  }
  console.log(`${ALL}\n${SHOWN}`);
} finally {
  await stage.close();
}

async function shoot(name, path, { locale = 'en', ...options } = {}) {
  const context = await stage.browser.newContext({ ...PHONE, ...options, locale });
  const open = await exhibit(name, { ...stage, context, user: newAccount(stage.stack) });
  const { page } = await open(locale);
  await page.screenshot({ path, fullPage: true, animations: 'disabled', caret: 'hide' });
  await context.unrouteAll({ behavior: 'ignoreErrors' });
  await context.close();
}
