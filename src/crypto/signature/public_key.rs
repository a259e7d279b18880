//! Public keys, from the SubjectPublicKeyInfo of a certificate.

use der::asn1::{AnyRef, BitStringRef};
use der::referenced::OwnedToRef;
use der::{Any, Decode, Encode};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use super::rsa::Restriction;
use super::{
    Curve, DsaPublicKey, EcPublicKey, Ed25519PublicKey, MlDsaParameterSet, MlDsaPublicKey,
    MlKemParameterSet, MlKemPublicKey, PssParameters, RsaPublicKey, SignatureAlgorithm,
    X25519PublicKey, graviola, rust_crypto,
};
use crate::asn1::oid;
use crate::crypto::Error;

/// A public key that checks signatures or takes content-encryption keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// RSA.
    Rsa(RsaPublicKey),
    /// A point of P-256, P-384 or P-521: ECDSA and ECDH.
    Ec(EcPublicKey),
    /// Ed25519, which signs.
    Ed25519(Ed25519PublicKey),
    /// X25519, which agrees on keys.
    X25519(X25519PublicKey),
    /// ML-DSA, which signs.
    MlDsa(MlDsaPublicKey),
    /// ML-KEM, which encapsulates keys.
    MlKem(MlKemPublicKey),
    /// DSA, for the signatures of old mail.
    Dsa(DsaPublicKey),
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) in DER.
    ///
    /// Any algorithm or curve that is not implemented is [`Error::UnsupportedAlgorithm`] with
    /// its name; a point off its curve is [`Error::PointNotOnCurve`].
    pub fn from_spki_der(spki: &[u8]) -> Result<Self, Error> {
        let spki = SubjectPublicKeyInfoRef::from_der(spki)
            .map_err(|_| Error::MalformedPublicKey { algorithm: "X.509" })?;
        let key = spki
            .subject_public_key
            .as_bytes()
            .ok_or(Error::MalformedPublicKey { algorithm: "X.509" })?;
        match KeyAlgorithm::of(&spki.algorithm)? {
            KeyAlgorithm::Rsa(restriction) => {
                RsaPublicKey::from_pkcs1(key, restriction).map(PublicKey::Rsa)
            }
            KeyAlgorithm::Ec(curve) => EcPublicKey::from_point(curve, key).map(PublicKey::Ec),
            KeyAlgorithm::Ed25519 => Ed25519PublicKey::from_octets(key).map(PublicKey::Ed25519),
            KeyAlgorithm::X25519 => X25519PublicKey::from_octets(key).map(PublicKey::X25519),
            KeyAlgorithm::MlDsa(set) => MlDsaPublicKey::from_octets(set, key).map(PublicKey::MlDsa),
            KeyAlgorithm::MlKem(set) => MlKemPublicKey::from_octets(set, key).map(PublicKey::MlKem),
            KeyAlgorithm::Dsa => {
                DsaPublicKey::from_spki(spki.algorithm.parameters, key).map(PublicKey::Dsa)
            }
        }
    }

    /// Reads an RSAPublicKey (RFC 8017 appendix A.1.1) in DER, which stands without its algorithm in
    /// some records of DKIM (RFC 6376 section 3.6.1).
    pub fn from_rsa_public_key_der(key: &[u8]) -> Result<Self, Error> {
        RsaPublicKey::from_pkcs1(key, Restriction::None).map(PublicKey::Rsa)
    }

    /// Reads the 32 octets of an Ed25519 key (RFC 8032 section 5.1.2).
    pub fn from_ed25519_octets(octets: &[u8]) -> Result<Self, Error> {
        Ed25519PublicKey::from_octets(octets).map(PublicKey::Ed25519)
    }

    /// The SubjectPublicKeyInfo in DER, as this crate writes it: with NULL for RSA and a named
    /// curve. A certificate's own bytes may differ.
    pub fn to_spki_der(&self) -> Result<Vec<u8>, Error> {
        match self {
            PublicKey::Rsa(key) => {
                let parameters = key.required_pss_parameters();
                let parameters = parameters.map(PssParameters::to_parameters);
                let (oid, parameters) = match key.is_restricted_to_pss() {
                    true => (
                        oid::ID_RSASSA_PSS,
                        parameters.as_ref().map(Any::owned_to_ref),
                    ),
                    false => (oid::RSA_ENCRYPTION, Some(AnyRef::NULL)),
                };
                spki_der(oid, parameters, &key.to_pkcs1()?)
            }
            PublicKey::Ec(key) => {
                let curve = key.curve().oid();
                let curve = Some(AnyRef::from(&curve));
                spki_der(oid::ID_EC_PUBLIC_KEY, curve, &key.to_point())
            }
            PublicKey::Ed25519(key) => spki_der(oid::ID_ED_25519, None, key.as_octets()),
            PublicKey::X25519(key) => spki_der(oid::ID_X_25519, None, key.as_octets()),
            PublicKey::MlDsa(key) => spki_der(key.parameter_set().oid(), None, key.as_octets()),
            PublicKey::MlKem(key) => spki_der(key.parameter_set().oid(), None, &key.to_octets()),
            PublicKey::Dsa(key) => key
                .parameters_der()
                .map(AnyRef::from_der)
                .transpose()
                .and_then(|parameters| spki_der(oid::ID_DSA, parameters, key.y_der())),
        }
        .map_err(|_| Error::MalformedPublicKey {
            algorithm: self.kind(),
        })
    }

    /// The kind of key, for reports: `RSA`, `P-256`, `Ed25519`, `ML-DSA-65`.
    pub fn kind(&self) -> &'static str {
        match self {
            PublicKey::Rsa(_) => "RSA",
            PublicKey::Ec(key) => key.curve().name(),
            PublicKey::Ed25519(_) => "Ed25519",
            PublicKey::X25519(_) => "X25519",
            PublicKey::MlDsa(key) => key.parameter_set().name(),
            PublicKey::MlKem(key) => key.parameter_set().name(),
            PublicKey::Dsa(_) => "DSA",
        }
    }

    /// The length in bits: of the modulus of RSA and DSA, of the order of a curve, of the octets
    /// of any other key. 0 for a DSA key whose parameters are its issuer's.
    pub fn bits(&self) -> usize {
        match self {
            PublicKey::Rsa(key) => key.bits(),
            PublicKey::Ec(key) => key.curve().bits(),
            PublicKey::Ed25519(_) | PublicKey::X25519(_) => 256,
            PublicKey::MlDsa(key) => key.as_octets().len() * 8,
            PublicKey::MlKem(key) => key.to_octets().len() * 8,
            PublicKey::Dsa(key) => key.bits(),
        }
    }

    /// Whether the key is only good for reading old mail: DSA, and RSA of fewer than 2048 bits
    /// (RFC 8551 section 4.3 and appendix B).
    pub fn is_legacy(&self) -> bool {
        match self {
            PublicKey::Rsa(key) => key.bits() < RsaPublicKey::MINIMUM_BITS_FOR_GENERATION,
            PublicKey::Dsa(_) => true,
            _ => false,
        }
    }

    /// Whether keys of this kind make and check signatures.
    pub fn may_verify(&self) -> bool {
        match self {
            PublicKey::Rsa(_)
            | PublicKey::Ec(_)
            | PublicKey::Ed25519(_)
            | PublicKey::MlDsa(_)
            | PublicKey::Dsa(_) => true,
            PublicKey::X25519(_) | PublicKey::MlKem(_) => false,
        }
    }

    /// Whether keys of this kind receive content-encryption keys: by key transport, key agreement
    /// or key encapsulation.
    pub fn may_encrypt(&self) -> bool {
        match self {
            // RFC 4055 section 1.2: a key for PSS MUST NOT be used otherwise.
            PublicKey::Rsa(key) => !key.is_restricted_to_pss(),
            PublicKey::Ec(_) | PublicKey::X25519(_) | PublicKey::MlKem(_) => true,
            PublicKey::Ed25519(_) | PublicKey::MlDsa(_) | PublicKey::Dsa(_) => false,
        }
    }

    /// The key with the DSA parameters that its certificate leaves to the certificate of the
    /// issuer (RFC 3279 section 2.3.2, as RFC 4134 section 4.6 has it): those of the first of the
    /// issuer's keys that has some which fit. Any other key is itself; one that finds none
    /// verifies nothing, but says [`Error::InheritedParameters`].
    ///
    /// Whoever may choose the parameters can sign: the issuers have to be those of a validated
    /// path, not certificates that a message brings along.
    #[must_use]
    pub fn with_inherited_parameters(self, issuers: impl IntoIterator<Item = PublicKey>) -> Self {
        match self {
            PublicKey::Dsa(key) if key.inherits_parameters() => {
                let found = issuers.into_iter().find_map(|issuer| match issuer {
                    PublicKey::Dsa(issuer) => key.with_parameters_of(&issuer),
                    _ => None,
                });
                PublicKey::Dsa(found.unwrap_or(key))
            }
            key => key,
        }
    }

    /// Checks a signature: `Ok` only when it is the key's, over exactly this message.
    ///
    /// [`Error::SignatureInvalid`] else, [`Error::KeyMismatch`] when the algorithm is not for
    /// such a key.
    pub fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        if let Some(verdict) = graviola::verify(self, algorithm, message, signature) {
            return verdict;
        }
        match (self, algorithm) {
            (PublicKey::Ed25519(key), SignatureAlgorithm::Ed25519) => {
                key.verify(message, signature)
            }
            (PublicKey::MlDsa(key), SignatureAlgorithm::MlDsa(set))
                if key.parameter_set() == set =>
            {
                key.verify(message, signature)
            }
            _ => self.verify_digest(algorithm, &algorithm.digest().digest(message), signature),
        }
    }

    /// The same for a message whose digest has been made while it streamed by. Ed25519 and ML-DSA
    /// sign the message itself, so for them it is [`Error::KeyMismatch`].
    pub fn verify_digest(
        &self,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        match (self, algorithm) {
            (PublicKey::Rsa(key), SignatureAlgorithm::RsaPkcs1v15(hash))
                if !key.is_restricted_to_pss() =>
            {
                rust_crypto::verify_pkcs1v15(key.inner()?, hash, digest, signature)
            }
            (PublicKey::Rsa(key), SignatureAlgorithm::RsaPss(parameters))
                if key.allows_pss(&parameters) =>
            {
                parameters.verify(key.inner()?, digest, signature)
            }
            (PublicKey::Ec(key), SignatureAlgorithm::Ecdsa(_)) => key.verify(digest, signature),
            (PublicKey::Dsa(key), SignatureAlgorithm::Dsa(_)) => key.verify(digest, signature),
            _ => Err(Error::KeyMismatch {
                algorithm: algorithm.name(),
                key: self.kind(),
            }),
        }
    }
}

