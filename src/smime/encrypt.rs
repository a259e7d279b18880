//! Encrypting an entity: application/pkcs7-mime with EnvelopedData (RFC 8551 3.3) or
//! AuthEnvelopedData (3.4).

use std::io::{self, Write};

use crate::cms::content_info::Framing;
use crate::cms::recipient::RecipientInfo;
use crate::cms::{auth_enveloped, enveloped_data};
use crate::crypto::{ContentCipher, Encryptor, KeyTransport};
use crate::keys::RecipientCertificate;
use crate::mime::{CanonicalEntity, SmimeType, write_pkcs7_mime};

use super::Error;

/// What to encrypt with.
#[derive(Clone, Copy, Debug)]
pub struct Encryption {
    /// The content-encryption algorithm.
    pub cipher: ContentCipher,
    /// How the content key goes to recipients with RSA keys.
    pub key_transport: KeyTransport,
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
    /// Makes a fresh content key and encrypts it to every recipient, of whom there must be one.
    pub fn encrypt(
        entity: CanonicalEntity,
        recipients: &[RecipientCertificate],
        encryption: Encryption,
    ) -> Result<EnvelopedEntity, Error> {
        let (encryptor, content_key) =
            Encryptor::with_length(encryption.cipher, &[], entity.len())?;
        let recipients = recipients
            .iter()
            .map(|recipient| {
                RecipientInfo::new(
                    recipient,
                    &content_key,
                    encryption.cipher,
                    encryption.key_transport,
                )
            })
            .collect::<Result<Vec<_>, _>>()?;
        let (frame, smime_type): (fn(&_, &_, _) -> _, _) = if encryption.cipher.is_aead() {
            (auth_enveloped::frame, SmimeType::AuthEnvelopedData)
        } else {
            (enveloped_data::frame, SmimeType::EnvelopedData)
        };
        let framing = frame(
            &recipients,
            &encryptor.algorithm_identifier(),
            encryption.cipher.encrypted_length(entity.len()),
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
