//! The webhook: mail that is handed over by HTTP is put into a [spool] and answered; what is in it
//! is judged afterwards.

pub mod network;
pub mod relay_message;
pub mod settings;
pub mod spool;
