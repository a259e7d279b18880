//! A certificate that somebody vouches for.

use std::sync::Arc;

use jiff::Timestamp;

use crate::crypto;
use crate::path::ValidatedCertificate;
use crate::x509::name::{ComparableName, Name};
use crate::x509::{Certificate, ExtendedKeyUsage, KeyUsage};

/// The most intermediate certificates that are put beside one; no path has more.
const MAX_INTERMEDIATES: usize = 6;

/// The CAs of one name whose keys are tried; CAs that change theirs have two or three.
const MAX_NAMESAKES: usize = 16;

/// A certificate for mail that may be put into the key directory, with the intermediates that lead
/// to its root: by a path that holds, or by the word of the operator.
///
/// No other code can make one:
///
/// ```compile_fail,E0451
/// # fn forged(certificate: mailseal::x509::Certificate) {
/// mailseal::store::Vouched { chain: vec![certificate] };
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// The certificate first; never empty.
    chain: Vec<Certificate>,
}

/// Why a certificate is not one for the key directory. `subject` is whose it is, escaped for
/// display.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// It names nobody.
    #[error("the certificate of {subject} is for no mail address{}", instead(.unusable))]
    NoAddress {
        #[allow(missing_docs)]
        subject: String,
        /// What stands where addresses belong and is none.
        unusable: Vec<String>,
    },
    /// Its extended key usage names purposes, and mail is none of them (RFC 8550 4.4.4).
    #[error("the certificate of {subject} is not for mail, but for {purposes}")]
    NotForMail {
        #[allow(missing_docs)]
        subject: String,
        /// What it is for.
        purposes: ExtendedKeyUsage,
    },
    /// Its key usage allows neither to sign nor to receive (RFC 8550 4.4.2), or its key does neither.
    #[error("the certificate of {subject} can neither sign nor receive mail{}", allowed(.key_usage))]
    NoUse {
        #[allow(missing_docs)]
        subject: String,
        /// What it allows, if it says.
        key_usage: Option<KeyUsage>,
    },
    /// The validity period has not begun.
    #[error("the certificate of {subject} is not valid before {not_before}")]
    NotYetValid {
        #[allow(missing_docs)]
        subject: String,
        /// Its first second.
        not_before: Timestamp,
    },
    /// The validity period is over.
    #[error("the certificate of {subject} expired on {not_after}")]
    Expired {
        #[allow(missing_docs)]
        subject: String,
        /// Its last second.
        not_after: Timestamp,
    },
    /// The key is of a kind that this program does not work with, or malformed.
    #[error("the key of {subject} cannot be used")]
    PublicKey {
        #[allow(missing_docs)]
        subject: String,
        /// What is wrong with it.
        source: Arc<crypto::Error>,
    },
    /// The key is too short to be used for anything new.
    #[error("the {kind} key of {subject}, of {bits} bits, is not secure any more")]
    WeakKey {
        #[allow(missing_docs)]
        subject: String,
        /// The kind of key.
        kind: &'static str,
        /// Its length.
        bits: usize,
    },
}

impl Unfit {
    /// A stable word for scripts; that of [`path::Error`](crate::path::Error) where it says the same.
    pub fn reason(&self) -> &'static str {
        match self {
            Unfit::NoAddress { .. } => "no-address",
            Unfit::NotForMail { .. } => "extended-key-usage",
            Unfit::NoUse { .. } => "key-usage",
            Unfit::NotYetValid { .. } => "not-yet-valid",
            Unfit::Expired { .. } => "expired",
            Unfit::PublicKey { .. } => "unsupported-algorithm",
            Unfit::WeakKey { .. } => "weak-key",
        }
    }
}

