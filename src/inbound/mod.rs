//! The webhook: mail that is handed over by HTTP is put into a [spool] and answered; what is in it
//! is judged afterwards.

pub mod adapters;
pub mod clock;
pub mod network;
pub mod peer;
pub mod relay_message;
pub mod report;
pub mod request;
pub mod routes;
pub mod server;
pub mod settings;
pub mod spool;
pub mod tls;
pub mod token;
