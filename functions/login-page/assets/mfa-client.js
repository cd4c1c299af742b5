// A client for the API, for the hosted page or for a login frontend that builds its own page. It has no dependencies,
// stores nothing outside the client and has no rules of its own: each answer says what can be done next.

const PROBLEMS = 'urn:alliance-mfa:problem:';
// Whatever the server advises, a page in front asks no more and no less often than this.
const POLL_FLOOR = 500;
const POLL_CEILING = 30_000;
const POLL_UNADVISED = 2000;
// In the background, and after more polls than an honest login needs: two calls that run to their limit, and ten minutes
// of waiting for a code, take fewer.
const POLL_SELDOM = 15_000;
const MANY_POLLS = 250;
const BACKOFF_FLOOR = 2000;
const BACKOFF_CEILING = 30_000;
const TIMEOUT = 20_000;
// For an answer that came before anybody could take it.
const TO_READ = 1000;
const STATUS = '/v1/challenge';

// The gateway's own errors, which are not problem documents.
const GATEWAY = {
  401: 'gateway-unauthorized',
  403: 'gateway-forbidden',
  404: 'gateway-not-found',
  413: 'gateway-too-large',
  429: 'gateway-throttled',
  500: 'gateway-failed',
  503: 'gateway-unavailable',
};

/**
 * @typedef {'sms' | 'call'} ChannelName
 * @typedef {'login' | 'change'} Purpose
 *
 * @typedef {object} Channel
 * @property {boolean} available
 * @property {'cooldown' | 'send-limit' | 'call-live' | 'call-reported' | 'paused' | 'enrolment-closed' | 'closed' | 'locked' | 'blocked' | 'disabled' | 'unreachable' | null} reason
 * @property {Date | null} nextSendAt
 * @property {number} sendsLeft
 * @property {'sending' | 'accepted' | 'failed' | 'unknown' | 'delivered' | 'not-delivered' | null} lastSend
 *
 * @typedef {object} Challenge The challenge's current state: the API's answer, with times as dates.
 * @property {'none' | 'pending' | 'approved' | 'denied' | 'refused' | 'expired' | 'exhausted' | 'locked' | 'blocked'} state
 * @property {'current-number' | 'new-number' | 'changed'} [change]
 * @property {string | null} phoneNumber Masked.
 * @property {boolean} canChangeNumber
 * @property {Date | null} expiresAt
 * @property {number | null} attemptsLeft
 * @property {Date | null} retryAt
 * @property {Date | null} enrolmentPausedUntil While an operator lets no number be added: when the user can add one.
 * @property {Record<ChannelName, Channel>} channels
 * @property {'calling' | 'ringing' | 'answered' | 'voicemail' | 'no-answer' | 'busy' | 'failed' | 'ended' | null} call
 * @property {'stopped' | 'blocked' | null} fraudReport
 * @property {string | null} matchDigits
 * @property {boolean} contested
 * @property {boolean} offerAlternative
 * @property {number | null} pollAfterMs
 * @property {string} [resultToken] Once approved, for five minutes.
 * @property {string} [supportUrl]
 *
 * @typedef {object} StartOptions
 * @property {string} [phoneNumber] As typed; only if the account has none, or to change it.
 * @property {string} [region] The country of a number without a country code, as an ISO 3166 code.
 * @property {'national' | 'international'} [reading] Which of two numbers it is, after `phone-number-ambiguous`.
 * @property {string} [locale] The language of the message or call, if not the client's.
 * @property {Purpose} [purpose]
 *
 * @typedef {object} Exchange A request and its answer, which may already be there.
 * @property {string} url
 * @property {AbortController} limit
 * @property {number} sentAt
 * @property {Promise<{ response: Response, heardAt: number }>} heard
 *
 * @typedef {object} ClientOptions
 * @property {string} token The first factor's token.
 * @property {string} [baseUrl] The API's address, if not the page's own origin.
 * @property {string} [locale] The language of messages and calls, as a BCP 47 tag.
 * @property {typeof globalThis.fetch} [fetch]
 * @property {Exchange | null} [first] What `askStatus` has already asked with this token: the first status uses the answer.
 */

