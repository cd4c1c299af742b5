// How often a page asks for the challenge's state in one login, from its first request on: counted in journeys with a
// user's pauses, and averaged over the people of tests/growth.

import { readFileSync } from 'node:fs';

import { LoginPage } from '../harness/login-page.mjs';
import { phoneOf } from '../harness/phone.mjs';
import { addressOf, visiting } from './visitors.mjs';

const EACH = 2;
/** Assumed, as in growth (`people.rs`): milliseconds from the send until the code is typed, the call answered and `#` pressed. */
const PAUSES = { reads: 2000, types: 20_000, answers: 8000, presses: 8000, leaves: 60_000 };

const JOURNEYS = {
  message,
  call,
  'left-message': (visitor) => leave(visitor, 'sms'),
  'left-call': (visitor) => leave(visitor, 'call'),
};

export async function polls(stage) {
  const counted = Object.entries(JOURNEYS).map(async ([name, journey]) => {
    const counts = await Promise.all(Array.from({ length: EACH }, () => counting(stage, journey)));
    return [name, counts.reduce((sum, count) => sum + count, 0) / EACH];
  });
  const each = Object.fromEntries(await Promise.all(counted));
  return { ...each, mean: averaged(each, people()) };
}

/** Over those who approve and those who leave, by message and by call. */
export function averaged(each, { calls, approve }) {
  const mixed = (message, call) => (1 - calls) * message + calls * call;
  return approve * mixed(each.message, each.call) + (1 - approve) * mixed(each['left-message'], each['left-call']);
}

/** The shares of growth's people who ask for a call, and who approve. */
function people() {
  const source = readFileSync(new URL('../../growth/src/people.rs', import.meta.url), 'utf8');
  const share = (name) => {
    const [, percent] = new RegExp(`const ${name}: u32 = (\\d+);`).exec(source);
    return Number(percent) / 100;
  };
  return { calls: share('CALLS_PERCENT'), approve: share('APPROVE_PERCENT') };
}

function counting(stage, journey) {
  return visiting(stage, async ({ context, user }) => {
    const login = new LoginPage(await context.newPage());
    let count = 0;
    login.page.on('request', (request) => {
      count += request.method() === 'GET' && new URL(request.url()).pathname === '/v1/challenge' ? 1 : 0;
    });
    await login.page.goto(await addressOf(user, stage.stack.url));
    await login.button('channel.sms').waitFor();
    const wait = (pause) => login.page.waitForTimeout(pause);
    await wait(PAUSES.reads);
    await journey({ login, wait, phone: phoneOf(stage.stack, user.number) });
    return count;
  });
}

async function message({ login, wait, phone }) {
  await login.sendCode();
  await wait(PAUSES.types);
  await login.enter(await phone.code());
  await login.is('approved');
}

async function call({ login, wait, phone }) {
  await login.callMe();
  const call = await phone.ringing();
  await wait(PAUSES.answers);
  await call.listen();
  await wait(PAUSES.presses);
  await call.press('#');
  await login.is('approved');
}

async function leave({ login, wait }, channel) {
  await login.press(`channel.${channel}`);
  await wait(PAUSES.leaves);
}