fn spki_der(
    oid: oid::ObjectIdentifier,
    parameters: Option<AnyRef<'_>>,
    key: &[u8],
) -> der::Result<Vec<u8>> {
    SubjectPublicKeyInfoRef {
        algorithm: AlgorithmIdentifierRef { oid, parameters },
        subject_public_key: BitStringRef::from_bytes(key)?,
    }
    .to_der()
}

/// What the AlgorithmIdentifier of a key says.
#[derive(Clone, Copy)]
pub(super) enum KeyAlgorithm {
    Rsa(Restriction),
    Ec(Curve),
    Ed25519,
    X25519,
    MlDsa(MlDsaParameterSet),
    MlKem(MlKemParameterSet),
    Dsa,
}

impl KeyAlgorithm {
    pub(super) fn of(algorithm: &AlgorithmIdentifierRef<'_>) -> Result<Self, Error> {
        let key = match algorithm.oid {
            oid::RSA_ENCRYPTION => return Ok(KeyAlgorithm::Rsa(Restriction::None)),
            oid::ID_RSASSA_PSS => {
                return Restriction::to_pss(algorithm.parameters).map(KeyAlgorithm::Rsa);
            }
            // RFC 5480 section 2.1.1: namedCurve is the only choice that may be used.
            oid::ID_EC_PUBLIC_KEY => {
                return match algorithm.parameters_oid() {
                    Ok(curve) => Curve::from_oid(curve).map(KeyAlgorithm::Ec),
                    Err(_) => Err(unsupported(
                        "an elliptic curve given by its parameters".into(),
                    )),
                };
            }
            oid::ID_DSA => return Ok(KeyAlgorithm::Dsa),
            oid::ID_ED_25519 => KeyAlgorithm::Ed25519,
            oid::ID_X_25519 => KeyAlgorithm::X25519,
            other => {
                let ml_dsa = MlDsaParameterSet::ALL.into_iter();
                let ml_kem = MlKemParameterSet::ALL.into_iter();
                ml_dsa
                    .map(|set| (set.oid(), KeyAlgorithm::MlDsa(set)))
                    .chain(ml_kem.map(|set| (set.oid(), KeyAlgorithm::MlKem(set))))
                    .find_map(|(oid, key)| (oid == other).then_some(key))
                    .ok_or_else(|| unsupported(oid::name(&other)))?
            }
        };
        // RFC 8410 section 3, RFC 9881 section 2, RFC 9935 section 3: the parameters MUST be
        // absent.
        match algorithm.parameters {
            None => Ok(key),
            Some(_) => Err(Error::malformed_parameters(&algorithm.oid)),
        }
    }
}

