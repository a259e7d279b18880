//! Certificates and CRLs that are made to take long (attacks 22 and 25), too large to be stored.
//!
//! `benches/paths.rs` measures the same.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_BASIC_CONSTRAINTS, ID_CE_CERTIFICATE_POLICIES, ID_CE_CRL_NUMBER, ID_CE_NAME_CONSTRAINTS,
    ID_CE_POLICY_MAPPINGS, ID_CE_SUBJECT_ALT_NAME,
};
use mailseal::asn1::tag;
use mailseal::asn1::tlv::{element, sequence};
use p256::ecdsa::signature::Signer;
use p256::pkcs8::EncodePublicKey;

/// What a validator is given, all of it DER.
pub struct Hostile {
    pub name: &'static str,
    pub target: Vec<u8>,
    pub trust: Vec<u8>,
    pub pool: Vec<Vec<u8>>,
    pub crls: Vec<Vec<u8>>,
    /// The word of the reason to refuse it; none where it is merely large.
    pub reason: Option<&'static str>,
}

/// In the middle of what is made here.
pub const AT: &str = "2026-07-01T12:00:00Z";

/// How many names, or entries of a CRL: a hundred thousand.
pub const MANY: u32 = 100_000;

/// Every one of them.
pub fn all() -> Vec<Hostile> {
    vec![
        intermediates_of_one_name(),
        cross_certificates_in_every_direction(),
        mappings("60 policies mapped each to each, 6 times", 60, None),
        mappings(
            "100 policies mapped each to each, 6 times",
            100,
            Some("budget"),
        ),
        names("100,000 rfc822Names", &addresses(MANY), 0),
        names("100,000 rfc822Names, constrained", &addresses(MANY), 1),
        names("100,000 dNSNames", &hosts(MANY), 0),
        names("100,000 dNSNames, constrained", &hosts(MANY), 1),
        names("10,000 rfc822Names, 30 constraints", &addresses(10_000), 30),
        names("10,000 dNSNames, 30 constraints", &hosts(10_000), 30),
        names("10,000 URIs, 30 constraints", &uris(10_000), 30),
        entries("a CRL of 100,000 entries", false),
        entries("a CRL of 100,000 entries, the last one the leaf's", true),
    ]
}

