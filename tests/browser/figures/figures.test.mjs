// The measuring itself: on pages whose figures are known, and on the login page where no time is measured.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';

import { launch } from '../harness/browser.mjs';
import { certificate, openFront } from '../harness/front.mjs';
import { scenes } from '../harness/scenes.mjs';
import { NETWORKS, mostAtOnce, visit } from '../harness/visit.mjs';
import { FIRST_VISIT, compared } from './goals.mjs';
import { USABLE } from './loading.mjs';
import { plot } from './plot.mjs';
import { averaged } from './polls.mjs';
import { addressOf, quantile } from './visitors.mjs';

const RESULTS = JSON.parse(readFileSync(new URL('results.json', import.meta.url), 'utf8'));

/** Three cached files at once, a request to the API, and then a button, which pushes down what is below it. */
const KNOWN = `<!doctype html><link rel="icon" href="data:,"><script src="/one.js"></script>
<script src="/two.js"></script><script src="/three.js"></script><button disabled>Go</button><p>Below</p>
<script>
  const button = document.querySelector('button');
  const moves = location.search === '?moves';
  fetch('/v1/state', { cache: 'no-store' }).then((answer) => answer.text()).then(() => setTimeout(() => {
    if (moves) button.style.marginTop = '200px';
    requestAnimationFrame(() => setTimeout(() => (button.disabled = false), 100));
  }, 100));
</script>`;
const FILE = 'x'.repeat(10_000);
/** What a page fetches once its button can be used. */
const MORE = '<script>const more = setInterval(() => globalThis.usableAt && (clearInterval(more), fetch("/more.js")));</script>';
const BUTTON = { selector: 'button', text: 'Go' };

describe('A visit', () => {
  let server;
  let front;
  let browser;
  before(async () => {
    server = createServer((request, response) => {
      const isFile = request.url.endsWith('.js');
      const kept = { 'content-type': 'text/javascript', 'cache-control': 'max-age=3600' };
      const headers = isFile ? kept : { 'content-type': 'text/html' };
      response.writeHead(200, headers).end(isFile ? `/*${FILE}*/` : request.url === '/?more' ? KNOWN + MORE : KNOWN);
    });
    await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
    const identity = certificate();
    front = await openFront(`http://127.0.0.1:${server.address().port}`, identity);
    browser = await launch([identity.trust]);
  });
  after(async () => {
    await browser?.close();
    await front?.close();
    server.close();
  });

  it('counts requests, those at once to the page, and bytes; files in the cache are none of them', async () => {
    const context = await browser.newContext();
    const first = await visit(context, front.url, BUTTON);
    assert.deepEqual([first.requests, first.parallel], [5, 3]);
    assert.ok(first.bytes > 30_000 && first.bytes < 35_000, String(first.bytes));
    assert.ok(first.pageBytes < first.bytes);
    const repeat = await visit(context, front.url, BUTTON);
    assert.deepEqual([repeat.requests, repeat.parallel], [2, 1]);
    assert.ok(repeat.bytes < 3000, String(repeat.bytes));
  });

  it('counts what is fetched once it can be used apart', async () => {
    const { requests, bytes, allBytes } = await visit(await browser.newContext(), `${front.url}/?more`, BUTTON);
    assert.equal(requests, 5);
    assert.ok(bytes < 35_000, String(bytes));
    assert.ok(allBytes - bytes > 10_000, String(allBytes));
  });

  it('waits for the element to be enabled, however slow the network', async () => {
    for (const [name, network] of Object.entries(NETWORKS)) {
      const { ms } = await visit(await browser.newContext(), front.url, { ...BUTTON, network });
      // The page, its files and the API, one after another, and the page's own two pauses.
      assert.ok(ms > 200 + 3 * (network?.latency ?? 0), `${name}: ${ms}`);
    }
  });

  it('notices what moves', async () => {
    assert.equal((await visit(await browser.newContext(), front.url, BUTTON)).moved, 0);
    assert.ok((await visit(await browser.newContext(), `${front.url}/?moves`, BUTTON)).moved > 0);
  });

  it('goes over HTTP/2', async () => {
    const page = await browser.newPage();
    await page.goto(front.url);
    assert.equal(await page.evaluate(() => performance.getEntriesByType('navigation')[0].nextHopProtocol), 'h2');
  });
});

scenes('The first screen', {}, (scene) => {
  scene('can be used at the moment that the figures take for it', async ({ context, stack, user }) => {
    await context.addInitScript(pressOnceUsable, USABLE);
    const asked = context.waitForEvent('request', (request) => request.method() === 'POST');
    await visit(context, await addressOf(user, stack.url), USABLE);
    assert.equal(new URL((await asked).url()).pathname, '/v1/challenge');
  });

  for (const width of [390, 1280]) {
    scene(`moves nothing while it loads, ${width} pixels wide`, async ({ context, stack, user }) => {
      for (const network of Object.values(NETWORKS)) {
        const { moved } = await visit(context, await addressOf(user, stack.url), { ...USABLE, network });
        assert.equal(moved, FIRST_VISIT.moved);
      }
    }, { viewport: { width, height: 640 } });
  }
});

/** Presses the button in the same frame. */
function pressOnceUsable({ selector, text }) {
  const press = () => {
    const button = [...document.querySelectorAll(selector)].find((element) => element.textContent.includes(text));
    if (globalThis.usableAt) button.click();
    else requestAnimationFrame(press);
  };
  requestAnimationFrame(press);
}

describe('The figures', () => {
  it('requests that follow one another are not at once', () => {
    const between = (sentAt, answeredAt) => ({ sentAt, answeredAt });
    assert.equal(mostAtOnce([]), 0);
    assert.equal(mostAtOnce([between(0, 2), between(2, 3)]), 1);
    assert.equal(mostAtOnce([between(0, 3), between(1, 2), between(2, 4)]), 2);
  });

  it('the median and the 95th percentile are of the values', () => {
    const values = Array.from({ length: 40 }, (_, index) => 40 - index);
    assert.deepEqual([quantile(values, 1 / 2), quantile(values, 0.95)], [20, 38]);
  });

  it('polls are averaged over who asks for a call and who leaves', () => {
    const each = { message: 10, call: 20, 'left-message': 30, 'left-call': 50 };
    assert.equal(averaged(each, { calls: 0.5, approve: 0.9 }), 0.9 * 15 + 0.1 * 40);
  });

  it('a goal is missed by what is above it, and a repeat visit by being slower than recorded', () => {
    const worse = structuredClone(RESULTS);
    for (const { first, repeat } of Object.values(worse.loading.networks)) {
      Object.assign(first, { requests: 5, parallel: 3, bytes: 20_001, ofEmpty: 2.9 });
      repeat.ofEmpty *= 1.2;
    }
    Object.assign(worse.pressToApproved, { median: 0.36, p95: 0.71 });
    worse.polls.mean = 6.1;
    worse.screens = { ...worse.screens, violations: { choose: 1 }, moved: { choose: 0.001 } };
    assert.deepEqual(compared(worse, RESULTS).filter(({ reached }) => reached), []);
  });

  it('the plot is drawn from the recorded results', () => {
    assert.equal(readFileSync(new URL('figures.svg', import.meta.url), 'utf8'), plot(RESULTS));
  });
});
