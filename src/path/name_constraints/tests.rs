//! Each form of name: in the subtree, and just out of it. Attacks 23 and 24.

use const_oid::db::rfc5280::{ID_CE_NAME_CONSTRAINTS, ID_CE_SUBJECT_ALT_NAME};

use crate::asn1::tlv::{element, sequence};
use crate::path::testing::*;
use crate::x509::Certificate;
use crate::x509::testing::{
    TestCertificate, critical_extension, email_name, extension, name, subject_alt_name,
};

#[derive(Clone, Copy)]
enum Side {
    Permitted = 0xa0,
    Excluded = 0xa1,
}
use Side::{Excluded, Permitted};

fn constraints(subtrees: &[(Side, Vec<u8>)]) -> Vec<u8> {
    let of = |side: Side| {
        let bases = subtrees.iter().filter(|(of, _)| *of as u8 == side as u8);
        let list: Vec<u8> = bases.flat_map(|(_, base)| sequence(&[base])).collect();
        if list.is_empty() {
            return list;
        }
        element(side as u8, &list)
    };
    let value = sequence(&[&of(Permitted), &of(Excluded)]);
    critical_extension(ID_CE_NAME_CONSTRAINTS, &value)
}

/// A leaf with these names, below a CA with these constraints.
fn judged(subtrees: &[(Side, Vec<u8>)], names: &[Vec<u8>]) -> &'static str {
    judged_leaf(subtrees, |c| {
        c.subject = sequence(&[]);
        let names = match names {
            [] => Vec::new(),
            names => subject_alt_name(names),
        };
        replace(c, ID_CE_SUBJECT_ALT_NAME, &names);
    })
}

fn judged_leaf(
    subtrees: &[(Side, Vec<u8>)],
    change: impl FnOnce(&mut TestCertificate),
) -> &'static str {
    let ca = CA.changed(ROOT, |c| c.extensions.push(constraints(subtrees)));
    verdict(&check(&changed_leaf(CA, change), &[ca], ROOT.root()))
}

fn email(text: &str) -> Vec<u8> {
    element(0x81, text.as_bytes())
}

fn dns(text: &str) -> Vec<u8> {
    element(0x82, text.as_bytes())
}

fn uri(text: &str) -> Vec<u8> {
    element(0x86, text.as_bytes())
}

fn ip(octets: &[u8]) -> Vec<u8> {
    element(0x87, octets)
}

fn directory(name: &[u8]) -> Vec<u8> {
    element(0xa4, name)
}

/// SmtpUTF8Mailbox (RFC 9598 3).
fn utf8_email(text: &str) -> Vec<u8> {
    let value = element(0xa0, &element(0x0c, text.as_bytes()));
    let type_id = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x08\x09";
    element(0xa0, &[&type_id[..], &value].concat())
}

/// Whether a name is in a subtree, which must come out the same whichever side it is on.
fn assert_within(base: &[u8], name: &[u8], expected: bool) {
    let judge = |side| judged(&[(side, base.to_vec())], &[name.to_vec()]);
    let shown = name.escape_ascii();
    let [inside, outside] = match expected {
        true => ["valid", "name-constraints"],
        false => ["name-constraints", "valid"],
    };
    assert_eq!(judge(Permitted), inside, "permitted, {shown}");
    assert_eq!(judge(Excluded), outside, "excluded, {shown}");
}

/// A name of which nobody can tell is refused on either side.
fn assert_incomparable(base: &[u8], name: &[u8]) {
    for side in [Permitted, Excluded] {
        let verdict = judged(&[(side, base.to_vec())], &[name.to_vec()]);
        assert_eq!(verdict, "name-constraints", "{}", name.escape_ascii());
    }
}

#[test]
fn a_mailbox_is_one_a_host_or_a_domain() {
    for (base, address, expected) in [
        ("bob@example.com", "bob@EXAMPLE.com", true),
        ("bob@example.com", "alice@example.com", false),
        ("bob@example.com", "bob@sub.example.com", false),
        ("example.com", "anyone@example.com", true),
        ("Example.COM", "anyone@example.com", true),
        ("example.com", "anyone@sub.example.com", false),
        ("example.com", "anyone@badexample.com", false),
        (".example.com", "anyone@sub.example.com", true),
        (".example.com", "anyone@a.b.example.com", true),
        (".example.com", "anyone@example.com", false),
        (".example.com", "anyone@badexample.com", false),
        ("", "anyone@example.com", true),
        ("example.com", "\"a@evil.example\"@example.com", true),
        ("evil.example", "\"a@evil.example\"@example.com", false),
        ("xn--bcher-kva.example", "a@xn--bcher-kva.example", true),
    ] {
        assert_within(&email(base), &email(address), expected);
    }
}

