//! Sealing a whole message: who signs, who can read it, and which copies must be made.
//!
//! To and Cc share one envelope. Each Bcc recipient gets a copy of its own, encrypted to it alone:
//! in a shared envelope its certificate would betray it to all the others (RFC 8551 has nothing on
//! this; RFC 5322 5 leaves it to the implementation).
//!
//! # Not supported
//!
//! Header protection (RFC 9788): Subject and the other outer fields stay readable and unsigned.

use std::collections::HashSet;
use std::io::{self, Write};

use jiff::Timestamp;

use super::cipher::CipherChoice;
use super::encrypt::{Encryption, EnvelopedEntity};
use super::sign::{Form, SignedEntity};
use crate::address::Address;
use crate::cms::signed_data::Signing;
use crate::crypto::{DigestAlgorithm, SignatureAlgorithm};
use crate::keys::{Choice, KeyDirectory, RecipientCertificate, Signer};
use crate::mime::{CanonicalEntity, Message, OuterHeader, Recipients};

/// What is to be done to a message, and how.
#[derive(Clone, Debug)]
pub struct Sealing {
    /// Sign with the key of the From address.
    pub sign: Option<SignOptions>,
    /// Encrypt to every recipient.
    pub encrypt: Option<Encryption>,
    /// Encrypt each copy with the cipher that suits all of its recipients
    /// ([`CipherChoice`]), in place of the one of `encrypt`.
    pub automatic_cipher: bool,
    /// What becomes of recipients without a certificate.
    pub missing: Missing,
    /// Recipients in place of those in the header; they are treated as To, each once.
    pub recipients: Option<Vec<Address>>,
    /// The time of sealing: the signing time, and what a missing Date is set to.
    pub now: Timestamp,
}

/// How to sign; the key decides between RSA and ECDSA.
#[derive(Clone, Copy, Debug)]
pub struct SignOptions {
    /// Opaque or detached.
    pub form: Form,
    /// The digest for content and signature; `None` leaves the choice to the kind of key. Ed25519
    /// and ML-DSA have one of their own whatever is asked for.
    pub digest: Option<DigestAlgorithm>,
    /// RSASSA-PSS in place of PKCS#1 v1.5, for RSA keys.
    pub pss: bool,
    /// Whether the signature tells when it was made.
    pub signing_time: bool,
}

/// What becomes of recipients for whom there is no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Nothing is sealed for anyone.
    Refuse,
    /// They get nothing; the others get theirs.
    Skip,
    /// They get a copy that is not encrypted.
    Plain,
}

