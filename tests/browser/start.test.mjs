// How the page starts: whatever fails, its user reads what to do.

import { scenes } from './harness/scenes.mjs';

/** Replaces a script of the page. */
const replace = (context, name, body) =>
  context.route(`**/${name}`, (route) => route.fulfill({ body, contentType: 'text/javascript' }));

scenes('Starting', {}, (scene) => {
  for (const [what, name, body] of [
    ['does not parse', 'code-field.js', 'export const codeField = /(?<!/;'],
    ['does not parse, imported by nothing but the page', 'page.js', 'const = 1;'],
    ['lacks what another imports', 'dom.js', 'export const h = null;'],
    ['throws', 'text.js', `throw new Error('text');`],
    ['throws later on', 'handover.js', `export const receive = async () => { throw new Error('handover'); };`],
  ]) {
    scene(`a script that ${what} leads to words and a way on: ${name}`, async ({ context, arrive, complaints }) => {
      await replace(context, name, body);
      const login = await arrive();
      await login.is('broken');
      await login.says('broken.text');
      await login.link('support.link').waitFor();
      await context.unroute(`**/${name}`);
      await login.press('unreachable.retry');
      await login.is('choose');
      complaints.length = 0; // about the broken script
    });
  }

  scene('a browser without modules is told to update', async ({ context, arrive, complaints }) => {
    await context.route((url) => url.pathname === '/', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: (await response.text()).replaceAll('type="module"', 'type="unknown"') });
    });
    const login = await arrive();
    await login.is('broken');
    complaints.length = 0; // about the preloads that nothing uses
  });

  scene('a script that never comes is told, and the page goes on when it does', async ({ context, arrive }) => {
    let arrived;
    const late = new Promise((resolve) => { arrived = resolve; });
    await context.route('**/page.js', async (route) => {
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
