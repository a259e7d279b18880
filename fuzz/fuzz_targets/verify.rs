#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mailseal::keys::pem::certificates;
use mailseal::mime::RawMessage;
use mailseal::path::{TrustAnchors, Validation};
use mailseal::smime::open::{Coverage, Opening, Verdict, open};
use mailseal::x509::Certificate;

static ANCHORS: LazyLock<TrustAnchors> = LazyLock::new(|| {
    let root = include_bytes!("../../testdata/pki/root.crt");
    TrustAnchors::from_certificates(certificates(root).unwrap())
});
static INTERMEDIATES: LazyLock<Vec<Certificate>> =
    LazyLock::new(|| certificates(include_bytes!("../../testdata/pki/intermediate.crt")).unwrap());

// The whole way of `mailseal verify`.
fuzz_target!(|bytes: &[u8]| {
    let now = "2026-11-22T00:00:00Z".parse().unwrap();
    let opening = Opening {
        intermediates: INTERMEDIATES.clone(),
        from: "alice@example.com".parse().ok(),
        ..Opening::new(Validation::new(&ANCHORS, now))
    };
    let Ok(opened) = open(RawMessage::from_bytes(bytes.to_vec()), &opening) else {
        return;
    };
    let signers = || opened.layers().iter().flat_map(|layer| &layer.signers);
    for signer in signers() {
        let _ = (signer.detail(), signer.reason());
        assert_eq!(signer.is_valid(), signer.reason().is_none());
    }
    if opened.verdict() == Verdict::Valid {
        assert!(signers().count() > 0 && signers().all(|signer| signer.is_valid()));
        let mut signed = opened.layers().iter().filter(|it| !it.signers.is_empty());
        assert!(signed.all(|layer| layer.coverage == Coverage::Whole));
        // What is signed may be encrypted to somebody else.
        assert!(opened.reason().is_none());
        assert!(opened.content().is_ok() || opened.obstacle().is_some());
    } else {
        assert!(opened.reason().is_some());
    }
});
