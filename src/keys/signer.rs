use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::crypto::PrivateKey;
use crate::keys::Error;
use crate::keys::pinned::PinnedCertificate;
use crate::x509::Certificate;

/// Somebody who can sign: a certificate for the address it was looked up by, valid and meant for
/// signing mail, the private key that belongs to it, and the intermediates that travel along.
///
/// [`KeyDirectory::signer`](crate::keys::KeyDirectory::signer) is the one way to get one. No
/// other code can make it:
///
/// ```compile_fail
/// use mailseal::keys::Signer;
///
/// fn forge(inner: std::sync::Arc<()>) -> Signer {
///     Signer { inner }
/// }
/// ```
///
/// ```compile_fail
/// let nobody = mailseal::keys::Signer::default();
/// ```
///
/// Cloning it is cheap.
#[derive(Clone)]
pub struct Signer {
    inner: Arc<Inner>,
}

struct Inner {
    certificate: Certificate,
    intermediates: Vec<Certificate>,
    private_key: Arc<PrivateKey>,
}

impl Signer {
    /// The maker: from a certificate fit for signing and the private key that was found for it.
    pub(super) fn holding(
        pinned: PinnedCertificate,
        certificate_path: &Path,
        private_key: Arc<PrivateKey>,
        private_key_path: &Path,
    ) -> Result<Signer, Error> {
        let public_key = private_key.public_key();
        if *public_key != pinned.public_key {
            let matching = |c: &Certificate| c.public_key().is_ok_and(|key| key == *public_key);
            return Err(Error::KeyMismatch {
                private_key: private_key_path.to_owned(),
                certificate: certificate_path.to_owned(),
                // Counted from 1, and the first of the file is not among the others.
                belongs_to: pinned.others.iter().position(matching).map(|n| n + 2),
            });
        }
        Ok(Signer {
            inner: Arc::new(Inner {
                intermediates: intermediates(&pinned.certificate, pinned.others),
                certificate: pinned.certificate,
                private_key,
            }),
        })
    }

    /// The certificate to sign with.
    pub fn certificate(&self) -> &Certificate {
        &self.inner.certificate
    }

    /// The other certificates of its file, in their order, each once, without self-signed ones.
    pub fn intermediates(&self) -> &[Certificate] {
        &self.inner.intermediates
    }

    /// The private key.
    pub fn private_key(&self) -> &PrivateKey {
        &self.inner.private_key
    }
}

/// RFC 5652 5.1 has a sender put into the message what makes a path to a root, and lets the root
/// be left out: whoever does not have it already has no reason to trust it.
fn intermediates(certificate: &Certificate, others: Vec<Certificate>) -> Vec<Certificate> {
    let mut seen = HashSet::from([certificate.sha256_fingerprint()]);
    others
        .into_iter()
        .filter(|other| !other.is_self_signed() && seen.insert(other.sha256_fingerprint()))
        .collect()
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer")
            .field(self.certificate())
            .finish_non_exhaustive()
    }
}
