// The screens after the first one where the user can still confirm the sign-in.

import { channelButtons, isFree, isOpen } from './channel-buttons.js';
import { codeField } from './code-field.js';
import { fill, h, set } from './dom.js';
import { choice, link, text, wrongNumber } from './first-screens.js';
import { CALL } from './icons.js';
import { ALERT, CLOCK } from './more-icons.js';
import { pausesOf } from './pauses.js';
import { phoneField } from './phone-field.js';
import { phoneNumber as number, spokenNumber } from './phone-number.js';
import { isLive, isTexted, pausedUntil, takesFourDigits, usable } from './states.js';
import { config, countdown, knows, rich, t, when } from './text.js';

const key = () => h('kbd', { dir: 'ltr', translate: 'no' }, '#');

export const expired = choice('expired', { icon: CLOCK });
export const refused = choice('refused', { icon: ALERT, tone: 'warn' }, (app) =>
  app.view.canChangeNumber ? 'refused.text.typed' : 'refused.text',
);
export const exhausted = choice('exhausted', { icon: ALERT, tone: 'warn' });

/** Asks for a number, if the account has none or the one that was typed is wrong. */
export function promptForNumber(app) {
  const field = phoneField(app.typed, changed);
  const offered = () => usable(app.view).filter((channel) => field.channels().includes(channel));
  const buttons = channelButtons(app, { offered, pick });

  // The number may be of another country now.
  function changed() {
    app.open.paused = {};
    buttons.update();
  }

  function pick(channel) {
    const typed = field.value();
    if (typed) app.start(channel, typed);
  }

  // The Enter key doesn't say which channel is meant, unless there is only one.
  function submitted(event) {
    event.preventDefault();
    if (!field.value()) return;
    const [main, other] = buttons.element.querySelectorAll('button');
    if (other) main.focus();
    else main?.click();
  }

  return {
    heading: () => t(app.open.correcting ? 'number.heading.correct' : 'number.heading'),
    body: [
      h('p', { id: 'why-number' }, rich('number.text', {})),
      h('form', { novalidate: true, onsubmit: submitted }, field.element, buttons.element),
      consent(),
      keepNumber(app),
    ],
    focus: field.input,
    update: buttons.update,
    fail: field.error,
    ask: field.ask,
  };
}

/** The way back from correcting a number. */
export function keepNumber(app) {
  const keep = link('number.keep', () => app.show({ correcting: false, notice: null }));
  fill(keep, rich('number.keep', { number: number(app) }));
  return app.open.correcting && keep;
}

/** What registrations of senders in the US ask for wherever a number is typed. */
function consent() {
  if (!config.channels.includes('sms')) return h('p', { class: 'small' }, t('number.rates'));
  const link = (key, href) => href && h('a', { class: 'link', href, target: '_blank', rel: 'noopener noreferrer' }, t(key));
  return [
    h('p', { class: 'small' }, t('number.consent', { send: t('channel.sms') })),
    h('div', { class: 'links' }, link('number.terms', config.termsUrl), link('number.privacy', config.privacyUrl)),
  ];
}

/** The field for the code from a message, the time left, and other things the user can do. */
export function code(app) {
  const sent = h('p', { id: 'sent' });
  const resent = h('p', { class: 'notice info', hidden: true });
  const contested = h('p', { class: 'notice info' });
  const field = codeFieldOf(app, sent.id);
  const left = h('p', { class: 'small meta' });
  const resend = link('code.resend', () => resend.getAttribute('aria-disabled') || app.start('sms'));
  const paused = pausesOf(app, () => ['sms'], () => (canCall(app) ? ['call'] : []));
  const toCall = link('code.to-call', () => app.show({ panel: 'call' }));
  const offer = offerOf(app, 'code', 'call');
  const minute = oneMinuteLeft(app);
  const tell = fateOf(app, sent);

  function update() {
    const { view, open } = app;
    tell();
    contested.hidden = !view.contested;
    fill(contested, t('contested.note'));
    field.busy(open.checking || open.unsent !== null);
    fill(left, leftOf(app, field));
    updateResend(app, resend);
    paused.update();
    toCall.hidden = !isLive(view);
    offer.update();
    minute();
  }

  return {
    heading: () => t('code.heading'),
    body: [
      sent,
      resent,
      contested,
      field.element,
      left,
      paused.element,
      h('div', { class: 'links' }, resend, toCall, wrongNumber(app)),
      offer.element,
    ],
    focus: field.input,
    update,
    fail: field.error,
    renew() {
      field.renew();
      fill(resent, t('code.resent'));
      resent.hidden = false;
      app.announce(t('code.resent'));
    },
    close: field.close,
    lost: true,
  };
}

