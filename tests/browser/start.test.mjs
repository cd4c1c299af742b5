// How the page starts: whatever fails, its user reads what to do.

import { scenes } from './harness/scenes.mjs';

/** The script that the page loads, in any language. */
const SCRIPT = '**/page.*.js';

scenes('Starting', {}, (scene) => {
  for (const [what, body] of [
    ['does not parse', 'const code = /(?<!/;'],
    ['throws', `throw new Error('page');`],
    ['throws later on', `setTimeout(() => { throw new Error('later'); });`],
    ['rejects a promise that nothing awaits', `Promise.reject(new Error('page'));`],
  ]) {
    scene(`a script that ${what} leads to words and a way on`, async ({ context, arrive, complaints }) => {
      await context.route(SCRIPT, (route) => route.fulfill({ body, contentType: 'text/javascript' }));
      const login = await arrive();
      await login.is('broken');
      await login.says('broken.text');
      await login.link('support.link').waitFor();
      await context.unroute(SCRIPT);
      await login.press('unreachable.retry');
      await login.is('choose');
      complaints.length = 0; // about the broken script
    });
  }

  scene('a browser without modules is told to update', async ({ context, arrive }) => {
    await context.route((url) => url.pathname === '/', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: (await response.text()).replaceAll('type="module"', 'type="unknown"') });
    });
    const login = await arrive();
    await login.is('broken');
  });

  scene('a script that never comes is told, and the page goes on when it does', async ({ context, arrive }) => {
    let arrived;
    const late = new Promise((resolve) => { arrived = resolve; });
    await context.route(SCRIPT, async (route) => {
      await late;
      await route.continue();
    });
    const login = await arrive({ waitUntil: 'commit' });
    await login.page.locator('main[data-screen="unreachable"]').waitFor({ timeout: 25_000 });
    arrived();
    await login.is('choose');
  });

  scene('an error of an extension does not stop the page', async ({ context, arrive, complaints }) => {
    await context.addInitScript(() => {
      addEventListener('DOMContentLoaded', () => {
        dispatchEvent(new ErrorEvent('error', { message: 'not ours', filename: 'chrome-extension://x/content.js' }));
      });
    });
    const login = await arrive();
    await login.is('choose');
    complaints.length = 0;
  });

  for (const [what, breakStorage] of [
    ['has no room', () => { Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }; }],
    ['is blocked', () => { Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('blocked', 'SecurityError'); } }); }],
    ['cannot be read', () => { Storage.prototype.getItem = () => '{'; }],
  ]) {
    scene(`storage that ${what} loses no token`, async ({ context, arrive, phone }) => {
      await context.addInitScript(breakStorage);
      const login = await arrive();
      await login.sendCode();
      await login.enter(await phone.code());
      await login.returned();
    });
  }
});
