// Every screen that the page has, each reached at once: the API's real answer, with what that screen needs on top. How
// users get there is the matter of the journeys; here it is how it looks, reads and works, in every language.

import { LoginPage } from './login-page.mjs';

const MASKED = '+•••••••••71';
const TOKEN = 'eyJhbGciOiJSUzI1NiIsInR5cCI6Im1mYS1yZXN1bHQrand0In0.eyJzdWIiOiJzYW1wbGUtdXNlciJ9.c2lnbmF0dXJl';
/** A time that is so many seconds away when an exhibit is opened. */
const later = (inSeconds) => ({ inSeconds });

const available = { available: true, reason: null, nextSendAt: null, sendsLeft: 2, lastSend: null };
const sent = { available: false, reason: 'cooldown', nextSendAt: later(25), sendsLeft: 2, lastSend: 'accepted' };
const again = { ...available, lastSend: 'accepted' };
const off = (reason, nextSendAt = null) => ({ available: false, reason, nextSendAt, sendsLeft: 0, lastSend: null });

const known = { phoneNumber: MASKED };
const pending = { ...known, state: 'pending', expiresAt: later(290), attemptsLeft: 5 };
const texted = { ...pending, channels: { sms: sent, call: available } };
const called = (call) => ({ ...pending, channels: { sms: available, call: sent }, call });
const over = (call) => ({ ...called(call), channels: { sms: available, call: again }, offerAlternative: true });

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
 * @property {string} [screen] The page's own name for it, if the exhibit's name is another.
 * @property {object} [view] What the API answers, on top of what it does answer.
 * @property {[number, string, object?]} [refusal] The problem that a POST is answered with.
 * @property {number} [status] The gateway's own refusal.
 * @property {object} [config] What the page is configured with, on top of what it is.
 * @property {object} [query] Of the address; null for no token either.
 * @property {(login: LoginPage) => Promise<void>} [act] What its user does then.
 */

/** @type {Record<string, Exhibit>} */
export const EXHIBITS = {
  choose: { view: known },
  'choose-one': { screen: 'choose', view: { ...known, channels: { sms: available, call: off('unreachable') } } },
  'choose-limited': {
    screen: 'choose',
    view: { ...known, channels: { sms: off('send-limit', later(500)), call: off('send-limit', later(5000)) } },
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
  number: { view: { phoneNumber: null } },
  'number-invalid': { screen: 'number', ...typed([422, 'phone-number-invalid']) },
  'number-refused': { screen: 'number', ...typed([422, 'country-refused']) },
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
  'code-unknown': { screen: 'code', view: { ...texted, channels: { sms: { ...sent, lastSend: 'unknown' }, call: available } } },
  'code-contested': { screen: 'code', view: { ...texted, contested: true, canChangeNumber: true } },
  'calling-calling': { screen: 'calling', view: called('calling') },
  'calling-ringing': { screen: 'calling', view: called('ringing') },
  'calling-answered': { screen: 'calling', view: called('answered') },
  'calling-match-digits': { screen: 'calling', view: { ...called('ringing'), matchDigits: '47' }, config: { callMode: 'match-digits' } },
  'calling-speak-code': { screen: 'calling', view: called('answered'), config: { callMode: 'speak-code' } },
  'no-answer': { screen: 'call-over', view: over('no-answer') },
  busy: { screen: 'call-over', view: over('busy') },
  voicemail: { screen: 'call-over', view: over('voicemail') },
  failed: { screen: 'call-over', view: over('failed') },
  ended: { screen: 'call-over', view: over('ended') },
  contested: { view: { ...called('ringing'), contested: true } },
  approved: { view: { ...known, state: 'approved', resultToken: TOKEN }, query: { redirect_uri: undefined } },
  'approved-before': { view: { ...known, state: 'approved' } },
  expired: { view: { ...known, state: 'expired' } },
  exhausted: { view: { ...known, state: 'exhausted' } },
  denied: { view: { ...known, state: 'denied', channels: { sms: off('closed'), call: off('closed') } } },
  blocked: { view: { ...known, state: 'blocked', retryAt: later(86_000), channels: { sms: off('blocked'), call: off('blocked') } } },
  locked: { view: { ...known, state: 'locked', retryAt: later(100), channels: { sms: off('locked'), call: off('locked') } } },
  'locked-by-admin': { view: { ...known, state: 'locked', channels: { sms: off('locked'), call: off('locked') } } },
  lost: { view: known, act: (login) => login.press('lost.link') },
  unusable: { view: { ...known, channels: { sms: off('unreachable'), call: off('unreachable') } } },
  'number-of-elsewhere': {
    screen: 'number-refused',
    view: known,
    refusal: [422, 'country-refused'],
    act: (login) => login.press('channel.sms'),
  },
  'enrolment-closed': { view: { phoneNumber: null }, refusal: [403, 'enrolment-closed'], act: enrol },
  'sign-in-over': { status: 401 },
  start: { query: null },
  misdirected: { query: { redirect_uri: 'https://elsewhere.example/' } },
  unreachable: { status: 0 },
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
 * Puts an exhibit into a context; the answer opens it there, in any language, and waits until it is to be seen.
 * @returns {Promise<(locale?: string) => Promise<LoginPage>>}
 */
export async function exhibit(name, { context, stack, backend, user }) {
  const { refusal, status, config, query = {}, act, screen } = EXHIBITS[name];
  let view;
  await context.route(/\/v1\/challenge/, async (route) => {
    if (status === 0) return route.abort('internetdisconnected');
    if (status) return route.fulfill({ status, json: { message: 'Unauthorized' } });
    if (route.request().method() === 'POST' && refusal) return refuse(route, refusal);
    const response = await route.fetch();
    return route.fulfill({ response, json: { ...(await response.json()), ...view } });
  });
  if (config) await configure(context, stack, config);

  return async (locale) => {
    view = opened(EXHIBITS[name].view ?? {});
    await context.setOffline(false);
    const login = query === null
      ? await unannounced(context, stack, locale)
      : await LoginPage.open(context, { stack, backend, user, locale, ...query });
    if (act) await act(login);
    await login.is(screen ?? name);
    return login;
  };
}

/** The view with the times that it has from now on. */
function opened(view) {
  const timeIn = (seconds) => new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+/, '');
  return JSON.parse(JSON.stringify(view), (_, value) => (value?.inSeconds ? timeIn(value.inSeconds) : value));
}

async function unannounced(context, stack, locale) {
  const login = new LoginPage(await context.newPage(), { locale });
  await login.page.goto(LoginPage.address(stack, { ui_locales: locale }));
  return login;
}

/** Answers with a problem of the API. */
export function refuse(route, [status, type, more]) {
  return route.fulfill({
    status,
    contentType: 'application/problem+json',
    body: JSON.stringify({ type: `urn:alliance-mfa:problem:${type}`, title: type, status, detail: 'For developers.', ...more }),
  });
}

/** Has the page configured otherwise than its stack is. */
function configure(context, stack, config) {
  return context.route((url) => url.origin === stack.url && url.pathname === '/', async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace(/(id="config">)(.*?)(<\/script>)/s, (_, open, json, close) =>
      open + JSON.stringify({ ...JSON.parse(json), ...config }).replaceAll('<', '\\u003c') + close);
    return route.fulfill({ response, body });
  });
}
