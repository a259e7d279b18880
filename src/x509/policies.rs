//! Under which policies a certificate was issued, and what a CA says of those below it (RFC 5280
//! 4.2.1.4, 4.2.1.5, 4.2.1.11, 4.2.1.14).
//!
//! ```
//! use mailseal::x509::policies::CertificatePolicies;
//!
//! let policies = CertificatePolicies::from_der(b"\x30\x06\x30\x04\x06\x02\x2a\x03").unwrap();
//! assert_eq!(policies.0.first().unwrap().to_string(), "1.2.3");
//! ```
//!
//! # Not supported
//!
//! The texts of policy qualifiers, which are for people: of a user notice no more is told than which
//! of its parts are there.

use std::collections::BTreeSet;
use std::ops::Range;

use const_oid::db::rfc5280::{ID_QT_CPS, ID_QT_UNOTICE};

use crate::asn1::oid::ObjectIdentifier;
use crate::asn1::reader::{self, Element, Reader};
use crate::asn1::tag;
use crate::x509::basic_constraints::unsigned;

/// anyPolicy: every policy there is.
pub const ANY_POLICY: ObjectIdentifier = const_oid::db::rfc5280::ANY_POLICY;

/// The certificatePolicies extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificatePolicies(pub BTreeSet<ObjectIdentifier>);

impl CertificatePolicies {
    /// Reads the extension's value.
    ///
    /// # Errors
    ///
    /// Whatever is not DER, no policy at all, and one that occurs twice, which RFC 5280 4.2.1.4
    /// forbids.
    pub fn from_der(der: &[u8]) -> Result<CertificatePolicies, reader::Error> {
        let mut policies = BTreeSet::new();
        each(der, |mut information| {
            let policy = information.expect(tag::OBJECT_IDENTIFIER)?;
            if !policies.insert(identifier(&information, &policy)?) {
                return Err(reader::Error::Value(policy.value().start));
            }
            information.optional(tag::SEQUENCE)?;
            information.finish()
        })?;
        Ok(CertificatePolicies(policies))
    }
}

