//! Signature algorithms: what a message or certificate names, and what a key signs with.

use der::Any;
use der::asn1::AnyRef;
use spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};

use super::{Curve, MlDsaParameterSet, PssParameters, PublicKey};
use crate::asn1::oid::{self, ObjectIdentifier};
use crate::crypto::{DigestAlgorithm, Error};

/// A signature scheme with its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 (RFC 8551 section 2.2: MUST-).
    RsaPkcs1v15(DigestAlgorithm),
    /// RSASSA-PSS (SHOULD).
    RsaPss(PssParameters),
    /// ECDSA; the key names the curve (MUST for P-256 with SHA-256).
    Ecdsa(DigestAlgorithm),
    /// Ed25519 without pre-hashing (RFC 8419; MUST).
    Ed25519,
    /// ML-DSA without pre-hashing, the context empty (RFC 9882).
    MlDsa(MlDsaParameterSet),
    /// DSA (RFC 3370 section 3.1), for the signatures of old mail.
    Dsa(DigestAlgorithm),
}

/// The identifiers that name scheme and digest both.
const NAMED: [(ObjectIdentifier, SignatureAlgorithm); 24] = {
    use DigestAlgorithm as D;
    use SignatureAlgorithm::{Dsa, Ecdsa, RsaPkcs1v15};
    [
        // RFC 5754 section 3.2, RFC 3370 section 3.2.
        (oid::SHA_256_WITH_RSA_ENCRYPTION, RsaPkcs1v15(D::Sha256)),
        (oid::SHA_384_WITH_RSA_ENCRYPTION, RsaPkcs1v15(D::Sha384)),
        (oid::SHA_512_WITH_RSA_ENCRYPTION, RsaPkcs1v15(D::Sha512)),
        (oid::SHA_224_WITH_RSA_ENCRYPTION, RsaPkcs1v15(D::Sha224)),
        (oid::SHA_1_WITH_RSA_ENCRYPTION, RsaPkcs1v15(D::Sha1)),
        // NIST's register of algorithms.
        (oid::SHA_3_256_WITH_RSA_ENCRYPTION, RsaPkcs1v15(D::Sha3_256)),
        (oid::SHA_3_384_WITH_RSA_ENCRYPTION, RsaPkcs1v15(D::Sha3_384)),
        (oid::SHA_3_512_WITH_RSA_ENCRYPTION, RsaPkcs1v15(D::Sha3_512)),
        // RFC 5754 section 3.3, RFC 5753 section 2.1.1.
        (oid::ECDSA_WITH_SHA_256, Ecdsa(D::Sha256)),
        (oid::ECDSA_WITH_SHA_384, Ecdsa(D::Sha384)),
        (oid::ECDSA_WITH_SHA_512, Ecdsa(D::Sha512)),
        (oid::ECDSA_WITH_SHA_224, Ecdsa(D::Sha224)),
        (oid::ECDSA_WITH_SHA_1, Ecdsa(D::Sha1)),
        // NIST's register of algorithms; RFC 8702 section 3.2.2.
        (oid::ECDSA_WITH_SHA_3_256, Ecdsa(D::Sha3_256)),
        (oid::ECDSA_WITH_SHA_3_384, Ecdsa(D::Sha3_384)),
        (oid::ECDSA_WITH_SHA_3_512, Ecdsa(D::Sha3_512)),
        (oid::ECDSA_WITH_SHAKE_128, Ecdsa(D::Shake128)),
        (oid::ECDSA_WITH_SHAKE_256, Ecdsa(D::Shake256)),
        // RFC 3370 section 3.1, RFC 5754 section 3.1, NIST's register of algorithms.
        (oid::DSA_WITH_SHA_1, Dsa(D::Sha1)),
        (oid::DSA_WITH_SHA_224, Dsa(D::Sha224)),
        (oid::DSA_WITH_SHA_256, Dsa(D::Sha256)),
        (oid::DSA_WITH_SHA_384, Dsa(D::Sha384)),
        (oid::DSA_WITH_SHA_512, Dsa(D::Sha512)),
        // RFC 8419 section 2.2.
        (oid::ID_ED_25519, SignatureAlgorithm::Ed25519),
    ]
};

