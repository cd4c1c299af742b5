// The timeline: each request to the API, each webhook, and what goes to and comes from End User Messaging, newest first,
// with what was sent, what came back, and a command that sends it again.

import { copies, make } from './common.js';
import { follow } from './live.js';

const SHOWN = 60;
const find = (selector) => document.querySelector(selector);
const [list, panel] = [find('#timeline'), find('#timeline-panel')];
const rows = new Map();
let latest = 0; // the version of the stack's timeline
let known = 0; // the version that is shown
let asking = false;

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** The command that sends an exchange's request again. */
export function curl({ method, url, headers, body }) {
  const parts = headers.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  if (body) parts.push(`--data-raw ${quoted(body)}`);
  return [`curl -i -X ${method} ${quoted(url)}`, ...parts].join(' \\\n  ');
}

/** A body as a person reads it. */
function readable(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    const isForm = /^\w+=[^\n<]*$/.test(body);
    return isForm ? [...new URLSearchParams(body)].map(([name, value]) => `${name}: ${value}`).join('\n') : body;
  }
}

const parsed = (text) => {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
};

/** Why End User Messaging refused something, if it did. */
const refusal = ({ Reason, __type }) => Reason ?? __type?.split('#').pop();

/** What each kind of entry is called, and its gist. All but these are requests of the login page. */
const KINDS = {
  SendTextMessage: ['Message', ({ body, answer }) => {
    const { OriginationIdentity = 'any sender', Context = {} } = parsed(body);
    return refusal(parsed(answer)) ?? ['from ', OriginationIdentity, ...Object.keys(Context).map((key) => ` · ${key}`)].join('');
  }],
  PutMessageFeedback: ['Feedback', ({ body, answer }) => refusal(parsed(answer)) ?? parsed(body).MessageFeedbackStatus],
  'message-receipts': ['Receipt', ({ body, status }) => `${parsed(body).detail.eventType}${status < 400 ? '' : ' · not taken'}`],
};

/** What a webhook reports. */
function report({ body }) {
  const { Digits, AnsweredBy, CallStatus } = Object.fromEntries(new URLSearchParams(body));
  return Digits ?? AnsweredBy ?? CallStatus;
}

/** The state that an answer tells, or the name of a problem. */
function told({ answer }) {
  const { state, type, message } = parsed(answer);
  return state ?? type?.split(':').pop() ?? message;
}

function part(title, text) {
  return text ? [make('h4', {}, title), make('pre', { tabIndex: 0 }, readable(text))] : [];
}

function draw(entry) {
  const { id, times, route, method, url, status, answer, atMillis, elapsedMillis } = entry;
  const isWebhook = route.startsWith('POST /v1/calls/');
  const [kind, gist] = KINDS[route] ?? (isWebhook ? ['Webhook', report] : ['Request', told]);
  const address = isWebhook ? `…/${url.split('/').pop()}` : url.replace(/^https?:\/\/[^/]+/, '');
  const path = route in KINDS ? route : address;
  const summary = make('summary', {},
    make('time', {}, new Date(atMillis).toLocaleTimeString([], { hour12: false })),
    make('span', { className: `kind ${kind === 'Request' ? '' : 'webhook'}` }, kind),
    make('code', { className: 'path' }, make('b', {}, method), ` ${path}`),
    make('span', { className: 'gist' }, gist(entry) ?? ''),
    make('span', { className: 'times' }, times > 1 ? `× ${times}` : ''),
    make('span', { className: `code ${status < 400 ? 'fine' : 'failed'}` }, String(status)),
    make('span', { className: 'took' }, `${elapsedMillis} ms`));
  const copy = copies(make('button', { className: 'small' }), 'Copy as curl', () => curl(entry));
  const body = make('div', { className: 'exchange' },
    make('div', {}, copy), ...part('Sent', entry.body), ...part('Answered', answer));
  const row = rows.get(id) ?? make('li', {}, make('details', {}));
  const shell = row.firstChild;
  const held = shell.firstChild?.contains(document.activeElement);
  shell.replaceChildren(summary, body);
  if (held) summary.focus();
  if (!rows.has(id)) list.prepend(row);
  rows.set(id, row);
}

function trim() {
  for (const [id, row] of [...rows].slice(0, -SHOWN)) {
    row.remove();
    rows.delete(id);
  }
}

async function refresh() {
  if (asking || !panel.open || known === latest) return;
  asking = true;
  try {
    const entries = await (await fetch(`/timeline?after=${known}`)).json();
    for (const entry of entries) draw(entry);
    known = Math.max(known, ...entries.map(({ version }) => version));
  } catch {
    known = latest; // the stack is gone, which the phone says
  }
  asking = false;
  trim();
  find('#timeline-empty').hidden = rows.size > 0;
  refresh();
}

panel.addEventListener('toggle', refresh);
follow(({ timeline }) => {
  latest = timeline;
  refresh();
});
