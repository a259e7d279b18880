//! The webhook: mail that is handed over by HTTP is put into a [spool] and answered; what is in it
//! is judged afterwards.

pub mod admin;
pub mod certificate_line;
pub mod clock;
pub mod decide;
pub mod metrics;
mod narration;
pub mod network;
pub mod policy;
pub mod settings;
pub mod spool;
pub mod worker;
