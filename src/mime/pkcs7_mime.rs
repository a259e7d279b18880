//! application/pkcs7-mime (RFC 8551 3.2): a CMS object as an entity, in base64.
//!
//! ```
//! use mailseal::mime::{SmimeType, write_pkcs7_mime};
//!
//! let mut out = Vec::new();
//! write_pkcs7_mime(SmimeType::EnvelopedData, &mut out, &mut |der| der.write_all(&[0x30, 0]))
//!     .unwrap();
//! assert!(out.starts_with(b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data;"));
//! assert!(out.ends_with(b"\r\n\r\nMAA=\r\n"));
//! ```

use std::io::{self, Write};

use super::canonical::{CanonicalEntity, Piece};
use super::transfer_encoding::Base64Encoder;

/// What the CMS object is (RFC 8551 3.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SmimeType {
    /// Content with its signature.
    SignedData,
    /// Encrypted content.
    EnvelopedData,
    /// Encrypted and authenticated content (RFC 5083).
    AuthEnvelopedData,
    /// Compressed content (RFC 3274).
    CompressedData,
    /// Certificates without content or signature.
    CertsOnly,
}

impl SmimeType {
    /// The value of the smime-type parameter.
    pub fn name(self) -> &'static str {
        match self {
            SmimeType::SignedData => "signed-data",
            SmimeType::EnvelopedData => "enveloped-data",
            SmimeType::AuthEnvelopedData => "authEnveloped-data",
            SmimeType::CompressedData => "compressed-data",
            SmimeType::CertsOnly => "certs-only",
        }
    }

    /// RFC 8551 3.2.1.
    pub fn file_name(self) -> &'static str {
        match self {
            SmimeType::SignedData | SmimeType::EnvelopedData | SmimeType::AuthEnvelopedData => {
                "smime.p7m"
            }
            SmimeType::CompressedData => "smime.p7z",
            SmimeType::CertsOnly => "smime.p7c",
        }
    }

    fn header(self) -> Vec<u8> {
        let (name, file_name) = (self.name(), self.file_name());
        let description = match self {
            SmimeType::SignedData => "S/MIME Signed Message",
            SmimeType::EnvelopedData | SmimeType::AuthEnvelopedData => "S/MIME Encrypted Message",
            SmimeType::CompressedData => "S/MIME Compressed Message",
            SmimeType::CertsOnly => "S/MIME Certificates",
        };
        format!(
            "Content-Type: application/pkcs7-mime; smime-type={name};\r\n name=\"{file_name}\"\r\n\
             Content-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=\"{file_name}\"\r\n\
             Content-Description: {description}\r\n\
             \r\n"
        )
        .into_bytes()
    }
}

/// Wraps a CMS object that encloses `content` in octets known beforehand, as an opaque signature
/// does: base64 of `prefix`, the content, `suffix`.
pub fn pkcs7_mime(
    smime_type: SmimeType,
    prefix: Vec<u8>,
    content: CanonicalEntity,
    suffix: Vec<u8>,
) -> CanonicalEntity {
    let mut enclosed = vec![Piece::Literal(prefix)];
    enclosed.extend(content.into_pieces());
    enclosed.push(Piece::Literal(suffix));
    CanonicalEntity::new(vec![
        Piece::Literal(smime_type.header()),
        Piece::base64(enclosed),
        Piece::Literal(b"\r\n".to_vec()),
    ])
}

/// Writes an entity around a CMS object that comes into being while it is written, as encryption
/// does.
///
/// # Errors
///
/// Those of `out` and of `der`.
pub fn write_pkcs7_mime(
    smime_type: SmimeType,
    out: &mut dyn Write,
    der: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    out.write_all(&smime_type.header())?;
    let mut encoder = Base64Encoder::new(&mut *out);
    der(&mut encoder)?;
    encoder.finish()?;
    out.write_all(b"\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::{Message, RawMessage};

    #[test]
    fn both_ways_write_the_same() {
        let text = format!(
            "Content-Type: text/plain\n\n{}",
            "all of it\n".repeat(20_000)
        );
        let (_, entity) = Message::parse(RawMessage::from_bytes(text.into()))
            .unwrap()
            .split();
        let content = entity.canonicalize().unwrap();
        let mut streamed = Vec::new();
        write_pkcs7_mime(SmimeType::SignedData, &mut streamed, &mut |der| {
            der.write_all(b"<<")?;
            content.write_to(der)?;
            der.write_all(b">>")
        })
        .unwrap();
        let entity = pkcs7_mime(SmimeType::SignedData, b"<<".into(), content, b">>".into());
        let mut out = Vec::new();
        entity.write_to(&mut out).unwrap();
        assert!(out == streamed);
        assert_eq!(entity.len(), out.len() as u64);
    }
}
