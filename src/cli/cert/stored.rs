//! A certificate of the store as `cert history`, `accept`, `remove` and `list` tell of it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use mailseal::address::Address;
use mailseal::asn1::reader::hexadecimal;
use mailseal::report::{CertificateReport, DecisionReport};
use mailseal::store::{CertificateStore, PendingCertificate, Provenance, StoreDirectory, Unusable};
use mailseal::x509::Certificate;
use serde::Serialize;

use crate::cli::environment::key_directory;
use crate::cli::explain;
use crate::cli::failure::{Failure, causes};
use crate::cli::{Global, output};

use super::line;

/// The store that a flag or the environment names.
pub(super) fn open(keys: Option<&Path>) -> Result<StoreDirectory, Failure> {
    StoreDirectory::open(key_directory(keys)?).map_err(|error| explain::store_of(&error))
}

/// What the operator has done gets a line in the audit log.
pub(super) fn record(
    store: &StoreDirectory,
    (outcome, address): (&'static str, &Address),
    certificate: Option<&Certificate>,
    file: Option<&Path>,
) -> Result<(), Failure> {
    let report = DecisionReport::by_operator(outcome, address, certificate, file, Timestamp::now());
    let recorded = store.record(&report.line(), None);
    recorded.map_err(|error| explain::store_of(&error))
}

/// A file of the store.
#[derive(Serialize)]
pub(super) struct Shown {
    version: u8,
    /// `stored`, `pending`, `history`; or what has just been done.
    outcome: &'static str,
    address: String,
    file: String,
    /// Null if it cannot be read; then `detail` says why.
    certificate: Option<CertificateReport>,
    detail: Option<String>,
    /// Null if the operator has put it there.
    provenance: Option<ProvenanceReport>,
    /// Where it is kept from now on, or what it took the place of.
    history: Option<String>,
}

#[derive(Serialize)]
pub(super) struct ProvenanceReport {
    collected: String,
    message: String,
    domain: String,
    signing_time: Option<String>,
    signer: String,
    path: Vec<String>,
    capabilities: Vec<String>,
    accepted: Option<String>,
}

impl Shown {
    pub(super) fn new(
        outcome: &'static str,
        address: &Address,
        file: &Path,
        certificate: Result<&Certificate, &Unusable>,
        provenance: Option<&Provenance>,
    ) -> Shown {
        Shown {
            version: 1,
            outcome,
            address: address.to_string(),
            file: file.display().to_string(),
            certificate: certificate.ok().map(CertificateReport::of),
            detail: certificate.err().map(|it| causes(it)),
            provenance: provenance.map(ProvenanceReport::of),
            history: None,
        }
    }

    pub(super) fn pending(pending: &PendingCertificate) -> Shown {
        let (certificate, provenance) = (Ok(&pending.certificate), pending.provenance.as_ref());
        Shown::new(
            "pending",
            &pending.address,
            &pending.path,
            certificate,
            provenance,
        )
    }

    pub(super) fn history(self, path: Option<PathBuf>) -> Shown {
        Shown {
            history: path.map(|path| path.display().to_string()),
            ..self
        }
    }

    /// In a line for people or for scripts.
    pub(super) fn tell(&self, global: &Global) {
        if global.json {
            match serde_json::to_string(self) {
                Ok(text) => output::line(text),
                Err(error) => output::say(error),
            }
        } else if !global.quiet {
            line(self.sentence());
        }
    }

    fn sentence(&self) -> String {
        let mut sentence = format!("{}: {}: ", self.file, self.outcome);
        match &self.certificate {
            Some(certificate) => sentence.push_str(&format!(
                "{}, issued by {}, valid to {}, SHA-256 {}",
                certificate.subject, certificate.issuer, certificate.not_after, certificate.sha256
            )),
            None => sentence.push_str(self.detail.as_deref().unwrap_or("nothing to be read")),
        }
        if let Some(provenance) = &self.provenance {
            sentence.push_str(&format!("; {}", provenance.sentence()));
        }
        match &self.history {
            Some(history) if self.outcome == "removed" => format!("{sentence}; kept as {history}"),
            Some(history) => format!("{sentence}; the old one is {history}"),
            None => sentence,
        }
    }
}

impl ProvenanceReport {
    pub(super) fn of(provenance: &Provenance) -> ProvenanceReport {
        ProvenanceReport {
            collected: provenance.collected.to_string(),
            message: hexadecimal(&provenance.message),
            domain: provenance.domain.clone(),
            signing_time: provenance.signing_time.map(|time| time.to_string()),
            signer: hexadecimal(&provenance.signer),
            path: provenance.path.iter().map(|it| hexadecimal(it)).collect(),
            capabilities: provenance.capabilities.clone(),
            accepted: provenance.accepted.map(|time| time.to_string()),
        }
    }

    pub(super) fn sentence(&self) -> String {
        let ProvenanceReport {
            collected, domain, ..
        } = self;
        let mut sentence = format!("collected {collected} from a mail that {domain} vouches for");
        if let Some(time) = &self.signing_time {
            sentence.push_str(&format!(", signed {time}"));
        }
        match &self.accepted {
            Some(time) => format!("{sentence}, accepted {time}"),
            None => sentence,
        }
    }
}
