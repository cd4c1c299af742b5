// Complete logins through Microsoft Entra, whose stand-in checks each answer by every rule of Entra's reference, and
// `openid-client` as a relying party that we did not write.

import assert from 'node:assert/strict';

import { violations } from './harness/accessibility.mjs';
import { arriveFromEntra, beginning, enrolled, forms, newEntraAccount, verifyAnswer } from './harness/entra.mjs';
import { eventually } from './harness/eventually.mjs';
import { openEnrolment } from './harness/operator.mjs';
import { scenes } from './harness/scenes.mjs';

const PROVIDER = '/common/federation/externalauthprovider';

const heading = (page, name) => page.getByRole('heading', { level: 1, name }).waitFor();
const signedIn = (login) => heading(login.page, 'Signed in');

async function approve(login, { phone }, nth = 1) {
  await login.sendCode();
  await login.enter(await phone.code(nth));
}

/** The address to which `/authorize` sends a browser, its token included. */
async function linkOf(context, stack, user) {
  const page = await context.newPage();
  const answered = page.waitForResponse(`${stack.url}/authorize`);
  await page.goto(beginning(stack, user));
  const { location } = await (await answered).allHeaders();
  return { link: new URL(location, stack.url).href, page };
}

/** Stops at our answer page: Entra gets its form, but the browser stays. */
async function stayAtAnswer(context, stack) {
  await context.route(stack.entra + PROVIDER, (route) => route.fulfill({ status: 204 }));
}

