//! Whether a certificate is a CA's, and how long a path may follow it (RFC 5280 4.2.1.9).

use const_oid::db::rfc5280::ID_CE_BASIC_CONSTRAINTS;

use crate::asn1::reader::{self, Reader};
use crate::asn1::tag;
use crate::x509::Certificate;

/// The basicConstraints extension.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BasicConstraints {
    /// cA: whether the key may sign certificates.
    pub is_ca: bool,
    /// pathLenConstraint: how many intermediate certificates that are not self-issued may follow.
    pub path_length: Option<u32>,
}

impl BasicConstraints {
    /// Reads the extension's value.
    ///
    /// Tolerated: cA written out although it is FALSE, which DER forbids and CAs do. A limit past
    /// 32 bits is the largest there is.
    ///
    /// # Errors
    ///
    /// Whatever is not DER, and a negative limit.
    pub fn from_der(der: &[u8]) -> Result<BasicConstraints, reader::Error> {
        let mut reader = Reader::new(der);
        let sequence = reader.expect(tag::SEQUENCE)?;
        reader.finish()?;
        let mut inside = reader.inside(&sequence);
        let is_ca = match inside.optional(tag::BOOLEAN)? {
            None => false,
            Some(flag) => match inside.value(&flag) {
                [value] => *value != 0,
                _ => return Err(reader::Error::Value(flag.value().start)),
            },
        };
        let path_length = inside
            .optional(tag::INTEGER)?
            .map(|integer| {
                unsigned(inside.value(&integer)).ok_or(reader::Error::Value(integer.value().start))
            })
            .transpose()?;
        inside.finish()?;
        Ok(BasicConstraints { is_ca, path_length })
    }
}

impl Certificate {
    /// The basicConstraints extension, if it is there.
    pub fn basic_constraints(&self) -> Result<Option<BasicConstraints>, reader::Error> {
        self.extension(ID_CE_BASIC_CONSTRAINTS)
            .map(|(value, _)| BasicConstraints::from_der(value))
            .transpose()
    }
}

/// `INTEGER (0..MAX)`; past 32 bits `u32::MAX`.
pub(super) fn unsigned(octets: &[u8]) -> Option<u32> {
    match octets {
        [] | [0x80..=0xff, ..] => None,
        octets => Some(
            octets
                .iter()
                .fold(0u32, |number, octet| match number.checked_mul(256) {
                    Some(number) => number | u32::from(*octet),
                    None => u32::MAX,
                }),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_fields_may_be_missing() {
        for (der, is_ca, path_length) in [
            (&b"\x30\x00"[..], false, None),
            (b"\x30\x03\x01\x01\xff", true, None),
            (b"\x30\x03\x01\x01\x00", false, None),
            (b"\x30\x06\x01\x01\xff\x02\x01\x00", true, Some(0)),
            (b"\x30\x03\x02\x01\x07", false, Some(7)),
            (b"\x30\x04\x02\x02\x01\x00", false, Some(256)),
            (
                b"\x30\x07\x02\x05\x01\x00\x00\x00\x00",
                false,
                Some(u32::MAX),
            ),
        ] {
            let expected = BasicConstraints { is_ca, path_length };
            assert_eq!(BasicConstraints::from_der(der), Ok(expected), "{der:x?}");
        }
    }

    #[test]
    fn malformed_limits_are_errors_and_never_no_limit() {
        for der in [
            &b""[..],
            b"\x30\x00\x00",
            b"\x30\x02\x01\x00",
            b"\x30\x03\x02\x01\xff",
            b"\x30\x02\x02\x00",
            b"\x30\x06\x02\x01\x00\x01\x01\xff",
            b"\x31\x00",
        ] {
            assert!(BasicConstraints::from_der(der).is_err(), "{der:x?}");
        }
    }
}
