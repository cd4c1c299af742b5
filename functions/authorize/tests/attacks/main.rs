//! What somebody may post to the door of Entra to get in as another, to learn something, or to break it. Each attack is a
//! test with its name. Entra and KMS are on loopback, and the keys are real.

#![cfg(test)]

mod answers;
mod configuration;
mod edge;
mod entra;
mod hints;
mod key_documents;
mod logs;
mod requests;
mod thieves;
mod world;
