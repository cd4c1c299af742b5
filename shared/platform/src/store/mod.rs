//! The challenge store on DynamoDB: one partition per subject, one item per login session. The attributes are in
//! [`crate::item`].
//!
//! | `pk` | `sk` | holds |
//! |---|---|---|
//! | `subject#<digest>` | `subject` | the enrolled number, failures, reserved guesses, sends, block |
//! | `subject#<digest>` | `challenge#<session digest>` | the session's current challenge generation |
//! | `subject#<digest>` | `refusal` | the latest refused start, and how many there have been |
//! | `number#<digest>` | `number` | the accounts that enrolled the number, its block |
//! | `number#<digest>`, `network#<address>`, `range#<prefix>`, `country#<code>` | `<limit>#<window>#<shard>` | a counter |
//! | `switches` | `switches` | what operators have stopped or changed for a while |
//! | `country#<code>` | `verified#<day>`, `breaker#<channel>` | the statistics behind the country's budget |
//!
//! The generation is an attribute and not part of the key. So a guess is counted without first reading which generation
//! is current, and the write that replaces a generation closes the old one: its codes and call token are gone.
//!
//! Every change of a challenge or a subject is one conditional write. The conditions are side by side in
//! [`expression`]. Some other writes are blind:
//!
//! | Write | Needs no condition of its own, because |
//! |---|---|
//! | `REFUND` | it is part of a transaction that can happen only once; a counter that was deleted is created below zero, and expires again |
//! | `BLOCK_NUMBER` | it is part of the conditional transaction of a report; of two reports, the later one sets the end |
//! | `REMOVE_ACCOUNT` | it is part of the conditional transaction that takes the number from the subject; removing what is not in the set changes nothing |
//! | `CHARGE` where the budget is only recorded | it refuses nothing |
//! | `NOTE_REFUSAL` | no decision reads that item |
//! | `COUNT_VERIFIED` | its transaction's token lets it happen only once; see [`country`] |

// From the ground up: a file imports only from those above it in this list. `tests/stack` checks it.
mod expression;
mod key;
mod fault;
mod value;
mod table;
mod write;
mod counter;
mod number;
mod challenge_item;
mod load;
mod guess;
mod settle;
mod start;
mod send;
mod receipt;
mod refusal;
mod country;
mod report;
mod call;
mod administration;
mod switches;
mod port;

pub use table::DynamoStore;
