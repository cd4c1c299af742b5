// The challenge as the page sees it.

import { reply, rfc3339 } from './http.mjs';
import { isOpen, lockout, policy, reaches, windows } from './policy.mjs';

const PATIENCE = 30;
const POLL_SECONDS = '2';
const OVER = ['voicemail', 'no-answer', 'busy', 'failed', 'ended'];

const masked = (phone) => `+${'•'.repeat(phone.length - 3)}${phone.slice(-2)}`;
const time = (seconds) => (seconds ? rfc3339(seconds) : null);

/** The reply that shows the challenge `own`, if there is one, of the account `subject`. */
export function show(statusCode, { subject, challenges, own }, factor, now, resultToken) {
  const { state, retryAt } = stateOf(subject, challenges, own, now);
  const pending = state === 'pending' ? own : undefined;
  const phone = subject.phone ?? factor.phone;
  const channel = (name, names) => channelOf(name, names, { subject, own, pending, state, retryAt, now });
  const body = {
    state,
    phoneNumber: phone ? masked(phone) : null,
    canChangeNumber: false,
    expiresAt: time(pending?.expiresAt),
    attemptsLeft: pending ? pending.maxAttempts - pending.attempts : null,
    retryAt: time(retryAt),
    channels: {
      sms: channel('sms', { used: 'smsUsed', at: 'smsAt', delivery: 'smsDelivery' }),
      call: channel('call', { used: 'callsUsed', at: 'callsAt', delivery: 'callsDelivery' }),
    },
    call: own?.callState ?? null,
    matchDigits: null,
    contested: Boolean(pending?.contested),
    offerAlternative: Boolean(pending && patienceIsOver(pending, now)),
    resultToken,
    supportUrl: process.env.SUPPORT_URL,
  };
  const headers = pending ? { 'retry-after': POLL_SECONDS } : {};
  return reply(statusCode, 'application/json', JSON.stringify(body), headers);
}

function stateOf(subject, challenges, own, now) {
  if (own?.outcome === 'approved') return { state: own.settled ? 'approved' : 'pending' };
  if (own?.outcome === 'denied') return { state: 'denied' };
  if (subject.blockedUntil > now) return { state: 'blocked', retryAt: subject.blockedUntil };
  if (own && isOpen(own, now)) return { state: 'pending' };
  const { locked, until } = lockout(subject, challenges, now);
  if (locked) return { state: 'locked', retryAt: until };
  if (!own) return { state: 'none' };
  return { state: own.attempts >= own.maxAttempts ? 'exhausted' : 'expired' };
}

function channelOf(channel, names, { subject, own, pending, state, retryAt, now }) {
  const limits = windows(subject, channel, now);
  const inChallenge = policy.maxSends - (pending?.[names.used] ?? 0);
  const sendsLeft = Math.max(0, Math.min(inChallenge, ...limits.map(({ left }) => left)));
  const coolAt = own?.[names.at] + policy.cooldown;
  let reason = null;
  let nextSendAt;
  if (['approved', 'denied'].includes(state)) reason = 'closed';
  else if (['blocked', 'locked'].includes(state)) [reason, nextSendAt] = [state, retryAt];
  else if (sendsLeft === 0) {
    const ends = inChallenge <= 0 ? own.expiresAt : 0;
    [reason, nextSendAt] = ['send-limit', Math.max(ends, ...limits.map((limit) => limit.retryAt ?? 0))];
  } else if (coolAt > now) [reason, nextSendAt] = ['cooldown', coolAt];
  const destination = own ?? (subject.phone && subject);
  if (destination && !reaches(channel, destination)) [reason, nextSendAt] = ['unreachable', undefined];
  const lastSend = own?.[names.delivery] ?? null;
  return { available: !reason, reason, nextSendAt: time(nextSendAt), sendsLeft, lastSend };
}

/** Whether the last send has had its time, or is known not to help any more. */
function patienceIsOver({ smsAt = 0, smsDelivery, callsAt = 0, callsDelivery, callState }, now) {
  const [at, delivery] = callsAt >= smsAt ? [callsAt, callsDelivery] : [smsAt, smsDelivery];
  return at > 0 && (delivery !== 'accepted' || OVER.includes(callState) || now - at >= PATIENCE);
}
