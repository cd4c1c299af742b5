//! What the function serves, and what it is made of.

#![cfg(test)]

mod brand;
mod browser;
mod files;
mod locales;
mod numbers;
mod served;