function codeFieldOf(app, describedBy) {
  return codeField({ onCode: app.verify, wasWrong: (code) => app.wrongCodes.has(code), describedBy });
}

/** Says what became of the message. Announced only if that changes while the screen is shown. */
function fateOf(app, sent) {
  let told = null;
  return () => {
    const known = `code.text.${app.view.channels.sms.lastSend}`;
    const key = knows(known) ? known : 'code.text';
    const advice = adviceOf(app);
    fill(sent, rich(key, { number: number(app), advice }));
    if (told && told !== key) app.announce(t(key, { number: spokenNumber(app), advice }));
    told = key;
  };
}

/** What is most likely to help after a message that wasn't delivered, of what the user can do now. */
function adviceOf(app) {
  const { view } = app;
  if (view.canChangeNumber) return t('undelivered.number');
  if (canCall(app)) return t('paused.call.instead');
  return view.channels.sms.sendsLeft > 0 && !pausedUntil('sms', app) ? t('undelivered.resend') : '';
}

const canCall = (app) => !isLive(app.view) && usable(app.view).includes('call') && isOpen('call', app);

/** The time left, and the attempts after a mistake, unless its message says them. */
function leftOf(app, field) {
  const { expiresAt, attemptsLeft } = app.view;
  const parts = [];
  if (expiresAt) parts.push(t('code.expires', { time: countdown(expiresAt.getTime() - app.now()) }));
  const isOfUse = app.open.mistaken && !field.isWrong();
  if (attemptsLeft !== null && isOfUse) parts.push(t('code.attempts', { count: attemptsLeft }));
  return parts.map((part) => h('span', {}, part));
}

/** Announces once that one minute is left. Screen readers don't read the countdown itself on their own. */
function oneMinuteLeft(app) {
  let told = false;
  return () => {
    const left = (app.view.expiresAt?.getTime() ?? Infinity) - app.now();
    if (left <= 60_000 && !told) app.announce(t('code.minute'));
    told = left <= 60_000;
  };
}

function updateResend(app, resend) {
  const { reason, nextSendAt } = app.view.channels.sms;
  const open = isOpen('sms', app);
  resend.hidden = pausedUntil('sms', app) !== null;
  set(resend, 'aria-disabled', !isFree('sms', app) || !open ? 'true' : null);
  if (open) fill(resend, t('code.resend'));
  else if (!nextSendAt) fill(resend, t('code.resend.none'));
  else if (reason !== 'cooldown') fill(resend, t('code.resend.at', { time: when(nextSendAt, app.now()) }));
  else fill(resend, t('code.resend.in', { time: countdown(nextSendAt.getTime() - app.now()) }));
}

/** The other channel, always there; recommended once the last message or call has had time to arrive. */
function offerOf(app, on, channel) {
  const offered = () => usable(app.view).filter((usable) => usable === channel);
  const buttons = channelButtons(app, { offered, pick: (channel) => app.start(channel), quiet: true });
  const advice = text(`offer.${on}`, {});
  const element = h('div', { class: 'offer' }, advice, buttons.element);
  let advisedBefore;
  return {
    element,
    update() {
      const { view } = app;
      // Where both are in progress, a link leads from one to the other.
      const shown = (on === 'call' ? isLive(view) && !isTexted(view) : !isLive(view)) && offered().length > 0;
      // A message that wasn't delivered has its own advice: this one would contradict it, also in what is announced.
      const isTold = on === 'code' && view.channels.sms.lastSend === 'not-delivered';
      const advised = shown && !isTold && view.offerAlternative && isOpen(channel, app);
      if (advised && advisedBefore === false) app.announce(t(`offer.${on}`));
      element.hidden = !shown;
      advice.hidden = !advised;
      advisedBefore = advised;
      buttons.update();
    },
  };
}