impl Vouched {
    /// The maker for a certificate that leads to somebody trusted, validated for mail. Its root is left out: who gets the
    /// others trusts it already or does not.
    ///
    /// # Errors
    ///
    /// The path is that of a certificate without an address, or not for mail. Whatever else makes a
    /// certificate unfit, the path has been held against.
    pub fn by_path(validated: &ValidatedCertificate) -> Result<Vouched, Unfit> {
        meant_for_mail(validated.certificate())?;
        let chain = match validated.path() {
            [certificate] => vec![certificate.clone()],
            [below @ .., root] if root.is_self_issued() => below.to_vec(),
            // An anchor that somebody else has issued is an intermediate to everybody else.
            path => path.to_vec(),
        };
        Ok(Vouched { chain })
    }

    /// The maker for a certificate that the operator vouches for, with those of the pool that have
    /// issued it and each other. No path is looked for.
    ///
    /// # Errors
    ///
    /// A certificate without an address, not for mail, not valid at this time, with a key that cannot
    /// be used or, without `allow_legacy`, is no longer secure.
    pub fn by_operator(
        certificate: &Certificate,
        pool: &[Certificate],
        at: Timestamp,
        allow_legacy: bool,
    ) -> Result<Vouched, Unfit> {
        meant_for_mail(certificate)?;
        valid_at(certificate, at)?;
        usable(certificate, allow_legacy)?;
        let mut chain = vec![certificate.clone()];
        while chain.len() <= MAX_INTERMEDIATES
            && let Some(issuer) = issuer(&chain, pool)
        {
            chain.push(issuer.clone());
        }
        Ok(Vouched { chain })
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.chain[0]
    }

    /// The certificate, then its issuer and so on, up to but not including the root.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }
}

fn meant_for_mail(certificate: &Certificate) -> Result<(), Unfit> {
    let subject = || certificate.subject().to_owned();
    // RFC 8550 3: who names no address is nobody's in particular.
    if certificate.emails().is_empty() {
        return Err(Unfit::NoAddress {
            subject: subject(),
            unusable: certificate.unusable_emails().to_vec(),
        });
    }
    match certificate.extended_key_usage() {
        Some(purposes) if !certificate.permits_email() => {
            return Err(Unfit::NotForMail {
                subject: subject(),
                purposes: purposes.clone(),
            });
        }
        _ => {}
    }
    match certificate.may_sign() || certificate.may_receive() {
        true => Ok(()),
        false => Err(Unfit::NoUse {
            subject: subject(),
            key_usage: certificate.key_usage(),
        }),
    }
}

/// RFC 5280 4.1.2.5: both ends belong to the validity period, and its last second lasts.
fn valid_at(certificate: &Certificate, at: Timestamp) -> Result<(), Unfit> {
    let subject = || certificate.subject().to_owned();
    let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
    if at < not_before {
        return Err(Unfit::NotYetValid {
            subject: subject(),
            not_before,
        });
    }
    if at.as_second() > not_after.as_second() {
        return Err(Unfit::Expired {
            subject: subject(),
            not_after,
        });
    }
    Ok(())
}

fn usable(certificate: &Certificate, allow_legacy: bool) -> Result<(), Unfit> {
    let subject = || certificate.subject().to_owned();
    let key = certificate
        .public_key()
        .map_err(|source| Unfit::PublicKey {
            subject: subject(),
            source: Arc::new(source),
        })?;
    match key.is_legacy() && !allow_legacy {
        true => Err(Unfit::WeakKey {
            subject: subject(),
            kind: key.kind(),
            bits: key.bits(),
        }),
        false => Ok(()),
    }
}

/// The CA of the pool that has issued the last of the chain, and is no root. The signature tells it
/// from others of the same name.
fn issuer<'a>(chain: &[Certificate], pool: &'a [Certificate]) -> Option<&'a Certificate> {
    let issued = chain.last()?;
    if issued.is_self_issued() {
        return None;
    }
    let name = comparable(issued.issuer_der());
    let may_have_issued = |candidate: &&Certificate| {
        comparable(candidate.subject_der()) == name
            && !candidate.is_self_issued()
            && !chain.contains(candidate)
    };
    let namesakes = pool.iter().filter(may_have_issued);
    namesakes
        .take(MAX_NAMESAKES)
        .find(|candidate| has_signed(candidate, issued))
}

