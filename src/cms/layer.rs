//! Reading: one CMS layer as it comes, BER or DER, from whatever client made it.
//!
//! # Not supported
//!
//! Judging signatures; recipients by password, by key-encryption key and by KEM; content of more
//! than memory holds.

use cms::authenveloped_data::AuthEnvelopedData;
use cms::content_info::ContentInfo;
use cms::enveloped_data::{
    EncryptedContentInfo, EnvelopedData, KeyAgreeRecipientInfo, KeyTransRecipientInfo,
    OriginatorIdentifierOrKey, RecipientInfo,
};
use cms::signed_data::SignedData;
use der::asn1::{ObjectIdentifier, OctetString};
use der::referenced::OwnedToRef;
use der::{Decode, Encode};

use super::Error;
use crate::asn1::{ber, oid};
use crate::crypto;
use crate::crypto::{
    ContentCipher, ContentEncryptionAlgorithm, ContentEncryptionKey, Decryptor,
    KeyAgreementAlgorithm, KeyTransportAlgorithm, OriginatorPublicKey, PrivateKey, PublicKey,
};

/// A ContentInfo (RFC 5652 3), by its content type.
#[derive(Debug)]
pub enum Layer {
    /// SignedData, and the content inside it; none when it travels beside (RFC 5652 5.2).
    Signed {
        /// The octets of eContent.
        content: Option<Box<[u8]>>,
    },
    /// EnvelopedData or AuthEnvelopedData.
    Enveloped(Enveloped),
    /// Another content type.
    Other(ObjectIdentifier),
}

/// EnvelopedData (RFC 5652 6) or AuthEnvelopedData (RFC 5083).
#[derive(Debug)]
pub struct Enveloped {
    recipients: Vec<RecipientInfo>,
    algorithm: ContentEncryptionAlgorithm,
    content: Box<[u8]>,
    authentication: Option<Authentication>,
}

/// What AuthEnvelopedData has beside the content.
#[derive(Debug)]
struct Authentication {
    tag: Box<[u8]>,
    /// The DER of the authenticated attributes, as SET OF; empty when there are none.
    attributes: Vec<u8>,
}

impl Layer {
    /// Reads a ContentInfo.
    ///
    /// # Errors
    ///
    /// [`Error::Ber`] and [`Error::Encoding`] for what is none.
    pub fn read(octets: &[u8]) -> Result<Layer, Error> {
        let der = ber::to_der(octets)?;
        let info = ContentInfo::from_der(&der)?;
        Ok(match info.content_type {
            oid::ID_SIGNED_DATA => {
                let data: SignedData = info.content.decode_as()?;
                let content = data.encap_content_info.econtent;
                Layer::Signed {
                    content: content
                        .map(|content| content.decode_as::<OctetString>())
                        .transpose()?
                        .map(OctetString::into_bytes),
                }
            }
            oid::ID_ENVELOPED_DATA => {
                let data: EnvelopedData = info.content.decode_as()?;
                let recipients = data.recip_infos.0.into_vec();
                Layer::Enveloped(Enveloped::new(recipients, data.encrypted_content, None)?)
            }
            oid::ID_CT_AUTH_ENVELOPED_DATA => {
                let data: AuthEnvelopedData = info.content.decode_as()?;
                let recipients = data.recip_infos.0.into_vec();
                // RFC 5083 2.2: the attributes are authenticated as a SET OF, not by the [1] of
                // the message; without them there is nothing beside the content.
                let attributes = match &data.auth_attrs {
                    Some(attributes) => attributes.to_der()?,
                    None => Vec::new(),
                };
                let authentication = Authentication {
                    tag: data.mac.into_bytes(),
                    attributes,
                };
                Layer::Enveloped(Enveloped::new(
                    recipients,
                    data.auth_encrypted_content_info,
                    Some(authentication),
                )?)
            }
            other => Layer::Other(other),
        })
    }
}

impl Enveloped {
    fn new(
        recipients: Vec<RecipientInfo>,
        content: EncryptedContentInfo,
        authentication: Option<Authentication>,
    ) -> Result<Enveloped, Error> {
        let algorithm = content.content_enc_alg.owned_to_ref();
        let algorithm = ContentEncryptionAlgorithm::from_algorithm_identifier(algorithm)?;
        // Else the tag of an AEAD content could be dropped by changing the content type.
        if algorithm.cipher().is_aead() != authentication.is_some() {
            return Err(Error::CipherOutOfPlace {
                cipher: algorithm.cipher().name(),
            });
        }
        let content = content.encrypted_content.ok_or(Error::NoContent)?;
        Ok(Enveloped {
            recipients,
            algorithm,
            content: content.into_bytes(),
            authentication,
        })
    }

