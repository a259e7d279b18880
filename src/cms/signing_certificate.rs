//! signingCertificate and signingCertificateV2 (RFC 5035): which certificate a signature is bound
//! to, so that no other for the same key can be put in its place.

use der::Decode;
use spki::AlgorithmIdentifierRef;

use super::attribute_set::AttributeSet;
use super::verification::Error;
use crate::asn1::reader::{self, Reader};
use crate::asn1::{oid, tag};
use crate::crypto::DigestAlgorithm;
use crate::x509::Certificate;

/// RFC 5035 5.4: the first identifier of each attribute that is there must be that of the
/// certificate.
pub(super) fn check(attributes: &AttributeSet, certificate: &Certificate) -> Result<(), Error> {
    for (attribute, name, default) in [
        (
            oid::ID_AA_SIGNING_CERTIFICATE,
            "signingCertificate",
            DigestAlgorithm::Sha1,
        ),
        (
            oid::ID_AA_SIGNING_CERTIFICATE_V_2,
            "signingCertificateV2",
            DigestAlgorithm::Sha256,
        ),
    ] {
        let Some(value) = attributes.single(attribute)? else {
            continue;
        };
        let malformed = |_| Error::AttributeMalformed { attribute: name };
        let identifier = Identifier::first(value, default).map_err(malformed)?;
        if !identifier?.is_of(certificate) {
            return Err(Error::SigningCertificateMismatch);
        }
    }
    Ok(())
}

/// ESSCertID and ESSCertIDv2.
struct Identifier<'a> {
    digest: DigestAlgorithm,
    hash: &'a [u8],
    /// IssuerSerial: the GeneralNames' content, and the INTEGER.
    issuer_and_serial: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> Identifier<'a> {
    /// `SigningCertificateV2 ::= SEQUENCE { certs SEQUENCE OF ESSCertIDv2, policies … OPTIONAL }`,
    /// `ESSCertIDv2 ::= SEQUENCE { hashAlgorithm AlgorithmIdentifier DEFAULT {id-sha256}, certHash
    /// OCTET STRING, issuerSerial IssuerSerial OPTIONAL }`; version 1 has no hashAlgorithm.
    fn first(
        value: &'a [u8],
        default: DigestAlgorithm,
    ) -> Result<Result<Identifier<'a>, Error>, reader::Error> {
        let mut reader = Reader::new(value);
        let attribute = reader.expect(tag::SEQUENCE)?;
        let mut inside = reader.inside(&attribute);
        let list = inside.expect(tag::SEQUENCE)?;
        let mut identifiers = inside.inside(&list);
        let first = identifiers.expect(tag::SEQUENCE)?;
        let mut fields = identifiers.inside(&first);
        let algorithm = fields.optional(tag::SEQUENCE)?;
        let hash = fields.expect(tag::OCTET_STRING)?;
        let hash = fields.value(&hash);
        let issuer_and_serial = match fields.optional(tag::SEQUENCE)? {
            Some(identifier) => {
                let mut parts = fields.inside(&identifier);
                let issuer = parts.expect(tag::SEQUENCE)?;
                let serial_number = parts.expect(tag::INTEGER)?;
                Some((parts.value(&issuer), &value[serial_number.whole()]))
            }
            None => None,
        };
        let digest = match algorithm {
            Some(algorithm) => AlgorithmIdentifierRef::from_der(&value[algorithm.whole()])
                .map_err(|_| reader::Error::Value(algorithm.whole().start))
                .map(DigestAlgorithm::from_algorithm_identifier)?,
            None => Ok(default),
        };
        Ok(digest.map_err(Error::from).map(|digest| Identifier {
            digest,
            hash,
            issuer_and_serial,
        }))
    }

    fn is_of(&self, certificate: &Certificate) -> bool {
        let names = |(issuer, serial_number): (&[u8], &[u8])| {
            // GeneralNames: one directoryName, [4] EXPLICIT Name.
            let mut reader = Reader::new(issuer);
            let name = reader.expect(tag::context_constructed(4));
            serial_number == certificate.serial_der()
                && name.is_ok_and(|name| reader.value(&name) == certificate.issuer_der())
        };
        self.digest.digest(certificate.der()) == self.hash
            && self.issuer_and_serial.is_none_or(names)
    }
}