fn comparable(name: &[u8]) -> Option<ComparableName> {
    Name::from_der(name).ok().map(|name| name.comparable())
}

fn has_signed(issuer: &Certificate, issued: &Certificate) -> bool {
    let (Ok(key), Ok(algorithm)) = (issuer.public_key(), issued.signature_algorithm()) else {
        return false;
    };
    let content = issued.tbs_certificate_der();
    key.verify(algorithm, content, issued.signature()).is_ok()
}

fn instead(unusable: &[String]) -> String {
    match unusable {
        [] => String::new(),
        [first, ..] => format!("; \"{first}\" is none"),
    }
}

fn allowed(key_usage: &Option<KeyUsage>) -> String {
    key_usage.map_or_else(String::new, |usage| format!(": its key usage is {usage}"))
}

#[cfg(test)]
mod tests {
    use const_oid::db::rfc5280::{ID_CE_BASIC_CONSTRAINTS, ID_KP_SERVER_AUTH};

    use super::*;
    use crate::asn1::tlv::{element, sequence};
    use crate::path::{TrustAnchors, Validation, validate};
    use crate::x509::testing::{
        TestCertificate, critical_extension, extended_key_usage, key_usage, name, rfc822_name,
        subject_alt_name, utc_time,
    };

    fn now() -> Timestamp {
        "2026-07-01T12:00:00Z".parse().unwrap()
    }

    fn key(seed: u8) -> p256::SecretKey {
        p256::SecretKey::from_slice(&[seed; 32]).unwrap()
    }

    /// A CA of this name and key, issued by another.
    fn ca(common_name: &str, own: u8, issuer: &str, issuer_key: u8) -> Certificate {
        let mut certificate = TestCertificate::of("ca@example.com", &key(own));
        let is_ca = sequence(&[&element(0x01, &[0xff])]);
        (certificate.subject, certificate.issuer) = (name(common_name), name(issuer));
        certificate.extensions = vec![
            critical_extension(ID_CE_BASIC_CONSTRAINTS, &is_ca),
            key_usage(0b0000_0110),
        ];
        Certificate::from_der(&certificate.signed_by(&key(issuer_key))).unwrap()
    }

    /// Bob's, issued by "Lower" with key 3.
    fn bob(change: impl FnOnce(&mut TestCertificate)) -> Certificate {
        let mut certificate = TestCertificate::of("bob@example.com", &key(7));
        certificate.issuer = name("Lower");
        change(&mut certificate);
        Certificate::from_der(&certificate.signed_by(&key(3))).unwrap()
    }

    fn pinned(certificate: &Certificate) -> Result<Vouched, Unfit> {
        Vouched::by_operator(certificate, &[], now(), false)
    }

    #[test]
    fn a_path_gives_the_chain_without_its_root() {
        let (root, upper) = (ca("Root", 1, "Root", 1), ca("Upper", 2, "Root", 1));
        let lower = ca("Lower", 3, "Upper", 2);
        let bob = bob(|_| {});
        let path = |anchor: &Certificate, partial_chain| {
            let anchors = TrustAnchors::from_certificates([anchor.clone()]);
            let validation = Validation {
                partial_chain,
                ..Validation::new(&anchors, now())
            };
            let pool = [root.clone(), lower.clone(), upper.clone()];
            let validated = validate(&bob, &pool, &validation).unwrap();
            Vouched::by_path(&validated).unwrap()
        };
        let whole = [bob.clone(), lower.clone(), upper.clone()];
        assert_eq!(path(&root, false).chain(), whole);
        // Nobody's root: who gets the mail may need it.
        assert_eq!(path(&upper, true).chain(), whole);
        assert_eq!(path(&bob, true).chain(), &whole[..1]);
    }

