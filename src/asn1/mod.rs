//! ASN.1 (X.680, X.690): the object identifiers this crate uses, and the DER headers of
//! structures whose content is streamed.
//!
//! Structures that fit in memory are written and read by the `der` crate.
//!
//! # Not supported
//! Indefinite lengths: what is written here is DER.

pub mod oid;
pub mod tlv;
