//! What is done with one mail, whoever brought it: judge it, store its certificate, write down why.
//!
//! ```
//! use mailseal::collect::{Collecting, succession::Replacement};
//! use mailseal::dkim::{Alignment, StaticRecords};
//! use mailseal::inbound::decide::{Deciding, Delivery, Outcome};
//! use mailseal::mime::RawMessage;
//! use mailseal::path::{TrustAnchors, Validation};
//! use mailseal::store::StoreDirectory;
//!
//! let mail = RawMessage::from_bytes(std::fs::read("testdata/collect/messages/opaque.eml")?);
//! let records = StaticRecords::from_json(&std::fs::read("testdata/collect/dns.json")?)?;
//! let anchors = TrustAnchors::from_files(&["testdata/pki/root.crt".into()])?;
//! let directory = tempfile::tempdir()?;
//! let deciding = Deciding {
//!     collecting: Collecting {
//!         resolver: &records,
//!         alignment: Alignment::Strict,
//!         validation: Validation::new(&anchors, "2026-11-21T12:00:00Z".parse()?),
//!         intermediates: Vec::new(),
//!     },
//!     store: &StoreDirectory::open(directory.path())?,
//!     replacement: Replacement::Always,
//! };
//! let decision = deciding.decide(mail, &Delivery::by("command-line"))?;
//! assert_eq!(decision.outcome(), Outcome::Stored);
//! assert!(directory.path().join("alice@example.com.crt").exists());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::io;

use crate::collect::succession::{Replacement, Succession};
use crate::collect::{
    CollectedCertificate, Collecting, Collection, DigestedMail, Findings, collect,
};
use crate::keys::directory::WriteError;
use crate::mime::RawMessage;
use crate::printable::sentence;
use crate::report::{DecisionReport, MessageReport};
use crate::store::{self, CertificateStore, StoredCertificate};

/// What is decided by, and where to.
#[derive(Debug, Clone)]
pub struct Deciding<'a> {
    /// The policy.
    pub collecting: Collecting<'a>,
    /// Where certificates and decisions are kept.
    pub store: &'a dyn CertificateStore,
    /// What becomes of another key or another issuer.
    pub replacement: Replacement,
}

/// How a mail came.
#[derive(Debug, Clone, Default)]
pub struct Delivery {
    /// The request that brought it.
    pub id: Option<String>,
    /// Who brought it, in a word that does not change.
    pub source: &'static str,
    /// The sender of its envelope.
    pub msg_from: Option<String>,
    /// The recipient of its envelope.
    pub rcpt_to: Option<String>,
    /// Whether it does not come again: then what cannot be said now is a no.
    pub is_last_attempt: bool,
}

impl Delivery {
    /// By somebody who knows no envelope.
    pub fn by(source: &'static str) -> Delivery {
        Delivery {
            source,
            ..Delivery::default()
        }
    }
}

/// What becomes of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Its certificate is stored, the first of its address.
    Stored,
    /// Its certificate has been stored before.
    AlreadyStored,
    /// Its certificate has taken the place of another one.
    Replaced,
    /// Its certificate waits for the operator.
    Pending,
    /// Its certificate is older than the one that is stored, which stays.
    Older,
    /// It does not prove a certificate.
    Refused,
    /// The very same mail has been decided on before.
    SeenBefore,
    /// Nobody can say now, because DNS does not answer.
    TryLater,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Outcome; 8] = [
        Outcome::Stored,
        Outcome::AlreadyStored,
        Outcome::Replaced,
        Outcome::Pending,
        Outcome::Older,
        Outcome::Refused,
        Outcome::SeenBefore,
        Outcome::TryLater,
    ];

    /// A word for it that does not change.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Stored => "stored",
            Outcome::AlreadyStored => "already-stored",
            Outcome::Replaced => "replaced",
            Outcome::Pending => "pending",
            Outcome::Older => "older",
            Outcome::Refused => "refused",
            Outcome::SeenBefore => "seen-before",
            Outcome::TryLater => "try-later",
        }
    }
}

