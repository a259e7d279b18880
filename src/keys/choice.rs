//! Which certificate of several, and why.

use std::fmt;
use std::path::PathBuf;

use crate::keys::Error;

/// Why a certificate was taken from its file, for whoever asks with `-v`.
///
/// Certificates are counted from 1, in the order of the file.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The file.
    pub path: PathBuf,
    /// The place of the certificate that was taken.
    pub number: usize,
    /// What spoke for it.
    pub reason: Reason,
    /// The others that are for the same address.
    pub passed_over: Vec<PassedOver>,
}

/// What spoke for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// No other in the file is for the address.
    Only,
    /// No other in the file is fit.
    OnlyFit,
    /// Others are fit, too, and its owner prefers this one.
    Preferred,
    /// Others are fit, too, and it comes first.
    First,
    /// Others are fit, too, and the private key is the one of this.
    PrivateKey,
}

/// A certificate that was not taken.
#[derive(Debug, Clone)]
pub struct PassedOver {
    /// Its place in the file.
    pub number: usize,
    /// What is wrong with it; `None` when it is fit.
    pub unfit: Option<Error>,
    /// Whether its owner prefers it.
    pub preferred: bool,
}

impl Choice {
    /// One sentence for the certificate that was taken, and one for each that was not.
    pub fn sentences(&self) -> Vec<String> {
        let taken = format!(
            "certificate number {} of {} is used: {}",
            self.number,
            self.path.display(),
            self.reason
        );
        let passed_over = self.passed_over.iter().map(PassedOver::to_string);
        std::iter::once(taken).chain(passed_over).collect()
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Only => "no other is for the address",
            Reason::OnlyFit => "no other is fit",
            Reason::Preferred => "its owner prefers it",
            Reason::First => "it is the first that is fit",
            Reason::PrivateKey => "the private key belongs to it",
        })
    }
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let preferred = if self.preferred {
            ", which its owner prefers,"
        } else {
            ""
        };
        write!(f, "number {}{preferred} is not used", self.number)?;
        match &self.unfit {
            Some(error) => write!(f, ": {error}"),
            None => f.write_str(", though it is fit"),
        }
    }
}
