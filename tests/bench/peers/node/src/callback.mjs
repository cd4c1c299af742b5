// POST /v1/calls/{challenge}/{token}/digits: a key was pressed in a call that the voice provider placed.

import { createHmac, timingSafeEqual } from 'node:crypto';

import { Problem, body, reply, serve } from './shared/http.mjs';
import { sha256 } from './shared/identity.mjs';
import { policy } from './shared/policy.mjs';
import { readSecret } from './shared/secrets.mjs';
import { challengeKey, update, updateChallenge } from './shared/store.mjs';

const { BRAND, PUBLIC_BASE_URL } = process.env;
const APPROVED = 'Thank you. You are signed in. Goodbye.';
const OVER = 'This call is no longer needed. Goodbye.';
const PROMPT = 'To finish signing in, press the pound key. If you are not signing in, press zero.';

const signing = await readSecret(process.env.VOICE_SIGNING_SECRET_ARN);

async function callback(event, now, log) {
  const form = new URLSearchParams(body(event));
  checkSignature(event, form);
  const call = callOf(event.pathParameters);
  if (form.get('Digits') !== '#') return twiml(ask(event) + say(OVER)); // what other keys do is not compared
  const { challenge } = await updateChallenge(approve(call, now));
  log('webhook', { subject: call.subject.toString('hex', 0, 4), event: 'digits', outcome: challenge?.outcome });
  const isThisCall = challenge?.callToken && timingSafeEqual(challenge.callToken, call.token);
  return twiml(say(isThisCall && challenge.outcome === 'approved' ? APPROVED : OVER)); // a repeated webhook's, too
}

/** HMAC-SHA1 over the address and the sorted parameters, under the current or the previous token. */
function checkSignature(event, form) {
  const query = event.rawQueryString ? `?${event.rawQueryString}` : '';
  const valuesOf = (name) => [...new Set(form.getAll(name))].sort().map((value) => name + value);
  const parameters = [...new Set(form.keys())].sort().flatMap(valuesOf);
  const signed = `${PUBLIC_BASE_URL}${event.rawPath}${query}${parameters.join('')}`;
  const given = Buffer.from(event.headers['x-twilio-signature'] ?? '', 'base64');
  const isRight = [signing.current, signing.previous].filter(Boolean).some((token) => {
    const expected = createHmac('sha1', token).update(signed).digest();
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
  if (!isRight) throw new Problem(403, 'signature-invalid', 'The request is not signed by the voice provider.');
}

/** The call that the path names. */
function callOf({ challenge = '', token = '', event }) {
  const [id, secret] = [Buffer.from(challenge, 'base64url'), Buffer.from(token, 'base64url')];
  if (id.length !== 68 || secret.length !== 16 || event !== 'digits') {
    throw new Problem(404, 'not-found', 'There is no such resource.');
  }
  const [subject, session, generation] = [id.subarray(0, 32), id.subarray(32, 64), id.readUInt32BE(64)];
  return { subject, session, generation, token: sha256('call token', secret) };
}

const APPROVE = 'SET outcome = :approved, approvedAt = :now, approvedBy = :method';
const CAN_APPROVE =
  'generation = :generation AND outcome = :pending AND callToken = :token AND expiresAt > :now ' +
  'AND attempts < maxAttempts AND callState = :answered AND answeredBy IN (:human, :orUnjudged) ' +
  'AND purpose = :login AND attribute_not_exists(contested)';

function approve({ subject, session, generation, token }, now) {
  return update(challengeKey(subject, session), APPROVE, CAN_APPROVE, {
    ':generation': generation,
    ':pending': 'pending',
    ':token': token,
    ':now': now,
    ':answered': 'answered',
    ':human': 'human',
    ':orUnjudged': policy.machineDetection ? 'human' : 'unjudged',
    ':login': 'login',
    ':approved': 'approved',
    ':method': 'press-pound',
  });
}

const escaped = (text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
const say = (words) => `<Say language="en-US">${escaped(words)}</Say>`;
const twiml = (words) => reply(200, 'text/xml', `<Response>${words}<Hangup/></Response>`);

function ask({ rawPath }) {
  const action = escaped(`${PUBLIC_BASE_URL}${rawPath}`);
  const listen = `input="dtmf" finishOnKey="" numDigits="1" timeout="10" method="POST" action="${action}"`;
  return `<Gather ${listen}>${say(`${BRAND}. ${PROMPT}`)}</Gather>`;
}

await serve('callback', callback);
