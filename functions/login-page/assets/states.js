// Which screen to show for the challenge's state or for a problem. The API's answer decides, so a reload or another tab
// shows the same screen. The page only remembers what the user opened in it.

import { config } from './text.js';

/**
 * @typedef {import('./mfa-client.js').Challenge} Challenge
 *
 * @typedef {object} Open What the user has opened in this page, and what is in progress.
 * @property {'code' | 'call' | null} panel The one that was requested last, if both are in progress.
 * @property {boolean} correcting
 * @property {boolean} lost
 * @property {string | null} end A screen that ends the sign-in here.
 * @property {string | null} problem The problem that led to it.
 * @property {Partial<Record<'sms' | 'call', number>>} sending Since when an answer to a start is awaited.
 * @property {boolean} checking Whether a code is being checked.
 * @property {boolean} mistaken Whether a code was wrong.
 * @property {string | null} notice
 * @property {string | null} unsent A code whose check got no answer.
 * @property {{ channel: 'sms' | 'call', sendsLeft: number } | null} unsure A start without an answer, and the sends left
 *   before it.
 * @property {'busy' | 'unreachable' | 'offline' | null} trouble Why the API cannot be reached.
 * @property {boolean} waiting Whether the screen to show next is in the second script, which is still loading.
 * @property {boolean} retrying Whether the user doesn't want to wait for the next try.
 * @property {Partial<Record<'sms' | 'call' | 'enrolment', Pause>>} paused What the answers to starts have said is paused.
 *
 * @typedef {object} Pause
 * @property {Date} until
 * @property {number} since When the answer came.
 *
 * @typedef {object} App What `page.js` shares with the screens, as far as it is needed here.
 * @property {Challenge | null} view
 * @property {Open} open
 * @property {() => number} now
 * @property {number} heardAt When the last answer came.
 */

/** @type {('sms' | 'call' | 'enrolment')[]} */
const PAUSABLE = ['sms', 'call', 'enrolment'];
const LIVE = ['calling', 'ringing', 'answered'];
const UNUSABLE = ['disabled', 'unreachable'];
// How long the answer to a start outweighs the statuses after it: those may learn of a pause, or of its early end, 30 seconds
// later. No status knows what is paused in the country of a number that was only typed: then the next start tells again.
const TOLD = 65_000;
const LOOK_AGAIN = 30_000;

/** Whether a call is in progress. @param {Challenge} view */
export const isLive = (view) => LIVE.includes(view.call);

/** Whether a message was sent, or may have been. @param {Challenge} view */
export const isTexted = (view) => ![null, 'failed'].includes(view.channels.sms.lastSend);

/** Whether the call asks for four digits of this page, because `#` alone would not be enough. @param {Challenge} view */
export const takesFourDigits = (view) =>
  config.callMode === 'press-pound' && (view.contested || view.matchDigits !== null);

/** The channels that can work with this number. @param {Challenge} view */
export function usable(view) {
  const can = (channel) => config.channels.includes(channel) && !UNUSABLE.includes(view.channels[channel].reason);
  /** @type {import('./mfa-client.js').ChannelName[]} */
  const channels = ['call', 'sms'];
  return channels.filter(can);
}

/**
 * When the pause of a channel, or of adding a number, ends. Null if it isn't paused, or no longer.
 * @param {'sms' | 'call' | 'enrolment'} what
 * @param {Pick<App, 'view' | 'open' | 'now'>} app
 */
export function pausedUntil(what, { view, open, now }) {
  const told = open.paused[what];
  const { reason, nextSendAt } = view.channels[what] ?? {};
  // The status is about the country of the number before; that of a corrected one may be another.
  const ofChannel = reason === 'paused' && !open.correcting ? nextSendAt : null;
  const known = what === 'enrolment' ? view.enrolmentPausedUntil : ofChannel;
  const ends = [told && Date.now() - told.since < TOLD ? told.until : null, known];
  return ends.find((end) => end && end.getTime() > now()) ?? null;
}

/** Whether a number has to be added, and none may be typed here. @param {Challenge} view */
const isClosed = ({ channels }) => [channels.sms, channels.call].some(({ reason }) => reason === 'enrolment-closed');

/** Whether anything is paused. @param {Pick<App, 'view' | 'open' | 'now'>} app */
export const isPaused = (app) => app.view !== null && PAUSABLE.some((what) => pausedUntil(what, app));

/**
 * The screen's name, if nothing is paused.
 * @param {Challenge | null} view
 * @param {Open} open
 * @returns {string}
 */
export function screenOf(view, open) {
  if (open.end) return open.end;
  if (!view) return 'loading';
  switch (view.state) {
    case 'approved':
      return view.resultToken ? 'approved' : 'approved-before';
    case 'denied':
    case 'blocked':
      return view.state;
    case 'locked':
      return view.retryAt ? 'locked' : 'locked-by-admin';
  }
  if (open.lost) return 'lost';
  if (isClosed(view)) return 'enrolment-closed';
  if (view.phoneNumber === null || open.correcting) return 'number';
  if (usable(view).length === 0 && view.state !== 'pending') return 'unusable';
  return view.state === 'pending' ? pending(view, open) : { none: 'choose' }[view.state] ?? view.state;
}

function pending(view, open) {
  if (isTexted(view) && (open.panel === 'code' || !isLive(view))) return 'code';
  if (isLive(view)) return 'calling';
  if (config.callMode === 'speak-code' && view.call === 'ended') return 'calling';
  return view.call ? 'call-over' : 'choose';
}

/** Whether a state after which the page stops asking may have changed. @param {App} app */
export function mayHaveChanged(app) {
  const { state, retryAt } = app.view;
  if (['locked', 'blocked'].includes(state) && retryAt !== null && retryAt.getTime() < app.now()) return true;
  // A pause may be ended early, and an administrator may open enrolment.
  const isDue = Date.now() - app.heardAt >= LOOK_AGAIN && document.visibilityState === 'visible';
  return isDue && (isPaused(app) || isClosed(app.view));
}

// Problems that trying again here can't solve.
const ENDS = {
  unauthenticated: 'sign-in-over',
  'session-missing': 'sign-in-over',
  'authentication-too-old': 'sign-in-over',
  'gateway-unauthorized': 'sign-in-over',
  'gateway-forbidden': 'sign-in-over',
  'enrolment-closed': 'enrolment-closed',
};
const OF_THE_NUMBER = [
  'phone-number-invalid',
  'phone-number-ambiguous',
  'phone-number-outdated',
  'phone-number-type-refused',
  'phone-number-unavailable',
  'country-refused',
];
const OF_THE_STATE = [
  'denied',
  'blocked',
  'locked',
  'too-many-failures',
  'code-wrong',
  'phone-number-required',
];

/** @typedef {import('./mfa-client.js').MfaProblem} MfaProblem */

/** The screen that ends the sign-in, if any. @param {Partial<MfaProblem>} problem @returns {string | undefined} */
export const endOf = ({ type, claim }) => (claim === 'mfa_browser' ? 'other-browser' : ENDS[type]);

/** Whether another number would solve it. @param {MfaProblem} problem */
export const isOfTheNumber = ({ type }) => OF_THE_NUMBER.includes(type);

/** Whether the challenge's state explains it better. @param {MfaProblem} problem */
export const isOfTheState = ({ type }) => OF_THE_STATE.includes(type);
