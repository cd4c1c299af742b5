// Receiving the token and returning the result: nobody else sees them, and only listed addresses get them.

import assert from 'node:assert/strict';

import { startBackend, verifyResult } from './harness/backend.mjs';
import { eventually } from './harness/eventually.mjs';
import { LoginPage } from './harness/login-page.mjs';
import { scenes } from './harness/scenes.mjs';
import { APP } from './harness/stack.mjs';

const heard = (page) => page.evaluate(() => window.heard);
const framed = (page) => new LoginPage(page.frameLocator('iframe'));

scenes('Handing over', {}, (scene) => {
  scene('the token is removed from the address at once and is in no request, history entry or referrer', async ({ arrive, user, context }) => {
    const requests = [];
    context.on('request', (request) => requests.push(request.url(), request.headers().referer ?? ''));
    const token = await user.token();
    const login = await arrive({ token });
    await login.is('choose');
    assert.equal(new URL(login.page.url()).hash, '');
    assert.ok(!requests.some((url) => url.includes(token)));
    const entries = await login.page.evaluate(() => ({ length: history.length, referrer: document.referrer, entries: navigation.entries().map(({ url }) => url) }));
    assert.ok(!JSON.stringify(entries).includes(token));
  });

  scene('a token in the query is not read', async ({ context, stack, user }) => {
    const login = new LoginPage(await context.newPage());
    await login.page.goto(`${stack.url}/?token=${await user.token()}`);
    await login.is('start');
  });

  scene('without a token the page says where to sign in', async ({ context, stack }) => {
    const login = new LoginPage(await context.newPage());
    await login.page.goto(stack.url);
    await login.is('start');
    await login.says('start.text');
  });

  scene('a page that was opened without a redirect URI says when it is done', async ({ context, stack, user, phone }) => {
    const login = new LoginPage(await context.newPage());
    await login.page.goto(`${stack.url}/#token=${await user.token()}`);
    await login.sendCode();
    await login.enter(await phone.code());
    await login.is('approved');
    await login.says('approved.alone');
  });

  for (const [name, uri] of [
    ['one that is not listed', 'https://evil.example/signed-in'],
    ['one that starts with a listed one', (listed) => `${listed}.evil.example`],
    ['a listed one with a query', (listed) => `${listed}?to=evil`],
    ['a script', 'javascript:alert(1)'],
  ]) {
    scene(`a redirect URI is refused: ${name}`, async ({ arrive, backend, phone }) => {
      const redirect_uri = typeof uri === 'function' ? uri(backend.redirectUri) : uri;
      const login = await arrive({ redirect_uri });
      await login.is('misdirected');
      assert.equal(await login.offers('channel.sms'), false);
      assert.deepEqual(await phone.messages(), []);
    });
  }

  scene('going back returns an error and the state', async ({ arrive }) => {
    const login = await arrive();
    await login.press('back');
    assert.deepEqual(await login.returned(), { error: 'access_denied', state: login.state });
  });

  // Browsers open an app only when the user presses something, and now and then not at the first press: the button stays.
  scene('an app gets the result when the user presses the button, and not before', async ({ arrive, context, phone, user, stack }) => {
    const login = await arrive({ redirect_uri: APP });
    const devtools = await context.newCDPSession(login.page);
    await devtools.send('Page.enable');
    const asked = [];
    devtools.on('Page.frameRequestedNavigation', ({ url }) => asked.push(url));
    await login.sendCode();
    await login.enter(await phone.code());
    await login.is('approved');
    await login.says('approved.app');
    await login.page.waitForTimeout(500);
    assert.deepEqual(asked, []);
    await eventually('a way to the app', async () => {
      if (asked.length === 0) await login.press('approved.continue');
      return asked.length > 0;
    });
    const [target, fragment] = asked[0].split('#');
    const { result_token: token, ...answer } = Object.fromEntries(new URLSearchParams(fragment));
    assert.deepEqual([target, answer], [APP, { state: login.state }]);
    await verifyResult(token, stack.url, user);
    await login.button('approved.continue').waitFor();
  });

  scene('the result replaces the login page in the history', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    const length = () => login.page.evaluate(() => history.length);
    const before = await length();
    await login.enter(await phone.code());
    await login.returned();
    assert.equal(await length(), before);
  });

  scene('an allowed page around the frame provides the token and is the only one to get the result', async ({ context, stack, backend, user, phone }) => {
    const page = await context.newPage();
    await page.goto(backend.embedding(`${stack.url}/`, { token: await user.token(), state: 'frame-1' }));
    const login = framed(page);
    await login.sendCode();
    await login.enter(await phone.code());
    const result = await eventually('a result', async () => (await heard(page)).find(({ type }) => type === 'alliance-mfa:result'));
    assert.equal(result.state, 'frame-1');
    assert.equal(result.origin, stack.url);
    await verifyResult(result.resultToken, stack.url, user);
    assert.ok((await heard(page)).some(({ type, height }) => type === 'alliance-mfa:height' && height > 200));
  });

  scene('a page around the frame that listens late still gets to provide the token', async ({ context, stack, backend, user }) => {
    const page = await context.newPage();
    await page.goto(backend.embedding(`${stack.url}/`, null));
    const login = framed(page);
    await login.main.waitFor();
    await page.waitForTimeout(3_000);
    const token = await user.token();
    await page.evaluate((given) => {
      addEventListener('message', ({ data, source, origin }) => {
        if (data.type === 'alliance-mfa:ready') source.postMessage({ type: 'alliance-mfa:token', token: given }, origin);
      });
    }, token);
    await login.is('choose');
    const readies = async () => (await heard(page)).filter(({ type }) => type === 'alliance-mfa:ready').length;
    const before = await readies();
    await page.waitForTimeout(2_500);
    assert.equal(await readies(), before, 'it repeats after the answer');
  });

  scene('the frame follows the page when it grows and when it shrinks', async ({ context, stack, backend, user, phone }) => {
    const page = await context.newPage();
    await page.goto(backend.embedding(`${stack.url}/`, { token: await user.token(), state: 'frame-4' }));
    await page.evaluate(() => addEventListener('message', ({ data }) => {
      if (data.type === 'alliance-mfa:height') frame.style.height = `${data.height}px`;
    }));
    const login = framed(page);
    const height = async () => (await heard(page)).findLast(({ type }) => type === 'alliance-mfa:height')?.height;
    await login.sendCode();
    const tall = await eventually('a height', height);
    assert.ok(tall > 400, `${tall} pixels`);
    await login.enter(await phone.code());
    await login.is('approved');
    const short = await eventually('a smaller height', async () => (await height()) < tall - 150 && height());
    const content = await login.main.evaluate((main) => main.getBoundingClientRect().height);
    assert.ok(short < content + 150, `${short} pixels for ${content}`);
  });

  scene('going back in a frame notifies the page around it', async ({ context, stack, backend, user }) => {
    const page = await context.newPage();
    await page.goto(backend.embedding(`${stack.url}/`, { token: await user.token(), state: 'frame-2' }));
    await framed(page).press('back');
    const cancelled = await eventually('a cancellation', async () => (await heard(page)).find(({ type }) => type === 'alliance-mfa:cancel'));
    assert.equal(cancelled.state, 'frame-2');
  });

  scene('a token from a window that is not the parent is ignored', async ({ context, stack, backend, user }) => {
    const page = await context.newPage();
    await page.goto(backend.embedding(`${stack.url}/`, null));
    await eventually('the frame to be ready', async () => (await heard(page)).some(({ type }) => type === 'alliance-mfa:ready'));
    const token = await user.token();
    await page.evaluate((given) => {
      const stranger = document.createElement('iframe');
      document.body.append(stranger);
      const script = stranger.contentDocument.createElement('script');
      script.textContent = `parent.frames[0].postMessage({ type: 'alliance-mfa:token', token: '${given}' }, '*')`;
      stranger.contentDocument.body.append(script);
    }, token);
    await page.waitForTimeout(500);
    assert.equal(await framed(page).offers('channel.sms'), false);
  });

  scene('an origin that is not allowed cannot frame the page', async ({ context, stack, user, complaints }) => {
    const stranger = await startBackend();
    try {
      const page = await context.newPage();
      await page.goto(stranger.embedding(`${stack.url}/`, { token: await user.token(), state: 'frame-3' }));
      await eventually('the refusal', () => complaints.some((complaint) => complaint.includes('frame-ancestors')));
      assert.deepEqual(await heard(page), []);
      assert.equal(await page.frameLocator('iframe').locator('main').count(), 0);
    } finally {
      await stranger.close();
      complaints.length = 0; // the refusal, and complaints about the stranger's own page
    }
  });

  scene('without the framing policy an origin that is not allowed still gets no message and is ignored', async ({ context, stack, user, complaints }) => {
    const stranger = await startBackend();
    try {
      await context.route(`${stack.url}/`, async (route) => {
        const response = await route.fetch();
        const { 'content-security-policy': _, ...headers } = response.headers();
        await route.fulfill({ response, headers });
      });
      const page = await context.newPage();
      await page.goto(stranger.embedding(`${stack.url}/`, null));
      await page.frameLocator('iframe').locator('main').waitFor();
      const token = await user.token();
      await page.evaluate((given) => frame.contentWindow.postMessage({ type: 'alliance-mfa:token', token: given }, '*'), token);
      await page.waitForTimeout(1000);
      assert.equal(await framed(page).offers('channel.sms'), false);
      assert.deepEqual(await heard(page), []);
    } finally {
      await stranger.close();
      complaints.length = 0; // complaints about the stranger's own page
    }
  });

  scene('without JavaScript the page says what it needs', async ({ context, stack }) => {
    const login = new LoginPage(await context.newPage());
    await login.page.goto(stack.url);
    await login.says('noscript');
    assert.equal(await login.heading.innerText(), login.words.title);
  }, { javaScriptEnabled: false });
});
