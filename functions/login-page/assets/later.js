// The page's second script: the screens after the first one. What it imports of the first script it gets from there, by way
// of `shared.js`. `build.rs` puts its sentences and the build before it, as before the first script.

import * as ends from './end-screens.js';
import * as screens from './screens.js';

export { learnPause, pausesOf, whilePaused } from './pauses.js';
export { sentence } from './problems.js';

export const build = BUILD;
export const sentences = STRINGS;

export const SCREENS = {
  number: screens.promptForNumber,
  expired: screens.expired,
  refused: screens.refused,
  exhausted: screens.exhausted,
  code: screens.code,
  calling: screens.calling,
  'call-over': screens.callOver,
  approved: ends.approved,
  'approved-before': ends.approvedBefore,
  denied: ends.denied,
  blocked: ends.blocked,
  locked: ends.locked,
  'locked-by-admin': ends.lockedByAdmin,
  lost: ends.lost,
  unusable: ends.unusable,
  paused: ends.paused,
  'enrolment-paused': ends.enrolmentPaused,
  'number-refused': ends.numberRefused,
  'enrolment-closed': ends.enrolmentClosed,
  'sign-in-over': ends.signInOver,
  'other-browser': ends.otherBrowser,
  start: ends.start,
  misdirected: ends.misdirected,
};
