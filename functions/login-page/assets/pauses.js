// What an operator has paused, with an end: one of the channels, or adding a number.

import { isOpen } from './channel-buttons.js';
import { fill, h } from './dom.js';
import { pausedUntil, screenOf, usable } from './states.js';
import { t, timeOfDay } from './text.js';

const PAUSED = ['choose', 'number', 'call-over', 'expired', 'refused', 'exhausted'];

/**
 * The screen instead of that of this name, if it can't be used for now. What is under way goes on.
 * @param {string} name
 * @param {any} app
 */
export function whilePaused(name, app) {
  if (!PAUSED.includes(name)) return name;
  if (pausedUntil('enrolment', app)) return 'enrolment-paused';
  if (app.open.correcting) return name;
  // What a start has said is about the country of one number, and another one may be entered.
  const known = name === 'number' ? { ...app, open: { paused: {} } } : app;
  const channels = usable(app.view);
  return channels.length > 0 && channels.every((channel) => pausedUntil(channel, known)) ? 'paused' : name;
}

/**
 * Notes what the answer to a start says is paused, because the next status may not know it yet. Returns whether the page
 * says it without a notice; null if nothing is paused.
 * @param {import('./mfa-client.js').MfaProblem} problem
 * @param {'sms' | 'call'} channel
 * @param {any} app
 * @returns {(() => boolean) | null}
 */
export function learnPause({ type, retryAt }, channel, app) {
  const what = { 'channel-paused': channel, 'enrolment-paused': 'enrolment' }[type];
  if (!what || !retryAt) return null;
  app.open.paused[what] = { until: retryAt, since: Date.now() };
  // A channel's pause is told wherever the channel is offered otherwise.
  return () => what === channel || whilePaused(screenOf(app.view, app.open), app) === 'enrolment-paused';
}

/**
 * Says of each of `channels` that is paused until when, and names another one that is offered. Announces a pause that
 * begins while this is shown.
 * @param {any} app
 * @param {() => import('./mfa-client.js').ChannelName[]} channels
 * @param {() => import('./mfa-client.js').ChannelName[]} [offered]
 * @param {string[]} [before] What was paused before, if the screen was already shown.
 */
export function pausesOf(app, channels, offered = channels, before = undefined) {
  const element = h('div', { class: 'pauses', hidden: true });
  function sentence({ channel, until }) {
    const other = offered().find((other) => other !== channel && isOpen(other, app));
    const time = timeOfDay(until, app.now());
    return t(`paused.${channel}`, { time, advice: other ? t(`paused.${other}.instead`) : '' }).trim();
  }

  return {
    element,
    update() {
      const all = channels().map((channel) => ({ channel, until: pausedUntil(channel, app) }));
      const paused = all.filter(({ until }) => until);
      fill(element, paused.map((pause) => h('p', {}, sentence(pause))));
      element.hidden = paused.length === 0;
      const news = before ? paused.filter(({ channel }) => !before.includes(channel)) : [];
      if (news.length > 0 && element.getClientRects().length > 0) app.announce(news.map(sentence).join(' '));
      before = paused.map(({ channel }) => channel);
    },
  };
}
