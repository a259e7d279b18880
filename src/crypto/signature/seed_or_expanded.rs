//! The private keys of ML-DSA (RFC 9881 section 6) and ML-KEM (RFC 9935 section 6): a seed, the
//! key expanded from it, or both.

use der::asn1::{AnyRef, OctetStringRef};
use der::{Decode, Sequence, Tag, TagNumber, Tagged};

/// ```asn1
/// CHOICE {
///   seed [0] OCTET STRING,
///   expandedKey OCTET STRING,
///   both SEQUENCE { seed OCTET STRING, expandedKey OCTET STRING } }
/// ```
#[derive(Clone, Copy)]
pub(super) struct SeedOrExpanded<'a> {
    pub(super) seed: Option<&'a [u8]>,
    pub(super) expanded: Option<&'a [u8]>,
}

#[derive(Sequence)]
struct Both<'a> {
    seed: &'a OctetStringRef,
    expanded_key: &'a OctetStringRef,
}

impl<'a> SeedOrExpanded<'a> {
    pub(super) fn from_der(key: &'a [u8]) -> Option<Self> {
        const SEED: Tag = Tag::ContextSpecific {
            constructed: false,
            number: TagNumber(0),
        };
        let key = AnyRef::from_der(key).ok()?;
        match key.tag() {
            SEED => Some(SeedOrExpanded {
                seed: Some(key.value()),
                expanded: None,
            }),
            Tag::OctetString => Some(SeedOrExpanded {
                seed: None,
                expanded: Some(key.value()),
            }),
            Tag::Sequence => {
                let both: Both<'_> = key.decode_as().ok()?;
                Some(SeedOrExpanded {
                    seed: Some(both.seed.as_bytes()),
                    expanded: Some(both.expanded_key.as_bytes()),
                })
            }
            _ => None,
        }
    }
}
