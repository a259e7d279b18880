//! The webhook: mail that is handed over by HTTP is put into a [spool] and answered; what is in it
//! is judged afterwards, so that the answer tells a stranger nothing.
//!
//! | step | made by |
//! |---|---|
//! | a connection, with its limits | [`server`], [`connections`], [`tls`] |
//! | a request that is let in: path, method, Content-Type, [`token`], size, pace | [`routes`], [`request`] |
//! | the mail in it | [`relay_message`], [`adapters`] |
//! | messages that are on the disk, and wait | [`spool`] |
//! | a decision that is written down | [`worker`], [`decide`], by a [`policy`] |
//! | what people and machines see of it | [`narration`], [`metrics`], [`admin`] |
//! | a note to the sender | [`reply`] |
//!
//! [`server`] has an example of the first half, [`decide`] of the second.
//!
//! # Not supported
//!
//! Mail by SMTP: an MTA posts it to `/raw`.

pub mod adapters;
pub mod admin;
pub mod certificate_line;
pub mod clock;
pub mod connections;
pub mod decide;
pub mod metrics;
pub mod narration;
pub mod network;
pub mod peer;
pub mod policy;
pub mod relay_message;
pub mod reply;
pub mod report;
pub mod request;
pub mod routes;
pub mod server;
pub mod settings;
pub mod spool;
pub mod tls;
pub mod token;
mod unread;
pub mod worker;
