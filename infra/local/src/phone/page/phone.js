// The phone: all messages and calls, to any number, and the present call. Each event of one stream carries
// the whole state; notes that are already shown stay in place, so that only new ones are animated.

import { copies, make, post } from './common.js';
import { follow as listen, reach } from './live.js';
import * as sound from './sound.js';

const find = (selector) => document.querySelector(selector);
const LETTERS = { 2: 'ABC', 3: 'DEF', 4: 'GHI', 5: 'JKL', 6: 'MNO', 7: 'PQRS', 8: 'TUV', 9: 'WXYZ', 0: '+' };
const ENDS = {
  completed: 'Call', busy: 'Declined or busy', 'no-answer': 'Missed call', failed: 'Failed call',
};
const LINGER = 2500; // milliseconds for which a call stays on the screen after it has ended

const notes = new Map();
const number = find('#number'); // whose messages and calls are shown; empty for all
let call = null; // the one on the screen
let heard = 0; // how many of its sentences have been shown
let first = true; // what is there when the page opens is not announced

/** `+1 415 555 2671`, for the countries whose grouping is known. */
const spaced = (number) => number.replace(/^(\+1)(\d{3})(\d{3})(\d{4})$/, '$1 $2 $3 $4').replace(/^(\+44)(\d{4})(\d{6})$/, '$1 $2 $3');
const bare = (number) => make('bdi', { dir: 'ltr' }, spaced(number));
const clock = (at) => new Date(at).toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' });
const byMachine = ({ answeredBy }) => Boolean(answeredBy?.startsWith('machine'));
const live = ({ status }) => status === 'ringing' || status === 'in-progress';

// --- messages and calls that are over --------------------------------------------------------------

function list({ messages, calls }) {
  const items = [
    ...messages.map((message) => ({ ...message, key: message.id, draw: drawMessage })),
    ...calls.filter(({ status }) => status in ENDS).map((over) => ({ ...over, key: over.sid, draw: drawCall })),
  ].filter(wanted).sort((one, other) => one.atMillis - other.atMillis);
  for (const [key, note] of notes) if (!items.some((item) => item.key === key)) note.remove(), notes.delete(key);
  for (const item of items.filter(({ key }) => !notes.has(key))) {
    const note = item.draw(item);
    note.classList.toggle('new', !first);
    note.addEventListener('animationend', () => note.classList.remove('new')); // animate it only once
    notes.set(item.key, note);
    find('#notes').prepend(note);
  }
  find('#quiet').hidden = items.length > 0;
  find('#clear').disabled = messages.length + calls.length === 0;
}

// --- whose phone it is -----------------------------------------------------------------------------

const wanted = ({ to }) => !number.value || to === number.value;

/** Offers each number that got something. */
function offer({ messages, calls }) {
  const known = new Set([...number.options].map(({ value }) => value));
  for (const to of new Set([...messages, ...calls].map((item) => item.to))) {
    if (!known.has(to)) number.append(make('option', { value: to }, spaced(to)));
  }
}

function frame(kind, title, item, ...content) {
  return make('li', { className: `note ${kind}` },
    make('div', { className: 'head' }, make('b', {}, title), make('time', {}, clock(item.atMillis))),
    make('p', { className: 'to' }, ...(item.provider && item.from ? ['from ', bare(item.from), ' '] : []), 'to ', bare(item.to)),
    ...content);
}

