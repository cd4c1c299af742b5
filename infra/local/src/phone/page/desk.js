// The sign-in desk: who signs in, and how the login page is opened. It plays the part of the hosted login's
// page, so this is the code an integrator would write: hand over the token, take back the result.

import { left, make, outcome, post, verified } from './common.js';
import { follow } from './live.js';
import { language, previews, shape } from './preview.js';
import { tries } from './tries.js';

const WHAT = {
  alice: 'American number on record',
  bob: 'British number on record',
  newcomer: 'No number yet; a new user each time',
};

const find = (selector) => document.querySelector(selector);
const [form, stage, reload, expire, problem] =
  ['#sign-in', '#stage', '#reload', '#expire', '#sign-in-problem'].map(find);

/** The login in the frame, if any. */
let login = null;
/** What kept the functions from answering, if anything did. */
let held = null;

const { gateway, accounts, locales } = await (await fetch('/desk')).json();
document.querySelector('#accounts').append(...accounts.map(({ name, phone }, index) =>
  make('label', { className: 'account' },
    make('input', { type: 'radio', name: 'account', value: name, checked: index === 0 }),
    make('span', { className: 'face', ariaHidden: 'true' }, name[0].toUpperCase()),
    make('span', {}, make('b', {}, name), make('small', {}, WHAT[name] ?? phone ?? '')))));

form.elements.locale.append(...locales.map((lang) =>
  make('option', { value: lang, lang }, new Intl.DisplayNames(lang, { type: 'language' }).of(lang))));

form.addEventListener('submit', (event) => {
  event.preventDefault();
  guard(async () => {
    const { account, way } = Object.fromEntries(new FormData(form));
    if (way === 'entra') return open((await post('/desk/entra', { account })).address);
    const begun = { ...await post(way === 'cognito' ? '/desk/cognito' : '/desk/sign-in', { account }), account };
    if (way === 'frame') embed(begun);
    else redirect(begun);
  });
});
tries(guard, { embed, redirect });
previews(load);

/** Does one thing at a time, and shows what went wrong. */
async function guard(begin) {
  const desk = find('.desk');
  if (desk.ariaBusy === 'true') return;
  desk.ariaBusy = 'true';
  problem.textContent = '';
  try {
    await begin();
  } catch (error) {
    problem.textContent = error.message;
    problem.scrollIntoView({ block: 'nearest' });
  } finally {
    desk.ariaBusy = 'false';
  }
}

function page() {
  const url = new URL(gateway);
  if (language()) url.searchParams.set('ui_locales', language());
  return url;
}

function redirect(begun) {
  const url = page();
  url.searchParams.set('redirect_uri', `${location.origin}/signed-in`);
  url.searchParams.set('state', begun.state);
  url.hash = new URLSearchParams({ token: begun.token });
  open(url);
}

function open(url) {
  const opened = window.open(url, '_blank', shape());
  if (!opened) throw new Error('The browser blocked the new window. Allow pop-ups for this page.');
}

/** Opens the login page in the frame. `tip` says what to do there; `ready` is done once the page is there. */
function embed(begun, { tip = '', ready = null } = {}) {
  const frame = make('iframe', { title: `Login page for ${begun.account}` });
  frame.allow = `otp-credentials ${gateway}`;
  login = { ...begun, frame, ready };
  find('#tip').replaceChildren(...[tip].flat());
  for (const tool of [reload, expire]) tool.hidden = false;
  load();
  stage.replaceChildren(frame);
  frame.scrollIntoView({ block: 'nearest' });
  frame.focus();
}

function load() {
  if (login) Object.assign(login, { isThere: false }).frame.src = page();
}

reload.addEventListener('click', load);
expire.addEventListener('click', () => guard(async () => {
  const { expired } = await post('/desk/expire');
  find('#tip').textContent = expired ? 'Expired: the page shows it when it asks the next time.' : 'Nothing to expire: no code or call is on its way.';
}));

// While the functions are compiled, or cannot be, the page says so; a frame that got no page then loads it.
follow(({ compiler }) => {
  find('#compiler').textContent = compiler ?? '';
  if (!compiler && held && login && !login.isThere) load();
  held = compiler;
});

window.addEventListener('message', async ({ data, origin, source }) => {
  if (origin !== gateway || !login || source !== login.frame.contentWindow) return;
  const { token, state, frame, ready } = login;
  const locale = language();
  switch (data?.type) {
    case 'alliance-mfa:ready':
      source.postMessage({ type: 'alliance-mfa:token', token, state, ...(locale && { locale }) }, gateway);
      Object.assign(login, { isThere: true, ready: null });
      await ready?.();
      break;
    case 'alliance-mfa:height':
      frame.style.setProperty('--height', `${Number(data.height)}px`);
      break;
    case 'alliance-mfa:result':
      end(data.state === state ? await verified(state, data.resultToken)
        : outcome('bad', 'The result is not valid', ['It belongs to a different sign-in.']));
      break;
    case 'alliance-mfa:cancel':
      end(left());
  }
});

function end(shown) {
  login = null;
  find('#tip').textContent = '';
  for (const tool of [reload, expire]) tool.hidden = true;
  stage.replaceChildren(shown);
  shown.querySelector('h2').focus();
}
