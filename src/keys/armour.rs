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
    let mut text = Vec::new();
    for certificate in certificates {
        let base64 = base64_simd::STANDARD.encode_to_string(certificate.der());
        text.reserve(block_length("CERTIFICATE", &base64));
        push_block(&mut text, "CERTIFICATE", &base64);
    }
    text
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

/// One block that is a secret: no copy is left behind but the one that is handed out.
fn block(label: &str, der: &[u8]) -> Secret {
    let base64 = Zeroizing::new(base64_simd::STANDARD.encode_to_string(der));
    // Growing would leave copies behind that nobody wipes.
    let mut text = Vec::with_capacity(block_length(label, &base64));
    push_block(&mut text, label, &base64);
    Secret::new(text)
}

fn block_length(label: &str, base64: &str) -> usize {
    let frame = "-----BEGIN -----\n-----END -----\n".len() + 2 * label.len();
    frame + base64.len() + base64.len().div_ceil(LINE)
}

fn push_block(text: &mut Vec<u8>, label: &str, base64: &str) {
    let mut push = |pieces: [&str; 3]| {
        for piece in pieces {
            text.extend_from_slice(piece.as_bytes());
        }
    };
    push(["-----BEGIN ", label, "-----\n"]);
    let mut rest = base64;
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        push([line, "\n", ""]);
        rest = after;
    }
    push(["-----END ", label, "-----\n"]);
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
    fn room_for_a_block_is_what_it_takes() {
        for octets in [0, 1, 47, 48, 49, 96, 1000] {
            let block = block("PRIVATE KEY", &vec![7; octets]);
            let base64 = base64_simd::STANDARD.encode_to_string(vec![7; octets]);
            assert_eq!(block.expose().len(), block_length("PRIVATE KEY", &base64));
        }
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