/** The API refused a request. `type` is the problem's name without its URN, or `gateway-…` for the gateway's errors. */
export class MfaProblem extends Error {
  /**
   * @param {Response} response
   * @param {any} body
   */
  constructor(response, body) {
    const named = typeof body?.type === 'string' && body.type.startsWith(PROBLEMS);
    const type = named ? body.type.slice(PROBLEMS.length) : (GATEWAY[response.status] ?? 'unexpected');
    super(body?.detail ?? body?.message ?? type);
    this.name = 'MfaProblem';
    /** @type {string} */
    this.type = type;
    this.status = response.status;
    /** @type {string} */
    this.title = body?.title ?? type;
    /** In English, for developers. */
    this.detail = this.message;
    /** @type {number | null} */
    this.attemptsLeft = body?.attemptsLeft ?? null;
    /** The limit that was reached. @type {string | null} */
    this.limit = body?.limit ?? null;
    /** @type {string | null} */
    this.field = body?.field ?? null;
    /** @type {string | null} */
    this.claim = body?.claim ?? null;
    /** The country whose numbers are refused. @type {string | null} */
    this.country = body?.country ?? null;
    /** What the digits can be. @type {{ reading: 'national' | 'international', country: string }[] | null} */
    this.readings = body?.readings ?? null;
    this.retryAt = dateOf(body?.retryAt);
    this.retryAfterMs = retryAfterMs(response);
  }

  /** Whether the same request may succeed a moment later. */
  get mayPass() {
    return this.status === 429 || this.status >= 500;
  }
}

/** No answer from the API: no network, a timeout, or a Wi-Fi login page that answered instead. */
export class MfaOffline extends Error {
  /** @param {unknown} cause */
  constructor(cause) {
    super('no answer from the API', { cause });
    this.name = 'MfaOffline';
  }
}

/**
 * Asks for the status before there is a client, while the rest of a page loads.
 * @param {string} token
 * @param {string} [baseUrl]
 */
export const askStatus = (token, baseUrl = '') => exchange(anyFetch, baseUrl + STATUS, 'GET', token);

const anyFetch = (...request) => globalThis.fetch(...request);

/** @returns {Exchange} */
function exchange(fetch, url, method, token, body = null) {
  const limit = new AbortController();
  const headers = { authorization: `Bearer ${token}` };
  if (body) headers['content-type'] = 'application/json';
  const request = { method, headers, body: body && JSON.stringify(body), cache: 'no-store', signal: limit.signal };
  const sentAt = Date.now();
  const answer = new Promise((resolve) => resolve(fetch(url, request)));
  const heard = answer.then((response) => ({ response, heardAt: Date.now() }));
  heard.catch(() => {}); // reported to whoever awaits it, which may be later
  return { url, limit, sentAt, heard };
}

/**
 * A client for one login session.
 * @param {ClientOptions} options
 */
