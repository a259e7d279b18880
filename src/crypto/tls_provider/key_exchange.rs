//! Ephemeral Diffie-Hellman over X25519, P-256 and P-384 (RFC 8446 7.4.2).

use p256::elliptic_curve::Generate;
use p256::elliptic_curve::sec1::ToSec1Point;
use rustls::crypto::{ActiveKeyExchange, SharedSecret, SupportedKxGroup};
use rustls::{Error, NamedGroup, PeerMisbehaved};

/// The groups in order of preference.
pub(super) static GROUPS: &[&dyn SupportedKxGroup] =
    &[&Group::X25519, &Group::Secp256r1, &Group::Secp384r1];

const INVALID_KEY_SHARE: Error = Error::PeerMisbehaved(PeerMisbehaved::InvalidKeyShare);

#[derive(Debug, Clone, Copy)]
enum Group {
    X25519,
    Secp256r1,
    Secp384r1,
}

impl SupportedKxGroup for Group {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let random = &mut rand::rng();
        let (secret, public_key) = match self {
            Self::X25519 => {
                let secret = x25519_dalek::EphemeralSecret::random_from_rng(random);
                let public_key = x25519_dalek::PublicKey::from(&secret).to_bytes().into();
                (EphemeralSecret::X25519(secret), public_key)
            }
            Self::Secp256r1 => {
                let secret = p256::ecdh::EphemeralSecret::generate_from_rng(random);
                let public_key = secret.public_key().to_sec1_point(false).as_bytes().into();
                (EphemeralSecret::Secp256r1(secret), public_key)
            }
            Self::Secp384r1 => {
                let secret = p384::ecdh::EphemeralSecret::generate_from_rng(random);
                let public_key = secret.public_key().to_sec1_point(false).as_bytes().into();
                (EphemeralSecret::Secp384r1(secret), public_key)
            }
        };
        Ok(Box::new(Exchange {
            group: *self,
            secret,
            public_key,
        }))
    }

    fn name(&self) -> NamedGroup {
        match self {
            Self::X25519 => NamedGroup::X25519,
            Self::Secp256r1 => NamedGroup::secp256r1,
            Self::Secp384r1 => NamedGroup::secp384r1,
        }
    }
}

enum EphemeralSecret {
    X25519(x25519_dalek::EphemeralSecret),
    Secp256r1(p256::ecdh::EphemeralSecret),
    Secp384r1(p384::ecdh::EphemeralSecret),
}

struct Exchange {
    group: Group,
    secret: EphemeralSecret,
    public_key: Vec<u8>,
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        match self.secret {
            EphemeralSecret::X25519(secret) => {
                let peer: [u8; 32] = peer.try_into().map_err(|_| INVALID_KEY_SHARE)?;
                let shared = secret.diffie_hellman(&peer.into());
                // RFC 8446 7.4.2: an all-zero secret MUST abort the handshake.
                if !shared.was_contributory() {
                    return Err(INVALID_KEY_SHARE);
                }
                Ok(SharedSecret::from(&shared.as_bytes()[..]))
            }
            EphemeralSecret::Secp256r1(secret) => {
                let peer = p256::PublicKey::from_sec1_bytes(uncompressed(peer)?)
                    .map_err(|_| INVALID_KEY_SHARE)?;
                let shared = secret.diffie_hellman(&peer);
                Ok(SharedSecret::from(&shared.raw_secret_bytes()[..]))
            }
            EphemeralSecret::Secp384r1(secret) => {
                let peer = p384::PublicKey::from_sec1_bytes(uncompressed(peer)?)
                    .map_err(|_| INVALID_KEY_SHARE)?;
                let shared = secret.diffie_hellman(&peer);
                Ok(SharedSecret::from(&shared.raw_secret_bytes()[..]))
            }
        }
    }

    fn pub_key(&self) -> &[u8] {
        &self.public_key
    }

    fn group(&self) -> NamedGroup {
        self.group.name()
    }
}

// RFC 8446 4.2.8.2: the legacy_form octet is 4, the point uncompressed.
fn uncompressed(point: &[u8]) -> Result<&[u8], Error> {
    match point.first() {
        Some(4) => Ok(point),
        _ => Err(INVALID_KEY_SHARE),
    }
}
