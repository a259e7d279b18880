//! The webhook that gathers certificates.

pub mod decide;
