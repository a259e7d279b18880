//! What keeps a layer closed.

use super::MAX_LAYERS;
use crate::{cms, crypto, mime, smime};

/// Why a layer stays closed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Obstacle {
    /// It is encrypted, and no key opens it.
    #[error(transparent)]
    Decrypting(smime::Error),
    /// Its algorithms are no longer safe.
    #[error("it is encrypted with {algorithm}, which is no longer safe")]
    Legacy {
        /// Which.
        algorithm: String,
    },
    /// It is encrypted by a key that is agreed on elsewhere (RFC 5652 8).
    #[error("it is EncryptedData, whose key is agreed on elsewhere")]
    EncryptedData,
    /// The CMS structure is malformed or past a limit.
    #[error(transparent)]
    Cms(cms::Error),
    /// Its compressed content cannot be inflated, or is a bomb.
    #[error(transparent)]
    Compressed(cms::compressed_data::Error),
    /// The MIME structure is.
    #[error(transparent)]
    Mime(mime::Error),
    /// Layers inside layers, past [`MAX_LAYERS`].
    #[error("more than {max} layers inside one another", max = MAX_LAYERS)]
    TooManyLayers,
    /// The content type is not known here.
    #[error("its content type {0} is not supported")]
    Unknown(String),
    /// Several sealed parts stand beside each other, and only one could be opened.
    #[error("{0} sealed parts stand beside each other")]
    SeveralParts(usize),
}

impl Obstacle {
    /// Whether the layer is merely for somebody else.
    pub(super) fn is_missing_key(&self) -> bool {
        matches!(
            self,
            Obstacle::Decrypting(smime::Error::NoKeyFits | smime::Error::NotDecrypted)
        )
    }

    /// A stable word.
    pub fn reason(&self) -> &'static str {
        match self {
            Obstacle::Decrypting(smime::Error::NoKeyFits | smime::Error::NotDecrypted) => {
                "no-key-fits"
            }
            Obstacle::Decrypting(smime::Error::Crypto(crypto::Error::UnsupportedAlgorithm {
                ..
            })) => "unsupported-algorithm",
            Obstacle::Legacy { .. } => "legacy-algorithm",
            Obstacle::EncryptedData => "encrypted-data",
            Obstacle::TooManyLayers => "too-many-layers",
            Obstacle::Unknown(_) => "unsupported-content-type",
            Obstacle::SeveralParts(_) => "several-sealed-parts",
            Obstacle::Compressed(_) => "compressed-content",
            Obstacle::Decrypting(_) | Obstacle::Cms(_) | Obstacle::Mime(_) => "malformed",
        }
    }
}
