//! Judging the signers of one content: is the signature over it, does the certificate chain to an
//! anchor, is it for the address that the message comes from. The three are told apart, because a
//! mail can be well signed by a certificate that chains nowhere.

use std::io;

use jiff::{SignedDuration, Timestamp};

use crate::address::Address;
use crate::cms::signed_object::SignedObject;
use crate::cms::verification::{self, Certificates, DigestedContent, LineEnds, VerifiedSignature};
use crate::mime::{self, Authorship, Message};
use crate::path::revocation::Origin;
use crate::path::{self, RevocationEvidence, ValidatedCertificate, Validation};
use crate::printable::sentence;
use crate::spool::Spool;
use crate::x509::Certificate;

/// What signers are judged by.
pub struct Judging<'a> {
    /// How paths are validated, at what time, and whether what is no longer safe is taken. Without
    /// trust anchors paths are not looked at.
    pub validation: &'a Validation<'a>,
    /// Certificates that may stand in a path beside those of the message, and the certificates of
    /// signers that did not send theirs.
    pub intermediates: &'a [Certificate],
}

/// What the header of a message claims about it. Nobody has signed that.
#[derive(Debug)]
pub struct Claims {
    /// The one author, who else is shown as one, and the sender; or why there is not one author.
    pub authorship: Result<Authorship, mime::Error>,
    /// The time of the Date field, if there is one that can be read.
    pub date: Option<Timestamp>,
}

impl Claims {
    /// Of a message.
    pub fn of(message: &Message) -> Claims {
        Claims {
            authorship: Authorship::of(message),
            date: message.date(),
        }
    }

    /// Of a CMS object without a message around it: the address that the caller expects.
    pub fn expected(from: Option<Address>) -> Claims {
        let authorship = |from| Authorship {
            from,
            sender: Ok(None),
            shown: Vec::new(),
        };
        Claims {
            authorship: from.map(authorship).ok_or(mime::Error::NoFrom),
            date: None,
        }
    }
}

/// How far signing time and Date of an honest message may be apart: as far as Thunderbird lets
/// them, which calls the signature invalid past it.
const NEAR: SignedDuration = SignedDuration::from_hours(1);

/// One signer, judged.
#[derive(Debug)]
pub struct Signer {
    /// Whether the signature is over the content.
    pub signature: Result<VerifiedSignature, verification::Error>,
    /// Whether the certificate can be believed.
    pub chain: Chain,
    /// Whether the certificate is for the From address (RFC 8550 3).
    pub address: AddressJudgement,
    /// The same for the Sender address. It makes nothing valid: readers are shown From.
    pub sender: AddressJudgement,
    /// The certificate that the signer names, if it was there.
    pub certificate: Option<Certificate>,
}

/// What is known of a certification path.
#[derive(Debug)]
pub enum Chain {
    /// It leads to an anchor, and holds.
    Valid(Box<ValidatedCertificate>),
    /// It does not, or something in it is wrong.
    Invalid(path::Error),
    /// Nobody looked; why.
    Unchecked(String),
}

/// How the addresses of a certificate compare with one of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressJudgement {
    /// It is one of them.
    Match,
    /// It is none of them, or the message has not exactly one.
    Mismatch,
    /// The certificate has none, or the message.
    Absent,
}

impl AddressJudgement {
    /// A word for it that does not change.
    pub fn name(self) -> &'static str {
        match self {
            AddressJudgement::Match => "match",
            AddressJudgement::Mismatch => "mismatch",
            AddressJudgement::Absent => "absent",
        }
    }
}

impl Signer {
    /// That the signer says to have signed at another time than the header's Date, if so. No
    /// standard wants them near each other, and nobody signed Date; an old message that was sent
    /// once more shows like this.
    pub fn odd_date(&self, claims: &Claims) -> Option<String> {
        let signing_time = self.signature.as_ref().ok()?.signing_time()?;
        let date = claims.date?;
        let apart = signing_time.duration_since(date).abs();
        (apart > NEAR).then(|| {
            let minutes = apart.as_mins();
            let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
            format!("the header's Date is {days} d {hours} h {minutes} min from the signing time")
        })
    }

    /// Whether all three judgements hold.
    pub fn is_valid(&self) -> bool {
        self.signature.is_ok()
            && matches!(self.chain, Chain::Valid(_))
            && self.address == AddressJudgement::Match
    }