impl SignatureAlgorithm {
    /// The algorithm for a key: that of its kind, RSA with PSS when `pss`. Ed25519 and ML-DSA
    /// take no digest; where a digest is to be had and none is asked for, it is SHA-256, on the
    /// larger curves SHA-384 and SHA-512, as RFC 5753 section 8 pairs them. A key that is
    /// restricted to PSS gets it, with the parameters it wants.
    ///
    /// [`Error::NoSignature`] for a key that makes none: X25519, ML-KEM, and DSA, which is only
    /// verified. [`Error::VerifiedOnly`] for a digest, or a key's restriction to one, that
    /// signatures are no longer made with.
    pub fn for_key(
        key: &PublicKey,
        digest: Option<DigestAlgorithm>,
        pss: bool,
    ) -> Result<Self, Error> {
        let algorithm = match key {
            PublicKey::Rsa(key) => match key.required_pss_parameters() {
                Some(required) => {
                    let parameters = PssParameters::for_digest(required.digest());
                    let salt_length = parameters.salt_length().max(required.salt_length());
                    SignatureAlgorithm::RsaPss(required.with_salt_length(salt_length))
                }
                None => {
                    let digest = digest.unwrap_or_default();
                    if pss || key.is_restricted_to_pss() {
                        SignatureAlgorithm::RsaPss(PssParameters::for_digest(digest))
                    } else {
                        SignatureAlgorithm::RsaPkcs1v15(digest)
                    }
                }
            },
            PublicKey::Ec(key) => SignatureAlgorithm::Ecdsa(digest.unwrap_or(match key.curve() {
                Curve::P256 => DigestAlgorithm::Sha256,
                Curve::P384 => DigestAlgorithm::Sha384,
                Curve::P521 => DigestAlgorithm::Sha512,
            })),
            PublicKey::Ed25519(_) => SignatureAlgorithm::Ed25519,
            PublicKey::MlDsa(key) => SignatureAlgorithm::MlDsa(key.parameter_set()),
            PublicKey::X25519(_) | PublicKey::MlKem(_) | PublicKey::Dsa(_) => {
                return Err(Error::NoSignature { key: key.kind() });
            }
        };
        algorithm.require_for_signing()?;
        Ok(algorithm)
    }

    /// Reads the signatureAlgorithm of a SignerInfo, with the digest that its digestAlgorithm
    /// names, or that of a certificate or CRL, with none. The digest counts only where the
    /// identifier does not name one itself; whether the two agree is for the caller to judge.
    ///
    /// [`Error::UnsupportedAlgorithm`] with the name of what is not implemented, and for an
    /// identifier that leaves the digest open where there is none to be had;
    /// [`Error::MalformedParameters`] for parameters that do not belong there.
    pub fn from_algorithm_identifier(
        algorithm: AlgorithmIdentifierRef<'_>,
        digest: Option<DigestAlgorithm>,
    ) -> Result<Self, Error> {
        use SignatureAlgorithm::{Dsa, Ecdsa, Ed25519, MlDsa, RsaPkcs1v15, RsaPss};
        let (oid, parameters) = (algorithm.oid, algorithm.parameters);
        let absent_or_null = parameters.is_none_or(|it| it == AnyRef::NULL);
        let (known, well_formed) = match oid {
            oid::ID_RSASSA_PSS => return PssParameters::from_parameters(parameters).map(RsaPss),
            // RFC 8702 section 3.2.1: the parameters MUST be absent, for all is fixed.
            oid::ID_RSASSA_PSS_SHAKE_128 | oid::ID_RSASSA_PSS_SHAKE_256 => {
                let digest = match oid {
                    oid::ID_RSASSA_PSS_SHAKE_128 => DigestAlgorithm::Shake128,
                    _ => DigestAlgorithm::Shake256,
                };
                let known = RsaPss(PssParameters::for_digest(digest));
                (Some(known), parameters.is_none())
            }
            // RFC 3370 section 3.2: NULL, which some leave out.
            oid::RSA_ENCRYPTION => (digest.map(RsaPkcs1v15), absent_or_null),
            // Not in any RFC, but in signatures of older Bouncy Castle and of some Java products:
            // the identifier of the key, with its curve or without.
            oid::ID_EC_PUBLIC_KEY => {
                let is_curve =
                    parameters.is_some_and(|it| it.decode_as::<ObjectIdentifier>().is_ok());
                (digest.map(Ecdsa), absent_or_null || is_curve)
            }
            // RFC 3370 section 3.1 has id-dsa-with-sha1, but mail of its time has the
            // identifier of the key too.
            oid::ID_DSA => (digest.map(Dsa), absent_or_null),
            other => {
                let ml_dsa = MlDsaParameterSet::ALL.into_iter();
                let ml_dsa = ml_dsa.map(|set| (set.oid(), MlDsa(set)));
                let known = NAMED.into_iter().chain(ml_dsa);
                let known = known
                    .filter(|(oid, _)| *oid == other)
                    .map(|(_, known)| known)
                    .next();
                let well_formed = match known {
                    // RFC 4055 section 5: NULL MUST be written; both MUST be accepted.
                    Some(RsaPkcs1v15(_)) => absent_or_null,
                    // RFC 3370 section 3.1: the parameters MUST be absent, and old mail has NULL.
                    Some(Dsa(_)) => absent_or_null,
                    // RFC 5754 section 3.3, RFC 8419 section 2.2, RFC 9882 section 3: absent.
                    Some(Ecdsa(_) | Ed25519 | MlDsa(_) | RsaPss(_)) | None => parameters.is_none(),
                };
                (known, well_formed)
            }
        };
        match known {
            None => Err(Error::unsupported(&oid)),
            Some(_) if !well_formed => Err(Error::malformed_parameters(&oid)),
            Some(known) => Ok(known),
        }
    }

