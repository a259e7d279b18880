//! Encrypting an entity: application/pkcs7-mime with EnvelopedData (RFC 8551 3.3) or
//! AuthEnvelopedData (3.4).
//!
//! ```
//! use mailseal::crypto::{ContentCipher, KeyTransport};
//! use mailseal::mime::{Message, RawMessage};
//! use mailseal::secret::Secret;
//! use mailseal::smime::encrypt::{Encryption, EnvelopedEntity, SecretRecipient};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let raw = RawMessage::from_bytes(b"Subject: hello\r\n\r\nhello\r\n".to_vec());
//! let (_outer_header, entity) = Message::parse(raw)?.split();
//! let encryption = Encryption {
//!     cipher: ContentCipher::Aes256Gcm,
//!     key_transport: KeyTransport::Pkcs1v15,
//!     secret_recipients: vec![SecretRecipient::Password(Secret::from_string("hunter2".into()))],
//! };
//! let mut sealed = Vec::new();
//! EnvelopedEntity::encrypt(entity.canonicalize()?, &[], &encryption)?.write_to(&mut sealed)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Not supported
//!
//! Authenticated and unprotected attributes.

use std::io::{self, Write};

use crate::cms::content_info::Framing;
use crate::cms::recipient::RecipientInfo;
use crate::cms::{auth_enveloped, enveloped_data};
use crate::crypto::{ContentCipher, ContentEncryptionKey, Encryptor, KeyTransport};
use crate::keys::RecipientCertificate;
use crate::mime::{CanonicalEntity, SmimeType, write_pkcs7_mime};
use crate::secret::Secret;

use super::Error;

/// What to encrypt with.
#[derive(Clone, Debug)]
pub struct Encryption {
    /// The content-encryption algorithm.
    pub cipher: ContentCipher,
    /// How the content key goes to recipients with RSA keys.
    pub key_transport: KeyTransport,
    /// Who can read beside those with a certificate.
    pub secret_recipients: Vec<SecretRecipient>,
}

/// A recipient without a certificate: whoever knows a secret.
#[derive(Clone, Debug)]
pub enum SecretRecipient {
    /// A password (RFC 3211). Whoever gets the message can try passwords on it.
    Password(Secret),
    /// A key that sender and recipients share (RFC 5652 6.2.3).
    KeyEncryptionKey {
        /// Its name, which stands in the message.
        id: Vec<u8>,
        /// 16, 24 or 32 octets; as many as the key of the cipher at least.
        key: Secret,
    },
}

impl SecretRecipient {
    fn recipient_info(&self, content_key: &ContentEncryptionKey) -> Result<RecipientInfo, Error> {
        Ok(match self {
            SecretRecipient::Password(password) => {
                RecipientInfo::for_password(password, content_key)?
            }
            SecretRecipient::KeyEncryptionKey { id, key } => {
                RecipientInfo::for_shared_key(id, key, content_key)?
            }
        })
    }
}

/// An entity that is encrypted while it is written, to the recipients it was made for.
#[derive(Debug)]
pub struct EnvelopedEntity {
    entity: CanonicalEntity,
    smime_type: SmimeType,
    framing: Framing,
    encryptor: Encryptor,
}

impl EnvelopedEntity {
    /// Makes a fresh content key and encrypts it to every recipient, of whom there must be one,
    /// with a certificate or a secret.
    pub fn encrypt(
        entity: CanonicalEntity,
        recipients: &[RecipientCertificate],
        encryption: &Encryption,
    ) -> Result<EnvelopedEntity, Error> {
        let secret_recipients = &encryption.secret_recipients;
        let cipher = encryption.cipher;
        let (encryptor, content_key) = Encryptor::with_length(cipher, &[], entity.len())?;
        let mut infos = Vec::new();
        for recipient in recipients {
            let key_transport = encryption.key_transport;
            infos.push(RecipientInfo::new(
                recipient,
                &content_key,
                cipher,
                key_transport,
            )?);
        }
        for recipient in secret_recipients {
            infos.push(recipient.recipient_info(&content_key)?);
        }
        let (frame, smime_type): (fn(&_, &_, _) -> _, _) = if cipher.is_aead() {
            (auth_enveloped::frame, SmimeType::AuthEnvelopedData)
        } else {
            (enveloped_data::frame, SmimeType::EnvelopedData)
        };
        let framing = frame(
            &infos,
            &encryptor.algorithm_identifier(),
            cipher.encrypted_length(entity.len()),
        )?;
        Ok(EnvelopedEntity {
            entity,
            smime_type,
            framing,
            encryptor,
        })
    }

    /// Writes the header fields and the body, once: the key and nonce are used up by it.
    pub fn write_to(self, out: &mut dyn Write) -> io::Result<()> {
        let EnvelopedEntity {
            entity,
            smime_type,
            framing,
            encryptor,
        } = self;
        let mut encryptor = Some(encryptor);
        write_pkcs7_mime(smime_type, out, &mut |der| {
            let Some(encryptor) = encryptor.take() else {
                return Err(io::Error::other("an enveloped entity can be written once"));
            };
            der.write_all(&framing.prefix)?;
            let mut content = EncryptingWriter {
                encryptor,
                encrypted: Vec::new(),
                out: der,
            };
            entity.write_to(&mut content)?;
            let EncryptingWriter { encryptor, .. } = content;
            let end = encryptor.finish();
            der.write_all(&end.last)?;
            der.write_all(&framing.suffix)?;
            match end.authentication_tag {
                Some(tag) => der.write_all(&auth_enveloped::mac(&tag).map_err(io::Error::other)?),
                None => Ok(()),
            }
        })
    }
}

/// Passes on what it is given, encrypted.
struct EncryptingWriter<'a> {
    encryptor: Encryptor,
    encrypted: Vec<u8>,
    out: &'a mut dyn Write,
}

impl Write for EncryptingWriter<'_> {
    fn write(&mut self, plain: &[u8]) -> io::Result<usize> {
        self.encrypted.clear();
        self.encryptor
            .update(plain, &mut self.encrypted)
            .map_err(io::Error::other)?;
        self.out.write_all(&self.encrypted)?;
        Ok(plain.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