/// Why a message could not be sealed. Nothing has been written when one of these is told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The message cannot be read, or cannot be brought into canonical form.
    #[error(transparent)]
    Message(#[from] crate::mime::Error),
    /// The sender's key, or a certificate that is there, cannot be used.
    #[error(transparent)]
    Keys(#[from] crate::keys::Error),
    /// Recipients for whom there is no certificate.
    #[error("no certificate for {}", list(.0.iter().map(|missing| &missing.address)))]
    NoCertificate(Vec<MissingCertificate>),
    /// There is nobody to encrypt to.
    #[error("the message has no recipient")]
    NoRecipient,
    /// Signing or encrypting failed.
    #[error(transparent)]
    Seal(#[from] super::Error),
}

/// A recipient without a certificate, and where one was looked for.
#[derive(Debug)]
pub struct MissingCertificate {
    /// The recipient.
    pub address: Address,
    /// The key directory's answer, which names the paths tried.
    pub error: crate::keys::Error,
}

/// All that became of one message.
#[derive(Debug)]
pub struct Sealed {
    /// The From address.
    pub from: Address,
    /// At least one; each for different recipients.
    pub copies: Vec<SealedCopy>,
    /// Recipients who get nothing, by [`Missing::Skip`].
    pub skipped: Vec<Address>,
    /// Which certificates and ciphers were chosen where there was a choice, and why: sentences
    /// for the sender alone, since they name Bcc recipients.
    pub decisions: Vec<String>,
}

/// One message to be sent or stored.
#[derive(Debug)]
pub struct SealedCopy {
    /// Whom it is for.
    pub recipients: Vec<Address>,
    /// Which of the copies it is.
    pub kind: CopyKind,
    header: OuterHeader,
    body: Body,
}

/// Which of a message's copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyKind {
    /// The one for To and Cc, or for everybody where nothing is encrypted.
    Shared,
    /// For one Bcc recipient.
    Bcc,
    /// For recipients without a certificate, not encrypted.
    Plain,
}

#[derive(Debug)]
enum Body {
    Canonical(CanonicalEntity),
    Enveloped(EnvelopedEntity),
}

impl Sealing {
    /// Seals one message for all its recipients.
    pub fn seal(&self, message: Message, keys: &KeyDirectory) -> Result<Sealed, Error> {
        let from = message.from()?;
        let recipients = self.recipients_of(&message)?;
        let signer = self
            .sign
            .map(|options| Ok::<_, Error>((options, keys.signer(&from)?)));
        let signer = signer.transpose()?;
        let mut audience = match &self.encrypt {
            Some(encryption) => self.encrypted_audience(recipients, encryption, keys)?,
            None => Audience::unencrypted(recipients),
        };
        let mut decisions = Vec::new();
        if let Some((_, signer)) = &signer {
            decisions.extend(sentences(signer.choice()));
        }
        for share in &mut audience.shares {
            decisions.extend(share.decide(self.automatic_cipher));
        }

        let (mut header, entity) = message.split();
        self.complete(&mut header, &from);
        let mut entity = entity.canonicalize()?;
        if let Some((options, signer)) = &signer {
            let signing = self.signing(*options, signer)?;
            entity = SignedEntity::sign(entity, signer, options.form, signing)?.into();
        }
        let copies = audience
            .shares
            .into_iter()
            .map(|share| share.copy(&header, &entity))
            .collect::<Result<Vec<_>, Error>>()?;
        Ok(Sealed {
            from,
            copies,
            skipped: audience.skipped,
            decisions,
        })
    }

    fn recipients_of(&self, message: &Message) -> Result<Recipients, Error> {
        match &self.recipients {
            Some(to) => {
                let mut seen = HashSet::new();
                let unseen = to.iter().filter(|address| seen.insert(*address));
                Ok(Recipients {
                    to: unseen.cloned().collect(),
                    ..Recipients::default()
                })
            }
            None => Ok(message.recipients()?),
        }
    }

    /// Finds a certificate for everybody before anything is made for anybody.
    fn encrypted_audience(
        &self,
        recipients: Recipients,
        encryption: &Encryption,
        keys: &KeyDirectory,
    ) -> Result<Audience, Error> {
        let mut audience = Audience::default();
        let mut shared = Share::encrypted(CopyKind::Shared, encryption);
        let mut plain = Share::plain(CopyKind::Plain);
        let mut hidden = Vec::new();
        let mut missing = Vec::new();
        let visible = recipients
            .to
            .into_iter()
            .chain(recipients.cc)
            .map(|to| (to, false));
        for (address, is_bcc) in visible.chain(recipients.bcc.into_iter().map(|to| (to, true))) {
            match keys.recipient(&address) {
                Ok(certificate) if is_bcc => {
                    let mut own = Share::encrypted(CopyKind::Bcc, encryption);
                    own.add(address, certificate);
                    hidden.push(own);
                }
                Ok(certificate) => shared.add(address, certificate),
                // Who has no certificate reads with the secret.
                Err(error) if error.is_not_found() && !encryption.secret_recipients.is_empty() => {
                    if is_bcc {
                        let mut own = Share::encrypted(CopyKind::Bcc, encryption);
                        own.recipients.push(address);
                        hidden.push(own);
                    } else {
                        shared.recipients.push(address);
                    }
                }
                Err(error) if error.is_not_found() => match self.missing {
                    Missing::Refuse | Missing::Skip => {
                        missing.push(MissingCertificate { address, error });
                    }
                    Missing::Plain if is_bcc => {
                        let mut own = Share::plain(CopyKind::Bcc);
                        own.recipients.push(address);
                        hidden.push(own);
                    }
                    Missing::Plain => plain.recipients.push(address),
                },
                Err(error) => return Err(error.into()),
            }
        }
        audience.shares = [shared, plain].into_iter().chain(hidden).collect();
        audience.shares.retain(|share| !share.recipients.is_empty());
        let is_for_nobody = audience.shares.is_empty();
        if !missing.is_empty() && (self.missing == Missing::Refuse || is_for_nobody) {
            return Err(Error::NoCertificate(missing));
        }
        if is_for_nobody {
            return Err(Error::NoRecipient);
        }
        audience.skipped = missing.into_iter().map(|missing| missing.address).collect();
        Ok(audience)
    }

    /// Adds what every message must have, and keeps Date near the signing time: Thunderbird calls
    /// a signature not valid when the two are more than an hour apart.
    fn complete(&self, header: &mut OuterHeader, from: &Address) {
        header.set_mime_version();
        match self.sign {
            Some(SignOptions {
                signing_time: true, ..
            }) => header.refresh_date(self.now),
            _ => header.ensure_date(self.now),
        }
        header.ensure_message_id(from);
    }

    fn signing(&self, options: SignOptions, signer: &Signer) -> Result<Signing, super::Error> {
        let key = signer.public_key();
        Ok(Signing {
            algorithm: SignatureAlgorithm::for_key(key, options.digest, options.pss)?,
            signing_time: options.signing_time.then_some(self.now),
        })
    }
}

/// The recipients, divided by the copies they get.
#[derive(Default)]
struct Audience {
    shares: Vec<Share>,
    skipped: Vec<Address>,
}

impl Audience {
    /// Without encryption one copy serves everybody: nothing in it tells of a Bcc.
    fn unencrypted(recipients: Recipients) -> Audience {
        let mut share = Share::plain(CopyKind::Shared);
        share.recipients = [recipients.to, recipients.cc, recipients.bcc].concat();
        Audience {
            shares: vec![share],
            skipped: Vec::new(),
        }
    }
}

struct Share {
    kind: CopyKind,
    recipients: Vec<Address>,
    certificates: Vec<RecipientCertificate>,
    encryption: Option<Encryption>,
}

impl Share {
    fn encrypted(kind: CopyKind, encryption: &Encryption) -> Share {
        Share {
            encryption: Some(encryption.clone()),
            ..Share::plain(kind)
        }
    }

    fn plain(kind: CopyKind) -> Share {
        Share {
            kind,
            recipients: Vec::new(),
            certificates: Vec::new(),
            encryption: None,
        }
    }

    fn add(&mut self, address: Address, certificate: RecipientCertificate) {
        self.recipients.push(address);
        self.certificates.push(certificate);
    }

    /// Settles the cipher, and says why it is this one and why the certificates are these.
    fn decide(&mut self, automatic_cipher: bool) -> Vec<String> {
        let choices = self.certificates.iter().map(RecipientCertificate::choice);
        let mut decisions: Vec<String> = choices.flat_map(sentences).collect();
        // Of those who read with a secret nothing is known.
        let automatic = |it: &&mut Encryption| automatic_cipher && it.secret_recipients.is_empty();
        if let Some(encryption) = self.encryption.as_mut().filter(automatic) {
            let recipients = self.recipients.iter().zip(&self.certificates);
            let choice = CipherChoice::for_recipients(recipients);
            encryption.cipher = choice.cipher;
            decisions.push(choice.to_string());
        }
        decisions
    }

    fn copy(self, header: &OuterHeader, entity: &CanonicalEntity) -> Result<SealedCopy, Error> {
        let entity = entity.clone();
        let body = match self.encryption {
            Some(encryption) => Body::Enveloped(EnvelopedEntity::encrypt(
                entity,
                &self.certificates,
                &encryption,
            )?),
            None => Body::Canonical(entity),
        };
        Ok(SealedCopy {
            recipients: self.recipients,
            kind: self.kind,
            header: header.clone(),
            body,
        })
    }
}

impl SealedCopy {
    /// Whether only its recipients can read it.
    pub fn is_encrypted(&self) -> bool {
        matches!(self.body, Body::Enveloped(_))
    }

    /// Writes the message, in CRLF lines. Memory stays flat, whatever the size.
    pub fn write_to(self, out: &mut dyn Write) -> io::Result<()> {
        self.header.write_to(out)?;
        match self.body {
            Body::Canonical(entity) => entity.write_to(out),
            Body::Enveloped(entity) => entity.write_to(out),
        }
    }
}

/// Nothing where there was nothing to choose from.
fn sentences(choice: &Choice) -> Vec<String> {
    if choice.passed_over.is_empty() {
        return Vec::new();
    }
    choice.sentences()
}

fn list<'a>(addresses: impl Iterator<Item = &'a Address>) -> String {
    addresses
        .map(Address::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests;
