//! mailseal seals application mail with S/MIME and injects it.

pub mod address;
pub mod asn1;
pub mod cms;
pub mod crypto;
pub mod keys;
pub mod mime;
pub mod printable;
pub mod secret;
pub mod send;
pub mod smime;
pub mod spool;
pub mod x509;
