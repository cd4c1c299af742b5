//! The rules of the phone second factor.
//!
//! Everything here is pure: the time and the random source are arguments, and storage, networks and
//! the environment are behind the traits of [`ports`]. Start with [`challenge`] for the state
//! machine, [`start`] for what a request to send may do, and [`policy`] for every limit and its default.
//!
//! # Glossary
//!
//! | Word | Meaning |
//! |---|---|
//! | subject | one user: the account that the first factor names, with its enrolled number and failures |
//! | binding | the number enrolled for a subject; its version increases whenever the number is enrolled, changed or reset |
//! | challenge | one attempt to confirm a login or a number change with the phone; one per login session and purpose |
//! | generation | one of the successive challenges of a login session; when it cannot continue, a new start replaces it with the next |
//! | start | a request to send a code or place a call: it continues the challenge or replaces it |
//! | reservation | the guesses a challenge takes from its subject's budget when it starts |
//! | failure | a wrong guess since the subject's last success; failures delay the next challenge and finally lock the subject |
//! | receipt | what the provider reports of a message that it accepted |
//! | settle | make an approval final, together with the subject; only then is a result token issued |
//! | contested | another login of the same subject was active within ten minutes, so a call asks for the page's digits, not for `#` alone |
//! | unverified | describes a number that is neither enrolled nor vouched for by the first factor |
//! | limit | how many sends are allowed per window, for a subject, number, network, range or country |
//! | charge | what one send adds to the counter of a limit |
//! | budget | the limit on unverified sends to a country, which grows with the users verified there |
//! | breaker | for a while after a country's budget is used up, refuses all unverified sends to it on that channel |
//! | switch | what an operator stops or changes for a while, without a deployment |
//! | paused | stopped by a switch |
//! | closed | of a login or a deployment: no number may be typed, only the first factor's verified claim is enrolled |
//! | opening | an administrator's permission for one account to enrol a typed number all the same, once and within a day |
//! | snapshot | everything stored about a subject, as one request reads it |

// Bottom up: each file imports only from those above it in this list. `tests/stack` checks it.

pub mod time;
mod words;

pub mod channel;
pub mod delivery;
mod digest;
mod digits;
pub mod limit;
pub mod purpose;

pub mod identity;
pub mod phone;

pub mod code;
pub mod locale;
pub mod policy;
pub mod quota;
pub mod receipt;

pub mod call;
pub mod rules;
pub mod request;
pub mod switches;

pub mod budget;
pub mod challenge;
mod challenge_calls;

pub mod result;
pub mod script;
pub mod subject;

pub mod follow_up;
pub mod refusal;
pub mod snapshot;

pub mod change;
pub mod enrolment;
pub mod limits;
pub mod start_transaction;

pub mod polling;
pub mod start;
pub mod status;

pub mod administration;

pub mod ports;
