//! Tests of what the function serves.

#![cfg(test)]

mod brand;
mod browser;
mod files;
mod locales;
mod numbers;
mod served;
