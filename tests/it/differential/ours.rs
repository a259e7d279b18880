//! What mailseal makes of a PKI: the library, and the binary beside it.

use std::collections::BTreeSet;

use mailseal::path::{PolicyInputs, Revocation, TrustAnchors, Validation, validate};
use mailseal::x509::Certificate;
use mailseal::x509::crl::CertificateList;

use super::der::now_and;
use super::pki::{Encoded, Pki};

/// A path that holds.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// From the leaf to the anchor, by the places of the certificates.
    pub path: Vec<usize>,
    pub policies: BTreeSet<String>,
}

/// The path, or the word for what is wrong.
pub type Verdict = Result<Accepted, String>;

/// What the library says.
pub fn judge(pki: &Pki, encoded: &Encoded) -> Verdict {
    let read = |place: &usize| Certificate::from_der(&encoded.certificates[*place]);
    let leaf = read(&pki.leaf()).map_err(|_| "malformed".to_owned())?;
    // What cannot be read is of no use to a path.
    let all = |places: &[usize]| places.iter().filter_map(|place| read(place).ok()).collect();
    let pool: Vec<Certificate> = all(&pki.pool);
    let trusted: Vec<Certificate> = all(&pki.anchors);
    let anchors = TrustAnchors::from_certificates(trusted);
    let list = |der: &Vec<u8>| CertificateList::from_der(der).expect("a CRL");
    let evidence = encoded.lists.iter().flatten().map(list).collect();
    let validation = Validation {
        purpose: pki.purpose,
        partial_chain: pki.partial_chain,
        policy: policy_inputs(pki),
        revocation: match encoded.lists {
            Some(_) => Revocation::Hard,
            None => Revocation::Off,
        },
        evidence: &evidence,
        ..Validation::new(&anchors, now_and(0))
    };
    let validated =
        validate(&leaf, &pool, &validation).map_err(|error| error.reason().to_owned())?;
    let place = |certificate: &Certificate| {
        let mut places = encoded.certificates.iter();
        places
            .position(|der| der == certificate.der())
            .expect("a certificate of this PKI")
    };
    Ok(Accepted {
        path: validated.path().iter().map(place).collect(),
        policies: validated
            .policies()
            .iter()
            .map(ToString::to_string)
            .collect(),
    })
}

fn policy_inputs(pki: &Pki) -> PolicyInputs {
    let policy = &pki.policy;
    let initial = policy.initial.iter();
    PolicyInputs {
        initial_policy_set: initial
            .map(|id| id.parse().expect("an identifier"))
            .collect(),
        explicit: policy.explicit,
        inhibit_mapping: policy.inhibit_mapping,
        inhibit_any: policy.inhibit_any,
    }
}
