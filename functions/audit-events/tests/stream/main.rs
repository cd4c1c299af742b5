//! Changes made by hand: which events they have, and what happens when the bus does not take them.

#![cfg(test)]

mod cases;
mod delivery;
mod derivation;
mod items;