export function createClient({ token, baseUrl = '', locale, fetch = anyFetch, first = null }) {
  const clock = createClock();
  let askedAt = -Infinity;
  let advisedAt = -Infinity;
  let refusedUntil = -Infinity;
  let backoffAt = -Infinity;
  let polls = 0;
  // Tells those who wait that a time above has changed.
  const changes = new EventTarget();
  // Counts the answers to the user's actions: a status that was requested before such an answer may be out of date.
  let acts = 0;

  /** Without the advice: what has happened meanwhile is not known. */
  function askAtOnce() {
    advisedAt = -Infinity;
    askedAt = Math.min(askedAt, Date.now()); // the device's clock may have been set back
    changes.dispatchEvent(new Event('change'));
  }

  const send = (method, path, body) => exchange(fetch, baseUrl + path, method, token, body);

  /** @param {Exchange} exchange @returns {Promise<Challenge>} */
  async function answerTo({ limit, sentAt, heard }, signal) {
    const stop = () => limit.abort(signal?.reason);
    const timer = setTimeout(() => limit.abort(), Math.max(sentAt + TIMEOUT - Date.now(), TO_READ));
    signal?.addEventListener('abort', stop);
    askedAt = sentAt;
    try {
      const { response, heardAt } = await heard;
      clock.learn(response, sentAt, heardAt);
      const answer = await response.json();
      if (!response.ok) throw new MfaProblem(response, answer);
      advisedAt = Date.now() + advised(answer, response);
      changes.dispatchEvent(new Event('change'));
      return challengeOf(answer);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof MfaProblem) throw error;
      // What was asked for may have been done all the same.
      askAtOnce();
      throw new MfaOffline(error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    }
  }

  /**
   * Gets the challenge's current state.
   * @param {{ purpose?: Purpose, signal?: AbortSignal }} [options]
   */
  async function status({ purpose, signal } = {}) {
    signal?.throwIfAborted();
    const path = purpose ? `${STATUS}?purpose=${purpose}` : STATUS;
    const early = first?.url === baseUrl + path ? first : null;
    if (early) first = null;
    return answerTo(early ?? send('GET', path), signal);
  }

  /**
   * Sends a code or places a call. During a channel's cooldown it sends nothing and returns the current state.
   * @param {ChannelName} channel
   * @param {StartOptions} [options]
   */
  function start(channel, options) {
    const phoneNumber = options?.phoneNumber && asciiDigits(options.phoneNumber);
    return act(STATUS, { channel, locale, ...options, ...(phoneNumber && { phoneNumber }) });
  }

  /**
   * Checks a code: returns the approved challenge, or throws an `MfaProblem` such as `code-wrong` with `attemptsLeft`.
   * @param {string} code
   * @param {{ purpose?: Purpose }} [options]
   */
  function verify(code, options) {
    return act(`${STATUS}/code`, { code: asciiDigits(code).replace(/\s/g, ''), ...options });
  }

  async function act(path, body) {
    try {
      return await answerTo(send('POST', path, body));
    } finally {
      acts += 1;
    }
  }

  /**
   * Polls when the server advises it, seldom in the background, until it no longer does, and returns the last state.
   * Temporary errors are retried with growing delays; any other problem is thrown.
   * @param {AbortSignal} [signal] Stops the polling: the promise is rejected with its reason.
   * @param {object} [options]
   * @param {(challenge: Challenge) => void} [options.onChange] Called with every answer, including the last.
   * @param {(trouble: MfaProblem | MfaOffline) => void} [options.onTrouble] Called with each error that is retried.
   * @param {Purpose} [options.purpose]
   * @param {boolean} [options.atOnce] Asks at once, whatever delay a failed request has led to.
   * @returns {Promise<Challenge>}
   */
  async function waitForApproval(signal, { onChange, onTrouble, purpose, atOnce } = {}) {
    let failures = 0;
    if (atOnce) askedAt = advisedAt = refusedUntil = backoffAt = -Infinity;
    const due = () => Math.max(advisedAt, refusedUntil, backoffAt, askedAt + floor(polls));
    const reconnected = () => {
      backoffAt = -Infinity;
      askAtOnce();
    };
    for (;;) {
      // Whoever comes back from the phone's call may have approved in it.
      await pause({ due, changes, reconnected, shown: askAtOnce }, signal);
      const seen = acts;
      polls += 1;
      try {
        const challenge = await status({ purpose, signal });
        failures = 0;
        if (seen !== acts) continue;
        onChange?.(challenge);
        if (challenge.state !== 'pending' && !challenge.pollAfterMs) return challenge;
      } catch (error) {
        if (!(error instanceof MfaOffline || (error instanceof MfaProblem && error.mayPass))) throw error;
        failures += 1;
        const backoff = Math.min(BACKOFF_FLOOR * 2 ** (failures - 1), BACKOFF_CEILING) * (1 + Math.random() / 2);
        if (error instanceof MfaProblem) refusedUntil = Date.now() + (error.retryAfterMs ?? 0);
        backoffAt = Date.now() + backoff;
        onTrouble?.(error);
      }
    }
  }

  return { status, start, verify, waitForApproval, now: clock.now };
}

