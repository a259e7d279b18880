//! What keys are for, which extensions are known, and certificate policies.

use mailseal::path::Purpose;

use super::Explanation;
use crate::differential::certificate::{self as plan, Certificate};
use crate::differential::pki::{Pki, Policy};
use crate::differential::quirks::ANY_POLICY;

fn needed(pki: &Pki) -> Option<&'static str> {
    match pki.purpose {
        Purpose::EmailSigning | Purpose::EmailReceiving => Some(plan::EMAIL_PROTECTION),
        Purpose::Server => Some(plan::SERVER_AUTH),
        Purpose::Client => Some(plan::CLIENT_AUTH),
        _ => None,
    }
}

/// anyExtendedKeyUsage and not the one that is needed.
fn says_any(certificate: &Certificate, needed: Option<&'static str>) -> bool {
    certificate.purposes.as_ref().is_some_and(|purposes| {
        purposes.contains(&plan::ANY_PURPOSE) && needed.is_some_and(|id| !purposes.contains(&id))
    })
}

pub const ANY_PURPOSE: Explanation = Explanation {
    name: "anyExtendedKeyUsage",
    because: "RFC 5280 4.2.1.12 and RFC 8550 4.4.4 let anyExtendedKeyUsage stand for every purpose. \
              OpenSSL wants the one itself (xku_reject in v3_purp.c).",
    ours: &[],
    theirs: &["26"],
    policies: false,
    applies: |case| {
        let needed = needed(case.pki);
        case.pki
            .all(case.path())
            .any(|certificate| says_any(certificate, needed))
    },
    mend: |pki, path| {
        let needed = needed(pki);
        for place in path {
            let certificate = &mut pki.certificates[*place];
            if says_any(certificate, needed) {
                certificate
                    .purposes
                    .iter_mut()
                    .for_each(|purposes| purposes.extend(needed));
            }
        }
    },
};

pub const CRITICAL_KEY_IDENTIFIERS: Explanation = Explanation {
    name: "critical key identifiers",
    because: "RFC 5280 4.2.1.1 and 4.2.1.2 have CAs mark the key identifiers non-critical. Those \
              who find them critical can still process them, which is what 6.1.4 (o) asks for. \
              OpenSSL does not count them among those it knows \
              (X509_supported_extension in v3_purp.c).",
    ours: &[],
    theirs: &["34"],
    policies: false,
    applies: |case| {
        case.pki
            .all(case.path())
            .any(|certificate| certificate.critical_identifiers)
    },
    mend: |pki, path| {
        for place in path {
            pki.change(*place, |certificate| {
                certificate.critical_identifiers = false;
            });
        }
    },
};

pub const DOUBLE_EXTENSION: Explanation = Explanation {
    name: "an extension twice in a leaf that is its own anchor",
    because: "RFC 5280 4.2: a certificate must not have two of one extension, and what it means then \
              nobody can tell. OpenSSL finds no issuer for it, and does not look for one where the \
              leaf is trusted itself (X509_check_purpose in v3_purp.c).",
    ours: &["malformed"],
    theirs: &[],
    policies: false,
    applies: |case| case.pki.certificates[case.pki.leaf()].is_doubled,
    mend: |pki, path| {
        pki.change(pki.leaf(), |leaf| leaf.is_doubled = false);
        // Nor does it look further then.
        pki.pool.clear();
        pki.anchors = vec![pki.leaf()];
        (POLICIES_OF_A_TRUSTED_LEAF.mend)(pki, path);
    },
};

pub const KEY_AGREEMENT: Explanation = Explanation {
    name: "key agreement to receive mail",
    because: "RFC 5480 3: a key of an elliptic curve agrees on keys and enciphers none, and RFC 8550 \
              4.4.2 names either usage. OpenSSL asks for keyEncipherment whatever the key \
              (check_purpose_smime_encrypt in v3_purp.c).",
    ours: &["key-usage"],
    theirs: &["26"],
    policies: false,
    applies: |case| {
        let usage = case.pki.certificates[case.pki.leaf()].key_usage;
        let both = plan::KEY_ENCIPHERMENT | plan::KEY_AGREEMENT;
        case.pki.purpose == Purpose::EmailReceiving
            && usage.is_some_and(|bits| ![0, both].contains(&(bits & both)))
    },
    mend: |pki, _| {
        let both = plan::KEY_ENCIPHERMENT | plan::KEY_AGREEMENT;
        pki.change(pki.leaf(), |leaf| {
            leaf.key_usage = leaf.key_usage.map(|bits| bits | both);
        });
    },
};

