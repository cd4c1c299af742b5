// A login through Entra, as far as the login page is concerned: its state is in the fragment, and its result goes to our own
// answer page, in a form. A stub is in the place of the function that answers it; `entra.test.mjs` has the real one.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { verifyResult } from './harness/backend.mjs';
import { eventually } from './harness/eventually.mjs';
import { LoginPage } from './harness/login-page.mjs';
import { scenes } from './harness/scenes.mjs';

const ANSWERED = '<!doctype html><html lang="en"><title>Answered</title><link rel="icon" href="data:,"><h1>Answered</h1></html>';

const targetOf = (stack) => `${stack.url}/authorize/answer`;

/** Collects what is posted to the answer page; `answer` may answer otherwise. */
async function stub(context, stack, answer = (route) => route.fulfill({ contentType: 'text/html', body: ANSWERED })) {
  const posted = [];
  await context.route(targetOf(stack), async (route) => {
    const request = route.request();
    posted.push({ method: request.method(), fields: Object.fromEntries(new URLSearchParams(request.postData())) });
    await answer(route, posted.length);
  });
  return posted;
}

/** Arrives as `/authorize` sends people here. */
async function arriveByEntra({ context, stack, user, token, page, state = `${randomUUID()}&?#%+ ü` }) {
  const login = new LoginPage(page ?? (await context.newPage()), { state });
  const first = token ?? (await user.token());
  await login.page.goto(`${LoginPage.address(stack, { redirect_uri: targetOf(stack) })}#${new URLSearchParams({ token: first, state })}`);
  return Object.assign(login, { token: first });
}

async function approve(login, phone) {
  await login.sendCode();
  await login.enter(await phone.code());
}

const answered = (login) => login.page.getByRole('heading', { name: 'Answered' }).waitFor();

