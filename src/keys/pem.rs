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
//! PKCS#7 bundles, and the headers of RFC 1421 except that they are noticed.

use zeroize::Zeroizing;

use crate::asn1::reader::{Reader, tag};
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
            // OpenSSL's X509_AUX: the certificate, then what it is trusted for, which is no
            // business of a key directory.
            "TRUSTED CERTIFICATE" => {
                let first = Reader::new(block.content()).read();
                let end = first.map_or(block.content().len(), |element| element.whole().end);
                encodings.push(block.content()[..end].to_vec());
            }
            _ => others.push(block.label),
        }
    }
    Ok((encodings, others))
}

/// Every block of a text, in order. Text around and between is passed over; so are a byte order
/// mark, carriage returns, and white space at either end of a line.
pub fn blocks(text: &[u8]) -> Result<Vec<Block>, Error> {
    let mut blocks = Vec::new();
    let mut lines = (1..).zip(text.split(|&b| b == b'\n'));
    while let Some((number, line)) = lines.next() {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        if let Some(label) = label_of(line, b"-----BEGIN ") {
            let mut inside = lines.by_ref().map(|(_, line)| line);
            blocks.push(block(label, number, &mut inside, text.len())?);
        }
    }
    Ok(blocks)
}

fn block(
    label: String,
    line: usize,
    lines: &mut dyn Iterator<Item = &[u8]>,
    capacity: usize,
) -> Result<Block, Error> {
    let mut is_encrypted = false;
    // As large as it can get: growing would leave copies of a key behind.
    let mut content = Zeroizing::new(Vec::with_capacity(capacity));
    for text in lines {
        if label_of(text, b"-----END ").is_some_and(|end| end == label) {
            let Ok(decoded) = base64_simd::forgiving_decode_inplace(&mut content) else {
                return Err(Error::NotBase64 { label, line });
            };
            let length = decoded.len();
            content.truncate(length);
            return Ok(Block {
                label,
                is_encrypted,
                content: Secret::new(std::mem::take(&mut *content)),
            });
        }
        if text.starts_with(b"-----") {
            break;
        }
        // No base64 has a colon: a header of RFC 1421.
        if text.contains(&b':') {
            is_encrypted |=
                text.starts_with(b"Proc-Type:") && text.trim_ascii().ends_with(b"ENCRYPTED");
        } else {
            content.extend_from_slice(text.trim_ascii());
        }
    }
    Err(Error::Unterminated { label, line })
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

/// ", but a PUBLIC KEY" and so on.
pub(super) fn instead(found: &[String]) -> String {
    match found {
        [] => String::new(),
        found => format!(", but: {}", found.join(", ")),
    }
}
