// Things to try: each opens the login page ready for it, mostly with a code or call on its way, and says what to do next.
// Each signs in a new user with a new number, so that no limit and no earlier login is in the way.

import { make, post } from './common.js';

const TRIES = [
  {
    name: 'Enter a wrong code', send: 'sms', tip: 'Enter any other six digits: the page counts the tries that are left.',
  },
  {
    name: 'Let a code expire', send: 'sms', ready: () => post('/desk/expire'), tip: 'The code has expired, as it would after five minutes. Ask for a new one.',
  },
  {
    name: 'Reload halfway', send: 'sms', tip: 'Press ↻: the page goes on where it was.',
  },
  {
    name: 'Miss the call', send: 'call', tip: 'Decline the call, let it ring, or send it to voicemail.',
  },
  {
    name: 'Say “this was not me”', send: 'call', tip: ['Accept the call and press ', make('kbd', {}, '0'), '.'],
  },
  {
    name: 'Sign in twice at once', twice: true, tip: 'Choose Call Me here and in the new tab. Neither call is approved by # alone.',
  },
  {
    name: 'Fail to send messages', before: () => post('/faults', { sms: '500' }), tip: 'Choose Send Code: it fails. Finish with a call. “The network” has it mended.',
  },
  {
    name: 'Add a number', account: 'newcomer', tip: 'This user has no number yet. Any American, Canadian or British one works.',
  },
];

/**
 * Lists them.
 * @param {(attempt: () => Promise<void>) => void} guard Shows what goes wrong.
 * @param {{ embed: Function, redirect: Function }} ways
 */
export function tries(guard, { embed, redirect }) {
  document.querySelector('#tries').append(...TRIES.map((attempt) => {
    const button = make('button', { className: 'try', type: 'button' }, attempt.name);
    button.addEventListener('click', () => guard(() => open(attempt, embed, redirect)));
    return make('li', {}, button);
  }));
}

async function open({ account = 'alice', send, twice, before, ready, tip }, embed, redirect) {
  await before?.();
  const begun = await post('/desk/sign-in', { account, user: 'new', send });
  if (twice) redirect({ ...await post('/desk/sign-in', { account, user: { of: begun.state } }), account });
  embed({ ...begun, account }, { tip, ready });
}
