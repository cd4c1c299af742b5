// The page's entry point: receives the first factor's token, polls the challenge, does what the user asks for and
// returns the result.

import { isFree } from './channel-buttons.js';
import { announce, draw, screen, startDrawing, waiting } from './drawing.js';
import { isNeeded, lack, later, needLater } from './fetch-later.js';
import { receive } from './handover.js';
import { mayRenew } from './kept.js';
import { MfaOffline, MfaProblem, createClient } from './mfa-client.js';
import { endOf, isOfTheNumber, isOfTheState, usable } from './states.js';
import { config, t } from './text.js';

export * from './shared.js';

const NO_ANSWER_AROUND = 8000;

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
    sending: {},
    checking: false,
    mistaken: false,
    trouble: null,
    waiting: false,
    retrying: false,
    notice: null,
    unsent: null,
    unsure: null,
    paused: {},
  },
  heardAt: Date.now(),
  /** The number as the user typed it. @type {import('./phone-field.js').Typed | null} */
  typed: null,
  /** Codes that the API has refused since the last one was sent. */
  wrongCodes: new Set(),
  /** @type {import('./handover.js').Handover} */
  handover: {
    way: parent === window ? 'alone' : 'frame',
    token: null,
    typed: null,
    misdirected: false,
    isApp: false,
    remember() {},
    reload: () => location.reload(),
    finish() {},
    cancel: null,
  },
  now: () => client?.now() ?? Date.now(),
  show,
  start,
  verify,
  announce,
  follow,
  retry,
  renew,
};

/** @type {ReturnType<typeof createClient> | undefined} */
let client;
/** @type {AbortController | null} */
let following = null;
/** Ends the wait for the API's first answer. */
let heard = () => {};
/** The channel that was asked for last. */
let latest = '';
let finished = false;
let isRenewing = false;
startDrawing(app);
begin();

async function begin() {
  const unanswered = setTimeout(() => show({ end: 'start' }), NO_ANSWER_AROUND);
  app.handover = await receive();
  clearTimeout(unanswered);
  const { token, misdirected, locale, typed, first } = app.handover;
  app.typed = typed;
  if (misdirected || !token) return show({ end: misdirected ? 'misdirected' : 'start' });
  client = createClient({ token, locale: locale ?? config.locale, first });
  show({ end: null });
  follow();
  heard = waiting();
  addEventListener('offline', () => inTrouble(new MfaOffline('offline')));
  addEventListener('online', follow);
  // Another tab may have continued in the meantime.
  addEventListener('pageshow', (event) => event.persisted && follow());
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && follow());
}

/** Polls the challenge while it is pending. Nothing is ever sent without a click. */
function follow({ atOnce = false } = {}) {
  if (following || app.view?.state === 'approved' || ['sign-in-over', 'other-browser'].includes(app.open.end)) return;
  const own = (following = new AbortController());
  client
    .waitForApproval(own.signal, { onChange: took, onTrouble: inTrouble, atOnce })
    .catch((error) => {
      if (!own.signal.aborted) return failed(error);
    })
    .finally(() => {
      if (following === own) following = null;
    });
}

/** The user doesn't want to wait for the next try. */
function retry() {
  if (lack() && navigator.onLine) return app.handover.reload();
  following?.abort();
  following = null;
  show({ retrying: true });
  follow({ atOnce: true });
}

/**
 * After a deployment the page reloads itself, unless that would lose the answer to a request or the result.
 * @returns {boolean} Whether it does.
 */
function renew() {
  const isAsking = Object.keys(app.open.sending).length > 0 && !isNeeded();
  if (isAsking || app.view?.state === 'approved' || !navigator.onLine) return isRenewing;
  if (!isRenewing && mayRenew()) {
    isRenewing = true;
    app.handover.reload();
  }
  return isRenewing;
}

function took(view) {
  inTrouble(null);
  const before = app.view;
  app.view = view;
  app.heardAt = Date.now();
  if (app.open.end === 'unreachable') app.open.end = null;
  const { unsent, unsure } = app.open;
  if (unsent) settleUnsent(unsent, before, view);
  if (unsent || unsure) app.open.notice = null;
  if (unsure && view.channels[unsure.channel].sendsLeft === unsure.sendsLeft) app.open.notice = t('trouble.not-sent');
  app.open.unsure = null;
  draw();
  if (view.state === 'approved') finish();
  else if (view.state === 'pending' || view.pollAfterMs) follow();
}

/** Was a code that got no answer checked? If the attempts haven't changed, it wasn't, and can be sent again. */
function settleUnsent(code, before, view) {
  app.open.unsent = null;
  if (view.state !== 'pending') return;
  if (view.attemptsLeft === before?.attemptsLeft) queueMicrotask(() => verify(code));
  else queueMicrotask(() => wasWrong(code, view.attemptsLeft));
}

