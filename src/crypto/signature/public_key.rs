//! Public keys, from the SubjectPublicKeyInfo of a certificate.

use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Encode};
use p256::elliptic_curve::sec1::ToSec1Point;
use rsa::pkcs1::RsaPublicKeyRef;
use rsa::traits::PublicKeyParts;
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use super::{SignatureAlgorithm, rust_crypto};
use crate::asn1::oid;
use crate::crypto::Error;

/// A public key that checks signatures or takes content-encryption keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// RSA.
    Rsa(RsaPublicKey),
    /// A point of the curve P-256 (secp256r1).
    EcP256(EcP256PublicKey),
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) in DER.
    ///
    /// Any algorithm or curve that is not implemented is [`Error::UnsupportedAlgorithm`] with
    /// its name; a point off its curve is [`Error::PointNotOnCurve`].
    pub fn from_spki_der(spki: &[u8]) -> Result<Self, Error> {
        let malformed = |algorithm| move |_| Error::MalformedPublicKey { algorithm };
        let spki = SubjectPublicKeyInfoRef::from_der(spki)
            .map_err(|_| Error::MalformedPublicKey { algorithm: "X.509" })?;
        let key = spki
            .subject_public_key
            .as_bytes()
            .ok_or(Error::MalformedPublicKey { algorithm: "X.509" })?;
        match KeyAlgorithm::of(&spki.algorithm)? {
            KeyAlgorithm::Rsa => RsaPublicKeyRef::from_der(key)
                .map_err(malformed("RSA"))
                .and_then(|key| RsaPublicKey::from_pkcs1(&key))
                .map(PublicKey::Rsa),
            KeyAlgorithm::EcP256 => EcP256PublicKey::from_point(key).map(PublicKey::EcP256),
        }
    }

    /// The SubjectPublicKeyInfo in DER, as this crate writes it: with NULL for RSA and a named
    /// curve. A certificate's own bytes may differ.
    pub fn to_spki_der(&self) -> Result<Vec<u8>, Error> {
        match self {
            PublicKey::Rsa(key) => spki_der(
                oid::RSA_ENCRYPTION,
                AnyRef::NULL,
                &rsa::pkcs1::EncodeRsaPublicKey::to_pkcs1_der(&key.0)
                    .map_err(|_| Error::MalformedPublicKey { algorithm: "RSA" })?
                    .into_vec(),
            ),
            PublicKey::EcP256(key) => spki_der(
                oid::ID_EC_PUBLIC_KEY,
                AnyRef::from(&oid::SECP_256_R_1),
                &key.to_point(),
            ),
        }
        .map_err(|_| Error::MalformedPublicKey {
            algorithm: self.kind(),
        })
    }

    /// The kind of key, for reports: `RSA`, `P-256`.
    pub fn kind(&self) -> &'static str {
        match self {
            PublicKey::Rsa(_) => "RSA",
            PublicKey::EcP256(_) => "P-256",
        }
    }

    /// The length of the RSA modulus, or of the order of the curve, in bits.
    pub fn bits(&self) -> usize {
        match self {
            PublicKey::Rsa(key) => key.bits(),
            PublicKey::EcP256(_) => 256,
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
        self.verify_digest(algorithm, &algorithm.digest().digest(message), signature)
    }

    /// The same for a message whose digest has been made while it streamed by.
    pub fn verify_digest(
        &self,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        match (self, algorithm) {
            (PublicKey::Rsa(key), SignatureAlgorithm::RsaPkcs1v15(hash)) => {
                rust_crypto::verify_pkcs1v15(&key.0, hash, digest, signature)
            }
            (PublicKey::Rsa(key), SignatureAlgorithm::RsaPss(hash)) => {
                rust_crypto::verify_pss(&key.0, hash, digest, signature)
            }
            (PublicKey::EcP256(key), SignatureAlgorithm::Ecdsa(_)) => {
                rust_crypto::verify_ecdsa(&key.0, digest, signature)
            }
            _ => Err(Error::KeyMismatch {
                algorithm: algorithm.name(),
                key: self.kind(),
            }),
        }
    }
}

fn spki_der(
    oid: oid::ObjectIdentifier,
    parameters: AnyRef<'_>,
    key: &[u8],
) -> der::Result<Vec<u8>> {
    SubjectPublicKeyInfoRef {
        algorithm: AlgorithmIdentifierRef {
            oid,
            parameters: Some(parameters),
        },
        subject_public_key: BitStringRef::from_bytes(key)?,
    }
    .to_der()
}

/// An RSA public key: 1024 to 8192 bits, the exponent odd, from 3 to 2^33.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RsaPublicKey(rsa::RsaPublicKey);

impl RsaPublicKey {
    /// The least modulus that can be read: RFC 8551 section 4.3 asks verifiers for 2048 bits
    /// and more; old mail has 1024, and what that is worth is for the caller to say.
    pub const MINIMUM_BITS: usize = 1024;
    /// The least modulus that makes signatures or encrypts: RFC 8551 sections 4.2 and 4.4.
    pub const MINIMUM_BITS_FOR_GENERATION: usize = 2048;
    /// The largest modulus: past this a stranger's key would only cost time.
    pub const MAXIMUM_BITS: usize = 8192;

