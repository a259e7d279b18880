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
//!
//! # Not supported
//!
//! Writing the historic name `application/x-pkcs7-mime`, which is read.

use std::io::{self, Write};

use super::canonical::{CanonicalEntity, Piece};
use super::content_type::{self, ContentType, Parameter};
use super::header::{Field, Header};
use super::transfer_encoding::Base64Encoder;
use super::{Error, MAX_CMS_OBJECT, Message};

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

    /// The type that a parameter names, in any case.
    pub fn parse(name: &str) -> Option<SmimeType> {
        let all = [
            SmimeType::SignedData,
            SmimeType::EnvelopedData,
            SmimeType::AuthEnvelopedData,
            SmimeType::CompressedData,
            SmimeType::CertsOnly,
        ];
        all.into_iter()
            .find(|it| it.name().eq_ignore_ascii_case(name))
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

/// The CMS object that a message carries as its whole body, decoded (RFC 8551 3.2); `None` when it
/// carries none.
///
/// The media type decides. `application/octet-stream` counts by a file name that ends in .p7m,
/// .p7c or .p7z, because gateways that do not know the type rewrite it (RFC 8551 3.2.1).
///
/// # Errors
///
/// [`Error::CmsObjectTooLarge`], [`Error::MalformedBase64`], and those of reading the spool.
pub fn cms_object(message: &Message) -> Result<Option<Vec<u8>>, Error> {
    let media = SmimeMedia::of(message.header());
    if media.is_none_or(SmimeMedia::is_signature) {
        return Ok(None);
    }
    if message.body_length() > MAX_CMS_OBJECT {
        return Err(Error::CmsObjectTooLarge);
    }
    let mut object = Vec::new();
    message.write_decoded_body(&mut object)?;
    Ok(Some(object))
}

/// How a leaf shows that it is S/MIME.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SmimeMedia {
    /// application/pkcs7-mime, or by its historic name.
    Pkcs7Mime,
    /// application/pkcs7-signature, or by its historic name.
    Signature,
    /// application/octet-stream, and a file name of RFC 8551 3.2.1: gateways that do not know the
    /// type rewrite it.
    ByFileName {
        /// Whether the name is that of a signature.
        is_signature: bool,
    },
}

impl SmimeMedia {
    pub(super) fn of(header: &Header) -> Option<SmimeMedia> {
        let value = header.first("Content-Type")?.value_bytes();
        let content_type = ContentType::parse(&value)?;
        match content_type.essence().as_str() {
            "application/pkcs7-mime" | "application/x-pkcs7-mime" => Some(SmimeMedia::Pkcs7Mime),
            "application/octet-stream" => {
                let extension = file_extension(&content_type, header)?;
                let is_signature = extension == "p7s";
                Some(SmimeMedia::ByFileName { is_signature })
            }
            essence => is_signature_type(essence).then_some(SmimeMedia::Signature),
        }
    }

    pub(super) fn is_signature(self) -> bool {
        match self {
            SmimeMedia::Pkcs7Mime => false,
            SmimeMedia::Signature => true,
            SmimeMedia::ByFileName { is_signature } => is_signature,
        }
    }
}

/// RFC 8551 3.5.1, and what Netscape called it before; in any case.
pub(super) fn is_signature_type(media_type: &str) -> bool {
    [
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
    ]
    .iter()
    .any(|name| media_type.eq_ignore_ascii_case(name))
}

/// The extension of S/MIME that some reader finds in the file name: of several names, and of one
/// divided as RFC 2231 3 has it, each and all together are looked at.
fn file_extension(content_type: &ContentType, header: &Header) -> Option<&'static str> {
    let disposition = header.first("Content-Disposition").map(Field::value_bytes);
    let disposition = disposition.unwrap_or_default();
    let disposition = content_type::segments(&disposition).into_iter();
    let disposition: Vec<Parameter> = disposition.filter_map(Parameter::parse).collect();
    let names = |parameters: &[Parameter], name: &str| {
        let all = parameters.iter().filter(|it| it.base() == name);
        let mut names: Vec<Vec<u8>> = all.map(|it| it.decoded(true)).collect();
        names.push(names.concat());
        names
    };
    let names = [
        names(&content_type.parameters, "name"),
        names(&disposition, "filename"),
    ];
    let names = names.concat().into_iter();
    names
        .map(|name| name.trim_ascii_end().to_ascii_lowercase())
        .find_map(|name| {
            let (rest, extension) = name.split_last_chunk::<4>()?;
            let known = ["p7m", "p7s", "p7c", "p7z"].into_iter();
            let is_it = |it: &&str| extension[0] == b'.' && &extension[1..] == it.as_bytes();
            known.filter(|_| !rest.is_empty()).find(is_it)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::RawMessage;

    #[test]
    fn a_cms_object_is_known_by_its_type_or_by_its_name() {
        let object = |header: &str| {
            let text = format!("{header}\n\nMAA=\n");
            cms_object(&Message::parse(RawMessage::from_bytes(text.into())).unwrap())
        };
        let base64 = "Content-Transfer-Encoding: base64\nContent-Type: ";
        for (found, content_type) in [
            (true, "application/pkcs7-mime"),
            (true, "Application/X-PKCS7-Mime; smime-type=enveloped-data"),
            (true, "application/octet-stream; name=\"smime.P7M\""),
            (
                true,
                "application/octet-stream\nContent-Disposition: attachment; filename=a.p7m",
            ),
            (false, "application/octet-stream; name=smime.p7m.exe"),
            (false, "application/pkcs7-signature; name=smime.p7s"),
            (false, "text/plain; name=smime.p7m"),
        ] {
            let expected = found.then(|| vec![0x30, 0]);
            assert_eq!(
                object(&format!("{base64}{content_type}")).unwrap(),
                expected
            );
        }
        assert_eq!(object("Subject: x").unwrap(), None);
        let broken =
            "Content-Transfer-Encoding: base64\nContent-Type: application/pkcs7-mime\nX: \n\n!";
        assert!(matches!(object(broken), Err(Error::MalformedBase64 { .. })));
    }

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