    /// The digest of the content, which makes the messageDigest attribute, and of the signature
    /// where it has one. With Ed25519 (RFC 8419 section 3.1) and ML-DSA (RFC 9882 section 3.3)
    /// it is SHA-512.
    pub fn digest(self) -> DigestAlgorithm {
        match self {
            SignatureAlgorithm::RsaPkcs1v15(digest)
            | SignatureAlgorithm::Ecdsa(digest)
            | SignatureAlgorithm::Dsa(digest) => digest,
            SignatureAlgorithm::RsaPss(parameters) => parameters.digest(),
            SignatureAlgorithm::Ed25519 | SignatureAlgorithm::MlDsa(_) => DigestAlgorithm::Sha512,
        }
    }

    /// Whether the signature is over a digest of the message, as it is not with Ed25519 and
    /// ML-DSA: without signed attributes they need the message itself.
    pub fn is_over_digest(self) -> bool {
        !matches!(
            self,
            SignatureAlgorithm::Ed25519 | SignatureAlgorithm::MlDsa(_)
        )
    }

    /// Whether it is good for reading old mail alone: DSA, and anything with SHA-1.
    pub fn is_legacy(self) -> bool {
        matches!(self, SignatureAlgorithm::Dsa(_)) || self.digest().is_legacy()
    }

