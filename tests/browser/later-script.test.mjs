// The page's second script may be late, missing or of another deployment.

import assert from 'node:assert/strict';

import { newAccount } from './harness/account.mjs';
import { eventually } from './harness/eventually.mjs';
import { foreignBuild, problemOf } from './harness/gallery.mjs';
import { LoginPage } from './harness/login-page.mjs';
import { scenes } from './harness/scenes.mjs';

// Each try has a query of its own.
const SECOND = /\/later\.[\w-]+\.js/;

/** Holds the page's second script back until the returned function is called. */
async function secondHeldBack(context) {
  let release;
  const released = new Promise((resolve) => { release = resolve; });
  await context.route(SECOND, async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

/**
 * Makes the second script that of another build for the first `most` loads of the page, and counts all loads.
 * @param {{ held?: boolean }} options Whether the first one is held back until `release` is called.
 */
async function foreignBuilds(context, most, { held = false } = {}) {
  const foreign = { loads: 0, release() {} };
  const released = held ? new Promise((resolve) => { foreign.release = resolve; }) : null;
  context.on('request', (request) => { foreign.loads += request.isNavigationRequest() ? 1 : 0; });
  await context.route(SECOND, async (route) => {
    const isForeign = foreign.loads <= most;
    await released;
    return isForeign ? foreignBuild(route) : route.continue();
  });
  return foreign;
}

scenes('The second script', {}, (scene) => {
  scene('that fails to load is requested again', async ({ context, arrive, phone, complaints }) => {
    const asked = new Set();
    await context.route(SECOND, (route) => {
      asked.add(route.request().url());
      return asked.size > 2 ? route.continue() : route.fulfill({ status: 503, json: { message: 'Service Unavailable' } });
    });
    const login = await arrive();
    await login.sendCode();
    await login.enter(await phone.code());
    await login.returned();
    assert.equal(asked.size, 3, [...asked].join('\n'));
    complaints.length = 0; // about the refused script
  });

  scene('that fails to load is requested again where the page begins with it', async ({ context, stack, arrive, complaints }) => {
    let refusals = 0;
    await context.route(SECOND, (route) => ((refusals += 1) > 2 ? route.continue() : route.abort('connectionreset')));
    const login = await arrive({ user: newAccount(stack, { enrolled: false }) });
    await login.is('number');
    await login.focused(login.number);
    complaints.length = 0; // about the refused script
  });

  scene('that hangs is requested again', async ({ context, arrive, phone }) => {
    let asked = 0;
    await context.route(SECOND, (route) => ((asked += 1) === 1 ? undefined : route.continue()));
    const login = await arrive();
    await login.sendCode();
    await phone.code();
    assert.equal(asked, 2);
  });

  scene('that is missing without a network is there soon after it is back', async ({ context, arrive, phone }) => {
    let isRefused = true;
    await context.route(SECOND, (route) => (isRefused ? route.abort('internetdisconnected') : route.continue()));
    const login = await arrive();
    await login.is('choose');
    await login.page.waitForTimeout(9_000); // the next try is seconds away
    isRefused = false;
    const asked = context.waitForEvent('request', { predicate: (request) => SECOND.test(request.url()), timeout: 1_000 });
    await login.page.evaluate(() => dispatchEvent(new Event('online')));
    await asked;
    await login.sendCode();
    await phone.code();
  });

  scene('that is late keeps no press waiting, loses none and sends nothing twice', async ({ context, arrive, phone }) => {
    const release = await secondHeldBack(context);
    const login = await arrive();
    await login.is('choose');
    const button = login.button('channel.sms');
    await button.focus();
    await login.page.keyboard.press('Enter');
    const code = await phone.code(); // sent before the script is there
    for (const [name, value] of [['data-busy', ''], ['aria-disabled', 'true']]) assert.equal(await button.getAttribute(name), value);
    assert.equal(await button.locator('.hint').innerText(), login.words['channel.sms.hint']);
    await button.click({ force: true });
    await login.button('channel.call').click({ force: true });
    await login.says('trouble.slow');
    await login.is('choose');
    release();
    await login.is('code');
    await login.focused(login.code);
    await login.enter(code);
    await login.returned();
    assert.equal((await phone.messages()).length, 1);
    assert.deepEqual(await phone.calls(), []);
  });

  scene('that is late still says why a press was refused', async ({ context, arrive }) => {
    const release = await secondHeldBack(context);
    const login = await arrive();
    await login.is('choose');
    await context.route('**/v1/challenge', (route) =>
      route.request().method() === 'POST' ? route.fulfill({ status: 503, json: problemOf([503, 'delivery-failed']) }) : route.continue());
    await login.press('channel.sms');
    await login.page.waitForTimeout(1_000);
    assert.equal(await login.button('channel.sms').getAttribute('data-busy'), '');
    release();
    await login.says('problem.delivery-failed.sms');
  });

  scene('that is late opens what a link leads to', async ({ context, arrive }) => {
    const release = await secondHeldBack(context);
    const login = await arrive();
    await login.press('lost.link');
    assert.equal(await login.button('lost.link').getAttribute('data-busy'), '');
    release();
    await login.is('lost');
  });

  scene('that never loads does not keep an answered call from ending the sign-in', async ({ context, arrive, phone, complaints }) => {
    await context.route(SECOND, (route) => route.abort('connectionreset'));
    const login = await arrive();
    await login.press('channel.call');
    const call = await phone.ringing();
    await login.is('unreachable');
    await call.listen();
    await call.press('#');
    await login.returned();
    complaints.length = 0; // about the blocked script
  });

  scene('that does not load is told only once it is needed, and the page goes on when it does', async ({ context, arrive, phone, complaints }) => {
    await context.route(SECOND, (route) => route.abort('connectionreset'));
    const login = await arrive();
    await login.is('choose');
    await login.page.waitForTimeout(6_000);
    await login.is('choose');
    await login.press('channel.sms');
    const code = await phone.code();
    await login.is('unreachable');
    await login.says('unreachable.text');
    await context.unroute(SECOND);
    await login.is('code');
    await login.enter(code);
    await login.returned();
    assert.equal((await phone.messages()).length, 1);
    complaints.length = 0; // about the blocked script
  });

  scene('that does not load does not make a token of none', async ({ context, stack, complaints }) => {
    await context.route(SECOND, (route) => route.abort('connectionreset'));
    const login = new LoginPage(await context.newPage());
    await login.page.goto(LoginPage.address(stack, {}));
    await login.is('unreachable');
    const loaded = login.page.waitForEvent('load');
    await login.press('unreachable.retry');
    await loaded;
    assert.equal(new URL(login.page.url()).hash, '');
    await context.unroute(SECOND);
    await login.is('start');
    complaints.length = 0; // about the blocked script
  });

  scene('of another deployment loads the page anew by itself, once', async ({ context, arrive, phone }) => {
    const foreign = await foreignBuilds(context, 1);
    const login = await arrive();
    await eventually('a second load', () => foreign.loads === 2);
    await login.sendCode();
    assert.equal(new URL(login.page.url()).hash, '');
    assert.equal(foreign.loads, 2);
    await login.enter(await phone.code());
    const { state } = await login.returned();
    assert.equal(state, login.state);
    assert.equal((await phone.messages()).length, 1);
  });

  scene('of another deployment keeps the answer to a press, and then loads the page anew', async ({ context, arrive, phone }) => {
    const foreign = await foreignBuilds(context, 1, { held: true });
    const login = await arrive();
    let release;
    const released = new Promise((resolve) => { release = resolve; });
    await context.route('**/v1/challenge', async (route) => {
      if (route.request().method() === 'POST') await released;
      await route.continue();
    });
    await login.press('channel.sms');
    foreign.release();
    await login.page.waitForTimeout(2_500); // draws more than once
    assert.equal(foreign.loads, 1);
    release();
    await login.is('code');
    assert.equal(foreign.loads, 2);
    await login.enter(await phone.code());
    await login.returned();
    assert.equal((await phone.messages()).length, 1);
  });

  scene('of the right build again lets a later deployment load the page anew, too', async ({ context, arrive }) => {
    const first = await foreignBuilds(context, 1);
    const login = await arrive();
    await eventually('a second load', () => first.loads === 2);
    await login.press('lost.link');
    await login.is('lost');
    const second = await foreignBuilds(context, 1);
    await login.page.reload();
    await eventually('a load more than that', () => second.loads === 2);
  });

  for (const [what, loads, breakStorage] of [
    ['', 2, null],
    [', even without storage', 1, () => { Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }; }],
  ]) {
    scene(`that stays of another deployment leads to a way to load the page anew${what}`, async ({ context, arrive, phone }) => {
      if (breakStorage) await context.addInitScript(breakStorage);
      const foreign = await foreignBuilds(context, Infinity);
      const login = await arrive();
      await eventually('what it loads by itself', () => foreign.loads === loads);
      await login.press('channel.sms');
      const code = await phone.code();
      await login.is('updated');
      await login.page.waitForTimeout(4_500); // it would load again by now, or ask to wait
      assert.equal(foreign.loads, loads);
      assert.equal(await login.page.locator('#banner').isVisible(), false);
      await context.unroute(SECOND);
      const loaded = login.page.waitForEvent('load');
      await login.press('trouble.updated.reload');
      await loaded;
      await login.is('code');
      assert.equal(new URL(login.page.url()).hash, '');
      await login.enter(code);
      const { state } = await login.returned();
      assert.equal(state, login.state);
      assert.equal((await phone.messages()).length, 1);
    });
  }
});