impl From<Succession> for Outcome {
    fn from(succession: Succession) -> Outcome {
        match succession {
            Succession::First => Outcome::Stored,
            Succession::AlreadyStored => Outcome::AlreadyStored,
            Succession::Replaces => Outcome::Replaced,
            Succession::Waits => Outcome::Pending,
            Succession::Older => Outcome::Older,
        }
    }
}

/// What has been decided, and is written down. Only [`Deciding::decide`] makes one.
#[derive(Debug)]
pub struct Decision {
    outcome: Outcome,
    report: DecisionReport,
    findings: Option<Findings>,
    collected: Option<CollectedCertificate>,
    stored: Option<StoredCertificate>,
}

impl Decision {
    /// What becomes of the mail.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The line of the audit log.
    pub fn report(&self) -> &DecisionReport {
        &self.report
    }

    /// What was found out; none of a mail that was seen before.
    pub fn findings(&self) -> Option<&Findings> {
        self.findings.as_ref()
    }

    /// The certificate that the mail proves, whatever has become of it.
    pub fn collected(&self) -> Option<&CollectedCertificate> {
        self.collected.as_ref()
    }

    /// Where it is.
    pub fn stored(&self) -> Option<&StoredCertificate> {
        self.stored.as_ref()
    }
}

/// Why nothing was decided. The mail has to be kept, and brought once more.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The mail cannot be read, or a temporary file not be written.
    #[error("the mail cannot be read")]
    Read(#[from] io::Error),
    /// The store does not work.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Deciding<'_> {
    /// Judges a mail, stores its certificate if it proves one, and writes a line in the audit log. When
    /// it returns both are on disk.
    ///
    /// # Errors
    ///
    /// Nothing was decided, because something of ours does not work.
    pub fn decide(&self, raw: RawMessage, delivery: &Delivery) -> Result<Decision, Error> {
        let mail = DigestedMail::read(raw)?;
        let digest = mail.digest();
        let message = MessageReport {
            msg_from: delivery.msg_from.clone(),
            rcpt_to: delivery.rcpt_to.clone(),
            ..MessageReport::new(&digest, mail.octets())
        };
        let mut decision = match self.store.has_seen(&digest)? {
            true => seen_before(),
            false => self.judge(mail)?,
        };
        if decision.outcome == Outcome::TryLater && delivery.is_last_attempt {
            decision.outcome = Outcome::Refused;
        }
        let report = &mut decision.report;
        report.time = self.collecting.validation.at.to_string();
        report.id.clone_from(&delivery.id);
        report.source = delivery.source;
        report.outcome = decision.outcome.name();
        report.message = Some(MessageReport {
            from: report.address.clone(),
            ..message
        });
        // What has to be looked at again is not done with.
        let done_with = (decision.outcome != Outcome::TryLater).then_some(&digest);
        self.store.record(&report.line(), done_with)?;
        Ok(decision)
    }

    fn judge(&self, mail: DigestedMail) -> Result<Decision, Error> {
        let collection = collect(mail, &self.collecting)?;
        let report = DecisionReport::of(&collection);
        let Collection { findings, outcome } = collection;
        let decision = |outcome, report| Decision {
            outcome,
            report,
            findings: None,
            collected: None,
            stored: None,
        };
        let decision = match outcome {
            Err(refusal) if refusal.is_temporary => decision(Outcome::TryLater, report),
            Err(_) => decision(Outcome::Refused, report),
            Ok(collected) => {
                let decision = match self.store.store(&collected, self.replacement) {
                    Ok(stored) => in_store(stored, report),
                    Err(error) => {
                        let reason = no_place(&error).ok_or(error.clone())?;
                        let report = report.refused("store", reason, &sentence(&error));
                        decision(Outcome::Refused, report)
                    }
                };
                Decision {
                    collected: Some(collected),
                    ..decision
                }
            }
        };
        Ok(Decision {
            findings: Some(findings),
            ..decision
        })
    }
}

