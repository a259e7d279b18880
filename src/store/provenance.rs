//! Where a stored certificate comes from: `<address>.json` beside it.
//!
//! What [`preferences`](crate::keys::preferences) read of it, and more, so that people can retrace why
//! a certificate is encrypted to, and so that an old mail is known to be older:
//!
//! ```json
//! {"version": 1, "address": "bob@example.com", "certificate": "<SHA-256>", "preferred": "<SHA-256>",
//!  "capabilities": ["aes256-gcm"], "collected": "2026-11-28T22:00:00Z", "message": "<SHA-256>",
//!  "domain": "example.com", "signing_time": "2026-11-28T21:59:58Z", "signer": "<SHA-256>",
//!  "path": ["<SHA-256>", "<SHA-256>"], "accepted": null}
//! ```
//!
//! It is in a file of its own, so a crash may leave it beside another certificate than its own. It says
//! which is its own, and beside any other it is nothing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::asn1::reader::hexadecimal;
use crate::collect::CollectedCertificate;
use crate::keys::preferences::fingerprint;
use crate::x509::Certificate;

/// The only version that there is.
const VERSION: u64 = 1;

/// The mail that a certificate came with, and what proved it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Provenance {
    /// Whose the certificate is.
    pub address: Address,
    /// The SHA-256 fingerprint of the certificate.
    pub certificate: [u8; 32],
    /// The names of the ciphers that its owner's mail program opens, best first.
    pub capabilities: Vec<String>,
    /// The time for which the mail was judged.
    pub collected: Timestamp,
    /// The SHA-256 digest of the mail.
    pub message: [u8; 32],
    /// The domain that vouched for the mail (DKIM).
    pub domain: String,
    /// When the owner says to have signed.
    pub signing_time: Option<Timestamp>,
    /// The SHA-256 fingerprint of the certificate that signed the mail.
    pub signer: [u8; 32],
    /// Those of the path that proved the certificate, from itself to the trust anchor.
    pub path: Vec<[u8; 32]>,
    /// When the operator accepted it, if it had to wait.
    pub accepted: Option<Timestamp>,
}

impl Provenance {
    /// Of a certificate that has just been collected.
    pub(super) fn of(collected: &CollectedCertificate) -> Provenance {
        let capabilities = collected.capabilities().iter();
        let path = collected.path().iter();
        Provenance {
            address: collected.address().clone(),
            certificate: collected.certificate().sha256_fingerprint(),
            capabilities: capabilities.map(|it| it.name().to_owned()).collect(),
            collected: collected.at(),
            message: collected.digest(),
            domain: collected.domain().to_owned(),
            signing_time: collected.signing_time(),
            signer: collected.signer().sha256_fingerprint(),
            path: path.map(Certificate::sha256_fingerprint).collect(),
            accepted: None,
        }
    }

    /// What a file says, unless it is the operator's own, of a version that is not known, or broken:
    /// nothing depends on it that the certificate does not say itself.
    pub(super) fn from_json(json: &[u8]) -> Option<Provenance> {
        let written: Written = serde_json::from_slice(json).ok()?;
        if written.version != VERSION {
            return None;
        }
        let path = written.path.iter();
        Some(Provenance {
            address: Address::parse(&written.address).ok()?,
            certificate: fingerprint(&written.certificate).ok()?,
            capabilities: written.capabilities,
            collected: written.collected.parse().ok()?,
            message: fingerprint(&written.message).ok()?,
            domain: written.domain,
            signing_time: time(written.signing_time)?,
            signer: fingerprint(&written.signer).ok()?,
            path: path
                .map(|it| fingerprint(it))
                .collect::<Result<_, _>>()
                .ok()?,
            accepted: time(written.accepted)?,
        })
    }

    /// The file, a line.
    pub(super) fn to_json(&self) -> String {
        let certificate = hexadecimal(&self.certificate);
        let written = Written {
            version: VERSION,
            address: self.address.to_string(),
            preferred: Some(certificate.clone()),
            certificate,
            capabilities: self.capabilities.clone(),
            collected: self.collected.to_string(),
            message: hexadecimal(&self.message),
            domain: self.domain.clone(),
            signing_time: self.signing_time.map(|it| it.to_string()),
            signer: hexadecimal(&self.signer),
            path: self.path.iter().map(|it| hexadecimal(it)).collect(),
            accepted: self.accepted.map(|it| it.to_string()),
        };
        let json = serde_json::to_string(&written);
        json.expect("text, times and lists of them are JSON") + "\n"
    }
}

#[derive(Serialize, Deserialize)]
struct Written {
    version: u64,
    address: String,
    certificate: String,
    /// For [`preferences`](crate::keys::preferences).
    preferred: Option<String>,
    capabilities: Vec<String>,
    collected: String,
    message: String,
    domain: String,
    signing_time: Option<String>,
    signer: String,
    path: Vec<String>,
    accepted: Option<String>,
}

/// A time that may be missing, but not be something else.
fn time(written: Option<String>) -> Option<Option<Timestamp>> {
    written.map_or(Some(None), |written| written.parse().ok().map(Some))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provenance() -> Provenance {
        Provenance {
            address: Address::parse("bob@example.com").unwrap(),
            certificate: [0xab; 32],
            capabilities: vec!["aes256-gcm".to_owned()],
            collected: "2026-07-01T12:00:00Z".parse().unwrap(),
            message: [1; 32],
            domain: "example.com".to_owned(),
            signing_time: Some("2026-07-01T11:59:59Z".parse().unwrap()),
            signer: [2; 32],
            path: vec![[0xab; 32], [3; 32]],
            accepted: None,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut provenance = provenance();
        let read = |it: &Provenance| Provenance::from_json(it.to_json().as_bytes());
        assert_eq!(read(&provenance), Some(provenance.clone()));
        (provenance.signing_time, provenance.accepted) = (None, Some(Timestamp::UNIX_EPOCH));
        assert_eq!(read(&provenance), Some(provenance));
    }

    #[test]
    fn anything_else_is_nothing() {
        let json = provenance().to_json();
        assert!(json.ends_with("}\n") && json.lines().count() == 1);
        for (from, to) in [
            ("\"version\":1", "\"version\":2"),
            ("abab", "abaz"),
            ("bob@", "bob"),
            ("\"domain\":", "\"dom\":"),
            ("}\n", "\n"),
        ] {
            let other = json.replace(from, to);
            assert_ne!(other, json);
            assert_eq!(Provenance::from_json(other.as_bytes()), None, "{other}");
        }
        // The operator's own.
        assert_eq!(Provenance::from_json(b"{\"version\":1}"), None);
    }
}
