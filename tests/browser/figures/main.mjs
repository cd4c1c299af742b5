// Measures the page in one run: bytes and requests of the first screen, the time until its buttons work compared with
// an empty page, the time from the key press on the phone to the approved screen, and accessibility violations.
//
//     node figures.mjs [FILE]     prints a table, and writes it to FILE as JSON

import { writeFileSync } from 'node:fs';

import { newAccount } from './harness/account.mjs';
import { violations } from './harness/accessibility.mjs';
import { EXHIBITS, exhibit } from './harness/gallery.mjs';
import { LoginPage } from './harness/login-page.mjs';
import { phoneOf } from './harness/phone.mjs';
import { openStage } from './harness/scenes.mjs';
import { LOCALES } from './harness/words.mjs';

const LOADS = 15;
const PRESSES = 24;
const AT_ONCE = 3;

const stage = await openStage('figures');
const figures = {};
try {
  figures.firstScreen = await firstScreen();
  figures.interactive = await interactive();
  figures.pressToApproved = await pressToApproved();
  figures.accessibility = await accessibility();
  figures.coverage = { screens: Object.keys(EXHIBITS).length, locales: LOCALES.length };
} finally {
  await stage.close();
}
if (process.argv[2]) writeFileSync(process.argv[2], `${JSON.stringify(figures, null, 2)}\n`);
print(figures);

/** Bytes and requests until the first screen is shown, including headers, with an empty cache. */
async function firstScreen() {
  return visited(async ({ context, user }) => {
    const page = await context.newPage();
    const network = await context.newCDPSession(page);
    await network.send('Network.enable');
    const sizes = { page: 0, api: 0 };
    const requests = new Map();
    network.on('Network.requestWillBeSent', ({ requestId, request }) => requests.set(requestId, request.url));
    network.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      sizes[isApi(requests.get(requestId)) ? 'api' : 'page'] += encodedDataLength;
    });
    await page.goto(`${LoginPage.address(stage.stack, {})}#token=${await user.token()}`);
    await new LoginPage(page).is('choose');
    await page.waitForLoadState('networkidle');
    const urls = [...requests.values()];
    return {
      pageBytes: sizes.page,
      pageRequests: urls.filter((url) => !isApi(url)).length,
      apiBytes: sizes.api,
      apiRequests: urls.filter(isApi).length,
    };
  });
}

/** Milliseconds from navigation until a button works, compared with an empty page in the same run. */
async function interactive() {
  const times = { empty: [], cold: [], warm: [] };
  for (let load = 0; load < LOADS; load += 1) {
    await visited(async ({ context, user }) => {
      const token = await user.token();
      const login = `${LoginPage.address(stage.stack, {})}#token=${token}`;
      times.empty.push(await timed(context, stage.backend.empty, 'h1'));
      times.cold.push(await timed(context, login, '.choice:not([aria-disabled])'));
      times.warm.push(await timed(context, login, '.choice:not([aria-disabled])'));
    });
  }
  const [empty, cold, warm] = [times.empty, times.cold, times.warm].map(median);
  return { loads: LOADS, emptyMs: empty, coldMs: cold, coldRatio: cold / empty, warmMs: warm, warmRatio: warm / empty };
}

async function timed(context, url, selector) {
  const page = await context.newPage();
  await page.addInitScript((what) => {
    const look = () => {
      if (document.querySelector(what)) window.interactiveAt = performance.now();
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, selector);
  await page.goto(url);
  await page.waitForFunction(() => window.interactiveAt);
  const at = await page.evaluate(() => window.interactiveAt);
  await page.close();
  return at;
}

/** Seconds from # on the phone until the approved screen, polling at the interval that the server advises. */
async function pressToApproved() {
  const seconds = [];
  const queue = Array.from({ length: PRESSES }, (_, index) => index);
  const worker = async () => {
    while (queue.pop() !== undefined) seconds.push(await visited(onePress));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const sorted = seconds.toSorted((a, b) => a - b);
  return { presses: PRESSES, medianSeconds: median(sorted), p95Seconds: sorted[Math.ceil(0.95 * PRESSES) - 1] };
}

async function onePress({ context, user }) {
  const login = new LoginPage(await context.newPage());
  await login.page.goto(`${LoginPage.address(stage.stack, {})}#token=${await user.token()}`);
  await login.callMe();
  const call = await phoneOf(stage.stack, user.number).ringing();
  await call.listen();
  await login.page.waitForTimeout(Math.random() * 2000); // so that the press comes at a random time between two polls
  const pressedAt = Date.now();
  await call.press('#');
  await login.is('approved');
  return (Date.now() - pressedAt) / 1000;
}

async function accessibility() {
  const found = {};
  for (const name of Object.keys(EXHIBITS)) {
    found[name] = await visited(async ({ context, user }) => {
      const { page } = await (await exhibit(name, { ...stage, context, user }))();
      return (await violations(page)).length;
    });
  }
  return found;
}

async function visited(visit) {
  const context = await stage.browser.newContext({ locale: 'en-US', reducedMotion: 'reduce' });
  try {
    return await visit({ context, user: newAccount(stage.stack) });
  } finally {
    await context.unrouteAll({ behavior: 'ignoreErrors' });
    await context.close();
  }
}

function print({ firstScreen: first, interactive: ready, pressToApproved: press, accessibility: found, coverage }) {
  const violated = Object.entries(found).filter(([, count]) => count > 0);
  console.table({
    'first screen, page': `${first.pageBytes} bytes in ${first.pageRequests} requests`,
    'first screen, API': `${first.apiBytes} bytes in ${first.apiRequests} requests`,
    'interactive, nothing cached': `${ready.coldMs.toFixed(0)} ms, ${ready.coldRatio.toFixed(2)} x an empty page (${ready.emptyMs.toFixed(0)} ms), median of ${ready.loads}`,
    'interactive, assets cached': `${ready.warmMs.toFixed(0)} ms, ${ready.warmRatio.toFixed(2)} x`,
    'key press to approved': `median ${press.medianSeconds.toFixed(2)} s, p95 ${press.p95Seconds.toFixed(2)} s of ${press.presses}`,
    'axe violations': violated.length === 0 ? `0 on each of ${coverage.screens} screens` : JSON.stringify(Object.fromEntries(violated)),
    'screens x locales': `${coverage.screens} x ${coverage.locales} = ${coverage.screens * coverage.locales}`,
  });
}

function isApi(url) {
  return new URL(url).pathname.startsWith('/v1/');
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
