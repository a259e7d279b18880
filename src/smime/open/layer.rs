//! One layer of a message, as it was found and judged.

use crate::cms::recipient::Recipient;
use crate::smime::verify::Signer;
use crate::x509::Certificate;

/// One layer, as it was found and judged.
#[derive(Debug)]
pub struct Layer {
    /// What it is.
    pub kind: Kind,
    /// How much of what a reader sees is inside it.
    pub coverage: Coverage,
    /// What protects the content against change.
    pub protection: Protection,
    /// The content-encryption algorithm, by its name or object identifier.
    pub cipher: Option<String>,
    /// Whom the content was encrypted to.
    pub recipients: Vec<Recipient>,
    /// Who signed, judged.
    pub signers: Vec<Signer>,
    /// The certificates of a certs-only layer.
    pub certificates: Vec<Certificate>,
    /// The certificates that came along with the signers of a signed layer, in no order. They prove
    /// nothing.
    pub brought_along: Vec<Certificate>,
    /// What a reader should know beside, each a sentence.
    pub notes: Vec<String>,
}

/// The kinds of layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// multipart/signed (RFC 8551 3.5.3).
    MultipartSigned,
    /// SignedData with the content inside, or detached from a content that travels as a file.
    SignedData,
    /// EnvelopedData.
    EnvelopedData,
    /// AuthEnvelopedData.
    AuthEnvelopedData,
    /// CompressedData.
    CompressedData,
    /// SignedData with certificates alone.
    CertsOnly,
    /// DigestedData.
    DigestedData,
    /// EncryptedData, whose key is agreed on elsewhere.
    EncryptedData,
    /// Data: octets and nothing else.
    Data,
    /// A content type that is not known here.
    Unknown,
}

impl Kind {
    /// A word for it that does not change.
    pub fn name(self) -> &'static str {
        match self {
            Kind::MultipartSigned => "multipart/signed",
            Kind::SignedData => "signed-data",
            Kind::EnvelopedData => "enveloped-data",
            Kind::AuthEnvelopedData => "auth-enveloped-data",
            Kind::CompressedData => "compressed-data",
            Kind::CertsOnly => "certs-only",
            Kind::DigestedData => "digested-data",
            Kind::EncryptedData => "encrypted-data",
            Kind::Data => "data",
            Kind::Unknown => "unknown",
        }
    }
}

/// How much of what a reader sees is inside a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// All but the header fields of the message.
    Whole,
    /// Other text or attachments stand beside it.
    Partial,
}

impl Coverage {
    /// A word for it that does not change.
    pub fn name(self) -> &'static str {
        match self {
            Coverage::Whole => "whole",
            Coverage::Partial => "partial",
        }
    }
}

/// What protects the content of a layer against change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// A signature, whether valid or not.
    Signed,
    /// The tag of an AEAD cipher.
    Aead,
    /// Nothing.
    None,
}

impl Protection {
    /// A word for it that does not change.
    pub fn name(self) -> &'static str {
        match self {
            Protection::Signed => "signed",
            Protection::Aead => "aead",
            Protection::None => "none",
        }
    }
}

impl Layer {
    pub(super) fn new(kind: Kind, coverage: Coverage) -> Layer {
        Layer {
            kind,
            coverage,
            protection: Protection::None,
            cipher: None,
            recipients: Vec::new(),
            signers: Vec::new(),
            certificates: Vec::new(),
            brought_along: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub(super) fn is_valid(&self) -> bool {
        self.reason().is_none()
    }

    /// Why a signed layer is not valid.
    pub(super) fn reason(&self) -> Option<(&'static str, String)> {
        if self.signers.is_empty() {
            return Some(("no-signer", "nobody has signed the content".to_owned()));
        }
        if let Some(signer) = self.signers.iter().find(|signer| signer.signature.is_err()) {
            return Some((signer.reason()?, signer.detail()?));
        }
        if self.coverage == Coverage::Partial {
            let detail = "text or attachments stand outside the signature";
            return Some(("partial-coverage", detail.to_owned()));
        }
        let signer = self.signers.iter().find(|signer| !signer.is_valid())?;
        Some((signer.reason()?, signer.detail()?))
    }

    /// RFC 8551 3.2.2: smime-type is a hint, and the content decides.
    pub(super) fn compare(&mut self, declared: &str) {
        let expected = match self.kind {
            Kind::SignedData => "signed-data",
            Kind::EnvelopedData => "enveloped-data",
            Kind::AuthEnvelopedData => "authEnveloped-data",
            Kind::CompressedData => "compressed-data",
            Kind::CertsOnly => "certs-only",
            _ => return,
        };
        if !declared.eq_ignore_ascii_case(expected) {
            self.notes.push(format!(
                "the header says {declared}, and the content is {expected}"
            ));
        }
    }
}