function wasWrong(code, attemptsLeft) {
  app.wrongCodes.add(code);
  app.view.attemptsLeft = attemptsLeft;
  app.open.mistaken = true;
  fail(t('code.wrong', { count: attemptsLeft }));
}

async function start(channel, typed) {
  const was = app.view;
  if (!was || !isFree(channel, app)) return;
  if (typed) app.handover.remember((app.typed = typed));
  const { sending } = app.open;
  sending[channel] = Date.now();
  latest = channel;
  show({ notice: null, unsure: null });
  try {
    // The API gets no `shown`: that is how the user wrote the number.
    const number = typed && { phoneNumber: typed.phoneNumber, region: typed.region, reading: typed.reading };
    const view = await patiently(client.start(channel, number));
    const sent = view.channels[channel].sendsLeft < was.channels[channel].sendsLeft;
    if (sent) app.wrongCodes.clear();
    // An answer that came late may be older than what the other channel has shown since.
    if (latest !== channel) {
      delete sending[channel];
      return await refresh();
    }
    Object.assign(app.open, { correcting: false, panel: channel === 'sms' ? 'code' : 'call' });
    const before = screen();
    took(view);
    await patiently(needLater());
    delete sending[channel];
    draw();
    if (sent && screen() === before) before.renew?.();
  } catch (error) {
    if (error instanceof MfaProblem) await patiently(needLater());
    delete sending[channel];
    if (latest !== channel) return await refresh();
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
  if (app.open.checking) return;
  show({ checking: true, notice: null });
  try {
    const view = await patiently(client.verify(code));
    app.open.checking = false;
    took(view);
  } catch (error) {
    app.open.checking = false;
    if (error instanceof MfaOffline) {
      show({ unsent: code, notice: t('code.unsent') });
      follow();
    } else {
      await failed(error, { code });
    }
  }
}

/**
 * Shows a problem beside the field that caused it, or asks the API for the state if that explains more.
 * @param {unknown} error
 * @param {{ channel?: 'sms' | 'call', typed?: object, code?: string }} [asked]
 */
async function failed(error, { channel, typed, code } = {}) {
  if (!(error instanceof MfaProblem)) {
    if (error instanceof MfaOffline) return inTrouble(error);
    throw error;
  }
  const { type } = error;
  if (endOf(error)) return show({ end: endOf(error), problem: type });
  await needLater();
  if (isOfTheNumber(error)) {
    if (!typed && !app.view.canChangeNumber) return show({ end: 'number-refused', problem: type });
    // The provider may also refuse a number that was typed earlier.
    app.open.correcting = app.view.phoneNumber !== null;
    fail(later.sentence(error, app.now()));
    if (error.readings) screen().ask?.(error.readings, (reading) => start(channel, { ...typed, reading }));
    return;
  }
  if (type === 'code-malformed') return fail(later.sentence(error, app.now()));
  if (type === 'code-wrong' && error.attemptsLeft) return wasWrong(code, error.attemptsLeft);
  app.open.correcting &&= type !== 'phone-number-known';
  // The code's challenge is closed but another one is pending: another tab has started over.
  const isClosed = type === 'challenge-closed' && (() => app.view.state !== 'pending');
  const unsaid = isClosed || later.learnPause(error, channel, app) || (() => isOfTheState(error));
  const { attemptsLeft } = app.view;
  await refresh();
  if (app.open.end) return;
  // The gateway gave up, but the code had been checked.
  const { view } = app;
  if (code && view.state === 'pending' && view.attemptsLeft < attemptsLeft) return wasWrong(code, view.attemptsLeft);
  const way = type === 'number-opted-out' && usable(view).includes('call') ? 'call' : channel;
  show({ notice: unsaid() ? null : later.sentence(error, app.now(), way) });
}

async function refresh() {
  try {
    took(await client.status());
  } catch (error) {
    if (endOf(error)) return show({ end: endOf(error) });
    inTrouble(error);
    follow();
  }
}

function fail(message) {
  draw();
  screen().fail?.(message);
}

function finish() {
  following?.abort();
  const token = app.view.resultToken;
  if (!token || finished) return;
  finished = true;
  if (app.handover.isApp) return; // the approved screen has the button
  // At once: the login's own page shows that it worked, and its title is the next thing a screen reader says. This
  // page's screen says so for as long as that page takes to load, with a button in case it doesn't.
  app.handover.finish(token);
}

/** Tells the user when an answer takes long, and offers the other channel. */
async function patiently(promise) {
  const heard = waiting();
  try {
    return await promise;
  } finally {
    heard();
  }
}

/** Shows why the API cannot be reached; null clears it. */
function inTrouble(error) {
  heard();
  const trouble = !error ? null : error instanceof MfaProblem ? 'busy' : navigator.onLine ? 'unreachable' : 'offline';
  Object.assign(app.open, { trouble, retrying: false });
  if (error && !app.view) app.open.end = 'unreachable';
  draw();
}

function show(patch) {
  Object.assign(app.open, patch);
  draw();
}
