//! What DKIM says of a message, signature by signature.

use serde::Serialize;

use crate::dkim::{self, Authentication, Judgement, Signature, Verdict};
use crate::printable::sentence;

/// What DKIM says of a message, as `mailseal dkim --json` has it.
#[derive(Debug, Clone, Serialize)]
pub struct AuthenticationReport {
    verdict: &'static str,
    reason: Option<&'static str>,
    detail: Option<String>,
    aligned: bool,
    from: Option<String>,
    signatures: Vec<SignatureReport>,
    /// How many signatures there are beyond the cap.
    not_judged: usize,
}

#[derive(Debug, Clone, Serialize)]
struct SignatureReport {
    result: &'static str,
    reason: Option<&'static str>,
    detail: Option<String>,
    aligned: bool,
    domain: Option<String>,
    selector: Option<String>,
    identity: Option<String>,
    algorithm: Option<&'static str>,
    key_bits: Option<usize>,
    canonicalization: Option<String>,
    signed_headers: Vec<String>,
    body_length: Option<u64>,
    timestamp: Option<String>,
    expiration: Option<String>,
}

impl AuthenticationReport {
    /// Of a file that is no message.
    pub fn unreadable(detail: String) -> AuthenticationReport {
        AuthenticationReport {
            verdict: Verdict::PermError.name(),
            reason: Some("malformed"),
            detail: Some(detail),
            aligned: false,
            from: None,
            signatures: Vec::new(),
            not_judged: 0,
        }
    }

    /// Of a message that was judged.
    pub fn of(authentication: &Authentication) -> AuthenticationReport {
        let (reason, detail) = authentication.shortcoming().unzip();
        AuthenticationReport {
            verdict: authentication.verdict().name(),
            reason,
            detail,
            aligned: authentication.is_aligned(),
            from: authentication.from().ok().map(ToString::to_string),
            signatures: authentication
                .signatures()
                .iter()
                .map(SignatureReport::of)
                .collect(),
            not_judged: authentication.not_judged(),
        }
    }
}

impl SignatureReport {
    fn of(judgement: &Judgement) -> SignatureReport {
        let refusal = judgement.refusal();
        let signature = judgement.signature();
        let canonicalization = |it: &Signature| {
            let (header, body) = (it.header_canonicalization, it.body_canonicalization);
            format!("{}/{}", header.name(), body.name())
        };
        SignatureReport {
            result: judgement.result().name(),
            reason: refusal.map(dkim::Refusal::reason),
            detail: refusal.map(|refusal| sentence(refusal)),
            aligned: judgement.is_aligned(),
            domain: signature.map(|it| it.domain.clone()),
            selector: signature.map(|it| it.selector.clone()),
            identity: signature.map(|it| it.identity.clone()),
            algorithm: signature.map(|it| it.algorithm.name()),
            key_bits: judgement.key_bits(),
            canonicalization: signature.map(canonicalization),
            signed_headers: signature.map_or_else(Vec::new, |it| it.signed_headers.clone()),
            body_length: signature.and_then(|it| it.body_length),
            timestamp: signature.and_then(|it| Some(it.timestamp?.to_string())),
            expiration: signature.and_then(|it| Some(it.expiration?.to_string())),
        }
    }
}