function drawMessage(item) {
  const [text, bound] = item.text.split(/\n(?=@\S+ #\d+$)/);
  const [before, code, after] = text.split(/(?<!\d)(\d{6})(?!\d)/);
  const words = make('p', { className: 'text', dir: 'auto' }, before, ...(code ? [make('mark', {}, code), after] : []));
  const note = frame('message', 'Message', item, words);
  if (bound) note.append(make('p', { className: 'bound', dir: 'ltr' }, bound));
  if (code) note.append(copies(make('button', { className: 'copy' }), 'Copy code', () => code));
  if (!first) announce(`Message to ${spaced(item.to)}: ${text}`, `Message${code ? `: ${code}` : ''}`), sound.chime();
  return note;
}

function drawCall(item) {
  const title = byMachine(item) ? 'Voicemail' : ENDS[item.status];
  const note = frame('past', title, item);
  if (item.spoken.length) note.append(make('p', { className: 'text', dir: 'auto' }, `“${item.spoken.join(' ')}”`));
  if (item.problem) note.append(make('p', { className: 'text' }, item.problem));
  return note;
}

// --- the call --------------------------------------------------------------------------------------

function follow(calls) {
  const shown = call && calls.find(({ sid }) => sid === call.sid);
  if (shown && live(shown)) draw(shown);
  else if (shown?.answeredAtMillis) finish(shown);
  else if (!find('#device').classList.contains('ended')) draw(calls.find(live) ?? null);
}

function draw(next) {
  if (next?.sid !== call?.sid) heard = 0;
  const before = call?.status;
  call = next;
  const ringing = call?.status === 'ringing';
  show(!call ? 'lock' : ringing ? 'ring' : 'call');
  if (!call) return;
  for (const from of document.querySelectorAll('[data-from]')) from.replaceChildren(bare(call.from));
  for (const to of document.querySelectorAll('[data-to]')) to.replaceChildren('calls ', bare(call.to));
  if (ringing && before !== 'ringing') announce(`Incoming call from ${spaced(call.from)} to ${spaced(call.to)}`, 'Incoming call');
  if (!ringing) subtitle();
}

function subtitle() {
  if (!heard) find('#subtitles').replaceChildren();
  for (const text of call.spoken.slice(heard)) {
    find('#subtitles').append(make('p', { dir: 'auto', lang: call.language ?? '' }, text));
    if (find('#speech').checked) sound.say(text, call.language);
  }
  if (heard < call.spoken.length) find('#subtitles').scrollTop = find('#subtitles').scrollHeight;
  heard = call.spoken.length;
  find('#pressed').textContent = call.pressed;
  find('#keypad').classList.toggle('awaited', call.listening);
  progress();
}

function progress() {
  if (call?.status !== 'in-progress') return;
  const seconds = Math.max(0, Math.floor((Date.now() - call.answeredAtMillis) / 1000));
  const length = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  find('#progress').textContent = `${byMachine(call) ? 'Voicemail · ' : ''}${length}`;
}

/** Keeps the last sentence on the screen for a moment after the caller has hung up. */
function finish(over) {
  find('#device').classList.add('ended');
  call = over;
  subtitle();
  call = null;
  show('call');
  find('#progress').textContent = byMachine(over) ? 'Answered by voicemail' : 'Call ended';
  setTimeout(() => {
    find('#device').classList.remove('ended');
    follow(latest.calls.filter(wanted));
  }, LINGER);
}

function show(name) {
  for (const screen of document.querySelectorAll('[data-screen]')) {
    const leaves = screen.dataset.screen !== name && !screen.hidden;
    const held = leaves && screen.contains(document.activeElement);
    screen.hidden = screen.dataset.screen !== name;
    if (held) setTimeout(() => find(`[data-screen=${name}]`).focus());
  }
  find('#device').dataset.shows = name;
  sound.ring(name === 'ring');
  document.title = name === 'ring' ? '☎ Incoming call' : 'Alliance MFA on this machine';
}

/** Does something with the call on the screen. */
async function act(verb, body) {
  if (!call) return;
  try {
    await post(`/calls/${call.sid}/${verb}`, body);
  } catch (error) {
    announce(error.message);
  }
}

function press(key) {
  sound.key(key);
  const button = find(`#keypad [value="${key}"]`);
  button.classList.add('down');
  setTimeout(() => button.classList.remove('down'), 140);
  act('press', { key });
}

const DEEDS = {
  answer: () => act('answer', { as: 'human' }),
  voicemail: () => act('answer', { as: 'machine' }),
  hangup: () => { sound.hush(); act('hangup'); },
  ignore: () => act('ignore'),
};
for (const button of document.querySelectorAll('[data-do]')) button.addEventListener('click', DEEDS[button.dataset.do]);

find('#keypad').append(...[...'123456789*0#'].map((key) => {
  const button = make('button', { value: key, ariaLabel: { '*': 'star', '#': 'pound' }[key] ?? key },
    make('span', {}, key), make('small', {}, LETTERS[key] ?? ''));
  button.addEventListener('click', () => press(key));
  return button;
}));
document.addEventListener('keydown', (event) => {
  const typing = event.target.closest('input:not([type=checkbox], [type=radio]), select, textarea');
  if (call?.status !== 'in-progress' || typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key.length === 1 && '0123456789*#'.includes(event.key)) press(event.key);
});

// --- announcements, switches, clock ----------------------------------------------------------------

/** Announces something to screen readers, and to users who have scrolled away from the phone. */
function announce(news, brief) {
  find('#news').textContent = news;
  if (brief && !phoneInSight) Object.assign(find('#peek'), { textContent: `${brief} ↓`, hidden: false });
}

let phoneInSight = true;
new IntersectionObserver(([{ isIntersecting }]) => {
  phoneInSight = isIntersecting;
  if (isIntersecting) find('#peek').hidden = true;
}, { threshold: 0.4 }).observe(find('#device'));

for (const id of ['sound', 'speech']) {
  const box = find(`#${id}`);
  box.checked = (localStorage.getItem(id) ?? String(box.checked)) === 'true';
  const apply = () => { if (id === 'sound') sound.sounds(box.checked); else if (!box.checked) sound.hush(); };
  box.addEventListener('change', () => { localStorage.setItem(id, box.checked); apply(); });
  apply();
}
const voicemail = find('#voicemail');
voicemail.addEventListener('change', () => post('/voicemail', { answers: voicemail.checked }));
const switches = document.querySelectorAll('[data-fault]');
for (const fault of switches) fault.addEventListener('change', () => post('/faults', { [fault.dataset.fault]: fault.value }));

function tick() {
  for (const face of document.querySelectorAll('[data-clock]')) face.textContent = clock(Date.now()).replace(/[^\d:.]/g, '');
  find('#date').textContent = new Date().toLocaleDateString([], { weekday: 'long', month: 'long', day: 'numeric' });
  progress();
}
setInterval(tick, 1000);
tick();

let latest = { messages: [], calls: [] };
listen((state) => {
  latest = state;
  offer(latest);
  list(latest);
  follow(latest.calls.filter(wanted));
  for (const fault of switches) fault.value = latest.faults[fault.dataset.fault];
  voicemail.checked = latest.voicemail;
  first = false;
});
number.addEventListener('change', () => {
  first = true; // what is shown again is not announced
  list(latest);
  follow(latest.calls.filter(wanted));
  first = false;
});
find('#clear').addEventListener('click', async () => {
  await post('/clear');
  number.replaceChildren(number.options[0]);
  announce('The phone is empty');
});
reach(signal);

function signal(there) {
  find('#signal').textContent = there ? '' : 'No service';
  if (!there) announce('The local stack has stopped or cannot be reached');
}
