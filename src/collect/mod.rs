//! The collection policy: what a signed mail has to prove before its signer's certificate is
//! encrypted to. Anyone can write to us, so nothing is believed that was not proved here, in this
//! order, each step by a type that only the step can make:
//!
//! | step | proof | made by |
//! |---|---|---|
//! | one author, whose domain vouches for the mail (RFC 6376) | [`AuthenticatedMessage`] | [`dkim::verify`](dkim::verify()) |
//! | a signature over the whole mail (RFC 5652) | [`VerifiedSignature`] | [`VerifiedSignature::verify`] |
//! | a path that is valid now (RFC 5280) to a certificate of the author's address | [`ValidatedCertificate`] | [`path::validate`] |
//! | a certificate of that address to encrypt to | [`CollectedCertificate`] | [`collect`] |
//!
//! Whether it takes the place of one that is stored already is [another question](succession).
//!
//! ```
//! use mailseal::collect::{Collecting, DigestedMail, Step, collect};
//! use mailseal::dkim::{Alignment, StaticRecords};
//! use mailseal::mime::RawMessage;
//! use mailseal::path::{TrustAnchors, Validation};
//!
//! let anchors = TrustAnchors::from_files(&["testdata/pki/root.crt".into()])?;
//! let records = StaticRecords::from_json(b"{}")?;
//! let collecting = Collecting {
//!     resolver: &records,
//!     alignment: Alignment::Strict,
//!     validation: Validation::new(&anchors, "2026-11-21T12:00:00Z".parse()?),
//!     intermediates: Vec::new(),
//! };
//! let mail = RawMessage::from_bytes(b"From: bob@example.com\r\n\r\nnot signed\r\n".to_vec());
//! let refusal = collect(DigestedMail::read(mail)?, &collecting)?.outcome.unwrap_err();
//! assert_eq!((refusal.step, refusal.reason), (Step::Dkim, "no-signature"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Not supported
//!
//! Mail that is encrypted to us: the signature has to be readable without a key.

mod refusal;
pub mod succession;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::io;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::address::Address;
use crate::cms::announcement;
use crate::cms::verification::VerifiedSignature;
use crate::crypto::{ContentCipher, Digest, DigestAlgorithm};
use crate::dkim::{self, Alignment, AuthenticatedMessage, Authentication, Resolver};
use crate::mime::{Message, RawMessage};
use crate::path::{self, Purpose, ValidatedCertificate, Validation};
use crate::smime::open::{self, Opened, Opening};
use crate::x509::Certificate;

pub use refusal::{Refusal, Step};

/// Clocks differ by so much; a signing time further ahead is wrong or a lie.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// What a mail is judged by.
#[derive(Debug, Clone)]
pub struct Collecting<'a> {
    /// Who looks up the keys of DKIM.
    pub resolver: &'a dyn Resolver,
    /// How near the signing domain has to be to that of the author.
    pub alignment: Alignment,
    /// How paths are validated, and at what time. What the certificates are for is up to us.
    pub validation: Validation<'a>,
    /// Certificates that the mail may have left out.
    pub intermediates: Vec<Certificate>,
}

/// What came of a mail.
#[derive(Debug)]
pub struct Collection {
    /// Everything that was found out, as far as it was looked at.
    pub findings: Findings,
    /// The certificate, or the first step that was not proved.
    pub outcome: Result<CollectedCertificate, Refusal>,
}

/// What was found out about a mail on the way.
#[derive(Debug, Default)]
pub struct Findings {
    /// The SHA-256 digest of the mail as it came: by which a second copy is known.
    pub digest: [u8; 32],
    /// The one author.
    pub from: Option<Address>,
    /// What DKIM says.
    pub authentication: Option<Authentication>,
    /// The layers of the mail with their signers.
    pub opened: Option<Opened>,
    /// How long it took to find and validate the path of the certificate to encrypt to.
    pub path_took: Option<Duration>,
}

