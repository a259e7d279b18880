use const_oid::db::rfc5280::{
    ANY_EXTENDED_KEY_USAGE, ID_CE_AUTHORITY_KEY_IDENTIFIER as AUTHORITY_KEY,
    ID_CE_BASIC_CONSTRAINTS as CONSTRAINTS, ID_CE_CERTIFICATE_POLICIES as POLICIES,
    ID_CE_CRL_DISTRIBUTION_POINTS as CRL_POINTS, ID_CE_EXT_KEY_USAGE as PURPOSES,
    ID_CE_KEY_USAGE as KEY_USAGE, ID_CE_NAME_CONSTRAINTS, ID_CE_POLICY_CONSTRAINTS,
    ID_CE_SUBJECT_ALT_NAME as ALT_NAME, ID_CE_SUBJECT_DIRECTORY_ATTRIBUTES as DIRECTORY_ATTRIBUTES,
    ID_CE_SUBJECT_KEY_IDENTIFIER as SUBJECT_KEY, ID_KP_EMAIL_PROTECTION,
    ID_PE_AUTHORITY_INFO_ACCESS as ACCESS,
};

use super::made::*;
use super::*;
use crate::asn1::oid::{ObjectIdentifier, SMIME_CAPABILITIES};
use crate::asn1::tag;
use crate::asn1::tlv::{element, sequence};
use crate::path::testing::basic_constraints;
use crate::x509::information_access::{ID_AD_CA_ISSUERS, ID_AD_OCSP};
use crate::x509::testing::{
    critical_extension, extended_key_usage, extension, rfc822_name, utc_time,
};

const LEGACY: &str = "2.23.140.1.5.1.1";
const STRICT: &str = "2.23.140.1.5.1.3";
const CPS: &str = "1.3.6.1.5.5.7.2.1";
const NOTICE: &str = "1.3.6.1.5.5.7.2.2";
const UPN: &str = "1.3.6.1.4.1.311.20.2.3";
const SMTP_UTF8: &str = "1.3.6.1.5.5.7.8.9";
const ED_25519: &str = "300506032b6570";
const ML_KEM_768: &str = "300b0609608648016503040402";
const LEI: &str = "1.3.6.1.4.1.52266.1";
const LEI_ROLE: &str = "1.3.6.1.4.1.52266.2";
const ADOBE_TIME_STAMP: &str = "1.2.840.113583.1.1.9.1";
const QC_STATEMENTS: &str = "1.3.6.1.5.5.7.1.3";

/// Of the Legacy generation, and old enough for it.
fn legacy(it: &mut Pki) {
    it.issued_on("240101");
    set(&mut it.leaf, POLICIES, &policies(&[LEGACY]));
}

fn strict(it: &mut Pki) {
    set(&mut it.leaf, POLICIES, &policies(&[STRICT]));
}

fn add(it: &mut Pki, id: &str, value: &[u8], critical: bool) {
    let id: ObjectIdentifier = id.parse().unwrap();
    it.leaf.extensions.push(match critical {
        true => critical_extension(id, value),
        false => extension(id, value),
    });
}

fn usage(it: &mut Pki, key: Vec<u8>, bits: u8) {
    it.leaf.subject_public_key_info = key;
    set(&mut it.leaf, KEY_USAGE, &critical_key_usage(bits));
}

fn rsa_usage(it: &mut Pki, bits: u8) {
    usage(it, rsa(2048, &[1, 0, 1]), bits);
}

fn ec_usage(it: &mut Pki, bits: u8) {
    set(&mut it.leaf, KEY_USAGE, &critical_key_usage(bits));
}

fn leaf_with(it: &mut Pki, id: ObjectIdentifier, with: impl AsRef<[u8]>) {
    set(&mut it.leaf, id, with.as_ref());
}

/// From 2026-01-01 for so many days, all but the last second of which belongs to the next.
fn days(it: &mut Pki, not_after: &str) {
    it.leaf.not_after = utc_time(not_after);
}

fn sponsor(it: &mut Pki) {
    let subject = [
        o("Example"),
        ("2.5.4.97", tag::UTF8_STRING, "GOVDE"),
        ("2.5.4.4", tag::UTF8_STRING, "Bob"),
    ];
    it.leaf_of(SPONSOR, &subject);
}

fn organization(it: &mut Pki) {
    it.leaf_of(
        ORGANIZATION,
        &[o("Example"), ("2.5.4.97", tag::UTF8_STRING, "GOVDE")],
    );
}

