//! A message that has been opened, and what may be said and given out of it.

use super::{Kind, Layer, Obstacle, Protection};
use crate::mime::{Message, RawMessage};
use crate::smime::sentence;

/// A message that has been opened as far as the keys go.
///
/// Only [`open`] makes one.
#[derive(Debug)]
pub struct Opened {
    pub(super) message: Option<Message>,
    pub(super) layers: Vec<Layer>,
    pub(super) content: Option<RawMessage>,
    pub(super) obstacle: Option<Obstacle>,
}

impl Opened {
    /// The layers, outermost first.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The message around the outermost layer; none around a bare CMS object.
    pub fn message(&self) -> Option<&Message> {
        self.message.as_ref()
    }

    /// Why there is no further layer, if there should be.
    pub fn obstacle(&self) -> Option<&Obstacle> {
        self.obstacle.as_ref()
    }

    /// What the signatures prove.
    pub fn verdict(&self) -> Verdict {
        let mut signed = self.signed().peekable();
        if signed.peek().is_none() {
            return Verdict::Unsigned;
        }
        match signed.all(Layer::is_valid) && self.obstacle.is_none() {
            true => Verdict::Valid,
            false => Verdict::Invalid,
        }
    }

    /// Why the verdict is not valid, in a stable word, and in a sentence.
    pub fn reason(&self) -> Option<(&'static str, String)> {
        if let Some(reason) = self.signed().find_map(Layer::reason) {
            return Some(reason);
        }
        if let Some(obstacle) = &self.obstacle {
            return Some((obstacle.reason(), sentence(obstacle)));
        }
        match (self.verdict(), self.layers.last().map(|layer| layer.kind)) {
            (Verdict::Valid | Verdict::Invalid, _) => None,
            (Verdict::Unsigned, Some(Kind::CertsOnly)) => Some((
                "certs-only",
                "the message holds certificates alone".to_owned(),
            )),
            (Verdict::Unsigned, _) => {
                Some(("no-signature", "the message is not signed".to_owned()))
            }
        }
    }

    /// What is inside all layers, if something vouches for it: a valid signature or an AEAD cipher
    /// over it. `allow_unproved` gives it out without.
    ///
    /// Whose signature it is does not matter here: nobody can sign a content without knowing it,
    /// so a valid signature shows that it was not bent on its way.
    pub fn content(&self, allow_unproved: bool) -> Result<&RawMessage, Unproved> {
        let (Some(content), None) = (&self.content, &self.obstacle) else {
            return Err(Unproved::NoContent);
        };
        match self.doubt() {
            Some(doubt) if !allow_unproved => Err(doubt),
            _ => Ok(content),
        }
    }

    fn doubt(&self) -> Option<Unproved> {
        let is_proved = |layer: &Layer| {
            layer.protection == Protection::Signed
                && layer.signers.iter().any(|signer| signer.signature.is_ok())
        };
        let mut inward = self.layers.iter().enumerate();
        let bent = inward.any(|(index, layer)| {
            layer.kind == Kind::EnvelopedData && !self.layers[index..].iter().any(is_proved)
        });
        if bent {
            return Some(Unproved::Unauthenticated);
        }
        let vouched = |layer: &Layer| is_proved(layer) || layer.protection == Protection::Aead;
        if self.layers.iter().any(vouched) {
            return None;
        }
        match self.signed().next() {
            Some(_) => Some(Unproved::SignatureInvalid),
            None => Some(Unproved::NotSealed),
        }
    }

    fn signed(&self) -> impl Iterator<Item = &Layer> {
        let signed = |layer: &&Layer| layer.protection == Protection::Signed;
        self.layers.iter().filter(signed)
    }
}

/// What was proved, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every signer of every signed layer holds in signature, chain and address, and the
    /// signatures cover the whole message.
    Valid,
    /// There are signatures, and that cannot be said of them.
    Invalid,
    /// No signature was found.
    Unsigned,
}

/// Why content is not given out: nothing vouches for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unproved {
    /// It was encrypted without authentication, and no valid signature is inside: whoever relayed
    /// the message can have bent it so that showing it gives it away (EFAIL).
    #[error("the content is encrypted without authentication, and no valid signature is inside")]
    Unauthenticated,
    /// It is signed, and no signature holds.
    #[error("no signature over the content is valid")]
    SignatureInvalid,
    /// It is neither signed nor encrypted.
    #[error("the message is neither signed nor encrypted")]
    NotSealed,
    /// There is none: a layer stays closed, or holds certificates alone.
    #[error("there is no content to write")]
    NoContent,
}

impl Unproved {
    /// A stable word.
    pub fn reason(self) -> &'static str {
        match self {
            Unproved::Unauthenticated => "unauthenticated-content",
            Unproved::SignatureInvalid => "signature-invalid",
            Unproved::NotSealed => "not-sealed",
            Unproved::NoContent => "no-content",
        }
    }
}
