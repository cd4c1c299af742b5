// The programs that are compared: the product, its floor, and the peers, each idiomatic in its ecosystem.

import { existsSync } from 'node:fs';

import { REPOSITORY, STATE, TARGET } from './fronts.mjs';

const PEERS = `${REPOSITORY}/tests/bench/peers`;
export const RELEASE = process.env.BINARIES ?? `${TARGET}/release`;

/**
 * By function: the floor with the same clients, the peers' function if they do it too, the secrets that it reads
 * during init where it may read some, and whether it opens DynamoDB's connection there.
 */
export const FUNCTIONS = {
  'start-challenge': {
    floor: 'floor-start',
    peer: 'start',
    secrets: ['MAC_KEYS_SECRET_ARN', 'VOICE_API_SECRET_ARN'],
    connects: true,
  },
  'get-challenge': { floor: 'floor-code', peer: 'status', secrets: [], connects: true },
  'verify-code': { floor: 'floor-code', peer: 'verify', secrets: ['MAC_KEYS_SECRET_ARN'], connects: true },
  'call-callback': { floor: 'floor-webhook', peer: 'callback', secrets: ['VOICE_SIGNING_SECRET_ARN'], connects: true },
  admin: { floor: 'floor-webhook' },
  jwks: { floor: 'floor-jwks' },
  authorize: { floor: 'floor-code' },
  cognito: { floor: 'floor-trigger' },
  'login-page': { floor: 'floor-hello' },
  'audit-events': { floor: 'floor-events', secrets: ['CORRELATION_KEY_SECRET_ARN'] },
  'follow-up': { floor: 'floor-follow-up' },
  'message-receipts': { floor: 'floor-receipts' },
};

/** Whether a function is one of those that a login waits for: they have peers, and goals. */
export const inLogin = (name) => 'peer' in FUNCTIONS[name];

export const LANGUAGES = {
  go: (peer) => ({ command: [`${PEERS}/go/bin/${peer}`] }),
};

/** The product's function. */
export function product(name) {
  return { command: [`${RELEASE}/${name}`] };
}

/** The floor of a function, with the operation's requests in `file` if it makes any. */
export function floor(name, environment, file = undefined) {
  const { floor, secrets, connects } = FUNCTIONS[name];
  const own = {
    ...(secrets && { SECRETS: secrets.map((variable) => environment[variable]).join() }),
    ...(connects && { CONNECTS: 'AWS_ENDPOINT_URL_DYNAMODB' }),
    ...(file && { REQUESTS: file }),
  };
  return { command: [`${RELEASE}/${floor}`], environment: own };
}

/** The peers of a function that were built, by language. */
export function peers(name, without) {
  if (!inLogin(name)) return {};
  const { peer } = FUNCTIONS[name];
  const wanted = Object.entries(LANGUAGES).filter(([language]) => !without.includes(language));
  const programs = wanted.map(([language, program]) => [language, program(peer)]);
  for (const [language, { command }] of programs) {
    const file = command.find((part) => part.startsWith(REPOSITORY));
    if (!existsSync(file))
      throw new Error(`the ${language} peer is not built: make bench builds it, WITHOUT=${language} leaves it out`);
  }
  return Object.fromEntries(programs);
}

/** Where the requests of an operation are kept for its floor. */
export function recording(operation) {
  return `${STATE}/${operation.replaceAll(' ', '-')}.json`;
}