/**
 * The server's time, from the `Date` header of its answers, because on a device with a wrong clock the countdowns would
 * be wrong too. Each answer limits the difference to within one second plus its round trip; together they narrow it.
 */
function createClock() {
  let least = -Infinity;
  let most = Infinity;
  return {
    /** @param {Response} response @param {number} sentAt @param {number} heardAt */
    learn(response, sentAt, heardAt) {
      const date = Date.parse(response.headers.get('date') ?? '');
      if (Number.isNaN(date)) return;
      const [low, high] = [date - heardAt, date + 1000 - sentAt];
      least = Math.max(least, low);
      most = Math.min(most, high);
      // The device's clock was changed in between.
      if (least > most) [least, most] = [low, high];
    },
    now: () => Date.now() + (least === -Infinity ? 0 : (least + most) / 2),
  };
}

/** Waits until the time that `due` returns. It is asked again when the page is shown or hidden, and upon `changes`. */
function pause({ due, changes, reconnected, shown }, signal) {
  return new Promise((resolve, reject) => {
    let timer;
    const page = globalThis.document;
    const arm = () => {
      clearTimeout(timer);
      timer = setTimeout(end, Math.max(0, due() - Date.now()));
    };
    const turned = () => (hidden() ? arm() : shown());
    const end = () => {
      clearTimeout(timer);
      changes.removeEventListener('change', arm);
      page?.removeEventListener('visibilitychange', turned);
      globalThis.removeEventListener?.('online', reconnected);
      signal?.removeEventListener('abort', end);
      signal?.aborted ? reject(signal.reason) : resolve(undefined);
    };
    changes.addEventListener('change', arm);
    page?.addEventListener('visibilitychange', turned);
    globalThis.addEventListener?.('online', reconnected);
    signal?.addEventListener('abort', end);
    signal?.aborted ? end() : arm();
  });
}

/**
 * Converts the digits of every script, and full-width signs, to ASCII; a no-break space becomes a space.
 * @param {string} text
 */
export function asciiDigits(text) {
  return text.normalize('NFKC').replace(/\p{Nd}/gu, (digit) => String(valueOf(digit.codePointAt(0))));
}

/** Unicode has the digits of each script in a row, from zero to nine. */
function valueOf(point) {
  let zero = point;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return (point - zero) % 10;
}

const hidden = () => globalThis.document?.visibilityState === 'hidden';

/** The least time between two polls after so many. */
const floor = (polls) => (hidden() || polls >= MANY_POLLS ? POLL_SELDOM : POLL_FLOOR);

/** How long to wait before the next poll. A server of the version before has only the header. */
function advised({ pollAfterMs }, response) {
  const after = Number.isFinite(pollAfterMs) ? pollAfterMs : (retryAfterMs(response) ?? POLL_UNADVISED);
  return Math.min(Math.max(after, POLL_FLOOR), POLL_CEILING);
}

const dateOf = (text) => (text ? new Date(text) : null);

function retryAfterMs(response) {
  const seconds = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
  return Number.isNaN(seconds) ? null : seconds * 1000;
}

function challengeOf(answer) {
  const channel = (status) => ({ ...status, nextSendAt: dateOf(status.nextSendAt) });
  return {
    ...answer,
    expiresAt: dateOf(answer.expiresAt),
    retryAt: dateOf(answer.retryAt),
    enrolmentPausedUntil: dateOf(answer.enrolmentPausedUntil),
    channels: { sms: channel(answer.channels.sms), call: channel(answer.channels.call) },
  };
}
