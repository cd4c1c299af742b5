// Seconds from # on the phone until the approved screen.

import { LoginPage } from '../harness/login-page.mjs';
import { phoneOf } from '../harness/phone.mjs';
import { addressOf, atOnce, quantile, visiting } from './visitors.mjs';

const PRESSES = 40;
const AT_ONCE = 4;
/** Assumed: what the call says takes three seconds, and people then press within two, at any time between two polls. */
const HEARD = 3000;
const WITHIN = 2000;

export async function pressToApproved(stage) {
  const all = await atOnce(AT_ONCE, Array.from({ length: PRESSES }), () => visiting(stage, (visitor) => press(stage, visitor)));
  return { presses: PRESSES, median: quantile(all, 1 / 2), p95: quantile(all, 0.95), seconds: all };
}

async function press({ stack }, { context, user }) {
  const login = new LoginPage(await context.newPage());
  await login.page.goto(await addressOf(user, stack.url));
  await login.callMe();
  const call = await phoneOf(stack, user.number).ringing();
  await call.listen();
  await login.page.waitForTimeout(HEARD + Math.random() * WITHIN);
  const approvedAt = login.page.evaluate(approval);
  const pressedAt = Date.now();
  await call.press('#');
  return (await approvedAt - pressedAt) / 1000;
}

/** When the page shows that it is approved. In the page itself: from outside, Playwright looks only every half a second. */
function approval() {
  const main = document.getElementById('main');
  return new Promise((done) => {
    const look = () => main.dataset.screen === 'approved' && done(Date.now());
    new MutationObserver(look).observe(main, { attributes: true });
    look();
  });
}
