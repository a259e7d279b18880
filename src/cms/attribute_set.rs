//! A SET OF Attribute (RFC 5652 5.3), signed, authenticated or neither, as a stranger wrote it.
//!
//! A signature is over the DER of the set, whatever the order it travels in (RFC 5652 5.4), so
//! that is what it becomes here first.
//!
//! ```
//! use mailseal::asn1::oid;
//! use mailseal::cms::attribute_set::AttributeSet;
//!
//! // [0] { contentType = id-data }
//! let element = b"\xa0\x1a\x30\x18\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03\
//!     \x31\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
//! let attributes = AttributeSet::from_der(element)?;
//! assert_eq!(attributes.to_der()[0], 0x31);
//! assert!(attributes.single(oid::ID_CONTENT_TYPE)?.is_some());
//! assert!(attributes.single(oid::ID_SIGNING_TIME)?.is_none());
//! # Ok::<(), mailseal::cms::attribute_set::Error>(())
//! ```

use der::Decode;
use der::asn1::ObjectIdentifier;

use crate::asn1::reader::{self, Reader};
use crate::asn1::{oid, tag, tlv};

/// Why attributes cannot be relied on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// They are not a SET OF Attribute.
    #[error("the attributes are malformed")]
    Malformed(#[source] reader::Error),
    /// An attribute that must not repeat does, so that nobody knows which instance binds.
    #[error("the attribute {attribute} is there {instances} times")]
    Repeated {
        /// Its name, or its object identifier.
        attribute: String,
        /// How often it is there.
        instances: usize,
    },
    /// An attribute that has exactly one value has none or several.
    #[error("the attribute {attribute} has {values} values in place of one")]
    NotSingleValued {
        /// Its name, or its object identifier.
        attribute: String,
        /// How many there are.
        values: usize,
    },
}

impl From<reader::Error> for Error {
    fn from(error: reader::Error) -> Error {
        Error::Malformed(error)
    }
}

/// Attributes in the order of DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeSet {
    der: Vec<u8>,
    attributes: Vec<Attribute>,
    was_sorted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Attribute {
    identifier: ObjectIdentifier,
    /// Each value, a whole DER element.
    values: Vec<Vec<u8>>,
}

impl AttributeSet {
    /// Reads the set below whatever tag it has; lengths are in DER already.
    pub fn from_der(element: &[u8]) -> Result<AttributeSet, Error> {
        let mut reader = Reader::new(element);
        let set = reader.read()?;
        reader.finish()?;
        let mut elements = reader.inside(&set);
        let mut encodings = Vec::new();
        let mut attributes = Vec::new();
        while !elements.is_empty() {
            let attribute = elements.expect(tag::SEQUENCE)?;
            let (encoding, attribute) = read(elements.inside(&attribute))?;
            encodings.push(encoding);
            attributes.push(attribute);
        }
        let der = tlv::set_of(encodings);
        let was_sorted = der.get(1..) == element.get(1..);
        Ok(AttributeSet {
            der,
            attributes,
            was_sorted,
        })
    }

    /// The DER of the SET OF: what a signature is over (RFC 5652 5.4).
    pub fn to_der(&self) -> &[u8] {
        &self.der
    }

    /// Whether the set came in the order of DER.
    pub fn was_sorted(&self) -> bool {
        self.was_sorted
    }

    /// Whether an attribute of this type is there, in any number.
    pub fn has(&self, attribute: ObjectIdentifier) -> bool {
        self.attributes.iter().any(|it| it.identifier == attribute)
    }

    /// The one value, a whole DER element, of an attribute that may be there once with one value
    /// (RFC 5652 11, RFC 8551 2.5).
    ///
    /// # Errors
    ///
    /// [`Error::Repeated`] and [`Error::NotSingleValued`].
    pub fn single(&self, attribute: ObjectIdentifier) -> Result<Option<&[u8]>, Error> {
        let mut instances = self.attributes.iter();
        let mut instances = instances.by_ref().filter(|it| it.identifier == attribute);
        let Some(first) = instances.next() else {
            return Ok(None);
        };
        let others = instances.count();
        if others > 0 {
            return Err(Error::Repeated {
                attribute: oid::name(&attribute),
                instances: others + 1,
            });
        }
        match &first.values[..] {
            [value] => Ok(Some(value)),
            values => Err(Error::NotSingleValued {
                attribute: oid::name(&attribute),
                values: values.len(),
            }),
        }
    }
}

