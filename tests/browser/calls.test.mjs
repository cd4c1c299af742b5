// Calls, with every way that a phone can be answered or not.

import assert from 'node:assert/strict';

import { newAccount, nextNumber } from './harness/account.mjs';
import { verifyResult } from './harness/backend.mjs';
import { eventually } from './harness/eventually.mjs';
import { exhibit } from './harness/gallery.mjs';
import { phoneOf, setFaults } from './harness/phone.mjs';
import { scenes } from './harness/scenes.mjs';

scenes('Calls', {}, (scene) => {
  scene('after an unanswered call a code is offered and signs in', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.callMe();
    await (await phone.ringing()).ignore();
    await login.is('call-over');
    await login.says('call.no-answer.text');
    await login.sendCode();
    await login.enter(await phone.code());
    await login.returned();
  });

  scene('after a declined call the page says so, or that the line is busy', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.callMe();
    await (await phone.ringing()).hangUp();
    await login.says('call.busy.text');
    assert.match(await login.heading.innerText(), /declined/);
    await login.button('channel.sms').waitFor();
  });

  scene('while a call rings a message is offered', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.callMe();
    await phone.ringing();
    assert.equal(await login.offers('channel.sms'), true);
    assert.equal(await login.main.getByText(login.words['offer.call']).filter({ visible: true }).count(), 0);
    await login.sendCode();
    await login.enter(await phone.code());
    await login.returned();
  });

  scene('a call that voicemail answers says so, and # approves nothing', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.callMe();
    const call = await phone.ringing();
    await call.answer('machine');
    await login.says('contested.machine');
    await call.hangUp();
    await login.says('call.voicemail.text');
    await login.button('channel.sms').waitFor();
  });

  scene('a call that ends without a key press says so', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.callMe();
    const call = await phone.ringing();
    await call.listen();
    await login.says('call.answered');
    await call.hangUp();
    await login.says('call.ended.text');
    await login.button('channel.sms').waitFor();
  });

  scene('0 stops the sign-in, says what to do, and a message signs in while calls are paused', async ({ arrive, phone, user, stack }) => {
    const login = await arrive();
    await login.callMe();
    const call = await phone.ringing();
    await call.listen();
    await call.press('0');
    await login.is('denied');
    await login.says('denied.reported');
    await login.says('denied.next');
    await login.says('denied.again.message');
    assert.equal(await login.offers('channel.sms'), false);
    await call.hangUp();
    await login.page.reload();
    await login.says('denied.again.message');
    await login.press('back');
    await login.page.waitForURL('**/signed-in#**');

    const next = user.anotherLogin();
    const again = await arrive({ user: next });
    await again.is('choose');
    await again.says('channel.paused');
    assert.equal(await again.offers('channel.call'), false);
    await again.sendCode();
    await again.enter(await phone.code());
    await verifyResult((await again.returned()).result_token, stack.url, next);
  });

  scene('a second 0 in the call blocks the account, and the page says so by itself', async ({ arrive, phone, user }) => {
    const login = await arrive();
    await login.callMe();
    const call = await phone.ringing();
    await call.listen();
    await call.press('0');
    await login.is('denied');
    const offer = await eventually('the offer to block', async () => {
      const { listening, spoken } = await call.now();
      return listening && /press zero again/.test(spoken.join(' ')) && spoken.join(' ');
    });
    assert.match(offer, /We stopped this sign-in\. To block all sign-ins for 24 hours/);
    await call.press('0');
    await login.is('blocked');

    for (const page of [login, await arrive({ user: user.anotherLogin() })]) {
      await page.is('blocked');
      await page.says('blocked.text');
      await page.says('blocked.next');
      await page.link('support.link').waitFor();
      assert.doesNotMatch(await page.main.innerText(), /start again/i);
    }
  });

  scene('a number that was being enrolled and is reported is refused next time, and another one works', async ({ arrive, stack }) => {
    const [reported, other] = [nextNumber(), nextNumber()];
    const user = newAccount(stack, { enrolled: false });
    const login = await arrive({ user });
    await login.typeNumber(reported);
    await login.callMe();
    const call = await phoneOf(stack, reported).ringing();
    await call.listen();
    await call.press('0');
    await login.is('denied');
    await login.says('denied.number');

    const next = user.anotherLogin();
    const again = await arrive({ user: next });
    await again.is('number');
    await again.says('channel.paused');
    await again.typeNumber(reported);
    await again.press('channel.sms');
    await again.fieldSays(again.number, 'problem.phone-number-unavailable');
    await again.typeNumber(other);
    await again.sendCode();
    await again.enter(await phoneOf(stack, other).code());
    const claims = await verifyResult((await again.returned()).result_token, stack.url, next);
    assert.equal(claims.enrolled_now, true);
  });

  scene('a page that was opened before a report says that calls are paused, and a message signs in', async ({ arrive, phone, user }) => {
    const login = await arrive();
    const other = await arrive({ user: user.anotherLogin() });
    await other.is('choose');
    await login.callMe();
    const call = await phone.ringing();
    await call.listen();
    await call.press('0');
    await login.is('denied');
    await other.press('channel.call');
    await other.says('limit.reported');
    await other.says('channel.paused');
    await other.sendCode();
    await other.enter(await phone.code());
    await other.returned();
  });

  scene('while calls are paused the page does not advise one', async (stage) => {
    const login = await (await exhibit('code-paused', stage))();
    await login.says('channel.paused');
    assert.equal(await login.main.getByText(login.words['offer.code']).filter({ visible: true }).count(), 0);
  });

  scene('when the pause of calls ends the page no longer tells to wait for it', async ({ arrive, context }) => {
    await answerFirst(context, { state: 'denied', fraudReport: 'stopped', call: 'ended', retryAt: inSeconds(4) });
    const login = await arrive();
    await login.says('denied.again.message');
    await login.main.getByText(login.words['denied.again'], { exact: true }).waitFor();
  });

  for (const state of ['blocked', 'locked']) {
    scene(`when a sign-in is no longer ${state} the page goes on by itself`, async ({ arrive, context }) => {
      await answerFirst(context, { state, retryAt: inSeconds(4) });
      const login = await arrive();
      await login.is(state);
      await login.is('choose');
    });
  }

  scene('with two sign-ins at once each page says so, and a call asks for the digits of its own', async ({ arrive, phone, user, stack }) => {
    const mine = await arrive();
    await mine.callMe();
    const call = await phone.ringing();
    const theirs = await arrive({ user: user.anotherLogin() });
    await theirs.sendCode();
    await theirs.says('contested.note');
    await mine.says('contested.call', { key: '#' });
    const digits = await mine.matchDigits();
    assert.match(await call.listen(), /digits on your screen/);
    await call.press(`${digits}#`);
    await verifyResult((await mine.returned()).result_token, stack.url, user);
  });

  scene('a sign-in that was abandoned after a declined call does not spoil the next', async ({ arrive, phone, user, stack }) => {
    const abandoned = await arrive();
    await abandoned.callMe();
    await (await phone.ringing()).hangUp();
    const next = user.anotherLogin();
    const login = await arrive({ user: next });
    await login.callMe();
    const call = await phone.ringing();
    await login.says('contested.call', { key: '#' });
    const digits = await login.matchDigits();
    assert.equal(digits.length, 4);
    await call.listen();
    await call.press(`${digits}#`);
    await verifyResult((await login.returned()).result_token, stack.url, next);
  });

  scene('a person taken for voicemail enters the digits of the page', async ({ arrive, phone, user, stack }) => {
    const login = await arrive();
    await login.callMe();
    const call = await phone.ringing();
    await call.answer('machine');
    await login.says('contested.machine');
    await call.press(`${await login.matchDigits()}#`);
    await verifyResult((await login.returned()).result_token, stack.url, user);
  });
});

