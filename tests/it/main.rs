//! Behaviour seen from outside: the real binary, on the mails of `testdata/`, beside real peers.
//!
//! `tests/run` installs the peers and runs all of it. By hand: `cargo nextest run --test it`, with
//! `MAILSEAL_BIN` to test another binary than the one just built, and `MAILSEAL_WITHOUT_PEERS=1` where
//! a peer cannot be had (each test left out says so). Everything here listens on loopback and writes
//! to directories of its own.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

mod attacks;
mod bcc;
mod canonical;
mod cert;
mod cli;
mod collecting;
mod conformance;
mod differential;
mod dkim;
mod encryption;
mod gpgsm;
mod keys;
mod layout;
mod mails;
mod memory;
mod open_gpgsm;
mod open_openssl;
mod openssl;
mod paths;
mod pickup;
mod pkcs12;
mod pkits;
mod postfix;
mod refusals;
mod round_trip;
mod seal_gpgsm;
mod seal_openssl;
mod show;
mod smtp;
mod smtp_refusals;
mod sparkpost;
mod starttls;
mod store;
mod verify_openssl;
