//! Certificates and keys as they are found in files: PEM (RFC 7468) with whatever text around
//! it, or bare DER.
//!
//! ```
//! use mailseal::keys::pem;
//!
//! let text = b"Bag Attributes\n-----BEGIN DATA-----\r\naGVs\r\nbG8=\r\n-----END DATA-----\n";
//! let blocks = pem::blocks(text).unwrap();
//! assert_eq!(blocks[0].label(), "DATA");
//! assert_eq!(blocks[0].content(), b"hello");
//! assert!(pem::certificates(text).is_err());
//! ```
//!
//! # Not supported
//!
//! PKCS#7, which [`bundle`](crate::keys::bundle) reads; the headers of RFC 1421, except that they are
//! noticed.

use std::collections::BTreeSet;

use zeroize::Zeroizing;

use crate::asn1::reader::Reader;
use crate::asn1::tag;
use crate::secret::Secret;
use crate::x509::{self, Certificate};

/// Why a file holds no certificate that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Between the lines of a block stands something that is not base64.
    #[error("the {label} that begins in line {line} is not base64")]
    NotBase64 {
        /// The block's label.
        label: String,
        /// The line of its BEGIN, counted from 1.
        line: usize,
    },
    /// A block has no END line of its own.
    #[error("the {label} that begins in line {line} does not end")]
    Unterminated {
        /// The block's label.
        label: String,
        /// The line of its BEGIN, counted from 1.
        line: usize,
    },
    /// The file has no certificate in it.
    #[error("there is no certificate in it{}", instead(.found))]
    NoCertificate {
        /// The labels of what it has.
        found: Vec<String>,
    },
    /// A certificate cannot be read.
    #[error("certificate number {number} in it cannot be read")]
    Certificate {
        /// Its place among the file's certificates, counted from 1.
        number: usize,
        /// What is wrong with it.
        source: x509::Error,
    },
}

/// What lies between a BEGIN and an END line. The content may be a secret: it is wiped on drop.
pub struct Block {
    label: String,
    is_encrypted: bool,
    content: Secret,
}

impl Block {
    /// What the BEGIN line says.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The decoded bytes.
    pub fn content(&self) -> &[u8] {
        self.content.expose()
    }

    /// Whether a `Proc-Type: 4,ENCRYPTED` header (RFC 1421 4.6.1.1) says that the content is
    /// encrypted in OpenSSL's traditional way.
    pub fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    pub(super) fn into_content(self) -> Secret {
        self.content
    }
}

/// Every certificate of a file, in its order; at least one.
///
/// # Errors
///
/// A malformed certificate is an error wherever it stands, and so is a file without any.
pub fn certificates(bytes: &[u8]) -> Result<Vec<Certificate>, Error> {
    let (encodings, found) = encoded_certificates(bytes)?;
    if encodings.is_empty() {
        return Err(Error::NoCertificate { found });
    }
    let read = |(index, der): (usize, &Vec<u8>)| {
        Certificate::from_der(der).map_err(|source| Error::Certificate {
            number: index + 1,
            source,
        })
    };
    encodings.iter().enumerate().map(read).collect()
}

/// The DER of each certificate, and the labels of everything else.
#[allow(clippy::type_complexity, reason = "two lists, named at the one call")]
fn encoded_certificates(bytes: &[u8]) -> Result<(Vec<Vec<u8>>, Vec<String>), Error> {
    let (mut encodings, mut others) = (Vec::new(), Vec::new());
    if let Some(elements) = der_elements(bytes) {
        encodings.extend(elements.iter().map(|der| der.to_vec()));
        return Ok((encodings, others));
    }
    for block in blocks(bytes)? {
        match block.label() {
            "CERTIFICATE" | "X509 CERTIFICATE" => {
                encodings.push(block.content().to_vec());
            }
            "TRUSTED CERTIFICATE" => encodings.push(without_trust(block.content()).to_vec()),
            _ => others.push(block.label),
        }
    }
    Ok((encodings, others))
}

/// OpenSSL's X509_AUX: the certificate, then what it is trusted for, which is for the caller to say.
pub(super) fn without_trust(content: &[u8]) -> &[u8] {
    let first = Reader::new(content).read();
    first.map_or(content, |element| &content[element.whole()])
}

/// Every block of a text, in order. Text around and between is passed over; so are a byte order
/// mark, carriage returns, and white space at either end of a line.
pub fn blocks(text: &[u8]) -> Result<Vec<Block>, Error> {
    let mut blocks = Vec::new();
    let mut lines = (1..).zip(text.split(|&b| b == b'\n'));
    while let Some((number, line)) = lines.next() {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        if let Some(label) = label_of(line, b"-----BEGIN ") {
            let inside = lines_until_end(&label, lines.by_ref().map(|(_, line)| line));
            blocks.push(match inside {
                Some(inside) => block(label, number, &inside)?,
                None => {
                    return Err(Error::Unterminated {
                        label,
                        line: number,
                    });
                }
            });
        }
    }
    Ok(blocks)
}

/// The lines up to the END of this label, or none if another line of dashes comes first.
fn lines_until_end<'a>(
    label: &str,
    lines: impl Iterator<Item = &'a [u8]>,
) -> Option<Vec<&'a [u8]>> {
    let mut inside = Vec::new();
    for line in lines {
        let line = line.trim_ascii();
        if label_of(line, b"-----END ").is_some_and(|end| end == label) {
            return Some(inside);
        }
        if line.starts_with(b"-----") {
            return None;
        }
        inside.push(line);
    }
    None
}

