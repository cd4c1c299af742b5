// Every screen of the page, opened directly: the API's real answer, changed as the screen needs it. The journeys test
// how users get there; these exhibits are for how a screen looks and reads in every language.

import { LoginPage } from './login-page.mjs';
import { APP } from './stack.mjs';

const MASKED = '+•••••••••71';
const TOKEN = 'eyJhbGciOiJSUzI1NiIsInR5cCI6Im1mYS1yZXN1bHQrand0In0.eyJzdWIiOiJzYW1wbGUtdXNlciJ9.c2lnbmF0dXJl';
/** A time, in seconds after the page is loaded. */
const later = (inSeconds) => ({ inSeconds });

const available = { available: true, reason: null, nextSendAt: null, sendsLeft: 2, lastSend: null };
const sent = { available: false, reason: 'cooldown', nextSendAt: later(25), sendsLeft: 2, lastSend: 'accepted' };
const again = { ...available, lastSend: 'sending' };
const off = (reason, nextSendAt = null) => ({ available: false, reason, nextSendAt, sendsLeft: 0, lastSend: null });

const paused = (inSeconds) => off('paused', later(inSeconds));

const known = { phoneNumber: MASKED };
const pending = { ...known, state: 'pending', expiresAt: later(290), attemptsLeft: 5 };
const texted = { ...pending, channels: { sms: sent, call: available } };
const live = { ...sent, reason: 'call-live', nextSendAt: later(135) };
const called = (call) => ({ ...pending, channels: { sms: available, call: live }, call });
const over = (call) => ({ ...called(call), channels: { sms: available, call: again }, offerAlternative: true });

const reported = (sms) => ({
  ...known,
  state: 'denied',
  fraudReport: 'stopped',
  retryAt: later(590),
  channels: { sms: { ...off('closed'), ...sms }, call: off('closed') },
  call: 'ended',
});

const READINGS = [{ reading: 'national', country: 'US' }, { reading: 'international', country: 'CH' }];
const typed = (problem) => ({
  view: { phoneNumber: null },
  refusal: problem,
  act: async (login) => {
    await login.number.fill('415 555 2671');
    await login.press('channel.sms');
    await login.page.locator('[aria-invalid="true"]').waitFor();
  },
});

/**
 * @typedef {object} Exhibit
 * @property {string} [screen] The screen's name in the page, if not the exhibit's name.
 * @property {object} [view] Changes to the API's answer.
 * @property {[number, string, object?]} [refusal] The problem that answers a POST.
 * @property {number} [status] The status of an error, from the gateway unless `error` says otherwise.
 * @property {object} [error] Its problem document.
 * @property {object} [config] Changes to the page's settings.
 * @property {boolean} [isOutdated] Whether the second script is of another build, and stays so.
 * @property {object} [query] Changes to the address's query; null also omits the token.
 * @property {(login: LoginPage) => Promise<void>} [act] What the user does next.
 */

