//! What became of a mail: a line of the audit log, and what `mailseal collect --json` says.

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use super::{AuthenticationReport, CertificateReport, LayerReport};
use crate::address::Address;
use crate::asn1::reader::hexadecimal;
use crate::collect::{Collection, Findings};
use crate::smime::open::Opened;
use crate::x509::Certificate;

/// What was decided, and every judgement that led to it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DecisionReport {
    /// Always 1.
    pub version: u8,
    /// When, in RFC 3339.
    pub time: String,
    /// That of the request that brought the mail.
    pub id: Option<String>,
    /// Who brought it: `sparkpost`, `raw`, `mailgun`, `postmark`, `sendgrid`, `command-line` or
    /// `operator`.
    pub source: &'static str,
    /// What was decided, in one word.
    pub outcome: &'static str,
    /// The step of the policy that was not taken.
    pub step: Option<&'static str>,
    /// Why, in a word that does not change.
    pub reason: Option<&'static str>,
    /// The same in a sentence.
    pub detail: Option<String>,
    /// Whose certificate it is, or would be.
    pub address: Option<String>,
    /// The name of the file that the certificate is in.
    pub file: Option<String>,
    /// The mail.
    pub message: Option<MessageReport>,
    /// What DKIM says of it.
    pub dkim: Option<AuthenticationReport>,
    /// What its signatures prove.
    pub verdict: Option<&'static str>,
    /// Its layers, as `mailseal verify --json` has them.
    pub layers: Vec<LayerReport>,
    /// The certificate to encrypt to.
    pub certificate: Option<CertificateReport>,
    /// What proves it: from itself to the trust anchor.
    pub path: Vec<CertificateReport>,
}

/// A mail, by what it is known again.
#[derive(Debug, Clone, Serialize)]
pub struct MessageReport {
    /// The digest of its octets, in hexadecimal.
    pub sha256: String,
    /// Its length in octets.
    pub bytes: u64,
    /// Its one author.
    pub from: Option<String>,
    /// The sender of its envelope, as far as that is known.
    pub msg_from: Option<String>,
    /// The recipient of its envelope, as far as that is known.
    pub rcpt_to: Option<String>,
}

impl DecisionReport {
    /// All that was found out about a mail, without what was decided in the end.
    pub fn of(collection: &Collection) -> DecisionReport {
        let Findings {
            from,
            authentication,
            opened,
            ..
        } = &collection.findings;
        let report = DecisionReport {
            version: 1,
            address: from.as_ref().map(ToString::to_string),
            dkim: authentication.as_ref().map(AuthenticationReport::of),
            verdict: opened.as_ref().map(|opened| opened.verdict().name()),
            layers: opened
                .iter()
                .flat_map(Opened::layers)
                .map(LayerReport::of)
                .collect(),
            ..DecisionReport::default()
        };
        match &collection.outcome {
            Ok(collected) => DecisionReport {
                certificate: Some(CertificateReport::of(collected.certificate())),
                path: collected.path().iter().map(CertificateReport::of).collect(),
                ..report
            },
            Err(refusal) => report.refused(refusal.step.name(), refusal.reason, &refusal.detail),
        }
    }

    /// What the operator has done with a certificate, and to which file.
    pub fn by_operator(
        outcome: &'static str,
        address: &Address,
        certificate: Option<&Certificate>,
        file: Option<&Path>,
        at: Timestamp,
    ) -> DecisionReport {
        let name = file.and_then(Path::file_name);
        DecisionReport {
            version: 1,
            time: at.to_string(),
            source: "operator",
            outcome,
            address: Some(address.to_string()),
            file: name.map(|name| name.to_string_lossy().into_owned()),
            certificate: certificate.map(CertificateReport::of),
            ..DecisionReport::default()
        }
    }

    /// The same, with the step that was not taken.
    pub fn refused(self, step: &'static str, reason: &'static str, detail: &str) -> DecisionReport {
        DecisionReport {
            step: Some(step),
            reason: Some(reason),
            detail: Some(detail.to_owned()),
            ..self
        }
    }

    /// The line, without its end.
    pub fn line(&self) -> String {
        serde_json::to_string(self).expect("a structure of strings and numbers is JSON")
    }
}

impl MessageReport {
    /// Of a mail of this digest and length.
    pub fn new(digest: &[u8; 32], bytes: u64) -> MessageReport {
        MessageReport {
            sha256: hexadecimal(digest),
            bytes,
            from: None,
            msg_from: None,
            rcpt_to: None,
        }
    }
}
