// The API of the phone factor for a page: the hosted one, or one that a login frontend builds itself.
// No dependency, nothing kept outside the client, and no rule of its own: what may be done next is in each answer.

const PROBLEMS = 'urn:alliance-mfa:problem:';
const POLL_FLOOR = 2000;
const POLL_FLOOR_HIDDEN = 5000;
const BACKOFF_CEILING = 30_000;
const TIMEOUT = 20_000;

// The gateway's own answers, which are no problem documents.
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
 * @property {'cooldown' | 'send-limit' | 'closed' | 'locked' | 'blocked' | 'disabled' | 'unreachable' | null} reason
 * @property {Date | null} nextSendAt
 * @property {number} sendsLeft
 * @property {'accepted' | 'failed' | 'unknown' | null} lastSend
 *
 * @typedef {object} Challenge How the challenge stands: the API's answer, with its times as dates.
 * @property {'none' | 'pending' | 'approved' | 'denied' | 'expired' | 'exhausted' | 'locked' | 'blocked'} state
 * @property {'current-number' | 'new-number' | 'changed'} [change]
 * @property {string | null} phoneNumber Masked.
 * @property {boolean} canChangeNumber
 * @property {Date | null} expiresAt
 * @property {number | null} attemptsLeft
 * @property {Date | null} retryAt
 * @property {Record<ChannelName, Channel>} channels
 * @property {'calling' | 'ringing' | 'answered' | 'voicemail' | 'no-answer' | 'busy' | 'failed' | 'ended' | null} call
 * @property {string | null} matchDigits
 * @property {boolean} contested
 * @property {boolean} offerAlternative
 * @property {string} [resultToken] Once approved, for five minutes.
 * @property {string} [supportUrl]
 *
 * @typedef {object} StartOptions
 * @property {string} [phoneNumber] As typed; only where none is known, or to change it.
 * @property {string} [region] The ISO code of the country whose national form it may have.
 * @property {string} [locale] Language of the message or call; else the client's.
 * @property {Purpose} [purpose]
 *
 * @typedef {object} ClientOptions
 * @property {string} token The first factor's token.
 * @property {string} [baseUrl] Where the API is, if not where the page is from.
 * @property {string} [locale] Language of messages and calls, as a BCP 47 tag.
 * @property {typeof globalThis.fetch} [fetch]
 */

/** The API said no. `type` is the problem's name without its URN; the gateway's own answers are named `gateway-…`. */
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
    /** The limit that is reached. @type {string | null} */
    this.limit = body?.limit ?? null;
    /** @type {string | null} */
    this.field = body?.field ?? null;
    /** @type {string | null} */
    this.claim = body?.claim ?? null;
    this.retryAt = dateOf(body?.retryAt);
    this.retryAfterMs = retryAfterMs(response);
  }

  /** Whether the same request may succeed in a moment. */
  get mayPass() {
    return this.status === 429 || this.status >= 500;
  }
}

/** No answer, or none that the API gave: no network, a timeout, the page of some access point. */
export class MfaOffline extends Error {
  /** @param {unknown} cause */
  constructor(cause) {
    super('no answer from the API', { cause });
    this.name = 'MfaOffline';
  }
}

/**
 * A client for one login session.
 * @param {ClientOptions} options
 */