/** @type {Record<string, Exhibit>} */
export const EXHIBITS = {
  choose: { view: known },
  'choose-one': { screen: 'choose', view: { ...known, channels: { sms: available, call: off('unreachable') } } },
  'choose-limited': {
    screen: 'choose',
    view: { ...known, channels: { sms: off('send-limit', later(500)), call: off('send-limit', later(5000)) } },
  },
  'choose-paused': { screen: 'choose', view: { ...known, channels: { sms: available, call: off('call-reported', later(590)) } } },
  'choose-paused-no-message': {
    screen: 'choose',
    view: { ...known, channels: { sms: off('unreachable'), call: off('call-reported', later(650)) } },
  },
  'choose-no-calls': { screen: 'choose', view: { ...known, channels: { sms: available, call: paused(1500) } } },
  'choose-no-messages': { screen: 'choose', view: { ...known, channels: { sms: paused(100_000), call: available } } },
  'choose-reported': {
    screen: 'choose',
    view: known,
    refusal: [429, 'send-limit', { limit: 'call-reported', retryAt: new Date(Date.now() + 3_600_000).toISOString() }],
    act: async (login) => {
      await login.press('channel.call');
      await login.says('limit.reported');
    },
  },
  'choose-undelivered': {
    screen: 'choose',
    view: known,
    refusal: [503, 'delivery-failed'],
    act: async (login) => {
      await login.press('channel.sms');
      await login.says('problem.delivery-failed.sms');
    },
  },
  'choose-opted-out': {
    screen: 'choose',
    view: known,
    refusal: [409, 'number-opted-out'],
    act: async (login) => {
      await login.press('channel.sms');
      await login.says('problem.number-opted-out.call');
    },
  },
  'choose-opted-out-no-call': {
    screen: 'choose',
    view: { ...known, channels: { sms: available, call: off('disabled') } },
    refusal: [409, 'number-opted-out'],
    act: async (login) => {
      await login.press('channel.sms');
      await login.says('problem.number-opted-out');
    },
  },
  paused: { view: { ...known, channels: { sms: paused(1500), call: paused(100_000) } } },
  'paused-one': { screen: 'paused', view: { ...known, channels: { sms: paused(1500), call: off('unreachable') } } },
  'paused-typed': { screen: 'paused', view: { ...known, canChangeNumber: true, channels: { sms: paused(1500), call: paused(1500) } } },
  'paused-without-number': { screen: 'paused', view: { phoneNumber: null, channels: { sms: paused(1500), call: paused(1500) } } },
  number: { view: { phoneNumber: null } },
  'number-no-messages': { screen: 'number', view: { phoneNumber: null, channels: { sms: paused(1500), call: available } } },
  'number-no-messages-there': {
    screen: 'number',
    view: { phoneNumber: null },
    refusal: [409, 'channel-paused', { retryAt: new Date(Date.now() + 3_600_000).toISOString() }],
    act: async (login) => {
      await enrol(login);
      await login.says('paused.sms');
    },
  },
  'number-without-links': { screen: 'number', view: { phoneNumber: null }, config: { termsUrl: null, privacyUrl: null } },
  'number-by-call': { screen: 'number', view: { phoneNumber: null }, config: { channels: ['call'] } },
  'number-invalid': { screen: 'number', ...typed([422, 'phone-number-invalid']) },
  'number-unavailable': { screen: 'number', ...typed([422, 'phone-number-unavailable']) },
  'number-refused': { screen: 'number', ...typed([422, 'country-refused', { country: 'PR' }]) },
  'number-ambiguous': { screen: 'number', ...typed([422, 'phone-number-ambiguous', { readings: READINGS }]) },
  'number-correcting': {
    screen: 'number',
    view: { ...texted, canChangeNumber: true },
    act: (login) => login.press('number.wrong'),
  },
  code: { view: texted },
  'code-wrong': {
    screen: 'code',
    view: texted,
    refusal: [422, 'code-wrong', { attemptsLeft: 4 }],
    act: async (login) => {
      await login.enter('123456');
      await login.page.locator('[aria-invalid="true"]').waitFor();
    },
  },
  'code-offer': { screen: 'code', view: { ...texted, channels: { sms: again, call: available }, offerAlternative: true } },
  'code-paused': {
    screen: 'code',
    view: { ...texted, channels: { sms: again, call: off('call-reported', later(590)) }, offerAlternative: true },
  },
  'code-no-calls': { screen: 'code', view: { ...texted, channels: { sms: again, call: paused(1500) }, offerAlternative: true } },
  'code-no-messages': { screen: 'code', view: { ...texted, channels: { sms: { ...paused(1500), lastSend: 'accepted' }, call: available } } },
  'code-nothing-else': { screen: 'code', view: { ...texted, channels: { sms: { ...paused(1500), lastSend: 'not-delivered' }, call: paused(1500) } } },
  'code-unknown': { screen: 'code', view: { ...texted, channels: { sms: { ...sent, lastSend: 'unknown' }, call: available } } },
  'code-delivered': { screen: 'code', view: { ...texted, channels: { sms: { ...sent, lastSend: 'delivered' }, call: available } } },
  'code-not-delivered': {
    screen: 'code',
    view: { ...texted, channels: { sms: { ...sent, lastSend: 'not-delivered' }, call: available }, offerAlternative: true },
  },
  'code-not-delivered-no-call': {
    screen: 'code',
    view: { ...texted, channels: { sms: { ...sent, lastSend: 'not-delivered' }, call: off('unreachable') }, offerAlternative: true },
  },
  'code-not-delivered-typed': {
    screen: 'code',
    view: { ...texted, canChangeNumber: true, channels: { sms: { ...sent, lastSend: 'not-delivered' }, call: available } },
  },
  'code-contested': { screen: 'code', view: { ...texted, contested: true, canChangeNumber: true } },
  'calling-calling': { screen: 'calling', view: called('calling') },
  'calling-ringing': { screen: 'calling', view: called('ringing') },
  'calling-answered': { screen: 'calling', view: called('answered') },
  'calling-match-digits': { screen: 'calling', view: { ...called('ringing'), matchDigits: '47' }, config: { callMode: 'match-digits' } },
  'calling-speak-code': { screen: 'calling', view: called('answered'), config: { callMode: 'speak-code' } },
  'no-answer': { screen: 'call-over', view: over('no-answer') },
  'no-answer-no-calls': { screen: 'call-over', view: { ...over('no-answer'), channels: { sms: available, call: paused(1500) } } },
  busy: { screen: 'call-over', view: over('busy') },
  voicemail: { screen: 'call-over', view: over('voicemail') },
  failed: { screen: 'call-over', view: over('failed') },
  ended: { screen: 'call-over', view: over('ended') },
  'calling-contested': { screen: 'calling', view: { ...called('ringing'), contested: true, matchDigits: '0471' } },
  'calling-machine': { screen: 'calling', view: { ...called('answered'), matchDigits: '0471' } },
  approved: { view: { ...known, state: 'approved', resultToken: TOKEN }, query: { redirect_uri: undefined } },
  'approved-app': { screen: 'approved', view: { ...known, state: 'approved', resultToken: TOKEN }, query: { redirect_uri: APP } },
  'approved-before': { view: { ...known, state: 'approved' } },
  expired: { view: { ...known, state: 'expired' } },
  refused: { view: { ...known, state: 'refused' } },
  'refused-typed': { screen: 'refused', view: { ...known, state: 'refused', canChangeNumber: true } },
  exhausted: { view: { ...known, state: 'exhausted' } },
  denied: { view: { ...known, state: 'denied', channels: { sms: off('closed'), call: off('closed') } } },
  'denied-reported': { screen: 'denied', view: reported({ sendsLeft: 2 }) },
  'denied-reported-no-message': { screen: 'denied', view: reported({ reason: 'unreachable' }) },
  'denied-reported-number': { screen: 'denied', view: { ...reported({ sendsLeft: 2 }), canChangeNumber: true } },
  'denied-reported-before': { screen: 'denied', view: { ...reported({ sendsLeft: 2 }), retryAt: null } },
  blocked: { view: { ...known, state: 'blocked', retryAt: later(86_000), channels: { sms: off('blocked'), call: off('blocked') } } },
  locked: { view: { ...known, state: 'locked', retryAt: later(100), channels: { sms: off('locked'), call: off('locked') } } },
  'locked-by-admin': { view: { ...known, state: 'locked', channels: { sms: off('locked'), call: off('locked') } } },
  lost: { view: known, act: (login) => login.press('lost.link') },
  unusable: { view: { ...known, channels: { sms: off('unreachable'), call: off('unreachable') } } },
  'number-outdated': {
    screen: 'number-refused',
    view: known,
    refusal: [409, 'phone-number-outdated'],
    act: (login) => login.press('channel.sms'),
  },
  'number-of-others': {
    screen: 'number-refused',
    view: known,
    refusal: [422, 'phone-number-unavailable'],
    act: async (login) => {
      await login.press('channel.sms');
      await login.says('refused.account');
    },
  },
  'number-of-elsewhere': {
    screen: 'number-refused',
    view: known,
    refusal: [422, 'country-refused'],
    act: (login) => login.press('channel.sms'),
  },
  'enrolment-closed': { view: { phoneNumber: null }, refusal: [403, 'enrolment-closed'], act: enrol },
  'enrolment-closed-before': {
    screen: 'enrolment-closed',
    view: { phoneNumber: null, channels: { sms: off('enrolment-closed'), call: off('enrolment-closed') } },
  },
  'enrolment-paused': { view: { phoneNumber: null, enrolmentPausedUntil: later(5000) } },
  'enrolment-paused-correcting': {
    screen: 'enrolment-paused',
    view: { ...texted, canChangeNumber: true, enrolmentPausedUntil: later(100_000) },
    act: (login) => login.press('number.wrong'),
  },
  'sign-in-over': { status: 401 },
  'other-browser': { status: 401, error: { type: 'urn:alliance-mfa:problem:unauthenticated', claim: 'mfa_browser' } },
  start: { query: null },
  misdirected: { query: { redirect_uri: 'https://elsewhere.example/' } },
  unreachable: { status: 0 },
  updated: { view: known, isOutdated: true, act: (login) => login.press('lost.link') },
  offline: {
    screen: 'code',
    view: texted,
    act: async (login) => {
      await login.is('code');
      await login.page.context().setOffline(true);
      await login.says('trouble.offline');
    },
  },
};

