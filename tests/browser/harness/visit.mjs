// One visit to a page, measured: when it could be used, what it requested, and what moved.

/**
 * Slow networks, as Chromium emulates them: the whole latency delays each answer, also on an open connection, and
 * connecting takes no longer than without.
 */
export const NETWORKS = {
  'no throttling': null,
  'RTT 150 ms, 1.6 Mb/s': { latency: 150, megabits: 1.6 },
  'RTT 400 ms, 0.4 Mb/s': { latency: 400, megabits: 0.4 },
};

const QUIET = 250;
const LOOK = 25;

/**
 * @typedef {object} Request
 * @property {string} url
 * @property {boolean} isCached It never left the browser.
 * @property {number} sentAt
 * @property {number} answeredAt When the answer's headers arrived: API Gateway sends them once the function is done.
 * @property {boolean} isOver
 * @property {number} bytes
 */

/**
 * Opens `url` in a new tab, waits until an element that `selector` finds and that contains `text` is shown and enabled,
 * then until the network is quiet.
 * @param {import('playwright-core').BrowserContext} context
 * @param {string} url
 * @param {{ selector: string, text: string, network?: { latency: number, megabits: number } | null }} options
 */
export async function visit(context, url, { selector, text, network = null }) {
  const page = await context.newPage();
  const traffic = await listen(page, network);
  await page.addInitScript(watchShifts);
  await page.addInitScript(watchUntilUsable, { selector, text });
  await page.goto(url);
  const usableAt = await page.waitForFunction(() => globalThis.usableAt).then((found) => found.jsonValue());
  await traffic.quiet();
  const [openedAt, moved] = await page.evaluate(() => [performance.timeOrigin, globalThis.moved]);
  await page.close();
  return { ms: usableAt - openedAt, moved, ...count(traffic.requests, usableAt) };
}

/** Runs in the page, before its own scripts: sums up its layout shifts in `moved`. */
export function watchShifts() {
  globalThis.moved = 0;
  new PerformanceObserver((list) => {
    for (const { hadRecentInput, value } of list.getEntries()) if (!hadRecentInput) globalThis.moved += value;
  }).observe({ type: 'layout-shift', buffered: true });
}

function watchUntilUsable({ selector, text }) {
  const isEnabled = (element) => element.checkVisibility() && !element.matches(':disabled, [aria-disabled="true"]');
  const isUsable = (element) => element.textContent.includes(text) && isEnabled(element);
  const look = () => {
    if (![...document.querySelectorAll(selector)].some(isUsable)) requestAnimationFrame(look);
    else globalThis.usableAt = performance.timeOrigin + performance.now();
  };
  requestAnimationFrame(look);
}

/** Records the requests of `page`, and slows its network down. */
async function listen(page, network) {
  const client = await page.context().newCDPSession(page);
  /** @type {Map<string, Request>} */
  const all = new Map();
  const sent = () => [...all.values()].filter(({ isCached }) => !isCached);
  let changedAt = Date.now();
  let toWallTime = 0; // the protocol's clock counts from some other moment
  const on = (event, change) => client.on(`Network.${event}`, (details) => {
    changedAt = Date.now();
    change(details, all.get(details.requestId));
  });
  on('requestWillBeSent', ({ requestId, request: { url }, timestamp, wallTime }) => {
    if (!url.startsWith('http')) return;
    toWallTime ||= wallTime - timestamp;
    all.set(requestId, { url, isCached: false, sentAt: wallTime * 1000, answeredAt: Infinity, isOver: false, bytes: 0 });
  });
  on('requestServedFromCache', (_, request) => request && (request.isCached = true));
  on('responseReceived', ({ timestamp, response: { fromDiskCache } }, request) => {
    if (!request) return;
    Object.assign(request, { answeredAt: (timestamp + toWallTime) * 1000, isCached: request.isCached || fromDiskCache });
  });
  const over = ({ encodedDataLength: bytes = 0 }, request) => request && Object.assign(request, { isOver: true, bytes });
  on('loadingFinished', over);
  on('loadingFailed', over);
  await client.send('Network.enable');
  if (network) await client.send('Network.emulateNetworkConditions', conditions(network));

  return {
    get requests() { return sent(); },
    async quiet() {
      const isBusy = () => sent().some(({ isOver }) => !isOver) || Date.now() - changedAt < QUIET;
      while (isBusy()) await page.waitForTimeout(LOOK);
    },
  };
}

function conditions({ latency, megabits }) {
  const throughput = (megabits * 1e6) / 8;
  return { offline: false, latency, downloadThroughput: throughput, uploadThroughput: throughput };
}

/** @param {Request[]} requests @param {number} usableAt */
function count(requests, usableAt) {
  const isOfPage = ({ url }) => !isApi(url);
  const awaited = requests.filter(({ sentAt }) => sentAt <= usableAt);
  const bytes = (some) => some.reduce((sum, request) => sum + request.bytes, 0);
  return {
    requests: awaited.length,
    parallel: mostAtOnce(requests.filter(isOfPage)),
    bytes: bytes(awaited),
    pageBytes: bytes(awaited.filter(isOfPage)),
    allBytes: bytes(requests),
  };
}

/** The largest number of requests that waited at once for an answer. @param {Pick<Request, 'sentAt' | 'answeredAt'>[]} requests */
export function mostAtOnce(requests) {
  const during = (moment) => requests.filter(({ sentAt, answeredAt }) => sentAt <= moment && moment < answeredAt).length;
  return Math.max(0, ...requests.map(({ sentAt }) => during(sentAt)));
}

/** Whether it is one of the API's, rather than of the page's function. */
export function isApi(url) {
  return new URL(url).pathname.startsWith('/v1/');
}
