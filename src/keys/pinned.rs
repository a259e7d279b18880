//! Which of the certificates that an operator pinned is fit for the use at hand.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::address::Address;
use crate::crypto::PublicKey;
use crate::keys::choice::{Choice, PassedOver, Reason};
use crate::keys::{Error, Use};
use crate::x509::Certificate;

/// RFC 8551 4.2 and 4.4: nothing is signed with or encrypted to a shorter RSA key.
const MIN_RSA_BITS: usize = 2048;

/// A certificate of a file in the key directory, once it has been found fit: it is for the address
/// it was looked up by, valid now, meant for mail and for the use at hand, and its key can be
/// worked with.
pub(super) struct PinnedCertificate {
    certificate: Certificate,
    public_key: PublicKey,
    others: Vec<Certificate>,
    choice: Choice,
}

/// What a certificate is looked for.
pub(super) struct Wish<'a> {
    pub(super) address: &'a Address,
    pub(super) now: Timestamp,
    pub(super) wanted: Use,
    /// The fingerprint of the one that its owner prefers.
    pub(super) preferred: Option<[u8; 32]>,
}

impl PinnedCertificate {
    /// The maker: takes the best of a file's certificates. Of those that are fit, the one that
    /// its owner prefers; else the one that the operator put first.
    pub(super) fn choose(
        path: &Path,
        certificates: Vec<Certificate>,
        wish: &Wish<'_>,
    ) -> Result<PinnedCertificate, Error> {
        PinnedCertificate::choose_among(path, certificates, wish, |_| true)
    }

    /// The maker for who has the private key: only certificates of this public key come into
    /// question. `None` if the file has no such certificate.
    pub(super) fn of_key(
        path: &Path,
        certificates: Vec<Certificate>,
        wish: &Wish<'_>,
        key: &PublicKey,
    ) -> Option<Result<PinnedCertificate, Error>> {
        let has_key = |c: &Certificate| c.public_key().is_ok_and(|own| own == *key);
        certificates.iter().any(has_key).then(|| {
            let mut pinned = PinnedCertificate::choose_among(path, certificates, wish, has_key)?;
            if pinned.choice.reason == Reason::First {
                pinned.choice.reason = Reason::PrivateKey;
            }
            Ok(pinned)
        })
    }

    fn choose_among(
        path: &Path,
        mut certificates: Vec<Certificate>,
        wish: &Wish<'_>,
        comes_into_question: impl Fn(&Certificate) -> bool,
    ) -> Result<PinnedCertificate, Error> {
        let judge = |certificate: &Certificate| fit(certificate, path, wish);
        let mut judged: Vec<Result<PublicKey, Error>> = certificates.iter().map(judge).collect();
        let is_preferred =
            |index: &usize| wish.preferred == Some(certificates[*index].sha256_fingerprint());
        let candidates: Vec<usize> = (0..certificates.len())
            .filter(|index| comes_into_question(&certificates[*index]))
            .collect();
        let mut fit = candidates
            .iter()
            .copied()
            .filter(|index| judged[*index].is_ok());
        let first = fit.clone().next();
        let Some(chosen) = fit.find(is_preferred).or(first) else {
            let errors = judged.into_iter().enumerate();
            let errors = errors.filter(|(index, _)| candidates.contains(index));
            let errors = errors.filter_map(|(_, judgement)| judgement.err());
            return Err(nearest(errors).unwrap_or_else(|| Error::Empty {
                path: path.to_owned(),
            }));
        };
        let passed_over: Vec<PassedOver> = (0..certificates.len())
            .filter(|index| *index != chosen && names(&certificates[*index], wish.address))
            .map(|index| PassedOver {
                number: index + 1,
                unfit: judged[index].as_ref().err().cloned(),
                preferred: is_preferred(&index),
            })
            .collect();
        let choice = Choice {
            path: path.to_owned(),
            number: chosen + 1,
            reason: if passed_over.is_empty() {
                Reason::Only
            } else if passed_over.iter().all(|other| other.unfit.is_some()) {
                Reason::OnlyFit
            } else if is_preferred(&chosen) {
                Reason::Preferred
            } else {
                Reason::First
            },
            passed_over,
        };
        let public_key = judged.swap_remove(chosen)?;
        Ok(PinnedCertificate {
            certificate: certificates.remove(chosen),
            public_key,
            others: certificates,
            choice,
        })
    }

