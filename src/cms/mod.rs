//! Cryptographic Message Syntax (RFC 5652, 5083, 5084, 5753): the structures that S/MIME puts
//! into a message.
//!
//! Contents are never held here. Each structure that is written is computed as what stands before the content and
//! what stands after it, with definite lengths throughout, so that a message of any size is
//! written in one pass and the result is DER, which every client reads.
//!
//! - [`signed_data`]: one signature over a content digest
//! - [`attributes`]: what is signed beside the content
//! - [`enveloped_data`]: the content key for each recipient, and content in CBC mode
//! - [`auth_enveloped`]: the same around content under an AEAD cipher
//! - [`recipient`]: one RecipientInfo for each recipient, and the way back to the content key
//! - [`content_info`]: the arithmetic of nested lengths
//! - [`object`]: reading what others wrote, with [`signed_object`], [`signer_info`] and
//!   [`attribute_set`]
//! - [`verification`]: what a signature proves, and [`announcement`] what a signer says of itself
//! - [`compressed_data`], [`digested_data`]: what a reader does with their content
//!
//! # Not supported
//!
//! Writing several signers, countersignatures or unsigned attributes; verifying countersignatures.

pub mod announcement;
pub mod attribute_set;
pub mod attributes;
pub mod auth_enveloped;
pub mod compressed_data;
pub mod content_info;
pub mod digested_data;
pub mod enveloped_data;
pub mod object;
pub mod recipient;
pub mod signed_data;
pub mod signed_object;
pub mod signer_info;
mod signing_certificate;
pub mod verification;

use der::asn1::AnyRef;
use der::{Decode, Sequence};

use crate::asn1::tlv;
use crate::x509::Certificate;

