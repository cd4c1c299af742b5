// The page's entry point: receives the first factor's token, polls the challenge, shows the matching screen and returns
// the result.

import { fill, h, icon } from './dom.js';
import * as ends from './end-screens.js';
import { receive } from './handover.js';
import { MfaOffline, MfaProblem, createClient } from './mfa-client.js';
import * as screens from './screens.js';
import { endOf, isOfTheNumber, isOfTheState, screenOf, sentence } from './states.js';
import { config, t } from './text.js';

const SCREENS = {
  loading: ends.loading,
  number: screens.promptForNumber,
  choose: screens.choose,
  expired: screens.expired,
  exhausted: screens.exhausted,
  code: screens.code,
  calling: screens.calling,
  contested: screens.contested,
  'call-over': screens.callOver,
  approved: ends.approved,
  'approved-before': ends.approvedBefore,
  denied: ends.denied,
  blocked: ends.blocked,
  locked: ends.locked,
  'locked-by-admin': ends.lockedByAdmin,
  lost: ends.lost,
  unusable: ends.unusable,
  'number-refused': ends.numberRefused,
  'enrolment-closed': ends.enrolmentClosed,
  'sign-in-over': ends.signInOver,
  start: ends.start,
  misdirected: ends.misdirected,
  unreachable: ends.unreachable,
};

const SLOW = 4000;
const SEEN = 800;
const NO_ANSWER_AROUND = 8000;

const main = document.getElementById('main');
const banner = document.getElementById('banner');
const footer = document.getElementById('footer');
const announcer = document.getElementById('announcer');

const app = {
  /** @type {import('./mfa-client.js').Challenge | null} */
  view: null,
  /** @type {import('./states.js').Open} */
  open: {
    panel: null,
    correcting: false,
    lost: false,
    end: null,
    problem: null,
    busy: null,
    notice: null,
    unsent: null,
    unsure: null,
  },
  /** The number as the user typed it. @type {{ phoneNumber: string, region: string } | null} */
  typed: null,
  /** @type {import('./handover.js').Handover} */
  handover: { way: 'alone', token: null, misdirected: false, finish() {}, cancel: null },
  now: () => client?.now() ?? Date.now(),
  show,
  start,
  verify,
  announce,
  retry: () => follow(),
};

/** @type {ReturnType<typeof createClient> | undefined} */
let client;
/** @type {AbortController | null} */
let following = null;
let trouble = null;
let finished = false;
/**
 * The screen that is shown now.
 * @type {{ name: string, screen?: any, h1?: HTMLElement, notice?: HTMLElement, symbol?: HTMLElement }}
 */
let current = { name: '' };

begin();
setInterval(draw, 1000);

async function begin() {
  const unanswered = setTimeout(() => show({ end: 'start' }), NO_ANSWER_AROUND);
  app.handover = await receive();
  clearTimeout(unanswered);
  const { token, misdirected, locale } = app.handover;
  if (misdirected || !token) return show({ end: misdirected ? 'misdirected' : 'start' });
  client = createClient({ token, locale: locale ?? config.locale });
  show({ end: null });
  follow();
  setTimeout(() => app.view || trouble || say(t('trouble.slow')), SLOW);
  addEventListener('offline', () => inTrouble(new MfaOffline('offline')));
  addEventListener('online', follow);
  // Another tab may have continued in the meantime.
  addEventListener('pageshow', (event) => event.persisted && follow());
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && follow());
}

/** Polls the challenge while it is pending. Nothing is ever sent without a click. */
function follow() {
  if (following || app.view?.state === 'approved' || app.open.end === 'sign-in-over') return;
  const own = (following = new AbortController());
  client
    .waitForApproval(own.signal, { onChange: took, onTrouble: inTrouble })
    .catch((error) => {
      if (!own.signal.aborted) return failed(error);
    })
    .finally(() => {
      if (following === own) following = null;
    });
}

function took(view) {
  inTrouble(null);
  const before = app.view;
  app.view = view;
  if (app.open.end === 'unreachable') app.open.end = null;
  const { unsent, unsure } = app.open;
  if (unsent) settleUnsent(unsent, before, view);
  if (unsent || unsure) app.open.notice = null;
  if (unsure && view.channels[unsure.channel].sendsLeft === unsure.sendsLeft) app.open.notice = t('trouble.not-sent');
  app.open.unsure = null;
  draw();
  if (view.state === 'approved') finish();
  else if (view.state === 'pending') follow();
}

/** Was a code that got no answer checked? If the attempts haven't changed, it wasn't, and can be sent again. */
function settleUnsent(code, before, view) {
  app.open.unsent = null;
  if (view.state !== 'pending') return;
  if (view.attemptsLeft === before?.attemptsLeft) queueMicrotask(() => verify(code));
  else queueMicrotask(() => current.screen.fail?.(t('code.wrong', { count: view.attemptsLeft })));
}

async function start(channel, typed) {
  const was = app.view;
  if (app.open.busy || !was) return;
  if (typed) app.typed = typed;
  show({ busy: channel, notice: null, unsure: null });
  try {
    const view = await patiently(client.start(channel, typed));
    const sent = view.channels[channel].sendsLeft < was.channels[channel].sendsLeft;
    const again = sent && channel === 'sms' && current.name === 'code';
    Object.assign(app.open, { busy: null, correcting: false, panel: channel === 'sms' ? 'code' : 'call' });
    took(view);
    if (again) announce(t('code.resent'));
  } catch (error) {
    app.open.busy = null;
    if (error instanceof MfaOffline) {
      app.open.unsure = { channel, sendsLeft: was.channels[channel].sendsLeft };
      show({ notice: t('trouble.unsure') });
      follow();
    } else {
      await failed(error, { channel, typed });
    }
  }
}

