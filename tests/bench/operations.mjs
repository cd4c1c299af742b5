// The operations, and the people to run each of them for: everybody has an enrolled number and the challenge that the
// operation needs, created by the product's own functions. Stream records are built from the items that these wrote.

import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { REPOSITORY } from './fronts.mjs';
import { change } from './stream.mjs';

const AUTH_TOKEN = 'development-voice-auth-token';
const COOLDOWN = 3_000;
const DAY = 24 * 3600;

const END_USER_MESSAGING = { SMS_PROVIDER: 'end-user-messaging' };

/**
 * Each operation: its function, what it needs (where that is nothing, nobody is enrolled for it), its event for the
 * person, the status that it must answer, and settings of its own.
 */
export const OPERATIONS = {
  'start sms': {
    function: 'start-challenge',
    calls: 'Query, TransactWriteItems, Publish',
    prepare: async () => {},
    event: (person) => login('start-sms', person),
    status: 201,
  },
  'start end-user-messaging': {
    function: 'start-challenge',
    calls: 'Query, TransactWriteItems, SendTextMessage',
    settings: END_USER_MESSAGING,
    prepare: async () => {},
    event: (person) => login('start-sms', person),
    status: 201,
    hasPeers: false, // they send through SNS only
  },
  'start call': {
    function: 'start-challenge',
    calls: 'Query, TransactWriteItems, POST Calls.json',
    prepare: async () => {},
    event: (person) => login('start-call', person),
    status: 201,
    hasPeers: false, // they send codes only
  },
  status: {
    function: 'get-challenge',
    calls: 'Query',
    prepare: code,
    event: (person) => login('status', person),
    status: 200,
  },
  'wrong guess': {
    function: 'verify-code',
    calls: 'UpdateItem',
    prepare: code,
    event: (person) => guess(person, person.code === '000000' ? '000001' : '000000'),
    status: 422,
  },
  'right guess': {
    function: 'verify-code',
    calls: 'UpdateItem, TransactWriteItems, Sign',
    prepare: code,
    event: (person) => guess(person, person.code),
    status: 200,
  },
  webhook: {
    function: 'call-callback',
    calls: 'UpdateItem',
    prepare: call,
    firstLogin: true, // a login shortly before would contest this one, and `#` would not approve
    event: (person) => webhook('press-pound', person, 'digits'),
    status: 200,
  },
  'admin show': {
    function: 'admin',
    calls: 'Query',
    prepare: code,
    event: (person) => administration('admin-show', person),
    status: 200,
  },
  'admin reset': {
    function: 'admin',
    calls: 'Query, TransactWriteItems',
    prepare: code,
    event: (person) => administration('admin-reset-phone', person),
    status: 200,
  },
  jwks: {
    function: 'jwks',
    calls: '', // the keys are read during init
    event: () => sample('jwks'),
    status: 200,
  },
  'entra begins': {
    function: 'authorize',
    calls: 'Sign', // Entra's keys are known: they are read once a day
    prepare: asked,
    event: ({ form }) => posted('/authorize', form),
    status: 303,
  },
  'entra is answered': {
    function: 'authorize',
    calls: 'Sign',
    prepare: approved,
    event: ({ handover, cookie }) => posted('/authorize/answer', handover, cookie),
    status: 200,
  },
  'cognito asks': {
    function: 'cognito',
    calls: 'Sign',
    event: () => sample('cognito-create'),
    status: 200,
  },
  'cognito is answered': {
    function: 'cognito',
    calls: '',
    prepare: approvedInPool,
    event: answered,
    status: 200,
  },
  'login page': {
    function: 'login-page',
    calls: '',
    event: page,
    status: 200,
  },
  'audit events': {
    function: 'audit-events',
    calls: 'PutEvents',
    prepare: code,
    event: started,
    status: 200,
  },
  'follow-up count': {
    function: 'follow-up',
    calls: 'TransactWriteItems',
    prepare: async () => {},
    event: verifiedAgain,
    status: 200,
  },
  'follow-up notice': {
    function: 'follow-up',
    calls: 'Publish',
    prepare: async () => {},
    event: replaced,
    status: 200,
  },
  receipt: {
    function: 'message-receipts',
    calls: 'UpdateItem',
    prepare: message,
    event: delivered,
    status: 200,
  },
};

