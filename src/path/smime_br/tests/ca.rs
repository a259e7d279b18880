use const_oid::db::rfc5280::{
    ANY_EXTENDED_KEY_USAGE, ID_CE_AUTHORITY_KEY_IDENTIFIER as AUTHORITY_KEY,
    ID_CE_BASIC_CONSTRAINTS as CONSTRAINTS, ID_CE_CERTIFICATE_POLICIES as POLICIES,
    ID_CE_CRL_DISTRIBUTION_POINTS as CRL_POINTS, ID_CE_EXT_KEY_USAGE as PURPOSES,
    ID_CE_KEY_USAGE as KEY_USAGE, ID_CE_NAME_CONSTRAINTS as NAME_CONSTRAINTS,
    ID_CE_SUBJECT_KEY_IDENTIFIER as SUBJECT_KEY, ID_KP_EMAIL_PROTECTION,
    ID_PE_AUTHORITY_INFO_ACCESS as ACCESS,
};

use super::made::*;
use super::*;
use crate::asn1::oid::ObjectIdentifier;
use crate::asn1::tlv::{element, sequence};
use crate::path::testing::basic_constraints;
use crate::x509::information_access::{ID_AD_CA_ISSUERS, ID_AD_OCSP};
use crate::x509::testing::{
    critical_extension, extended_key_usage, extension, rfc822_name, utc_time,
};

fn ca(it: &mut Pki, id: ObjectIdentifier, with: impl AsRef<[u8]>) {
    set(&mut it.ca, id, with.as_ref());
}

fn root(it: &mut Pki, id: ObjectIdentifier, with: impl AsRef<[u8]>) {
    set(&mut it.root, id, with.as_ref());
}

