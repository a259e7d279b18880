//! The proof that a message may be encrypted to a certificate.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use crate::address::Address;
use crate::crypto::PublicKey;
use crate::keys::pinned::PinnedCertificate;
use crate::keys::{Error, Use};
use crate::x509::Certificate;

/// A certificate that a message may be encrypted to: pinned in the key directory, for the address
/// it was looked up by, valid, meant for receiving mail, with a key that can be worked with.
///
/// [`KeyDirectory::recipient`](crate::keys::KeyDirectory::recipient) is the one way to get one.
/// No other code can make it:
///
/// ```compile_fail,E0451
/// let forged = mailseal::keys::RecipientCertificate { inner: unimplemented!() };
/// ```
///
/// ```compile_fail,E0599
/// let forged = mailseal::keys::RecipientCertificate::default();
/// ```
///
/// Cloning it is cheap.
#[derive(Clone)]
pub struct RecipientCertificate {
    inner: Arc<Inner>,
}

struct Inner {
    certificate: Certificate,
    public_key: PublicKey,
}

impl RecipientCertificate {
    /// The maker: from the content of the file that is pinned for this address.
    pub(super) fn pinned(
        path: &Path,
        bytes: &[u8],
        address: &Address,
        now: Timestamp,
    ) -> Result<RecipientCertificate, Error> {
        let pinned = PinnedCertificate::read(path, bytes, address, now, Use::Receiving)?;
        Ok(RecipientCertificate {
            inner: Arc::new(Inner {
                certificate: pinned.certificate,
                public_key: pinned.public_key,
            }),
        })
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.inner.certificate
    }

    /// Its public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.inner.public_key
    }
}

impl fmt::Debug for RecipientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecipientCertificate")
            .field(self.certificate())
            .finish()
    }
}
