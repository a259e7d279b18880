//! mailseal seals application mail with S/MIME and injects it.

pub mod address;
pub mod secret;
pub mod spool;