    /// The certificate, its public key, the rest of the file in its order, and why this one.
    pub(super) fn into_parts(self) -> (Certificate, PublicKey, Vec<Certificate>, Choice) {
        (self.certificate, self.public_key, self.others, self.choice)
    }
}

/// The order of the questions is the order in which an operator would ask them.
fn fit(certificate: &Certificate, path: &Path, wish: &Wish<'_>) -> Result<PublicKey, Error> {
    let path = || path.to_owned();
    certifies(certificate, wish.address, path)?;
    valid_at(certificate, wish.now, path)?;
    meant_for_mail(certificate, path)?;
    // Before the key usage: which of its bits is needed depends on the kind of key.
    let public_key = strong_public_key(certificate, wish.wanted, path)?;
    permits(certificate, &public_key, wish.wanted, path)?;
    Ok(public_key)
}

/// Of several reasons, the one of the certificate that came furthest; among equals the first.
fn nearest(errors: impl Iterator<Item = Error>) -> Option<Error> {
    let rank = |error: &Error| match error {
        Error::AddressNotCertified { .. } => 0,
        Error::NotYetValid { .. } | Error::Expired { .. } => 1,
        Error::NotForEmail { .. } => 2,
        Error::PublicKey { .. } | Error::KeyKind { .. } | Error::KeyTooShort { .. } => 3,
        _ => 4,
    };
    errors.reduce(|best, error| {
        if rank(&error) > rank(&best) {
            error
        } else {
            best
        }
    })
}

fn names(certificate: &Certificate, address: &Address) -> bool {
    let mut emails = certificate.emails().iter();
    emails.any(|email| email.matches(address))
}

/// RFC 8550 3: one of the certificate's addresses is ours. A certificate that names none is for
/// nobody in particular, so it is not for us.
fn certifies(
    certificate: &Certificate,
    address: &Address,
    path: impl Fn() -> PathBuf,
) -> Result<(), Error> {
    if names(certificate, address) {
        return Ok(());
    }
    Err(Error::AddressNotCertified {
        path: path(),
        address: Box::new(address.clone()),
        certified: certificate.emails().to_vec(),
        unusable: certificate.unusable_emails().to_vec(),
    })
}

/// RFC 5280 4.1.2.5: both ends belong to the validity period. They are whole seconds, and the
/// last one lasts.
fn valid_at(
    certificate: &Certificate,
    now: Timestamp,
    path: impl Fn() -> PathBuf,
) -> Result<(), Error> {
    if now < certificate.not_before() {
        return Err(Error::NotYetValid {
            path: path(),
            not_before: certificate.not_before(),
            now,
        });
    }
    if now.as_second() > certificate.not_after().as_second() {
        return Err(Error::Expired {
            path: path(),
            not_after: certificate.not_after(),
            now,
        });
    }
    Ok(())
}

/// RFC 8550 4.4.4.
fn meant_for_mail(certificate: &Certificate, path: impl Fn() -> PathBuf) -> Result<(), Error> {
    match certificate.extended_key_usage() {
        Some(purposes) if !purposes.permits_email() => Err(Error::NotForEmail {
            path: path(),
            purposes: purposes.clone(),
        }),
        _ => Ok(()),
    }
}

fn strong_public_key(
    certificate: &Certificate,
    wanted: Use,
    path: impl Fn() -> PathBuf,
) -> Result<PublicKey, Error> {
    let key = certificate
        .public_key()
        .map_err(|source| Error::PublicKey {
            path: path(),
            source: Arc::new(source),
        })?;
    let suitable = match wanted {
        Use::Signing => key.may_verify(),
        Use::Receiving => key.may_encrypt(),
    };
    match &key {
        // DSA, or a kind of key that has only the other use.
        PublicKey::Dsa(_) => Err(Error::KeyKind {
            path: path(),
            kind: key.kind(),
            wanted,
        }),
        _ if !suitable => Err(Error::KeyKind {
            path: path(),
            kind: key.kind(),
            wanted,
        }),
        PublicKey::Rsa(_) if key.bits() < MIN_RSA_BITS => Err(Error::KeyTooShort {
            path: path(),
            bits: key.bits(),
            minimum: MIN_RSA_BITS,
        }),
        _ => Ok(key),
    }
}

