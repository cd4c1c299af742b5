// POST /v1/challenge/code: judges one guess. Count, compare, consume.

import { Problem, fields, invalid, serve } from './shared/http.mjs';
import { firstFactor, isAmong } from './shared/identity.mjs';
import { openMacKeys } from './shared/secrets.mjs';
import { challengeKey, settle, update, updateChallenge } from './shared/store.mjs';
import { sign } from './shared/token.mjs';
import { show } from './shared/view.mjs';

const keys = await openMacKeys();

async function verify(event, now, log) {
  const factor = firstFactor(event, now);
  const guess = readGuess(event);
  const { done, challenge } = await countGuess(factor, now);
  // A number that is only being enrolled is settled otherwise, which is not compared here.
  if (!done || challenge.numberSource !== 'enrolled') throw closed();
  const right = keys
    .candidates(factor.subject, challenge, guess)
    .reduce((found, mac) => isAmong(mac, challenge.codes) || found, false);
  log('judged', { subject: factor.subject.toString('hex', 0, 4), right, attempts: challenge.attempts });
  if (!right) {
    const attemptsLeft = challenge.maxAttempts - challenge.attempts;
    throw new Problem(422, 'code-wrong', 'This code is wrong.', { attemptsLeft });
  }
  if (!(await settle(factor.subject, challenge, now))) throw closed();
  const own = { ...challenge, outcome: 'approved', approvedAt: now, approvedBy: 'sms-code', settled: true };
  const subject = { phone: own.phone, country: own.country, line: own.line };
  return show(200, { subject, challenges: [own], own }, factor, now, await sign(factor, own));
}

const closed = () => new Problem(410, 'challenge-closed', 'There is nothing to confirm.');

function readGuess(event) {
  const { code } = fields(event, ['code', 'purpose']);
  if (!code) throw invalid('code', 'is required');
  const digits = code.replaceAll(' ', '');
  if (!/^[0-9]{6}$/.test(digits)) {
    throw new Problem(422, 'code-malformed', 'A code is exactly six digits. This did not cost an attempt.');
  }
  return digits;
}

function countGuess(factor, now) {
  const write = update(
    challengeKey(factor.subject, factor.session),
    'SET attempts = attempts + :one, lastGuessAt = :now',
    'outcome = :pending AND expiresAt > :now AND attempts < maxAttempts',
    { ':one': 1, ':now': now, ':pending': 'pending' },
  );
  return updateChallenge(write);
}

await serve('verify', verify);
