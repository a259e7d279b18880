//! EnvelopedData (RFC 5652 6): content in CBC mode, its key under each recipient's.
//!
//! # Not supported
//!
//! originatorInfo and unprotected attributes.

use der::Encode;
use spki::AlgorithmIdentifierOwned;

use super::Error;
use super::content_info::{Framing, Surrounding};
use super::recipient::RecipientInfo;
use crate::asn1::{oid, tag, tlv};

/// Frames content that encrypts to `encrypted_length` octets.
pub fn frame(
    recipients: &[RecipientInfo],
    content_encryption: &AlgorithmIdentifierOwned,
    encrypted_length: u64,
) -> Result<Framing, Error> {
    // RFC 5652 6.1: with neither originatorInfo nor an unprotected attribute, the highest version
    // that one of the recipients asks for.
    let versions = recipients.iter().map(RecipientInfo::enveloped_data_version);
    let version: u8 = versions.max().unwrap_or_default();
    encrypted_content_info(content_encryption, encrypted_length)?
        .wrap(
            tag::SEQUENCE,
            &[version.to_der()?, recipient_infos(recipients)?].concat(),
            &[],
        )?
        .content_info(oid::ID_ENVELOPED_DATA)
}

/// EncryptedContentInfo ::= SEQUENCE { contentType, contentEncryptionAlgorithm,
/// encryptedContent [0] IMPLICIT OCTET STRING }
pub(super) fn encrypted_content_info(
    content_encryption: &AlgorithmIdentifierOwned,
    encrypted_length: u64,
) -> Result<Surrounding, Error> {
    let head = [oid::ID_DATA.to_der()?, content_encryption.to_der()?].concat();
    Surrounding::content(encrypted_length)
        .wrap(tag::context_primitive(0), &[], &[])?
        .wrap(tag::SEQUENCE, &head, &[])
}

/// RecipientInfos ::= SET SIZE (1..MAX) OF RecipientInfo
pub(super) fn recipient_infos(recipients: &[RecipientInfo]) -> Result<Vec<u8>, Error> {
    if recipients.is_empty() {
        return Err(Error::NoRecipient);
    }
    Ok(tlv::set_of(
        recipients
            .iter()
            .map(|recipient| recipient.der().to_vec())
            .collect(),
    ))
}
