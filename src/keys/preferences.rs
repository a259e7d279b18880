//! What is known of a recipient beside the certificate: `<address>.json`, which says what its
//! mail client can decrypt and which certificate its owner prefers.
//!
//! ```json
//! {"version": 1, "capabilities": ["aes256-gcm", "aes256-cbc"], "preferred": "<SHA-256, hexadecimal>"}
//! ```
//!
//! Both come from the recipient's own signed mail: SMIMECapabilities (RFC 8551 2.5.2) and
//! SMIMEEncryptionKeyPreference (2.5.3).
//!
//! With `"certificate"`, another fingerprint, the file says which certificate it was written for.
//! Beside another one it says nothing: the two are files of their own, and a crash may have come
//! between them.

use serde::Deserialize;

use crate::crypto::ContentCipher;
use crate::x509::Certificate;

/// Why such a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is not JSON, or a field has another type than it should.
    #[error("line {line}, column {column}: not what belongs there")]
    Json {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// It is of a version that is not known.
    #[error("version {0} is not known")]
    Version(u64),
    /// A certificate is not named by 64 hexadecimal digits.
    #[error("a certificate is not given by its SHA-256 in hexadecimal")]
    Fingerprint,
}

/// The file, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Preferences {
    pub(super) capabilities: Vec<ContentCipher>,
    pub(super) preferred: Option<[u8; 32]>,
    /// The certificate that all of this is about, if it says so.
    pub(crate) certificate: Option<[u8; 32]>,
}

/// As it is written; fields that are not known are for others.
#[derive(Deserialize)]
struct Written {
    version: u64,
    #[serde(default)]
    capabilities: Vec<String>,
    preferred: Option<String>,
    certificate: Option<String>,
}

impl Preferences {
    /// Reads the JSON. Ciphers that are not known are left out.
    pub(crate) fn from_json(json: &[u8]) -> Result<Preferences, Error> {
        let written: Written = serde_json::from_slice(json).map_err(|error| Error::Json {
            line: error.line(),
            column: error.column(),
        })?;
        if written.version != 1 {
            return Err(Error::Version(written.version));
        }
        let known = |name: &String| name.parse().ok();
        let preferred = written.preferred.as_deref().map(fingerprint).transpose()?;
        let certificate = written
            .certificate
            .as_deref()
            .map(fingerprint)
            .transpose()?;
        Ok(Preferences {
            capabilities: written.capabilities.iter().filter_map(known).collect(),
            preferred,
            certificate,
        })
    }

    /// The same, unless it is about a certificate that is none of these.
    pub(super) fn about(self, certificates: &[Certificate]) -> Preferences {
        let is_about = |fingerprint: &[u8; 32]| {
            let mut certificates = certificates.iter();
            certificates.any(|it| it.sha256_fingerprint() == *fingerprint)
        };
        match self.certificate.as_ref().is_none_or(is_about) {
            true => self,
            false => Preferences::default(),
        }
    }
}

/// A fingerprint from 64 hexadecimal digits; colons between them, as OpenSSL prints them, do no harm.
///
/// # Errors
///
/// [`Error::Fingerprint`] alone.
pub fn fingerprint(text: &str) -> Result<[u8; 32], Error> {
    let mut digits = text.chars().filter(|character| *character != ':');
    let mut digit = || digits.next()?.to_digit(16);
    let mut fingerprint = [0; 32];
    for octet in &mut fingerprint {
        let (high, low) = digit().zip(digit()).ok_or(Error::Fingerprint)?;
        *octet = (high << 4 | low) as u8;
    }
    match digits.next() {
        None => Ok(fingerprint),
        Some(_) => Err(Error::Fingerprint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Preferences, Error> {
        Preferences::from_json(json.as_bytes())
    }

    #[test]
    fn known_ciphers_are_kept_in_their_order() {
        let read = read(
            r#"{"version":1,"capabilities":["aes256-gcm","rot13","aes128-cbc"],"seen":"today"}"#,
        );
        let ciphers = [ContentCipher::Aes256Gcm, ContentCipher::Aes128Cbc];
        assert_eq!(read.unwrap().capabilities, ciphers);
    }

    #[test]
    fn nothing_but_the_version_is_needed() {
        assert_eq!(read(r#"{"version":1}"#), Ok(Preferences::default()));
        assert_eq!(read(r#"{"version":2}"#), Err(Error::Version(2)));
        assert!(matches!(read("{}"), Err(Error::Json { .. })));
    }

    #[test]
    fn the_preferred_certificate_is_named_by_its_whole_fingerprint() {
        let named = |text: &str| read(&format!(r#"{{"version":1,"preferred":"{text}"}}"#));
        let expected = Some([0xab; 32]);
        assert_eq!(named(&"aB".repeat(32)).unwrap().preferred, expected);
        let colons = ["AB"; 32].join(":");
        assert_eq!(named(&colons).unwrap().preferred, expected);
        for wrong in [
            "",
            "ab",
            &"ab".repeat(33),
            &"a".repeat(63),
            &"xy".repeat(32),
        ] {
            assert_eq!(named(wrong), Err(Error::Fingerprint), "{wrong}");
        }
    }

    #[test]
    fn other_text_is_an_error_with_its_place() {
        for wrong in [
            "",
            "[]",
            "{\"version\":1,\n\"capabilities\":7}",
            "{\"version\":-1}",
        ] {
            assert!(matches!(read(wrong), Err(Error::Json { .. })), "{wrong}");
        }
        let error = read("{\"version\":1,\n\"capabilities\":7}").unwrap_err();
        assert!(error.to_string().starts_with("line 2"), "{error}");
    }
}
