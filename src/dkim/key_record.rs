//! Key records (RFC 6376 3.6.1): what DNS says of a signer's key.

use super::signature::Algorithm;
use super::tag_list::{self, TagList, excerpt};
use crate::crypto::{self, PublicKey};

/// A key, and what it may be used for.
#[derive(Debug)]
pub(super) struct KeyRecord {
    kind: KeyKind,
    key: Key,
    /// `t=y`: the domain is testing DKIM.
    pub(super) is_testing: bool,
    /// `t=s`: i= has to be of the very domain of d=.
    pub(super) is_strict: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyKind {
    Rsa,
    Ed25519,
}

#[derive(Debug)]
enum Key {
    Fit(PublicKey),
    /// An RSA key that is too short or too long, in bits.
    Unfit(usize),
}

/// Why a record holds no key that a signature can be verified with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No tag list.
    #[error(transparent)]
    TagList(#[from] tag_list::Error),
    /// RFC 6376 3.6.1: records with another version MUST be discarded.
    #[error("it is not of the version DKIM1")]
    Version,
    /// No `p=`.
    #[error("there is no p=")]
    NoKey,
    /// An empty `p=`.
    #[error("the key has been revoked")]
    Revoked,
    /// `k=` with a word that nobody knows.
    #[error("\"{0}\" is no type of key")]
    KeyType(String),
    /// A `p=` that is no key of its type.
    #[error("the value of p= is no key: {0}")]
    Key(String),
    /// `h=` without SHA-256.
    #[error("the key is not for signatures with SHA-256")]
    NotForSha256,
    /// `s=` without mail.
    #[error("the key is not for mail")]
    NotForMail,
}

impl KeyRecord {
    /// Reads the text of a record.
    pub(super) fn parse(record: &[u8]) -> Result<KeyRecord, Error> {
        let tags = TagList::parse(record)?;
        // "This tag MUST be the first tag in the record."
        let version = tags.value("v");
        if version.is_some_and(|version| version != "DKIM1" || tags.first() != "v") {
            return Err(Error::Version);
        }
        let allows = |tag, words: &[&str]| {
            let mut items = tags.items(tag)?;
            Some(items.any(|item| words.iter().any(|word| item.eq_ignore_ascii_case(word))))
        };
        if allows("h", &["sha256"]) == Some(false) {
            return Err(Error::NotForSha256);
        }
        if allows("s", &["*", "email"]) == Some(false) {
            return Err(Error::NotForMail);
        }
        let kind = KeyKind::parse(tags.value("k").unwrap_or("rsa"))?;
        Ok(KeyRecord {
            kind,
            key: key(kind, &tags)?,
            is_testing: allows("t", &["y"]) == Some(true),
            is_strict: allows("t", &["s"]) == Some(true),
        })
    }

    /// The length of the key in bits.
    pub(super) fn bits(&self) -> usize {
        match &self.key {
            Key::Fit(key) => key.bits(),
            Key::Unfit(bits) => *bits,
        }
    }

    /// Whether signatures of this algorithm can be made with keys of this type.
    pub(super) fn is_for(&self, algorithm: Algorithm) -> bool {
        match algorithm {
            Algorithm::RsaSha256 | Algorithm::RsaSha1 => self.kind == KeyKind::Rsa,
            Algorithm::Ed25519Sha256 => self.kind == KeyKind::Ed25519,
        }
    }