    #[test]
    fn a_path_to_a_certificate_without_an_address_is_not_enough() {
        let root = ca("Lower", 3, "Lower", 3);
        let anchors = TrustAnchors::from_certificates([root]);
        let by_path = |certificate: &Certificate| {
            let validated = validate(certificate, &[], &Validation::new(&anchors, now())).unwrap();
            Vouched::by_path(&validated)
        };
        assert!(by_path(&bob(|_| {})).is_ok());
        let nobody = by_path(&bob(|it| drop(it.extensions.remove(0)))).unwrap_err();
        assert_eq!(nobody.reason(), "no-address");
    }

    #[test]
    fn the_operators_word_needs_no_path_and_finds_the_chain_by_signatures() {
        let lower = ca("Lower", 3, "Upper", 2);
        let upper = ca("Upper", 2, "Root", 1);
        let pool = [
            ca("Root", 1, "Root", 1),
            upper.clone(),
            // The same name and another key.
            ca("Lower", 9, "Upper", 2),
            lower.clone(),
        ];
        let bob = bob(|_| {});
        let vouched = Vouched::by_operator(&bob, &pool, now(), false).unwrap();
        assert_eq!(vouched.chain(), [bob.clone(), lower, upper]);
        let alone = Vouched::by_operator(&bob, &pool[..3], now(), false).unwrap();
        assert_eq!(alone.chain(), [bob]);
    }

    #[test]
    fn cas_that_issue_each_other_end() {
        let pool = [ca("Lower", 3, "Upper", 2), ca("Upper", 2, "Lower", 3)];
        let vouched = Vouched::by_operator(&bob(|_| {}), &pool, now(), false).unwrap();
        assert_eq!(vouched.chain().len(), 3);
    }

    #[test]
    fn what_is_unfit_is_refused_whoever_vouches() {
        let reason = |change: &dyn Fn(&mut TestCertificate)| {
            pinned(&bob(change)).map_or_else(|unfit| unfit.reason(), |_| "fit")
        };
        let names = |names: &[&str]| {
            let names: Vec<Vec<u8>> = names.iter().map(|name| rfc822_name(name)).collect();
            subject_alt_name(&names)
        };
        assert_eq!(reason(&|_| {}), "fit");
        assert_eq!(
            reason(&|it| it.extensions[0] = names(&["nobody"])),
            "no-address"
        );
        let both = names(&["nobody", "bob@example.com"]);
        assert_eq!(reason(&|it| it.extensions[0] = both.clone()), "fit");
        let server = extended_key_usage(&[ID_KP_SERVER_AUTH]);
        assert_eq!(
            reason(&|it| it.extensions[2] = server.clone()),
            "extended-key-usage"
        );
        assert_eq!(
            reason(&|it| it.extensions[1] = key_usage(0b0000_0100)),
            "key-usage"
        );
        assert_eq!(
            reason(&|it| it.extensions[1] = key_usage(0b0000_1000)),
            "fit"
        );
        assert_eq!(
            reason(&|it| it.not_after = utc_time("260701115959Z")),
            "expired"
        );
        assert_eq!(
            reason(&|it| it.not_after = utc_time("260701120000Z")),
            "fit"
        );
        assert_eq!(
            reason(&|it| it.not_before = utc_time("260701120001Z")),
            "not-yet-valid"
        );
    }

    #[test]
    fn short_keys_want_the_flag() {
        let text = std::fs::read("testdata/keys/rsa1024@example.com.crt").unwrap();
        let short = crate::keys::pem::certificates(&text)
            .unwrap()
            .swap_remove(0);
        let refused = Vouched::by_operator(&short, &[], now(), false).unwrap_err();
        assert_eq!(refused.reason(), "weak-key");
        assert!(Vouched::by_operator(&short, &[], now(), true).is_ok());
    }
}