/// Attribute ::= SEQUENCE { attrType OBJECT IDENTIFIER, attrValues SET OF AttributeValue }
fn read(mut inside: Reader<'_>) -> Result<(Vec<u8>, Attribute), Error> {
    let identifier = inside.expect(tag::OBJECT_IDENTIFIER)?;
    let at = identifier.whole().start;
    let identifier = tlv::element(tag::OBJECT_IDENTIFIER, inside.value(&identifier));
    let set = inside.expect(tag::SET)?;
    inside.finish()?;
    let mut of_values = inside.inside(&set);
    let mut values = Vec::new();
    while !of_values.is_empty() {
        let value = of_values.read()?;
        values.push(tlv::element(value.tag(), of_values.value(&value)));
    }
    let encoding = tlv::sequence(&[&identifier, &tlv::set_of(values.clone())]);
    let identifier =
        ObjectIdentifier::from_der(&identifier).map_err(|_| reader::Error::Value(at))?;
    Ok((encoding, Attribute { identifier, values }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use der::Encode;

    fn attribute(identifier: ObjectIdentifier, values: &[&[u8]]) -> Vec<u8> {
        let set = tlv::element(tag::SET, &values.concat());
        tlv::sequence(&[&identifier.to_der().unwrap(), &set])
    }

    fn set(attributes: &[Vec<u8>]) -> Vec<u8> {
        tlv::element(tag::context_constructed(0), &attributes.concat())
    }

    #[test]
    fn any_order_becomes_that_of_der() {
        let digest = attribute(oid::ID_MESSAGE_DIGEST, &[b"\x04\x01d"]);
        let capabilities = attribute(oid::SMIME_CAPABILITIES, &[b"\x30\x00"]);
        let sorted = AttributeSet::from_der(&set(&[capabilities.clone(), digest.clone()]));
        let sorted = sorted.unwrap();
        let unsorted = AttributeSet::from_der(&set(&[digest, capabilities])).unwrap();
        assert_eq!(sorted.to_der(), unsorted.to_der());
        assert_eq!(sorted.to_der()[0], tag::SET);
        assert!(sorted.was_sorted() != unsorted.was_sorted());
    }

    #[test]
    fn the_values_of_an_attribute_are_a_set_as_well() {
        let values: [&[u8]; 2] = [b"\x02\x01\x02", b"\x02\x01\x01"];
        let attributes = AttributeSet::from_der(&set(&[attribute(oid::ID_DATA, &values)]));
        let attributes = attributes.unwrap();
        assert!(attributes.to_der().ends_with(b"\x02\x01\x01\x02\x01\x02"));
    }

    #[test]
    fn one_value_of_one_instance_is_single_and_nothing_else() {
        let digest = oid::ID_MESSAGE_DIGEST;
        let single = |attributes: &[Vec<u8>]| {
            let attributes = AttributeSet::from_der(&set(attributes)).unwrap();
            attributes
                .single(digest)
                .map(|value| value.map(<[u8]>::to_vec))
        };
        let one = attribute(digest, &[b"\x04\x01d"]);
        assert_eq!(
            single(std::slice::from_ref(&one)),
            Ok(Some(b"\x04\x01d".to_vec()))
        );
        assert_eq!(single(&[]), Ok(None));
        let repeated = single(&[one.clone(), one]);
        assert!(matches!(
            repeated,
            Err(Error::Repeated { instances: 2, .. })
        ));
        for (values, count) in [(&[][..], 0), (&[&b"\x04\x01d"[..], b"\x04\x01e"][..], 2)] {
            let result = single(&[attribute(digest, values)]);
            let Err(Error::NotSingleValued { values, .. }) = result else {
                panic!("{count} values were taken for one")
            };
            assert_eq!(values, count);
        }
    }

    #[test]
    fn what_is_no_set_of_attributes_is_refused() {
        for element in [
            &b""[..],
            b"\xa0\x01\x00",
            b"\xa0\x02\x30\x00",
            b"\xa0\x04\x30\x02\x06\x00",
            b"\xa0\x00\x00",
        ] {
            assert!(AttributeSet::from_der(element).is_err(), "{element:x?}");
        }
        assert!(AttributeSet::from_der(b"\xa0\x00").is_ok());
    }
}
