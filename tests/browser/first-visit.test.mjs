// What a first visit costs: few requests, the status asked once and early, and nothing that moves while it loads.

import assert from 'node:assert/strict';

import { newAccount } from './harness/account.mjs';
import { eventually } from './harness/eventually.mjs';
import { LoginPage } from './harness/login-page.mjs';
import { scenes } from './harness/scenes.mjs';
import { LOCALES } from './harness/words.mjs';

const SCRIPT = '**/page.*.js';
const SECOND = /\/later\.[\w-]+\.js/;
const STATUS = '**/v1/challenge';

const isApi = (url) => new URL(url).pathname.startsWith('/v1/');

/** Counts requests of the context's pages to `origin`, and how many of them the page's own function has at once. */
function counted(context, origin) {
  const seen = { urls: [], api: 0, parallel: 0 };
  const open = new Set();
  context.on('request', (request) => {
    const url = request.url();
    if (new URL(url).origin !== origin) return;
    seen.urls.push(url);
    if (isApi(url)) seen.api += 1;
    else open.add(request);
    seen.parallel = Math.max(seen.parallel, open.size);
  });
  for (const end of ['requestfinished', 'requestfailed']) context.on(end, (request) => open.delete(request));
  return seen;
}

/** Holds a script back until the returned function is called. */
async function heldBack(context, script = SCRIPT) {
  let release;
  const released = new Promise((resolve) => { release = resolve; });
  await context.route(script, async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

/** The token that the window still has in its address. */
const inAddress = ({ page }) => new URLSearchParams(new URL(page.url()).hash.slice(1)).get('token');

scenes('A first visit', {}, (scene) => {
  scene('takes four requests at most until a button works, and two at once of the page’s function', async ({ context, stack, arrive }) => {
    const seen = counted(context, stack.url);
    const release = await heldBack(context, SECOND);
    const login = await arrive();
    await login.is('choose');
    assert.equal(await login.offers('channel.sms'), true);
    const isSecond = (url) => url.includes('/later.');
    await eventually('the second script to be asked for', () => seen.urls.some(isSecond));
    const others = () => seen.urls.filter((url) => !isSecond(url));
    assert.ok(others().length <= 4, seen.urls.join('\n'));
    release();
    await login.page.waitForLoadState('networkidle');
    assert.ok(others().length <= 4 && seen.urls.length <= 5, seen.urls.join('\n'));
    assert.ok(seen.parallel <= 2, `${seen.parallel} at once`);
    assert.equal(seen.api, 1);
  });

  for (const [what, account] of [['asks for a number', { enrolled: false }], ['ends there', {}]]) {
    scene(`whose first screen ${what} fetches that screen’s script beside the first one`, async ({ context, stack, arrive }) => {
      const release = await heldBack(context);
      const user = newAccount(stack, account);
      const token = await user.token(account.enrolled === false ? {} : { exp: Math.floor(Date.now() / 1000) - 60 });
      const second = context.waitForEvent('request', (request) => request.url().includes('/later.'));
      const login = await arrive({ token, waitUntil: 'commit' });
      await second;
      release();
      await login.is(account.enrolled === false ? 'number' : 'sign-in-over');
    });
  }

  scene('fetches the second script only once a button works, if there is one', async ({ context, arrive }) => {
    let isUsable = null;
    let login = null;
    await context.route(SECOND, async (route) => {
      isUsable = await login.offers('channel.sms');
      await route.continue();
    });
    const release = await heldBack(context);
    login = await arrive({ waitUntil: 'commit' });
    await login.page.waitForTimeout(1_000);
    assert.equal(isUsable, null);
    release();
    await eventually('the second script', () => isUsable !== null);
    assert.equal(isUsable, true);
  });

  for (const locale of LOCALES) {
    scene(`fetches both scripts in the language of ${locale}`, async ({ context, arrive, phone }) => {
      const second = context.waitForEvent('response', (response) => response.url().includes(`/later.${locale}.js`));
      const login = await arrive({ locale });
      assert.equal((await second).status(), 200);
      await login.sendCode();
      assert.equal(await login.heading.innerText(), login.words['code.heading']);
      await phone.code();
    });
  }

  scene('asks for the status once, before the script is there, and without the token in the address', async ({ context, stack, user, arrive }) => {
    const seen = counted(context, stack.url);
    const release = await heldBack(context);
    const token = await user.token();
    const asked = context.waitForEvent('request', (request) => isApi(request.url()));
    const login = await arrive({ token, waitUntil: 'commit' });
    const request = await asked;
    assert.equal(request.method(), 'GET');
    assert.equal(request.url(), `${stack.url}/v1/challenge`);
    assert.equal(await request.headerValue('authorization'), `Bearer ${token}`);
    assert.equal(inAddress(login), null);
    release();
    await login.is('choose');
    await login.page.waitForTimeout(2_500);
    assert.equal(seen.api, 1);
    assert.equal(await login.page.evaluate(() => 'arrival' in globalThis), false, 'the token is left to other scripts');
  });

  scene('without a token asks nothing', async ({ context, stack }) => {
    const seen = counted(context, stack.url);
    const login = new LoginPage(await context.newPage());
    await login.page.goto(stack.url);
    await login.is('start');
    assert.equal(seen.api, 0);
  });

  scene('in a frame asks nothing before an allowed page around it has sent the token', async ({ context, stack, backend, user }) => {
    const seen = counted(context, stack.url);
    const token = await user.token();
    const page = await context.newPage();
    // Not even with a token in the frame's own address.
    await page.goto(backend.embedding(`${stack.url}/#token=${token}`, null));
    await eventually('the frame to be ready', () => page.evaluate(() => window.heard.some(({ type }) => type === 'alliance-mfa:ready')));
    await page.waitForTimeout(1_000);
    assert.equal(seen.api, 0);
    await page.evaluate((given) => frame.contentWindow.postMessage({ type: 'alliance-mfa:token', token: given }, '*'), token);
    await new LoginPage(page.frameLocator('iframe')).is('choose');
    assert.equal(seen.api, 1);
  });

  scene('whose early request fails goes on by itself', async ({ context, arrive }) => {
    let asked = 0;
    await context.route(STATUS, (route) => ((asked += 1) === 1 ? route.abort('connectionreset') : route.continue()));
    const login = await arrive();
    await login.is('unreachable');
    await login.is('choose');
    assert.equal(asked, 2);
  });

  scene('whose early request is refused for now goes on by itself', async ({ context, arrive }) => {
    let asked = 0;
    await context.route(STATUS, (route) =>
      (asked += 1) === 1 ? route.fulfill({ status: 503, json: { message: 'Service Unavailable' } }) : route.continue());
    const login = await arrive();
    await login.is('unreachable');
    await login.is('choose');
    assert.equal(asked, 2);
  });

  scene('whose early request is refused for good says so', async ({ context, stack, arrive, user }) => {
    const seen = counted(context, stack.url);
    const login = await arrive({ token: await user.token({ exp: Math.floor(Date.now() / 1000) - 60 }) });
    await login.is('sign-in-over');
    assert.equal(seen.api, 1);
  });

  scene('whose early request hangs can be tried again', async ({ context, arrive }) => {
    let asked = 0;
    await context.route(STATUS, (route) => ((asked += 1) === 1 ? undefined : route.continue()));
    const login = await arrive();
    await login.page.locator('main[data-screen="unreachable"]').waitFor({ timeout: 25_000 });
    await login.is('choose');
  });

  scene('without storage keeps the token in the address until the script is there', async ({ context, arrive, user, complaints }) => {
    await context.addInitScript(() => {
      Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };
    });
    const release = await heldBack(context);
    const token = await user.token();
    const login = await arrive({ token, waitUntil: 'commit' });
    await login.main.waitFor();
    assert.equal(inAddress(login), token);
    await login.page.reload({ waitUntil: 'commit' });
    await login.main.waitFor();
    release();
    await login.is('choose');
    assert.equal(inAddress(login), null);
    complaints.length = 0; // about what the reload has broken off
  });
});

const shifts = () => {
  window.shifted = [];
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries()) {
      window.shifted.push({ value, of: sources.map(({ node }) => node?.outerHTML?.slice(0, 80) ?? String(node)) });
    }
  }).observe({ type: 'layout-shift', buffered: true });
};

