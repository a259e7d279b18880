//! The proof that a message may be encrypted to a certificate.

use std::fmt;
use std::sync::Arc;

use crate::crypto::{ContentCipher, PublicKey};
use crate::keys::choice::Choice;
use crate::keys::pinned::PinnedCertificate;
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
    capabilities: Vec<ContentCipher>,
    choice: Choice,
}

impl RecipientCertificate {
    /// The maker: from a certificate fit for receiving.
    pub(super) fn pinned(
        pinned: PinnedCertificate,
        capabilities: Vec<ContentCipher>,
    ) -> RecipientCertificate {
        let (certificate, public_key, _, choice) = pinned.into_parts();
        RecipientCertificate {
            inner: Arc::new(Inner {
                certificate,
                public_key,
                capabilities,
                choice,
            }),
        }
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.inner.certificate
    }

    /// Its public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.inner.public_key
    }

    /// The ciphers that its owner's mail client is known to decrypt, the most wanted first; none
    /// if nothing is known. From `<address>.json`.
    pub fn capabilities(&self) -> &[ContentCipher] {
        &self.inner.capabilities
    }

    /// Why this certificate, of those that were there.
    pub fn choice(&self) -> &Choice {
        &self.inner.choice
    }
}

impl fmt::Debug for RecipientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecipientCertificate")
            .field(self.certificate())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::testing::{TestKeys, address, secret_key};
    use crate::keys::{Error, Reason};
    use crate::x509::testing::{TestCertificate, key_usage, utc_time};

    const BOB: &str = "bob@example.com";

    fn certificate(serial: u8) -> TestCertificate {
        let mut certificate = TestCertificate::of(BOB, &secret_key(serial));
        certificate.serial_number = vec![serial];
        certificate
    }

    fn expired(serial: u8) -> TestCertificate {
        let mut certificate = certificate(serial);
        certificate.not_after = utc_time("260201000000Z");
        certificate
    }

    fn signing_only(serial: u8) -> TestCertificate {
        let mut certificate = certificate(serial);
        certificate.extensions[1] = key_usage(0b1000_0000);
        certificate
    }

    fn for_somebody_else(serial: u8) -> TestCertificate {
        let mut certificate = TestCertificate::of("zoe@example.com", &secret_key(serial));
        certificate.serial_number = vec![serial];
        certificate
    }

    fn keys_with(certificates: &[TestCertificate]) -> TestKeys {
        let keys = TestKeys::new();
        let pem: Vec<String> = certificates.iter().map(TestCertificate::pem).collect();
        keys.write("bob@example.com.crt", pem.concat());
        keys
    }

    fn preferring(keys: &TestKeys, certificate: &TestCertificate) {
        use sha2::{Digest, Sha256};
        let digest = Sha256::digest(certificate.der());
        let digest: String = digest.iter().map(|octet| format!("{octet:02X}")).collect();
        keys.write(
            "bob@example.com.json",
            format!(r#"{{"version":1,"capabilities":["aes128-gcm"],"preferred":"{digest}"}}"#),
        );
    }

    #[track_caller]
    fn chosen(keys: &TestKeys) -> (String, Reason, usize) {
        let recipient = keys.open().recipient(&address(BOB)).unwrap();
        let choice = recipient.choice();
        (
            recipient.certificate().serial_hex(),
            choice.reason,
            choice.passed_over.len(),
        )
    }

    #[test]
    fn the_first_that_is_fit_is_taken() {
        let chosen = |certificates: &[TestCertificate]| chosen(&keys_with(certificates));
        let only = chosen(&[certificate(1), for_somebody_else(2)]);
        assert_eq!(only, ("01".into(), Reason::Only, 0));
        let only = chosen(&[for_somebody_else(2), certificate(1)]);
        assert_eq!(only, ("01".into(), Reason::Only, 0));
        let fit = chosen(&[expired(1), signing_only(2), certificate(3)]);
        assert_eq!(fit, ("03".into(), Reason::OnlyFit, 2));
        let first = chosen(&[expired(1), certificate(2), certificate(3)]);
        assert_eq!(first, ("02".into(), Reason::First, 2));
    }

    #[test]
    fn the_one_its_owner_prefers_wins_if_it_is_fit() {
        let keys = keys_with(&[certificate(1), certificate(2), expired(3)]);
        preferring(&keys, &certificate(2));
        assert_eq!(chosen(&keys), ("02".into(), Reason::Preferred, 2));
        preferring(&keys, &expired(3));
        assert_eq!(chosen(&keys), ("01".into(), Reason::First, 2));
        preferring(&keys, &certificate(9));
        assert_eq!(chosen(&keys), ("01".into(), Reason::First, 2));
    }

    #[test]
    fn one_person_signs_with_one_certificate_and_receives_with_another() {
        let files = TestKeys::testdata();
        let keys = files.open();
        let several = address("several@example.com");
        let recipient = keys.recipient(&several).unwrap();
        assert_eq!(recipient.certificate().serial_hex(), "1034");
        assert_eq!(recipient.choice().reason, Reason::Preferred);
        assert!(recipient.capabilities().contains(&ContentCipher::Aes256Gcm));
        let signer = keys.signer(&several).unwrap();
        assert_eq!(signer.certificate().serial_hex(), "1032");
        assert_eq!(signer.intermediates().len(), 1);
    }

    #[test]
    fn the_choice_is_told_in_sentences() {
        let keys = keys_with(&[certificate(1), certificate(2), expired(3)]);
        preferring(&keys, &expired(3));
        let recipient = keys.open().recipient(&address(BOB)).unwrap();
        let path = keys.path("bob@example.com.crt");
        let path = path.display();
        assert_eq!(
            recipient.choice().sentences(),
            [
                format!("certificate number 1 of {path} is used: it is the first that is fit"),
                "number 2 is not used, though it is fit".to_owned(),
                format!(
                    "number 3, which its owner prefers, is not used: the certificate {path} \
                     expired at 2026-02-01T00:00:00Z (it is 2026-07-01T12:00:00Z)"
                ),
            ]
        );
        let others = TestKeys::with(BOB);
        assert_eq!(
            others
                .open()
                .recipient(&address(BOB))
                .unwrap()
                .choice()
                .sentences()
                .len(),
            1
        );
    }

    #[test]
    fn of_several_unfit_ones_the_nearest_says_what_is_wrong() {
        let error = |certificates: &[TestCertificate]| {
            keys_with(certificates)
                .open()
                .recipient(&address(BOB))
                .unwrap_err()
        };
        let found = error(&[for_somebody_else(1), expired(2)]);
        assert!(matches!(found, Error::Expired { .. }), "{found:?}");
        let found = error(&[signing_only(1), expired(2), for_somebody_else(3)]);
        assert!(matches!(found, Error::KeyUsage { .. }), "{found:?}");
        let found = error(&[for_somebody_else(1), for_somebody_else(2)]);
        assert!(
            matches!(found, Error::AddressNotCertified { .. }),
            "{found:?}"
        );
    }

    #[test]
    fn capabilities_come_from_the_file_beside_the_certificate() {
        let keys = keys_with(&[certificate(1)]);
        let recipient = keys.open().recipient(&address(BOB)).unwrap();
        assert!(recipient.capabilities().is_empty());
        preferring(&keys, &certificate(1));
        let recipient = keys.open().recipient(&address(BOB)).unwrap();
        assert_eq!(recipient.capabilities(), [ContentCipher::Aes128Gcm]);
        for broken in ["", "{", r#"{"version":1,"capabilities":"aes128-gcm"}"#] {
            keys.write("bob@example.com.json", format!("{broken} "));
            let error = keys.open().recipient(&address(BOB)).unwrap_err();
            assert!(matches!(&error, Error::Preferences { .. }), "{error:?}");
            assert!(error.to_string().contains("bob@example.com.json"));
        }
        // Who signs need not be told what others can read.
        keys.write(
            "bob@example.com.pem",
            crate::keys::testing::pkcs8_pem(&secret_key(1)),
        );
        assert!(keys.open().signer(&address(BOB)).is_ok());
    }
}
