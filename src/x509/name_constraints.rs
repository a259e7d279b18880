//! The names a CA may issue for (RFC 5280 4.2.1.10), as the extension has them.
//!
//! ```
//! use mailseal::x509::name_constraints::NameConstraints;
//!
//! let der = b"\x30\x0d\xa1\x0b\x30\x09\x82\x07a.local";
//! let constraints = NameConstraints::from_der(der).unwrap();
//! assert_eq!((constraints.permitted.len(), constraints.excluded.len()), (0, 1));
//! ```
//!
//! # Not supported
//!
//! The distances minimum and maximum, which RFC 5280 does not use. What the constraints mean for a
//! name is the business of [`path`](crate::path).

use const_oid::db::rfc5280::ID_CE_NAME_CONSTRAINTS;

use crate::asn1::reader::{self, Reader};
use crate::asn1::tag;
use crate::x509::Certificate;
use crate::x509::general_name::GeneralName;

/// The nameConstraints extension: the bases of its subtrees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameConstraints<'a> {
    /// permittedSubtrees
    pub permitted: Vec<GeneralName<'a>>,
    /// excludedSubtrees
    pub excluded: Vec<GeneralName<'a>>,
}

impl<'a> NameConstraints<'a> {
    /// Reads the extension's value.
    ///
    /// # Errors
    ///
    /// Whatever is not DER; no subtree at all; a minimum or maximum, which RFC 5280 does not let
    /// anybody write and has a reader process or refuse.
    pub fn from_der(der: &'a [u8]) -> Result<NameConstraints<'a>, reader::Error> {
        let mut reader = Reader::new(der);
        let sequence = reader.expect(tag::SEQUENCE)?;
        reader.finish()?;
        let mut inside = reader.inside(&sequence);
        if inside.is_empty() {
            return Err(reader::Error::Value(sequence.value().start));
        }
        let constraints = NameConstraints {
            permitted: subtrees(&mut inside, 0)?,
            excluded: subtrees(&mut inside, 1)?,
        };
        inside.finish()?;
        Ok(constraints)
    }
}

impl Certificate {
    /// The nameConstraints extension, if it is there.
    pub fn name_constraints(&self) -> Result<Option<NameConstraints<'_>>, reader::Error> {
        self.extension(ID_CE_NAME_CONSTRAINTS)
            .map(|(value, _)| NameConstraints::from_der(value))
            .transpose()
    }
}

/// `[number] IMPLICIT SEQUENCE SIZE (1..MAX) OF GeneralSubtree OPTIONAL`
fn subtrees<'a>(
    reader: &mut Reader<'a>,
    number: u8,
) -> Result<Vec<GeneralName<'a>>, reader::Error> {
    let Some(list) = reader.optional(tag::context_constructed(number))? else {
        return Ok(Vec::new());
    };
    let mut list_reader = reader.inside(&list);
    if list_reader.is_empty() {
        return Err(reader::Error::Value(list.value().start));
    }
    let mut bases = Vec::new();
    while !list_reader.is_empty() {
        let subtree = list_reader.expect(tag::SEQUENCE)?;
        let mut inside = list_reader.inside(&subtree);
        bases.push(GeneralName::read(&mut inside)?);
        // DER leaves a minimum of 0 out; CAs write it.
        if let Some(minimum) = inside.optional(tag::context_primitive(0))?
            && inside.value(&minimum) != [0]
        {
            return Err(reader::Error::Value(minimum.value().start));
        }
        inside.finish()?;
    }
    Ok(bases)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::tlv::{element, sequence};

    #[test]
    fn subtrees_are_permitted_or_excluded() {
        let base = element(0x82, b"example.com");
        let read = |parts: &[Vec<u8>]| {
            let der = sequence(&[&parts.concat()]);
            NameConstraints::from_der(&der)
                .map(|constraints| (constraints.permitted.len(), constraints.excluded.len()))
                .ok()
        };
        let list = |number, subtree: &[&[u8]]| element(number, &sequence(subtree));
        assert_eq!(read(&[list(0xa0, &[&base])]), Some((1, 0)));
        assert_eq!(read(&[list(0xa1, &[&base, b"\x80\x01\x00"])]), Some((0, 1)));
        assert_eq!(
            read(&[list(0xa0, &[&base]), list(0xa1, &[&base])]),
            Some((1, 1))
        );
        for wrong in [
            vec![],
            vec![element(0xa0, b"")],
            vec![list(0xa1, &[&base]), list(0xa0, &[&base])],
            vec![list(0xa0, &[&base, b"\x80\x01\x01"])],
            vec![list(0xa0, &[&base, b"\x81\x01\x05"])],
            vec![list(0xa2, &[&base])],
        ] {
            assert_eq!(read(&wrong), None, "{wrong:x?}");
        }
    }
}