async function enrol(login) {
  await login.number.fill('415 555 2671');
  await login.press('channel.sms');
}

/**
 * Prepares an exhibit in a context. The returned function opens it in any language, in a new tab or in that of `page`,
 * and waits until it is shown.
 * @returns {Promise<(locale?: string, page?: import('playwright-core').Page) => Promise<LoginPage>>}
 */
export async function exhibit(name, { context, stack, backend, user }) {
  const { view = {}, refusal, status, error, config, query = {}, act, screen, isOutdated } = EXHIBITS[name];
  const problem = refusal && problemOf(refusal);
  await context.addInitScript(answerOtherwise, { view, problem, status, error });
  if (config) await configure(context, stack, config);
  if (isOutdated) {
    // The empty document before the page has no storage.
    await context.addInitScript(() => origin === 'null' || sessionStorage.setItem('alliance-mfa-renewed', '1'));
    await context.route(/\/later\./, foreignBuild);
  }

  return async (locale, page) => {
    await context.setOffline(false);
    const login = query === null
      ? await unannounced(page ?? (await context.newPage()), stack, locale)
      : await LoginPage.open(context, { stack, backend, user, locale, page, ...query });
    if (act) await act(login);
    await login.is(screen ?? name);
    await login.page.waitForLoadState(); // a script that failed to load makes the page load again
    return login;
  };
}

