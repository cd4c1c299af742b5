// The local stack around the real functions: `local serve` prints its addresses and the functions' environment, to
// which the test's settings are added.

import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';

import { openRuntime } from './runtime.mjs';

const REPOSITORY = new URL('../../..', import.meta.url).pathname.replace(/\/$/, '');
const BINARIES = `${process.env.CARGO_TARGET_DIR ?? `${REPOSITORY}/target`}/debug`;
export const LOGS = `${REPOSITORY}/.local`;
const FUNCTIONS = [
  'start-challenge', 'get-challenge', 'verify-code', 'call-callback', 'message-receipts', 'jwks', 'login-page', 'admin', 'authorize',
  'cognito',
];

/** Where an app takes the result. */
export const APP = 'com.example.app:/mfa/done';

/** Settings for every test, so that it meets only the limits and waits that it is about. */
const SETTINGS = {
  ALLOWED_COUNTRIES: 'US,CA,GB,FR:sms,BE',
  COOLDOWN_SECONDS: '3',
  SEND_TIMEOUT_SECONDS: '3',
  UNVERIFIED_BUDGET_MODE: 'record-only',
  UNVERIFIED_SENDS_PER_RANGE_PER_DAY: '10000',
  MAX_SENDS_PER_NETWORK_PER_10_MINUTES: '100000',
};

/**
 * Starts a stack that trusts `backend` and its own phone's page, with `settings` added to the functions' environment.
 * @returns {Promise<{url: string, issuer: string, entra: string, phone: string, close: () => Promise<void>}>}
 */
export async function startStack(name, backend, settings = {}) {
  const runtime = await openRuntime();
  const { child, gateway, issuer, entra, phone, environment } = await surroundings({
    FUNCTIONS_PORT: runtime.port,
    FRAME_ANCESTORS: backend.origin,
    REDIRECT_URIS: `${backend.redirectUri},${APP}`,
  });
  mkdirSync(LOGS, { recursive: true });
  runtime.run(FUNCTIONS, BINARIES, { ...environment, ...SETTINGS, ...settings }, `${LOGS}/browser-${name}.log`);
  // Also if the process ends with an error before anything is closed.
  const end = () => {
    runtime.kill();
    child.kill();
  };
  process.once('exit', end);
  return {
    url: gateway,
    issuer,
    entra,
    phone,
    async close() {
      process.off('exit', end);
      end();
      await runtime.close();
    },
  };
}

/** Starts the local stack without functions; returns its process and the addresses it prints. */
export async function surroundings(environment) {
  const child = spawn(`${BINARIES}/local`, ['serve'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  const said = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('error', (error) => reject(new Error(`the local stack cannot be run: ${error.message}`)));
    child.once('exit', (code) => reject(new Error(`the local stack ended with ${code}`)));
  });
  return { child, ...JSON.parse(said) };
}