/// A CA's subject, and what it has issued with it.
fn ca_named(it: &mut Pki, subject: &[Text<'_>]) {
    it.ca.subject = name(subject);
    it.leaf.issuer = name(subject);
}

fn root_named(it: &mut Pki, subject: &[Text<'_>]) {
    for issued in [&mut it.ca, &mut it.root] {
        issued.issuer = name(subject);
    }
    it.root.subject = name(subject);
}

/// With a root that has an RSA key, from this time on.
fn rsa_root(it: &mut Pki, bits: usize, not_before: &str) {
    it.signed_with_rsa();
    it.root.subject_public_key_info = rsa(bits, &[1, 0, 1]);
    it.root.not_before = utc_time(not_before);
}

fn rsa_ca(it: &mut Pki, bits: usize, not_before: &str) {
    it.signed_with_rsa();
    it.ca.subject_public_key_info = rsa(bits, &[1, 0, 1]);
    it.ca.not_before = utc_time(not_before);
}

fn cps(place: &[u8]) -> Vec<u8> {
    qualified_policy(MAILBOX, "1.3.6.1.5.5.7.2.1", &element(0x16, place))
}

fn permitted(mailbox: &str) -> Vec<u8> {
    let subtree = sequence(&[&rfc822_name(mailbox)]);
    critical_extension(NAME_CONSTRAINTS, &sequence(&[&element(0xa0, &subtree)]))
}

#[rustfmt::skip]
pub(super) const CASES: &[Case] = &[
    (&["ca"], |it| root(it, CONSTRAINTS, [])),
    (&["ca"], |it| root(it, CONSTRAINTS, basic_constraints(false, None))),
    (&["basic-constraints-critical"], |it| mark(&mut it.root, CONSTRAINTS, false)),
    (&["root-path-length"], |it| root(it, CONSTRAINTS, basic_constraints(true, Some(1)))),
    (&["ca-key-usage"], |it| root(it, KEY_USAGE, [])),
    (&["ca-key-usage"], |it| root(it, KEY_USAGE, critical_key_usage(0b0000_0100))),
    (&[], |it| root(it, KEY_USAGE, critical_key_usage(0b1000_0110))),
    (&["ca-key-usage-critical"], |it| mark(&mut it.root, KEY_USAGE, false)),
    (&["root-policies"], |it| root(it, POLICIES, policies(&[MAILBOX]))),
    (&["root-extended-key-usage"], |it| root(it, PURPOSES, purposes(&[4]))),
    (&["ca-subject-key-present"], |it| root(it, SUBJECT_KEY, [])),
    (&["ca-subject-key-critical"], |it| mark(&mut it.root, SUBJECT_KEY, true)),
    (&["ca-subject-key-match"], |it| root(it, SUBJECT_KEY, subject_key(b"Other"))),
    (&["ca-common-name"], |it| root_named(it, &[c("DE"), o("Example Trust")])),
    (&["ca-organization"], |it| root_named(it, &[c("DE"), cn("Root")])),
    (&["ca-country"], |it| root_named(it, &[o("Example Trust"), cn("Root")])),

    (&[], |it| rsa_root(it, 2048, "260914000000Z")),
    (&["ca-rsa-modulus"], |it| rsa_root(it, 4088, "260915000000Z")),
    (&[], |it| rsa_root(it, 4096, "260915000000Z")),

    (&["ca-rsa-modulus"], |it| rsa_ca(it, 3072, "260915000000Z")),
    (&[], |it| rsa_ca(it, 3072, "260914000000Z")),
    (&["ca-policies-present"], |it| ca(it, POLICIES, [])),
    (&["ca-policies-critical"], |it| mark(&mut it.ca, POLICIES, true)),
    (&[], |it| ca(it, POLICIES, cps(b"http://a"))),
    (&["ca-cps-uri"], |it| ca(it, POLICIES, cps(b"www.example.com"))),
    (&["ca-user-notice"], |it| ca(it, POLICIES, qualified_policy(MAILBOX, "1.3.6.1.5.5.7.2.2", b"\x30\x00"))),
    (&[], |it| ca(it, POLICIES, policies(&["2.5.29.32.0"]))),
    (&["ca-reserved-policy"], |it| ca(it, POLICIES, policies(&["1.2.3"]))),
    (&["ca-crl-points-present"], |it| ca(it, CRL_POINTS, [])),
    (&["ca-crl-points-critical"], |it| mark(&mut it.ca, CRL_POINTS, true)),
    (&[], |it| ca(it, CRL_POINTS, crl_points(&["ldap://a/", "http://b/"]))),
    (&["ca-crl-points-http"], |it| ca(it, CRL_POINTS, crl_points(&["ldap://a/"]))),
    (&["ca-access-present"], |it| ca(it, ACCESS, [])),
    (&["ca-access-critical"], |it| mark(&mut it.ca, ACCESS, true)),
    (&["ca-ca-issuers-http"], |it| ca(it, ACCESS, access(&[(ID_AD_OCSP, "http://a/")]))),
    (&["ca-ca-issuers-http"], |it| ca(it, ACCESS, access(&[(ID_AD_CA_ISSUERS, "ldap://a/")]))),
    (&["ca"], |it| ca(it, CONSTRAINTS, [])),
    (&["basic-constraints-critical"], |it| mark(&mut it.ca, CONSTRAINTS, false)),
    (&[], |it| ca(it, CONSTRAINTS, basic_constraints(true, None))),
    (&["ca-key-usage"], |it| ca(it, KEY_USAGE, critical_key_usage(0b1000_0100))),
    (&["ca-key-usage-critical"], |it| mark(&mut it.ca, KEY_USAGE, false)),
    (&[], |it| ca(it, NAME_CONSTRAINTS, permitted("example.com"))),
    (&[], |it| ca(it, NAME_CONSTRAINTS, permitted(".example.com"))),
    (&["name-constraints-mailboxes"], |it| ca(it, NAME_CONSTRAINTS, permitted("bob@example.com"))),
    (&["name-constraints-mailboxes"], |it| ca(it, NAME_CONSTRAINTS, permitted("."))),
    (&["name-constraints-critical"], |it| { ca(it, NAME_CONSTRAINTS, permitted("example.com")); mark(&mut it.ca, NAME_CONSTRAINTS, false); }),
    (&["ca-extended-key-usage"], |it| ca(it, PURPOSES, [])),
    (&["ca-extended-key-usage"], |it| ca(it, PURPOSES, purposes(&[2]))),
    (&[], |it| ca(it, PURPOSES, purposes(&[2, 4]))),
    (&["ca-extended-key-usage-forbidden"], |it| ca(it, PURPOSES, purposes(&[1, 4]))),
    (&["ca-extended-key-usage-any"], |it| ca(it, PURPOSES, extended_key_usage(&[ID_KP_EMAIL_PROTECTION, ANY_EXTENDED_KEY_USAGE]))),
    (&[], |it| { it.ca.not_before = utc_time("270630000000Z"); ca(it, PURPOSES, purposes(&[4, 9])); }),
    (&["ca-extended-key-usage-others"], |it| { it.ca.not_before = utc_time("270701000000Z"); ca(it, PURPOSES, purposes(&[4, 9])); }),
    (&["ca-extended-key-usage-critical"], |it| mark(&mut it.ca, PURPOSES, true)),
    (&["ca-authority-key-present"], |it| ca(it, AUTHORITY_KEY, [])),
    (&["ca-authority-key-critical"], |it| mark(&mut it.ca, AUTHORITY_KEY, true)),
    (&["ca-authority-key-issuer"], |it| ca(it, AUTHORITY_KEY, extension(AUTHORITY_KEY, &sequence(&[b"\x80\x04Root", b"\x82\x01\x01"])))),
    (&["ca-subject-key-present"], |it| ca(it, SUBJECT_KEY, [])),
    (&["ca-subject-key-critical"], |it| mark(&mut it.ca, SUBJECT_KEY, true)),
    (&["ca-subject-key-match"], |it| ca(it, SUBJECT_KEY, subject_key(b"Other"))),
    (&["ca-common-name"], |it| ca_named(it, &[c("DE"), o("Example Trust")])),
    (&["ca-organization"], |it| ca_named(it, &[c("DE"), cn("CA")])),
    (&["ca-country"], |it| ca_named(it, &[c("XX"), o("Example Trust"), cn("CA")])),
];

#[test]
fn authorities_are_held_to_these() {
    hold(CASES);
}

/// A CA without anything but its key identifier, of this age.
fn bare(it: &mut Pki, not_before: &str) {
    it.ca.extensions = vec![basic_constraints(true, None), subject_key(b"CA")];
    it.ca.not_before = utc_time(not_before);
}

#[test]
fn an_extant_ca_may_be_as_it_is_until_the_transition_ends() {
    let departs = |leaf: &str, ca: &str| {
        let rules = rules(|it| {
            bare(it, ca);
            it.issued_on(leaf);
        });
        rules.contains(&"ca-policies-present")
    };
    assert!(!departs("240914", "230831235959Z"));
    assert!(departs("240915", "230831235959Z"));
    assert!(departs("240914", "230901000000Z"));
}

#[test]
fn a_root_may_be_as_it_is_if_it_is_older_than_the_requirements() {
    let departs = |not_before: &str| {
        let rules = rules(|it| {
            it.root.extensions = vec![subject_key(b"Root")];
            it.root.not_before = utc_time(not_before);
        });
        !rules.is_empty()
    };
    assert!(!departs("230831235959Z"));
    assert!(departs("230901000000Z"));
}

/// A path of leaf, CA, another CA and root.
fn longer(change: impl FnOnce(&mut Pki)) -> Vec<Departure> {
    let pki = Pki::new();
    let [leaf, ca, root] = &path(&pki)[..] else {
        panic!("three certificates");
    };
    let mut upper = Pki::new();
    change(&mut upper);
    let upper = path(&upper).swap_remove(1);
    of_path(&[leaf.clone(), ca.clone(), upper, root.clone()])
}

#[test]
fn a_ca_above_the_issuing_one_may_be_a_cross_certificate() {
    let about_purposes = |purposes: Vec<u8>| {
        let departures = longer(|it| set(&mut it.ca, PURPOSES, &purposes));
        let rules = departures.iter().map(|departure| departure.rule);
        let about = rules.filter(|rule| rule.contains("extended-key-usage"));
        about.collect::<Vec<_>>()
    };
    assert_eq!(about_purposes(vec![]), Vec::<&str>::new());
    assert_eq!(about_purposes(purposes(&[1, 4])), Vec::<&str>::new());
    let any = extended_key_usage(&[ANY_EXTENDED_KEY_USAGE]);
    assert_eq!(about_purposes(any), ["ca-extended-key-usage-any"]);
}

#[test]
fn an_anchor_that_somebody_else_has_issued_is_a_subordinate_ca() {
    let pki = Pki::new();
    assert_eq!(of_path(&path(&pki)[..2]), []);
    let mut pki = Pki::new();
    set(&mut pki.ca, CRL_POINTS, &[]);
    let departures = of_path(&path(&pki)[..2]);
    assert_eq!(departures[0].clause, "7.1.2.2 (b)");
    assert_eq!(of_path(&path(&pki)[..1]), []);
    assert_eq!(of_path(&[]), []);
}
