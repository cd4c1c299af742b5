// Codes: wrong, too often wrong, expired, sent again, or not arriving.

import assert from 'node:assert/strict';

import { scenes } from './harness/scenes.mjs';

/** The `nth` wrong code. They differ, because the page does not send the same code twice by itself. */
const wrong = (code, nth = 1) => String((Number(code) + nth) % 1_000_000).padStart(6, '0');

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
    await login.enter(first);
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

  scene('after half a minute without success a call is offered', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.sendCode();
    await phone.code();
    await login.is('code');
    assert.equal(await login.offers('channel.call'), false);
    await login.button('channel.call').waitFor({ timeout: 40_000 });
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

  scene('a code from WebOTP is sent without a key press', async ({ arrive, phone, context }) => {
    await context.addInitScript(() => {
      if (!navigator.credentials) return; // the blank page before ours
      globalThis.OTPCredential = class {};
      navigator.credentials.get = ({ otp, signal }) => new Promise((resolve, reject) => {
        if (!otp) return;
        signal.addEventListener('abort', () => reject(signal.reason));
        globalThis.deliver = (code) => resolve({ code });
      });
    });
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
