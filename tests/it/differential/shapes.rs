//! The shapes that PKIs come in.

use super::certificate::Certificate;
use super::keys::KeyIdentifier;
use super::pki::{DAY, Pki};
use super::random::Random;

type Shape = fn(&mut Pki, &mut Random);

/// What makes the search for a path harder, and by itself spoils none.
pub const SHAPES: &[(&str, Shape)] = &[
    ("another root", another_root),
    ("a cross-certificate for a CA", cross_certified_ca),
    ("a cross-certificate for the root", cross_certified_root),
    ("another key under a CA's name", another_key),
    ("a renewed CA", renewed_ca),
    ("a CA's new key under its old one", rolled_over_ca),
    ("a stranger under a CA's name", stranger),
    ("a stranger's root under the root's name", strange_root),
    ("an older certificate of the root", older_root),
    ("everything in the pool", everything_at_hand),
];

fn another_root(pki: &mut Pki, random: &mut Random) {
    let root = pki.add_root("Other Root");
    match random.one_in(2) {
        true => pki.anchors.push(root),
        false => pki.pool.push(root),
    }
}

/// A certificate of the path that is neither leaf nor root, if there is one.
fn some_ca(pki: &Pki, random: &mut Random) -> Option<usize> {
    let cas = &pki.chain[1..pki.chain.len() - 1];
    (!cas.is_empty()).then(|| *random.pick(cas))
}

fn cross_certified_ca(pki: &mut Pki, random: &mut Random) {
    let Some(ca) = some_ca(pki, random) else {
        return cross_certified_root(pki, random);
    };
    let root = pki.add_root("Cross Root");
    if random.one_in(2) {
        pki.anchors.push(root);
    }
    let (name, key) = (
        pki.certificates[ca].subject.clone(),
        pki.certificates[ca].key,
    );
    let cross = pki.add(name, key, root);
    pki.pool.push(cross);
}

/// The root that issued is not trusted itself, or is too.
fn cross_certified_root(pki: &mut Pki, random: &mut Random) {
    let root = pki.root();
    let above = pki.add_root("Cross Root");
    let (name, key) = (
        pki.certificates[root].subject.clone(),
        pki.certificates[root].key,
    );
    let cross = pki.add(name, key, above);
    pki.pool.push(cross);
    match random.below(3) {
        // Only the one above is trusted.
        0 => {
            pki.anchors = vec![above];
            if random.one_in(2) {
                pki.pool.push(root);
            }
            pki.chain.pop();
            pki.chain.extend([cross, above]);
        }
        1 => pki.anchors.push(above),
        _ => pki.pool.push(above),
    }
}

fn another_key(pki: &mut Pki, random: &mut Random) {
    if let Some(ca) = some_ca(pki, random) {
        let mut other = pki.certificates[ca].clone();
        other.key = pki.new_key();
        other.subject_key_identifier = KeyIdentifier::OfKey(other.key);
        add_twin(pki, other);
    }
}

fn renewed_ca(pki: &mut Pki, random: &mut Random) {
    if let Some(ca) = some_ca(pki, random) {
        let mut older = pki.certificates[ca].clone();
        older.not_before -= 400 * DAY;
        older.not_after = *random.pick(&[-30 * DAY, 30 * DAY]);
        add_twin(pki, older);
    }
}

/// Another certificate like one that is there, with a number of its own.
fn add_twin(pki: &mut Pki, mut twin: Certificate) {
    twin.serial = vec![0x40, pki.certificates.len() as u8];
    pki.pool.push(pki.certificates.len());
    pki.certificates.push(twin);
}

/// RFC 4210 4.4: "new with old", a self-issued certificate in the path, which does not count where
/// its length is limited.
fn rolled_over_ca(pki: &mut Pki, random: &mut Random) {
    let depth = 1 + random.below(pki.chain.len() - 1);
    let (below, old) = (pki.chain[depth - 1], pki.chain[depth]);
    let name = pki.certificates[old].subject.clone();
    let new = pki.add_ca(name, old);
    let key = pki.certificates[new].key;
    pki.change(below, |below| {
        below.signer = key;
        below.authority_key_identifier = KeyIdentifier::OfKey(key);
    });
    if random.one_in(4) {
        pki.change(new, |new| {
            new.authority_key_identifier = KeyIdentifier::Absent;
        });
    }
    if random.one_in(4) {
        let counts = |ca: &&Certificate| ca.issuer != ca.subject;
        let limit = pki.all(&pki.chain[1..depth]).filter(counts).count() as u8;
        pki.change(old, |old| old.basic_constraints = Some((true, Some(limit))));
    }
    pki.pool.push(new);
    pki.chain.insert(depth, new);
}

/// Somebody with a CA's name, another key and other issuers; the path does not need it.
fn stranger(pki: &mut Pki, random: &mut Random) {
    if let Some(ca) = some_ca(pki, random) {
        let root = pki.add_root("Stranger");
        let name = pki.certificates[ca].subject.clone();
        let ca = pki.add_ca(name, root);
        pki.pool.push(ca);
        if random.one_in(2) {
            pki.pool.push(root);
        }
    }
}

fn strange_root(pki: &mut Pki, random: &mut Random) {
    let name = pki.certificates[pki.root()].subject.clone();
    let stranger = pki.add_root("Root");
    pki.change(stranger, |stranger| {
        stranger.subject = name.clone();
        stranger.issuer = name;
    });
    match random.one_in(2) {
        true => pki.anchors.push(stranger),
        false => pki.pool.push(stranger),
    }
}

fn older_root(pki: &mut Pki, random: &mut Random) {
    let mut older = pki.certificates[pki.root()].clone();
    older.not_before -= 400 * DAY;
    older.not_after = *random.pick(&[-30 * DAY, 30 * DAY]);
    add_twin(pki, older);
    if random.one_in(2) {
        let older = pki.pool.pop().expect("the twin");
        pki.anchors.push(older);
    }
}

fn everything_at_hand(pki: &mut Pki, _: &mut Random) {
    pki.pool = (0..pki.certificates.len()).collect();
}