/// A name and the number of a key.
#[derive(Clone, Copy)]
struct Authority(&'static str, u8);

const ROOT: Authority = Authority("Root", 1);
const CA: Authority = Authority("CA", 2);
const BOB: Authority = Authority("Bob", 3);

/// A hundred CAs of one name, none of which has the key that has signed.
fn intermediates_of_one_name() -> Hostile {
    let pool = (0..100).map(|key| Authority("CA", key + 10).certified_by(ROOT, &ca(&[])));
    Hostile {
        name: "100 intermediates of one name",
        target: BOB.certified_by(CA, &[]),
        trust: ROOT.root(),
        pool: pool.collect(),
        crls: Vec::new(),
        reason: Some("budget"),
    }
}

/// Ten CAs that have all issued certificates to each other, and nobody trusts them.
fn cross_certificates_in_every_direction() -> Hostile {
    const NAMES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let authorities: Vec<Authority> = (10..)
        .zip(NAMES)
        .map(|(key, name)| Authority(name, key))
        .collect();
    let pairs = authorities
        .iter()
        .flat_map(|one| authorities.iter().map(move |other| (one, other)));
    let pool = pairs.filter(|(one, other)| one.1 != other.1);
    Hostile {
        name: "cross-certificates of 10 CAs, each with each",
        target: BOB.certified_by(authorities[0], &[]),
        trust: ROOT.root(),
        pool: pool
            .map(|(one, other)| one.certified_by(*other, &ca(&[])))
            .collect(),
        crls: Vec::new(),
        reason: Some("budget"),
    }
}

/// Six CAs that map each of so many policies to each of them: the last level of RFC 5280's tree has
/// that number to the seventh of nodes.
fn mappings(name: &'static str, count: u32, reason: Option<&'static str>) -> Hostile {
    const NAMES: [&str; 6] = ["1", "2", "3", "4", "5", "6"];
    let policy = |number: u32| {
        element(
            tag::OBJECT_IDENTIFIER,
            &[&[0x2a, 3], &base_128(number)[..]].concat(),
        )
    };
    let policies: Vec<Vec<u8>> = (0..count).map(policy).collect();
    let information: Vec<u8> = policies
        .iter()
        .flat_map(|policy| sequence(&[policy]))
        .collect();
    let pairs = policies
        .iter()
        .flat_map(|one| policies.iter().map(move |other| sequence(&[one, other])));
    let extensions = [
        extension(
            ID_CE_CERTIFICATE_POLICIES,
            false,
            &sequence(&[&information]),
        ),
        extension(
            ID_CE_POLICY_MAPPINGS,
            true,
            &sequence(&[&pairs.collect::<Vec<_>>().concat()]),
        ),
    ];
    let mut above = ROOT;
    let mut pool = Vec::new();
    for (key, name) in (10..).zip(NAMES) {
        let authority = Authority(name, key);
        pool.push(authority.certified_by(above, &ca(&extensions)));
        above = authority;
    }
    Hostile {
        name,
        target: BOB.certified_by(above, &extensions[..1]),
        trust: ROOT.root(),
        pool,
        crls: Vec::new(),
        reason,
    }
}

fn addresses(count: u32) -> Vec<u8> {
    let address = |number| element(0x81, format!("bob{number}@example.com").as_bytes());
    (0..count).flat_map(address).collect()
}

fn hosts(count: u32) -> Vec<u8> {
    let host = |number| element(0x82, format!("host{number}.example.com").as_bytes());
    (0..count).flat_map(host).collect()
}

fn uris(count: u32) -> Vec<u8> {
    let uri = |number| element(0x86, format!("https://bob{number}@example.com/").as_bytes());
    (0..count).flat_map(uri).collect()
}

/// A leaf with these names, below a CA with so many constraints on each form, the last of which permits
/// them all.
fn names(name: &'static str, names: &[u8], constraints: u32) -> Hostile {
    let subtree = |tag, base: &str| sequence(&[&element(tag, base.as_bytes())]);
    let of_each_form = |base: &str| [0x81, 0x82, 0x86].map(|tag| subtree(tag, base)).concat();
    let others = (1..constraints).map(|number| of_each_form(&format!("{number}.example.org")));
    let bases: Vec<u8> = others
        .chain([of_each_form("example.com")])
        .flatten()
        .collect();
    let permitted = sequence(&[&element(0xa0, &bases)]);
    let constraints = match constraints {
        0 => Vec::new(),
        _ => vec![extension(ID_CE_NAME_CONSTRAINTS, true, &permitted)],
    };
    let alternative = extension(ID_CE_SUBJECT_ALT_NAME, false, &sequence(&[names]));
    Hostile {
        name,
        target: BOB.certified_by(CA, &[alternative]),
        trust: ROOT.root(),
        pool: vec![CA.certified_by(ROOT, &ca(&constraints))],
        crls: Vec::new(),
        reason: Some("budget"),
    }
}

fn entries(name: &'static str, with_leaf: bool) -> Hostile {
    let others = (0..MANY).map(|number| number + 1000);
    let leaf = with_leaf.then_some(u32::from(BOB.1));
    let numbers: Vec<u32> = others.chain(leaf).collect();
    Hostile {
        name,
        target: BOB.certified_by(CA, &[]),
        trust: ROOT.root(),
        pool: vec![CA.certified_by(ROOT, &ca(&[]))],
        crls: vec![ROOT.crl(&[]), CA.crl(&numbers)],
        reason: with_leaf.then_some("revoked"),
    }
}

impl Authority {
    fn key(self) -> p256::SecretKey {
        p256::SecretKey::from_slice(&[self.1; 32]).expect("a small number is a key")
    }

    fn name(self) -> Vec<u8> {
        let common_name = sequence(&[
            b"\x06\x03\x55\x04\x03",
            &element(tag::UTF8_STRING, self.0.as_bytes()),
        ]);
        sequence(&[&element(tag::SET, &common_name)])
    }

    fn root(self) -> Vec<u8> {
        self.certified_by(self, &ca(&[]))
    }

    /// Its certificate by that one, with the number of its key for a serial number.
    fn certified_by(self, issuer: Authority, extensions: &[Vec<u8>]) -> Vec<u8> {
        let spki = self
            .key()
            .public_key()
            .to_public_key_der()
            .expect("a key is encoded");
        let validity = sequence(&[&utc_time("250101000000Z"), &utc_time("341231235959Z")]);
        let extensions = match extensions {
            [] => Vec::new(),
            extensions => element(0xa3, &sequence(&[&extensions.concat()])),
        };
        issuer.sign(&[
            &element(0xa0, &element(tag::INTEGER, &[2])),
            &element(tag::INTEGER, &[self.1]),
            &ecdsa_with_sha256(),
            &issuer.name(),
            &validity,
            &self.name(),
            spki.as_bytes(),
            &extensions,
        ])
    }

    /// Its CRL, with these numbers.
    fn crl(self, numbers: &[u32]) -> Vec<u8> {
        let entry = |number: &u32| {
            let number = [&[0], &number.to_be_bytes()[..]].concat();
            let zeros = number
                .iter()
                .skip(1)
                .take_while(|octet| **octet == 0)
                .count();
            let number = match number.get(zeros + 1) {
                Some(0x80..) => &number[zeros..],
                _ => &number[zeros + 1..],
            };
            sequence(&[&element(tag::INTEGER, number), &utc_time("260515000000Z")])
        };
        let entries: Vec<u8> = numbers.iter().flat_map(entry).collect();
        let entries = if entries.is_empty() {
            entries
        } else {
            sequence(&[&entries])
        };
        let number = extension(ID_CE_CRL_NUMBER, false, &element(tag::INTEGER, &[1]));
        self.sign(&[
            &element(tag::INTEGER, &[1]),
            &ecdsa_with_sha256(),
            &self.name(),
            &utc_time("260601000000Z"),
            &utc_time("270601000000Z"),
            &entries,
            &element(0xa0, &sequence(&[&number])),
        ])
    }

    fn sign(self, fields: &[&[u8]]) -> Vec<u8> {
        let signed = sequence(fields);
        let signature: p256::ecdsa::Signature =
            p256::ecdsa::SigningKey::from(self.key()).sign(&signed);
        let signature = [&[0], signature.to_der().as_bytes()].concat();
        sequence(&[
            &signed,
            &ecdsa_with_sha256(),
            &element(tag::BIT_STRING, &signature),
        ])
    }
}

/// The extensions of a CA, with these.
fn ca(more: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let constraints = extension(ID_CE_BASIC_CONSTRAINTS, true, b"\x30\x03\x01\x01\xff");
    [&[constraints], more].concat()
}

fn extension(id: ObjectIdentifier, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { b"\x01\x01\xff" } else { b"" };
    let id = element(tag::OBJECT_IDENTIFIER, id.as_bytes());
    sequence(&[&id, critical, &element(tag::OCTET_STRING, value)])
}

fn ecdsa_with_sha256() -> Vec<u8> {
    sequence(&[b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"])
}

fn utc_time(text: &str) -> Vec<u8> {
    element(tag::UTC_TIME, text.as_bytes())
}

/// One arc of an object identifier, below 2^14.
fn base_128(number: u32) -> Vec<u8> {
    match u8::try_from(number) {
        Ok(small @ 0..0x80) => vec![small],
        _ => vec![0x80 | (number >> 7) as u8, (number & 0x7f) as u8],
    }
}