#[test]
fn the_local_part_is_compared_to_the_letter_unless_it_is_excluded() {
    let bob = email("bob@example.com");
    let upper = [email("BOB@example.com")];
    assert_eq!(
        judged(&[(Permitted, bob.clone())], &upper),
        "name-constraints"
    );
    assert_eq!(judged(&[(Excluded, bob)], &upper), "name-constraints");
}

#[test]
fn mailboxes_in_utf8_fall_under_the_same_constraints() {
    for (base, address, expected) in [
        ("example.com", "bø@example.com", true),
        ("example.com", "bø@example.org", false),
        ("xn--bcher-kva.example", "bø@xn--bcher-kva.example", true),
        ("xn--bcher-kva.example", "bø@bücher.example", true),
        (".example.com", "bø@sub.example.com", true),
    ] {
        assert_within(&email(base), &utf8_email(address), expected);
    }
    // RFC 9598 6: there are no constraints of that form itself.
    assert_incomparable(&utf8_email("bø@example.com"), &utf8_email("bø@example.com"));
}

#[test]
fn the_address_in_the_subject_counts_too() {
    let judge = |side, address: &'static str| {
        judged_leaf(&[(side, email("example.com"))], |c| {
            c.subject = email_name(address);
        })
    };
    assert_eq!(judge(Permitted, "a@example.com"), "valid");
    assert_eq!(judge(Permitted, "a@example.org"), "name-constraints");
    assert_eq!(judge(Excluded, "a@example.com"), "name-constraints");
}

#[test]
fn what_is_no_mailbox_is_in_no_permitted_subtree_and_may_be_in_an_excluded_one() {
    for address in [
        "bob",
        "bob@",
        "@example.com",
        "bob@a..example.com",
        "a b@example.com",
        "",
    ] {
        assert_incomparable(&email("example.com"), &email(address));
        assert_eq!(
            judged(&[(Permitted, dns("example.com"))], &[email(address)]),
            "valid"
        );
    }
    let dots = "@".to_owned() + &"a.".repeat(5_000);
    for address in ["bob@xn--0.example", "bob@xn--.xn--", &dots] {
        assert_incomparable(&email("example.com"), &email(address));
    }
}

#[test]
fn a_dns_name_is_below_or_equal() {
    for (base, host, expected) in [
        ("example.com", "example.com", true),
        ("example.com", "WWW.example.COM", true),
        ("example.com", "a.b.example.com", true),
        ("example.com", "*.example.com", true),
        ("example.com", "badexample.com", false),
        ("www.example.com", "example.com", false),
        ("", "example.com", true),
    ] {
        assert_within(&dns(base), &dns(host), expected);
    }
    assert_incomparable(&dns(".example.com"), &dns("www.example.com"));
    for host in [
        "example.com.",
        ".example.com",
        "a..example.com",
        "a b.example.com",
        "",
    ] {
        assert_incomparable(&dns("example.com"), &dns(host));
    }
    // A wildcard is as good as the name it stands for.
    let excluded = |base| judged(&[(Excluded, dns(base))], &[dns("*.example.com")]);
    assert_eq!(excluded("www.example.com"), "name-constraints");
    assert_eq!(excluded("a.www.example.com"), "valid");
    let permitted = judged(
        &[(Permitted, dns("www.example.com"))],
        &[dns("*.example.com")],
    );
    assert_eq!(permitted, "name-constraints");
}

#[test]
fn a_uri_is_at_a_host_or_below_a_domain() {
    for (base, name, expected) in [
        ("host.example", "https://host.example:443/x", true),
        ("host.example", "https://www.host.example/", false),
        (".host.example", "https://www.host.example/", true),
        (".host.example", "https://host.example/", false),
        ("host.example", "https://host.example@evil.example/", false),
    ] {
        assert_within(&uri(base), &uri(name), expected);
    }
    for name in [
        "urn:x",
        "https://192.0.2.1/",
        "https://[2001:db8::1]/",
        "https:///x",
    ] {
        assert_incomparable(&uri("host.example"), &uri(name));
    }
}

