//! Signing an entity: multipart/signed (RFC 8551 3.5.3) or opaque application/pkcs7-mime (3.5.2).
//!
//! # Not supported
//!
//! Several signers; signing what is encrypted (triple wrapping, RFC 8551 3.7).

use crate::cms::signed_data::{self, Signing};
use crate::crypto::Digest;
use crate::keys::Signer;
use crate::mime::{CanonicalEntity, SmimeType, multipart_signed, pkcs7_mime};

use super::Error;

/// Where the signed content travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Inside the CMS structure: no relay can rewrite it, and a client without S/MIME shows
    /// nothing.
    Opaque,
    /// Readable beside the signature, in multipart/signed.
    Detached,
}

/// An entity with a signature over all of it.
///
/// Only [`SignedEntity::sign`] makes one.
///
/// ```compile_fail,E0603
/// let entity = mailseal::smime::sign::SignedEntity(todo!());
/// ```
#[derive(Debug)]
pub struct SignedEntity(CanonicalEntity);

impl SignedEntity {
    /// Reads the entity once for its digest, and signs that.
    pub fn sign(
        entity: CanonicalEntity,
        signer: &Signer,
        form: Form,
        signing: Signing,
    ) -> Result<SignedEntity, Error> {
        let mut digest = Digest::new(signing.algorithm.digest());
        entity.write_to(&mut digest)?;
        let digest = digest.finalize();
        let signed = match form {
            Form::Opaque => {
                let framing = signed_data::opaque(&digest, entity.len(), signer, signing)?;
                pkcs7_mime(
                    SmimeType::SignedData,
                    framing.prefix,
                    entity,
                    framing.suffix,
                )
            }
            Form::Detached => {
                let signature = signed_data::detached(&digest, signer, signing)?;
                multipart_signed(entity, signing.algorithm.digest().micalg(), &signature)
            }
        };
        Ok(SignedEntity(signed))
    }
}

/// A signed entity is in canonical form itself: 7-bit, short lines, CRLF.
impl From<SignedEntity> for CanonicalEntity {
    fn from(signed: SignedEntity) -> CanonicalEntity {
        signed.0
    }
}
