//! Certificate policies, and what is asked of them.

use super::{any, issuer};
use crate::differential::pki::Pki;
use crate::differential::random::Random;

pub const ANY: &str = "2.5.29.32.0";
const POLICIES: [&str; 4] = ["1.2.3.1", "1.2.3.2", "1.2.4.1", "1.2.4.2"];

pub fn policies(pki: &mut Pki, random: &mut Random) {
    for place in pki.chain.clone() {
        let policies: Vec<&str> = match random.below(12) {
            0 => Vec::new(),
            1 => random.some(&POLICIES),
            2 | 3 => vec![ANY],
            4 => vec![POLICIES[0], ANY],
            5 | 6 => vec![POLICIES[0], POLICIES[1]],
            _ => vec![POLICIES[0]],
        };
        pki.change(place, |certificate| certificate.policies = policies);
    }
    for _ in 0..random.below(4) {
        let skip = random.below(3) as u8;
        let to = *random.pick(&POLICIES);
        match random.below(6) {
            0 => any(pki, random, |certificate| {
                certificate.require_explicit = Some(skip);
            }),
            1 => issuer(pki, random, |ca| ca.inhibit_mapping = Some(skip)),
            2 => any(pki, random, |certificate| {
                certificate.inhibit_any = Some(skip);
            }),
            // Twice the same policy: RFC 5280 4.2.1.4 forbids it.
            3 if random.one_in(4) => any(pki, random, |certificate| {
                certificate.policies.extend(certificate.policies.clone());
            }),
            3 => issuer(pki, random, |ca| ca.mappings = vec![(POLICIES[0], to)]),
            _ => issuer(pki, random, |ca| {
                ca.mappings = vec![(POLICIES[0], POLICIES[2]), (POLICIES[1], to)];
            }),
        }
    }
    // Beside policies or not.
    if random.one_in(6) {
        let (to, beside) = (*random.pick(&POLICIES), random.one_in(4));
        issuer(pki, random, |ca| {
            ca.mappings = vec![(ANY, to)];
            if !beside {
                ca.policies.clear();
            }
        });
    }
    if random.one_in(6) {
        pki.change(pki.root(), |root| root.inhibit_any = Some(0));
    }
    if random.one_in(12) {
        pki.partial_chain = true;
        pki.anchors.push(pki.leaf());
    }
    if random.one_in(2) {
        pki.policy.initial = random.some(&POLICIES[..3]);
    }
    pki.policy.explicit |= random.one_in(2);
    pki.policy.inhibit_mapping |= random.one_in(8);
    pki.policy.inhibit_any |= random.one_in(8);
}