#[test]
fn an_ip_address_is_in_a_range() {
    let range = [192, 0, 2, 0, 255, 255, 255, 128];
    assert_within(&ip(&range), &ip(&[192, 0, 2, 127]), true);
    assert_within(&ip(&range), &ip(&[192, 0, 2, 128]), false);
    assert_within(&ip(&range), &ip(&[0; 16]), false);
    assert_within(&ip(&[0; 8]), &ip(&[192, 0, 2, 1]), true);
    let range_6 = [&[0x20, 0x01, 0x0d, 0xb8][..], &[0; 12], &[255; 4], &[0; 12]].concat();
    let address = [&[0x20, 0x01, 0x0d, 0xb8][..], &[7; 12]].concat();
    assert_within(&ip(&range_6), &ip(&address), true);
    assert_within(&ip(&range_6), &ip(&[7; 16]), false);
    assert_incomparable(&ip(&range), &ip(&[192, 0, 2]));
    assert_incomparable(&ip(&[192, 0, 2, 0, 255, 0, 255, 0]), &ip(&[192, 0, 2, 1]));
    assert_incomparable(&ip(&[192, 0, 2, 0]), &ip(&[192, 0, 2, 0]));
}

#[test]
fn directory_names_match_however_they_are_spelled() {
    let base = directory(&name("Caf\u{e9} M\u{fc}ller GmbH"));
    for (spelled, expected) in [
        ("Cafe\u{301} Mu\u{308}ller GmbH", true),
        ("CAF\u{c9}  m\u{dc}ller\u{a0}gmbh", true),
        ("Ca\u{2066}fe\u{301} M\u{fc}ller GmbH", true),
        ("Cafe\u{300} M\u{fc}ller GmbH", false),
        ("Cafe M\u{fc}ller GmbH", false),
    ] {
        assert_within(&base, &directory(&name(spelled)), expected);
    }
}

#[test]
fn directory_names_are_compared_rdn_by_rdn() {
    let two = |one: &[u8], other: &[u8]| sequence(&[&one[2..], &other[2..]]);
    let (acme, acme_bob) = (name("Acme"), two(&name("ACME"), &name("Bob")));
    assert_within(&directory(&acme), &directory(&acme_bob), true);
    assert_within(&directory(&acme_bob), &directory(&acme), false);
    assert_within(&directory(&acme), &directory(&name("Acme Bob")), false);
    let subject = |side| {
        let subject = acme_bob.clone();
        judged_leaf(&[(side, directory(&acme))], |c| c.subject = subject)
    };
    assert_eq!(
        [subject(Permitted), subject(Excluded)],
        ["valid", "name-constraints"]
    );
    let nobody = |side| judged(&[(side, directory(&acme))], &[]);
    assert_eq!([nobody(Permitted), nobody(Excluded)], ["valid"; 2]);
}

#[test]
fn forms_that_are_not_known_are_refused_where_they_are_constrained() {
    let other = |type_octet| {
        let value = [0x06, 0x02, 0x2a, type_octet, 0xa0, 0x02, 0x05, 0x00];
        element(0xa0, &value)
    };
    let (registered, x400) = (element(0x88, &[0x2a, 0x03]), element(0xa3, b""));
    for (base, name) in [
        (other(3), other(3)),
        (registered.clone(), registered.clone()),
        (x400.clone(), x400.clone()),
    ] {
        assert_incomparable(&base, &name);
        assert_eq!(
            judged(&[(Permitted, base.clone())], &[dns("example.com")]),
            "valid"
        );
        assert_eq!(judged(&[(Permitted, dns("example.com"))], &[name]), "valid");
    }
    assert_eq!(judged(&[(Permitted, other(3))], &[other(4)]), "valid");
}