fn with_mailbox(names: &[Vec<u8>]) -> Vec<u8> {
    alt_names(&[&[rfc822_name("bob@example.com")], names].concat())
}

fn user_notice(value: &[u8]) -> Vec<u8> {
    qualified_policy(MAILBOX, NOTICE, value)
}

fn lei(digits: &str) -> Vec<u8> {
    element(tag::PRINTABLE_STRING, digits.as_bytes())
}

const SOUND_LEI: &str = "529900T8BM49AURSDO55";

#[rustfmt::skip]
pub(super) const CASES: &[Case] = &[
    (&["issued-by-root"], |it| { it.has_ca = false; it.leaf.issuer = it.root.subject.clone(); leaf_with(it, AUTHORITY_KEY, authority_key(b"Root")); }),

    (&[], |it| { it.issued_on("270915"); it.ca.subject_public_key_info = rsa(3072, &[1, 0, 1]); it.signed_with_rsa(); }),
    (&["issuer-rsa-modulus"], |it| { it.issued_on("270915"); it.ca.subject_public_key_info = rsa(3064, &[1, 0, 1]); it.signed_with_rsa(); }),
    (&[], |it| { it.issued_on("270914"); it.ca.subject_public_key_info = rsa(3064, &[1, 0, 1]); it.signed_with_rsa(); }),

    // 825 days from 2026-01-01 end with 2028-04-04; one second less is not the longest time.
    (&[], |it| days(it, "280404235958Z")),
    (&["validity-maximum"], |it| days(it, "280404235959Z")),
    (&["validity-period"], |it| days(it, "280405000000Z")),
    // 1185 days from 2024-01-01 end with 2027-03-30.
    (&[], |it| { legacy(it); days(it, "270330235958Z"); }),
    (&["validity-maximum"], |it| { legacy(it); days(it, "270330235959Z"); }),
    (&["validity-period"], |it| { legacy(it); days(it, "270331000000Z"); }),

    (&["policies-present"], |it| leaf_with(it, POLICIES, [])),
    (&["policies-critical"], |it| mark(&mut it.leaf, POLICIES, true)),
    (&[], |it| leaf_with(it, POLICIES, policies(&["1.2.3", MAILBOX]))),
    (&["reserved-policy"], |it| leaf_with(it, POLICIES, policies(&["1.2.3"]))),
    (&["reserved-policy"], |it| leaf_with(it, POLICIES, policies(&["2.23.140.1.5.5.2"]))),
    (&["reserved-policy"], |it| leaf_with(it, POLICIES, policies(&[MAILBOX, STRICT]))),
    (&["any-policy"], |it| leaf_with(it, POLICIES, policies(&[MAILBOX, "2.5.29.32.0"]))),
    (&[], |it| leaf_with(it, POLICIES, qualified_policy(MAILBOX, CPS, b"\x16\x09https://a"))),
    (&[], |it| leaf_with(it, POLICIES, qualified_policy(MAILBOX, CPS, b"\x16\x08HTTP://a"))),
    (&["cps-uri"], |it| leaf_with(it, POLICIES, qualified_policy(MAILBOX, CPS, b"\x16\x07ftp://a"))),
    (&["cps-uri"], |it| leaf_with(it, POLICIES, qualified_policy(MAILBOX, CPS, b"\x16\x07http://"))),
    (&[], |it| leaf_with(it, POLICIES, user_notice(b"\x30\x03\x0c\x01a"))),
    (&["user-notice"], |it| leaf_with(it, POLICIES, user_notice(b"\x30\x00"))),
    (&["user-notice"], |it| leaf_with(it, POLICIES, user_notice(b"\x30\x0d\x30\x08\x0c\x01a\x30\x03\x02\x01\x01\x0c\x01a"))),
    (&[], |it| { it.issued_on("250714"); leaf_with(it, POLICIES, policies(&[LEGACY])); }),
    (&["legacy-generation"], |it| { it.issued_on("250715"); leaf_with(it, POLICIES, policies(&[LEGACY])); }),

    (&["crl-points-present"], |it| leaf_with(it, CRL_POINTS, [])),
    (&["crl-points-critical"], |it| mark(&mut it.leaf, CRL_POINTS, true)),
    (&[], |it| leaf_with(it, CRL_POINTS, crl_points(&["http://a/", "HTTP://b/"]))),
    (&["crl-points-http"], |it| leaf_with(it, CRL_POINTS, crl_points(&["http://a/", "ldap://b/"]))),
    (&["crl-points-http"], |it| leaf_with(it, CRL_POINTS, crl_points(&["https://a/"]))),
    (&["crl-points-http"], |it| leaf_with(it, CRL_POINTS, crl_points(&[]))),
    (&[], |it| { legacy(it); leaf_with(it, CRL_POINTS, crl_points(&["ldap://b/", "http://a/"])); }),
    (&["crl-points-http"], |it| { legacy(it); leaf_with(it, CRL_POINTS, crl_points(&["ldap://b/"])); }),

    (&["access-present"], |it| leaf_with(it, ACCESS, [])),
    (&["access-critical"], |it| mark(&mut it.leaf, ACCESS, true)),
    (&[], |it| leaf_with(it, ACCESS, access(&[(ID_AD_OCSP, "http://a/"), (ID_AD_CA_ISSUERS, "http://a/")]))),
    (&["ocsp-http"], |it| leaf_with(it, ACCESS, access(&[(ID_AD_OCSP, "https://a/"), (ID_AD_CA_ISSUERS, "http://a/")]))),
    (&["ca-issuers-http"], |it| leaf_with(it, ACCESS, access(&[(ID_AD_CA_ISSUERS, "ldap://b/"), (ID_AD_CA_ISSUERS, "http://a/")]))),
    (&[], |it| { legacy(it); leaf_with(it, ACCESS, access(&[(ID_AD_CA_ISSUERS, "ldap://b/"), (ID_AD_CA_ISSUERS, "http://a/")])); }),
    (&["ca-issuers-http"], |it| { legacy(it); leaf_with(it, ACCESS, access(&[(ID_AD_CA_ISSUERS, "ldap://b/")])); }),
    (&["ca-issuers-present"], |it| leaf_with(it, ACCESS, access(&[(ID_AD_OCSP, "http://a/")]))),

    (&[], |it| leaf_with(it, CONSTRAINTS, basic_constraints(false, None))),
    (&["leaf-no-ca"], |it| leaf_with(it, CONSTRAINTS, basic_constraints(true, None))),
    (&["leaf-no-path-length"], |it| leaf_with(it, CONSTRAINTS, basic_constraints(false, Some(0)))),

    (&["key-usage-present"], |it| leaf_with(it, KEY_USAGE, [])),
    (&["key-usage-critical"], |it| mark(&mut it.leaf, KEY_USAGE, false)),
    // From the highest: digitalSignature, nonRepudiation, keyEncipherment, dataEncipherment, keyAgreement,
    // keyCertSign, cRLSign, encipherOnly; then decipherOnly.
    (&[], |it| ec_usage(it, 0b1100_1000)),
    (&[], |it| ec_usage(it, 0b1000_0000)),
    (&[], |it| ec_usage(it, 0b0000_1001)),
    (&[], |it| leaf_with(it, KEY_USAGE, long_key_usage(0b1000_1000))),
    (&["key-usage-bits"], |it| leaf_with(it, KEY_USAGE, long_key_usage(0b1000_1001))),
    (&["key-usage-bits"], |it| ec_usage(it, 0b0100_1000)),
    (&["key-usage-bits"], |it| ec_usage(it, 0b1000_0001)),
    (&["key-usage-bits"], |it| ec_usage(it, 0b1010_0000)),
    (&["key-usage-bits"], |it| ec_usage(it, 0b1000_0010)),
    (&["key-usage-bits"], |it| ec_usage(it, 0)),
    (&[], |it| rsa_usage(it, 0b1110_0000)),
    (&[], |it| rsa_usage(it, 0b0010_0000)),
    (&[], |it| rsa_usage(it, 0b1011_0000)),
    (&["key-usage-bits"], |it| rsa_usage(it, 0b1001_0000)),
    (&["key-usage-bits"], |it| rsa_usage(it, 0b0110_0000)),
    (&["key-usage-bits"], |it| rsa_usage(it, 0b1000_1000)),
    (&["key-usage-bits"], |it| rsa_usage(it, 0b1000_0100)),
    (&[], |it| { strict(it); rsa_usage(it, 0b1110_0000); }),
    (&["key-usage-bits"], |it| { strict(it); rsa_usage(it, 0b1011_0000); }),
    (&[], |it| usage(it, key_of(ED_25519, b"key"), 0b1100_0000)),
    (&["key-usage-bits"], |it| usage(it, key_of(ED_25519, b"key"), 0b1000_1000)),
    (&[], |it| usage(it, key_of(ML_KEM_768, b"key"), 0b0010_0000)),
    (&["key-usage-bits"], |it| usage(it, key_of(ML_KEM_768, b"key"), 0b1010_0000)),

    (&["extended-key-usage"], |it| leaf_with(it, PURPOSES, [])),
    (&["extended-key-usage"], |it| leaf_with(it, PURPOSES, purposes(&[2]))),
    (&["extended-key-usage"], |it| leaf_with(it, PURPOSES, purposes(&[]))),
    (&[], |it| leaf_with(it, PURPOSES, purposes(&[4, 2]))),
    (&["extended-key-usage-forbidden"], |it| leaf_with(it, PURPOSES, purposes(&[4, 1]))),
    (&["extended-key-usage-forbidden"], |it| leaf_with(it, PURPOSES, purposes(&[4, 3]))),
    (&["extended-key-usage-forbidden"], |it| leaf_with(it, PURPOSES, purposes(&[4, 8]))),
    (&["extended-key-usage-any"], |it| leaf_with(it, PURPOSES, extended_key_usage(&[ID_KP_EMAIL_PROTECTION, ANY_EXTENDED_KEY_USAGE]))),
    (&[], |it| { it.issued_on("270630"); leaf_with(it, PURPOSES, purposes(&[4, 9])); }),
    (&["extended-key-usage-others"], |it| { it.issued_on("270701"); leaf_with(it, PURPOSES, purposes(&[4, 9])); }),
    (&[], |it| { it.issued_on("270701"); leaf_with(it, PURPOSES, purposes(&[4, 2])); }),
    (&[], |it| strict(it)),
    (&["extended-key-usage-strict"], |it| { strict(it); leaf_with(it, PURPOSES, purposes(&[4, 2])); }),

    (&["authority-key-present"], |it| leaf_with(it, AUTHORITY_KEY, [])),
    (&["authority-key-present"], |it| leaf_with(it, AUTHORITY_KEY, extension(AUTHORITY_KEY, &sequence(&[])))),
    (&["authority-key-critical"], |it| mark(&mut it.leaf, AUTHORITY_KEY, true)),
    (&["authority-key-issuer"], |it| leaf_with(it, AUTHORITY_KEY, extension(AUTHORITY_KEY, &sequence(&[b"\x80\x02CA", b"\xa1\x03\x82\x01a"])))),
    (&["authority-key-issuer"], |it| leaf_with(it, AUTHORITY_KEY, extension(AUTHORITY_KEY, &sequence(&[b"\x80\x02CA", b"\x82\x01\x01"])))),

    (&["alt-name-present", "subject-mailboxes", "common-name"], |it| leaf_with(it, ALT_NAME, [])),
    (&["alt-name-present"], |it| { it.leaf.subject = name(&[]); leaf_with(it, ALT_NAME, []); }),
    (&["alt-name-critical"], |it| mark(&mut it.leaf, ALT_NAME, true)),
    (&["alt-name-not-critical"], |it| it.leaf.subject = name(&[])),
    (&[], |it| { it.leaf.subject = name(&[]); mark(&mut it.leaf, ALT_NAME, true); }),
    (&["alt-name-mailbox"], |it| { it.leaf.subject = name(&[("2.5.4.5", tag::PRINTABLE_STRING, "1")]); leaf_with(it, ALT_NAME, alt_names(&[other_name(UPN, "bob")])); }),
    (&[], |it| { it.leaf.subject = name(&[("2.5.4.5", tag::PRINTABLE_STRING, "1")]); leaf_with(it, ALT_NAME, alt_names(&[other_name(SMTP_UTF8, "bøb@example.com")])); }),
    (&[], |it| leaf_with(it, ALT_NAME, with_mailbox(&[directory_name(&[cn("bob@example.com")]), other_name(UPN, "bob")]))),
    (&["alt-name-forms"], |it| leaf_with(it, ALT_NAME, with_mailbox(&[uri("http://a/")]))),
    (&["alt-name-forms"], |it| leaf_with(it, ALT_NAME, with_mailbox(&[element(tag::context_primitive(2), b"a.example")]))),
    (&["alt-name-forms"], |it| { strict(it); leaf_with(it, ALT_NAME, with_mailbox(&[other_name(UPN, "bob")])); }),
    (&[], |it| { strict(it); leaf_with(it, ALT_NAME, with_mailbox(&[other_name(SMTP_UTF8, "bøb@example.com")])); }),
    (&["alt-name-syntax"], |it| leaf_with(it, ALT_NAME, with_mailbox(&[rfc822_name("Bob <bob@example.com>")]))),
    (&["alt-name-syntax"], |it| leaf_with(it, ALT_NAME, with_mailbox(&[rfc822_name("bøb@example.com")]))),
    (&["alt-name-syntax"], |it| leaf_with(it, ALT_NAME, with_mailbox(&[other_name(SMTP_UTF8, "bob@example.com")]))),
    (&["alt-name-syntax"], |it| leaf_with(it, ALT_NAME, with_mailbox(&[other_name(SMTP_UTF8, "\u{feff}bøb@example.com")]))),
    (&[], |it| leaf_with(it, ALT_NAME, with_mailbox(&[other_name(SMTP_UTF8, "bøb@xn--bcher-kva.example")]))),
    (&["smtp-utf8-domain"], |it| leaf_with(it, ALT_NAME, with_mailbox(&[other_name(SMTP_UTF8, "bøb@bücher.example")]))),
    (&["smtp-utf8-domain"], |it| leaf_with(it, ALT_NAME, with_mailbox(&[other_name(SMTP_UTF8, "bøb@Example.com")]))),
    (&[], |it| { it.issued_on("240828"); leaf_with(it, ALT_NAME, with_mailbox(&[other_name(SMTP_UTF8, "bøb@bücher.example")])); }),

    (&[], |it| add(it, &SMIME_CAPABILITIES.to_string(), b"\x30\x00", false)),
    (&["smime-capabilities-critical"], |it| add(it, &SMIME_CAPABILITIES.to_string(), b"\x30\x00", true)),
    (&["directory-attributes-present"], |it| add(it, &DIRECTORY_ATTRIBUTES.to_string(), b"\x30\x00", false)),
    (&[], |it| { legacy(it); add(it, &DIRECTORY_ATTRIBUTES.to_string(), b"\x30\x00", false); }),
    (&["directory-attributes-critical"], |it| { legacy(it); add(it, &DIRECTORY_ATTRIBUTES.to_string(), b"\x30\x00", true); }),
    (&[], |it| add(it, QC_STATEMENTS, b"\x30\x00", false)),
    (&["qc-statements-critical"], |it| add(it, QC_STATEMENTS, b"\x30\x00", true)),
    (&["lei-present"], |it| add(it, LEI, &lei(SOUND_LEI), false)),
    (&[], |it| { organization(it); add(it, LEI, &lei(SOUND_LEI), false); }),
    (&["lei-role-present"], |it| { organization(it); add(it, LEI_ROLE, b"\x13\x01a", false); }),
    (&[], |it| { sponsor(it); add(it, LEI_ROLE, b"\x13\x01a", false); }),
    (&["lei-critical"], |it| { sponsor(it); add(it, LEI, &lei(SOUND_LEI), true); }),
    (&["lei-critical"], |it| { sponsor(it); add(it, LEI_ROLE, b"\x13\x01a", true); }),
    (&["lei-syntax"], |it| { sponsor(it); add(it, LEI, &lei("529900T8BM49AURSDO54"), false); }),
    (&[], |it| add(it, ADOBE_TIME_STAMP, b"\x30\x00", false)),
    (&["adobe-critical"], |it| add(it, ADOBE_TIME_STAMP, b"\x30\x00", true)),
    (&["adobe-present"], |it| { strict(it); add(it, ADOBE_TIME_STAMP, b"\x30\x00", false); }),

    (&["subject-key-present"], |it| leaf_with(it, SUBJECT_KEY, [])),
    (&["subject-key-critical"], |it| mark(&mut it.leaf, SUBJECT_KEY, true)),
    (&["ca-extensions"], |it| add(it, &ID_CE_NAME_CONSTRAINTS.to_string(), b"\x30\x07\xa1\x05\x30\x03\x82\x01a", true)),
    (&["ca-extensions"], |it| add(it, &ID_CE_POLICY_CONSTRAINTS.to_string(), b"\x30\x03\x80\x01\x00", true)),
];

#[test]
fn leaves_are_held_to_these() {
    hold(CASES);
}

#[test]
fn a_leaf_that_has_signed_itself_has_no_ca() {
    let mut pki = Pki::new();
    pki.leaf.issuer = pki.leaf.subject.clone();
    set(&mut pki.leaf, AUTHORITY_KEY, &authority_key(b"Bob"));
    let departures = of_path(&path(&pki)[..1]);
    assert_eq!(departures[0].rule, "issued-by-root");
    assert_eq!(departures.len(), 1);
}
