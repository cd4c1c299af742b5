// Whole sign-ins: a user arrives from the first factor, confirms by phone and returns with a result.

import assert from 'node:assert/strict';

import { newAccount, nextNumber } from './harness/account.mjs';
import { verifyResult } from './harness/backend.mjs';
import { phoneOf } from './harness/phone.mjs';
import { scenes } from './harness/scenes.mjs';

scenes('Journeys', {}, (scene) => {
  scene('a code from a message signs in with a result that the backend can verify', async ({ arrive, phone, stack, user }) => {
    const login = await arrive();
    await login.sendCode();
    await login.enter(await phone.code());
    const { result_token: token, state } = await login.returned();
    assert.equal(state, login.state);
    const claims = await verifyResult(token, stack.url, user);
    assert.deepEqual(claims.amr, ['pwd', 'otp', 'sms', 'mfa']);
    assert.equal(claims.enrolled_now, undefined);
  });

  scene('answering a call and pressing # signs in', async ({ arrive, phone, stack, user }) => {
    const login = await arrive();
    await login.callMe();
    const call = await phone.ringing();
    await login.says('call.ringing');
    assert.match(await call.listen(), /press the pound key/);
    await call.press('#');
    const { result_token: token } = await login.returned();
    assert.deepEqual((await verifyResult(token, stack.url, user)).amr, ['pwd', 'tel', 'mfa']);
  });

  scene('an account without a number enrols the number that the user types', async ({ arrive, stack }) => {
    const number = nextNumber();
    const user = newAccount(stack, { enrolled: false });
    const login = await arrive({ user });
    await login.typeNumber(`(${number.slice(2, 5)}) ${number.slice(5, 8)}-${number.slice(8)}`);
    await login.sendCode();
    await login.enter(await phoneOf(stack, number).code());
    const claims = await verifyResult((await login.returned()).result_token, stack.url, user);
    assert.equal(claims.enrolled_now, true);
    assert.equal(claims.acr, 'urn:alliance-mfa:acr:phone-enrolled');

    const again = await arrive({ user: user.anotherLogin() });
    await again.says('choose.text', { number: `+${'•'.repeat(9)}${number.slice(-2)}` });
  });

  scene('a number may be pasted in any notation and sets the country', async ({ arrive, stack }) => {
    const login = await arrive({ user: newAccount(stack, { enrolled: false }) });
    await login.number.fill('0044 (0) 7400 123457');
    assert.equal(await login.country.inputValue(), 'GB');
    await login.sendCode();
    await phoneOf(stack, '+447400123457').code();
    await login.is('code');
    await login.says('code.text', { number: '+44 7400 123457' });
  });

  scene('a number is shown as it was typed until it is confirmed, also after a reload', async ({ arrive, stack }) => {
    const number = nextNumber();
    const shown = `+1 (${number.slice(2, 5)}) ${number.slice(5, 8)}-${number.slice(8)}`;
    const login = await arrive({ user: newAccount(stack, { enrolled: false }) });
    await login.typeNumber(number.slice(2));
    await login.sendCode();
    await login.says('code.text', { number: shown });
    await login.page.reload();
    await login.says('code.text', { number: shown });
    await login.enter(await phoneOf(stack, number).code());
    await login.returned();
  });

  scene('Enter in the number field sends nothing and leads to the choice', async ({ arrive, stack }) => {
    const number = nextNumber();
    const login = await arrive({ user: newAccount(stack, { enrolled: false }) });
    await login.typeNumber(number);
    await login.number.press('Enter');
    await login.focused(login.button('channel.call'));
    await login.page.waitForTimeout(500);
    assert.deepEqual(await phoneOf(stack, number).calls(), []);
    await login.number.fill('');
    await login.number.press('Enter');
    await login.fieldSays(login.number, 'number.missing');
  });

  scene('the number can be typed at once, and Enter sends the code where there is only one channel', async ({ arrive, stack }) => {
    const login = await arrive({ user: newAccount(stack, { enrolled: false }) });
    await login.focused(login.number);
    await login.country.selectOption('FR'); // by message only
    await login.number.fill('06 12 34 56 78');
    await login.number.press('Enter');
    await login.is('code');
  });

  for (const [script, zero] of [['Burmese', 0x1040], ['Adlam', 0x1e950], ['Arabic', 0x660]]) {
    scene(`a number may be typed in ${script} digits`, async ({ arrive, stack }) => {
      const number = nextNumber();
      const login = await arrive({ user: newAccount(stack, { enrolled: false }) });
      await login.number.focus();
      for (const digit of number.slice(2)) await login.page.keyboard.insertText(String.fromCodePoint(zero + Number(digit)));
      assert.equal((await login.number.inputValue()).replaceAll(/\D/g, ''), number.slice(2));
      await login.sendCode();
      await phoneOf(stack, number).code();
    });
  }

  scene('the client module sends ASCII digits and ordinary spaces', async ({ arrive }) => {
    const login = await arrive();
    await login.is('choose');
    const sent = await login.page.evaluate(async () => {
      const { createClient } = await import('/mfa-client.js');
      const bodies = [];
      const fetch = async (_, { body }) => {
        bodies.push(JSON.parse(body));
        throw new TypeError('not sent');
      };
      const client = createClient({ token: 'x', fetch });
      await client.verify('\u0661\u0662\u0663\u00a0\u1044\u1045\u1046').catch(() => {});
      await client.start('sms', { phoneNumber: '\uff0b\u0661\u00a0\u1044155550123' }).catch(() => {});
      return bodies;
    });
    assert.equal(sent[0].code, '123456');
    assert.equal(sent[1].phoneNumber, '+1 4155550123');
  });

  for (const [languages, country] of [
    [['en-GB@posix', 'C'], 'GB'],
    [['C', 'en_CA.UTF-8'], 'CA'],
    [['@posix'], 'US'],
    [['ja-JP'], 'US'],
  ]) {
    scene(`a browser that speaks ${languages} is offered ${country}`, async ({ arrive, stack, context }) => {
      await context.addInitScript((named) => {
        Object.defineProperty(navigator, 'languages', { get: () => named });
      }, languages);
      const login = await arrive({ user: newAccount(stack, { enrolled: false }), locale: 'ja' });
      await login.is('number');
      assert.equal(await login.country.inputValue(), country);
    });
  }

  scene('a wrong number can be corrected, and the code that was sent to it is not accepted', async ({ arrive, stack }) => {
    const [wrong, right] = [nextNumber(), nextNumber()];
    const login = await arrive({ user: newAccount(stack, { enrolled: false }) });
    await login.typeNumber(wrong);
    await login.sendCode();
    const stray = await phoneOf(stack, wrong).code();
    await login.press('number.wrong');
    await login.typeNumber(right);
    await login.sendCode();
    const code = await phoneOf(stack, right).code();
    await login.enter(stray);
    await login.fieldSays(login.code, 'code.wrong', { count: 4 });
    await login.enter(code);
    await login.returned();
  });

  scene('an invalid number is refused beside its field, which keeps the text', async ({ arrive, stack }) => {
    const login = await arrive({ user: newAccount(stack, { enrolled: false }) });
    await login.typeNumber('+1 415 555');
    await login.press('channel.sms');
    await login.fieldSays(login.number, 'problem.phone-number-invalid');
    assert.match(await login.number.inputValue(), /415.*555/);
  });

  scene('digits that can be two numbers go to the one that the user chooses', async ({ arrive, stack }) => {
    const login = await arrive({ user: newAccount(stack, { enrolled: false }) });
    await login.typeNumber('323 456 7890');
    await login.press('channel.sms');
    await login.fieldSays(login.number, 'problem.phone-number-ambiguous');
    await login.page.getByRole('button', { name: '+32 345 67 89 0' }).waitFor();
    await login.page.getByRole('button', { name: '+1 323 456 7890' }).click();
    await login.enter(await phoneOf(stack, '+13234567890').code());
    await login.returned();
  });

  scene('a country without calls is only offered messages', async ({ arrive, stack }) => {
    const login = await arrive({ user: newAccount(stack, { enrolled: false }) });
    await login.country.selectOption('FR');
    await login.button('channel.sms').waitFor();
    assert.equal(await login.offers('channel.call'), false);
  });

  scene('where a number is typed, the page says who sends what, and links to the terms without losing the number', async ({ arrive, complaints, context, stack }) => {
    await context.route('https://www.example.com/**', (route) => route.fulfill({ contentType: 'text/html', body: '<p>Terms</p>' }));
    const login = await arrive({ user: newAccount(stack, { enrolled: false }) });
    await login.typeNumber('4155552671');
    await login.says('number.consent', { send: 'Send Code', brand: 'Alliance' });
    const shown = await login.number.inputValue();
    for (const [key, address] of [['number.terms', 'terms'], ['number.privacy', 'privacy']]) {
      const link = login.link(key);
      assert.equal(await link.getAttribute('rel'), 'noopener noreferrer');
      const [opened] = await Promise.all([context.waitForEvent('page'), link.click()]);
      await opened.waitForURL(`https://www.example.com/${address}`);
      assert.equal(await opened.evaluate(() => window.opener), null);
      await opened.close();
    }
    const visit = 'contacted a third party: https://www.example.com';
    assert.deepEqual(complaints.splice(0), [visit, visit]);
    assert.equal(await login.number.inputValue(), shown);
    await login.sendCode();
    await login.press('number.wrong');
    await login.says('number.consent', { send: 'Send Code', brand: 'Alliance' });
  });

  scene('a refused country is not in the list, and typing its number says so', async ({ arrive, stack }) => {
    const login = await arrive({ user: newAccount(stack, { enrolled: false }) });
    assert.equal(await login.country.locator('option[value="DE"]').count(), 0);
    await login.typeNumber('+49 1512 3456789');
    await login.press('channel.sms');
    await login.fieldSays(login.number, 'problem.country-refused', { country: 'Germany' });
  });

  scene('an account\'s number in a refused country leads to support', async ({ arrive, stack }) => {
    const login = await arrive({ user: newAccount(stack, { number: '+4915123456789' }) });
    await login.press('channel.sms');
    await login.is('number-refused');
    await login.link('support.link').waitFor();
  });

  scene('the keyboard is enough from the first button to the result', async ({ arrive, phone }) => {
    const login = await arrive();
    await login.button('channel.sms').waitFor();
    await login.tabTo(login.button('channel.sms'));
    await login.page.keyboard.press('Enter');
    await login.is('code');
    await login.focused(login.code);
    await login.page.keyboard.type(await phone.code());
    await login.returned();
  });

  scene('the keyboard is enough to enrol a number', async ({ arrive, stack }) => {
    const number = nextNumber();
    const login = await arrive({ user: newAccount(stack, { enrolled: false }) });
    await login.is('number');
    await login.tabTo(login.number);
    await login.page.keyboard.type(number.slice(2));
    await login.tabTo(login.button('channel.sms'));
    await login.page.keyboard.press('Space');
    await login.is('code');
    await login.page.keyboard.type(await phoneOf(stack, number).code());
    await login.returned();
  });

  scene('a user who lost the phone is told what to do', async ({ arrive }) => {
    const login = await arrive();
    await login.press('lost.link');
    await login.is('lost');
    await login.link('support.link').waitFor();
    await login.press('lost.back');
    await login.button('channel.sms').waitFor();
  });
});
