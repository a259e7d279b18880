//! The keyEncryptionAlgorithm of a KeyAgreeRecipientInfo, and the recipient's side of it.

use der::asn1::{AnyRef, OctetString};
use der::referenced::RefToOwned;
use spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};

use super::{KeyAgreement, SharedInfo};
use crate::asn1::oid;
use crate::crypto::signature::{EcPublicKey, X25519PublicKey};
use crate::crypto::{Curve, Error, KeyEncryptionKey, KeyWrap, PrivateKey, PublicKey};

/// A key agreement as a message names it: the scheme, and the key wrap in its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAgreementAlgorithm {
    scheme: KeyAgreement,
    wrap: KeyWrap,
    /// The KeyWrapAlgorithm as the sender wrote it: the key is derived from its encoding, with or
    /// without the NULL that does not belong there.
    key_wrap_algorithm: AlgorithmIdentifierOwned,
}

/// The originatorKey of a KeyAgreeRecipientInfo, not looked at yet.
#[derive(Clone, Copy, Debug)]
pub struct OriginatorPublicKey<'a> {
    /// The algorithm.
    pub algorithm: AlgorithmIdentifierRef<'a>,
    /// The content of the publicKey BIT STRING: an ECPoint (RFC 5480 section 2.2).
    pub public_key: &'a [u8],
}

impl KeyAgreementAlgorithm {
    /// Reads a KeyEncryptionAlgorithmIdentifier.
    ///
    /// [`Error::UnsupportedAlgorithm`] names another scheme or key wrap,
    /// [`Error::MalformedParameters`] says that there is no KeyWrapAlgorithm in the parameters
    /// (RFC 5753 section 7.1.4), or one with parameters of its own.
    pub fn from_algorithm_identifier(algorithm: AlgorithmIdentifierRef<'_>) -> Result<Self, Error> {
        let scheme = KeyAgreement::ALL
            .into_iter()
            .find(|scheme| scheme.oid() == algorithm.oid)
            .ok_or_else(|| Error::unsupported(&algorithm.oid))?;
        let key_wrap_algorithm: AlgorithmIdentifierRef<'_> = algorithm
            .parameters
            .and_then(|parameters| parameters.decode_as().ok())
            .ok_or_else(|| Error::malformed_parameters(&algorithm.oid))?;
        Ok(KeyAgreementAlgorithm {
            scheme,
            wrap: KeyWrap::from_algorithm_identifier(key_wrap_algorithm)?,
            key_wrap_algorithm: key_wrap_algorithm.ref_to_owned(),
        })
    }

    /// The scheme.
    pub fn scheme(&self) -> KeyAgreement {
        self.scheme
    }

    /// The key wrap of the EncryptedKey.
    pub fn key_wrap(&self) -> KeyWrap {
        self.wrap
    }

    /// Agrees with the originator on the key that unwraps the EncryptedKey for this recipient.
    ///
    /// [`Error::PointNotOnCurve`] for an originator's key that is not one on the recipient's
    /// curve or makes an X25519 secret of zeros (RFC 8418 section 2.1), [`Error::KeyMismatch`] for
    /// a recipient's that agrees on nothing. With the
    /// key of another recipient the agreement works, and the unwrapping does not.
    pub fn agree(
        &self,
        recipient: &PrivateKey,
        originator: &OriginatorPublicKey<'_>,
        user_keying_material: Option<&[u8]>,
    ) -> Result<KeyEncryptionKey, Error> {
        let originator = originator.for_recipient(recipient.public_key())?;
        let shared = recipient.diffie_hellman(&originator)?;
        let user_keying_material = user_keying_material
            .map(OctetString::new)
            .transpose()
            .map_err(|_| Error::malformed_parameters(&self.scheme.oid()))?;
        let information = SharedInfo::new(
            self.wrap,
            self.key_wrap_algorithm.clone(),
            user_keying_material,
        );
        self.scheme.derive(&shared, self.wrap, &information)
    }
}

