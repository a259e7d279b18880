//! What certificates point to: asked for once, taken when it is good, remembered until it is not.

use std::cell::RefCell;
use std::collections::HashMap;

use const_oid::db::rfc5280::{ID_CE_CRL_DISTRIBUTION_POINTS, ID_PE_AUTHORITY_INFO_ACCESS};
use jiff::Timestamp;

use super::crl_der;
use crate::asn1::oid::ObjectIdentifier;
use crate::asn1::tag;
use crate::asn1::tlv::{element, sequence};
use crate::path::retrieval::{Request, Retrieve, RetrieveError, Retrieved};
use crate::path::revocation::{Origin, RevocationEvidence};
use crate::path::testing::*;
use crate::path::{Error, Revocation, TrustAnchors, ValidatedCertificate, Validation, validate};
use crate::x509::Certificate;
use crate::x509::crl::testing::entry;
use crate::x509::information_access::ID_AD_CA_ISSUERS;
use crate::x509::testing::{TestCertificate, extension, utc_time};

/// A network of pages in memory, which notes what it is asked.
#[derive(Debug, Default)]
pub(super) struct Network {
    pub(super) pages: HashMap<&'static str, Vec<u8>>,
    pub(super) kept: RefCell<HashMap<String, (Vec<u8>, Timestamp)>>,
    pub(super) asked: RefCell<Vec<String>>,
}

impl Retrieve for Network {
    fn kept(&self, request: &Request<'_>) -> Option<Retrieved> {
        let kept = self.kept.borrow();
        let (octets, _) = kept.get(request.location())?;
        Some(Retrieved {
            octets: octets.clone(),
            from_cache: true,
        })
    }

    fn retrieve(&self, request: &Request<'_>) -> Result<Retrieved, RetrieveError> {
        self.asked.borrow_mut().push(request.location().to_owned());
        match self.pages.get(request.location()) {
            Some(octets) => Ok(Retrieved {
                octets: octets.clone(),
                from_cache: false,
            }),
            None => Err("it does not answer".into()),
        }
    }

    fn keep(&self, request: &Request<'_>, octets: &[u8], until: Timestamp) {
        let kept = (octets.to_vec(), until);
        let mut all = self.kept.borrow_mut();
        all.insert(request.location().to_owned(), kept);
    }
}

