//! Ed25519 and X25519 keys (RFC 8032, RFC 7748), in the encodings of RFC 8410.

use der::Decode;
use der::asn1::OctetStringRef;
use ed25519_dalek::ed25519::signature::Signer;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use crate::crypto::Error;

/// An Ed25519 public key: 32 octets that are a point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ed25519PublicKey(ed25519_dalek::VerifyingKey);

impl Ed25519PublicKey {
    pub(super) fn from_octets(octets: &[u8]) -> Result<Self, Error> {
        let octets = octets.try_into().map_err(|_| Error::MalformedPublicKey {
            algorithm: "Ed25519",
        })?;
        ed25519_dalek::VerifyingKey::from_bytes(octets)
            .map(Ed25519PublicKey)
            .map_err(|_| Error::PointNotOnCurve { curve: "Ed25519" })
    }

    /// The 32 octets of RFC 8032 section 5.1.2.
    pub fn as_octets(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// PureEdDSA (RFC 8032 section 5.1.7), without a context. Keys and commitments of small order,
    /// under which one signature is good for many messages, are refused.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let signature =
            ed25519_dalek::Signature::from_slice(signature).map_err(|_| Error::SignatureInvalid)?;
        self.0
            .verify_strict(message, &signature)
            .map_err(|_| Error::SignatureInvalid)
    }
}

/// An Ed25519 private key, which wipes itself.
pub(super) struct Ed25519PrivateKey(ed25519_dalek::SigningKey);

impl Ed25519PrivateKey {
    /// Reads a CurvePrivateKey (RFC 8410 section 7); the public key, if there, must be its own.
    pub(super) fn from_der(key: &[u8], public_key: Option<&[u8]>) -> Result<Self, Error> {
        let seed = curve_private_key(key, "Ed25519")?;
        let key = Ed25519PrivateKey(ed25519_dalek::SigningKey::from_bytes(&seed));
        require_own(public_key, key.public_key().as_octets(), "Ed25519")?;
        Ok(key)
    }

    pub(super) fn public_key(&self) -> Ed25519PublicKey {
        Ed25519PublicKey(self.0.verifying_key())
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).to_bytes().to_vec()
    }
}

/// An X25519 public key: any 32 octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct X25519PublicKey([u8; 32]);

impl X25519PublicKey {
    /// Reads the publicKey of an originator or a certificate.
    pub(in crate::crypto) fn from_octets(octets: &[u8]) -> Result<Self, Error> {
        octets
            .try_into()
            .map(X25519PublicKey)
            .map_err(|_| Error::MalformedPublicKey {
                algorithm: "X25519",
            })
    }

    /// The 32 octets of RFC 7748 section 5.
    pub fn as_octets(&self) -> &[u8] {
        &self.0
    }

    /// Diffie-Hellman with a fresh ephemeral key: its public half, and the shared secret.
    pub(in crate::crypto) fn ephemeral_diffie_hellman(
        &self,
    ) -> Result<(X25519PublicKey, Zeroizing<Vec<u8>>), Error> {
        let mut scalar = Zeroizing::new([0; 32]);
        rand::TryRng::try_fill_bytes(&mut SysRng, scalar.as_mut_slice()).map_err(Error::Random)?;
        let ephemeral = X25519PrivateKey(x25519_dalek::StaticSecret::from(*scalar));
        let shared = ephemeral.diffie_hellman(self)?;
        Ok((ephemeral.public_key(), shared))
    }
}

/// An X25519 private key, which wipes itself.
pub(super) struct X25519PrivateKey(x25519_dalek::StaticSecret);

impl X25519PrivateKey {
    /// Reads a CurvePrivateKey (RFC 8410 section 7); the public key, if there, must be its own.
    pub(super) fn from_der(key: &[u8], public_key: Option<&[u8]>) -> Result<Self, Error> {
        let scalar = curve_private_key(key, "X25519")?;
        let key = X25519PrivateKey(x25519_dalek::StaticSecret::from(*scalar));
        require_own(public_key, key.public_key().as_octets(), "X25519")?;
        Ok(key)
    }

    pub(super) fn public_key(&self) -> X25519PublicKey {
        X25519PublicKey(x25519_dalek::PublicKey::from(&self.0).to_bytes())
    }

    /// RFC 8418 section 2.1: a shared secret of all zeros, which a public key of small order
    /// makes, MUST abort.
    pub(super) fn diffie_hellman(
        &self,
        other: &X25519PublicKey,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let shared = self
            .0
            .diffie_hellman(&x25519_dalek::PublicKey::from(other.0));
        if shared.was_contributory() {
            Ok(Zeroizing::new(shared.as_bytes().to_vec()))
        } else {
            Err(Error::PointNotOnCurve { curve: "X25519" })
        }
    }
}

/// `CurvePrivateKey ::= OCTET STRING`, of 32 octets for both.
fn curve_private_key(key: &[u8], algorithm: &'static str) -> Result<Zeroizing<[u8; 32]>, Error> {
    <&OctetStringRef>::from_der(key)
        .ok()
        .and_then(|key| key.as_bytes().try_into().ok())
        .map(Zeroizing::new)
        .ok_or(Error::MalformedPrivateKey { algorithm })
}

fn require_own(
    public_key: Option<&[u8]>,
    expected: &[u8],
    algorithm: &'static str,
) -> Result<(), Error> {
    if public_key.is_none_or(|it| it == expected) {
        Ok(())
    } else {
        Err(Error::MalformedPrivateKey { algorithm })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::hex;

    // RFC 8032 section 7.1, test 2.
    #[test]
    fn rfc_8032_vector() {
        let seed = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let key = Ed25519PrivateKey::from_der(&[&[4, 32], seed.as_slice()].concat(), None).unwrap();
        let public = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        assert_eq!(key.public_key().as_octets(), public);
        let expected = hex(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        );
        assert_eq!(key.sign(&[0x72]), expected);
        key.public_key().verify(&[0x72], &expected).unwrap();
        assert!(key.public_key().verify(&[0x73], &expected).is_err());
    }

    // RFC 7748 section 6.1.
    #[test]
    fn rfc_7748_vector() {
        let alice = hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
        let alice = X25519PrivateKey::from_der(&[&[4, 32], alice.as_slice()].concat(), None);
        let bob = hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
        let shared = alice
            .unwrap()
            .diffie_hellman(&X25519PublicKey::from_octets(&bob).unwrap());
        assert_eq!(
            *shared.unwrap(),
            hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
        );
    }

    #[test]
    fn an_all_zero_secret_aborts() {
        let key = X25519PrivateKey(x25519_dalek::StaticSecret::from([7; 32]));
        let zero = X25519PublicKey([0; 32]);
        assert!(matches!(
            key.diffie_hellman(&zero),
            Err(Error::PointNotOnCurve { curve: "X25519" })
        ));
        assert!(zero.ephemeral_diffie_hellman().is_err());
        let (ephemeral, shared) = key.public_key().ephemeral_diffie_hellman().unwrap();
        assert_eq!(key.diffie_hellman(&ephemeral).unwrap(), shared);
    }
}
