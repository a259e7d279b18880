//! The signatures on certificates and CRLs, checked with their issuer's key.

use der::Decode;
use spki::AlgorithmIdentifierRef;

use crate::crypto::{self, PublicKey, SignatureAlgorithm};
use crate::path::Error;
use crate::x509::Certificate;

/// What is signed: a certificate or a CRL.
pub(super) struct Signed<'a> {
    /// Whose it is, for errors: the subject of a certificate, the issuer of a CRL.
    pub(super) subject: &'a str,
    /// The octets under the signature, as the CA wrote them.
    pub(super) content: &'a [u8],
    /// The AlgorithmIdentifier outside and the one inside.
    pub(super) algorithms: [&'a [u8]; 2],
    pub(super) signature: &'a [u8],
}

impl<'a> From<&'a Certificate> for Signed<'a> {
    fn from(certificate: &'a Certificate) -> Signed<'a> {
        Signed {
            subject: certificate.subject(),
            content: certificate.tbs_certificate_der(),
            algorithms: [
                certificate.signature_algorithm_der(),
                certificate.tbs_signature_algorithm_der(),
            ],
            signature: certificate.signature(),
        }
    }
}

impl Signed<'_> {
    /// RFC 5280 6.1.3 (a)(1) and 6.3.3 (g): the signature is that of the issuer's key.
    pub(super) fn verify(
        &self,
        issuer: &Certificate,
        issuer_key: &PublicKey,
        allow_legacy: bool,
    ) -> Result<(), Error> {
        issuer_key
            .verify(self.algorithm(allow_legacy)?, self.content, self.signature)
            .map_err(|_| Error::BadSignature {
                subject: self.subject.to_owned(),
                issuer: issuer.subject().to_owned(),
            })
    }

    /// The algorithm of the signature, if it is one to rely on.
    pub(super) fn algorithm(&self, allow_legacy: bool) -> Result<SignatureAlgorithm, Error> {
        let subject = || self.subject.to_owned();
        // RFC 5280 4.1.1.2 and 5.1.1.2: the one that the signature does not cover is the same.
        let [outer, inner] = self.algorithms;
        if outer != inner {
            return Err(Error::AlgorithmMismatch { subject: subject() });
        }
        let identifier = AlgorithmIdentifierRef::from_der(outer)
            .map_err(|_| crypto::Error::MalformedParameters {
                algorithm: "the signature".to_owned(),
            })
            .and_then(|identifier| SignatureAlgorithm::from_algorithm_identifier(identifier, None));
        match identifier {
            Ok(algorithm) if algorithm.is_legacy() && !allow_legacy => {
                Err(Error::LegacyAlgorithm {
                    subject: subject(),
                    algorithm: format!("{} and {}", algorithm.name(), algorithm.digest().name()),
                })
            }
            Ok(algorithm) => Ok(algorithm),
            Err(source) => Err(Error::UnsupportedAlgorithm {
                subject: subject(),
                source,
            }),
        }
    }
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
