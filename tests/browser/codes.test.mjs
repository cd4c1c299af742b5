// Codes: wrong, too often wrong, expired, sent again, or not arriving.

import assert from 'node:assert/strict';

import { scenes } from './harness/scenes.mjs';

/** The `nth` wrong code. They differ, because the page does not send the same code twice by itself. */
const wrong = (code, nth = 1) => String((Number(code) + nth) % 1_000_000).padStart(6, '0');

/** Collects the codes that the page has the API check. */
function checksOf(login) {
  const checks = [];
  login.page.on('request', (request) => {
    if (request.url().endsWith('/v1/challenge/code')) checks.push(request.postData());
  });
  return checks;
}

/** Runs in the page: a browser whose `deliver` stands for a message that arrives. */
function webOtp() {
  if (!navigator.credentials) return; // the blank page before ours
  globalThis.OTPCredential = class {};
  navigator.credentials.get = ({ otp, signal }) => new Promise((resolve, reject) => {
    if (!otp) return;
    signal.addEventListener('abort', () => reject(signal.reason));
    globalThis.deliver = (code) => resolve({ code });
  });
}

/** Uses up all attempts. */
async function exhaust(login, code) {
  for (let guess = 1; guess <= 5; guess += 1) {
    const judged = login.page.waitForResponse('**/v1/challenge/code');
    await login.enter(wrong(code, guess));
    await judged;
  }
}

