//! A small PKI as it is planned, and the DER of all of it.

use std::fmt;

use mailseal::path::Purpose;

use super::certificate::{
    CRL_SIGN, Certificate, DIGITAL_SIGNATURE, EMAIL_PROTECTION, KEY_CERT_SIGN,
};
use super::crl::RevocationList;
use super::keys::{KEYS, KeyIdentifier};
use super::names::{GeneralName, Name};
use super::quirks::QUIRKS;
use super::random::Random;
use super::shapes::SHAPES;

pub const DAY: i64 = 86_400;

/// Certificates, and what they are to be judged by. Certificates are known by their places.
#[derive(Clone, Debug)]
pub struct Pki {
    pub certificates: Vec<Certificate>,
    /// The path that was meant, from the leaf to the root.
    pub chain: Vec<usize>,
    /// Those that are trusted.
    pub anchors: Vec<usize>,
    /// Those at hand, in no order.
    pub pool: Vec<usize>,
    /// With CRLs, every certificate must be known not to be revoked.
    pub lists: Option<Vec<RevocationList>>,
    pub purpose: Purpose,
    pub policy: Policy,
    pub partial_chain: bool,
    /// What was done to it, by name.
    pub quirks: Vec<&'static str>,
    next_key: usize,
}

/// The inputs of RFC 5280 6.1.1 (c) and (e) to (g).
#[derive(Clone, Debug, Default)]
pub struct Policy {
    pub initial: Vec<&'static str>,
    pub explicit: bool,
    pub inhibit_mapping: bool,
    pub inhibit_any: bool,
}

/// The same in DER, by the same places.
pub struct Encoded {
    pub certificates: Vec<Vec<u8>>,
    pub lists: Option<Vec<Vec<u8>>>,
}

impl Pki {
    /// The PKI with this number of those of a seed.
    pub fn generate(seed: u64, number: usize) -> Pki {
        let mut random = Random::of(seed, number);
        let intermediates = *random.pick(&[0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3]);
        let mut pki = Pki::plain(intermediates);
        for _ in 0..*random.pick(&[0, 0, 0, 1, 1, 2]) {
            let (name, change) = random.pick(SHAPES);
            pki.quirks.push(name);
            change(&mut pki, &mut random);
        }
        for _ in 0..*random.pick(&[0, 1, 1, 1, 1, 2, 2, 2, 3, 3]) {
            let (name, _, change) = random.weighted(QUIRKS, |(_, weight, _)| *weight);
            pki.quirks.push(name);
            change(&mut pki, &mut random);
        }
        random.shuffle(&mut pki.pool);
        pki
    }

    /// A leaf for mail, so many CAs and a root, of which nobody could say anything bad.
    fn plain(intermediates: usize) -> Pki {
        let mut pki = Pki {
            certificates: Vec::new(),
            chain: Vec::new(),
            anchors: Vec::new(),
            pool: Vec::new(),
            lists: None,
            purpose: Purpose::EmailSigning,
            policy: Policy::default(),
            partial_chain: false,
            quirks: Vec::new(),
            next_key: 0,
        };
        let root = pki.add_root("Root");
        pki.anchors.push(root);
        let mut chain = vec![root];
        for number in (1..=intermediates).rev() {
            let issuer = chain[chain.len() - 1];
            let ca = pki.add_ca(Name::of(&format!("CA {number}")), issuer);
            pki.pool.push(ca);
            chain.push(ca);
        }
        let key = pki.new_key();
        let leaf = pki.add(Name::of("Alice"), key, chain[chain.len() - 1]);
        pki.change(leaf, |leaf| {
            leaf.basic_constraints = None;
            leaf.key_usage = Some(DIGITAL_SIGNATURE);
            leaf.purposes = Some(vec![EMAIL_PROTECTION]);
            leaf.alternative = vec![GeneralName::Mailbox("alice@example.com".to_owned())];
        });
        chain.push(leaf);
        chain.reverse();
        pki.chain = chain;
        pki
    }