fn seen_before() -> Decision {
    let report = DecisionReport {
        version: 1,
        detail: Some("this very mail has been decided on before".to_owned()),
        ..DecisionReport::default()
    };
    Decision {
        outcome: Outcome::SeenBefore,
        report,
        findings: None,
        collected: None,
        stored: None,
    }
}

fn in_store(stored: StoredCertificate, report: DecisionReport) -> Decision {
    let outcome = Outcome::from(stored.succession);
    let file = stored.path.as_ref().and_then(|path| path.file_name());
    let report = DecisionReport {
        file: file.map(|name| name.to_string_lossy().into_owned()),
        ..report
    };
    let report = match outcome {
        Outcome::Older => {
            let detail = "a certificate that was signed with later, or begins later, is stored";
            report.refused("succession", "older", detail)
        }
        Outcome::Pending => {
            let detail = "it has another key or issuer than the one that is stored, and waits for \
                          the operator";
            report.refused("succession", "other-key-or-issuer", detail)
        }
        _ => report,
    };
    Decision {
        outcome,
        report,
        findings: None,
        collected: None,
        stored: Some(stored),
    }
}

/// Why there is no place in the store for this address, now and later; none where the store itself does
/// not work.
fn no_place(error: &store::Error) -> Option<&'static str> {
    match error {
        store::Error::Write(WriteError::Name(_)) => Some("file-name"),
        store::Error::Write(WriteError::Link { .. }) => Some("symbolic-link"),
        store::Error::Write(WriteError::NotAFile { .. }) => Some("not-a-file"),
        store::Error::Write(WriteError::Ambiguous { .. }) => Some("ambiguous"),
        store::Error::Unfit(unfit) => Some(unfit.reason()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::dkim::resolver::{Answer, ResolveError};
    use crate::dkim::{Alignment, Resolver};
    use crate::path::{TrustAnchors, Validation};
    use crate::store::StoreDirectory;

    /// DNS that does not answer.
    #[derive(Debug)]
    struct Silent;

    impl Resolver for Silent {
        fn text_records(&self, names: &[String], _: Duration) -> Vec<Answer> {
            let silent = |_| Err(ResolveError::TimedOut);
            names.iter().map(silent).collect()
        }
    }

    /// A mail that nobody can judge now is not remembered as seen, so that it is judged the next time;
    /// at the last time it is refused, and that is remembered.
    #[test]
    fn without_dns_a_mail_waits_and_is_refused_in_the_end() {
        let anchors = TrustAnchors::from_certificates(Vec::new());
        let directory = tempfile::tempdir().unwrap();
        let store = StoreDirectory::open(directory.path()).unwrap();
        let deciding = Deciding {
            collecting: Collecting {
                resolver: &Silent,
                alignment: Alignment::Strict,
                validation: Validation::new(&anchors, "2026-11-21T12:00:00Z".parse().unwrap()),
                intermediates: Vec::new(),
            },
            store: &store,
            replacement: Replacement::Always,
        };
        let mail = std::fs::read("testdata/collect/messages/opaque.eml").unwrap();
        let outcome = |is_last_attempt| {
            let delivery = Delivery {
                is_last_attempt,
                ..Delivery::by("raw")
            };
            let mail = RawMessage::from_bytes(mail.clone());
            let decision = deciding.decide(mail, &delivery).unwrap();
            (decision.outcome(), decision.report().reason)
        };
        assert_eq!(outcome(false), (Outcome::TryLater, Some("dns")));
        assert_eq!(outcome(false), (Outcome::TryLater, Some("dns")));
        assert_eq!(outcome(true), (Outcome::Refused, Some("dns")));
        assert_eq!(outcome(true), (Outcome::SeenBefore, None));
        let lines = store.decisions(10).unwrap();
        assert_eq!(lines.len(), 4);
        assert!(lines[1].contains("\"outcome\":\"refused\",\"step\":\"dkim\""));
    }
}