/// RFC 8550 4.4.2.
fn permits(
    certificate: &Certificate,
    public_key: &PublicKey,
    wanted: Use,
    path: impl Fn() -> PathBuf,
) -> Result<(), Error> {
    let allowed = match wanted {
        Use::Signing => certificate.may_sign(),
        Use::Receiving => certificate.may_receive(),
    };
    match certificate.key_usage() {
        Some(key_usage) if !allowed => Err(Error::KeyUsage {
            path: path(),
            wanted,
            key_usage,
        }),
        // RSA that its certificate restricts to PSS (RFC 4055 1.2).
        None if !allowed => Err(Error::KeyKind {
            path: path(),
            kind: public_key.kind(),
            wanted,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use const_oid::db::rfc5280::{ANY_EXTENDED_KEY_USAGE, ID_KP_SERVER_AUTH};

    use crate::keys::testing::{TestKeys, address, secret_key};
    use crate::keys::{Error, RecipientCertificate, Use};
    use crate::x509::testing::{
        TestCertificate, email_name, extended_key_usage, key_usage, name, rfc822_name,
        subject_alt_name,
    };

    const BOB: &str = "bob@example.com";

    fn recipient(change: impl FnOnce(&mut TestCertificate)) -> Result<RecipientCertificate, Error> {
        let keys = TestKeys::new();
        keys.certificate(BOB, change);
        keys.open().recipient(&address(BOB))
    }

    #[test]
    fn a_certificate_for_another_address_is_refused_and_says_for_which() {
        let names = |names: &[&str]| {
            let names: Vec<Vec<u8>> = names.iter().map(|n| rfc822_name(n)).collect();
            recipient(|c| c.extensions = vec![subject_alt_name(&names)])
        };
        assert!(names(&["alice@example.com", "BOB@Example.COM"]).is_ok());
        let error = names(&["alice@example.com", "\x1b[2J"]).unwrap_err();
        let message = error.to_string();
        assert!(message.ends_with(
            "bob@example.com.crt is not for bob@example.com: it is for alice@example.com, \
             \"\\u{1b}[2J\", which is no address"
        ));
        assert!(matches!(error, Error::AddressNotCertified { certified, .. }
            if certified == [address("alice@example.com")]));
        for near in [
            "bob@example.com.evil.example",
            "xbob@example.com",
            "bob@xexample.com",
        ] {
            assert!(names(&[near]).is_err());
        }
    }

    #[test]
    fn the_subject_may_hold_the_address() {
        let subject = |subject| {
            recipient(|c| {
                c.subject = subject;
                c.extensions.clear();
            })
        };
        assert!(subject(email_name(BOB)).is_ok());
        let error = subject(name(BOB)).unwrap_err();
        assert!(error.to_string().ends_with("it names no address"));
    }

    #[test]
    fn both_ends_belong_to_the_validity_period() {
        let keys = TestKeys::new();
        keys.certificate(BOB, |_| {});
        let at = |now: &str| keys.open_at(now).recipient(&address(BOB));
        let early = at("2025-12-31T23:59:59.999Z").unwrap_err();
        assert!(matches!(early, Error::NotYetValid { .. }));
        assert!(
            early
                .to_string()
                .contains("is not valid before 2026-01-01T00:00:00Z (it is")
        );
        assert!(at("2026-01-01T00:00:00Z").is_ok());
        assert!(at("2026-12-31T23:59:59.999Z").is_ok());
        let late = at("2027-01-01T00:00:00Z").unwrap_err();
        assert!(matches!(late, Error::Expired { .. }));
        assert!(
            late.to_string()
                .contains("expired at 2026-12-31T23:59:59Z (it is")
        );
    }

    #[test]
    fn a_certificate_limited_to_other_purposes_is_refused() {
        let purposes =
            |purposes: &[_]| recipient(|c| c.extensions[2] = extended_key_usage(purposes));
        assert!(purposes(&[ID_KP_SERVER_AUTH, ANY_EXTENDED_KEY_USAGE]).is_ok());
        let error = purposes(&[ID_KP_SERVER_AUTH]).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("is not for mail, but for serverAuth")
        );
        assert!(recipient(|c| drop(c.extensions.pop())).is_ok());
    }

    #[test]
    fn key_usage_forbids_one_use_and_allows_the_other() {
        let keys = TestKeys::with(BOB);
        let uses = |bits| {
            keys.certificate(BOB, |c| c.extensions[1] = key_usage(bits));
            let keys = keys.open();
            (keys.signer(&address(BOB)), keys.recipient(&address(BOB)))
        };
        let (signer, recipient) = uses(0b1000_0000);
        assert!(signer.is_ok());
        let error = recipient.unwrap_err();
        assert!(matches!(
            &error,
            Error::KeyUsage {
                wanted: Use::Receiving,
                ..
            }
        ));
        assert!(
            error
                .to_string()
                .ends_with("may not receive encrypted mail: its key usage is digitalSignature")
        );
        let (signer, recipient) = uses(0b0000_1000);
        assert!(recipient.is_ok());
        assert!(matches!(
            signer,
            Err(Error::KeyUsage {
                wanted: Use::Signing,
                ..
            })
        ));
    }

    #[test]
    fn a_key_of_an_unknown_kind_is_named() {
        let error = recipient(|c| {
            // The last octet of prime256v1 made that of a curve nobody knows.
            let at = c
                .subject_public_key_info
                .windows(2)
                .position(|w| w == [1, 7])
                .unwrap();
            c.subject_public_key_info[at + 1] = 6;
        })
        .unwrap_err();
        assert!(matches!(error, Error::PublicKey { .. }));
        assert!(recipient(|_| {}).unwrap().public_key().bits() == 256);
        assert_eq!(secret_key(7).public_key(), secret_key(7).public_key());
    }

    #[test]
    fn the_directory_of_testdata_is_judged_as_its_readme_says() {
        let keys = TestKeys::testdata();
        let keys = keys.open();
        let outcomes = |name: &str| {
            let address = address(&format!("{name}@example.com"));
            let short = |error: Error| {
                let text = format!("{error:?}");
                text.split([' ', '(']).next().unwrap_or_default().to_owned()
            };
            (
                keys.signer(&address)
                    .map_or_else(short, |_| "ok".to_owned()),
                keys.recipient(&address)
                    .map_or_else(short, |_| "ok".to_owned()),
            )
        };
        for (name, signer, recipient) in [
            ("alice", "ok", "ok"),
            ("bob", "ok", "ok"),
            ("carol", "ok", "ok"),
            ("dave", "ok", "ok"),
            ("dn-only", "ok", "ok"),
            ("no-usage", "ok", "ok"),
            ("pkcs1", "ok", "ok"),
            ("sec1", "ok", "ok"),
            ("encrypted", "PasswordMissing", "ok"),
            ("scrypt", "PasswordMissing", "ok"),
            ("expired", "Expired", "Expired"),
            ("future", "NotYetValid", "NotYetValid"),
            ("no-address", "AddressNotCertified", "AddressNotCertified"),
            (
                "other-address",
                "AddressNotCertified",
                "AddressNotCertified",
            ),
            ("sign-only", "ok", "KeyUsage"),
            ("encrypt-only", "KeyUsage", "ok"),
            ("server-only", "NotForEmail", "NotForEmail"),
            ("rsa1024", "KeyTooShort", "KeyTooShort"),
            ("mismatch", "KeyMismatch", "ok"),
            ("ed25519", "ok", "KeyKind"),
            ("p384", "ok", "ok"),
            ("p521", "ok", "ok"),
            ("x25519", "KeyKind", "ok"),
            ("pss", "ok", "KeyKind"),
            ("no-ski", "ok", "ok"),
            ("several", "ok", "ok"),
            ("container", "PasswordMissing", "PasswordMissing"),
            ("secp256k1", "PublicKey", "PublicKey"),
            ("garbage", "Certificate", "Certificate"),
            ("nobody", "CertificateNotFound", "CertificateNotFound"),
        ] {
            assert_eq!(outcomes(name), (signer.into(), recipient.into()), "{name}");
        }
    }
}