scenes('Signing in through Entra', {}, (scene) => {
  scene('a code by SMS answers Entra, and a relying party that we did not write accepts the answer', async ({ context, stack }) => {
    const user = await enrolled(stack);
    const posted = forms(context);
    const asked = [];
    context.on('request', (request) => asked.push(request.url(), request.headers().referer ?? ''));
    const login = await arriveFromEntra(context, stack, user);
    await login.is('choose');
    const [cookie, ...others] = await context.cookies(stack.url);
    const { name, path, secure, httpOnly, sameSite } = cookie;
    assert.deepEqual([{ name, path, secure, httpOnly, sameSite }, others], [
      { name: '__Host-mfa-browser', path: '/', secure: true, httpOnly: true, sameSite: 'None' }, [],
    ]);
    await approve(login, user, 2);
    await signedIn(login);
    // Entra's own redirect leads to another origin, which a `form-action` of ours would have stopped.
    assert.equal(new URL(login.page.url()).hostname, 'localhost');

    const [[{ fields: question }], [{ fields: handedIn }], [{ fields: answer }]] = ['/authorize', '/authorize/answer', PROVIDER].map((at) => posted[at]);
    assert.deepEqual(Object.keys(answer).sort(), ['id_token', 'state']);
    const claims = await verifyAnswer(stack, question, answer);
    const [hint, { amr, acr, sub }] = [question.id_token_hint.split('.')[1], claims];
    assert.deepEqual({ amr, acr, sub }, { amr: ['sms'], acr: 'possessionorinherence', sub: JSON.parse(Buffer.from(hint, 'base64url')).sub });
    const secrets = [answer.id_token, handedIn.first_factor_token, handedIn.result_token, question.state, encodeURIComponent(question.state), cookie.value];
    const { protocol } = new URL(stack.url);
    const addresses = asked.filter((url) => url.startsWith(protocol));
    for (const secret of secrets) assert.ok(!addresses.some((url) => url.includes(secret)), secret);
  });

  scene('a call answers Entra with its own method', async ({ context, stack }) => {
    const user = await enrolled(stack);
    const posted = forms(context);
    const login = await arriveFromEntra(context, stack, user);
    await login.callMe();
    const call = await user.phone.ringing();
    // A code was sent a moment ago, so that the call asks for the digits of the page.
    await call.listen();
    await call.press(`${await login.matchDigits()}#`);
    await signedIn(login);
    const claims = await verifyAnswer(stack, posted['/authorize'][0].fields, posted[PROVIDER][0].fields);
    assert.deepEqual(claims.amr, ['tel']);
  });

  scene('going back tells Entra that it was left', async ({ context, stack }) => {
    const posted = forms(context);
    const login = await arriveFromEntra(context, stack, await enrolled(stack));
    await login.press('back');
    await heading(login.page, 'Not signed in');
    const [{ fields: { error, state } }] = posted[PROVIDER];
    assert.deepEqual([error, state], ['access_denied', posted['/authorize'][0].fields.state]);
  });

  scene('a reload, and Entra\'s form posted again, go on with the same challenge', async ({ context, stack }) => {
    const user = await enrolled(stack);
    const posted = forms(context);
    const login = await arriveFromEntra(context, stack, user);
    await login.sendCode();
    await login.page.reload();
    await login.is('code');
    const { fields } = posted['/authorize'][0];
    await login.page.goto(beginning(stack, user, fields));
    await login.is('code');
    assert.equal((await user.phone.messages()).length, 2);
    await login.enter(await user.phone.code(2));
    await heading(login.page, /Signed in|Entra refuses/);
    await verifyAnswer(stack, fields, posted[PROVIDER][0].fields);
  });

  scene('two tabs of one browser each answer their own login', async ({ context, stack }) => {
    const user = await enrolled(stack);
    const [one, two] = [await arriveFromEntra(context, stack, user), await arriveFromEntra(context, stack, user)];
    await approve(one, user, 2);
    await signedIn(one);
    await approve(two, user, 3);
    await signedIn(two);
  });

  scene('a thief\'s link asks nobody else for anything, whoever opens it', async ({ context, stack }) => {
    const user = await enrolled(stack);
    const { link } = await linkOf(context, stack, user);
    const other = await context.browser().newContext();
    try {
      const page = await other.newPage();
      await page.goto(link);
      await page.locator('main[data-screen="other-browser"]').waitFor();
      // The same with a cookie, but that of the other browser's own login.
      await page.goto(beginning(stack, newEntraAccount(stack)));
      await page.goto('about:blank');
      await page.goto(link);
      await page.locator('main[data-screen="other-browser"]').waitFor();
      assert.equal((await user.phone.messages()).length, 1, 'only that of the enrolment');
    } finally {
      await other.close();
    }
  });

  scene('what one browser was given answers nothing in another', async ({ context, stack }) => {
    const user = await enrolled(stack);
    const posted = forms(context);
    await context.route(`${stack.url}/authorize/answer`, (route) => route.fulfill({ status: 204 }));
    const login = await arriveFromEntra(context, stack, user);
    await approve(login, user, 2);
    const [{ fields }] = await eventually('a result', () => posted['/authorize/answer']);
    const other = await context.browser().newContext();
    try {
      const page = await other.newPage();
      const reached = forms(other);
      await page.goto(`${stack.entra}/common/v2.0/.well-known/openid-configuration`);
      await page.evaluate(postAsForm, [`${stack.url}/authorize/answer`, fields]);
      await page.waitForURL(`${stack.url}/authorize/answer`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      assert.equal(reached[PROVIDER], undefined);
    } finally {
      await other.close();
    }
  });

  for (const [name, redirect] of [
    ['of another origin', () => 'https://evil.example/collect'],
    ['in capitals', (own) => own.replace('common', 'Common')],
    ['with a query', (own) => `${own}?x=1`],
    ['below the right one', (own) => `${own}/x`],
  ]) {
    scene(`a redirect address ${name} gets a page of ours, and nothing is sent there`, async ({ context, stack, complaints }) => {
      const fields = { redirect_uri: redirect(stack.entra + PROVIDER) };
      const login = await arriveFromEntra(context, stack, await enrolled(stack), { fields });
      await login.page.waitForURL(`${stack.url}/authorize`);
      await login.page.getByRole('heading', { level: 1 }).waitFor();
      assert.equal(await login.page.locator('form').count(), 0);
      assert.deepEqual(await violations(login.page), []);
      assert.deepEqual(complaints.filter((complaint) => !complaint.includes('400')), []);
      complaints.length = 0; // the browser logs the 400
    });
  }

  scene('the answer page is accessible, and may post to anyone, since Entra redirects on', async ({ context, stack }) => {
    const user = await enrolled(stack);
    await stayAtAnswer(context, stack);
    const login = await arriveFromEntra(context, stack, user);
    const answered = login.page.waitForResponse(`${stack.url}/authorize/answer`);
    await approve(login, user, 2);
    const headers = await (await answered).allHeaders();
    assert.doesNotMatch(headers['content-security-policy'], /form-action/);
    assert.match(headers['content-security-policy'], /default-src 'none'/);
    assert.deepEqual([headers['cache-control'], headers['referrer-policy']], ['no-store', 'strict-origin']);
    await login.page.getByRole('button').waitFor();
    assert.deepEqual(await violations(login.page), []);
  });

  scene('without JavaScript the answer page has a button that works', async ({ context, stack }) => {
    const user = await enrolled(stack);
    const posted = forms(context);
    await context.route(`${stack.url}/authorize/answer`, (route) => route.fulfill({ status: 204 }));
    const login = await arriveFromEntra(context, stack, user);
    await approve(login, user, 2);
    const [{ fields }] = await eventually('a result', () => posted['/authorize/answer']);
    const plain = await context.browser().newContext({ javaScriptEnabled: false });
    try {
      await plain.addCookies(await context.cookies(stack.url));
      const page = await plain.newPage();
      await page.setContent(formOf(`${stack.url}/authorize/answer`, fields));
      await page.getByRole('button').click();
      await page.waitForURL(`${stack.url}/authorize/answer`);
      await page.getByRole('button').click();
      await heading(page, 'Signed in');
    } finally {
      await plain.close();
    }
  });

  for (const [locale, lang, dir] of [['ja-JP', 'ja', 'ltr'], ['ar-EG', 'ar', 'rtl']]) {
    scene(`our pages around the login speak ${lang}, as the browser does`, async ({ context, stack, complaints }) => {
      const user = await enrolled(stack);
      await stayAtAnswer(context, stack);
      const html = (page) => page.locator('html').evaluate((element) => [element.lang, element.dir || 'ltr', element.innerText]);
      const login = await arriveFromEntra(context, stack, user, { locale: lang });
      await approve(login, user, 2);
      await login.page.waitForURL(`${stack.url}/authorize/answer`, { waitUntil: 'commit' });
      const answer = await html(login.page);
      await login.page.goto(beginning(stack, user, { client_id: 'another' }));
      await login.page.waitForURL(`${stack.url}/authorize`);
      const error = await html(login.page);
      assert.deepEqual([answer.slice(0, 2), error.slice(0, 2)], [[lang, dir], [lang, dir]]);
      for (const [, , text] of [answer, error]) assert.match(text, /[\u0600-\u06ff\u3040-\u30ff]/);
      complaints.length = 0; // the browser logs the 400
    }, { locale });
  }

  scene('a stolen password enrols no phone', async ({ context, stack }) => {
    const thief = newEntraAccount(stack);
    const login = await arriveFromEntra(context, stack, thief);
    await login.is('enrolment-closed');
    assert.deepEqual(await thief.phone.messages(), []);
    await login.press('back');
    await heading(login.page, 'Not signed in');
  });

  scene('a number is enrolled once an administrator has opened that for the account', async ({ context, stack }) => {
    const user = newEntraAccount(stack);
    await openEnrolment(stack, user);
    const login = await arriveFromEntra(context, stack, user);
    await login.is('number');
    await login.typeNumber(user.number.slice(2));
    await approve(login, user);
    await signedIn(login);
    const again = await arriveFromEntra(context, stack, user);
    await again.is('choose');
  });
});

/** Runs in a page: posts a form from there. */
function postAsForm([action, fields]) {
  const form = Object.assign(document.createElement('form'), { method: 'post', action });
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
  }
  document.body.append(form);
  form.submit();
}

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');

function formOf(action, fields) {
  const inputs = Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${escaped(value)}">`);
  return `<form method="post" action="${action}">${inputs.join('')}<button>Go</button></form>`;
}
