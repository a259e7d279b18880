//! The signature on a certificate, checked with its issuer's key.

use der::Decode;
use spki::AlgorithmIdentifierRef;

use crate::asn1::oid;
use crate::crypto::{self, DigestAlgorithm, PublicKey, SignatureAlgorithm};
use crate::path::Error;
use crate::x509::Certificate;

/// RFC 5280 4.1.1.2 and 6.1.3 (a)(1): the certificate names one algorithm, and its signature over
/// the octets that the CA wrote is the issuer's.
pub(super) fn verify(
    certificate: &Certificate,
    issuer: &Certificate,
    issuer_key: &PublicKey,
) -> Result<(), Error> {
    let algorithm = algorithm(certificate)?;
    let tbs_certificate = certificate.tbs_certificate_der();
    issuer_key
        .verify(algorithm, tbs_certificate, certificate.signature())
        .map_err(|_| Error::BadSignature {
            subject: certificate.subject().to_owned(),
            issuer: issuer.subject().to_owned(),
        })
}

/// The algorithm of a certificate's signature, if it is one to rely on.
pub(super) fn algorithm(certificate: &Certificate) -> Result<SignatureAlgorithm, Error> {
    let subject = || certificate.subject().to_owned();
    if certificate.signature_algorithm_der() != certificate.tbs_signature_algorithm_der() {
        return Err(Error::AlgorithmMismatch { subject: subject() });
    }
    let unsupported = |source| Error::UnsupportedAlgorithm {
        subject: subject(),
        source,
    };
    let identifier = AlgorithmIdentifierRef::from_der(certificate.signature_algorithm_der())
        .map_err(|_| crypto::Error::MalformedParameters {
            algorithm: "the signature".to_owned(),
        })
        .map_err(unsupported)?;
    known(identifier).map_err(unsupported)
}

/// The key of a certificate, if it is one to rely on.
pub(super) fn public_key(
    certificate: &Certificate,
    allow_legacy: bool,
) -> Result<PublicKey, Error> {
    let subject = || certificate.subject().to_owned();
    let key = certificate
        .public_key()
        .map_err(|source| Error::UnsupportedAlgorithm {
            subject: subject(),
            source,
        })?;
    if key.is_legacy() && !allow_legacy {
        return Err(Error::WeakKey {
            subject: subject(),
            kind: key.kind(),
            bits: key.bits(),
        });
    }
    Ok(key)
}

fn known(identifier: AlgorithmIdentifierRef<'_>) -> Result<SignatureAlgorithm, crypto::Error> {
    use DigestAlgorithm::{Sha256, Sha384, Sha512};
    Ok(match identifier.oid {
        oid::SHA_256_WITH_RSA_ENCRYPTION => SignatureAlgorithm::RsaPkcs1v15(Sha256),
        oid::SHA_384_WITH_RSA_ENCRYPTION => SignatureAlgorithm::RsaPkcs1v15(Sha384),
        oid::SHA_512_WITH_RSA_ENCRYPTION => SignatureAlgorithm::RsaPkcs1v15(Sha512),
        oid::ECDSA_WITH_SHA_256 => SignatureAlgorithm::Ecdsa(Sha256),
        oid::ECDSA_WITH_SHA_384 => SignatureAlgorithm::Ecdsa(Sha384),
        oid::ECDSA_WITH_SHA_512 => SignatureAlgorithm::Ecdsa(Sha512),
        other => {
            return Err(crypto::Error::UnsupportedAlgorithm {
                algorithm: oid::name(&other),
            });
        }
    })
}
