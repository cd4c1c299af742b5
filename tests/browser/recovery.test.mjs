// Reloads, second tabs and lost or slow networks lose nothing and send nothing twice.

import assert from 'node:assert/strict';

import { eventually } from './harness/eventually.mjs';
import { problemOf } from './harness/gallery.mjs';
import { LoginPage } from './harness/login-page.mjs';
import { scenes } from './harness/scenes.mjs';

/** How many times the page says that there is no connection. */
async function offlineWords(login) {
  const text = await login.page.locator('body').innerText();
  return [...text.matchAll(/offline/gi)].length;
}

scenes('Recovery', {}, (scene) => {
  scene('opening the page sends nothing', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.is('choose');
    await login.page.reload();
    await login.is('choose');
    assert.deepEqual(await phone.messages(), []);
    assert.deepEqual(await phone.calls(), []);
  });

  scene('after a reload the code that was sent still works and no other is sent', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    const code = await phone.code();
    await login.page.reload();
    await login.is('code');
    await login.enter(code);
    const { state } = await login.returned();
    assert.equal(state, login.state);
    assert.equal((await phone.messages()).length, 1);
  });

  scene('after a reload the page shows the call in progress and places no other', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.callMe();
    const call = await phone.ringing();
    await login.page.reload();
    await login.is('calling');
    await call.listen();
    await call.press('#');
    await login.returned();
    assert.equal((await phone.calls()).length, 1);
  });

  scene('a second tab shows the same challenge, and each tab follows the other', async ({ arrive, phone }) => {
    const first = await arrive();
    await first.sendCode();
    const second = await arrive();
    await second.is('code');
    await second.enter(await phone.code());
    await second.returned();
    await first.returned();
    assert.equal((await phone.messages()).length, 1);
  });

  scene('a double click sends one message', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.button('channel.sms').dblclick();
    await login.is('code');
    await phone.code();
    assert.equal((await phone.messages()).length, 1);
  });

  scene('without a network the page says so, keeps what was typed and continues by itself', async ({ arrive, phone, context }) => {
    const login = await arrive();
    await login.sendCode();
    const code = await phone.code();
    await login.enter(code.slice(0, 3));
    await context.setOffline(true);
    await login.says('trouble.offline');
    assert.equal(await login.code.inputValue(), code.slice(0, 3));
    await login.code.pressSequentially(code.slice(3));
    await login.says('code.unsent');
    await context.setOffline(false);
    await login.returned();
  });

  scene('after an interrupted send the page says whether it was sent as soon as it knows', async ({ arrive, phone, context }) => {
    const login = await arrive();
    await login.is('choose');
    await context.setOffline(true);
    await login.press('channel.sms');
    await login.says('trouble.unsure');
    await context.setOffline(false);
    await login.says('trouble.not-sent');
    await login.sendCode();
    await login.enter(await phone.code());
    await login.returned();
  });

  scene('a page that was opened without a network continues once there is one', async ({ context, arrive }) => {
    let reachable = false;
    await context.route('**/v1/challenge', (route) => (reachable ? route.continue() : route.abort('internetdisconnected')));
    const login = await arrive();
    await login.is('unreachable');
    reachable = true;
    await login.press('unreachable.retry');
    await login.is('choose');
  });

  scene('"Try now" asks at once, however long the page would have waited', async ({ context, arrive }) => {
    let reachable = false;
    let asked = 0;
    await context.route('**/v1/challenge', (route) => {
      asked += 1;
      return reachable ? route.continue() : route.abort('connectionreset');
    });
    const login = await arrive();
    await login.is('unreachable');
    // Each failure doubles the wait; after the third one it is eight seconds or more.
    await eventually('three requests', () => asked >= 3, 20_000);
    for (const next of [asked + 1, asked + 2]) {
      await login.press('unreachable.retry');
      await eventually('a request at once', () => asked >= next, 1_000);
    }
    reachable = true;
    await login.press('unreachable.retry');
    await login.page.locator('main[data-screen="choose"]').waitFor({ timeout: 2_000 });
  });

  scene('"Try now" gives up on a request that hangs', async ({ context, arrive }) => {
    let asked = 0;
    await context.route('**/v1/challenge', (route) => {
      asked += 1;
      if (asked === 1) return route.abort('connectionreset');
      return asked === 2 ? undefined : route.continue();
    });
    const login = await arrive();
    await login.is('unreachable');
    await eventually('a request that hangs', () => asked === 2);
    await login.press('unreachable.retry');
    await login.is('choose');
  });

  scene('while a message hangs the call is offered after five seconds, and both answers count', async ({ context, arrive, phone }) => {
    const login = await arrive();
    await login.is('choose');
    let release;
    const hanging = new Promise((resolve) => { release = resolve; });
    await context.route('**/v1/challenge', async (route) => {
      if (route.request().postData()?.includes('sms')) await hanging;
      await route.continue();
    });
    await login.press('channel.sms');
    await login.page.waitForTimeout(3_000);
    assert.equal(await login.offers('channel.call'), false);
    await login.says('trouble.slow.other');
    await login.callMe();
    const call = await phone.ringing();
    release();
    await phone.code();
    await login.is('calling');
    await login.button('call.have-code').waitFor();
    await call.listen();
    await call.press('#');
    await login.returned();
  });

  scene('while a call hangs a message is offered, and a late refusal of the call does not get in the way', async ({ context, arrive, phone }) => {
    const login = await arrive();
    await login.is('choose');
    let refuse;
    const hanging = new Promise((resolve) => { refuse = resolve; });
    await context.route('**/v1/challenge', async (route) => {
      if (!route.request().postData()?.includes('"call"')) return route.continue();
      await hanging;
      return route.fulfill({ status: 503, json: problemOf([503, 'delivery-failed']) });
    });
    await login.press('channel.call');
    await login.says('trouble.slow.other');
    await login.sendCode();
    const code = await phone.code();
    refuse();
    await login.page.waitForTimeout(500);
    assert.doesNotMatch(await login.page.locator('body').innerText(), /couldn’t call/);
    await login.enter(code);
    await login.returned();
  });

  scene('being offline is said once', async ({ arrive, context, phone }) => {
    const login = await arrive();
    await login.sendCode();
    const code = await phone.code();
    await context.setOffline(true);
    await login.says('trouble.offline');
    assert.equal(await offlineWords(login), 1);
    await login.enter(code);
    await login.says('code.unsent');
    await login.page.waitForTimeout(3_000);
    assert.equal(await offlineWords(login), 1);
    await context.setOffline(false);
    await login.returned();
  });

  scene('a page that is opened offline says so once', async ({ arrive, context }) => {
    await context.addInitScript(() => {
      Object.defineProperty(navigator, 'onLine', { get: () => false });
    });
    await context.route('**/v1/challenge', (route) => route.abort('internetdisconnected'));
    const login = await arrive();
    await login.is('unreachable');
    await login.says('unreachable.text');
    assert.equal(await login.page.getByText(login.words['trouble.offline']).filter({ visible: true }).count(), 0);
  });

  scene('a file that fails to load is requested again, and the token is not lost', async ({ context, arrive, complaints }) => {
    let refusals = 0;
    await context.route('**/page.*.js', (route) => {
      refusals += 1;
      return refusals > 2 ? route.continue() : route.fulfill({ status: 503, json: { message: 'Service Unavailable' } });
    });
    const login = await arrive();
    await login.is('choose');
    assert.ok(refusals > 2);
    complaints.length = 0; // about the blocked file
  });

  scene('a file that never loads leads to a button to try again', async ({ context, arrive, complaints }) => {
    await context.route('**/page.*.js', (route) => route.abort('connectionreset'));
    const login = await arrive();
    await login.button('unreachable.retry').waitFor({ timeout: 30_000 });
    complaints.length = 0; // about the blocked file
  });

  scene('a slow answer is announced and still counts', async ({ context, arrive, phone }) => {
    const login = await arrive();
    await login.is('choose');
    await context.route('**/v1/challenge', async (route) => {
      await new Promise((done) => setTimeout(done, 7_000));
      await route.continue();
    });
    await login.press('channel.sms');
    await login.says('trouble.slow');
    await login.is('code');
    await phone.code();
  });

  for (const [status, key] of [[429, 'trouble.busy'], [503, 'trouble.busy']]) {
    scene(`a gateway that answers ${status} for a while is retried`, async ({ context, arrive, phone }) => {
      const login = await arrive();
      await login.sendCode();
      let refusals = 0;
      await context.route('**/v1/challenge', (route) => {
        refusals += 1;
        return refusals > 2 ? route.continue() : route.fulfill({ status, json: { message: 'Too Many Requests' } });
      });
      await login.says(key);
      await login.enter(await phone.code());
      await login.returned();
    });
  }

  scene('a token that has expired leads back to the sign-in', async ({ arrive, user }) => {
    const past = Math.floor(Date.now() / 1000) - 60;
    const login = await arrive({ token: await user.token({ exp: past }) });
    await login.is('sign-in-over');
    await login.press('back');
    const { error, state } = await login.returned();
    assert.equal(error, 'access_denied');
    assert.equal(state, login.state);
  });

  scene('a sign-in that is too old leads back to the sign-in', async ({ arrive, user }) => {
    const login = await arrive({ token: await user.token({ auth_time: Math.floor(Date.now() / 1000) - 3600 }) });
    await login.is('sign-in-over');
  });

  scene('a result that was already fetched and has expired is reported as such', async ({ context, arrive, phone, user, stack }) => {
    const login = await arrive();
    await login.sendCode();
    await login.enter(await phone.code());
    await login.returned();
    // After five minutes the API still says approved but returns no token.
    await context.route('**/v1/challenge', async (route) => {
      const response = await route.fetch();
      const { resultToken, ...rest } = await response.json();
      assert.ok(resultToken);
      await route.fulfill({ response, json: rest });
    });
    const again = new LoginPage(await context.newPage());
    await again.page.goto(`${stack.url}/#token=${await user.token()}`);
    await again.is('approved-before');
  });
});
