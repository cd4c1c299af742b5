// The screens where this page cannot help any further, or not yet: what happened, and what to do next.

import { fill, h, set } from './dom.js';
import { says, wrongNumber } from './first-screens.js';
import { ALERT, CLOCK, DONE, HELP, LOCK, STOP } from './more-icons.js';
import { pausesOf } from './pauses.js';
import { phoneNumber } from './phone-number.js';
import { keepNumber } from './screens.js';
import { pausedUntil, usable } from './states.js';
import { config, countdown, rich, t, timeOfDay } from './text.js';

const LONG = 60 * 60_000;

/** A link to the deployment's support page, or a sentence that says whom to ask. */
function support(app) {
  const url = app.view?.supportUrl ?? config.supportUrl;
  if (!url) return h('p', { class: 'small' }, rich('support.none', {}));
  return h('a', { class: 'main', href: url, target: '_blank', rel: 'noopener noreferrer' }, t('support.link'));
}

const back = (app) =>
  app.handover.cancel && h('button', { class: 'main', type: 'button', onclick: app.handover.cancel }, t('back'));

/** A screen that only a new sign-in leads on from. */
function final(name, icon, keys, actions) {
  return (app) => ({
    heading: () => t(`${name}.heading`),
    symbol: { icon, tone: 'warn' },
    body: [...says(...keys), actions(app)],
    ends: true,
  });
}

export const approvedBefore = final('approved.before', CLOCK, ['approved.before.text'], back);
export const signInOver = final('over', CLOCK, ['over.text'], back);
export const otherBrowser = final('over', HELP, ['over.browser'], () => null);
export const start = final('start', HELP, ['start.text'], () => null);
export const misdirected = final('misdirected', ALERT, ['misdirected.text'], () => null);
export const lockedByAdmin = final('locked.admin', LOCK, ['locked.admin.text'], support);

/** Stopped by the fraud key or by support. */
export function denied(app) {
  // The report has blocked a number that was only being enrolled.
  const isNumberBlocked = app.view.fraudReport && app.view.canChangeNumber;
  const again = h('p', {});
  return {
    heading: () => t('denied.heading'),
    symbol: { icon: STOP, tone: 'warn' },
    body: [
      ...says(app.view.fraudReport ? 'denied.reported' : 'denied.text', 'denied.next'),
      again,
      isNumberBlocked && says('denied.number'),
      back(app),
      support(app),
    ],
    update() {
      const { key, time } = startAgain(app);
      // The sentence about the number says how to start again.
      again.hidden = isNumberBlocked && key !== 'denied.again.later';
      fill(again, t(key, { time }));
    },
    ends: true,
  };
}

/** How to start again: while calls are paused, with a message or later. */
function startAgain({ view, now }) {
  const { retryAt, canChangeNumber, channels } = view;
  if (!retryAt || retryAt.getTime() < now()) return { key: 'denied.again' };
  const isReached = canChangeNumber ? config.channels.includes('sms') : usable(view).includes('sms');
  const way = isReached && channels.sms.sendsLeft > 0 ? 'message' : 'later';
  return { key: `denied.again.${way}`, time: timeOfDay(retryAt, now()) };
}

export function approved(app) {
  const { way, isApp, finish } = app.handover;
  const token = app.view.resultToken;
  const go = () => finish(token);
  return {
    heading: () => t('approved.heading'),
    symbol: { icon: DONE, tone: 'good' },
    body: [
      ...says(way === 'alone' ? 'approved.alone' : isApp ? 'approved.app' : 'approved.returning'),
      way === 'redirect' && h('button', { class: 'main', type: 'button', onclick: go }, t('approved.continue')),
    ],
    ends: true,
  };
}

/** A lock that ends by itself. */
export function locked(app) {
  const until = h('p', {});
  return {
    heading: () => t('locked.heading'),
    symbol: { icon: LOCK, tone: 'warn' },
    body: [until, support(app)],
    update() {
      const { retryAt } = app.view;
      const left = retryAt.getTime() - app.now();
      if (left > LONG) fill(until, t('locked.text.at', { time: timeOfDay(retryAt, app.now()) }));
      else fill(until, t('locked.text', { time: countdown(left) }));
    },
  };
}

export function blocked(app) {
  const { retryAt } = app.view;
  const time = retryAt && timeOfDay(retryAt, app.now());
  return {
    heading: () => t('blocked.heading'),
    symbol: { icon: STOP, tone: 'warn' },
    body: [h('p', {}, t(time ? 'blocked.text' : 'blocked.text.open', { time })), ...says('blocked.next'), support(app)],
  };
}

/** For users who lost their phone. The number can't be changed here: anyone with the password could do that. */
export function lost(app) {
  return {
    heading: () => t('lost.heading'),
    symbol: { icon: HELP },
    body: [
      h('p', {}, rich('lost.text', { number: phoneNumber(app) })),
      ...says('lost.sim'),
      support(app),
      h('button', { class: 'link', type: 'button', onclick: () => app.show({ lost: false }) }, t('lost.back')),
    ],
  };
}

/** The account's number can get neither calls nor messages. */
export function unusable(app) {
  return {
    heading: () => t('unusable.heading'),
    symbol: { icon: ALERT, tone: 'warn' },
    body: [
      h('p', {}, rich('unusable.text', { number: phoneNumber(app) })),
      ...says('refused.next'),
      support(app),
    ],
  };
}

const WHY_REFUSED = {
  'country-refused': 'refused.country',
  'phone-number-outdated': 'problem.phone-number-outdated',
  'phone-number-unavailable': 'refused.account',
};

/** The API refuses the account's number, and no other number can be entered here. */
export function numberRefused(app) {
  const why = WHY_REFUSED[app.open.problem] ?? 'refused.kind';
  return {
    heading: () => t('unusable.heading'),
    symbol: { icon: ALERT, tone: 'warn' },
    body: [...says(why, 'refused.next'), support(app)],
  };
}

export function enrolmentClosed(app) {
  return {
    heading: () => t('closed.heading'),
    symbol: { icon: ALERT, tone: 'warn' },
    body: [...says('problem.enrolment-closed'), support(app)],
  };
}

/** A screen for as long as the user can't go on. The page looks again by itself, and when the user wants it to. */
function whilePaused(app, { element, update }, more) {
  const retry = h('button', { class: 'main', type: 'button', onclick: app.retry }, t('unreachable.retry'));
  let wasRetrying = false;
  return {
    heading: () => t('paused.heading'),
    symbol: { icon: CLOCK, tone: 'warn' },
    body: [element, ...says('paused.wait'), retry, support(app), more],
    update() {
      update();
      const { retrying, trouble } = app.open;
      set(retry, 'data-busy', retrying);
      // Otherwise nobody would know that the page has looked and found the same.
      if (wasRetrying && !retrying && !trouble) app.announce(element.innerText);
      wasRetrying = retrying;
    },
    lost: true,
  };
}

/** Every channel that could be used is paused. */
export function paused(app) {
  return whilePaused(app, pausesOf(app, () => usable(app.view)), wrongNumber(app));
}

/** No number can be added for now, and there is none to use. */
export function enrolmentPaused(app) {
  const element = h('p', {});
  const update = () => {
    const until = pausedUntil('enrolment', app);
    // It may have ended since this screen was chosen.
    if (until) fill(element, t('problem.enrolment-paused', { time: timeOfDay(until, app.now()) }));
  };
  return whilePaused(app, { element, update }, keepNumber(app));
}