/// What a CA adds to a policy, for people to read (RFC 5280 4.2.1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyQualifier<'a> {
    /// id-qt-cps: where the certification practice statement is.
    CpsUri(&'a [u8]),
    /// id-qt-unotice: a notice to be shown.
    UserNotice {
        /// noticeRef: the notice is one of a numbered list of somebody's.
        has_reference: bool,
        /// explicitText: the notice itself.
        has_text: bool,
    },
    /// Of another type: the octets of its identifier.
    Other(&'a [u8]),
}

impl<'a> PolicyQualifier<'a> {
    /// Reads those of all policies of a certificatePolicies extension.
    ///
    /// # Errors
    ///
    /// Whatever is not DER.
    pub fn all_from_der(der: &'a [u8]) -> Result<Vec<PolicyQualifier<'a>>, reader::Error> {
        let mut qualifiers = Vec::new();
        each(der, |mut information| {
            information.expect(tag::OBJECT_IDENTIFIER)?;
            let Some(list) = information.optional(tag::SEQUENCE)? else {
                return Ok(());
            };
            let mut list = information.inside(&list);
            while !list.is_empty() {
                let qualifier = list.expect(tag::SEQUENCE)?;
                qualifiers.push(PolicyQualifier::read(list.inside(&qualifier))?);
            }
            Ok(())
        })?;
        Ok(qualifiers)
    }

    /// `PolicyQualifierInfo ::= SEQUENCE { policyQualifierId, qualifier ANY }`
    fn read(mut reader: Reader<'a>) -> Result<PolicyQualifier<'a>, reader::Error> {
        let id = reader.expect(tag::OBJECT_IDENTIFIER)?;
        let id = reader.value(&id);
        if id == ID_QT_CPS.as_bytes() {
            let uri = reader.expect(tag::IA5_STRING)?;
            return Ok(PolicyQualifier::CpsUri(reader.value(&uri)));
        }
        if id != ID_QT_UNOTICE.as_bytes() {
            return Ok(PolicyQualifier::Other(id));
        }
        let notice = reader.expect(tag::SEQUENCE)?;
        let mut notice = reader.inside(&notice);
        // DisplayText is one of four string types, NoticeReference a SEQUENCE.
        let has_reference = notice.optional(tag::SEQUENCE)?.is_some();
        Ok(PolicyQualifier::UserNotice {
            has_reference,
            has_text: !notice.is_empty(),
        })
    }
}

/// The policyMappings extension: pairs of a policy of the issuer's and the subject's that passes
/// for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyMappings(pub Vec<(ObjectIdentifier, ObjectIdentifier)>);

impl PolicyMappings {
    /// Reads the extension's value.
    ///
    /// # Errors
    ///
    /// Whatever is not DER, no mapping at all, and anyPolicy on either side, which RFC 5280 4.2.1.5
    /// forbids and 6.1.4 (a) refuses.
    pub fn from_der(der: &[u8]) -> Result<PolicyMappings, reader::Error> {
        let mut mappings = Vec::new();
        each(der, |mut mapping| {
            let mut policy = || {
                let policy = mapping.expect(tag::OBJECT_IDENTIFIER)?;
                match identifier(&mapping, &policy)? {
                    ANY_POLICY => Err(reader::Error::Value(policy.value().start)),
                    policy => Ok(policy),
                }
            };
            mappings.push((policy()?, policy()?));
            mapping.finish()
        })?;
        Ok(PolicyMappings(mappings))
    }
}

/// The policyConstraints extension: after how many more certificates a limit begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyConstraints {
    /// requireExplicitPolicy: when a policy must hold for the path.
    pub require_explicit_policy: Option<u32>,
    /// inhibitPolicyMapping: when mappings end.
    pub inhibit_policy_mapping: Option<u32>,
}

impl PolicyConstraints {
    /// Reads the extension's value.
    ///
    /// # Errors
    ///
    /// Whatever is not DER, negative numbers, and neither of both, which RFC 5280 4.2.1.11 forbids.
    pub fn from_der(der: &[u8]) -> Result<PolicyConstraints, reader::Error> {
        let mut reader = Reader::new(der);
        let sequence = reader.expect(tag::SEQUENCE)?;
        reader.finish()?;
        let mut inside = reader.inside(&sequence);
        if inside.is_empty() {
            return Err(reader::Error::Value(sequence.value().start));
        }
        let mut skip_certificates = |number| {
            let element = inside.optional(tag::context_primitive(number))?;
            element
                .map(|element| number_of(inside.value(&element), element.value()))
                .transpose()
        };
        let constraints = PolicyConstraints {
            require_explicit_policy: skip_certificates(0)?,
            inhibit_policy_mapping: skip_certificates(1)?,
        };
        inside.finish()?;
        Ok(constraints)
    }
}

/// The inhibitAnyPolicy extension: after how many more certificates anyPolicy means nothing.
pub fn inhibit_any_policy(der: &[u8]) -> Result<u32, reader::Error> {
    let mut reader = Reader::new(der);
    let integer = reader.expect(tag::INTEGER)?;
    reader.finish()?;
    number_of(reader.value(&integer), integer.value())
}

/// `SEQUENCE SIZE (1..MAX) OF SEQUENCE`
fn each<'a>(
    der: &'a [u8],
    mut read: impl FnMut(Reader<'a>) -> Result<(), reader::Error>,
) -> Result<(), reader::Error> {
    let mut reader = Reader::new(der);
    let sequence = reader.expect(tag::SEQUENCE)?;
    reader.finish()?;
    let mut list = reader.inside(&sequence);
    if list.is_empty() {
        return Err(reader::Error::Value(sequence.value().start));
    }
    while !list.is_empty() {
        let entry = list.expect(tag::SEQUENCE)?;
        read(list.inside(&entry))?;
    }
    Ok(())
}

/// A policy's identifier. Those longer than 39 octets are of no use to anybody.
fn identifier(reader: &Reader<'_>, element: &Element) -> Result<ObjectIdentifier, reader::Error> {
    ObjectIdentifier::from_bytes(reader.value(element))
        .map_err(|_| reader::Error::Value(element.value().start))
}

fn number_of(octets: &[u8], place: Range<usize>) -> Result<u32, reader::Error> {
    unsigned(octets).ok_or(reader::Error::Value(place.start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::tlv::{element, sequence};

    fn oid(dotted: &str) -> Vec<u8> {
        let oid: ObjectIdentifier = dotted.parse().unwrap();
        element(tag::OBJECT_IDENTIFIER, oid.as_bytes())
    }

    #[test]
    fn policies_are_a_set() {
        let (one, other) = (sequence(&[&oid("1.2.3")]), sequence(&[&oid("1.2.4")]));
        let qualified = sequence(&[&oid("1.2.4"), &sequence(&[b"\x05\x00"])]);
        let read = |entries: &[&[u8]]| CertificatePolicies::from_der(&sequence(entries));
        let both = read(&[&one, &other]).unwrap();
        assert_eq!(both.0.len(), 2);
        assert_eq!(read(&[&qualified, &one]), Ok(both));
        assert!(read(&[]).is_err());
        assert!(read(&[&one, &one]).is_err());
        assert!(read(&[&oid("1.2.3")]).is_err());
        assert!(read(&[&sequence(&[&oid("1.2.3"), b"\x05\x00"])]).is_err());
    }

    #[test]
    fn qualifiers_are_a_place_or_a_notice() {
        let qualifier = |id: ObjectIdentifier, value: &[u8]| {
            sequence(&[&element(tag::OBJECT_IDENTIFIER, id.as_bytes()), value])
        };
        let read = |qualifiers: &[&[u8]]| {
            let information = sequence(&[&oid("1.2.3"), &sequence(qualifiers)]);
            let der = sequence(&[&sequence(&[&oid("1.2.4")]), &information]);
            let read = PolicyQualifier::all_from_der(&der).ok()?;
            Some(format!("{read:?}"))
        };
        let cps = qualifier(ID_QT_CPS, b"\x16\x01a");
        let reference = b"\x30\x0a\x30\x08\x0c\x01a\x30\x03\x02\x01\x01";
        for (notice, has_reference, has_text) in [
            (&b"\x30\x00"[..], false, false),
            (b"\x30\x03\x0c\x01a", false, true),
            (reference, true, false),
        ] {
            let expected = [
                PolicyQualifier::CpsUri(b"a"),
                PolicyQualifier::UserNotice {
                    has_reference,
                    has_text,
                },
            ];
            let notice = qualifier(ID_QT_UNOTICE, notice);
            assert_eq!(read(&[&cps, &notice]), Some(format!("{expected:?}")));
        }
        let other = qualifier("1.2.5".parse().unwrap(), b"\x05\x00");
        let expected = [PolicyQualifier::Other(&[0x2a, 5])];
        assert_eq!(read(&[&other]), Some(format!("{expected:?}")));
        for wrong in [qualifier(ID_QT_CPS, b"\x0c\x01a"), b"\x05\x00".to_vec()] {
            assert_eq!(read(&[&wrong]), None, "{wrong:x?}");
        }
    }

    #[test]
    fn any_policy_is_not_mapped() {
        let read = |pair: [&str; 2]| {
            let [issuer, subject] = pair.map(oid);
            PolicyMappings::from_der(&sequence(&[&sequence(&[&issuer, &subject])]))
        };
        assert_eq!(read(["1.2.3", "1.2.4"]).unwrap().0.len(), 1);
        assert!(read(["2.5.29.32.0", "1.2.4"]).is_err());
        assert!(read(["1.2.3", "2.5.29.32.0"]).is_err());
        assert!(PolicyMappings::from_der(&sequence(&[])).is_err());
    }

    #[test]
    fn constraints_have_one_or_both_numbers() {
        let read = |der: &[u8]| {
            let constraints = PolicyConstraints::from_der(der).ok()?;
            let PolicyConstraints {
                require_explicit_policy,
                inhibit_policy_mapping,
            } = constraints;
            Some((require_explicit_policy, inhibit_policy_mapping))
        };
        assert_eq!(read(b"\x30\x03\x80\x01\x00"), Some((Some(0), None)));
        assert_eq!(read(b"\x30\x03\x81\x01\x07"), Some((None, Some(7))));
        assert_eq!(
            read(b"\x30\x06\x80\x01\x01\x81\x01\x02"),
            Some((Some(1), Some(2)))
        );
        for der in [
            &b"\x30\x00"[..],
            b"\x30\x03\x80\x01\xff",
            b"\x30\x02\x80\x00",
            b"\x30\x06\x81\x01\x01\x80\x01\x02",
            b"\x30\x03\x82\x01\x00",
        ] {
            assert_eq!(read(der), None, "{der:x?}");
        }
        assert_eq!(inhibit_any_policy(b"\x02\x01\x03"), Ok(3));
        assert!(inhibit_any_policy(b"\x02\x01\x83").is_err());
        assert!(inhibit_any_policy(b"\x02\x01\x03\x00").is_err());
    }
}