impl OriginatorPublicKey<'_> {
    /// The key, of the same kind as the recipient's.
    fn for_recipient(&self, recipient: &PublicKey) -> Result<PublicKey, Error> {
        match recipient {
            PublicKey::Ec(own) => self.on_curve(own.curve()).map(PublicKey::Ec),
            PublicKey::X25519(_) => self.x25519().map(PublicKey::X25519),
            other => Err(super::mismatch(other)),
        }
    }

    /// RFC 5753 section 3.1.1: the algorithm is id-ecPublicKey, its parameters absent, NULL or the
    /// curve, which must be the recipient's.
    fn on_curve(&self, expected: Curve) -> Result<EcPublicKey, Error> {
        if self.algorithm.oid != oid::ID_EC_PUBLIC_KEY {
            return Err(Error::unsupported(&self.algorithm.oid));
        }
        let curve = self.algorithm.parameters;
        if curve.is_none_or(|it| it == AnyRef::NULL || it == AnyRef::from(&expected.oid())) {
            EcPublicKey::from_point(expected, self.public_key)
        } else {
            Err(Error::PointNotOnCurve {
                curve: expected.name(),
            })
        }
    }

    /// RFC 8418 section 2.1: the algorithm is id-X25519, without parameters.
    fn x25519(&self) -> Result<X25519PublicKey, Error> {
        if self.algorithm.oid != oid::ID_X_25519 {
            return Err(Error::unsupported(&self.algorithm.oid));
        }
        if self.algorithm.parameters.is_some() {
            return Err(Error::malformed_parameters(&self.algorithm.oid));
        }
        X25519PublicKey::from_octets(self.public_key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::{Enveloped, hex, private_key, testdata};
    use crate::crypto::{ContentCipher, ContentEncryptionKey};
    use cms::enveloped_data::{KeyAgreeRecipientInfo, OriginatorIdentifierOrKey, RecipientInfo};
    use der::Decode;
    use der::referenced::OwnedToRef;

    const EC: AlgorithmIdentifierRef<'_> = AlgorithmIdentifierRef {
        oid: oid::ID_EC_PUBLIC_KEY,
        parameters: None,
    };

    fn key_agree(enveloped: &Enveloped) -> &KeyAgreeRecipientInfo {
        match &enveloped.recipient {
            RecipientInfo::Kari(recipient) => recipient,
            _ => panic!("not a KeyAgreeRecipientInfo"),
        }
    }

    fn received(scheme: KeyAgreement, wrap: KeyWrap) -> KeyAgreementAlgorithm {
        let algorithm = scheme.algorithm_identifier(wrap);
        KeyAgreementAlgorithm::from_algorithm_identifier(algorithm.owned_to_ref()).unwrap()
    }

    #[test]
    fn messages_of_openssl_are_decrypted() {
        for (key, other, name) in [
            ("p256", "p256-other", "sha256.aes-128-cbc"),
            ("p256", "p256-other", "sha256.aes-256-cbc"),
            ("p256", "p256-other", "sha256.aes-128-gcm"),
            ("p256", "p256-other", "sha256.aes-256-gcm"),
            ("p256", "p256-other", "sha1.aes-256-cbc"),
            ("p256", "p256-other", "sha224.aes-256-cbc"),
            ("p256", "p256-other", "sha384.aes-256-cbc"),
            ("p256", "p256-other", "sha512.aes-256-cbc"),
            ("p256", "p256-other", "sha1.des3"),
            ("p384", "p256", "sha384.aes-192-cbc"),
            ("p521", "p384", "sha512.aes-256-gcm"),
        ] {
            let enveloped = Enveloped::of(&format!("{key}.{name}.cms"));
            let recipient = key_agree(&enveloped);
            let algorithm = recipient.key_enc_alg.owned_to_ref();
            let algorithm = KeyAgreementAlgorithm::from_algorithm_identifier(algorithm).unwrap();
            if enveloped.cipher().may_encrypt() {
                assert_eq!(algorithm.key_wrap(), enveloped.cipher().key_wrap());
                let (scheme, wrap) = (algorithm.scheme(), algorithm.key_wrap());
                assert_eq!(recipient.key_enc_alg, scheme.algorithm_identifier(wrap));
            }
            let OriginatorIdentifierOrKey::OriginatorKey(originator) = &recipient.originator else {
                panic!("not an originatorKey");
            };
            let originator = OriginatorPublicKey {
                algorithm: originator.algorithm.owned_to_ref(),
                public_key: originator.public_key.raw_bytes(),
            };
            let encrypted_key = recipient.recipient_enc_keys[0].enc_key.as_bytes();
            let decrypt = |name| {
                algorithm
                    .agree(&private_key(name), &originator, None)
                    .and_then(|key| key.unwrap(encrypted_key, enveloped.cipher()))
            };
            let content = enveloped.decrypt(&decrypt(key).unwrap()).unwrap();
            assert_eq!(content, testdata("message.txt"), "{key} {name}");
            assert!(matches!(
                decrypt(other),
                Err(Error::DecryptionFailed | Error::PointNotOnCurve { .. })
            ));
        }
    }

    #[test]
    fn what_we_encrypt_comes_back() {
        for (name, other) in [
            ("p256", "p256-other"),
            ("p384", "p256"),
            ("p521", "p384"),
            ("x25519", "p256"),
        ] {
            let recipient = private_key(name);
            for (scheme, cipher) in KeyAgreement::ALL.into_iter().zip(ContentCipher::MAKEABLE) {
                let wrap = cipher.key_wrap();
                let key = ContentEncryptionKey::generate(cipher).unwrap();
                let agreed = scheme.agree(recipient.public_key(), wrap).unwrap();
                let wrapped = agreed.key_encryption_key.wrap(&key).unwrap();
                let originator = OriginatorPublicKey {
                    algorithm: agreed.originator_algorithm.owned_to_ref(),
                    public_key: &agreed.originator_public_key,
                };
                let unwrap = |scheme, recipient, material| {
                    received(scheme, wrap)
                        .agree(&private_key(recipient), &originator, material)
                        .and_then(|key| key.unwrap(&wrapped, cipher))
                };
                let unwrapped = unwrap(scheme, name, None).unwrap();
                assert_eq!(unwrapped.expose(), key.expose());
                assert!(unwrap(scheme, other, None).is_err());
                assert!(unwrap(scheme, name, Some(&[])).is_err());
                for other in KeyAgreement::ALL.into_iter().filter(|it| *it != scheme) {
                    assert!(unwrap(other, name, None).is_err());
                }
            }
        }
    }

    // RFC 8418 section 2.1: a point of small order makes a secret of zeros, which anyone knows.
    #[test]
    fn an_x25519_secret_of_zeros_is_refused() {
        let recipient = private_key("x25519");
        let algorithm = received(KeyAgreement::DhSinglePassStdDhHkdfSha256, KeyWrap::Aes256);
        let x25519 = AlgorithmIdentifierRef {
            oid: oid::ID_X_25519,
            parameters: None,
        };
        let agree = |algorithm_identifier, public_key: &[u8]| {
            let originator = OriginatorPublicKey {
                algorithm: algorithm_identifier,
                public_key,
            };
            algorithm.agree(&recipient, &originator, None).map(|_| ())
        };
        let mut one = [0; 32];
        one[0] = 1;
        let mut nine = [0; 32];
        nine[0] = 9;
        for small in [[0; 32], one] {
            assert!(matches!(
                agree(x25519, &small),
                Err(Error::PointNotOnCurve { curve: "X25519" })
            ));
        }
        agree(x25519, &nine).unwrap();
        assert!(agree(x25519, &nine[1..]).is_err());
        assert!(agree(EC, &nine).is_err());
        let with_null = AlgorithmIdentifierRef {
            parameters: Some(AnyRef::NULL),
            ..x25519
        };
        assert!(agree(with_null, &nine).is_err());
    }

    // A sender that writes NULL behind the wrap algorithm derives the key from it as well.
    #[test]
    fn the_key_is_derived_from_what_the_message_says() {
        let (scheme, wrap) = (KeyAgreement::DhSinglePassStdDhSha256Kdf, KeyWrap::Aes128);
        let cipher = ContentCipher::Aes128Cbc;
        let key = ContentEncryptionKey::generate(cipher).unwrap();
        let (recipient, sender) = (private_key("p256"), private_key("p256-other"));
        let point = |key: &PrivateKey| match key.public_key() {
            PublicKey::Ec(key) => key.to_point(),
            _ => panic!("not a point"),
        };
        let shared = sender.diffie_hellman(recipient.public_key()).unwrap();
        let mut key_info = wrap.algorithm_identifier();
        key_info.parameters = Some(der::Any::null());
        let material = OctetString::new(*b"material").unwrap();
        let information = SharedInfo::new(wrap, key_info.clone(), Some(material));
        let wrapped = scheme.derive(&shared, wrap, &information).unwrap();
        let wrapped = wrapped.wrap(&key).unwrap();

        let mut with_null = scheme.algorithm_identifier(wrap);
        with_null.parameters = Some(der::Any::encode_from(&key_info).unwrap());
        let with_null =
            KeyAgreementAlgorithm::from_algorithm_identifier(with_null.owned_to_ref()).unwrap();
        let originator_point = point(&sender);
        let originator = OriginatorPublicKey {
            algorithm: EC,
            public_key: &originator_point,
        };
        let unwrap = |algorithm: &KeyAgreementAlgorithm, material: &[u8]| {
            algorithm
                .agree(&recipient, &originator, Some(material))
                .unwrap()
                .unwrap(&wrapped, cipher)
        };
        assert_eq!(
            unwrap(&with_null, b"material").unwrap().expose(),
            key.expose()
        );
        assert!(unwrap(&with_null, b"materiaL").is_err());
        assert!(unwrap(&received(scheme, wrap), b"material").is_err());
    }

    #[test]
    fn an_originator_is_a_point_on_the_recipient_s_curve() {
        let algorithm = received(KeyAgreement::DhSinglePassStdDhSha256Kdf, KeyWrap::Aes256);
        let recipient = private_key("p256");
        let spki = testdata("p256-other.spki.der");
        let point = &spki[spki.len() - 65..];
        let compressed = [&[2 + (point[64] & 1)], &point[1..33]].concat();
        let agree = |algorithm_identifier, public_key: &[u8]| {
            let originator = OriginatorPublicKey {
                algorithm: algorithm_identifier,
                public_key,
            };
            algorithm.agree(&recipient, &originator, None).map(|_| ())
        };
        let with = |parameters| AlgorithmIdentifierRef {
            parameters: Some(parameters),
            ..EC
        };
        for algorithm in [
            EC,
            with(AnyRef::NULL),
            with(AnyRef::from(&oid::SECP_256_R_1)),
        ] {
            agree(algorithm, point).unwrap();
            agree(algorithm, &compressed).unwrap();
        }

        let mut off = point.to_vec();
        off[64] ^= 1;
        let infinity = [0];
        let beyond = [&[4][..], &[0xff; 64]].concat();
        let p384 = testdata("p384.spki.der");
        let p384 = &p384[p384.len() - 97..];
        for bad in [&off[..], &infinity, &beyond, &[], &point[1..], p384] {
            assert!(matches!(
                agree(EC, bad),
                Err(Error::PointNotOnCurve { curve: "P-256" })
            ));
        }
        let secp384r1: oid::ObjectIdentifier = "1.3.132.0.34".parse().unwrap();
        assert!(matches!(
            agree(with(AnyRef::from(&secp384r1)), point),
            Err(Error::PointNotOnCurve { curve: "P-256" })
        ));
        let rsa = AlgorithmIdentifierRef {
            oid: oid::RSA_ENCRYPTION,
            parameters: None,
        };
        assert_eq!(
            agree(rsa, point).unwrap_err().to_string(),
            "rsaEncryption is not supported"
        );
        let originator = OriginatorPublicKey {
            algorithm: EC,
            public_key: point,
        };
        let result = algorithm.agree(&private_key("rsa2048"), &originator, None);
        assert!(matches!(result, Err(Error::KeyMismatch { key: "RSA", .. })));
    }

    #[test]
    fn parameters_are_a_key_wrap() {
        let oid = KeyAgreement::DhSinglePassStdDhSha256Kdf.oid();
        let read = |parameters: Option<&[u8]>| {
            KeyAgreementAlgorithm::from_algorithm_identifier(AlgorithmIdentifierRef {
                oid,
                parameters: parameters.map(|it| AnyRef::from_der(it).unwrap()),
            })
            .map(|_| ())
            .map_err(|error| error.to_string())
        };
        read(Some(&hex("300b060960864801650304012d"))).unwrap();
        let malformed = format!(
            "the parameters of {} are missing or malformed",
            oid::name(&oid)
        );
        for parameters in [None, Some("0500"), Some("3000"), Some("3003020101")] {
            let parameters = parameters.map(hex);
            assert_eq!(read(parameters.as_deref()).unwrap_err(), malformed);
        }
        for (parameters, error) in [
            (
                "300b060960864801650304011c",
                "2.16.840.1.101.3.4.1.28 is not supported",
            ),
            (
                "300f060b2a864886f70d01091003070500",
                "id-alg-CMSRC2wrap is not supported",
            ),
            (
                "300e060960864801650304012d020101",
                "the parameters of id-aes256-wrap are missing or malformed",
            ),
        ] {
            assert_eq!(read(Some(&hex(parameters))).unwrap_err(), error);
        }
    }

    #[test]
    fn other_schemes_are_named() {
        for (dotted, name) in [
            ("1.3.133.16.840.63.0.16", "mqvSinglePass-sha1kdf-scheme"),
            ("1.3.132.1.14.1", "dhSinglePass-cofactorDH-sha256kdf-scheme"),
        ] {
            let algorithm = AlgorithmIdentifierRef {
                oid: dotted.parse().unwrap(),
                parameters: None,
            };
            let error = KeyAgreementAlgorithm::from_algorithm_identifier(algorithm).unwrap_err();
            assert_eq!(error.to_string(), format!("{name} is not supported"));
        }
    }
}