    pub fn leaf(&self) -> usize {
        self.chain[0]
    }

    /// The root of the path that was meant.
    pub fn root(&self) -> usize {
        self.chain[self.chain.len() - 1]
    }

    /// The certificates of a path.
    pub fn all<'a>(&'a self, places: &'a [usize]) -> impl Iterator<Item = &'a Certificate> {
        places.iter().map(|place| &self.certificates[*place])
    }

    pub fn change(&mut self, place: usize, change: impl FnOnce(&mut Certificate)) {
        change(&mut self.certificates[place]);
    }

    pub fn new_key(&mut self) -> usize {
        self.next_key += 1;
        assert!(self.next_key <= KEYS, "more keys than there are");
        self.next_key - 1
    }

    /// A root that signs itself, neither trusted nor at hand yet.
    pub fn add_root(&mut self, common_name: &str) -> usize {
        let key = self.new_key();
        let place = self.certificates.len();
        let root = self.planned(Name::of(common_name), key, Name::of(common_name), key);
        self.certificates.push(root);
        place
    }

    /// A CA with a key of its own.
    pub fn add_ca(&mut self, name: Name, issuer: usize) -> usize {
        let key = self.new_key();
        self.add(name, key, issuer)
    }

    /// A CA's certificate for a name and a key.
    pub fn add(&mut self, subject: Name, key: usize, issuer: usize) -> usize {
        let issuer = &self.certificates[issuer];
        let (name, signer) = (issuer.subject.clone(), issuer.key);
        let ca = self.planned(subject, key, name, signer);
        self.certificates.push(ca);
        self.certificates.len() - 1
    }

    fn planned(&self, subject: Name, key: usize, issuer: Name, signer: usize) -> Certificate {
        Certificate {
            version: 3,
            serial: vec![0x40, self.certificates.len() as u8],
            issuer,
            signer,
            not_before: -365 * DAY,
            not_after: 730 * DAY,
            generalized: false,
            subject,
            key,
            basic_constraints: Some((true, None)),
            key_usage: Some(KEY_CERT_SIGN | CRL_SIGN),
            purposes: None,
            subject_key_identifier: KeyIdentifier::OfKey(key),
            authority_key_identifier: KeyIdentifier::OfKey(signer),
            authority_serial: None,
            critical_identifiers: false,
            alternative: Vec::new(),
            permitted: Vec::new(),
            excluded: Vec::new(),
            policies: Vec::new(),
            mappings: Vec::new(),
            require_explicit: None,
            inhibit_mapping: None,
            inhibit_any: None,
            unknown: None,
            is_doubled: false,
            is_forged: false,
            other_algorithm: false,
        }
    }

    pub fn encode(&self) -> Encoded {
        let lists = self.lists.as_ref();
        Encoded {
            certificates: self.certificates.iter().map(Certificate::der).collect(),
            lists: lists.map(|lists| lists.iter().map(RevocationList::der).collect()),
        }
    }
}

/// For people who look into a disagreement: what differs from the plain certificate.
impl fmt::Display for Pki {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, certificate) in self.certificates.iter().enumerate() {
            let places = [(&self.chain, 'c'), (&self.anchors, 'a'), (&self.pool, 'p')];
            let places = places.iter().filter(|(places, _)| places.contains(&place));
            let places: String = places.map(|(_, letter)| letter).collect();
            writeln!(f, "{place} ({places}) {certificate}")?;
        }
        for list in self.lists.iter().flatten() {
            writeln!(f, "{list:?}")?;
        }
        let Pki {
            chain,
            anchors,
            pool,
            purpose,
            policy,
            partial_chain,
            quirks,
            ..
        } = self;
        writeln!(
            f,
            "chain {chain:?}, anchors {anchors:?}, pool {pool:?}, for {purpose}, {policy:?}"
        )?;
        write!(f, "partial chain {partial_chain}, {quirks:?}")
    }
}