pub const TLS_KEY_USAGE: Explanation = Explanation {
    name: "the key usage of TLS",
    because: "Which usage a TLS server or client needs depends on the cipher suite (RFC 5246 7.4.2 \
              and 7.4.6) and is for the protocol to look at; for mail we look. OpenSSL asks for \
              one of those that some suite needs (check_purpose_ssl_server in v3_purp.c).",
    ours: &[],
    theirs: &["26"],
    policies: false,
    applies: |case| {
        let usage = case.pki.certificates[case.pki.leaf()].key_usage;
        matches!(case.pki.purpose, Purpose::Server | Purpose::Client)
            && usage.is_some_and(|bits| bits & plan::DIGITAL_SIGNATURE == 0)
    },
    mend: |pki, _| {
        pki.change(pki.leaf(), |leaf| {
            leaf.key_usage = leaf.key_usage.map(|bits| bits | plan::DIGITAL_SIGNATURE);
        });
    },
};

pub const POLICIES_OF_THE_ANCHOR: Explanation = Explanation {
    name: "policy limits in an anchor's certificate",
    because: "RFC 5937 3.1 has the policy constraints of a trust anchor's certificate limit the \
              paths from it; RFC 5280 6.1.1 (d) leaves it to the application. We take an anchor's \
              own limits as binding; OpenSSL does so with its names, dates and usages, and passes \
              over its policies (X509_policy_check in pcy_tree.c).",
    ours: &["no-valid-policy"],
    theirs: &[],
    policies: true,
    applies: |case| case.pki.all(&case.pki.anchors).any(limits_policies),
    mend: |pki, _| {
        for place in pki.anchors.clone() {
            pki.change(place, |anchor| {
                anchor.require_explicit = None;
                anchor.inhibit_mapping = None;
                anchor.inhibit_any = None;
            });
        }
    },
};

pub const MAPPING_OF_ANY_POLICY: Explanation = Explanation {
    name: "a mapping of anyPolicy beside no policies",
    because: "RFC 5280 6.1.4 (a) has no certificate of the path map anyPolicy. OpenSSL does not look at \
              the mappings of a CA without certificatePolicies (policy_cache_new in pcy_cache.c).",
    ours: &["malformed-extension"],
    theirs: &[],
    policies: false,
    applies: |case| case.pki.certificates.iter().any(maps_any_policy),
    mend: |pki, _| {
        for ca in pki.certificates.iter_mut().filter(|ca| maps_any_policy(ca)) {
            ca.mappings.clear();
        }
    },
};

fn maps_any_policy(ca: &Certificate) -> bool {
    ca.policies.is_empty() && ca.mappings.iter().any(|(issuer, _)| *issuer == ANY_POLICY)
}

pub const POLICIES_OF_A_TRUSTED_LEAF: Explanation = Explanation {
    name: "the policies of a leaf that is its own anchor",
    because: "RFC 5280 6.1 speaks of paths from an anchor to another certificate. A leaf that is \
              trusted itself we hold against the policies that are asked for; OpenSSL looks at those \
              of no anchor (X509_policy_check in pcy_tree.c).",
    ours: &["no-valid-policy"],
    theirs: &[],
    policies: true,
    applies: |case| case.pki.anchors.contains(&case.pki.leaf()),
    mend: |pki, _| {
        pki.policy = Policy::default();
        pki.change(pki.leaf(), |leaf| {
            leaf.policies.clear();
            leaf.require_explicit = None;
        });
    },
};

fn limits_policies(anchor: &Certificate) -> bool {
    let limits = [
        anchor.require_explicit,
        anchor.inhibit_mapping,
        anchor.inhibit_any,
    ];
    limits.iter().any(Option::is_some)
}
