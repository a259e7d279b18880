//! CRLs of every issuer in the path, and what may be amiss with one of them.

use crate::differential::crl::RevocationList;
use crate::differential::keys::KeyIdentifier;
use crate::differential::pki::{DAY, Pki};
use crate::differential::random::Random;

pub fn lists(pki: &mut Pki, random: &mut Random) {
    let mut lists: Vec<RevocationList> = pki
        .all(&pki.chain[1..])
        .map(|issuer| RevocationList {
            issuer: issuer.subject.clone(),
            signer: issuer.key,
            this_update: -7 * DAY,
            next_update: 7 * DAY,
            number: 5,
            revoked: Vec::new(),
            authority_key_identifier: KeyIdentifier::OfKey(issuer.key),
            is_forged: false,
            unknown: None,
        })
        .collect();
    let depth = random.below(lists.len());
    // Any other certificate may be on the list.
    for list in &mut lists {
        if random.one_in(2) {
            list.revoked.push(vec![0x11, 0x22]);
        }
    }
    let below = pki.certificates[pki.chain[depth]].serial.clone();
    let list = &mut lists[depth];
    match random.below(16) {
        0..3 => {}
        3 | 4 => list.revoked.push(below),
        5 => (list.this_update, list.next_update) = (-14 * DAY, -DAY),
        6 => (list.this_update, list.next_update) = (DAY, 14 * DAY),
        7 if random.one_in(2) => list.next_update = 0,
        7 => list.this_update = 0,
        8 => list.is_forged = true,
        9 => list.unknown = Some(random.one_in(2)),
        10 => list.authority_key_identifier = KeyIdentifier::Absent,
        11 => list.signer = pki.new_key(),
        12 => drop(lists.remove(depth)),
        // Somebody has made a newer one.
        13 | 14 => {
            let mut newer = list.clone();
            (newer.this_update, newer.number, newer.is_forged) = (-DAY, 6, true);
            lists.push(newer);
        }
        // An older one is still current, and one of the two has an entry.
        _ => {
            let mut older = list.clone();
            (older.this_update, older.number) = (-8 * DAY, 4);
            match random.one_in(2) {
                true => list.revoked.push(below),
                false => older.revoked.push(below),
            }
            lists.push(older);
        }
    }
    random.shuffle(&mut lists);
    pki.lists = Some(lists);
}
