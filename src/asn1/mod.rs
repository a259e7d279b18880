//! ASN.1 (X.680, X.690): the object identifiers this crate uses, the DER headers of structures
//! whose content is streamed, a walk over DER whose bytes must be kept as they are, and DER made
//! of the BER that others send.
//!
//! Other structures are written and read by the `der` crate.
//!
//! # Not supported
//! Writing BER: what is written here is DER. Only [`ber`] reads anything else.

pub mod ber;
pub mod oid;
pub mod reader;
pub mod tag;
pub mod tlv;