    /// Whether a tag protects the content against change (AuthEnvelopedData).
    pub fn is_authenticated(&self) -> bool {
        self.authentication.is_some()
    }

    /// What this key makes of the content: nothing when it is no recipient's, and with AES-CBC
    /// noise once in 256 times, which the caller has to tell from content.
    ///
    /// # Errors
    ///
    /// An algorithm that is not supported, for a recipient whose kind of key this is.
    pub fn decrypt(&self, key: &PrivateKey) -> Result<Vec<Vec<u8>>, Error> {
        let mut contents = Vec::new();
        let mut unsupported = None;
        for content_key in self.content_keys(key) {
            match content_key.and_then(|content_key| self.content(&content_key)) {
                Ok(content) => contents.push(content),
                Err(crypto::Error::DecryptionFailed) => {}
                Err(error) => drop(unsupported.get_or_insert(error)),
            }
        }
        match unsupported {
            // It may be another recipient's.
            Some(error) if contents.is_empty() => Err(error.into()),
            _ => Ok(contents),
        }
    }

    /// What this key makes of each RecipientInfo for keys of its kind.
    fn content_keys(&self, key: &PrivateKey) -> Vec<Result<ContentEncryptionKey, crypto::Error>> {
        let cipher = self.algorithm.cipher();
        let mut keys = Vec::new();
        for recipient in &self.recipients {
            match (recipient, key.public_key()) {
                (RecipientInfo::Ktri(info), PublicKey::Rsa(_)) => {
                    keys.push(transported(info, key, cipher));
                }
                (RecipientInfo::Kari(info), PublicKey::Ec(_)) => {
                    keys.extend(agreed(info, key, cipher));
                }
                _ => {}
            }
        }
        keys
    }

    fn content(&self, key: &ContentEncryptionKey) -> Result<Vec<u8>, crypto::Error> {
        let attributes = match &self.authentication {
            Some(Authentication { attributes, .. }) => &attributes[..],
            None => &[],
        };
        let length = self.content.len() as u64;
        let mut decryptor = Decryptor::with_length(&self.algorithm, key, attributes, length)?;
        let mut content = Vec::with_capacity(self.content.len());
        decryptor.update(&self.content, &mut content)?;
        let tag = self.authentication.as_ref().map(|it| &it.tag[..]);
        content.extend(decryptor.finish(tag)?);
        Ok(content)
    }
}

fn transported(
    info: &KeyTransRecipientInfo,
    key: &PrivateKey,
    cipher: ContentCipher,
) -> Result<ContentEncryptionKey, crypto::Error> {
    let algorithm = info.key_enc_alg.owned_to_ref();
    let algorithm = KeyTransportAlgorithm::from_algorithm_identifier(algorithm)?;
    algorithm.decrypt(key, info.enc_key.as_bytes(), cipher)
}

/// RFC 5753 3.1.1: one ephemeral key may serve several recipients.
fn agreed(
    info: &KeyAgreeRecipientInfo,
    key: &PrivateKey,
    cipher: ContentCipher,
) -> Vec<Result<ContentEncryptionKey, crypto::Error>> {
    // An originator's certificate, for static-static agreement, is not used in mail.
    let OriginatorIdentifierOrKey::OriginatorKey(originator) = &info.originator else {
        return Vec::new();
    };
    let originator = OriginatorPublicKey {
        algorithm: originator.algorithm.owned_to_ref(),
        public_key: originator.public_key.raw_bytes(),
    };
    let ukm = info.ukm.as_ref().map(OctetString::as_bytes);
    let key_encryption_key =
        KeyAgreementAlgorithm::from_algorithm_identifier(info.key_enc_alg.owned_to_ref())
            .and_then(|algorithm| algorithm.agree(key, &originator, ukm));
    match key_encryption_key {
        Err(error) => vec![Err(error)],
        Ok(key) => info
            .recipient_enc_keys
            .iter()
            .map(|recipient| key.unwrap(recipient.enc_key.as_bytes(), cipher))
            .collect(),
    }
}