async function verify(code) {
  if (app.open.busy) return;
  show({ busy: 'code', notice: null });
  try {
    const view = await patiently(client.verify(code));
    app.open.busy = null;
    took(view);
  } catch (error) {
    app.open.busy = null;
    if (error instanceof MfaOffline) {
      show({ unsent: code, notice: t('code.unsent') });
      follow();
    } else {
      await failed(error, {});
    }
  }
}

/**
 * Shows a problem beside the field that caused it, or asks the API for the state if that explains more.
 * @param {unknown} error
 * @param {{ channel?: 'sms' | 'call', typed?: object }} [asked]
 */
async function failed(error, { channel, typed } = {}) {
  if (!(error instanceof MfaProblem)) {
    if (error instanceof MfaOffline) return inTrouble(error);
    throw error;
  }
  const { type } = error;
  if (endOf(error)) return show({ end: endOf(error), problem: type });
  if (isOfTheNumber(error)) {
    if (!typed && !app.view.canChangeNumber) return show({ end: 'number-refused', problem: type });
    // The provider may also refuse a number that was typed earlier.
    app.open.correcting = app.view.phoneNumber !== null;
    return fail(sentence(error, app.now()));
  }
  if (type === 'code-malformed') return fail(sentence(error, app.now()));
  if (type === 'code-wrong' && error.attemptsLeft) {
    app.view.attemptsLeft = error.attemptsLeft;
    return fail(t('code.wrong', { count: error.attemptsLeft }));
  }
  app.open.correcting &&= type !== 'phone-number-known';
  const notice = sentence(error, app.now(), channel);
  // The code's challenge is closed but another one is pending: another tab has started over.
  const unsaid = type === 'challenge-closed' ? () => app.view.state !== 'pending' : () => isOfTheState(error);
  try {
    took(await client.status());
  } catch (error) {
    if (endOf(error)) return show({ end: endOf(error) });
    inTrouble(error);
    follow();
  }
  show({ notice: unsaid() ? null : notice });
}

function fail(message) {
  draw();
  current.screen.fail?.(message);
}

function finish() {
  following?.abort();
  const { way, finish } = app.handover;
  const token = app.view.resultToken;
  if (!token || finished) return;
  finished = true;
  // Long enough for the user to see that it worked.
  setTimeout(() => finish(token), way === 'redirect' ? SEEN : 0);
}

/** Tells the user when an answer takes long. */
async function patiently(promise) {
  const timer = setTimeout(() => say(t('trouble.slow')), SLOW);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    say(trouble);
  }
}

/** Shows why the API cannot be reached; null clears it. */
function inTrouble(error) {
  const key = !error ? null : error instanceof MfaProblem ? 'busy' : navigator.onLine ? 'unreachable' : 'offline';
  trouble = key && t(`trouble.${key}`);
  say(trouble);
  if (error && !app.view) show({ end: 'unreachable' });
}

function say(message) {
  fill(banner, message ?? '');
  banner.hidden = !message;
}

function announce(message) {
  announcer.textContent = '';
  // A new element, so that screen readers repeat words that are the same as before.
  announcer.append(h('span', {}, message));
}

function show(patch) {
  Object.assign(app.open, patch);
  draw();
}

function draw() {
  const name = screenOf(app.view, app.open);
  if (name !== current.name) mount(name);
  current.screen.update?.();
  const heading = current.screen.heading();
  if (current.h1.textContent !== heading) {
    announce(heading);
    fill(current.h1, heading);
    document.title = `${heading} · ${config.brand}`;
  }
  current.symbol?.classList.toggle('moving', current.screen.symbol.moving?.() ?? false);
  drawNotice();
  const { retryAt, state } = app.view ?? {};
  if (state === 'locked' && retryAt && retryAt.getTime() < app.now()) follow();
}

function drawNotice() {
  if (current.notice.textContent === (app.open.notice ?? '')) return;
  fill(current.notice, app.open.notice ?? '');
  current.notice.hidden = !app.open.notice;
}

function mount(name) {
  current.screen?.close?.();
  const first = current.name === '' || current.name === 'loading';
  const screen = SCREENS[name](app);
  const { symbol } = screen;
  const h1 = h('h1', { tabindex: '-1' });
  const notice = h('p', { class: 'notice', role: 'alert', hidden: true });
  const badge = symbol && h('div', { class: `symbol ${symbol.tone ?? ''}` }, icon(symbol.icon));
  current = { name, screen, h1, notice, symbol: badge };
  main.dataset.screen = name;
  main.replaceChildren(...[badge, h1, notice, ...screen.body.flat()].filter(Boolean));
  fill(footer, footing(screen));
  fill(h1, screen.heading());
  document.title = `${screen.heading()} · ${config.brand}`;
  scrollTo(0, 0);
  // A frame must not take the focus from the page around it before the user has used it.
  if (!first || app.handover.way !== 'frame') (screen.focus ?? h1).focus({ preventScroll: true });
}

function footing(screen) {
  const known = app.view?.phoneNumber;
  const { cancel } = app.handover;
  const link = (key, onclick) => h('button', { class: 'link', type: 'button', onclick }, t(key));
  return [
    screen.lost && known && link('lost.link', () => show({ lost: true, notice: null })),
    cancel && !screen.ends && link('back', cancel),
  ];
}