const LOGO = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 1" width="96" height="24"><path d="M0 0h4v1H0z"/></svg>').toString('base64');

scenes('While it loads', { settings: { BRAND_LOGO: LOGO } }, (scene) => {
  for (const [where, viewport] of [['on a phone', { width: 360, height: 640 }], ['on a desk', { width: 1280, height: 720 }]]) {
    scene(`nothing moves ${where}`, async ({ context, arrive, phone }) => {
      await context.addInitScript(shifts);
      const release = await heldBack(context);
      await context.route('**/logo', async (route) => {
        await new Promise((late) => setTimeout(late, 700));
        await route.continue();
      });
      const login = await arrive({ waitUntil: 'commit' });
      await login.main.waitFor();
      await login.page.waitForTimeout(300); // so that the page is painted before its script is there
      release();
      await login.is('choose');
      await login.page.waitForLoadState('networkidle');
      await login.page.waitForTimeout(500);
      assert.deepEqual(await login.page.evaluate(() => window.shifted), []);
      await login.page.keyboard.press('Tab');
      await login.page.keyboard.press('Tab');
      await login.page.keyboard.press('Enter');
      await login.is('code');
      await phone.code();
      await login.page.waitForTimeout(500);
      assert.deepEqual(await login.page.evaluate(() => window.shifted), []);
    }, { viewport });

    scene(`nothing moves ${where} before the screen for a number`, async ({ context, stack, arrive }) => {
      await context.addInitScript(shifts);
      const release = await heldBack(context, SECOND);
      const login = await arrive({ user: newAccount(stack, { enrolled: false }) });
      await login.is('loading');
      await login.page.waitForTimeout(300);
      release();
      await login.is('number');
      await login.focused(login.number);
      await login.page.waitForTimeout(500);
      assert.deepEqual(await login.page.evaluate(() => window.shifted), []);
    }, { viewport });
  }
});
