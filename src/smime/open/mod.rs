//! Opening: layer after layer of a message, each decrypted or verified, down to what is inside.
//!
//! ```
//! use mailseal::mime::RawMessage;
//! use mailseal::path::{TrustAnchors, Validation};
//! use mailseal::smime::open::{Opening, Verdict, open};
//!
//! let anchors = TrustAnchors::from_certificates(Vec::new());
//! let now = "2026-11-21T12:00:00Z".parse()?;
//! let opening = Opening::new(Validation::new(&anchors, now));
//! let message = "From: alice@example.com\r\n\r\nnot sealed at all\r\n";
//! let opened = open(RawMessage::from_bytes(message.into()), &opening)?;
//! assert_eq!(opened.verdict(), Verdict::Unsigned);
//! assert!(opened.content().is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Not supported
//!
//! Header protection (RFC 9788): From is that of the outer header, which no signature covers.
//! Content that is another CMS type directly, without MIME between.

mod layer;
mod obstacle;
mod opened;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;

use super::decrypt::{self, DecryptedEntity, Integrity};
use super::verify::{self, Claims, Judging, SignedContent};

pub use layer::{Coverage, Kind, Layer, Protection};
pub use obstacle::Obstacle;
pub use opened::{Opened, Unproved, Verdict};

use crate::address::Address;
use crate::asn1::oid;
use crate::cms::object::{EncryptedObject, Object};
use crate::cms::recipient::{Credential, RecipientInfos};
use crate::cms::signed_object::SignedObject;
use crate::cms::{self, compressed_data, digested_data};
use crate::mime::{
    self, Message, RawMessage, Recognised, SmimeForm, SmimePart, SmimeParts, message_smime_parts,
    recognise, recognise_message, smime_parts,
};
use crate::path::Validation;
use crate::spool::Spool;
use crate::x509::Certificate;

/// Layers may nest this deep (RFC 8551 3.7 leaves it to resource limits): a triple wrap has three.
pub const MAX_LAYERS: usize = 8;

/// What a message is opened with, and judged by.
pub struct Opening<'a> {
    /// Private keys, passwords and shared keys.
    pub credentials: Vec<Credential<'a>>,
    /// How certification paths are validated, and whether what is no longer safe is taken: SHA-1,
    /// RSA of less than 2048 bits and DSA in signatures, triple DES and RC2 in content.
    pub validation: Validation<'a>,
    /// Certificates that the message may have left out.
    pub intermediates: Vec<Certificate>,
    /// The content of a detached signature that comes without it.
    pub content: Option<Spool>,
    /// Whom a CMS object that has no message around it should come from.
    pub from: Option<Address>,
    /// Give out content that nothing vouches for, and tell all there is to tell about it.
    pub allow_unauthenticated: bool,
}

