//! The server as a whole: the real program on real sockets, on every pair of backends.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is a failed test")]

#[macro_use]
mod api;

mod agents;
mod api_keys;
mod crash;
mod demo;
mod deploy;
mod doctor;
mod durability;
mod exchange;
mod faults;
mod listeners;
mod matrix;
mod schema;
mod sdk;
mod storage;
