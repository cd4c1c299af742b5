// The two ways to a phone, as buttons that know when they may be used again.

import { fill, h, icon, set } from './dom.js';
import { config, countdown, t, timeOfDay } from './text.js';

/** @typedef {import('./mfa-client.js').ChannelName} ChannelName */

// A wait that is longer is told as a time of day.
const LONG = 10 * 60_000;

/** A time, as far away as it is: "in 0:24" or "at 10:31". @param {Date | null} at @param {any} app */
export function when(at, app) {
  if (!at) return t('when.later');
  const left = at.getTime() - app.now();
  if (left < LONG) return t('when.in', { time: countdown(left) });
  return t('when.at', { time: timeOfDay(new Date(Date.now() + left), new Date()) });
}

/** Whether `channel` may be asked for; a cooldown that has passed since the last answer is over. */
export function isOpen(channel, app) {
  const status = app.view.channels[channel];
  return status.available || (status.nextSendAt !== null && status.nextSendAt.getTime() <= app.now());
}

/**
 * Buttons for what `offered` names, the first of them the main one.
 * @param {any} app
 * @param {object} options
 * @param {() => ChannelName[]} options.offered
 * @param {(channel: ChannelName) => void} [options.pick] Else the button submits its form.
 * @param {boolean} [options.quiet] None is the main one.
 */
export function channelButtons(app, { offered, pick, quiet = false }) {
  const buttons = { call: button('call'), sms: button('sms') };
  const element = h('div', { class: quiet ? 'choices quiet' : 'choices' });

  function button(channel) {
    // A description and no part of the name, which must not change with each second of a wait.
    const hint = h('span', { class: 'hint', id: `hint-${channel}`, 'aria-hidden': 'true' });
    const element = h(
      'button',
      {
        class: 'choice',
        type: pick ? 'button' : 'submit',
        value: channel,
        'aria-describedby': hint.id,
        onclick: (event) => {
          if (element.getAttribute('aria-disabled')) event.preventDefault();
          else pick?.(channel);
        },
      },
      icon(channel),
      h('span', { class: 'words' }, h('span', { class: 'label' }, t(`channel.${channel}`)), hint),
    );
    return { element, hint };
  }

  function update() {
    const channels = offered();
    const elements = channels.map((channel) => buttons[channel].element);
    if (elements.some((each, index) => element.children[index] !== each) || element.childElementCount !== elements.length) {
      element.replaceChildren(...elements);
    }
    for (const channel of channels) {
      const { element, hint } = buttons[channel];
      const open = isOpen(channel, app);
      set(element, 'aria-disabled', app.open.busy !== null || !open ? 'true' : null);
      set(element, 'data-busy', app.open.busy === channel);
      fill(hint, open ? hintOf(channel) : wait(app.view.channels[channel]));
    }
  }

  function wait({ reason, nextSendAt }) {
    if (!nextSendAt) return t('channel.limit');
    const left = nextSendAt.getTime() - app.now();
    return reason === 'cooldown' || left < LONG
      ? t('channel.in', { time: countdown(left) })
      : t('channel.at', { time: when(nextSendAt, app) });
  }

  return { element, update };
}

const hintOf = (channel) => t(channel === 'sms' ? 'channel.sms.hint' : `channel.call.${config.callMode}`);