scenes('Deployments with calls alone', { settings: { CHANNELS: 'call' } }, (scene) => {
  scene('after a report the page says from when to start again, and shows when a call can be had', async ({ arrive, phone, user }) => {
    const login = await arrive();
    await login.callMe();
    const call = await phone.ringing();
    await call.listen();
    await call.press('0');
    await login.says('denied.again.later');
    const again = await arrive({ user: user.anotherLogin() });
    await again.is('choose');
    await again.says('channel.paused');
  });
});

scenes('Calls that show two digits', { settings: { CALL_MODE: 'match-digits' } }, (scene) => {
  scene('entering the page\'s digits in the call signs in', async ({ arrive, phone, stack, user }) => {
    const login = await arrive();
    await login.callMe();
    const call = await phone.ringing();
    const digits = await login.matchDigits();
    assert.match(await call.listen(), /digits on your screen/);
    await call.press(`${digits}#`);
    const claims = await verifyResult((await login.returned()).result_token, stack.url, user);
    assert.deepEqual(claims.amr, ['pwd', 'tel', 'mfa']);
  });
});

scenes('Calls that speak a code', { settings: { CALL_MODE: 'speak-code' } }, (scene) => {
  scene('the spoken code signs in', async ({ arrive, phone, stack, user }) => {
    const login = await arrive();
    await login.callMe();
    const call = await phone.ringing();
    await call.answer();
    await login.enter(await call.spokenCode());
    const claims = await verifyResult((await login.returned()).result_token, stack.url, user);
    assert.deepEqual(claims.amr, ['pwd', 'otp', 'tel', 'mfa']);
  });
});

