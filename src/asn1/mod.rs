//! ASN.1 (X.680, X.690): the object identifiers this crate uses, the DER headers of structures
//! whose content is streamed, and a walk over DER whose bytes must be kept as they are.
//!
//! Other structures are written and read by the `der` crate.
//!
//! # Not supported
//! Indefinite lengths: what is written and read here is DER.

pub mod oid;
pub mod reader;
pub mod tlv;