fn block(label: String, line: usize, inside: &[&[u8]]) -> Result<Block, Error> {
    // No base64 has a colon: a header of RFC 1421.
    let (headers, base64): (Vec<&[u8]>, Vec<&[u8]>) =
        inside.iter().partition(|line| line.contains(&b':'));
    let is_encrypted = headers
        .iter()
        .any(|header| header.starts_with(b"Proc-Type:") && header.ends_with(b"ENCRYPTED"));
    // Concatenated into one allocation of the right size, and decoded in place: no copy of a key
    // is left behind.
    let mut content = Zeroizing::new(base64.concat());
    let Ok(decoded) = base64_simd::forgiving_decode_inplace(&mut content) else {
        return Err(Error::NotBase64 { label, line });
    };
    let length = decoded.len();
    content.truncate(length);
    Ok(Block {
        label,
        is_encrypted,
        content: Secret::new(std::mem::take(&mut *content)),
    })
}

/// The label of a BEGIN or END line.
fn label_of(line: &[u8], start: &[u8]) -> Option<String> {
    let label = line
        .trim_ascii()
        .strip_prefix(start)?
        .strip_suffix(b"-----")?;
    Some(label.escape_ascii().to_string())
}

/// The elements of a file that is bare DER from its first byte to its last.
pub(super) fn der_elements(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut reader = Reader::new(bytes);
    let mut elements = Vec::new();
    while let Some(found) = reader.peek() {
        if found != tag::SEQUENCE {
            return None;
        }
        elements.push(&bytes[reader.read().ok()?.whole()]);
    }
    (!elements.is_empty()).then_some(elements)
}

/// ", but: PUBLIC KEY" and so on, each label once.
pub(super) fn instead(found: &[String]) -> String {
    let labels: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    if labels.is_empty() {
        return String::new();
    }
    format!(", but: {}", Vec::from_iter(labels).join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::testing::secret_key;
    use crate::x509::testing::TestCertificate;

    fn certificate(serial: u8) -> TestCertificate {
        let mut certificate = TestCertificate::of("bob@example.com", &secret_key(7));
        certificate.serial_number = vec![serial];
        certificate
    }

    fn serials(bytes: &[u8]) -> Vec<String> {
        let certificates = certificates(bytes).unwrap();
        certificates.iter().map(Certificate::serial_hex).collect()
    }

    #[test]
    fn certificates_are_found_with_text_around_and_in_their_order() {
        let (one, two) = (certificate(1).pem(), certificate(2).pem());
        let lf = format!("subject=CN = Bob\n{one}\nBag Attributes\n    x: \u{e9}\n{two}trailer");
        assert_eq!(serials(lf.as_bytes()), ["01", "02"]);
        let crlf = format!("\u{feff}{}", lf.replace("\r\n", "\n").replace('\n', "\r\n"));
        assert_eq!(serials(crlf.as_bytes()), ["01", "02"]);
        let indented = lf.replace('\n', "  \n\t");
        assert_eq!(serials(indented.as_bytes()), ["01", "02"]);
        let one_line = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----",
            base64_simd::STANDARD.encode_to_string(certificate(3).der())
        );
        assert_eq!(serials(one_line.as_bytes()), ["03"]);
    }

    #[test]
    fn bare_der_is_found_by_looking() {
        let both = [certificate(1).der(), certificate(2).der()].concat();
        assert_eq!(serials(&both), ["01", "02"]);
        assert!(certificates(&both[..both.len() - 1]).is_err());
    }

    #[test]
    fn openssls_other_labels_are_read() {
        let pem = certificate(1).pem();
        let old = pem.replace("CERTIFICATE", "X509 CERTIFICATE");
        assert_eq!(serials(old.as_bytes()), ["01"]);
        let trusted = [certificate(1).der(), vec![0x30, 0x00]].concat();
        let trusted = pem::encode(&pem::Pem::new("TRUSTED CERTIFICATE", trusted));
        assert_eq!(serials(trusted.as_bytes()), ["01"]);
    }

    #[test]
    fn what_is_no_certificate_is_named() {
        let error = |text: &[u8]| certificates(text).unwrap_err().to_string();
        assert_eq!(error(b"\x7fELF\0\x01"), "there is no certificate in it");
        let key = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
        assert_eq!(
            error(key.as_bytes()),
            "there is no certificate in it, but: PUBLIC KEY"
        );
        let pem = certificate(1).pem();
        let other_end = pem.replace("END CERTIFICATE", "END CERT");
        assert_eq!(
            error(format!("text\n{other_end}").as_bytes()),
            "the CERTIFICATE that begins in line 2 does not end"
        );
        let two = format!("-----BEGIN CERTIFICATE-----\n{pem}");
        assert_eq!(
            error(two.as_bytes()),
            "the CERTIFICATE that begins in line 1 does not end"
        );
        let broken = pem.replacen("\nMI", "\n!!", 1);
        assert_eq!(
            error(broken.as_bytes()),
            "the CERTIFICATE that begins in line 1 is not base64"
        );
        let second = format!("{pem}-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
        assert_eq!(
            error(second.as_bytes()),
            "certificate number 2 in it cannot be read"
        );
    }
}