    /// The same in a sentence.
    pub fn detail(&self) -> Option<String> {
        if let Err(error) = &self.signature {
            return Some(sentence(error));
        }
        let certificate = self.certificate.as_ref();
        match (&self.chain, self.address) {
            (Chain::Invalid(error), _) => Some(sentence(error)),
            (_, AddressJudgement::Mismatch) => {
                let emails = certificate.map_or(&[][..], Certificate::emails).iter();
                let emails: Vec<String> = emails.map(ToString::to_string).collect();
                let emails = emails.join(", ");
                Some(format!(
                    "the certificate is for {emails}, and From says another address"
                ))
            }
            (Chain::Unchecked(why), _) => Some(why.clone()),
            (_, AddressJudgement::Absent)
                if certificate.is_some_and(|it| it.emails().is_empty()) =>
            {
                Some("the certificate has no address to compare with From".to_owned())
            }
            (_, AddressJudgement::Absent) => Some("there is no From address".to_owned()),
            (Chain::Valid(_), AddressJudgement::Match) => None,
        }
    }

    /// The first of the judgements that does not hold, in a stable word.
    pub fn reason(&self) -> Option<&'static str> {
        if let Err(error) = &self.signature {
            return Some(error.reason());
        }
        match (&self.chain, self.address) {
            (Chain::Invalid(error), _) => Some(error.reason()),
            (_, AddressJudgement::Mismatch) => Some("address-mismatch"),
            (Chain::Unchecked(_), _) => Some("chain-unchecked"),
            (_, AddressJudgement::Absent) => Some("address-absent"),
            (Chain::Valid(_), AddressJudgement::Match) => None,
        }
    }
}

/// Judges all signers of a content.
///
/// # Errors
///
/// The content cannot be read.
pub fn judge(
    object: &SignedObject,
    content: SignedContent<'_>,
    claims: &Claims,
    judging: &Judging<'_>,
) -> io::Result<Vec<Signer>> {
    let candidates: Vec<Certificate> = object
        .certificates
        .iter()
        .chain(judging.intermediates)
        .cloned()
        .collect();
    let anchors = judging.validation.anchors.certificates();
    let issuers: Vec<&Certificate> = judging.intermediates.iter().chain(anchors).collect();
    let certificates = Certificates {
        signers: &candidates,
        issuers: &issuers,
    };
    let allow_legacy = judging.validation.allow_legacy;
    let signatures = verify(object, content, certificates, allow_legacy)?;
    let evidence = judging.validation.evidence.and(&evidence_of(object));
    let validation = Validation {
        evidence: &evidence,
        ..judging.validation.clone()
    };
    let judged = |certificate: Option<&Certificate>, signature| Signer {
        chain: chain(certificate, &candidates, &validation),
        address: author(certificate, claims),
        sender: sender(certificate, claims),
        certificate: certificate.cloned(),
        signature,
    };
    let signers = object.signer_infos.iter().zip(signatures);
    let signers = signers.map(|(info, signatures)| match signatures {
        Ok(signatures) => {
            let judged = signatures
                .into_iter()
                .take(MAX_LOOK_ALIKES)
                .map(|signature| {
                    let certificate = signature.certificate().clone();
                    judged(Some(&certificate), Ok(signature))
                });
            most_convincing(judged)
        }
        Err(error) => {
            let mut candidates = candidates.iter();
            let identified = candidates.find(|it| info.signer_identifier.identifies(it));
            Some(judged(identified, Err(error)))
        }
    });
    Ok(signers.flatten().collect())
}

/// Of so many certificates that one signature verifies with, each is judged.
const MAX_LOOK_ALIKES: usize = 16;

/// A signature holds with each of these certificates. If one of them holds in all, that it is in bad
/// company says nothing: anyone on the way can add an expired one, or one that nobody issued.
fn most_convincing(signers: impl Iterator<Item = Signer>) -> Option<Signer> {
    let mut first = None;
    for signer in signers {
        if signer.is_valid() {
            return Some(signer);
        }
        first.get_or_insert(signer);
    }
    first
}