scenes('Answering Entra', {}, (scene) => {
  scene('the result is posted with the first token and the state, once, and nothing of it is in an address', async ({ context, stack, user, phone }) => {
    const posted = await stub(context, stack);
    const asked = [];
    context.on('request', (request) => asked.push(request.url(), request.headers().referer ?? ''));
    const login = await arriveByEntra({ context, stack, user });
    await login.is('choose');
    assert.equal(new URL(login.page.url()).hash, '');
    await approve(login, phone);
    await answered(login);
    const [{ method, fields: { result_token: result, ...others } }, ...more] = posted;
    assert.deepEqual([method, others, more], ['POST', { first_factor_token: login.token, state: login.state }, []]);
    await verifyResult(result, stack.url, user);
    const entries = await login.page.evaluate(() => navigation.entries().map(({ url }) => url ?? ''));
    for (const secret of [login.token, result, encodeURIComponent(login.state), login.state.slice(0, 36)]) {
      assert.ok(![...asked, ...entries, login.page.url()].some((url) => url.includes(secret)));
    }
    assert.equal(await login.page.evaluate(() => sessionStorage.getItem('alliance-mfa')), null);
  });

  scene('a reload keeps the token and the state', async ({ context, stack, user, phone }) => {
    const posted = await stub(context, stack);
    const login = await arriveByEntra({ context, stack, user });
    await login.sendCode();
    await login.page.reload();
    await login.is('code');
    await login.enter(await phone.code());
    await answered(login);
    assert.deepEqual([posted[0].fields.first_factor_token, posted[0].fields.state], [login.token, login.state]);
  });

  scene('a page that could not load its script keeps both, also where the browser blocks storage', async ({ context, stack, user, phone, complaints }) => {
    await context.addInitScript(() => {
      Storage.prototype.setItem = () => { throw new Error('blocked'); };
    });
    const posted = await stub(context, stack);
    await context.route('**/page.en.js', (route) => route.abort(), { times: 1 });
    const login = await arriveByEntra({ context, stack, user });
    // Without storage no failed load is counted, so nothing is reloaded without a press.
    await login.page.getByRole('button').first().click();
    await approve(login, phone);
    await answered(login);
    assert.equal(posted[0].fields.state, login.state);
    complaints.length = 0; // the script that did not load
  });

  scene('the next login in the same tab gets nothing of the one before', async ({ context, stack, user, phone }) => {
    const posted = await stub(context, stack);
    const before = await arriveByEntra({ context, stack, user });
    await before.is('choose');
    await before.page.goto('about:blank');
    const another = user.anotherLogin();
    const login = await arriveByEntra({ context, stack, user: another, page: before.page });
    await approve(login, phone);
    await answered(login);
    assert.deepEqual([posted[0].fields.first_factor_token, posted[0].fields.state], [login.token, login.state]);
  });

  scene('a state in the query is not taken', async ({ context, stack, user }) => {
    const posted = await stub(context, stack);
    const login = new LoginPage(await context.newPage());
    const query = { redirect_uri: targetOf(stack), state: 'of-the-query' };
    await login.page.goto(`${LoginPage.address(stack, query)}#token=${await user.token()}`);
    await login.press('back');
    await answered(login);
    assert.equal('state' in posted[0].fields, false);
  });

  scene('going back posts an error and no result', async ({ context, stack, user }) => {
    const posted = await stub(context, stack);
    const login = await arriveByEntra({ context, stack, user });
    await login.press('back');
    await answered(login);
    const { token, state } = login;
    assert.deepEqual(posted, [{ method: 'POST', fields: { first_factor_token: token, error: 'access_denied', state } }]);
  });

  scene('a login that is over leads back to Entra', async ({ context, stack, user }) => {
    const posted = await stub(context, stack);
    const login = await arriveByEntra({ context, stack, token: await user.token({ exp: 1_700_000_000 }) });
    await login.is('sign-in-over');
    await login.press('back');
    await answered(login);
    assert.deepEqual([posted[0].fields.error, posted[0].fields.state], ['access_denied', login.state]);
  });

  scene('on a slow network the page says that it is approved, and a second press posts nothing', async ({ context, stack, user, phone }) => {
    const posted = await stub(context, stack, async (route) => {
      await new Promise((resolve) => { setTimeout(resolve, 1500); });
      await route.fulfill({ contentType: 'text/html', body: ANSWERED });
    });
    const login = await arriveByEntra({ context, stack, user });
    await login.sendCode();
    // In the page, since Playwright would wait for the answer before it presses anything.
    await login.page.evaluate(() => {
      const looking = setInterval(() => {
        const button = document.querySelector('main[data-screen="approved"] button');
        if (!button) return;
        clearInterval(looking);
        button.click();
        sessionStorage.setItem('pressed', 'yes');
      }, 20);
    });
    await login.enter(await phone.code());
    await answered(login);
    assert.equal(await login.page.evaluate(() => sessionStorage.getItem('pressed')), 'yes');
    assert.equal(posted.length, 1);
  });

  scene('without a network the answer waits for one', async ({ context, stack, user, phone }) => {
    const posted = await stub(context, stack);
    const login = await arriveByEntra({ context, stack, user });
    await login.sendCode();
    const code = await phone.code();
    // It is cut right after the answer with the result.
    await context.route('**/v1/challenge/code', async (route) => {
      const response = await route.fetch();
      await context.setOffline(true);
      await route.fulfill({ response });
    });
    await login.enter(code);
    await login.is('approved');
    assert.deepEqual(posted, []);
    await context.setOffline(false);
    await answered(login);
    assert.equal(posted.length, 1);
  });

  for (const [name, uri] of [
    ['that of another origin', (own) => own.replace(/:\d+/, ':9')],
    ['one with a query', (own) => `${own}?to=evil`],
    ['one below it', (own) => `${own}/evil`],
    ['one in capitals', (own) => own.replace('authorize', 'Authorize')],
  ]) {
    scene(`an answer page is refused: ${name}`, async ({ context, stack, user, phone }) => {
      const login = new LoginPage(await context.newPage());
      const address = LoginPage.address(stack, { redirect_uri: uri(targetOf(stack)) });
      await login.page.goto(`${address}#${new URLSearchParams({ token: await user.token(), state: 's' })}`);
      await login.is('misdirected');
      assert.deepEqual(await phone.messages(), []);
    });
  }

  scene('another origin gets no form', async ({ context, stack, user, backend, complaints }) => {
    const login = await arriveByEntra({ context, stack, user });
    await login.is('choose');
    await login.page.evaluate((action) => {
      const form = Object.assign(document.createElement('form'), { method: 'post', action });
      document.body.append(form);
      form.submit();
    }, backend.redirectUri);
    await eventually('the refusal', () => complaints.some((complaint) => complaint.includes('form-action')));
    assert.equal(new URL(login.page.url()).origin, stack.url);
    complaints.length = 0; // the refusal
  });
});

scenes('A deployment without Entra', { settings: { ENTRA: 'off' } }, (scene) => {
  scene('its page posts nowhere', async ({ context, stack, user }) => {
    const posted = await stub(context, stack);
    const login = await arriveByEntra({ context, stack, user });
    await login.is('misdirected');
    assert.deepEqual(posted, []);
  });
});
