//! Where more is to be had about a certificate's issuer: its certificate, its OCSP responder (RFC
//! 5280 4.2.2.1).

use const_oid::db::rfc5280::ID_PE_AUTHORITY_INFO_ACCESS;

use crate::asn1::oid::ObjectIdentifier;
use crate::asn1::reader::{self, Reader};
use crate::asn1::tag;
use crate::x509::Certificate;
use crate::x509::general_name::GeneralName;

/// id-ad-ocsp: an OCSP responder (RFC 6960).
pub const ID_AD_OCSP: ObjectIdentifier = const_oid::db::rfc5280::ID_AD_OCSP;

/// id-ad-caIssuers: certificates of the issuer.
pub const ID_AD_CA_ISSUERS: ObjectIdentifier = const_oid::db::rfc5280::ID_AD_CA_ISSUERS;

/// One AccessDescription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessDescription<'a> {
    /// accessMethod: the octets of its identifier.
    pub method: &'a [u8],
    /// accessLocation
    pub location: GeneralName<'a>,
}

impl Certificate {
    /// The authorityInfoAccess extension; none if it is not there.
    ///
    /// # Errors
    ///
    /// Whatever is not DER.
    pub fn authority_information_access(
        &self,
    ) -> Result<Vec<AccessDescription<'_>>, reader::Error> {
        match self.extension(ID_PE_AUTHORITY_INFO_ACCESS) {
            Some((value, _)) => read(value),
            None => Ok(Vec::new()),
        }
    }
}

/// `AuthorityInfoAccessSyntax ::= SEQUENCE SIZE (1..MAX) OF AccessDescription`
fn read(der: &[u8]) -> Result<Vec<AccessDescription<'_>>, reader::Error> {
    let mut reader = Reader::new(der);
    let sequence = reader.expect(tag::SEQUENCE)?;
    reader.finish()?;
    let mut list = reader.inside(&sequence);
    let mut descriptions = Vec::new();
    while !list.is_empty() {
        let description = list.expect(tag::SEQUENCE)?;
        let mut inside = list.inside(&description);
        let method = inside.expect(tag::OBJECT_IDENTIFIER)?;
        let location = GeneralName::read(&mut inside)?;
        inside.finish()?;
        descriptions.push(AccessDescription {
            method: inside.value(&method),
            location,
        });
    }
    Ok(descriptions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::tlv::{element, sequence};

    #[test]
    fn methods_and_locations_are_read() {
        let method = element(tag::OBJECT_IDENTIFIER, ID_AD_OCSP.as_bytes());
        let whole = sequence(&[&method, b"\x86\x01a"]);
        let extension = sequence(&[&whole]);
        let ocsp = AccessDescription {
            method: ID_AD_OCSP.as_bytes(),
            location: GeneralName::Uri(b"a"),
        };
        assert_eq!(read(&extension), Ok(vec![ocsp]));
        for wrong in [
            sequence(&[&sequence(&[&method])]),
            sequence(&[&sequence(&[b"\x86\x01a"])]),
            sequence(&[&sequence(&[&method, b"\x86\x01a", b"\x05\x00"])]),
            sequence(&[&method]),
            [extension, vec![0]].concat(),
        ] {
            assert!(read(&wrong).is_err(), "{wrong:x?}");
        }
    }
}