/**
 * Enrols `count` people, unless the operation is their first login, and gives each what `operation` needs; nobody in particular where it needs nothing.
 * @param invoke what has one of the product's functions answer an event: `(name, event) => answer`
 * @param taken what tells the requests that were made since it was last asked
 * @param entra the address of the local stand-in for Entra
 */
export async function population(operation, count, invoke, taken, entra) {
  if (!operation.prepare) return Array.from({ length: count }, () => ({}));
  const people = Array.from({ length: count }, (_, index) => ({
    sub: `bench-${process.pid}-${(serial += 1)}`,
    session: 'enrolment',
    phone: `+1415${2_000_000 + index}`,
  }));
  const bench = { invoke, taken, entra };
  for (const person of operation.firstLogin ? [] : people) {
    await code(person, bench);
    await expect(200, invoke('verify-code', guess(person, person.code)));
    person.session = 'login';
  }
  await new Promise((over) => setTimeout(over, operation.firstLogin ? 0 : COOLDOWN));
  for (const person of people) await operation.prepare(person, bench);
  taken();
  return people;
}

let serial = 0;

/** What a function answered, if it has the right status. A stream's has done all if it wants no change again, a trigger what it is for. */
export async function expect(status, answered) {
  const answer = await answered;
  const { statusCode, body } = parse(answer);
  if (statusCode !== status) throw new Error(`${statusCode ?? 'no answer'} instead of ${status}: ${body ?? answer}`);
  return body;
}

function parse(answer) {
  try {
    const parsed = JSON.parse(answer);
    if (parsed === null) return { statusCode: 200 }; // of an event that nobody waits for
    const { publicChallengeParameters: asked, answerCorrect } = parsed.response ?? {}; // of a trigger
    if (asked?.token || answerCorrect === true) return { statusCode: 200 };
    return parsed.batchItemFailures?.length === 0 ? { statusCode: 200 } : parsed;
  } catch {
    return {};
  }
}

/** Has a code sent, and reads it from the message. */
async function code(person, { invoke, taken }) {
  taken();
  await expect(201, invoke('start-challenge', login('start-sms', person)));
  const message = taken().requests.find(({ service }) => service === 'sns').body;
  person.code = /\b\d{6}\b/.exec(new URLSearchParams(String(message)).get('Message'))[0];
}

/** Has a code sent through End User Messaging, and keeps what comes back with its receipts. */
async function message(person, { invoke, taken }) {
  taken();
  await expect(201, invoke('start-challenge', login('start-sms', person), END_USER_MESSAGING));
  person.context = JSON.parse(taken().requests.find(({ service }) => service === 'messaging').body).Context;
}

/** Has a call placed, and answers it. */
async function call(person, { invoke, taken }) {
  taken();
  await expect(201, invoke('start-challenge', login('start-call', person)));
  const form = taken().requests.find(({ service }) => service === 'voice').body;
  const url = new URL(new URLSearchParams(String(form)).get('Url'));
  person.webhooks = `${url.origin}${url.pathname.replace(/\/answer$/, '')}`;
  await expect(200, invoke('call-callback', webhook('answer', person, 'answer')));
}

/** Has the local stand-in for Entra send the person to us. */
async function asked(person, { invoke, entra }) {
  const page = await (await fetch(`${entra}/begin?account=${person.sub}`)).text();
  const fields = [...page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)];
  person.form = Object.fromEntries(fields.map(([, name, value]) => [name, unescaped(value)]));
  await expect(303, invoke('authorize', posted('/authorize', person.form))); // so that Entra's keys are known
}

/** The same up to the approval by a code. */
async function approved(person, bench) {
  await asked(person, bench);
  const begun = JSON.parse(await bench.invoke('authorize', posted('/authorize', person.form)));
  const sent = new URLSearchParams(begun.headers.location.split('#')[1]);
  const token = sent.get('token');
  const { sub, jti } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  const there = { ...person, sub, session: jti };
  await code(there, bench);
  const body = await expect(200, bench.invoke('verify-code', guess(there, there.code)));
  person.cookie = begun.cookies[0].split(';')[0];
  person.handover = { first_factor_token: token, result_token: JSON.parse(body).resultToken, state: sent.get('state') };
}