    fn from_pkcs1(key: &RsaPublicKeyRef<'_>) -> Result<Self, Error> {
        check_rsa_numbers(key.modulus.as_bytes(), key.public_exponent.as_bytes())?;
        rsa::RsaPublicKey::try_from(*key)
            .map(RsaPublicKey)
            .map_err(|_| Error::MalformedPublicKey { algorithm: "RSA" })
    }

    pub(super) fn new(key: rsa::RsaPublicKey) -> Self {
        RsaPublicKey(key)
    }

    /// The length of the modulus in bits.
    pub fn bits(&self) -> usize {
        bit_length(&self.0.n_bytes())
    }

    /// RFC 8551 sections 4.2 and 4.4: signatures and encryption with a key of fewer than 2048
    /// bits MUST NOT be generated.
    pub(in crate::crypto) fn require_size_for_generation(&self) -> Result<(), Error> {
        require_size(self.bits(), Self::MINIMUM_BITS_FOR_GENERATION)
    }

    pub(in crate::crypto) fn inner(&self) -> &rsa::RsaPublicKey {
        &self.0
    }
}

/// A point of P-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcP256PublicKey(p256::PublicKey);

impl EcP256PublicKey {
    /// Reads an ECPoint (RFC 5480 section 2.2), uncompressed or compressed.
    pub(in crate::crypto) fn from_point(point: &[u8]) -> Result<Self, Error> {
        p256::PublicKey::from_sec1_bytes(point)
            .map(EcP256PublicKey)
            .map_err(|_| Error::PointNotOnCurve { curve: "P-256" })
    }

    pub(super) fn new(key: p256::PublicKey) -> Self {
        EcP256PublicKey(key)
    }

    /// The uncompressed ECPoint: 65 octets.
    pub fn to_point(&self) -> Vec<u8> {
        self.0.to_sec1_point(false).as_bytes().to_vec()
    }

    pub(in crate::crypto) fn inner(&self) -> &p256::PublicKey {
        &self.0
    }
}

/// What the AlgorithmIdentifier of a key says.
pub(super) enum KeyAlgorithm {
    Rsa,
    EcP256,
}

impl KeyAlgorithm {
    pub(super) fn of(algorithm: &AlgorithmIdentifierRef<'_>) -> Result<Self, Error> {
        match algorithm.oid {
            oid::RSA_ENCRYPTION => Ok(KeyAlgorithm::Rsa),
            // RFC 5480 section 2.1.1: namedCurve is the only choice that may be used.
            oid::ID_EC_PUBLIC_KEY => match algorithm.parameters_oid() {
                Ok(curve) => KeyAlgorithm::of_curve(curve),
                Err(_) => Err(unsupported(
                    "an elliptic curve given by its parameters".into(),
                )),
            },
            other => Err(unsupported(oid::name(&other))),
        }
    }

    pub(super) fn of_curve(curve: oid::ObjectIdentifier) -> Result<Self, Error> {
        if curve == oid::SECP_256_R_1 {
            Ok(KeyAlgorithm::EcP256)
        } else {
            Err(unsupported(format!("the curve {}", oid::name(&curve))))
        }
    }
}

pub(super) fn unsupported(algorithm: String) -> Error {
    Error::UnsupportedAlgorithm { algorithm }
}

/// Judges the public numbers of a key before any arithmetic is done with them: a long modulus or
/// exponent would cost more than a stranger may ask for.
pub(super) fn check_rsa_numbers(modulus: &[u8], exponent: &[u8]) -> Result<(), Error> {
    require_size(bit_length(modulus), RsaPublicKey::MINIMUM_BITS)?;
    let bits = bit_length(exponent);
    let odd = exponent.last().is_some_and(|octet| octet & 1 == 1);
    if !(2..=33).contains(&bits) || !odd {
        return Err(Error::RsaPublicExponent { bits });
    }
    Ok(())
}

fn require_size(bits: usize, minimum: usize) -> Result<(), Error> {
    let maximum = RsaPublicKey::MAXIMUM_BITS;
    if (minimum..=maximum).contains(&bits) {
        Ok(())
    } else {
        Err(Error::RsaKeySize {
            bits,
            minimum,
            maximum,
        })
    }
}

/// The length in bits of an unsigned number in big-endian octets.
fn bit_length(number: &[u8]) -> usize {
    match number.iter().position(|octet| *octet != 0) {
        Some(first) => (number.len() - first) * 8 - number[first].leading_zeros() as usize,
        None => 0,
    }
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
            ("p256", "P-256", 256),
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
            ("p384", "the curve secp384r1"),
            ("p256-explicit", "an elliptic curve given by its parameters"),
            ("ed25519", "id-Ed25519"),
            ("x25519", "id-X25519"),
            ("rsa2048-pss", "id-RSASSA-PSS"),
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
        let PublicKey::EcP256(point) = &key else {
            panic!("not a P-256 key")
        };
        let compressed = point.inner().to_sec1_point(true).as_bytes().to_vec();
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
