//! What may be amiss with a PKI, or only unusual. One certificate of the path, or what goes with
//! it, is changed by each.

mod issuers;
mod names;
mod policies;
mod revocation;
mod usage;

use super::certificate::Certificate;
use super::pki::Pki;
use super::random::Random;

pub use policies::ANY as ANY_POLICY;

type Quirk = fn(&mut Pki, &mut Random);

/// Name, weight, and the change.
pub const QUIRKS: &[(&str, usize, Quirk)] = &[
    ("dates", 5, issuers::dates),
    ("basicConstraints", 4, issuers::basic_constraints),
    ("pathLenConstraint", 5, issuers::path_length),
    ("version 1", 2, issuers::version_1),
    ("key identifiers", 8, issuers::key_identifiers),
    ("serial numbers", 1, issuers::serial_numbers),
    ("the issuer's name spelled otherwise", 4, issuers::spelling),
    ("a bad signature", 3, issuers::bad_signature),
    ("a trusted intermediate", 8, issuers::trusted_intermediate),
    ("a missing CA", 1, issuers::missing),
    ("a leaf as CA", 1, issuers::leaf_as_ca),
    ("keyUsage", 4, usage::key_usage),
    ("extKeyUsage", 6, usage::extended_key_usage),
    ("the purpose", 4, usage::purpose),
    ("critical extensions", 3, usage::critical_extensions),
    ("names", 3, names::of_the_leaf),
    ("name constraints", 26, names::constraints),
    ("policies", 12, policies::policies),
    ("CRLs", 10, revocation::lists),
];

/// Changes one certificate of the path, whichever.
fn any(pki: &mut Pki, random: &mut Random, change: impl FnOnce(&mut Certificate)) {
    let place = *random.pick(&pki.chain);
    pki.change(place, change);
}

/// Changes one CA or the root.
fn issuer(pki: &mut Pki, random: &mut Random, change: impl FnOnce(&mut Certificate)) {
    let place = *random.pick(&pki.chain[1..]);
    pki.change(place, change);
}