scenes('Codes', {}, (scene) => {
  scene('a wrong code says how many attempts are left, and the right one still signs in', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    const code = await phone.code();
    await login.enter(wrong(code));
    await login.fieldSays(login.code, 'code.wrong', { count: 4 });
    await login.enter(code);
    await login.returned();
  });

  scene('five wrong codes exhaust the challenge, and a new code signs in', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    const code = await phone.code();
    await exhaust(login, code);
    await login.is('exhausted');
    await login.sendCode();
    await login.enter(await phone.code(2));
    await login.returned();
  });

  scene('a code may be pasted with spaces', async ({ arrive, phone, context }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const login = await arrive();
    await login.sendCode();
    const code = await phone.code();
    await login.is('code');
    await login.page.evaluate((text) => navigator.clipboard.writeText(text), ` ${code.slice(0, 3)} ${code.slice(3)}\n`);
    await login.code.focus();
    await login.page.keyboard.press('Control+v');
    await login.returned();
  });

  for (const [shown, text] of [
    ['between a number and words', (code) => `Code for 2FA: ${code.slice(0, 3)}-${code.slice(3)}`],
    ['beside a phone number', (code) => `Your code: ${code}. Questions? +1 415 555 2671`],
    ['in full-width digits', (code) => `コードは${[...code].map((digit) => '０１２３４５６７８９'[digit]).join('')}です`],
    ['with no-break spaces', (code) => `${code.slice(0, 3)}\u00a0${code.slice(3)}`],
  ]) {
    scene(`the code is found in pasted text: ${shown}`, async ({ arrive, phone }) => {
      const login = await arrive();
      await login.sendCode();
      await login.paste(text(await phone.code()));
      await login.returned();
    });
  }

  for (const text of ['Codes: 123456 or 654321', 'Call 415 555 2671', 'My code is 12345']) {
    scene(`pasted text without one clear code sends nothing: ${text}`, async ({ arrive, phone }) => {
      const login = await arrive();
      await login.sendCode();
      const checks = checksOf(login);
      await login.paste(text);
      await login.fieldSays(login.code, 'code.unclear');
      await login.page.waitForTimeout(300);
      assert.deepEqual(checks, []);
      await login.enter(await phone.code());
      await login.returned();
    });
  }

  scene('a pasted code replaces what was typed before', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    await login.code.fill('12');
    await login.paste(await phone.code());
    await login.returned();
  });

  scene('a seventh digit makes no other code of six', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    const code = await phone.code();
    const checks = checksOf(login);
    await login.enter(wrong(code));
    await login.fieldSays(login.code, 'code.wrong', { count: 4 });
    await login.code.press('Home');
    await login.page.keyboard.type('9');
    await login.fieldSays(login.code, 'problem.code-malformed');
    assert.equal(checks.length, 1);
  });

  scene('Enter does not send a code again that was just refused', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    const code = await phone.code();
    const checks = checksOf(login);
    await login.enter(wrong(code));
    await login.code.press('Enter');
    await login.fieldSays(login.code, 'code.wrong', { count: 4 });
    await login.code.press('Enter');
    await login.enter('1');
    await login.enter(wrong(code));
    await login.fieldSays(login.code, 'code.tried');
    await login.page.waitForTimeout(300);
    assert.equal(checks.length, 1);
    await login.enter(code);
    await login.returned();
  });

  scene('a code that the API could not check may be sent again', async ({ arrive, phone, context }) => {
    const login = await arrive();
    await login.sendCode();
    const code = await phone.code();
    let refusals = 0;
    await context.route('**/v1/challenge/code', (route) => {
      refusals += 1;
      return refusals > 1 ? route.continue() : route.fulfill({ status: 503, json: { message: 'Service Unavailable' } });
    });
    await login.enter(code);
    await login.says('problem.gateway-unavailable');
    await login.code.press('Enter');
    await login.returned();
  });

  scene('a wrong code whose answer was lost in the gateway is told, and not sent again', async ({ arrive, phone, context }) => {
    const login = await arrive();
    await login.sendCode();
    const code = await phone.code();
    const checks = checksOf(login);
    await context.route('**/v1/challenge/code', async (route) => {
      await route.fetch();
      await route.fulfill({ status: 503, json: { message: 'Service Unavailable' } });
    }, { times: 1 });
    await login.enter(wrong(code));
    await login.fieldSays(login.code, 'code.wrong', { count: 4 });
    await login.code.press('Enter');
    await login.page.waitForTimeout(300);
    assert.equal(checks.length, 1);
    await login.enter(code);
    await login.returned();
  });

  scene('a code from an input method is sent once it is composed', async ({ arrive, phone, context }) => {
    const login = await arrive();
    await login.sendCode();
    const code = await phone.code();
    await login.code.focus();
    const wide = [...code].map((digit) => '０１２３４５６７８９'[digit]).join('');
    const input = await context.newCDPSession(login.page);
    await input.send('Input.imeSetComposition', { text: wide, selectionStart: 6, selectionEnd: 6 });
    await input.send('Input.insertText', { text: wide });
    await login.returned();
  });

  for (const [script, zero] of [['Burmese', 0x1040], ['Adlam', 0x1e950], ['Arabic', 0x660]]) {
    scene(`${script} digits are digits`, async ({ arrive, phone }) => {
      const login = await arrive();
      await login.sendCode();
      const code = await phone.code();
      await login.code.focus();
      for (const digit of code) await login.page.keyboard.insertText(String.fromCodePoint(zero + Number(digit)));
      await login.returned();
    });
  }

  scene('attempts left are shown after a mistake only', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    const code = await phone.code();
    await login.says('code.expires');
    assert.doesNotMatch(await login.main.innerText(), /attempt/);
    await login.enter(wrong(code));
    await login.says('code.attempts', { count: 4 });
  });

  scene('fewer than six digits are not sent and cost no attempt', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    const code = await phone.code();
    await login.is('code');
    await login.code.fill(code.slice(0, 5));
    await login.code.press('Enter');
    await login.fieldSays(login.code, 'problem.code-malformed');
    await login.enter(wrong(code));
    await login.fieldSays(login.code, 'code.wrong', { count: 4 });
  });

  scene('after sending again the first code still works', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    const first = await phone.code(1);
    await login.resend();
    await phone.code(2);
    await login.says('code.resent');
    await login.enter(first);
    await login.returned();
  });

  scene('sending again clears the wrong code and its error', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    await login.enter(wrong(await phone.code()));
    await login.fieldSays(login.code, 'code.wrong', { count: 4 });
    await login.resend();
    await login.says('code.resent');
    assert.equal(await login.code.inputValue(), '');
    assert.equal(await login.code.getAttribute('aria-invalid'), null);
    assert.doesNotMatch(await login.main.innerText(), /isn’t right/);
    await login.enter(await phone.code(2));
    await login.returned();
  });

  scene('sending again counts down and cannot be pressed early', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    await phone.code();
    const resend = login.button('code.resend.in');
    await resend.waitFor();
    assert.match(await resend.innerText(), /0:0\d/);
    await resend.click({ force: true });
    assert.equal((await phone.messages()).length, 1);
  });

  scene('a call is always offered, and recommended after half a minute', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    await phone.code();
    assert.equal(await login.offers('channel.call'), true);
    const advice = login.main.getByText(login.words['offer.code']);
    assert.equal(await advice.filter({ visible: true }).count(), 0);
    await advice.filter({ visible: true }).waitFor({ timeout: 40_000 });
    await login.callMe();
    const call = await phone.ringing();
    await call.listen();
    await call.press('#');
    await login.returned();
  });

  scene('there is one field, numeric, that the system can fill in', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    await phone.code();
    await login.is('code');
    assert.equal(await login.page.locator('main input').count(), 1);
    assert.equal(await login.code.getAttribute('autocomplete'), 'one-time-code');
    assert.equal(await login.code.getAttribute('inputmode'), 'numeric');
  });

  scene('WebOTP hears the message that is sent again, too', async ({ arrive, phone, context }) => {
    await context.addInitScript(webOtp);
    const login = await arrive();
    await login.sendCode();
    const code = await phone.code();
    await login.page.waitForFunction(() => globalThis.deliver);
    await login.page.evaluate((text) => globalThis.deliver(text), wrong(code));
    await login.fieldSays(login.code, 'code.wrong', { count: 4 });
    await login.resend();
    const second = await phone.code(2);
    await login.says('code.resent');
    await login.page.evaluate((text) => globalThis.deliver(text), second);
    await login.returned();
  });

  scene('a code from WebOTP is sent without a key press', async ({ arrive, phone, context }) => {
    await context.addInitScript(webOtp);
    const login = await arrive();
    await login.sendCode();
    const code = await phone.code();
    await login.page.waitForFunction(() => globalThis.deliver);
    await login.page.evaluate((text) => globalThis.deliver(text), code);
    await login.returned();
  });
});

scenes('Codes that soon expire', { settings: { CODE_LIFE_SECONDS: '6' } }, (scene) => {
  scene('an expired code is reported, and a new one signs in', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    await phone.code();
    await login.is('expired');
    await login.sendCode();
    await login.enter(await phone.code(2));
    await login.returned();
  });
});

scenes('A low limit on wrong codes', { settings: { DELAY_FROM_FAILURES: '5', LOCK_AT_FAILURES: '10' } }, (scene) => {
  scene('too many wrong codes lock the account for a while, and the page says so', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    await exhaust(login, await phone.code());
    await login.is('locked');
    await login.says('locked.text');
    await login.link('support.link').waitFor();
  });
});

scenes('The last limit on wrong codes', { settings: { LOCK_AT_FAILURES: '5', DELAY_FROM_FAILURES: '5' } }, (scene) => {
  scene('the page of a locked account says who can unlock it', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    await exhaust(login, await phone.code());
    await login.is('locked-by-admin');
    await login.link('support.link').waitFor();
    assert.equal(await login.offers('channel.sms'), false);
  });
});