impl<'a> Opening<'a> {
    /// Without keys, and with nothing but what the message brings along.
    pub fn new(validation: Validation<'a>) -> Opening<'a> {
        Opening {
            credentials: Vec::new(),
            validation,
            intermediates: Vec::new(),
            content: None,
            from: None,
            allow_unauthenticated: false,
        }
    }
}

/// Opens a message, or a CMS object without one around it.
///
/// # Errors
///
/// The outermost layer cannot be read at all. What is wrong further in is an [`Obstacle`].
pub fn open(raw: RawMessage, opening: &Opening<'_>) -> Result<Opened, Error> {
    open_recognised(recognise(raw)?, opening)
}

/// The same of a message whose header has been read.
///
/// # Errors
///
/// As for [`open`].
pub fn open_message(message: Message, opening: &Opening<'_>) -> Result<Opened, Error> {
    open_recognised(recognise_message(message)?, opening)
}

fn open_recognised(recognised: Recognised, opening: &Opening<'_>) -> Result<Opened, Error> {
    let mut journey = Journey {
        opening,
        claims: Claims::expected(opening.from.clone()),
        coverage: Coverage::Whole,
        layers: Vec::new(),
        beside_each_other: 0,
        unauthenticated: None,
    };
    let (message, outcome) = match recognised {
        Recognised::Object(object) => (None, journey.object(&object, Vec::new())),
        Recognised::Message(message) => {
            journey.claims = Claims::of(&message);
            let outcome = journey.message(&message);
            (Some(message), outcome)
        }
    };
    let (content, obstacle) = match outcome {
        Ok(content) => (content, None),
        Err(Stop::Obstacle(Obstacle::Cms(error))) if journey.layers.is_empty() => {
            return Err(error.into());
        }
        Err(Stop::Obstacle(Obstacle::Mime(error))) if journey.layers.is_empty() => {
            return Err(error.into());
        }
        Err(Stop::Obstacle(obstacle)) => (None, Some(obstacle)),
        Err(Stop::Io(error)) => return Err(error.into()),
    };
    let opened = Opened {
        message,
        layers: journey.layers,
        content,
        obstacle,
        unauthenticated: false,
        allow_unauthenticated: opening.allow_unauthenticated,
    };
    Ok(match journey.unauthenticated {
        Some(sealed) if !opening.allow_unauthenticated => opened.closed_again(sealed),
        _ => opened,
    })
}

/// Why a message could not be opened at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is no message and no CMS object, or readers would disagree about its structure.
    #[error(transparent)]
    Mime(#[from] mime::Error),
    /// Its CMS structure cannot be read.
    #[error(transparent)]
    Cms(#[from] cms::Error),
    /// It cannot be read, or a temporary file not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The way from the outermost layer to what is inside.
struct Journey<'a> {
    opening: &'a Opening<'a>,
    claims: Claims,
    coverage: Coverage,
    layers: Vec<Layer>,
    /// How many sealed parts stand beside each other, if several do.
    beside_each_other: usize,
    /// The outermost layer that was encrypted without authentication.
    unauthenticated: Option<SealedLayer>,
}

/// Which layer it is, and what was noted of it before it was opened.
struct SealedLayer {
    index: usize,
    notes: Vec<String>,
}

/// Why the journey ends before its end.
enum Stop {
    Obstacle(Obstacle),
    Io(io::Error),
}

impl From<mime::Error> for Stop {
    fn from(error: mime::Error) -> Stop {
        match error {
            mime::Error::Read(error) => Stop::Io(error),
            error => Stop::Obstacle(Obstacle::Mime(error)),
        }
    }
}

impl From<cms::Error> for Stop {
    fn from(error: cms::Error) -> Stop {
        Stop::Obstacle(Obstacle::Cms(error))
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::Io(error)
    }
}

/// What is inside, once there is no further layer; none when the last layer has no content.
type Inside = Result<Option<RawMessage>, Stop>;

impl Journey<'_> {
    fn message(&mut self, message: &Message) -> Inside {
        let found = message_smime_parts(message)?;
        self.parts(found, message.raw())
    }

    fn entity(&mut self, entity: RawMessage) -> Inside {
        let found = smime_parts(&entity)?;
        self.parts(found, entity)
    }

    /// Of an entity that is sealed, or has sealed parts, or neither.
    fn parts(&mut self, found: SmimeParts, entity: RawMessage) -> Inside {
        let mut parts = found.parts.into_iter();
        let Some(first) = parts.next() else {
            return Ok(Some(entity));
        };
        if first.is_whole {
            return self.part(first);
        }
        // What is sealed inside a sealed content, forwarded for example, is that content's affair.
        if !self.layers.is_empty() {
            return Ok(Some(entity));
        }
        self.coverage = Coverage::Partial;
        match parts.len() {
            0 => self.part(first),
            others => self.several(std::iter::once(first).chain(parts), others + 1),
        }
    }

    /// Sealed parts beside each other: who signed them is told, and none is opened. What is proved
    /// of one of them must not vouch for another.
    fn several(&mut self, parts: impl Iterator<Item = SmimePart>, count: usize) -> Inside {
        self.beside_each_other = count;
        for part in parts {
            match self.part(part) {
                Ok(_) | Err(Stop::Obstacle(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Stop::Obstacle(Obstacle::SeveralParts(count)))
    }

    fn part(&mut self, part: SmimePart) -> Inside {
        let notes = part.notes.iter().map(ToString::to_string).collect();
        match part.form {
            SmimeForm::Signed {
                content, signature, ..
            } => self.multipart_signed(content, &signature, notes),
            SmimeForm::Object { object, smime_type } => {
                let before = self.layers.len();
                let inside = self.object(&object, notes);
                if let (Some(declared), Some(layer)) = (smime_type, self.layers.get_mut(before)) {
                    layer.compare(&declared);
                }
                inside
            }
        }
    }

    fn multipart_signed(
        &mut self,
        content: RawMessage,
        signature: &Spool,
        mut notes: Vec<String>,
    ) -> Inside {
        self.deeper()?;
        let object = match Object::read(signature)? {
            Object::Signed(object) => object,
            other => {
                notes.push(format!("in place of a signature there is {}", other.name()));
                SignedObject::empty()
            }
        };
        let signed = match object.encapsulated.content {
            // RFC 8551 3.5.3.1: eContent MUST be absent.
            Some(_) => SignedContent::Twice,
            None => SignedContent::Text(content.spool()),
        };
        self.signed(Kind::MultipartSigned, &object, signed, notes)?;
        self.entity_or_leaf(content)
    }

    fn object(&mut self, object: &Spool, mut notes: Vec<String>) -> Inside {
        self.deeper()?;
        match Object::read(object)? {
            Object::Signed(object) if object.is_certs_only() && self.opening.content.is_none() => {
                let mut layer = self.layer(Kind::CertsOnly, notes);
                layer.certificates = object.certificates;
                self.layers.push(layer);
                Ok(None)
            }
            Object::Signed(object) => self.signed_data(&object, notes),
            Object::Enveloped(object) => self.enveloped(&object, notes),
            Object::Compressed(object) => {
                let layer = self.layer(Kind::CompressedData, notes);
                self.layers.push(layer);
                let encapsulated = object.encapsulated;
                let Some(compressed) = &encapsulated.content else {
                    return Ok(None);
                };
                let content = compressed_data::decompress(&object.algorithm, compressed).map_err(
                    |error| match error {
                        compressed_data::Error::Io(error) => Stop::Io(error),
                        error => Stop::Obstacle(Obstacle::Compressed(error)),
                    },
                )?;
                self.content(
                    encapsulated.content_type,
                    RawMessage::from(Arc::new(content)),
                )
            }
            Object::Digested(object) => {
                let content = object.encapsulated.content;
                if let Some(content) = &content
                    && let Err(error) =
                        digested_data::check(&object.algorithm, content, &object.digest)
                {
                    notes.push(crate::printable::sentence(&error));
                }
                let layer = self.layer(Kind::DigestedData, notes);
                self.layers.push(layer);
                match content {
                    Some(content) => {
                        let content = RawMessage::from(Arc::new(content));
                        self.content(object.encapsulated.content_type, content)
                    }
                    None => Ok(None),
                }
            }
            Object::Data(content) => {
                let layer = self.layer(Kind::Data, notes);
                self.layers.push(layer);
                self.entity_or_leaf(RawMessage::from(Arc::new(content)))
            }
            Object::Encrypted(content) => {
                let mut layer = self.layer(Kind::EncryptedData, notes);
                layer.cipher = Some(cms::object::algorithm_name(&content.algorithm));
                self.layers.push(layer);
                Err(Stop::Obstacle(Obstacle::EncryptedData))
            }
            Object::Other(content_type) => {
                let layer = self.layer(Kind::Unknown, notes);
                self.layers.push(layer);
                Err(Stop::Obstacle(Obstacle::Unknown(oid::name(&content_type))))
            }
        }
    }

    fn signed_data(&mut self, object: &SignedObject, notes: Vec<String>) -> Inside {
        let (inner, beside) = (&object.encapsulated.content, &self.opening.content);
        let signed = match (inner, beside) {
            (Some(_), Some(_)) => SignedContent::Twice,
            (Some(content), None) => SignedContent::Octets(content),
            (None, Some(content)) => SignedContent::Text(content),
            (None, None) => SignedContent::Missing,
        };
        self.signed(Kind::SignedData, object, signed, notes)?;
        match inner.as_ref().or(beside.as_ref()) {
            Some(content) => {
                let content = RawMessage::from(Arc::new(content.slice(0..content.len())));
                self.content(object.encapsulated.content_type, content)
            }
            None => Ok(None),
        }
    }

    fn signed(
        &mut self,
        kind: Kind,
        object: &SignedObject,
        content: SignedContent<'_>,
        notes: Vec<String>,
    ) -> Result<(), Stop> {
        let mut layer = self.layer(kind, notes);
        layer.protection = Protection::Signed;
        for error in &object.unusable_certificates {
            layer.notes.push(format!(
                "a certificate that came along is unusable: {error}"
            ));
        }
        layer.brought_along.clone_from(&object.certificates);
        let judging = Judging {
            validation: &self.opening.validation,
            intermediates: &self.opening.intermediates,
        };
        layer.signers = verify::judge(object, content, &self.claims, &judging)?;
        let signers = layer.signers.iter();
        let odd_dates = signers.filter_map(|signer| signer.odd_date(&self.claims));
        layer.notes.extend(odd_dates);
        if let Ok(authorship) = &self.claims.authorship {
            let shown = authorship.shown.iter();
            let shown = shown.map(|it| format!("From shows {it} in the place of a name"));
            layer.notes.extend(shown);
        }
        self.layers.push(layer);
        Ok(())
    }

    fn enveloped(&mut self, object: &EncryptedObject, notes: Vec<String>) -> Inside {
        let recipients = RecipientInfos::from_der(&object.recipient_infos)?;
        let (kind, protection) = match object.authentication {
            Some(_) => (Kind::AuthEnvelopedData, Protection::Aead),
            None => (Kind::EnvelopedData, Protection::None),
        };
        let mut layer = self.layer(kind, notes);
        layer.protection = protection;
        layer.cipher = Some(cms::object::algorithm_name(&object.encrypted.algorithm));
        layer.recipients = recipients.describe();
        let index = self.layers.len();
        self.layers.push(layer);
        let decrypting = |error| match error {
            super::Error::Io(error) => Stop::Io(error),
            error => Stop::Obstacle(Obstacle::Decrypting(error)),
        };
        let algorithm = decrypt::algorithm(object).map_err(decrypting)?;
        self.layers[index].cipher = Some(algorithm.cipher().name().to_owned());
        if algorithm.cipher().is_legacy() && !self.opening.validation.allow_legacy {
            return Err(Stop::Obstacle(Obstacle::Legacy {
                algorithm: algorithm.cipher().name().to_owned(),
            }));
        }
        if self.beside_each_other > 0 {
            let count = self.beside_each_other;
            return Err(Stop::Obstacle(Obstacle::SeveralParts(count)));
        }
        let credentials = &self.opening.credentials;
        let decrypted = DecryptedEntity::decrypt(object, &recipients, credentials);
        let tried = matches!(decrypted, Ok(_) | Err(super::Error::NotDecrypted));
        if protection == Protection::None && tried && self.unauthenticated.is_none() {
            self.unauthenticated = Some(SealedLayer {
                index,
                notes: self.layers[index].notes.clone(),
            });
        }
        let decrypted = decrypted.map_err(decrypting)?;
        if let Some(algorithm) = decrypted.legacy()
            && !self.opening.validation.allow_legacy
        {
            let algorithm = algorithm.to_owned();
            return Err(Stop::Obstacle(Obstacle::Legacy { algorithm }));
        }
        debug_assert_eq!(
            decrypted.integrity() == Integrity::Aead,
            protection == Protection::Aead
        );
        self.content(object.encrypted.content_type, decrypted.entity().clone())
    }

    /// What a layer was around. RFC 8551 has MIME entities everywhere, as id-data.
    fn content(&mut self, content_type: oid::ObjectIdentifier, content: RawMessage) -> Inside {
        if content_type == oid::ID_DATA {
            return self.entity_or_leaf(content);
        }
        if let Some(layer) = self.layers.last_mut() {
            layer.notes.push(format!(
                "the content is of the type {}",
                oid::name(&content_type)
            ));
        }
        Ok(Some(content))
    }

    /// Content that need not be MIME: what is not is simply inside.
    fn entity_or_leaf(&mut self, content: RawMessage) -> Inside {
        let before = self.layers.len();
        match self.entity(content.clone()) {
            Err(Stop::Obstacle(Obstacle::Mime(error))) if self.layers.len() == before => {
                if let Some(layer) = self.layers.last_mut() {
                    layer
                        .notes
                        .push(format!("what is inside is not read further: {error}"));
                }
                Ok(Some(content))
            }
            inside => inside,
        }
    }

    fn deeper(&self) -> Result<(), Stop> {
        match self.layers.len() {
            MAX_LAYERS.. => Err(Stop::Obstacle(Obstacle::TooManyLayers)),
            _ => Ok(()),
        }
    }

    fn layer(&self, kind: Kind, notes: Vec<String>) -> Layer {
        Layer {
            notes,
            ..Layer::new(kind, self.coverage)
        }
    }
}
