//! The proof that somebody can sign: certificate, private key and intermediates.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use crate::address::Address;
use crate::crypto::{PrivateKey, PublicKey};
use crate::keys::choice::Choice;
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
    choice: Choice,
}

impl Signer {
    /// The maker: from a certificate fit for signing and the private key that it was chosen for.
    /// `None` if the two do not belong together.
    pub(super) fn holding(
        pinned: PinnedCertificate,
        private_key: Arc<PrivateKey>,
        address: &Address,
    ) -> Option<Signer> {
        let (certificate, public_key, others, choice) = pinned.into_parts();
        (*private_key.public_key() == public_key).then(|| Signer {
            inner: Arc::new(Inner {
                intermediates: intermediates(&certificate, others, address),
                certificate,
                public_key,
                private_key,
                choice,
            }),
        })
    }

    /// The certificate to sign with.
    pub fn certificate(&self) -> &Certificate {
        &self.inner.certificate
    }

    /// The other certificates of its file, in their order, each once, without self-signed ones
    /// and without others for the same address.
    pub fn intermediates(&self) -> &[Certificate] {
        &self.inner.intermediates
    }

    /// The public key as the certificate has it, with what it is restricted to: the file with the
    /// private key may not know that a key is for RSASSA-PSS alone.
    pub fn public_key(&self) -> &PublicKey {
        &self.inner.public_key
    }

    /// Why this certificate, of those that were there.
    pub fn choice(&self) -> &Choice {
        &self.inner.choice
    }

    /// The private key.
    pub fn private_key(&self) -> &PrivateKey {
        &self.inner.private_key
    }
}

/// RFC 5652 5.1 has a sender put into the message what makes a path to a root, and lets the root
/// be left out: whoever does not have it already has no reason to trust it.
fn intermediates(
    certificate: &Certificate,
    others: Vec<Certificate>,
    address: &Address,
) -> Vec<Certificate> {
    let mut seen = HashSet::from([certificate.sha256_fingerprint()]);
    let is_for_address = |other: &Certificate| {
        let mut emails = other.emails().iter();
        emails.any(|email| email.matches(address))
    };
    others
        .into_iter()
        .filter(|other| !other.is_self_signed() && !is_for_address(other))
        .filter(|other| seen.insert(other.sha256_fingerprint()))
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
    use crate::keys::{Error, Reason};
    use crate::x509::testing::{TestCertificate, name, utc_time};

    const BOB: &str = "bob@example.com";

    fn certificate(serial: u8) -> TestCertificate {
        let mut certificate = TestCertificate::of(BOB, &secret_key(serial));
        certificate.serial_number = vec![serial];
        certificate
    }

    #[test]
    fn intermediates_travel_in_order_once_and_without_roots() {
        let keys = TestKeys::with(BOB);
        let intermediate = |serial| {
            let mut intermediate = certificate(serial);
            intermediate.extensions.clear();
            intermediate
        };
        let mut root = intermediate(4);
        root.issuer = name("Root");
        root.subject = name("Root");
        let chain = [
            certificate(7).pem(),
            intermediate(3).pem(),
            root.pem(),
            intermediate(2).pem(),
            intermediate(3).pem(),
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
        assert!(matches!(&error, Error::KeyMismatch { .. }));
        assert!(error.to_string().ends_with("bob@example.com.crt"));
    }

    #[test]
    fn of_several_private_keys_the_one_with_a_fit_certificate_signs() {
        use crate::x509::testing::key_usage;
        let keys = TestKeys::with(BOB);
        let mut receiving = certificate(7);
        receiving.extensions[1] = key_usage(0b0000_1000);
        keys.write(
            "bob@example.com.crt",
            receiving.pem() + &certificate(8).pem(),
        );
        let all = [9, 7, 8].map(|seed| pkcs8_pem(&secret_key(seed)));
        keys.write("bob@example.com.pem", all.concat());
        let signer = keys.open().signer(&address(BOB)).unwrap();
        assert_eq!(signer.certificate().serial_hex(), "08");
        keys.write("bob@example.com.pem", all[..2].concat());
        let error = keys.open().signer(&address(BOB)).unwrap_err();
        assert!(matches!(error, Error::KeyUsage { .. }), "{error:?}");
    }

    #[test]
    fn of_several_certificates_the_one_of_the_private_key_signs() {
        let keys = TestKeys::with(BOB);
        keys.write("bob@example.com.pem", pkcs8_pem(&secret_key(8)));
        let mut intermediate = certificate(3);
        intermediate.extensions.clear();
        let all = [&certificate(7), &intermediate, &certificate(8)].map(TestCertificate::pem);
        keys.write("bob@example.com.crt", all.concat());
        let signer = keys.open().signer(&address(BOB)).unwrap();
        assert_eq!(signer.certificate().serial_hex(), "08");
        let serials = signer.intermediates().iter().map(Certificate::serial_hex);
        assert_eq!(serials.collect::<Vec<_>>(), ["03"]);
        assert_eq!(signer.choice().reason, Reason::PrivateKey);
        // If its own certificate is not fit, another one is no help.
        let mut expired = certificate(8);
        expired.not_after = utc_time("260201000000Z");
        keys.write("bob@example.com.crt", certificate(7).pem() + &expired.pem());
        let error = keys.open().signer(&address(BOB)).unwrap_err();
        assert!(matches!(error, Error::Expired { .. }), "{error:?}");
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
