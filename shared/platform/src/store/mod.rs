//! The challenge store on DynamoDB: one partition per subject, one item per login session.
//!
//! | `pk` | `sk` | holds |
//! |---|---|---|
//! | `subject#<digest>` | `subject` | the enrolled number, failures, reservations, windows, block |
//! | `subject#<digest>` | `challenge#<session digest>` | the session's current challenge generation |
//! | `subject#<digest>` | `refusal` | the latest refused start, and how many there were |
//! | `number#<digest>` | `number` | the accounts that enrolled the number, its block |
//! | `number#<digest>`, `network#<address>`, `range#<prefix>`, `country#<code>` | `<limit>#<window>#<shard>` | a counter |
//! | `country#<code>` | `verified#<day>`, `breaker#<channel>` | what the country's budget follows from |
//!
//! The generation is an attribute and not a part of the key. So a guess can be counted on the item
//! without reading first which generation is current, and replacing a generation closes the old one
//! in the same write: its codes and call token are gone with it.
//!
//! Every change of a challenge or a subject is one conditional write. The conditions are the constants of
//! [`expression`], to be read side by side. Some other writes are blind, each for a reason:
//!
//! | Write | Harmless without a condition of its own, since |
//! |---|---|
//! | `REFUND` | it is part of a transaction whose condition lets it happen once; a counter that is forgotten counts below zero, and is itself forgotten |
//! | `BLOCK_NUMBER` | it is part of the conditional transaction that denies the challenge; of two reports the later sets the end |
//! | `REMOVE_ACCOUNT` | it is part of the conditional transaction that takes the number from the subject; who is not in the set cannot leave it twice |
//! | `CHARGE` where the budget is only recorded | nothing is refused by it, so that there is nothing to pass |
//! | `NOTE_REFUSAL` | it counts up an item that no decision reads |
//! | `COUNT_VERIFIED` | its transaction has a token that lets it happen once; see [`country`] |

// From the ground up: a file imports only from those above it.
mod administration;
mod call;
mod challenge_item;
mod counter;
mod country;
mod expression;
mod fault;
mod guess;
mod key;
mod load;
mod number;
mod port;
mod refusal;
mod send;
mod settle;
mod start;
mod table;
mod value;
mod write;

pub use table::DynamoStore;
