//! authorityKeyIdentifier, in the certificates of subscribers and CAs: 7.1.2.2 (h) and 7.1.2.3 (g).

use const_oid::db::rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER as AUTHORITY_KEY;

use super::rule::{Examined, Finding, found};
use crate::asn1::reader::Reader;
use crate::asn1::tag;

pub(super) fn authority_key_present(it: &Examined<'_>) -> Finding {
    let identifier = it.certificate.authority_key_identifier();
    it.lacks(AUTHORITY_KEY)
        .or_else(|| identifier.is_none().then(|| "it has none".to_owned()))
}

/// `AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0], authorityCertIssuer [1],
/// authorityCertSerialNumber [2] }`, all OPTIONAL.
pub(super) fn authority_key_issuer(it: &Examined<'_>) -> Finding {
    let (value, _) = it.certificate.extension(AUTHORITY_KEY)?;
    let mut outer = Reader::new(value);
    let sequence = outer.expect(tag::SEQUENCE).ok()?;
    let mut fields = outer.inside(&sequence);
    let mut names = Vec::new();
    while let Ok(field) = fields.read() {
        match field.tag() {
            0xa1 => names.push("authorityCertIssuer"),
            0x82 => names.push("authorityCertSerialNumber"),
            _ => {}
        }
    }
    found("it has", names)
}