impl Network {
    fn with(pages: impl IntoIterator<Item = (&'static str, Vec<u8>)>) -> Network {
        Network {
            pages: pages.into_iter().collect(),
            ..Network::default()
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }

    pub(super) fn judge(
        &self,
        leaf: &Certificate,
        pool: &[Certificate],
        revocation: Revocation,
        at: Timestamp,
    ) -> Result<ValidatedCertificate, Error> {
        let anchors = TrustAnchors::from_certificates([ROOT.root()]);
        let validation = Validation {
            revocation,
            evidence: &RevocationEvidence::NONE,
            retrieve: Some(self),
            ..Validation::new(&anchors, at)
        };
        validate(leaf, pool, &validation)
    }
}

fn uri(location: &str) -> Vec<u8> {
    element(0x86, location.as_bytes())
}

/// A DistributionPointName of this place.
pub(super) fn full_name(location: &str) -> Vec<u8> {
    element(0xa0, &element(0xa0, &uri(location)))
}

/// A certificate that points to its CRL.
pub(super) fn with_crl(location: &'static str) -> impl FnOnce(&mut TestCertificate) {
    move |c| {
        let point = sequence(&[&full_name(location)]);
        let points = extension(ID_CE_CRL_DISTRIBUTION_POINTS, &sequence(&[&point]));
        c.extensions.push(points);
    }
}

/// A certificate that points to a responder, or to its issuer.
pub(super) fn with_access(
    method: ObjectIdentifier,
    location: &'static str,
) -> impl FnOnce(&mut TestCertificate) {
    move |c| {
        let method = element(tag::OBJECT_IDENTIFIER, method.as_bytes());
        let description = sequence(&[&method, &uri(location)]);
        let access = extension(ID_PE_AUTHORITY_INFO_ACCESS, &sequence(&[&description]));
        c.extensions.push(access);
    }
}

const LEAF_CRL: &str = "http://ca.example/leaf.crl";
const CA_CRL: &str = "http://root.example/ca.crl";
const CA_CERTIFICATE: &str = "http://root.example/ca.crt";

fn pointing() -> (Certificate, [Certificate; 1]) {
    let leaf = changed_leaf(CA, with_crl(LEAF_CRL));
    (leaf, [CA.changed(ROOT, with_crl(CA_CRL))])
}

fn good_pages() -> [(&'static str, Vec<u8>); 2] {
    [
        (LEAF_CRL, crl_der(CA, |_| {})),
        (CA_CRL, crl_der(ROOT, |_| {})),
    ]
}

#[test]
fn crls_are_retrieved_where_certificates_say_and_remembered_until_the_next_one() {
    let network = Network::with(good_pages());
    let (leaf, pool) = pointing();
    let judge = |at| network.judge(&leaf, &pool, Revocation::Hard, at);
    let validated = judge(now()).unwrap();
    let [of_leaf, of_ca] = validated.revocation() else {
        panic!("{:?}", validated.revocation());
    };
    assert_eq!((&*of_leaf.subject, &*of_ca.subject), ("CN=Bob", "CN=CA"));
    let origin = Origin::Location(LEAF_CRL.to_owned());
    assert_eq!(of_leaf.sources[0].origin, origin);
    assert_eq!(network.asked(), [CA_CRL, LEAF_CRL]);
    let next_update: Timestamp = "2026-08-01T00:00:00Z".parse().unwrap();
    assert_eq!(network.kept.borrow()[LEAF_CRL].1, next_update);

    // Nobody is asked again, until there must be another one.
    let validated = judge(next_update).unwrap();
    let origin = Origin::Kept(LEAF_CRL.to_owned());
    assert_eq!(validated.revocation()[0].sources[0].origin, origin);
    assert_eq!(network.asked().len(), 2);
    let later = next_update + jiff::SignedDuration::from_secs(1);
    assert_eq!(verdict(&judge(later)), "revocation-unknown");
    assert_eq!(network.asked().len(), 3);
}

#[test]
fn what_is_retrieved_is_believed_no_more_than_what_is_at_hand() {
    let (leaf, pool) = pointing();
    let judge = |page: Vec<u8>, how| {
        let mut network = Network::with(good_pages());
        network.pages.insert(LEAF_CRL, page);
        let result = network.judge(&leaf, &pool, how, now());
        let kept = network.kept.borrow().contains_key(LEAF_CRL);
        (verdict(&result), kept)
    };
    let both = |page: Vec<u8>| {
        (
            judge(page.clone(), Revocation::Soft),
            judge(page, Revocation::Hard),
        )
    };
    let unknown = (("valid", false), ("revocation-unknown", false));
    let impostor = Authority { key: 9, ..CA };
    assert_eq!(both(crl_der(impostor, |_| {})), unknown);
    assert_eq!(both(crl_der(ROOT, |_| {})), unknown);
    assert_eq!(both(b"<html>".to_vec()), unknown);
    let stale = crl_der(CA, |c| c.next_update = utc_time("260630000000Z"));
    assert_eq!(both(stale), unknown);
    assert_eq!(
        both(crl_der(CA, |_| {})),
        (("valid", true), ("valid", true))
    );
    let revoked = crl_der(CA, |c| c.revoked = vec![entry(1, &[])]);
    assert_eq!(both(revoked), (("revoked", true), ("revoked", true)));
}

#[test]
fn nobody_is_asked_where_it_does_not_matter() {
    let (leaf, pool) = pointing();
    let network = Network::with(good_pages());
    let result = network.judge(&leaf, &pool, Revocation::Off, now());
    assert!(result.unwrap().revocation().is_empty());
    assert!(network.asked().is_empty());

    // Neither by LDAP, nor from files.
    let odd = changed_leaf(CA, with_crl("file:///etc/passwd"));
    let result = network.judge(&odd, &pool, Revocation::Hard, now());
    assert_eq!(verdict(&result), "revocation-unknown");
    assert_eq!(network.asked(), [CA_CRL]);
}

#[test]
fn who_does_not_answer_is_named() {
    let (leaf, pool) = pointing();
    let mut network = Network::with(good_pages());
    network.pages.remove(LEAF_CRL);
    let result = network.judge(&leaf, &pool, Revocation::Hard, now());
    assert_eq!(
        result.unwrap_err().to_string(),
        "nobody can tell whether the certificate of CN=Bob is revoked: http://ca.example/leaf.crl \
         was asked in vain: it does not answer"
    );
    let result = network.judge(&leaf, &pool, Revocation::Soft, now());
    let gap = result.unwrap().revocation()[0].gap.clone();
    assert!(gap.is_some_and(|gap| gap.to_string().contains("in vain")));
}

#[test]
fn an_issuer_that_nobody_sent_is_retrieved() {
    let leaf = changed_leaf(CA, with_access(ID_AD_CA_ISSUERS, CA_CERTIFICATE));
    let judge = |network: &Network| {
        let result = network.judge(&leaf, &[], Revocation::Off, now());
        (verdict(&result), network.asked().len())
    };
    let network = Network::with([(CA_CERTIFICATE, CA.issued_by(ROOT).der().to_vec())]);
    assert_eq!(judge(&network), ("valid", 1));
    assert_eq!(judge(&network), ("valid", 1), "it is remembered");

    let impostor = Authority { key: 9, ..CA };
    let other = Network::with([(CA_CERTIFICATE, impostor.issued_by(ROOT).der().to_vec())]);
    assert_eq!(judge(&other), ("bad-signature", 1));

    let silent = Network::default();
    let error = silent
        .judge(&leaf, &[], Revocation::Off, now())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "CN=CA, which issued the certificate of CN=Bob, is neither trusted nor at hand; \
         http://root.example/ca.crt was asked in vain: it does not answer"
    );
}

#[test]
fn issuers_are_followed_up_to_the_anchor_and_no_further_than_paths_may_be_long() {
    let sub = SUB_CA.changed(CA, with_access(ID_AD_CA_ISSUERS, CA_CERTIFICATE));
    let leaf = changed_leaf(
        SUB_CA,
        with_access(ID_AD_CA_ISSUERS, "http://ca.example/sub.crt"),
    );
    let network = Network::with([
        ("http://ca.example/sub.crt", sub.der().to_vec()),
        (CA_CERTIFICATE, CA.issued_by(ROOT).der().to_vec()),
    ]);
    let validated = network.judge(&leaf, &[], Revocation::Off, now()).unwrap();
    assert_eq!(validated.path().len(), 4);
    assert_eq!(
        network.asked(),
        ["http://ca.example/sub.crt", CA_CERTIFICATE]
    );

    // Somebody who has an issuer for every issuer.
    let endless = Endless::default();
    let anchors = TrustAnchors::from_certificates([ROOT.root()]);
    let validation = Validation {
        retrieve: Some(&endless),
        ..Validation::new(&anchors, now())
    };
    let leaf = changed_leaf(CA, with_access(ID_AD_CA_ISSUERS, "http://evil.example/0"));
    let result = validate(&leaf, &[], &validation);
    assert_eq!(verdict(&result), "path-length");
    // Six intermediates, and the one that is beyond.
    assert!((6..=8).contains(&*endless.asked.borrow()), "{endless:?}");
}

/// Each answer is a certificate of the same name with another key and another place to ask.
#[derive(Debug, Default)]
struct Endless {
    asked: RefCell<u8>,
}

impl Retrieve for Endless {
    fn kept(&self, _: &Request<'_>) -> Option<Retrieved> {
        None
    }

    fn retrieve(&self, _: &Request<'_>) -> Result<Retrieved, RetrieveError> {
        let mut asked = self.asked.borrow_mut();
        *asked += 1;
        let location = String::leak(format!("http://evil.example/{asked}"));
        // Each has issued the one before it.
        let (name, key) = (
            Authority {
                name: "CA",
                key: 2 + *asked - 1,
            },
            2 + *asked,
        );
        let issuer = Authority { name: "CA", key };
        let issuers = name.changed(issuer, with_access(ID_AD_CA_ISSUERS, location));
        Ok(Retrieved {
            octets: issuers.der().to_vec(),
            from_cache: false,
        })
    }

    fn keep(&self, _: &Request<'_>, _: &[u8], _: Timestamp) {}
}
