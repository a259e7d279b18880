//! A collection of certificates in CMS: SignedData with nothing signed in it (RFC 8551 3.8), as CAs
//! publish their own (RFC 5280 4.2.2.1).
//!
//! # Not supported
//!
//! SignedData with signers: [`cms`](crate::cms) reads that.

use crate::asn1::oid::ID_SIGNED_DATA;
use crate::asn1::reader::{self, Reader};
use crate::asn1::{ber, tag};
use crate::x509::{Certificate, Error};

/// As many certificates are read; a CA that was certified by others has a few.
const MAX_CERTIFICATES: usize = 64;

/// The certificates of a collection, in BER or DER; those that cannot be read are left out.
///
/// # Errors
///
/// It is no SignedData, or malformed.
pub fn certificates(octets: &[u8]) -> Result<Vec<Certificate>, Error> {
    let encodings = encoded_certificates(octets)?;
    let certificates = encodings.iter().take(MAX_CERTIFICATES);
    Ok(certificates
        .filter_map(|der| Certificate::from_der(der).ok())
        .collect())
}

/// The same as they are encoded, however many: for a file of the operator's own.
///
/// # Errors
///
/// As for [`certificates`].
pub fn encoded_certificates(octets: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let der = ber::to_der(octets).map_err(|error| Error::Value {
        part: "certificates in CMS",
        value: error.to_string(),
    })?;
    let encodings = encodings(&der).map_err(Error::malformed("certificates in CMS"))?;
    Ok(encodings.into_iter().map(<[u8]>::to_vec).collect())
}

/// `ContentInfo { id-signedData, [0] SignedData { version, digestAlgorithms, encapContentInfo,
/// certificates [0] IMPLICIT SET OF CertificateChoices OPTIONAL, … } }`, RFC 5652 3 and 5.1.
fn encodings(der: &[u8]) -> Result<Vec<&[u8]>, reader::Error> {
    let mut outer = Reader::new(der);
    let content_info = outer.expect(tag::SEQUENCE)?;
    let mut inside = outer.inside(&content_info);
    let content_type = inside.expect(tag::OBJECT_IDENTIFIER)?;
    if inside.value(&content_type) != ID_SIGNED_DATA.as_bytes() {
        return Err(reader::Error::Value(content_type.value().start));
    }
    let explicit = inside.expect(tag::context_constructed(0))?;
    let mut content = inside.inside(&explicit);
    let signed_data = content.expect(tag::SEQUENCE)?;
    let mut fields = content.inside(&signed_data);
    fields.expect(tag::INTEGER)?;
    fields.expect(tag::SET)?;
    fields.expect(tag::SEQUENCE)?;
    let mut encodings = Vec::new();
    if let Some(certificates) = fields.optional(tag::context_constructed(0))? {
        let mut choices = fields.inside(&certificates);
        while !choices.is_empty() {
            let choice = choices.read()?;
            // RFC 5652 10.2.2: every other choice is obsolete or an attribute certificate.
            if choice.tag() == tag::SEQUENCE {
                encodings.push(choices.bytes(&choice));
            }
        }
    }
    Ok(encodings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collection_is_read_and_nothing_else() {
        let collection = std::fs::read("testdata/sealed/certs-only.p7m").unwrap();
        let found = certificates(&collection).unwrap();
        assert!(!found.is_empty());
        assert!(certificates(&collection[..collection.len() - 1]).is_err());
        assert!(certificates(found[0].der()).is_err());
        assert!(certificates(b"").is_err());
    }
}