/** Has a person of the user pool approve by a code. */
async function approvedInPool(person, bench) {
  const { userPoolId, request } = sample('cognito-verify');
  const there = { ...person, sub: `cognito:${userPoolId}:${person.sub}`, session: request.privateChallengeParameters.login };
  await code(there, bench);
  const body = await expect(200, bench.invoke('verify-code', guess(there, there.code)));
  person.result = JSON.parse(body).resultToken;
}

function answered({ sub, result }) {
  const { request, ...event } = sample('cognito-verify');
  const userAttributes = { ...request.userAttributes, sub };
  return { ...event, request: { ...request, userAttributes, challengeAnswer: result } };
}

/** A form posted to authorize, as the gateway delivers it. */
function posted(path, fields, cookie) {
  const event = sample('entra-hint-too-old');
  const { body, cookies, ...rest } = event;
  const http = { ...event.requestContext.http, path };
  return {
    ...rest,
    rawPath: path,
    routeKey: `POST ${path}`,
    requestContext: { ...event.requestContext, http, routeKey: `POST ${path}` },
    ...(cookie && { cookies: [cookie] }),
    body: Buffer.from(new URLSearchParams(fields).toString()).toString('base64'),
    isBase64Encoded: true,
  };
}

function unescaped(text) {
  const known = { lt: '<', gt: '>', quot: '"', amp: '&' };
  return text.replace(/&(lt|gt|quot|amp);/g, (_, name) => known[name]);
}

function sample(name) {
  return JSON.parse(readFileSync(`${REPOSITORY}/events/${name}.json`, 'utf8'));
}

/** A sample event with the person's claims in it. */
function login(name, { sub, session, phone }) {
  const event = sample(name);
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub, jti: session, iat: now, auth_time: now, exp: now + 600, phone_number: phone };
  const own = event.requestContext.authorizer.jwt.claims;
  for (const [claim, value] of Object.entries(claims)) own[claim] = String(value);
  own.phone_number_verified = 'true';
  return event;
}

/** A sample request of an administrator, about the person. */
function administration(name, { sub }) {
  const event = sample(name);
  const subject = Buffer.from(sub).toString('base64url');
  event.rawPath = event.rawPath.replace(event.pathParameters.subject, subject);
  event.requestContext.http.path = event.rawPath;
  event.pathParameters = { subject };
  return event;
}

/** The sample request for the page, as every browser asks: for a compressed one. */
function page() {
  const event = sample('login-page');
  event.headers['accept-encoding'] = 'gzip, deflate, br, zstd';
  return event;
}

/** The sample receipt, of the person's message. */
function delivered({ context, phone }) {
  const event = sample('receipt-delivered');
  Object.assign(event.detail, { context, destinationPhoneNumber: phone });
  return event;
}

/** A challenge is written that was not there. */
function started({ items }) {
  return change(
    undefined,
    items.find(({ outcome }) => outcome?.S === 'pending'),
  );
}

/** A number that was last proven the day before is proven. */
function verifiedAgain({ items }) {
  const now = account(items);
  return change({ ...now, lastSuccessAt: { N: String(now.lastSuccessAt.N - DAY) } }, now);
}

/** Another number takes the place of the enrolled one. */
function replaced({ items }) {
  const before = account(items);
  return change(before, {
    ...before,
    phone: { S: '+14155552671' },
    binding: { N: String(Number(before.binding.N) + 1) },
  });
}

function account(items) {
  return items.find(({ sk }) => sk.S === 'subject');
}

function guess(person, digits) {
  return { ...login('right-code', person), body: JSON.stringify({ code: digits }) };
}

/** A sample webhook for the person's call, signed as the provider does. */
function webhook(name, { webhooks, phone }, kind) {
  const event = sample(name);
  const [challenge, token] = webhooks.split('/').slice(-2);
  const form = new URLSearchParams(Buffer.from(event.body, 'base64').toString());
  form.set('To', phone);
  event.rawPath = new URL(`${webhooks}/${kind}`).pathname;
  event.requestContext.http.path = event.rawPath;
  event.pathParameters = { challenge, token, event: kind };
  event.body = Buffer.from(form.toString()).toString('base64');
  const signed = [...form].sort().reduce((text, [key, value]) => text + key + value, `${webhooks}/${kind}`);
  event.headers['x-twilio-signature'] = createHmac('sha1', AUTH_TOKEN).update(signed).digest('base64');
  return event;
}
