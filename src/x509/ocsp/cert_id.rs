//! CertID (RFC 6960 4.1.1): a certificate, named by hashes of its issuer and by its serial number.

use der::Decode as _;
use spki::AlgorithmIdentifierRef;

use crate::asn1::reader::{self, Reader};
use crate::asn1::{tag, tlv};
use crate::crypto::DigestAlgorithm;
use crate::x509::Certificate;

/// Which certificate is asked about, or answered for.
#[derive(Debug, Clone)]
pub struct CertId {
    der: Vec<u8>,
    /// None if it is one that is not known here.
    hash_algorithm: Option<DigestAlgorithm>,
    issuer_name_hash: Vec<u8>,
    issuer_key_hash: Vec<u8>,
    /// A whole INTEGER.
    serial_number: Vec<u8>,
}

impl CertId {
    /// Names a certificate that this issuer has issued.
    ///
    /// Responders look certificates up by the hashes of one algorithm, and nearly all by those of
    /// SHA-1, which RFC 5019 2.1.1 demands. Nothing depends on its withstanding collisions.
    pub fn of(certificate: &Certificate, issuer: &Certificate, digest: DigestAlgorithm) -> CertId {
        let algorithm = tlv::element(tag::OBJECT_IDENTIFIER, digest.oid().as_bytes());
        // RFC 6960 does not say whether the parameters are NULL or absent. OpenSSL writes NULL, which
        // thus is what every responder has seen.
        let parameters = tlv::element(tag::NULL, &[]);
        let (issuer_name_hash, issuer_key_hash) = hashes(certificate, issuer, digest);
        let der = tlv::sequence(&[
            &tlv::sequence(&[&algorithm, &parameters]),
            &tlv::element(tag::OCTET_STRING, &issuer_name_hash),
            &tlv::element(tag::OCTET_STRING, &issuer_key_hash),
            certificate.serial_der(),
        ]);
        CertId {
            der,
            hash_algorithm: Some(digest),
            issuer_name_hash,
            issuer_key_hash,
            serial_number: certificate.serial_der().to_vec(),
        }
    }

    /// `SEQUENCE { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber }`
    pub(super) fn from_der(der: &[u8]) -> Result<CertId, reader::Error> {
        let mut outer = Reader::new(der);
        let sequence = outer.expect(tag::SEQUENCE)?;
        outer.finish()?;
        let mut reader = outer.inside(&sequence);
        let algorithm = reader.expect(tag::SEQUENCE)?;
        let issuer_name_hash = reader.expect(tag::OCTET_STRING)?;
        let issuer_key_hash = reader.expect(tag::OCTET_STRING)?;
        let serial_number = reader.expect(tag::INTEGER)?;
        reader.finish()?;
        Ok(CertId {
            der: der.to_vec(),
            hash_algorithm: digest_algorithm(reader.bytes(&algorithm)),
            issuer_name_hash: reader.value(&issuer_name_hash).to_vec(),
            issuer_key_hash: reader.value(&issuer_key_hash).to_vec(),
            serial_number: reader.bytes(&serial_number).to_vec(),
        })
    }

    /// The whole SEQUENCE.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whether it names this certificate, of this issuer. A hash algorithm that is not known names
    /// nothing.
    pub fn is_for(&self, certificate: &Certificate, issuer: &Certificate) -> bool {
        let Some(digest) = self.hash_algorithm else {
            return false;
        };
        // The serial number first: it costs nothing to tell others by.
        self.serial_number == certificate.serial_der() && {
            let (name, key) = hashes(certificate, issuer, digest);
            self.issuer_name_hash == name && self.issuer_key_hash == key
        }
    }
}

/// RFC 6960 4.1.1: of the issuer's name as it stands in the certificate, and of the octets of the
/// issuer's public key.
fn hashes(
    certificate: &Certificate,
    issuer: &Certificate,
    digest: DigestAlgorithm,
) -> (Vec<u8>, Vec<u8>) {
    (
        digest.digest(certificate.issuer_der()),
        digest.digest(issuer.subject_public_key()),
    )
}

fn digest_algorithm(identifier: &[u8]) -> Option<DigestAlgorithm> {
    let identifier = AlgorithmIdentifierRef::from_der(identifier).ok()?;
    DigestAlgorithm::from_algorithm_identifier(identifier).ok()
}
