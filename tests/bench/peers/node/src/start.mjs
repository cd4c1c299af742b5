// POST /v1/challenge: sends a code to the enrolled number. Persist, then send.

import { randomInt } from 'node:crypto';

import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';

import { Problem, fields, invalid, serve } from './shared/http.mjs';
import { firstFactor, sha256 } from './shared/identity.mjs';
import * as rules from './shared/policy.mjs';
import { openMacKeys } from './shared/secrets.mjs';
import { challengeKey, load, put, requestHandler, subjectKey, transact, update } from './shared/store.mjs';
import { show } from './shared/view.mjs';

const { policy, SHORT, LONG } = rules;
const MONTH = 30 * 86_400;
const COUNTER_MEMORY = 48 * 3600;

const keys = await openMacKeys();
/** Asked once: a second try would send a second message. */
const sns = new SNSClient({ maxAttempts: 1, requestHandler: { ...requestHandler, requestTimeout: 10_000 } });

async function start(event, now, log) {
  const factor = firstFactor(event, now);
  checkRequest(event);
  const network = event.requestContext.http.sourceIp;
  const { running, draft } = (await persist(factor, network, now)) ?? (await persist(factor, network, now)) ?? {};
  if (running) return show(200, running, factor, now);
  if (!draft) throw new Problem(503, 'temporarily-unavailable', 'Please try again in a moment.', { retryAfter: 1 });
  await send(factor, draft, now, log);
  return show(201, draft.stored, factor, now);
}

function checkRequest(event) {
  const { channel, phoneNumber } = fields(event, ['channel', 'phoneNumber', 'region', 'locale', 'purpose']);
  if (!channel) throw invalid('channel', 'is required');
  if (!['sms', 'call'].includes(channel)) throw invalid('channel', 'must be sms or call');
  if (channel === 'call') throw new Problem(409, 'channel-unavailable', 'This channel cannot reach this number.');
  if (phoneNumber) throw new Problem(409, 'phone-number-known', 'A phone number is already known for this account.');
}

/** The challenge that runs already, or one begun in the table: nothing if another request came between. */
async function persist(factor, network, now) {
  const stored = await load(factor.subject);
  const own = stored.challenges.find(({ session }) => session === factor.session.toString('base64url'));
  const { subject, challenges } = stored;
  if (own?.outcome === 'denied') throw new Problem(403, 'denied', 'This sign-in was stopped from the phone.');
  if (own?.outcome === 'approved') return { running: { ...stored, own } };
  if (subject.blockedUntil > now) {
    throw new Problem(403, 'blocked', 'A sign-in was reported as fraud.', { retryAt: subject.blockedUntil });
  }
  if (!subject.phone) throw new Problem(422, 'phone-number-required', 'No phone number is known for this account.');
  if (!rules.isServed(subject.country))
    throw new Problem(422, 'country-refused', 'Numbers of this country cannot be used.');
  if (!rules.reaches('sms', subject)) throw new Problem(409, 'channel-unavailable', 'Use the other channel.');
  if (own?.phone === subject.phone && own.smsAt + policy.cooldown > now) return { running: { ...stored, own } };

  const { locked, until } = rules.lockout(subject, challenges, now);
  if (until) throw new Problem(429, 'too-many-failures', 'Too many wrong codes. Wait a while.', { retryAt: until });
  if (locked) throw new Problem(403, 'locked', 'Too many wrong codes. An administrator has to unlock.');
  const draft = begin(factor, stored, own, now);
  const charges = [
    charge(`network#${network}`, 'network', policy.maxNetwork, SHORT, now),
    charge(numberPartition(subject.phone), 'number-short', policy.maxNumberShort, SHORT, now),
    charge(numberPartition(subject.phone), 'number-long', policy.maxNumberLong, LONG, now),
  ];
  const others = [ofSubject(factor, subject, draft), ...draft.contests];
  const inTheWay = await transact([...others, ...charges.map(({ write }) => write), ofChallenge(draft, own)]);
  if (inTheWay.length === 0) return { draft };
  const full = inTheWay.map(
    ({ code, position }) => code === 'ConditionalCheckFailed' && charges[position - others.length],
  );
  if (full.every(Boolean)) throw sendLimit(full);
  return undefined;
}

/** Tells the limit that gives way last. */
function sendLimit(limits) {
  const { policy: name, retryAt } = limits.reduce((last, limit) => (limit.retryAt >= last.retryAt ? limit : last));
  const detail = 'Too many messages and calls. Wait before the next one.';
  return new Problem(429, 'send-limit', detail, { policy: name, retryAt });
}