/// A certificate to encrypt to, whose owner has proved to read mail at this address by signing one
/// that came from there. Only [`collect`] makes one.
///
/// ```compile_fail,E0451
/// # fn forged(address: mailseal::address::Address) {
/// mailseal::collect::CollectedCertificate { address, ..todo!() };
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct CollectedCertificate {
    address: Address,
    validated: ValidatedCertificate,
    signer: Certificate,
    signing_time: Option<Timestamp>,
    capabilities: Vec<ContentCipher>,
    domain: String,
    digest: [u8; 32],
    at: Timestamp,
}

impl CollectedCertificate {
    /// The address that the certificate is for, as the author writes it.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The certificate to encrypt to.
    pub fn certificate(&self) -> &Certificate {
        self.validated.certificate()
    }

    /// The certificate, with the proof that it is one.
    pub fn validated(&self) -> &ValidatedCertificate {
        &self.validated
    }

    /// What proves the certificate: from itself to the trust anchor.
    pub fn path(&self) -> &[Certificate] {
        self.validated.path()
    }

    /// The certificate that signed the mail: the same, or another one of the same address.
    pub fn signer(&self) -> &Certificate {
        &self.signer
    }

    /// When the owner says to have signed, which is not in the future.
    pub fn signing_time(&self) -> Option<Timestamp> {
        self.signing_time
    }

    /// The ciphers that the owner's mail program opens, best first; none where it does not say.
    pub fn capabilities(&self) -> &[ContentCipher] {
        &self.capabilities
    }

    /// The domain that vouched for the mail.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The SHA-256 digest of the mail.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// The time for which all of this was judged.
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

/// A mail as it came, and the SHA-256 digest of its octets, by which a second copy is known.
#[derive(Debug, Clone)]
pub struct DigestedMail {
    raw: RawMessage,
    digest: [u8; 32],
}

impl DigestedMail {
    /// Reads the mail.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn read(raw: RawMessage) -> io::Result<DigestedMail> {
        let mut digest = Digest::new(DigestAlgorithm::Sha256);
        raw.spool().reader().write_to(&mut digest)?;
        let octets = digest.finalize();
        Ok(DigestedMail {
            raw,
            digest: octets.try_into().expect("a SHA-256 digest has 32 octets"),
        })
    }

    /// The digest.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// How many octets it has.
    pub fn octets(&self) -> u64 {
        self.raw.spool().len()
    }
}

/// Judges a mail, step by step, up to the first that it does not prove.
///
/// # Errors
///
/// The mail cannot be read, or a temporary file not be written.
pub fn collect(mail: DigestedMail, collecting: &Collecting<'_>) -> io::Result<Collection> {
    let DigestedMail { raw, digest } = mail;
    let mut findings = Findings {
        digest,
        ..Findings::default()
    };
    let outcome = match findings.journey(raw, collecting) {
        Ok(collected) => Ok(collected),
        Err(Stop::Refused(refusal)) => Err(refusal),
        Err(Stop::Io(error)) => return Err(error),
    };
    Ok(Collection { findings, outcome })
}

/// Why the journey ends before its end.
enum Stop {
    Refused(Refusal),
    Io(io::Error),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refused(refusal)
    }
}

impl From<dkim::Error> for Stop {
    fn from(error: dkim::Error) -> Stop {
        match error {
            dkim::Error::Read(error) => Stop::Io(error),
        }
    }
}

impl Findings {
    fn journey(
        &mut self,
        raw: RawMessage,
        collecting: &Collecting<'_>,
    ) -> Result<CollectedCertificate, Stop> {
        let message = Message::parse(raw).map_err(|error| Refusal::message(&error))?;
        let from = message.from().map_err(|error| Refusal::author(&error))?;
        self.from = Some(from);
        let (resolver, at) = (collecting.resolver, collecting.validation.at);
        let authentication = dkim::verify(&message, resolver, at, collecting.alignment)?;
        let authentication = self.authentication.insert(authentication);
        let Some(authenticated) = authentication.authenticated() else {
            let refusal = Refusal::not_authenticated(authentication);
            // Nothing comes of it; but whoever looks for the reason wants to know what else there is.
            self.opened = open(&message, collecting).ok();
            return Err(refusal.into());
        };
        let opened = open(authenticated.message(), collecting)?;
        let opened = self.opened.insert(opened);
        let signed = Signed::by_author(opened)?;
        // Not by which anything is judged: for whoever counts.
        let begin = Instant::now();
        let validated = receiving(authenticated, &signed, collecting);
        self.path_took = Some(begin.elapsed());
        let validated = validated?;
        not_in_the_future(signed.signature, at)?;
        Ok(CollectedCertificate {
            address: authenticated.from().clone(),
            validated,
            signer: signed.signature.certificate().clone(),
            signing_time: signed.signature.signing_time(),
            capabilities: signed
                .signature
                .capabilities()
                .map(announcement::ciphers)
                .unwrap_or_default(),
            domain: authenticated.domain().to_owned(),
            digest: self.digest,
            at,
        })
    }
}