    /// Its name in errors and reports.
    pub fn name(self) -> &'static str {
        match self {
            SignatureAlgorithm::RsaPkcs1v15(_) => "RSASSA-PKCS1-v1_5",
            SignatureAlgorithm::RsaPss(_) => "RSASSA-PSS",
            SignatureAlgorithm::Ecdsa(_) => "ECDSA",
            SignatureAlgorithm::Ed25519 => "Ed25519",
            SignatureAlgorithm::MlDsa(set) => set.name(),
            SignatureAlgorithm::Dsa(_) => "DSA",
        }
    }

    /// [`Error::VerifiedOnly`] for what signatures are not made with.
    pub(super) fn require_for_signing(self) -> Result<(), Error> {
        let made = match self {
            SignatureAlgorithm::RsaPkcs1v15(_)
            | SignatureAlgorithm::Ecdsa(_)
            | SignatureAlgorithm::Ed25519
            | SignatureAlgorithm::MlDsa(_) => true,
            SignatureAlgorithm::RsaPss(parameters) => {
                let usual = PssParameters::for_digest(parameters.digest());
                usual.mask_generation() == parameters.mask_generation()
            }
            SignatureAlgorithm::Dsa(_) => false,
        };
        if made && DigestAlgorithm::SIGNING.contains(&self.digest()) {
            Ok(())
        } else {
            Err(Error::VerifiedOnly {
                algorithm: self.name(),
                digest: self.digest().name(),
            })
        }
    }

    /// The signatureAlgorithm of SignerInfo.
    pub fn algorithm_identifier(self) -> AlgorithmIdentifierOwned {
        let (oid, parameters) = match self {
            // RFC 3370 section 3.2: rsaEncryption MUST be understood in SignerInfo, and OpenSSL
            // and GnuPG write it; the digest is in digestAlgorithm. The parameters are NULL.
            SignatureAlgorithm::RsaPkcs1v15(_) => (oid::RSA_ENCRYPTION, Some(Any::null())),
            SignatureAlgorithm::RsaPss(parameters) => {
                (oid::ID_RSASSA_PSS, Some(parameters.to_parameters()))
            }
            // RFC 9882 section 3: the parameters MUST be absent.
            SignatureAlgorithm::MlDsa(set) => (set.oid(), None),
            // RFC 5754 section 3.3, RFC 8419 section 2.2: the parameters MUST be absent.
            named => {
                let oid = NAMED
                    .into_iter()
                    .find(|(_, algorithm)| *algorithm == named)
                    .map(|(oid, _)| oid);
                (
                    oid.expect("each ECDSA and DSA that can be read has a name"),
                    None,
                )
            }
        };
        AlgorithmIdentifierOwned { oid, parameters }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::hex;
    use der::Decode;

    fn read(
        oid: ObjectIdentifier,
        parameters: Option<&[u8]>,
        digest: Option<DigestAlgorithm>,
    ) -> Result<SignatureAlgorithm, Error> {
        let parameters = parameters.map(|it| AnyRef::from_der(it).unwrap());
        SignatureAlgorithm::from_algorithm_identifier(
            AlgorithmIdentifierRef { oid, parameters },
            digest,
        )
    }

    const NULL: &[u8] = &[5, 0];

    #[test]
    fn parameters_are_as_strict_as_real_products_are() {
        let sha256 = Some(DigestAlgorithm::Sha256);
        for (oid, absent, null) in [
            (oid::RSA_ENCRYPTION, true, true),
            (oid::SHA_256_WITH_RSA_ENCRYPTION, true, true),
            (oid::SHA_1_WITH_RSA_ENCRYPTION, true, true),
            (oid::DSA_WITH_SHA_1, true, true),
            (oid::ID_DSA, true, true),
            (oid::ID_EC_PUBLIC_KEY, true, true),
            (oid::ECDSA_WITH_SHA_256, true, false),
            (oid::ECDSA_WITH_SHA_1, true, false),
            (oid::ECDSA_WITH_SHAKE_128, true, false),
            (oid::ID_ED_25519, true, false),
            (oid::ID_ML_DSA_65, true, false),
            (oid::ID_RSASSA_PSS_SHAKE_256, true, false),
            (oid::ID_RSASSA_PSS, false, false),
        ] {
            let name = oid::name(&oid);
            for (parameters, accepted) in [(None, absent), (Some(NULL), null)] {
                match read(oid, parameters, sha256) {
                    Ok(_) => assert!(accepted, "{name} {parameters:?}"),
                    Err(Error::MalformedParameters { .. }) => {
                        assert!(!accepted, "{name} {parameters:?}");
                    }
                    Err(error) => panic!("{name}: {error}"),
                }
            }
            // An empty OCTET STRING belongs nowhere.
            assert!(matches!(
                read(oid, Some(&[4, 0]), sha256),
                Err(Error::MalformedParameters { .. })
            ));
        }
        let curve = hex("06082a8648ce3d030107");
        let algorithm = read(oid::ID_EC_PUBLIC_KEY, Some(&curve), sha256);
        assert_eq!(
            algorithm.unwrap(),
            SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256)
        );
    }

    #[test]
    fn an_identifier_without_a_digest_takes_that_of_the_signer_info() {
        for (oid, expected) in [
            (
                oid::RSA_ENCRYPTION,
                SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha384),
            ),
            (
                oid::ID_EC_PUBLIC_KEY,
                SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha384),
            ),
            (
                oid::ID_DSA,
                SignatureAlgorithm::Dsa(DigestAlgorithm::Sha384),
            ),
        ] {
            let sha384 = Some(DigestAlgorithm::Sha384);
            assert_eq!(read(oid, None, sha384).unwrap(), expected);
            // In a certificate there is none to take.
            assert!(matches!(
                read(oid, None, None),
                Err(Error::UnsupportedAlgorithm { .. })
            ));
        }
        // One that names its own keeps it.
        let sha512 = Some(DigestAlgorithm::Sha512);
        assert_eq!(
            read(oid::ECDSA_WITH_SHA_256, None, sha512).unwrap(),
            SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256)
        );
    }

    #[test]
    fn what_is_not_implemented_is_named() {
        for (oid, name) in [
            ("1.2.840.113549.1.1.4", "md5WithRSAEncryption"),
            ("1.2.840.113549.1.1.2", "md2WithRSAEncryption"),
            ("1.3.101.113", "id-Ed448"),
            ("1.3.6.1.4.1.99999.1", "1.3.6.1.4.1.99999.1"),
        ] {
            let error = read(oid.parse().unwrap(), None, Some(DigestAlgorithm::Sha256));
            assert_eq!(
                error.unwrap_err().to_string(),
                format!("{name} is not supported")
            );
        }
    }

    #[test]
    fn legacy_is_dsa_and_whatever_has_sha_1() {
        for (oid, legacy) in [
            (oid::SHA_1_WITH_RSA_ENCRYPTION, true),
            (oid::SHA_224_WITH_RSA_ENCRYPTION, false),
            (oid::SHA_256_WITH_RSA_ENCRYPTION, false),
            (oid::ECDSA_WITH_SHA_1, true),
            (oid::ECDSA_WITH_SHA_3_256, false),
            (oid::DSA_WITH_SHA_256, true),
            (oid::ID_ED_25519, false),
            (oid::ID_ML_DSA_44, false),
        ] {
            let algorithm = read(oid, None, None).unwrap();
            assert_eq!(algorithm.is_legacy(), legacy, "{algorithm:?}");
        }
        // RFC 4055 section 3.1: what is left out of the parameters of PSS is SHA-1.
        let pss = read(oid::ID_RSASSA_PSS, Some(&[0x30, 0]), None).unwrap();
        assert!(pss.is_legacy());
    }

    #[test]
    fn parameters_of_pss_are_read_in_every_combination() {
        // SHA-256, MGF1 with SHA-1 by default, a salt of 478, the trailer spelt out.
        let parameters = hex("301a a00d300b0609608648016503040201 a204020201de a303020101");
        let SignatureAlgorithm::RsaPss(pss) =
            read(oid::ID_RSASSA_PSS, Some(&parameters), None).unwrap()
        else {
            panic!("not PSS")
        };
        assert_eq!(pss.digest(), DigestAlgorithm::Sha256);
        assert_eq!(
            pss.mask_generation(),
            super::super::MaskGeneration::Mgf1(DigestAlgorithm::Sha1)
        );
        assert_eq!(pss.salt_length(), 478);
        for refused in [
            // Another trailer; a negative salt; MD5; something after the trailer.
            "3005a303020102",
            "3005a2030201ff",
            "300ea00c300a06082a864886f70d0205",
            "3007a3030201010500",
            "0500",
        ] {
            assert!(
                read(oid::ID_RSASSA_PSS, Some(&hex(refused)), None).is_err(),
                "{refused}"
            );
        }
    }

    #[test]
    fn each_algorithm_is_read_as_it_is_written() {
        for digest in DigestAlgorithm::ALL {
            for algorithm in [
                SignatureAlgorithm::RsaPkcs1v15(digest),
                SignatureAlgorithm::RsaPss(PssParameters::for_digest(digest)),
                SignatureAlgorithm::Ecdsa(digest),
            ] {
                let written = algorithm.algorithm_identifier();
                let written = der::referenced::OwnedToRef::owned_to_ref(&written);
                let read = SignatureAlgorithm::from_algorithm_identifier(written, Some(digest));
                assert_eq!(read.unwrap(), algorithm);
            }
        }
    }
}
