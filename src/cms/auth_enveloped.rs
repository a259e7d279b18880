//! AuthEnvelopedData (RFC 5083): content under an AEAD cipher (RFC 5084, RFC 8103), its key under
//! each recipient's.
//!
//! There are no authenticated attributes: RFC 5083 2.1 asks for them only when the content is not
//! id-data, so the additional authenticated data is empty.
//!
//! # Not supported
//!
//! originatorInfo, authenticated and unauthenticated attributes.

use der::Encode;
use der::asn1::OctetStringRef;
use spki::AlgorithmIdentifierOwned;

use super::Error;
use super::content_info::Framing;
use super::enveloped_data::{encrypted_content_info, recipient_infos};
use super::recipient::RecipientInfo;
use crate::asn1::{oid, tag};

/// The length in octets of an encoded [`mac`]: tag, length, and the whole tag.
const MAC_LENGTH: u64 = 2 + 16;

/// Frames content that encrypts to `encrypted_length` octets.
///
/// The [`mac`] field follows the framing's suffix; all lengths count it already.
pub fn frame(
    recipients: &[RecipientInfo],
    content_encryption: &AlgorithmIdentifierOwned,
    encrypted_length: u64,
) -> Result<Framing, Error> {
    let version = 0_u8.to_der()?; // RFC 5083 2.1
    encrypted_content_info(content_encryption, encrypted_length)?
        .wrap_owing(
            tag::SEQUENCE,
            &[version, recipient_infos(recipients)?].concat(),
            MAC_LENGTH,
        )?
        .content_info(oid::ID_CT_AUTH_ENVELOPED_DATA)
}

/// MessageAuthenticationCode ::= OCTET STRING, the tag of the AEAD, known when all content has gone by.
pub fn mac(tag: &[u8; 16]) -> Result<Vec<u8>, Error> {
    Ok(OctetStringRef::new(tag)?.to_der()?)
}
