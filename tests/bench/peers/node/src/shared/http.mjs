// Requests as API Gateway brings them, replies, problem documents (RFC 9457), and the log line of each request.

import { run } from './runtime.mjs';

const MAX_BODY = 4096;

/** What a caller may see of a request that was not done; `more` goes into the document. */
export class Problem extends Error {
  constructor(status, name, detail, more = {}) {
    super(detail);
    Object.assign(this, { status, name, more });
  }
}

export const invalid = (field, fault) => new Problem(400, 'invalid-field', `${field} ${fault}.`, { field });

/** A response that nobody may keep. */
export function reply(statusCode, type, body, headers = {}) {
  return { statusCode, headers: { 'content-type': type, 'cache-control': 'no-store', ...headers }, body };
}

export const rfc3339 = (seconds) => new Date(seconds * 1000).toISOString().replace('.000', '');

function document({ status, name, message, more }, now) {
  const { retryAt, retryAfter = retryAt && Math.max(1, retryAt - now), ...rest } = more;
  const body = { type: `urn:alliance-mfa:problem:${name}`, title: name.replaceAll('-', ' '), status, detail: message };
  if (retryAt) body.retryAt = rfc3339(retryAt);
  const headers = retryAfter ? { 'retry-after': String(retryAfter) } : {};
  return reply(status, 'application/problem+json', JSON.stringify({ ...body, ...rest }), headers);
}

/** The SDK marks what it throws with metadata; anything else is a fault of ours. */
function problemOf(error) {
  if (error instanceof Problem) return error;
  const [status, name, detail] = error.$metadata
    ? [503, 'temporarily-unavailable', 'Please try again in a moment. Nothing is lost.']
    : [500, 'internal', 'Something went wrong on our side.'];
  return new Problem(status, name, detail, error.$metadata ? { retryAfter: 1 } : {});
}

/** Answers requests by `handle(event, now, log)`, where `log(message, fields)` writes one line. */
export function serve(name, handle) {
  return run(async (event, { awsRequestId: requestId }) => {
    const began = performance.now();
    const now = Math.floor(Date.now() / 1000);
    const log = (message, fields, level = 'INFO') => {
      const timestamp = new Date().toISOString();
      console.log(JSON.stringify({ timestamp, level, message, function: name, requestId, ...fields }));
    };
    let response, problem, cause;
    try {
      response = await handle(event, now, log);
    } catch (error) {
      const seen = problemOf(error);
      response = document(seen, now);
      problem = seen.name;
      if (seen !== error) cause = `${error.name}: ${error.message}`;
    }
    const elapsedMs = Math.round(performance.now() - began);
    const level = response.statusCode >= 500 ? 'ERROR' : 'INFO';
    log('answered', { status: response.statusCode, problem, cause, elapsedMs }, level);
    return response;
  });
}

export function body(event) {
  const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.length > MAX_BODY) throw new Problem(413, 'body-too-large', 'The body must not be larger than 4 KiB.');
  return bytes.toString();
}

/** The body's fields: an object of texts whose every name is among `known`. */
export function fields(event, known) {
  const [type] = (event.headers['content-type'] ?? '').split(';');
  if (type.trim().toLowerCase() !== 'application/json') {
    throw new Problem(415, 'unsupported-media-type', 'The body must be application/json.');
  }
  const read = parse(body(event));
  if (typeof read !== 'object' || read === null || Array.isArray(read)) {
    throw new Problem(400, 'malformed-json', 'The body must be one JSON object.');
  }
  for (const [name, value] of Object.entries(read)) {
    if (!known.includes(name)) throw invalid(name.slice(0, 64), 'is not known here');
    if (value !== null && typeof value !== 'string') throw invalid(name, 'must be a string');
  }
  if (!['login', undefined, null].includes(read.purpose)) throw invalid('purpose', 'must be login');
  return read;
}

function parse(json) {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