    /// The key itself; none where it is of a length that nobody verifies with.
    pub(super) fn key(&self) -> Option<&PublicKey> {
        match &self.key {
            Key::Fit(key) => Some(key),
            Key::Unfit(_) => None,
        }
    }
}

impl KeyKind {
    fn parse(word: &str) -> Result<KeyKind, Error> {
        match word.to_ascii_lowercase().as_str() {
            "rsa" => Ok(KeyKind::Rsa),
            "ed25519" => Ok(KeyKind::Ed25519),
            _ => Err(Error::KeyType(excerpt(word))),
        }
    }
}

/// The key of `p=`.
fn key(kind: KeyKind, tags: &TagList<'_>) -> Result<Key, Error> {
    let octets = tags.base64("p").ok_or(Error::NoKey)?;
    let octets = octets.map_err(|error| Error::Key(error.to_string()))?;
    if octets.is_empty() {
        return Err(Error::Revoked);
    }
    let key = match kind {
        KeyKind::Rsa => rsa_key(&octets),
        KeyKind::Ed25519 => PublicKey::from_ed25519_octets(&octets),
    };
    match key {
        Ok(key) => Ok(Key::Fit(key)),
        Err(crypto::Error::RsaKeySize { bits, .. }) => Ok(Key::Unfit(bits)),
        Err(error) => Err(Error::Key(error.to_string())),
    }
}

/// RFC 6376 3.6.1 has an RSAPublicKey, and its examples a SubjectPublicKeyInfo.
fn rsa_key(octets: &[u8]) -> Result<PublicKey, crypto::Error> {
    match PublicKey::from_spki_der(octets) {
        Ok(key @ PublicKey::Rsa(_)) => Ok(key),
        Err(error @ crypto::Error::RsaKeySize { .. }) => Err(error),
        _ => PublicKey::from_rsa_public_key_der(octets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

    fn parse(record: &str) -> Result<KeyRecord, Error> {
        KeyRecord::parse(record.as_bytes())
    }

    #[test]
    fn a_record_is_read_with_all_it_says() {
        let lab = include_bytes!("../../testdata/dkim/lab.txt");
        let record = KeyRecord::parse(lab).unwrap();
        assert_eq!(record.bits(), 2048);
        assert!(record.is_for(Algorithm::RsaSha256) && !record.is_for(Algorithm::Ed25519Sha256));
        assert!(!record.is_testing && !record.is_strict);
        let record = parse(&format!(
            "v=DKIM1; k=Ed25519; h=sha1 : SHA256; s=tlsrpt:email; t=s: y; n=x; p={ED25519};"
        ));
        let record = record.unwrap();
        assert!(record.is_for(Algorithm::Ed25519Sha256) && !record.is_for(Algorithm::RsaSha256));
        assert!(record.is_testing && record.is_strict);
        assert_eq!(record.bits(), 256);
    }

    /// Both are in use: RFC 6376 3.6.1 speaks of RSAPublicKey, its examples have SubjectPublicKeyInfo.
    #[test]
    fn rsa_keys_come_with_and_without_their_algorithm() {
        let bare = "MIGJAoGBALVI635dLK4cJJAH3Lx6upo3X/Lm1tQz3mezcWTA3BUBnyIsdnRf57aD5BtNmhPrYYDlWlzw3\
                    UgnKisIxktkk5+iMQMlFtAS10JB8L3YadXNJY+JBcbeSi5TgJe4WFzNgW95FWDAuSTRXSWZfA/8xjflbTLDx0\
                    euFZOM7C4T0GwLAgMBAAE=";
        let record = parse(&format!("v=DKIM1; p={bare}")).unwrap();
        assert_eq!(record.bits(), 1024);
    }

    #[test]
    fn a_record_without_a_key_for_mail_is_refused() {
        for (record, message) in [
            ("", "there is no tag in it"),
            ("v=spf1 -all", "it is not of the version DKIM1"),
            ("v=DKIM1 -all", "it is not of the version DKIM1"),
            (
                "k=ed25519; v=DKIM1; p=KEY",
                "it is not of the version DKIM1",
            ),
            ("v=DKIM1; k=ed25519", "there is no p="),
            ("v=DKIM1; k=ed25519; p=", "the key has been revoked"),
            ("v=DKIM1; k=ed25519; p= ;", "the key has been revoked"),
            (
                "v=DKIM1; k=ed25519; p=KEY; p=KEY",
                "the tag p= occurs twice",
            ),
            ("v=DKIM1; k=ecdsa; p=KEY", "\"ecdsa\" is no type of key"),
            (
                "v=DKIM1; k=ed25519; h=sha1; p=KEY",
                "the key is not for signatures with SHA-256",
            ),
            (
                "v=DKIM1; k=ed25519; s=tlsrpt; p=KEY",
                "the key is not for mail",
            ),
        ] {
            let record = record.replace("KEY", ED25519);
            assert_eq!(parse(&record).unwrap_err().to_string(), message, "{record}");
        }
        for value in ["*", "AAAA", "MAA=", &format!("AA{}", &ED25519[2..40])] {
            for kind in ["rsa", "ed25519"] {
                let error = parse(&format!("v=DKIM1; k={kind}; p={value}")).unwrap_err();
                assert!(matches!(error, Error::Key(_)), "{error}");
            }
        }
    }
}
