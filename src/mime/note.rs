//! What is unusual about an S/MIME part, and no reason to refuse it.

use std::fmt;

use crate::printable::printable;

/// A remark for whoever reads a report; `Display` is a sentence without capital and full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// Text before the first part of a multipart/signed. No reader shows it.
    Preamble,
    /// Text behind the last part of a multipart/signed. No reader shows it.
    Epilogue,
    /// multipart/signed without the parameter that RFC 1847 2.1 requires.
    NoProtocol,
    /// multipart/signed for another protocol, though its second part is an S/MIME signature.
    OtherProtocol(String),
    /// The second part of multipart/signed has this type and not application/pkcs7-signature.
    SignatureType(String),
    /// application/octet-stream with a file name of S/MIME.
    KnownByFileName,
    /// A signature as a part of its own: what it signs is elsewhere.
    LoneSignature,
    /// RFC 8551 3.2.2 does not have this smime-type.
    UnknownSmimeType(String),
    /// base64 that the header does not mention.
    UnlabelledBase64,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, value) = match self {
            Note::Preamble => ("the text before the signed part is not signed", None),
            Note::Epilogue => ("the text after the signature is not signed", None),
            Note::NoProtocol => ("the signed multipart does not say by which protocol", None),
            Note::OtherProtocol(name) => {
                ("the signed multipart names another protocol", Some(name))
            }
            Note::SignatureType(name) => ("the signature part has another media type", Some(name)),
            Note::KnownByFileName => ("only the file name says that this is S/MIME", None),
            Note::LoneSignature => ("the signature stands apart from what it signs", None),
            Note::UnknownSmimeType(name) => ("the smime-type is unknown", Some(name)),
            Note::UnlabelledBase64 => ("the header does not say that this is base64", None),
        };
        match value {
            None => f.write_str(before),
            // A stranger's word, of any length.
            Some(value) => {
                let short: String = value.chars().take(60).collect();
                write!(f, "{before}, \"{}\"", printable(&short))
            }
        }
    }
}