/** A call in progress: its state, and what to do on the phone. */
export function calling(app) {
  const spoken = config.callMode === 'speak-code';
  const to = h('p', { id: 'to' });
  const why = h('p', { class: 'notice info' });
  const instruction = h('p', { class: 'instruction' });
  const digits = h('p', { class: 'digits', dir: 'ltr', role: 'img', translate: 'no' });
  const field = spoken ? codeFieldOf(app, to.id) : null;
  const left = h('p', { class: 'small meta' });
  const toCode = link('call.have-code', () => app.show({ panel: 'code' }));
  const offer = offerOf(app, 'call', 'sms');
  const again = spoken ? offerOfCode(app) : null;

  function update() {
    const { view, open } = app;
    to.hidden = view.call === 'answered';
    fill(to, isLive(view) ? rich('call.text', { number: number(app) }) : t('call.ended.speak-code'));
    explain(why, view);
    instruct(instruction, view);
    digits.hidden = !view.matchDigits;
    fill(digits, view.matchDigits ?? '');
    // Spelled out, because a screen reader would otherwise read them as one number.
    const spelled = [...(view.matchDigits ?? '')].join(' ');
    set(digits, 'aria-label', `${t('call.match-digits.label')}: ${spelled}`);
    field?.busy(open.checking || open.unsent !== null);
    left.hidden = !spoken;
    fill(left, leftOf(app, field));
    toCode.hidden = !isTexted(view);
    offer.update();
    again?.update();
  }

  return {
    heading: () => t(`call.${app.view.call}`),
    symbol: { icon: CALL, moving: () => app.view.call === 'ringing' || app.view.call === 'calling' },
    body: [
      to,
      why,
      instruction,
      digits,
      field?.element,
      left,
      h('div', { class: 'links' }, toCode, wrongNumber(app)),
      offer.element,
      again?.element,
    ],
    focus: field?.input,
    update,
    fail: field?.error,
    renew: field?.renew,
    close: field?.close,
    lost: true,
  };
}

/** What to do on the phone now. Rewritten only when it changes, so that screen readers don't start over. */
function instruct(element, view) {
  const what = takesFourDigits(view) ? 'four-digits' : config.callMode;
  rewrite(element, `call.${what}${view.call === 'answered' ? '.answered' : ''}`);
}

/** Why a call asks for more than the user may expect. */
function explain(element, view) {
  element.hidden = !view.contested && !takesFourDigits(view);
  if (element.hidden) return;
  if (!takesFourDigits(view)) rewrite(element, 'contested.note');
  else rewrite(element, view.contested ? 'contested.call' : 'contested.machine');
}

function rewrite(element, sentence) {
  if (element.dataset.says !== sentence) fill(element, rich(sentence, { key: key() }));
  element.dataset.says = sentence;
}

/** After a call that spoke its code: both channels, to get another code. */
function offerOfCode(app) {
  const pick = (channel) => app.start(channel);
  const buttons = channelButtons(app, { offered: () => usable(app.view), pick, quiet: true });
  return {
    element: buttons.element,
    update() {
      buttons.element.hidden = isLive(app.view);
      buttons.update();
    },
  };
}

/** A call that failed: why, and what next. A message is offered first, because another call may fail the same way. */
export function callOver(app) {
  const order = () => usable(app.view).reverse();
  const buttons = channelButtons(app, { offered: order, pick: (channel) => app.start(channel) });
  const why = h('p', {});
  return {
    heading: () => t(`call.${app.view.call}`),
    symbol: { icon: CALL, tone: 'warn' },
    body: [why, buttons.element, wrongNumber(app)],
    update() {
      const sentence = `call.${app.view.call}.text`;
      fill(why, rich(knows(sentence) ? sentence : 'call.ended.text', { number: number(app) }));
      buttons.update();
    },
    lost: true,
  };
}
