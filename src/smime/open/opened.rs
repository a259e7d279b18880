//! A message that has been opened, and what may be said and given out of it.

use super::{Kind, Layer, Obstacle, Protection, SealedLayer};
use crate::cms::verification;
use crate::mime::{Message, RawMessage};
use crate::printable::sentence;
use crate::smime::verify::Signer;

/// A message that has been opened as far as the keys go.
///
/// Only [`open`](super::open()) makes one.
#[derive(Debug)]
pub struct Opened {
    pub(super) message: Option<Message>,
    pub(super) layers: Vec<Layer>,
    pub(super) content: Option<RawMessage>,
    pub(super) obstacle: Option<Obstacle>,
    /// What came out of the last layer is not told, because nothing vouches for it.
    pub(super) unauthenticated: bool,
    pub(super) allow_unauthenticated: bool,
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
        // What was signed and cannot be read is signed all the same.
        let is_closed = |obstacle: &Obstacle| !obstacle.is_missing_key();
        match signed.all(Layer::is_valid) && !self.obstacle.as_ref().is_some_and(is_closed) {
            true => Verdict::Valid,
            false => Verdict::Invalid,
        }
    }

    /// Why the verdict is not valid, in a stable word, and in a sentence.
    pub fn reason(&self) -> Option<(&'static str, String)> {
        if let Some(reason) = self.signed().find_map(Layer::reason) {
            return Some(reason);
        }
        if self.unauthenticated {
            let unproved = Unproved::Unauthenticated;
            return Some((unproved.reason(), unproved.to_string()));
        }
        if self.verdict() == Verdict::Valid {
            return None;
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
    /// over it; or if it was allowed to do without.
    ///
    /// Whose signature it is does not matter here: nobody can sign a content without knowing it,
    /// so a valid signature shows that it was not bent on its way.
    pub fn content(&self) -> Result<&RawMessage, Unproved> {
        if self.unauthenticated {
            return Err(Unproved::Unauthenticated);
        }
        let (Some(content), None) = (&self.content, &self.obstacle) else {
            return Err(Unproved::NoContent);
        };
        match self.doubt() {
            Some(doubt) if !self.allow_unauthenticated => Err(doubt),
            _ => Ok(content),
        }
    }

    /// Forgets what came out of a layer that was encrypted without authentication, unless a
    /// signature inside shows that nobody has bent it.
    ///
    /// Whether it could be decrypted, and what was found in it, are the same answer then: whoever
    /// bends a recorded message and has it opened would learn from the difference what it says.
    pub(super) fn closed_again(mut self, sealed: SealedLayer) -> Opened {
        if self.layers[sealed.index..].iter().any(is_unbent) {
            return self;
        }
        self.layers.truncate(sealed.index + 1);
        self.layers[sealed.index].notes = sealed.notes;
        self.content = None;
        self.obstacle = None;
        self.unauthenticated = true;
        self
    }

    fn doubt(&self) -> Option<Unproved> {
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

fn is_proved(layer: &Layer) -> bool {
    layer.signers.iter().any(|it| it.signature.is_ok())
}

/// Whether a signature is over this content, even if by an algorithm that is no longer safe.
fn is_unbent(layer: &Layer) -> bool {
    let is_over_it = |signer: &Signer| {
        matches!(
            signer.signature,
            Ok(_) | Err(verification::Error::Legacy { .. })
        )
    };
    layer.signers.iter().any(is_over_it)
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

impl Verdict {
    /// A word for it that does not change.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Valid => "valid",
            Verdict::Invalid => "invalid",
            Verdict::Unsigned => "unsigned",
        }
    }
}

/// Why content is not given out: nothing vouches for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unproved {
    /// It was encrypted without authentication, and no valid signature is inside: whoever relayed
    /// the message can have bent it so that showing it gives it away (EFAIL).
    /// Or it could not be decrypted at all: the two are not told apart.
    #[error(
        "the content is encrypted without authentication, and no valid signature was found inside, \
         or none of the keys is a recipient's"
    )]
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
