//! Private keys as they are found in files, by looking at what is there: PKCS#8 (RFC 5958),
//! encrypted or not, PKCS#1 (RFC 8017 A.1.2) and SEC1 (RFC 5915), in PEM or bare DER.
//!
//! ```
//! use mailseal::keys::private_key::{Error, FoundPrivateKey};
//!
//! let legacy = b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
//!     DEK-Info: DES-EDE3-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
//! let error = FoundPrivateKey::find(legacy).err().unwrap();
//! assert!(matches!(error, Error::TraditionalEncryption));
//! assert!(error.hint("bob.pem").unwrap().starts_with("openssl pkcs8 -topk8"));
//! ```
//!
//! # Not supported
//!
//! OpenSSL's traditional encryption (one MD5 pass over the password), DSA, OpenSSH's own format,
//! PKCS#12. Each is recognised and named.

use std::sync::Arc;

use crate::asn1::reader::Reader;
use crate::asn1::{tag, tlv};
use crate::crypto::{self, PrivateKey};
use crate::keys::pem::{self, Block, der_elements, instead};
use crate::keys::pkcs8::{self, EncryptedPrivateKeyInfo};
use crate::secret::Secret;

/// Why a file holds no private key that can be used.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text around the key is not PEM.
    #[error(transparent)]
    Pem(#[from] pem::Error),
    /// There is none.
    #[error("there is no private key in it{}", instead(.found))]
    NotFound {
        /// What there is.
        found: Vec<String>,
    },
    /// The key is encrypted in the way of OpenSSL before PKCS#8.
    #[error("its private key is encrypted in OpenSSL's traditional way, which is not safe")]
    TraditionalEncryption,
    /// A private key in a format that is not read here.
    #[error("its private key is in the format {format}, which is not supported")]
    Format {
        /// The format's name.
        format: &'static str,
        /// The command that turns it into PKCS#8, up to the file's name.
        command: Option<&'static str>,
    },
    /// It is encrypted and cannot be opened.
    #[error(transparent)]
    Encrypted(#[from] pkcs8::Error),
    /// The key itself is malformed or of a kind that is not supported.
    #[error("its private key cannot be used")]
    Key(#[source] Arc<crypto::Error>),
}

impl Error {
    /// The command that mends it, for the file of this name.
    pub fn hint(&self, path: &str) -> Option<String> {
        match self {
            Error::TraditionalEncryption | Error::Encrypted(pkcs8::Error::Unsupported { .. }) => {
                Some(format!(
                    "openssl pkcs8 -topk8 -v2 aes-256-cbc -in {path} -out NEW"
                ))
            }
            Error::Format { command, .. } => Some(format!("{} {path}", (*command)?)),
            _ => None,
        }
    }
}

/// A private key that was found in a file.
pub enum FoundPrivateKey {
    /// It is there for the taking.
    Plain(PlainPrivateKey),
    /// It needs a password.
    Encrypted(EncryptedPrivateKeyInfo),
}

impl FoundPrivateKey {
    /// Looks for the first private key of a file's content.
    pub fn find(bytes: &[u8]) -> Result<FoundPrivateKey, Error> {
        FoundPrivateKey::find_all(bytes)?.swap_remove(0)
    }

    /// Looks for every private key of a file's content, in its order; there is at least one.
    /// One that cannot be used is told in its place and does not hide the others.
    pub fn find_all(bytes: &[u8]) -> Result<Vec<Result<FoundPrivateKey, Error>>, Error> {
        let (mut keys, mut others) = (Vec::new(), Vec::new());
        if let Some(elements) = der_elements(bytes) {
            for element in elements {
                match Format::of(element) {
                    Ok(format) => keys.push(format.found(Secret::new(element.to_vec()))),
                    Err(Error::NotFound { .. }) => {}
                    Err(error) => keys.push(Err(error)),
                }
            }
        } else {
            for block in pem::blocks(bytes)? {
                match Format::named(&block) {
                    Ok(Some(format)) => keys.push(format.found(block.into_content())),
                    Ok(None) => others.push(block.label().to_owned()),
                    Err(error) => keys.push(Err(error)),
                }
            }
        }
        if keys.is_empty() {
            return Err(Error::NotFound { found: others });
        }
        Ok(keys)
    }
}

/// A private key's encoding, in the clear; wiped on drop.
pub struct PlainPrivateKey {
    der: Secret,
    format: Format,
}

impl PlainPrivateKey {
    /// Opens an encrypted one.
    pub fn decrypted(
        encrypted: &EncryptedPrivateKeyInfo,
        password: &Secret,
    ) -> Result<PlainPrivateKey, Error> {
        Ok(PlainPrivateKey {
            der: encrypted.decrypt(password)?,
            format: Format::Pkcs8,
        })
    }

    /// Takes a PrivateKeyInfo (RFC 5958 2) over, such as lies in PKCS#12.
    pub fn from_pkcs8_der(der: Secret) -> PlainPrivateKey {
        PlainPrivateKey {
            der,
            format: Format::Pkcs8,
        }
    }

    /// `PrivateKeyInfo ::= SEQUENCE { version, privateKeyAlgorithm, privateKey OCTET STRING }` (RFC
    /// 5958 2). What PKCS#1 and SEC1 leave out of it is the algorithm, and the public key has that.
    pub(super) fn to_pkcs8_der(&self) -> Result<Secret, Error> {
        if let Format::Pkcs8 | Format::EncryptedPkcs8 = self.format {
            return Ok(self.der.clone());
        }
        let key = |error| Error::Key(Arc::new(error));
        let spki = self.decode()?.public_key().to_spki_der().map_err(key)?;
        let mut outer = Reader::new(&spki);
        let algorithm = outer.read().and_then(|sequence| {
            let mut inside = outer.inside(&sequence);
            inside.read().map(|algorithm| inside.bytes(&algorithm))
        });
        let algorithm = algorithm.expect("a SubjectPublicKeyInfo that we have made");
        let key = self.der.expose();
        let octets = tlv::header(tag::OCTET_STRING, key.len() as u64);
        let parts: [&[u8]; 4] = [&[tag::INTEGER, 1, 0], algorithm, &octets, key];
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let header = tlv::header(tag::SEQUENCE, length as u64);
        // Growing would leave copies behind that nobody wipes.
        let mut der = Vec::with_capacity(header.len() + length);
        der.extend_from_slice(&header);
        parts.iter().for_each(|part| der.extend_from_slice(part));
        Ok(Secret::new(der))
    }

    /// Makes the key of it.
    pub fn decode(&self) -> Result<PrivateKey, Error> {
        let decoded = match self.format {
            Format::Pkcs1 => PrivateKey::from_pkcs1_der(&self.der),
            Format::Sec1 => PrivateKey::from_sec1_der(&self.der),
            Format::Pkcs8 | Format::EncryptedPkcs8 => PrivateKey::from_pkcs8_der(&self.der),
        };
        decoded.map_err(|error| Error::Key(Arc::new(error)))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Pkcs8,
    EncryptedPkcs8,
    Pkcs1,
    Sec1,
}

impl Format {
    /// By the label of a PEM block; none if it is no private key. `EC PARAMETERS` before a SEC1
    /// key says nothing that the key does not say itself.
    fn named(block: &Block) -> Result<Option<Format>, Error> {
        let unsupported = |format, command| Err(Error::Format { format, command });
        match block.label() {
            "PRIVATE KEY" => Ok(Some(Format::Pkcs8)),
            "ENCRYPTED PRIVATE KEY" => Ok(Some(Format::EncryptedPkcs8)),
            "RSA PRIVATE KEY" | "EC PRIVATE KEY" if block.is_encrypted() => {
                Err(Error::TraditionalEncryption)
            }
            "RSA PRIVATE KEY" => Ok(Some(Format::Pkcs1)),
            "EC PRIVATE KEY" => Ok(Some(Format::Sec1)),
            "DSA PRIVATE KEY" => unsupported("DSA", None),
            "OPENSSH PRIVATE KEY" => unsupported("OpenSSH", Some("ssh-keygen -p -m PKCS8 -f")),
            _ => Ok(None),
        }
    }

    /// By the first two elements of bare DER.
    fn of(der: &[u8]) -> Result<Format, Error> {
        let not_found = || Error::NotFound { found: Vec::new() };
        let mut outer = Reader::new(der);
        let sequence = outer.read().map_err(|_| not_found())?;
        let mut inside = outer.inside(&sequence);
        let first = inside.read().map_err(|_| not_found())?;
        let second = inside.read().map_err(|_| not_found())?;
        match (first.tag(), inside.value(&first), second.tag()) {
            (tag::SEQUENCE, _, tag::OCTET_STRING) => Ok(Format::EncryptedPkcs8),
            (tag::INTEGER, [0 | 1], tag::SEQUENCE) => Ok(Format::Pkcs8),
            (tag::INTEGER, [0 | 1], tag::INTEGER) => Ok(Format::Pkcs1),
            (tag::INTEGER, [1], tag::OCTET_STRING) => Ok(Format::Sec1),
            // RFC 7292 4: PFX has version 3.
            (tag::INTEGER, [3], tag::SEQUENCE) => Err(Error::Format {
                format: "PKCS#12",
                command: Some("openssl pkcs12 -out NEW -in"),
            }),
            _ => Err(not_found()),
        }
    }

    fn found(self, der: Secret) -> Result<FoundPrivateKey, Error> {
        Ok(match self {
            Format::EncryptedPkcs8 => {
                FoundPrivateKey::Encrypted(EncryptedPrivateKeyInfo::from_der(der.expose())?)
            }
            format => FoundPrivateKey::Plain(PlainPrivateKey { der, format }),
        })
    }
}

#[cfg(test)]
mod tests {
    use p256::pkcs8::EncodePrivateKey;

    use super::*;
    use crate::asn1::tlv::{element, sequence};
    use crate::keys::testing::{TestKeys, pkcs8_pem, secret_key};

    /// What was found, in the clear.
    fn plain(bytes: &[u8]) -> Result<PrivateKey, Error> {
        match FoundPrivateKey::find(bytes)? {
            FoundPrivateKey::Plain(plain) => plain.decode(),
            FoundPrivateKey::Encrypted(_) => panic!("the key is encrypted"),
        }
    }

    fn testdata(name: &str) -> Vec<u8> {
        std::fs::read(TestKeys::testdata().path(name)).unwrap()
    }

    fn der(pem: &[u8]) -> Vec<u8> {
        pem::blocks(pem).unwrap().pop().unwrap().content().to_vec()
    }

    #[test]
    fn pkcs8_pkcs1_and_sec1_are_read_in_pem_and_in_der() {
        for (name, bits) in [
            ("alice@example.com.pem", 2048),
            ("pkcs1@example.com.pem", 2048),
            ("dave@example.com.pem", 256),
            ("sec1@example.com.pem", 256),
        ] {
            let pem = testdata(name);
            assert_eq!(plain(&pem).unwrap().public_key().bits(), bits, "{name}");
            assert_eq!(
                plain(&der(&pem)).unwrap().public_key().bits(),
                bits,
                "{name}"
            );
        }
    }

    #[test]
    fn the_first_private_key_is_taken_from_among_other_things() {
        let (one, two) = (pkcs8_pem(&secret_key(1)), pkcs8_pem(&secret_key(2)));
        let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let text = format!("Bag Attributes\r\n{certificate}{one}{two}");
        let expected = plain(one.as_bytes()).unwrap();
        let found = plain(text.as_bytes()).unwrap();
        assert_eq!(found.public_key(), expected.public_key());
    }

    #[test]
    fn what_is_not_supported_is_named_with_the_way_out() {
        let error = |label: &str, header: &str| {
            let pem = format!("-----BEGIN {label}-----\n{header}MAA=\n-----END {label}-----\n");
            plain(pem.as_bytes()).unwrap_err()
        };
        let legacy = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n";
        for label in ["RSA PRIVATE KEY", "EC PRIVATE KEY"] {
            assert!(matches!(error(label, legacy), Error::TraditionalEncryption));
            assert!(matches!(error(label, ""), Error::Key(_)));
        }
        let openssh = error("OPENSSH PRIVATE KEY", "");
        assert_eq!(
            openssh.hint("k.pem").unwrap(),
            "ssh-keygen -p -m PKCS8 -f k.pem"
        );
        assert!(matches!(error("DSA PRIVATE KEY", ""), Error::Format { .. }));
        assert_eq!(
            error("CERTIFICATE", "").to_string(),
            "there is no private key in it, but: CERTIFICATE"
        );
        let pfx = sequence(&[&[2, 1, 3], &sequence(&[]), &sequence(&[])]);
        assert!(matches!(
            plain(&pfx),
            Err(Error::Format {
                format: "PKCS#12",
                ..
            })
        ));
        for nothing in [
            &b""[..],
            b"\x30\x00",
            b"\x30\x03\x02\x01\x00",
            b"plain text",
        ] {
            assert!(matches!(plain(nothing), Err(Error::NotFound { .. })));
        }
    }

    #[test]
    fn the_password_opens_and_another_does_not() {
        let password = Secret::from_string("correct horse battery staple".into());
        let wrong = Secret::from_string("correct horse battery stable".into());
        for (name, bits) in [
            ("encrypted@example.com.pem", 2048),
            ("scrypt@example.com.pem", 256),
        ] {
            let pem = testdata(name);
            for file in [pem.clone(), der(&pem)] {
                let FoundPrivateKey::Encrypted(encrypted) = FoundPrivateKey::find(&file).unwrap()
                else {
                    panic!("{name} is not encrypted");
                };
                let plain = PlainPrivateKey::decrypted(&encrypted, &password).unwrap();
                assert_eq!(plain.decode().unwrap().public_key().bits(), bits);
                assert!(matches!(
                    PlainPrivateKey::decrypted(&encrypted, &wrong),
                    Err(Error::Encrypted(crate::keys::pkcs8::Error::WrongPassword))
                ));
            }
        }
    }

    #[test]
    fn a_certificate_is_no_private_key_in_der_either() {
        let der = element(tag::SEQUENCE, &[sequence(&[]), sequence(&[])].concat());
        assert!(matches!(plain(&der), Err(Error::NotFound { .. })));
        let key = secret_key(1).to_pkcs8_der().unwrap();
        assert!(plain(key.as_bytes()).is_ok());
    }
}
