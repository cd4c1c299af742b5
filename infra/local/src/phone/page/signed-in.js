// The redirect URI of the demo login: takes the result from the fragment and removes it from the address
// bar at once.

import { left, outcome, verified } from './common.js';

const returned = new URLSearchParams(location.hash.slice(1));
history.replaceState(null, '', location.pathname);

const shown = returned.has('result_token') ? await verified(returned.get('state') ?? '', returned.get('result_token'))
  : returned.has('error') ? left()
    : outcome('bad', 'No result', ['The login page returns here with a result, which works only once.']);
document.querySelector('#outcome').replaceChildren(shown);
shown.querySelector('h2').focus();