scenes('Providers that hang', { settings: { SEND_TIMEOUT_SECONDS: '10' }, concurrency: 1 }, (scene) => {
  scene('while a message hangs a call signs in', async ({ arrive, phone, stack }) => {
    await setFaults(stack, { sms: 'timeout' });
    try {
      const login = await arrive();
      await login.press('channel.sms');
      await login.says('trouble.slow.other');
      await login.callMe();
      const call = await phone.ringing();
      await call.listen();
      await call.press('#');
      await login.returned();
    } finally {
      await setFaults(stack, { sms: 'none' });
    }
  });
});

// Faults affect the whole stack, so only one scene runs at a time.
scenes('Provider failures', { concurrency: 1 }, (scene) => {
  scene('when a message cannot be sent the page says so, and a call signs in', async ({ arrive, phone, stack }) => {
    await setFaults(stack, { sms: 'throttle' });
    try {
      const login = await arrive();
      await login.button('channel.sms').click();
      await login.says('problem.delivery-failed.sms');
      await login.callMe();
      const call = await phone.ringing();
      await call.listen();
      await call.press('#');
      await login.returned();
    } finally {
      await setFaults(stack, { sms: 'none' });
    }
  });

  scene('a number that has opted out of messages is told how to get them again, and a call signs in', async ({ arrive, phone, stack }) => {
    await setFaults(stack, { sms: 'opted-out' });
    try {
      const login = await arrive();
      await login.press('channel.sms');
      await login.says('problem.number-opted-out.call');
      assert.ok((await login.offers('channel.call')) && (await login.offers('channel.sms')));
      await login.page.reload();
      await login.is('choose');
      await login.callMe();
      const call = await phone.ringing();
      await call.listen();
      await call.press('#');
      await login.returned();
    } finally {
      await setFaults(stack, { sms: 'none' });
    }
  });

  scene('a number that is typed and has opted out of messages can be called, or corrected', async ({ arrive, stack }) => {
    await setFaults(stack, { sms: 'opted-out' });
    try {
      const number = nextNumber();
      const login = await arrive({ user: newAccount(stack, { enrolled: false }) });
      await login.typeNumber(number.slice(2));
      await login.press('channel.sms');
      await login.says('problem.number-opted-out.call');
      await login.button('number.wrong').waitFor();
      await login.callMe();
      const call = await phoneOf(stack, number).ringing();
      await call.listen();
      await call.press('#');
      await login.returned();
    } finally {
      await setFaults(stack, { sms: 'none' });
    }
  });

  scene('when a call cannot be placed the page says so, and a code signs in', async ({ arrive, phone, stack }) => {
    await setFaults(stack, { voice: '429' });
    try {
      const login = await arrive();
      await login.button('channel.call').click();
      await login.says('problem.delivery-failed.call');
      await login.sendCode();
      await login.enter(await phone.code());
      await login.returned();
    } finally {
      await setFaults(stack, { voice: 'none' });
    }
  });

  for (const [fault, words] of [['busy', 'call.busy'], ['failed', 'call.failed']]) {
    scene(`when the line is ${fault} the page says so and offers a code`, async ({ arrive, stack }) => {
      await setFaults(stack, { voice: fault });
      try {
        const login = await arrive();
        await login.callMe();
        await login.says(words);
        await login.button('channel.sms').waitFor();
      } finally {
        await setFaults(stack, { voice: 'none' });
      }
    });
  }

  scene('a message whose delivery is unknown may still arrive, and its code signs in', async ({ arrive, phone, stack }) => {
    await setFaults(stack, { sms: 'timeout' });
    try {
      const login = await arrive();
      await login.sendCode();
      await login.enter(await phone.code());
      await login.returned();
    } finally {
      await setFaults(stack, { sms: 'none' });
    }
  });
});

const inSeconds = (seconds) => new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+/, '');

/** Changes the API's first answer. */
function answerFirst(context, view) {
  let asked = false;
  return context.route('**/v1/challenge', async (route) => {
    const response = await route.fetch();
    const change = asked ? {} : view;
    asked = true;
    return route.fulfill({ response, json: { ...(await response.json()), ...change } });
  });
}
