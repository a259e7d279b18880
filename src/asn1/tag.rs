//! Identifier octets: class, form and number of an element in one (X.690 8.1.2).
//!
//! ```
//! use mailseal::asn1::tag;
//!
//! assert_eq!(tag::context_constructed(0), 0xa0);
//! assert_eq!(tag::context_primitive(1), 0x81);
//! ```
//!
//! # Not supported
//!
//! Tag numbers above 30, which take more than one octet.
#![allow(missing_docs, reason = "each is the type of its name in X.680")]

pub const BOOLEAN: u8 = 0x01;
pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
/// Primitive: DER allows no other form (X.690 10.2).
pub const OCTET_STRING: u8 = 0x04;
pub const NULL: u8 = 0x05;
pub const OBJECT_IDENTIFIER: u8 = 0x06;
pub const ENUMERATED: u8 = 0x0a;
pub const UTF8_STRING: u8 = 0x0c;
pub const NUMERIC_STRING: u8 = 0x12;
pub const PRINTABLE_STRING: u8 = 0x13;
pub const TELETEX_STRING: u8 = 0x14;
pub const IA5_STRING: u8 = 0x16;
pub const UTC_TIME: u8 = 0x17;
pub const GENERALIZED_TIME: u8 = 0x18;
pub const VISIBLE_STRING: u8 = 0x1a;
pub const UNIVERSAL_STRING: u8 = 0x1c;
pub const BMP_STRING: u8 = 0x1e;
/// SEQUENCE and SEQUENCE OF.
pub const SEQUENCE: u8 = 0x30;
/// SET and SET OF.
pub const SET: u8 = 0x31;

/// `[number]`, IMPLICIT over a primitive type.
///
/// # Panics
///
/// Above 30. The number is a literal of the structure at hand.
pub const fn context_primitive(number: u8) -> u8 {
    assert!(number <= 30);
    0x80 | number
}

/// `[number]`, EXPLICIT, or IMPLICIT over a constructed type.
///
/// # Panics
///
/// As [`context_primitive`].
pub const fn context_constructed(number: u8) -> u8 {
    assert!(number <= 30);
    0xa0 | number
}