/// What a signature is said to be over.
#[derive(Debug, Clone, Copy)]
pub enum SignedContent<'a> {
    /// These octets.
    Octets(&'a Spool),
    /// Text, of which a file on disk may have other line ends than the signer saw.
    Text(&'a Spool),
    /// The structure has a content of its own although one travels beside: nobody knows which of
    /// the two a reader would see (RFC 8551 3.5.3.1).
    Twice,
    /// Neither inside the structure nor beside it.
    Missing,
}

impl<'a> SignedContent<'a> {
    /// The octets, and the line ends that they can have been signed with, likeliest first: RFC
    /// 8551 3.1.1 wants CRLF, and some programs sign the LF of their platform.
    fn octets(self) -> Result<(&'a Spool, &'static [LineEnds]), verification::Error> {
        match self {
            SignedContent::Octets(content) => Ok((content, &[LineEnds::AsTheyAre])),
            SignedContent::Text(content) => {
                Ok((content, &[LineEnds::Canonical, LineEnds::AsTheyAre]))
            }
            SignedContent::Twice => Err(verification::Error::ContentTwice),
            SignedContent::Missing => Err(verification::Error::ContentMissing),
        }
    }
}

/// What one signer proves, with each certificate that it can mean.
type Verified = Result<Vec<VerifiedSignature>, verification::Error>;

/// What each signer proves.
fn verify(
    object: &SignedObject,
    content: SignedContent<'_>,
    certificates: Certificates<'_>,
    allow_legacy: bool,
) -> io::Result<Vec<Verified>> {
    let infos = &object.signer_infos;
    let Ok((octets, line_ends)) = content.octets() else {
        let none = |_| content.octets().err().map(Err);
        return Ok(infos.iter().filter_map(none).collect());
    };
    let mut results: Vec<Verified> = Vec::new();
    for &ends in line_ends {
        let digested = DigestedContent::new(octets, ends, infos)?;
        let verify =
            |info| VerifiedSignature::verify(object, info, &digested, certificates, allow_legacy);
        if results.is_empty() {
            results = infos.iter().map(verify).collect();
        } else {
            for (info, result) in infos.iter().zip(&mut results) {
                if result.is_err()
                    && let Ok(verified) = verify(info)
                {
                    *result = Ok(verified);
                }
            }
        }
        if results.iter().all(Result::is_ok) {
            break;
        }
    }
    Ok(results)
}

/// RFC 8550 4.1: the CRLs that the sender has put into the message, and the OCSP answers.
fn evidence_of(object: &SignedObject) -> RevocationEvidence {
    let mut evidence = RevocationEvidence::default();
    for list in &object.revocation_lists {
        evidence.add_list(list.clone(), Origin::Message);
    }
    for answer in &object.ocsp_responses {
        evidence.add_answer(answer.clone(), Origin::Message);
    }
    evidence
}

fn chain(
    certificate: Option<&Certificate>,
    pool: &[Certificate],
    validation: &Validation<'_>,
) -> Chain {
    let Some(certificate) = certificate else {
        return Chain::Unchecked("the signer's certificate is missing".to_owned());
    };
    if validation.anchors.is_empty() {
        return Chain::Unchecked("there are no trust anchors".to_owned());
    }
    match path::validate(certificate, pool, validation) {
        Ok(validated) => Chain::Valid(Box::new(validated)),
        Err(error) => Chain::Invalid(error),
    }
}

fn author(certificate: Option<&Certificate>, claims: &Claims) -> AddressJudgement {
    match &claims.authorship {
        Ok(authorship) => compare(certificate, &authorship.from),
        Err(mime::Error::NoFrom) => AddressJudgement::Absent,
        Err(_) => AddressJudgement::Mismatch,
    }
}

fn sender(certificate: Option<&Certificate>, claims: &Claims) -> AddressJudgement {
    match claims.authorship.as_ref().map(|it| &it.sender) {
        Ok(Ok(Some(sender))) => compare(certificate, sender),
        Ok(Err(_)) => AddressJudgement::Mismatch,
        Ok(Ok(None)) | Err(_) => AddressJudgement::Absent,
    }
}

fn compare(certificate: Option<&Certificate>, address: &Address) -> AddressJudgement {
    match certificate.map_or(&[][..], Certificate::emails) {
        [] => AddressJudgement::Absent,
        emails if emails.iter().any(|email| email.matches(address)) => AddressJudgement::Match,
        _ => AddressJudgement::Mismatch,
    }
}