/// Verifies what the author has signed.
fn open(message: &Message, collecting: &Collecting<'_>) -> Result<Opened, Stop> {
    let opening = Opening {
        intermediates: collecting.intermediates.clone(),
        ..Opening::new(Validation {
            purpose: Purpose::EmailSigning,
            ..collecting.validation.clone()
        })
    };
    open::open_message(message.clone(), &opening).map_err(|error| match error {
        open::Error::Io(error) => Stop::Io(error),
        error => Refusal::unreadable(&error).into(),
    })
}

/// The signature of the author over the whole of a message.
struct Signed<'a> {
    signature: &'a VerifiedSignature,
    /// Certificates that may have to do with the signer's, in no order.
    certificates: &'a [Certificate],
}

impl<'a> Signed<'a> {
    /// Of a message whose signers are all valid: then each of them is its author.
    fn by_author(opened: &'a Opened) -> Result<Signed<'a>, Refusal> {
        if opened.verdict() != open::Verdict::Valid {
            return Err(Refusal::not_signed(opened));
        }
        let layers = opened.layers().iter();
        let mut signed = layers.filter_map(|layer| {
            let signature = layer.signers.first()?.signature.as_ref().ok()?;
            Some(Signed {
                signature,
                certificates: &layer.brought_along,
            })
        });
        signed.next().ok_or_else(|| Refusal::not_signed(opened))
    }

    /// The certificates that may be meant for replies: the one that the signer names (RFC 8551
    /// 2.5.3), and else the signer's own.
    fn for_replies(&self) -> Vec<&Certificate> {
        let preference = self.signature.encryption_key_preference();
        let preferred = preference
            .map(|preference| announcement::preferred(preference, self.certificates))
            .unwrap_or_default();
        let mut candidates = preferred;
        candidates.push(self.signature.certificate());
        candidates
    }
}

/// The certificate to encrypt to, with a path of its own and of the author's address.
fn receiving(
    authenticated: &AuthenticatedMessage,
    signed: &Signed<'_>,
    collecting: &Collecting<'_>,
) -> Result<ValidatedCertificate, Refusal> {
    let validation = Validation {
        purpose: Purpose::EmailReceiving,
        ..collecting.validation.clone()
    };
    let pool = [signed.certificates, &collecting.intermediates].concat();
    let mut first_refusal = None;
    for candidate in signed.for_replies() {
        let is_authors = |email: &Address| email.matches(authenticated.from());
        let judged = match candidate.emails().iter().any(is_authors) {
            true => path::validate(candidate, &pool, &validation)
                .map_err(|error| Refusal::path(Step::Receiving, &error)),
            false => Err(Refusal::new(
                Step::Receiving,
                "address-mismatch",
                "the certificate that the signer wants mail encrypted to is for another address",
            )),
        };
        match judged {
            Ok(validated) => return Ok(validated),
            Err(refusal) => drop(first_refusal.get_or_insert(refusal)),
        }
    }
    Err(first_refusal.expect("the signer's own certificate is always among the candidates"))
}

/// Else nothing that is signed later could ever take its place.
fn not_in_the_future(signature: &VerifiedSignature, at: Timestamp) -> Result<(), Refusal> {
    let horizon = at.saturating_add(CLOCK_SKEW).unwrap_or(Timestamp::MAX);
    match signature.signing_time() {
        Some(time) if time > horizon => Err(Refusal::new(
            Step::Time,
            "signed-in-the-future",
            format_args!("the signer says to have signed on {time}, which is yet to come"),
        )),
        _ => Ok(()),
    }
}
