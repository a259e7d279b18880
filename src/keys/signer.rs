//! The proof that somebody can sign: certificate, private key and intermediates.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::crypto::{PrivateKey, PublicKey};
use crate::keys::Error;
use crate::keys::pinned::PinnedCertificate;
use crate::x509::Certificate;

/// Somebody who can sign: a certificate for the address it was looked up by, valid and meant for
/// signing mail, the private key that belongs to it, and the intermediates that travel along.
///
/// [`KeyDirectory::signer`](crate::keys::KeyDirectory::signer) is the one way to get one. No
/// other code can make it:
///
/// ```compile_fail,E0451
/// let forged = mailseal::keys::Signer { inner: unimplemented!() };
/// ```
///
/// ```compile_fail,E0599
/// let forged = mailseal::keys::Signer::default();
/// ```
///
/// Cloning it is cheap.
#[derive(Clone)]
pub struct Signer {
    inner: Arc<Inner>,
}

struct Inner {
    certificate: Certificate,
    public_key: PublicKey,
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
                public_key: pinned.public_key,
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

    /// The public key as the certificate has it, with what it is restricted to: the file with the
    /// private key may not know that a key is for RSASSA-PSS alone.
    pub fn public_key(&self) -> &PublicKey {
        &self.inner.public_key
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::testing::{TestKeys, address, pkcs8_pem, secret_key};
    use crate::x509::testing::{TestCertificate, name};

    const BOB: &str = "bob@example.com";

    fn certificate(serial: u8) -> TestCertificate {
        let mut certificate = TestCertificate::of(BOB, &secret_key(serial));
        certificate.serial_number = vec![serial];
        certificate
    }

    #[test]
    fn intermediates_travel_in_order_once_and_without_roots() {
        let keys = TestKeys::with(BOB);
        let mut root = certificate(4);
        root.issuer = name("Root");
        root.subject = name("Root");
        let chain = [
            certificate(7).pem(),
            certificate(3).pem(),
            root.pem(),
            certificate(2).pem(),
            certificate(3).pem(),
            certificate(7).pem(),
        ];
        keys.write("bob@example.com.crt", chain.concat());
        let signer = keys.open().signer(&address(BOB)).unwrap();
        assert_eq!(signer.certificate().serial_hex(), "07");
        let intermediates = signer.intermediates().iter();
        let serials: Vec<_> = intermediates.map(Certificate::serial_hex).collect();
        assert_eq!(serials, ["03", "02"]);
    }

    #[test]
    fn a_key_that_belongs_elsewhere_is_refused() {
        let keys = TestKeys::with(BOB);
        keys.write("bob@example.com.pem", pkcs8_pem(&secret_key(8)));
        let error = keys.open().signer(&address(BOB)).unwrap_err();
        assert!(matches!(
            &error,
            Error::KeyMismatch {
                belongs_to: None,
                ..
            }
        ));
        assert!(error.to_string().ends_with("bob@example.com.crt"));
        let reversed = [certificate(7).pem(), certificate(8).pem()].concat();
        keys.write("bob@example.com.crt", reversed);
        let error = keys.open().signer(&address(BOB)).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("to certificate number 2 in that file")
        );
        assert!(error.hint().is_some());
    }

    #[test]
    fn key_and_certificate_may_share_the_pem_file() {
        let keys = TestKeys::with(BOB);
        let both = certificate(7).pem() + &pkcs8_pem(&secret_key(7));
        keys.write("bob@example.com.pem", both);
        assert!(keys.open().signer(&address(BOB)).is_ok());
    }

    #[test]
    fn a_signer_and_its_directory_are_shared_between_threads_and_print_no_key() {
        fn shared<T: Send + Sync>(_: &T) {}
        let keys = TestKeys::with(BOB).open();
        shared(&keys);
        let keys = TestKeys::with(BOB);
        let signer = keys.open().signer(&address(BOB)).unwrap();
        shared(&signer);
        assert_eq!(
            format!("{signer:?}"),
            "Signer(Certificate { subject: \"CN=Test\", issuer: \"CN=Test CA\", serial: \"01\", .. }, ..)"
        );
    }
}