#[test]
fn excluded_wins_and_every_cas_constraints_count() {
    let names = [email("bob@example.com")];
    let both = [
        (Permitted, email("example.com")),
        (Excluded, email("bob@example.com")),
    ];
    assert_eq!(judged(&both, &names), "name-constraints");
    let either = [
        (Permitted, email("example.org")),
        (Permitted, email("example.com")),
    ];
    assert_eq!(judged(&either, &names), "valid");
    let with = |base: &str| {
        let extension = constraints(&[(Permitted, email(base))]);
        move |c: &mut TestCertificate| c.extensions.push(extension)
    };
    for (upper, lower, expected) in [
        ("example.com", "bob@example.com", "valid"),
        ("example.com", "example.org", "name-constraints"),
        ("example.org", "example.com", "name-constraints"),
    ] {
        let pool = [
            SUB_CA.changed(CA, with(lower)),
            CA.changed(ROOT, with(upper)),
        ];
        assert_eq!(verdict(&check(&leaf(SUB_CA), &pool, ROOT.root())), expected);
        let pool = [SUB_CA.changed(CA, with(lower)), CA.issued_by(ROOT)];
        let root = ROOT.changed(ROOT, with(upper));
        assert_eq!(verdict(&check(&leaf(SUB_CA), &pool, root)), expected);
    }
}

#[test]
fn a_cas_own_names_count_unless_it_has_issued_itself() {
    let only_acme = constraints(&[(Permitted, directory(&name("CA")))]);
    let ca = CA.changed(ROOT, |c| c.extensions.push(only_acme));
    let leaf_of = |ca| changed_leaf(ca, |c| c.subject = name("CA"));
    let pool = [ca.clone(), SUB_CA.issued_by(CA)];
    assert_eq!(
        verdict(&check(&leaf_of(SUB_CA), &pool, ROOT.root())),
        "name-constraints"
    );
    // A new key of the CA: with a mailbox that is excluded, which a leaf could not have.
    let no_mailbox = constraints(&[(Excluded, email(""))]);
    let ca = CA.changed(ROOT, |c| c.extensions.push(no_mailbox));
    let new_key = Authority { key: 4, ..CA };
    let rollover = new_key.changed(CA, |c| {
        c.extensions
            .push(subject_alt_name(&[email("ca@example.com")]));
    });
    let leaf = changed_leaf(new_key, |c| replace(c, ID_CE_SUBJECT_ALT_NAME, b""));
    assert_eq!(
        verdict(&check(&leaf, &[ca.clone(), rollover], ROOT.root())),
        "valid"
    );
    let itself = changed_leaf(CA, |c| c.subject = name("CA"));
    assert_eq!(
        verdict(&check(&itself, &[ca], ROOT.root())),
        "name-constraints"
    );
}

#[test]
fn a_malformed_constraint_is_no_licence() {
    for value in [&b"\x30\x00"[..], b"\x30", b"\x30\x02\xa0\x00", b"\x05\x00"] {
        let ca = CA.changed(ROOT, |c| {
            c.extensions.push(extension(ID_CE_NAME_CONSTRAINTS, value));
        });
        let result = check(&leaf(CA), &[ca], ROOT.root());
        assert_eq!(verdict(&result), "malformed-extension", "{value:x?}");
    }
}

/// Attack 25. Reading a name counts as comparing it does.
#[test]
fn ten_thousand_names_and_twenty_five_constraints_exhaust_the_budget() {
    let names: Vec<Vec<u8>> = (0..10_000)
        .map(|n| dns(&format!("{n}.example.com")))
        .collect();
    let leaf = changed_leaf(CA, |c| {
        replace(c, ID_CE_SUBJECT_ALT_NAME, &subject_alt_name(&names));
    });
    for (count, expected) in [(22, "valid"), (25, "budget")] {
        let bases: Vec<_> = (0..count)
            .map(|n| (Permitted, dns(&format!("{n}.example.org"))))
            .chain([(Permitted, dns("com"))])
            .collect();
        let ca = CA.changed(ROOT, |c| c.extensions.push(constraints(&bases)));
        assert_eq!(verdict(&check(&leaf, &[ca], ROOT.root())), expected);
    }
}

#[test]
fn the_name_and_the_ca_are_told() {
    let ca: Certificate = CA.changed(ROOT, |c| {
        c.extensions
            .push(constraints(&[(Permitted, email("example.org"))]));
    });
    let error = check(&leaf(CA), &[ca], ROOT.root()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the certificate of CN=Bob is for bob@example.com, for which CN=CA may not issue"
    );
}