/**
 * Runs in the page and changes the API's answers. Playwright's interception could do the same, but it turns off the
 * cache, and the gallery loads the page hundreds of times.
 */
function answerOtherwise({ view, problem, status, error }) {
  const ask = globalThis.fetch;
  const timeIn = (seconds) => new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+/, '');
  const now = JSON.parse(JSON.stringify(view), (_, value) => (value?.inSeconds ? timeIn(value.inSeconds) : value));
  globalThis.fetch = async (input, init) => {
    if (status === 0) throw new TypeError('Failed to fetch');
    if (status) return Response.json(error ?? { message: 'Unauthorized' }, { status });
    if (init.method === 'POST' && problem) return Response.json(problem, { status: problem.status });
    const response = await ask(input, init);
    return Response.json({ ...(await response.json()), ...now }, response);
  };
}

async function unannounced(page, stack, locale) {
  const login = new LoginPage(page, { locale });
  await login.page.goto(LoginPage.address(stack, { ui_locales: locale }));
  return login;
}

/** Answers with the second script as another deployment would have it. @param {import('playwright-core').Route} route */
export async function foreignBuild(route) {
  const response = await route.fetch();
  // Not for good, as under any address that isn't of the function's own build.
  const headers = { ...response.headers(), 'cache-control': 'no-store' };
  await route.fulfill({ response, headers, body: (await response.text()).replace(/BUILD="\w+"/, 'BUILD="another"') });
}

/** A problem document as the API sends it. */
export function problemOf([status, type, more]) {
  return { type: `urn:alliance-mfa:problem:${type}`, title: type, status, detail: 'For developers.', ...more };
}

/** Changes the page's settings. */
function configure(context, stack, config) {
  return context.route((url) => url.origin === stack.url && url.pathname === '/', async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace(/(id="config">)(.*?)(<\/script>)/s, (_, open, json, close) =>
      open + JSON.stringify({ ...JSON.parse(json), ...config }).replaceAll('<', '\\u003c') + close);
    return route.fulfill({ response, body });
  });
}