pub(super) fn unsupported(algorithm: String) -> Error {
    Error::UnsupportedAlgorithm { algorithm }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::{tag, tlv};
    use crate::crypto::testing::{hex, private_key, testdata};

    #[test]
    fn keys_of_openssl_are_read_and_written() {
        for (name, kind, bits) in [
            ("rsa1024", "RSA", 1024),
            ("rsa2048", "RSA", 2048),
            ("rsa2048-e3", "RSA", 2048),
            ("rsa2056", "RSA", 2056),
            ("rsa4096", "RSA", 4096),
            ("rsa2048-pss", "RSA", 2048),
            ("p256", "P-256", 256),
            ("p384", "P-384", 384),
            ("p521", "P-521", 521),
            ("ed25519", "Ed25519", 256),
            ("x25519", "X25519", 256),
        ] {
            let spki = testdata(&format!("{name}.spki.der"));
            let key = PublicKey::from_spki_der(&spki).unwrap();
            assert_eq!((key.kind(), key.bits()), (kind, bits));
            assert_eq!(key.to_spki_der().unwrap(), spki);
            assert_eq!(key, *private_key(name).public_key());
        }
        let other = PublicKey::from_spki_der(&testdata("rsa2048.spki.der")).unwrap();
        assert_ne!(other, *private_key("rsa2048-e3").public_key());
    }

    #[test]
    fn other_algorithms_are_named() {
        for (name, algorithm) in [
            ("secp256k1", "the curve secp256k1"),
            ("p256-explicit", "an elliptic curve given by its parameters"),
            ("ed448", "id-Ed448"),
            ("x448", "id-X448"),
        ] {
            let error = PublicKey::from_spki_der(&testdata(&format!("{name}.spki.der")));
            let error = error.unwrap_err().to_string();
            assert_eq!(error, format!("{algorithm} is not supported"));
        }
    }

    #[test]
    fn a_point_off_the_curve_is_refused() {
        let mut spki = testdata("p256.spki.der");
        *spki.last_mut().unwrap() ^= 1;
        let error = PublicKey::from_spki_der(&spki).unwrap_err();
        assert!(matches!(error, Error::PointNotOnCurve { curve: "P-256" }));

        // The point at infinity is one octet (SEC 1 section 2.3.3).
        let infinity = ec_spki(&[0]);
        let error = PublicKey::from_spki_der(&infinity).unwrap_err();
        assert!(matches!(error, Error::PointNotOnCurve { curve: "P-256" }));
    }

    #[test]
    fn a_compressed_point_is_the_same_key() {
        let key = PublicKey::from_spki_der(&testdata("p256.spki.der")).unwrap();
        let PublicKey::Ec(point) = &key else {
            panic!("not a P-256 key")
        };
        let compressed = point.encoded(true);
        assert_eq!(
            PublicKey::from_spki_der(&ec_spki(&compressed)).unwrap(),
            key
        );
    }

    #[test]
    fn pathological_rsa_keys_are_refused() {
        let modulus = |octets: usize| [vec![0, 0xff], vec![0x55; octets - 1]].concat();
        let sizes = [(127, 1016), (1025, 8200), (2048, 16384), (100_000, 800_000)];
        for (octets, expected) in sizes {
            match PublicKey::from_spki_der(&rsa_spki(&modulus(octets), &[1, 0, 1])) {
                Err(Error::RsaKeySize { bits, .. }) => assert_eq!(bits, expected),
                other => panic!("{octets}: {other:?}"),
            }
        }
        for (exponent, expected) in [
            (vec![1], 1),
            (vec![2], 2),
            (vec![1, 0, 0], 17),
            (vec![2, 0, 0, 0, 1], 34),
            (vec![0x7f; 256], 2047),
        ] {
            match PublicKey::from_spki_der(&rsa_spki(&modulus(256), &exponent)) {
                Err(Error::RsaPublicExponent { bits }) => assert_eq!(bits, expected),
                other => panic!("{exponent:?}: {other:?}"),
            }
        }
        PublicKey::from_spki_der(&rsa_spki(&modulus(256), &[1, 0xff, 0xff, 0xff, 0xff])).unwrap();

        let mut even = modulus(256);
        *even.last_mut().unwrap() = 0x54;
        let error = PublicKey::from_spki_der(&rsa_spki(&even, &[3])).unwrap_err();
        assert!(matches!(
            error,
            Error::MalformedPublicKey { algorithm: "RSA" }
        ));
    }

    #[test]
    fn rubbish_is_malformed() {
        let spki = testdata("rsa2048.spki.der");
        for rubbish in [&[][..], &[0x30, 0x00], &spki[..spki.len() - 1], &spki[1..]] {
            assert!(matches!(
                PublicKey::from_spki_der(rubbish),
                Err(Error::MalformedPublicKey { algorithm: "X.509" })
            ));
        }
    }

    fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
        let key = tlv::sequence(&[
            &tlv::element(tag::INTEGER, modulus),
            &tlv::element(tag::INTEGER, exponent),
        ]);
        let bits = tlv::element(0x03, &[&[0], key.as_slice()].concat());
        tlv::sequence(&[&hex("300d06092a864886f70d0101010500"), &bits])
    }

    fn ec_spki(point: &[u8]) -> Vec<u8> {
        let bits = tlv::element(0x03, &[&[0], point].concat());
        tlv::sequence(&[&hex("301306072a8648ce3d020106082a8648ce3d030107"), &bits])
    }
}