/** The next challenge of the session. One that is still open is replaced, and what it has used is carried over. */
function begin(factor, { subject, challenges }, own, now) {
  const { failures, lastFailureAt, reserved } = rules.account(
    subject,
    challenges,
    (challenge) => challenge === own || rules.isOver(challenge, now),
  );
  const open = own && rules.isOpen(own, now) ? own : undefined;
  const carried = open?.attempts ?? 0;
  const budget = Object.values(reserved).reduce((left, guesses) => left - guesses, policy.lockAt - failures);
  const guesses = Math.min(budget, policy.maxGuesses - carried);
  if (guesses <= 0) {
    throw new Problem(429, 'too-many-failures', 'Too many wrong codes.', { retryAt: now + policy.codeLife });
  }
  if (open?.smsUsed >= policy.maxSends) throw sendLimit([{ policy: 'challenge', retryAt: open.expiresAt }]);
  const full = rules.windows(subject, 'sms', now).filter(({ left }) => left === 0);
  if (full.length > 0) throw sendLimit(full);

  const others = challenges.filter((challenge) => challenge !== own && !rules.isOver(challenge, now));
  const version = subject.version + 1;
  const challenge = {
    ...challengeKey(factor.subject, factor.session),
    generation: (own?.generation ?? 0) + 1,
    phone: subject.phone,
    country: subject.country,
    line: subject.line,
    numberSource: 'enrolled',
    binding: subject.binding,
    purpose: 'login',
    ...(factor.phone && factor.phone !== subject.phone && { claimMismatch: true }),
    charged: {},
    locale: 'en',
    subjectVersion: version,
    createdAt: now,
    expiresAt: now + policy.codeLife,
    attempts: carried,
    carried,
    maxAttempts: carried + guesses,
    outcome: 'pending',
    smsUsed: (open?.smsUsed ?? 0) + 1,
    smsAt: now,
    smsDelivery: 'accepted',
    callsUsed: open?.callsUsed ?? 0,
    ...(others.length > 0 && { contested: true }),
    keepUntil: factor.keepUntil,
    ttl: factor.keepUntil + MONTH,
  };
  const seen = { ...challenge, session: factor.session.toString('base64url') };
  const code = String(randomInt(1_000_000)).padStart(6, '0');
  challenge.codes = [keys.make(factor.subject, seen, code, now)];
  reserved[rules.reservation(seen)] = guesses;
  const smsSent = [...(subject.smsSent ?? []).filter((at) => now - at < LONG), now];
  const after = { ...subject, version, failures, lastFailureAt, guessesReserved: reserved, smsSent };
  return {
    code,
    challenge,
    contests: others.map(({ pk, sk }) => ({
      Update: update({ pk, sk }, 'SET contested = :true', 'attribute_exists(pk)', { ':true': true }),
    })),
    subject: after,
    stored: { subject: after, challenges: [...challenges.filter((other) => other !== own), seen], own: seen },
  };
}

function ofSubject(factor, { version }, draft) {
  const { failures, lastFailureAt, guessesReserved, smsSent, callsPlaced = [] } = draft.subject;
  const andLastFailure = lastFailureAt ? ', lastFailureAt = :lastFailureAt' : '';
  return {
    Update: update(
      subjectKey(factor.subject),
      'SET version = :next, failures = :failures, guessesReserved = :reserved, smsSent = :smsSent, ' +
        `callsPlaced = :callsPlaced${andLastFailure}`,
      'version = :version',
      {
        ':version': version,
        ':next': version + 1,
        ':failures': failures,
        ':reserved': guessesReserved,
        ':smsSent': smsSent,
        ':callsPlaced': callsPlaced,
        ...(lastFailureAt && { ':lastFailureAt': lastFailureAt }),
      },
    ),
  };
}

function ofChallenge({ challenge }, own) {
  if (!own) return { Put: put(challenge, 'attribute_not_exists(pk)') };
  const unmoved =
    'generation = :generation AND attempts = :attempts AND smsUsed = :messages AND callsUsed = :calls AND outcome = :pending';
  const values = {
    ':generation': own.generation,
    ':attempts': own.attempts,
    ':messages': own.smsUsed,
    ':calls': own.callsUsed,
    ':pending': 'pending',
  };
  return { Put: put(challenge, unmoved, values) };
}

const numberPartition = (phone) => `number#${sha256('number', phone).toString('base64url')}`;

/** One more send in a fixed window, on condition that its counter is below the quota. */
function charge(pk, name, quota, length, now) {
  const window = Math.floor(now / length);
  const retryAt = (window + 1) * length;
  const write = update(
    { pk, sk: `${name}#${window}#0` },
    'SET used = if_not_exists(used, :zero) + :one, quota = :quota, #ttl = :ttl',
    'attribute_not_exists(used) OR used < :quota',
    { ':zero': 0, ':one': 1, ':quota': quota, ':ttl': retryAt + COUNTER_MEMORY },
    { '#ttl': 'ttl' },
  );
  return { policy: name, retryAt, write: { Update: write } };
}

async function send(factor, { challenge, code }, now, log) {
  const { BRAND, ORIGIN_HOST } = process.env;
  const Message = `${code} is your ${BRAND} code. Never share it, we will not ask for it.\n@${ORIGIN_HOST} #${code}`;
  const MessageAttributes = { 'AWS.SNS.SMS.SMSType': { DataType: 'String', StringValue: 'Transactional' } };
  const subject = factor.subject.toString('hex', 0, 4);
  try {
    await sns.send(new PublishCommand({ PhoneNumber: challenge.phone, Message, MessageAttributes }));
    log('sent', { subject, channel: 'sms', outcome: 'accepted' });
  } catch (error) {
    log('sent', { subject, channel: 'sms', outcome: 'failed', cause: error.name }, 'WARN'); // its message has the number
    await takeBack(challenge, now);
    throw new Problem(503, 'delivery-failed', 'It could not be sent. Try again in a moment.', { retryAfter: 30 });
  }
}

/** A send that failed does not count against its challenge. */
function takeBack({ pk, sk, generation }, now) {
  const expression = 'SET smsDelivery = :delivery, smsUsed = smsUsed - :one';
  const condition =
    'generation = :generation AND smsAt = :at AND smsDelivery = :accepted AND attribute_not_exists(settled)';
  const values = { ':generation': generation, ':at': now, ':accepted': 'accepted', ':delivery': 'failed', ':one': 1 };
  return transact([{ Update: update({ pk, sk }, expression, condition, values) }]);
}

await serve('start', start);
