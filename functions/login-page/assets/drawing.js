// Draws the screen for the page's state, what is around it, and what screen readers announce.

import { HANGING, isFree, isOpen } from './channel-buttons.js';
import { fill, h, icon, set } from './dom.js';
import { fetchLater, isOutdated, lack, later, needLater } from './fetch-later.js';
import { choose, link, loading, unreachable, updated } from './first-screens.js';
import { isPaused, mayHaveChanged, screenOf, usable } from './states.js';
import { config, t } from './text.js';

// The second script has the others.
const SCREENS = { loading, choose, unreachable, updated };

const SLOW = 4000;

const main = document.getElementById('main');
const banner = document.getElementById('banner');
const announcer = document.getElementById('announcer');
let footer = document.getElementById('footer');

/** What `page.js` shares with the screens. @type {any} */
let app;
/** When each request began that is awaited. @type {Set<{ since: number }>} */
const waits = new Set();
/**
 * The screen that is shown now.
 * @type {{ name: string, screen?: any, heading?: string, h1?: HTMLElement, notice?: HTMLElement, symbol?: any,
 *   lostLink?: HTMLElement }}
 */
let current = { name: '' };
let isAwaited = false;
let isAnnouncing = false;

/** Draws now, and again each second for the countdowns. */
export function startDrawing(shared) {
  app = shared;
  draw();
  setInterval(draw, 1000);
}

/** The screen that is shown now. */
export const screen = () => current.screen;

/** Notes that an answer is awaited; to be called when it is there. */
export function waiting() {
  const wait = { since: Date.now() };
  waits.add(wait);
  const timers = [SLOW, HANGING].map((delay) => setTimeout(draw, delay + 50));
  return () => {
    timers.forEach(clearTimeout);
    waits.delete(wait);
    drawBanner();
  };
}

export function draw() {
  if (isOutdated && app.renew()) return;
  const usual = lack() ?? screenOf(app.view, app.open);
  const paused = isPaused(app);
  const name = paused && later ? later.whilePaused(usual, app) : usual;
  // The second script has the words about pauses.
  const make = paused && !later && name === 'choose' ? null : (SCREENS[name] ?? later?.SCREENS[name]);
  app.open.waiting = !make;
  if (!make) awaitLater();
  const { activeElement } = document;
  if (make ? name !== current.name : !current.screen) mount(make ? name : 'loading', make ?? loading);
  current.screen.update?.();
  if (activeElement !== document.activeElement || isGone(activeElement)) focusAgain(activeElement);
  if (current.lostLink) set(current.lostLink, 'data-busy', app.open.lost);
  const heading = current.screen.heading();
  if (current.heading !== heading) {
    announce(heading);
    write(heading);
  }
  current.symbol?.classList.toggle('moving', current.screen.symbol.moving?.() ?? false);
  drawNotice();
  drawBanner();
  if (app.view && mayHaveChanged(app)) app.follow();
}

/** Draws again when the second script is there. Until then the screen before it stays, and shows that something happens. */
function awaitLater() {
  if (isAwaited) return;
  isAwaited = true;
  const heard = waiting();
  needLater().then(() => {
    heard();
    draw();
  });
}

// The browser may have translated what the document has, so only what was written last tells whether it changes.
function write(heading) {
  current.heading = heading;
  fill(current.h1, heading);
  document.title = `${heading} · ${config.brand}`;
}

function drawNotice() {
  fill(current.notice, app.open.notice ?? '');
  current.notice.hidden = !app.open.notice;
}

function mount(name, make) {
  current.screen?.close?.();
  const first = current.name === '' || current.name === 'loading';
  const screen = make(app);
  const { symbol } = screen;
  const h1 = h('h1', { tabindex: '-1' });
  const notice = h('p', { class: 'notice', role: 'alert', hidden: true });
  const badge = symbol && h('div', { class: `symbol ${symbol.tone ?? ''}` }, icon(symbol.icon));
  const showLost = () => app.show({ lost: true, notice: null });
  const lostLink = screen.lost && app.view?.phoneNumber && link('lost.link', showLost);
  current = { name, screen, heading: '', h1, notice, symbol: badge, lostLink };
  main.dataset.screen = name;
  main.replaceChildren(...[badge, h1, notice, ...screen.body.flat()].filter(Boolean));
  // Each screen has its own, because one that stays would be seen to move with the screen's height.
  const { cancel } = app.handover;
  const own = h('footer', {}, lostLink, cancel && !screen.ends && link('back', cancel));
  footer.replaceWith(own);
  footer = own;
  write(screen.heading());
  scrollTo(0, 0);
  // A frame must not take the focus from the page around it before the user has used it.
  if (!first || app.handover.way !== 'frame') (screen.focus ?? h1).focus({ preventScroll: true });
  // Once this screen is painted: until then every byte is for its buttons.
  if (name === 'choose') requestAnimationFrame(() => setTimeout(fetchLater));
}

/** Returns the focus to what had it, or else to what can be used instead. */
function focusAgain(element) {
  if (![element, document.body].includes(document.activeElement)) return; // a new screen has it
  const instead = main.querySelector('.choice') ?? current.screen.focus ?? current.h1;
  (isGone(element) ? instead : element).focus({ preventScroll: true });
}

const isGone = (element) => element.getClientRects().length === 0;

/** Trouble is told in one place: beside what it affects, or else here. */
function drawBanner() {
  const { trouble, sending, unsent, unsure } = app.open;
  const isToldElsewhere = trouble !== 'busy' && (current.name === 'unreachable' || unsent || unsure);
  if (trouble) return say(isToldElsewhere ? null : t(`trouble.${trouble}`));
  const since = Math.min(...[...waits].map((wait) => wait.since));
  if (Date.now() - since < SLOW || current.name === 'updated') return say(null);
  const hangs = Object.keys(sending).length > 0;
  const other = hangs && usable(app.view).some((channel) => isOpen(channel, app) && isFree(channel, app));
  say(t(other ? 'trouble.slow.other' : 'trouble.slow'));
}

function say(message) {
  fill(banner, message ?? '');
  banner.hidden = !message;
}

/** Added to what was announced for the same answer, and instead of what was announced before. */
export function announce(message) {
  if (!isAnnouncing) announcer.textContent = '';
  isAnnouncing = true;
  queueMicrotask(() => { isAnnouncing = false; });
  // A new element, so that screen readers repeat words that are the same as before.
  announcer.append(h('span', {}, message), ' ');
}
