// What the functions talk to: the local stack, with a front before each service that counts and records requests, and
// responds in place of services that the stack lacks. Each front has its own port, so that no two services share a
// connection, and another port for TLS.

import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { buffer } from 'node:stream/consumers';

import { surroundings } from '../browser/harness/stack.mjs';

export const REPOSITORY = new URL('../..', import.meta.url).pathname.replace(/\/$/, '');
export const TARGET = process.env.CARGO_TARGET_DIR ?? `${REPOSITORY}/target`;
export const STATE = `${REPOSITORY}/.local/bench`;

const SERVICES = {
  dynamodb: 'AWS_ENDPOINT_URL_DYNAMODB',
  events: 'AWS_ENDPOINT_URL_EVENTBRIDGE',
  kms: 'AWS_ENDPOINT_URL_KMS',
  messaging: 'AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2',
  secrets: 'AWS_ENDPOINT_URL_SECRETS_MANAGER',
  sns: 'AWS_ENDPOINT_URL_SNS',
  voice: 'VOICE_API_BASE_URL',
};

/** No limit but those of the operation that is measured, a call mode that every peer has, and the samples' issuer. */
const SETTINGS = {
  COOLDOWN_SECONDS: '3',
  MAX_SENDS_PER_NETWORK_PER_10_MINUTES: '100000',
  CALL_MODE: 'press-pound',
  FIRST_FACTOR_ISSUER: 'https://login.example.com',
  EVENT_BUS_NAME: 'alliance-mfa-bench',
  CORRELATION_KEY_SECRET_ARN: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:alliance-mfa/correlation-bench0',
};

/** Starts the local stack and the fronts before it. */
export async function openFronts() {
  mkdirSync(STATE, { recursive: true });
  const { child, environment } = await surroundings({});
  process.once('exit', () => child.kill());
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  const identity = certificate();
  const agent = new http.Agent({ keepAlive: true });
  const record = { requests: [], connections: 0 };
  const servers = [];

  async function front(service, secure) {
    const onward = environment[SERVICES[service]] && forward(environment[SERVICES[service]], agent);
    const own = { dynamodb: healthOr(onward), events: put, secrets: correlationOr(onward), voice: placed };
    const answer = own[service] ?? onward;
    const listener = async (request, response) => {
      const body = await buffer(request);
      record.requests.push({ service, method: request.method, target: request.headers['x-amz-target'], body });
      answer(request, body, response);
    };
    const server = secure ? https.createServer(identity, listener) : http.createServer(listener);
    server.keepAliveTimeout = 600_000;
    server.on('connection', () => (record.connections += 1));
    servers.push(server);
    await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
    return `http${secure ? 's' : ''}://127.0.0.1:${server.address().port}`;
  }

  async function environmentOf(secure) {
    const fronts = {};
    for (const [service, variable] of Object.entries(SERVICES)) fronts[variable] = await front(service, secure);
    return { ...inherited(), ...environment, ...SETTINGS, ...fronts };
  }

  return {
    environment: await environmentOf(false),
    /** The same over TLS, with the authority to trust under the name that each language's tools know. */
    secure: {
      ...(await environmentOf(true)),
      AWS_CA_BUNDLE: identity.authority,
      NODE_EXTRA_CA_CERTS: identity.authority,
      SSL_CERT_FILE: identity.authority,
    },
    dynamodb: environment.AWS_ENDPOINT_URL_DYNAMODB,
    /** What was asked, and over how many new connections, since the last time that somebody asked this. */
    taken() {
      const { requests, connections } = record;
      Object.assign(record, { requests: [], connections: 0 });
      return { requests, connections };
    },
    close() {
      child.kill();
      agent.destroy();
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}

/** Nothing of the caller's own environment but what programs need to run at all. */
function inherited() {
  return { PATH: process.env.PATH, HOME: process.env.HOME };
}

/** Passes a request on, and the answer back. */
function forward(endpoint, agent) {
  return (request, body, response) => {
    const { host, ...headers } = request.headers;
    const onward = http.request(endpoint + request.url, { agent, method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', (error) => response.destroy(error));
    onward.end(body);
  };
}

/** The voice provider: it takes every call and rings nobody. */
function placed(_request, _body, response) {
  const call = { sid: 'CA00000000000000000000000000000001', status: 'queued' };
  response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(call));
}

/** DynamoDB says at its address that it is well, to anybody; the local one does not. */
function healthOr(onward) {
  return (request, body, response) => {
    if (request.method !== 'GET') return onward(request, body, response);
    response.writeHead(200, { 'content-type': 'text/plain' }).end('healthy: dynamodb.us-east-1.amazonaws.com ');
  };
}

/** The bus: it takes every event. */
function put(_request, body, response) {
  const taken = JSON.parse(body).Entries.map(() => ({ EventId: randomUUID() }));
  answerAws(response, { FailedEntryCount: 0, Entries: taken });
}

/** The key of the digests, which the local stack does not have; all other secrets it has. */
function correlationOr(onward) {
  return (request, body, response) => {
    const { SecretId: id } = JSON.parse(body);
    if (id !== SETTINGS.CORRELATION_KEY_SECRET_ARN) return onward(request, body, response);
    const document = { key: 'bench-correlation-key-0123456789abcdef' };
    answerAws(response, { ARN: id, Name: id.split(':').at(-1), SecretString: JSON.stringify(document) });
  };
}

function answerAws(response, answer) {
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer));
}

/** An authority and a certificate for this machine, both of today. */
function certificate() {
  const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'.split(' ');
  const file = (name) => `${STATE}/${name}`;
  const issue = (name, options) => {
    const named = ['-subj', `/CN=${name}`, '-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)];
    execFileSync('openssl', [...words, ...named, ...options], { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  issue('authority', ['-days', '2']);
  const front = ['-addext', 'subjectAltName=IP:127.0.0.1', '-addext', 'basicConstraints=critical,CA:FALSE'];
  issue('front', ['-CA', file('authority.pem'), '-CAkey', file('authority.key'), '-days', '1', ...front]);
  // Deployed functions read Amazon's roots, so they are read here too.
  const bundle = file('bundle.pem');
  const amazon = readFileSync(`${REPOSITORY}/shared/platform/roots/amazon.pem`);
  writeFileSync(bundle, Buffer.concat([readFileSync(file('authority.pem')), amazon]));
  return {
    key: readFileSync(file('front.key')),
    cert: readFileSync(file('front.pem')),
    authority: bundle,
  };
}
