//! Certificates and private keys as the key directory has them: in PEM (RFC 7468), lines of 64
//! characters.
//!
//! # Not supported
//!
//! Encrypting a private key that is not encrypted.

use zeroize::Zeroizing;

use crate::keys::private_key::{self, FoundPrivateKey, PlainPrivateKey};
use crate::secret::Secret;
use crate::x509::Certificate;

/// RFC 7468 2: what generators write.
const LINE: usize = 64;

/// Certificates in PEM, in their order.
pub fn certificates<'a>(certificates: impl IntoIterator<Item = &'a Certificate>) -> Vec<u8> {
    let blocks = certificates.into_iter();
    let blocks = blocks.map(|certificate| block("CERTIFICATE", certificate.der()));
    blocks.flat_map(|block| block.expose().to_vec()).collect()
}

impl FoundPrivateKey {
    /// The key in PEM: PKCS#8 (RFC 5958 2), and encrypted if it was.
    ///
    /// # Errors
    ///
    /// A key in PKCS#1 or SEC1 that cannot be read, for it has to become PKCS#8.
    pub fn to_pem(&self) -> Result<Secret, private_key::Error> {
        match self {
            FoundPrivateKey::Plain(plain) => plain.to_pem(),
            // RFC 7468 11.
            FoundPrivateKey::Encrypted(encrypted) => {
                Ok(block("ENCRYPTED PRIVATE KEY", encrypted.der()))
            }
        }
    }
}

impl PlainPrivateKey {
    /// The key in PEM: PKCS#8, not encrypted (RFC 7468 10).
    ///
    /// # Errors
    ///
    /// As for [`FoundPrivateKey::to_pem`].
    pub fn to_pem(&self) -> Result<Secret, private_key::Error> {
        Ok(block("PRIVATE KEY", self.to_pkcs8_der()?.expose()))
    }
}

/// One block. It may be a secret: no copy is left behind but the one that is handed out.
fn block(label: &str, der: &[u8]) -> Secret {
    let base64 = Zeroizing::new(base64_simd::STANDARD.encode_to_string(der));
    let (begin, end) = (
        format!("-----BEGIN {label}-----\n"),
        format!("-----END {label}-----\n"),
    );
    let lines = base64.len().div_ceil(LINE);
    // Growing would leave copies behind that nobody wipes.
    let mut text = Vec::with_capacity(begin.len() + base64.len() + lines + end.len());
    text.extend_from_slice(begin.as_bytes());
    for line in base64.as_bytes().chunks(LINE) {
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    text.extend_from_slice(end.as_bytes());
    Secret::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::pem;
    use crate::keys::testing::TestKeys;

    fn testdata(name: &str) -> Vec<u8> {
        std::fs::read(TestKeys::testdata().path(name)).unwrap()
    }

    #[test]
    fn certificates_come_back_as_they_were_written() {
        let text = testdata("bob@example.com.crt");
        let found = pem::certificates(&text).unwrap();
        assert_eq!(found.len(), 2);
        let written = certificates(&found);
        assert_eq!(pem::certificates(&written).unwrap(), found);
        // openssl writes the same, between its comments.
        let written = String::from_utf8(written).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(
            written
                .lines()
                .all(|line| text.lines().any(|own| own == line))
        );
    }

    #[test]
    fn any_key_becomes_pkcs8_and_stays_the_same_key() {
        for name in [
            "alice", "pkcs1", "dave", "sec1", "ed25519", "x25519", "p521", "pss",
        ] {
            let text = testdata(&format!("{name}@example.com.pem"));
            let found = FoundPrivateKey::find(&text).unwrap();
            let written = found.to_pem().unwrap();
            assert!(
                written
                    .expose()
                    .starts_with(b"-----BEGIN PRIVATE KEY-----\n")
            );
            let read = FoundPrivateKey::find(written.expose()).unwrap();
            let (FoundPrivateKey::Plain(one), FoundPrivateKey::Plain(other)) = (found, read) else {
                panic!("{name} is encrypted");
            };
            let (one, other) = (one.decode().unwrap(), other.decode().unwrap());
            assert_eq!(one.public_key(), other.public_key(), "{name}");
        }
    }

    #[test]
    fn an_encrypted_key_stays_encrypted_to_the_octet() {
        let text = testdata("encrypted@example.com.pem");
        let found = FoundPrivateKey::find(&text).unwrap();
        let written = found.to_pem().unwrap();
        let [one, other] = [&text[..], written.expose()].map(|text| {
            let mut blocks = pem::blocks(text).unwrap();
            let block = blocks.swap_remove(0);
            (block.label().to_owned(), block.content().to_vec())
        });
        assert_eq!(one, other);
    }
}