export function createClient({ token, baseUrl = '', locale, fetch = (...request) => globalThis.fetch(...request) }) {
  const clock = createClock();
  let askedAt = -Infinity;
  let advisedAt = -Infinity;
  let backoffAt = -Infinity;
  // Answers to what the user did. A status that was asked for before one of them may be older than it.
  let acts = 0;

  /** @returns {Promise<Challenge>} */
  async function request(method, path, body, signal) {
    const limit = new AbortController();
    const stop = () => limit.abort(signal?.reason);
    const timer = setTimeout(() => limit.abort(), TIMEOUT);
    signal?.throwIfAborted();
    signal?.addEventListener('abort', stop);
    const sentAt = Date.now();
    askedAt = sentAt;
    try {
      const response = await fetch(baseUrl + path, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
        body: body && JSON.stringify(body),
        cache: 'no-store',
        signal: limit.signal,
      });
      clock.learn(response, sentAt);
      const answer = await response.json();
      if (!response.ok) throw new MfaProblem(response, answer);
      advisedAt = Date.now() + (retryAfterMs(response) ?? 0);
      return challengeOf(answer);
    } catch (error) {
      signal?.throwIfAborted();
      throw error instanceof MfaProblem ? error : new MfaOffline(error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    }
  }

  /**
   * How the challenge stands.
   * @param {{ purpose?: Purpose, signal?: AbortSignal }} [options]
   */
  function status({ purpose, signal } = {}) {
    return request('GET', purpose ? `/v1/challenge?purpose=${purpose}` : '/v1/challenge', undefined, signal);
  }

  /**
   * Sends a code or places a call. Within a channel's cooldown it sends nothing, and answers how the challenge stands.
   * @param {ChannelName} channel
   * @param {StartOptions} [options]
   */
  function start(channel, options) {
    return act('/v1/challenge', { channel, locale, ...options });
  }

  /**
   * Judges a code: approved, or an `MfaProblem` such as `code-wrong` with `attemptsLeft`.
   * @param {string} code
   * @param {{ purpose?: Purpose }} [options]
   */
  function verify(code, options) {
    return act('/v1/challenge/code', { code, ...options });
  }

  async function act(path, body) {
    try {
      return await request('POST', path, body);
    } finally {
      acts += 1;
    }
  }

  /**
   * Asks as often as the server advises until the challenge is no longer pending, and answers how it ended. Trouble
   * that may pass is waited out, ever more slowly; any other problem is thrown.
   * @param {AbortSignal} [signal] Ends the waiting: the promise is rejected with its reason.
   * @param {object} [options]
   * @param {(challenge: Challenge) => void} [options.onChange] Hears every answer, the last one included.
   * @param {(trouble: MfaProblem | MfaOffline) => void} [options.onTrouble] Hears what is being waited out.
   * @param {Purpose} [options.purpose]
   * @returns {Promise<Challenge>}
   */
  async function waitForApproval(signal, { onChange, onTrouble, purpose } = {}) {
    let failures = 0;
    const due = () => Math.max(advisedAt, backoffAt, askedAt + (hidden() ? POLL_FLOOR_HIDDEN : POLL_FLOOR));
    const reconnected = () => (backoffAt = -Infinity);
    for (;;) {
      await pause(due, reconnected, signal);
      const seen = acts;
      try {
        const challenge = await status({ purpose, signal });
        failures = 0;
        if (seen !== acts) continue;
        onChange?.(challenge);
        if (challenge.state !== 'pending') return challenge;
      } catch (error) {
        if (!(error instanceof MfaOffline || (error instanceof MfaProblem && error.mayPass))) throw error;
        failures += 1;
        const backoff = Math.min(POLL_FLOOR * 2 ** (failures - 1), BACKOFF_CEILING) * (1 + Math.random() / 2);
        if (error instanceof MfaProblem) advisedAt = Date.now() + (error.retryAfterMs ?? 0);
        backoffAt = Date.now() + backoff;
        onTrouble?.(error);
      }
    }
  }

  return { status, start, verify, waitForApproval, now: clock.now };
}

/**
 * The server's time, from the `Date` of its answers: on a device whose clock is wrong, a countdown would be, too.
 * Each answer bounds the difference, to a second and the time that it took; together they narrow it down.
 */
function createClock() {
  let least = -Infinity;
  let most = Infinity;
  return {
    /** @param {Response} response @param {number} sentAt */
    learn(response, sentAt) {
      const date = Date.parse(response.headers.get('date') ?? '');
      if (Number.isNaN(date)) return;
      const [low, high] = [date - Date.now(), date + 1000 - sentAt];
      least = Math.max(least, low);
      most = Math.min(most, high);
      // The device's clock was set meanwhile.
      if (least > most) [least, most] = [low, high];
    },
    now: () => Date.now() + (least === -Infinity ? 0 : (least + most) / 2),
  };
}

/** Waits until the time that `due` tells, which is another when the page is shown again or the network is back. */
function pause(due, reconnected, signal) {
  return new Promise((resolve, reject) => {
    let timer;
    const page = globalThis.document;
    const arm = () => {
      clearTimeout(timer);
      timer = setTimeout(end, Math.max(0, due() - Date.now()));
    };
    const online = () => {
      reconnected();
      arm();
    };
    const end = () => {
      clearTimeout(timer);
      page?.removeEventListener('visibilitychange', arm);
      globalThis.removeEventListener?.('online', online);
      signal?.removeEventListener('abort', end);
      signal?.aborted ? reject(signal.reason) : resolve(undefined);
    };
    page?.addEventListener('visibilitychange', arm);
    globalThis.addEventListener?.('online', online);
    signal?.addEventListener('abort', end);
    signal?.aborted ? end() : arm();
  });
}

const hidden = () => globalThis.document?.visibilityState === 'hidden';

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
    channels: { sms: channel(answer.channels.sms), call: channel(answer.channels.call) },
  };
}