/// Why a CMS structure could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The signature, key transport or key agreement failed.
    #[error(transparent)]
    Crypto(#[from] crate::crypto::Error),
    /// A value, ours or a stranger's, does not fit its ASN.1 type.
    #[error("a CMS structure cannot be encoded or decoded")]
    Encoding(#[from] der::Error),
    /// What comes is not BER.
    #[error("the CMS structure is malformed")]
    Ber(#[from] crate::asn1::ber::Error),
    /// What comes is not the BER of the structure that it says it is.
    #[error("the CMS structure is malformed")]
    Stream(#[from] crate::asn1::ber::stream::Error),
    /// A part of the structure is not what RFC 5652 says.
    #[error("the CMS structure is malformed")]
    Reader(#[from] crate::asn1::reader::Error),
    /// The authenticated attributes cannot be read.
    #[error(transparent)]
    Attributes(#[from] attribute_set::Error),
    /// More than a message is allowed to have.
    #[error("the CMS structure has more than {limit} {what}")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// RFC 5083 2.1: an AEAD cipher belongs into AuthEnvelopedData, and no other does.
    #[error("{cipher} does not go with this kind of CMS structure")]
    CipherOutOfPlace {
        /// The cipher.
        cipher: &'static str,
    },
    /// Encrypted content that travels apart (RFC 5652 6.1), as mail's never does.
    #[error("the CMS structure has no content")]
    NoContent,
    /// The content is so long that its lengths do not fit 64 bits.
    #[error("the content is too long for a CMS structure")]
    TooLong,
    /// EnvelopedData needs at least one RecipientInfo (RFC 5652 6.1).
    #[error("there is no recipient to encrypt to")]
    NoRecipient,
}

/// IssuerAndSerialNumber of RFC 5652 10.2.4, with both parts as the certificate has them: a name
/// that were decoded and encoded again could differ from the one that the peer compares with.
#[derive(Clone, Copy, Debug, Sequence)]
struct IssuerAndSerialNumber<'a> {
    issuer: AnyRef<'a>,
    serial_number: AnyRef<'a>,
}

impl<'a> IssuerAndSerialNumber<'a> {
    fn of(certificate: &'a Certificate) -> Result<IssuerAndSerialNumber<'a>, der::Error> {
        Ok(IssuerAndSerialNumber {
            issuer: AnyRef::try_from(certificate.issuer_der())?,
            serial_number: AnyRef::try_from(certificate.serial_der())?,
        })
    }
}

/// The same content under another tag: what IMPLICIT does.
fn retag(tag: u8, element: &[u8]) -> Result<Vec<u8>, Error> {
    Ok(tlv::element(tag, AnyRef::from_der(element)?.value()))
}

#[cfg(test)]
mod tests {
    //! Read back with the `cms` crate, which shares no line with what wrote it.

    use ::aes_kw::KeyInit;
    use ::cms::content_info::ContentInfo;
    use ::cms::enveloped_data::{
        EnvelopedData, OriginatorIdentifierOrKey, RecipientInfo as Parsed,
    };
    use ::cms::signed_data::{SignedData, SignerIdentifier};
    use der::Encode;

    use super::recipient::RecipientInfo;
    use super::signed_data::Signing;
    use super::*;
    use crate::address::Address;
    use crate::asn1::{oid, tag};
    use crate::crypto::{
        ContentCipher, DigestAlgorithm, Encryptor, KeyTransport, PssParameters, PublicKey,
        SignatureAlgorithm,
    };
    use crate::keys::testing::keys;

    const CONTENT: &[u8] = b"Content-Type: text/plain\r\n\r\nhello\r\n";

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn signed(who: &str, algorithm: SignatureAlgorithm) -> (SignedData, PublicKey) {
        let signer = keys().signer(&address(who)).unwrap();
        let signing_time = Some("2026-11-21T12:00:00Z".parse().unwrap());
        let digest = algorithm.digest().digest(CONTENT);
        let signing = Signing {
            algorithm,
            signing_time,
        };
        let framing = signed_data::opaque(&digest, CONTENT.len() as u64, &signer, signing).unwrap();
        let der = [&framing.prefix, CONTENT, &framing.suffix].concat();
        let info = ContentInfo::from_der(&der).unwrap();
        assert_eq!(info.content_type, oid::ID_SIGNED_DATA);
        let key = signer.certificate().public_key().unwrap();
        (info.content.decode_as().unwrap(), key)
    }

    #[test]
    fn every_signature_algorithm_signs_the_attributes_as_a_set() {
        for (who, algorithm) in [
            (
                "alice@example.com",
                SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256),
            ),
            (
                "alice@example.com",
                SignatureAlgorithm::RsaPss(PssParameters::for_digest(DigestAlgorithm::Sha384)),
            ),
            (
                "dave@example.com",
                SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha512),
            ),
        ] {
            let (data, key) = signed(who, algorithm);
            assert_eq!(data.encap_content_info.econtent.unwrap().value(), CONTENT);
            let info = data.signer_infos.0.get(0).unwrap();
            let mut attributes = info.signed_attrs.as_ref().unwrap().to_der().unwrap();
            assert_eq!(attributes[0], tag::SET);
            let signature = info.signature.as_bytes();
            key.verify(algorithm, &attributes, signature).unwrap();
            *attributes.last_mut().unwrap() ^= 1;
            assert!(key.verify(algorithm, &attributes, signature).is_err());
        }
    }

    #[test]
    fn each_attribute_is_there_once_and_the_intermediate_travels_along() {
        let (data, _) = signed(
            "alice@example.com",
            SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256),
        );
        assert_eq!(data.certificates.unwrap().0.len(), 2);
        let info = data.signer_infos.0.get(0).unwrap();
        assert!(matches!(
            info.sid,
            SignerIdentifier::IssuerAndSerialNumber(_)
        ));
        let mut found: Vec<_> = info
            .signed_attrs
            .as_ref()
            .unwrap()
            .iter()
            .map(|attribute| attribute.oid)
            .collect();
        let mut expected = vec![
            oid::ID_CONTENT_TYPE,
            oid::ID_MESSAGE_DIGEST,
            oid::ID_SIGNING_TIME,
            oid::SMIME_CAPABILITIES,
            oid::ID_AA_ENCRYP_KEY_PREF,
            oid::ID_AA_SIGNING_CERTIFICATE_V_2,
            oid::ID_AA_CMS_ALGORITHM_PROTECT,
        ];
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_certificate_that_may_not_receive_is_no_encryption_key_preference() {
        let (data, _) = signed(
            "sign-only@example.com",
            SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256),
        );
        let info = data.signer_infos.0.get(0).unwrap();
        let attributes = info.signed_attrs.as_ref().unwrap();
        assert!(
            attributes
                .iter()
                .all(|attribute| attribute.oid != oid::ID_AA_ENCRYP_KEY_PREF)
        );
    }

    #[test]
    fn the_version_of_enveloped_data_follows_its_recipients() {
        let keys = keys();
        let rsa = keys.recipient(&address("bob@example.com")).unwrap();
        let ec = keys.recipient(&address("dave@example.com")).unwrap();
        for (recipients, version) in [(vec![&rsa], 0), (vec![&rsa, &ec], 2)] {
            let (encryptor, key) = Encryptor::new(ContentCipher::Aes128Cbc).unwrap();
            let infos: Vec<_> = recipients
                .iter()
                .map(|recipient| {
                    let cipher = ContentCipher::Aes128Cbc;
                    RecipientInfo::new(recipient, &key, cipher, KeyTransport::Pkcs1v15).unwrap()
                })
                .collect();
            let framing =
                enveloped_data::frame(&infos, &encryptor.algorithm_identifier(), 16).unwrap();
            let der = [&framing.prefix[..], &[0; 16], &framing.suffix].concat();
            let data: EnvelopedData = ContentInfo::from_der(&der)
                .unwrap()
                .content
                .decode_as()
                .unwrap();
            assert_eq!(data.version as u8, version);
            assert_eq!(data.recip_infos.0.len(), recipients.len());
        }
    }

    #[test]
    fn the_wrapped_key_of_key_agreement_does_not_open_without_the_private_key() {
        let dave = keys().recipient(&address("dave@example.com")).unwrap();
        let (_, key) = Encryptor::new(ContentCipher::Aes256Cbc).unwrap();
        let info = RecipientInfo::new(
            &dave,
            &key,
            ContentCipher::Aes256Cbc,
            KeyTransport::Pkcs1v15,
        );
        let Parsed::Kari(kari) = Parsed::from_der(info.unwrap().der()).unwrap() else {
            panic!("an elliptic-curve recipient gets key agreement")
        };
        assert!(matches!(
            kari.originator,
            OriginatorIdentifierOrKey::OriginatorKey(_)
        ));
        // The builder of the cms crate wraps under a key of zeros; ours must not.
        let zeros = aes_kw::KwAes256::new(&[0; 32].into());
        let wrapped = kari.recipient_enc_keys[0].enc_key.as_bytes();
        assert!(zeros.unwrap_key(wrapped, &mut [0; 32]).is_err());
    }

    #[test]
    fn nobody_is_not_a_recipient() {
        let (encryptor, _) = Encryptor::new(ContentCipher::Aes128Cbc).unwrap();
        let framing = enveloped_data::frame(&[], &encryptor.algorithm_identifier(), 16);
        assert!(matches!(framing, Err(Error::NoRecipient)));
    }
}
