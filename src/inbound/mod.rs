//! The webhook: mail that is handed over by HTTP is put into a [spool] and answered; what is in it
//! is judged afterwards, by [workers](worker).

pub mod adapters;
pub mod admin;
pub mod certificate_line;
pub mod clock;
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
pub mod worker;
