//! What the program can do, one file a command.

pub mod account;
pub mod demo;
pub mod doctor;
pub mod migrate;
pub mod serve;
pub mod storage;
