//! Whose certificates make up the path, and whether they may.

use super::{any, issuer};
use crate::differential::certificate::{Certificate, DIGITAL_SIGNATURE};
use crate::differential::keys::KeyIdentifier;
use crate::differential::names::{Attribute, Encoding, Name};
use crate::differential::pki::{DAY, Pki};
use crate::differential::random::Random;

pub fn dates(pki: &mut Pki, random: &mut Random) {
    let (not_before, not_after) = *random.pick(&[
        (-400 * DAY, -DAY),
        (-400 * DAY, -1),
        (-400 * DAY, 0),
        (-400 * DAY, 1),
        (DAY, 400 * DAY),
        (1, 400 * DAY),
        (0, 400 * DAY),
        // Past 2049, where UTCTime ends.
        (-400 * DAY, 12_000 * DAY),
    ]);
    let generalized = random.one_in(4);
    any(pki, random, |certificate| {
        certificate.not_before = not_before;
        certificate.not_after = not_after;
        certificate.generalized = generalized;
    });
}

pub fn basic_constraints(pki: &mut Pki, random: &mut Random) {
    let constraints = *random.pick(&[None, Some((false, None))]);
    let usage_too = random.one_in(3);
    issuer(pki, random, |ca| {
        ca.basic_constraints = constraints;
        if usage_too {
            ca.key_usage = None;
        }
    });
}

pub fn path_length(pki: &mut Pki, random: &mut Random) {
    let limit = random.below(3) as u8;
    issuer(pki, random, |ca| {
        ca.basic_constraints = Some((true, Some(limit)));
    });
}

pub fn version_1(pki: &mut Pki, random: &mut Random) {
    let place = match random.below(4) {
        0 => *random.pick(&pki.chain),
        1 => pki.root(),
        _ => pki.leaf(),
    };
    pki.change(place, |certificate| certificate.version = 1);
}

pub fn key_identifiers(pki: &mut Pki, random: &mut Random) {
    let place = *random.pick(&pki.chain);
    let above = pki.chain.iter().position(|other| *other == place);
    let above = above.and_then(|depth| pki.chain.get(depth + 1));
    let above = pki.certificates[*above.unwrap_or(&place)].clone();
    let choice = random.below(8);
    pki.change(place, |certificate| match choice {
        0 => certificate.authority_key_identifier = KeyIdentifier::Absent,
        1 => certificate.subject_key_identifier = KeyIdentifier::Absent,
        2 => certificate.authority_key_identifier = KeyIdentifier::Wrong,
        3 => certificate.subject_key_identifier = KeyIdentifier::Wrong,
        4 => certificate.authority_serial = Some((above.issuer, above.serial)),
        5 => certificate.authority_serial = Some((above.issuer, vec![0x33])),
        _ => certificate.critical_identifiers = true,
    });
    if random.one_in(4) {
        for certificate in &mut pki.certificates {
            certificate.authority_key_identifier = KeyIdentifier::Absent;
        }
    }
}

/// RFC 5280 4.1.2.2 wants positive numbers of at most 20 octets, and readers who bear others.
pub fn serial_numbers(pki: &mut Pki, random: &mut Random) {
    let mut serial = random
        .pick(&[vec![0x80; 2], vec![0], vec![0x7f; 20], vec![0x7f; 21]])
        .clone();
    if serial.len() > 1 {
        let last = serial.len() - 1;
        serial[last] = random.below(256) as u8;
    }
    any(pki, random, |certificate| certificate.serial = serial);
}

/// RFC 5280 7.1: case, string type and spaces do not tell names apart; words do.
pub fn spelling(pki: &mut Pki, random: &mut Random) {
    let (choice, depth) = (random.below(7).min(5), random.below(pki.chain.len() - 1));
    let (below, above) = (pki.chain[depth], pki.chain[depth + 1]);
    if choice == 5 {
        // Letters beyond ASCII have a case too.
        let renamed = |name: &Name| {
            Name::in_country("DE", "Acme Süd").and(
                Attribute::CommonName,
                name.value(Attribute::CommonName).unwrap_or_default(),
            )
        };
        let old = pki.certificates[above].subject.clone();
        let new = renamed(&old);
        for certificate in &mut pki.certificates {
            for name in [&mut certificate.subject, &mut certificate.issuer] {
                if *name == old {
                    *name = new.clone();
                }
            }
        }
        for list in pki
            .lists
            .iter_mut()
            .flatten()
            .filter(|list| list.issuer == old)
        {
            list.issuer = new.clone();
        }
    }
    pki.change(below, |below| {
        for (attribute, text, encoding) in &mut below.issuer.0 {
            match (choice, attribute) {
                (0, _) => *text = text.to_lowercase(),
                (1, Attribute::Organization) => *text = format!(" {text}  "),
                (1, Attribute::CommonName) => *text = text.replace(' ', "   "),
                (2, Attribute::Organization) => *encoding = Encoding::Bmp,
                (2, Attribute::CommonName) => *encoding = Encoding::Printable,
                (3, Attribute::CommonName) => *encoding = Encoding::Teletex,
                (4, Attribute::CommonName) => *text = text.replace(' ', ""),
                (5, Attribute::Organization) => *text = "ACME SÜD".to_owned(),
                _ => {}
            }
        }
    });
}

pub fn bad_signature(pki: &mut Pki, random: &mut Random) {
    let spoil = match random.below(3) {
        0 => |certificate: &mut Certificate| certificate.other_algorithm = true,
        _ => |certificate: &mut Certificate| certificate.is_forged = true,
    };
    any(pki, random, spoil);
}

/// Somebody in the middle, or the leaf itself, is trusted beside the root or in its place.
pub fn trusted_intermediate(pki: &mut Pki, random: &mut Random) {
    let trusted = pki.chain[random.below(pki.chain.len() - 1)];
    pki.partial_chain = random.one_in(2);
    if pki.partial_chain && random.one_in(3) {
        pki.change(trusted, |trusted| trusted.version = 1);
    }
    if random.one_in(2) {
        pki.anchors.clear();
    }
    pki.anchors.push(trusted);
}

pub fn missing(pki: &mut Pki, random: &mut Random) {
    let missing = *random.pick(&pki.chain[1..]);
    pki.pool.retain(|place| *place != missing);
    pki.anchors.retain(|place| *place != missing);
    if pki.anchors.is_empty() {
        let other = pki.add_root("Nobody");
        pki.anchors.push(other);
    }
}

/// Somebody whose certificate is for mail issues another one.
pub fn leaf_as_ca(pki: &mut Pki, random: &mut Random) {
    let leaf = pki.leaf();
    let key = pki.new_key();
    let subject = Name::of("Mallory");
    let below = pki.add(subject, key, leaf);
    let plan = pki.certificates[leaf].clone();
    pki.change(below, |below| {
        below.basic_constraints = None;
        below.key_usage = Some(DIGITAL_SIGNATURE);
        below.purposes = plan.purposes;
        below.alternative = plan.alternative;
    });
    if random.one_in(2) {
        pki.change(leaf, |leaf| leaf.key_usage = None);
    }
    pki.pool.push(leaf);
    pki.chain.insert(0, below);
}
