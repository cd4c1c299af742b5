// The numbers that govern the factor, and what follows from them for an account.

const number = (name, otherwise) => Number(process.env[name] || otherwise);

export const SHORT = 600;
export const LONG = 86_400;
export const SKEW = 60;
export const RESULT_LIFE = 300;

export const policy = {
  maxAuthAge: number('MAX_AUTH_AGE_SECONDS', 900),
  codeLife: number('CODE_LIFE_SECONDS', 300),
  cooldown: number('COOLDOWN_SECONDS', 30),
  maxGuesses: number('MAX_GUESSES', 5),
  maxSends: number('MAX_SENDS', 3),
  maxSendsShort: number('MAX_SENDS_PER_10_MINUTES', 5),
  maxSendsLong: number('MAX_SENDS_PER_DAY', 10),
  maxCallsShort: number('MAX_CALLS_PER_10_MINUTES', 2),
  maxNumberShort: number('MAX_SENDS_PER_NUMBER_PER_10_MINUTES', 5),
  maxNumberLong: number('MAX_SENDS_PER_NUMBER_PER_DAY', 10),
  maxNetwork: number('MAX_SENDS_PER_NETWORK_PER_10_MINUTES', 20),
  delayFrom: number('DELAY_FROM_FAILURES', 10),
  lockAt: number('LOCK_AT_FAILURES', 100),
  machineDetection: process.env.MACHINE_DETECTION !== 'off',
};

/** Countries, each with its channels: `US,CA:sms`. */
const countries = new Map(
  (process.env.ALLOWED_COUNTRIES ?? '').split(',').map((entry) => {
    const [country, channels = 'sms+call'] = entry.trim().split(':');
    return [country, channels.split('+')];
  }),
);

export const isServed = (country) => countries.has(country);

/** A landline takes calls only. */
export const reaches = (channel, { country, line }) =>
  (countries.get(country) ?? []).includes(channel) && (channel === 'call' || line === 'mobile');

export const isOpen = (challenge, now) =>
  challenge.outcome === 'pending' && challenge.attempts < challenge.maxAttempts && challenge.expiresAt > now;

/** Closed by any machine's clock, so that its guesses are final. */
export const isOver = (challenge, now) => !isOpen(challenge, now - SKEW);

export const reservation = ({ session, generation }) => `${session}#${generation}`;

/** What the guesses reserved for challenges come to once those that `count` takes are counted as failures. */
export function account(subject, challenges, count) {
  let { failures = 0, lastFailureAt = 0 } = subject;
  const reserved = {};
  for (const [name, guesses] of Object.entries(subject.guessesReserved ?? {})) {
    const challenge = challenges.find((known) => reservation(known) === name);
    if (!challenge) {
      failures += guesses; // forgotten, so it counts as spent
    } else if (!count(challenge)) {
      reserved[name] = guesses;
    } else if (challenge.attempts > challenge.carried) {
      const madeUpFor = challenge.lastGuessAt + SKEW < (subject.lastSuccessAt ?? 0);
      failures += madeUpFor ? 0 : challenge.attempts - challenge.carried;
      lastFailureAt = Math.max(lastFailureAt, challenge.lastGuessAt);
    }
  }
  return { failures, lastFailureAt, reserved };
}

/** Whether failures keep the account from a new challenge, and until when if that ends by itself. */
export function lockout(subject, challenges, now) {
  const { failures, lastFailureAt } = account(subject, challenges, () => true);
  if (subject.lockedAt || failures >= policy.lockAt) return { locked: true };
  const delay = failures < policy.delayFrom ? 0 : Math.min(30 * 2 ** (failures - policy.delayFrom), 3600);
  return lastFailureAt + delay > now ? { locked: true, until: lastFailureAt + delay } : { locked: false };
}

/** The sliding windows that limit an account's sends, each with the sends left and when a full one has room again. */
export function windows({ smsSent = [], callsPlaced = [] }, channel, now) {
  const all = [...smsSent, ...callsPlaced].sort((a, b) => a - b);
  const limits = [
    ['subject-short', all, policy.maxSendsShort, SHORT],
    ['subject-long', all, policy.maxSendsLong, LONG],
  ];
  if (channel === 'call') limits.push(['subject-calls', callsPlaced, policy.maxCallsShort, SHORT]);
  return limits.map(([name, times, quota, length]) => {
    const sent = times.filter((at) => now - at < length);
    const left = Math.max(0, quota - sent.length);
    return { policy: name, left, retryAt: left ? undefined : sent[sent.length - quota] + length };
  });
}
