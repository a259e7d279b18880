#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mailseal::cms::recipient::Credential;
use mailseal::crypto::PrivateKey;
use mailseal::keys::private_key::FoundPrivateKey;
use mailseal::mime::RawMessage;
use mailseal::path::{TrustAnchors, Validation};
use mailseal::smime::open::{Kind, Opening, open};

static ANCHORS: LazyLock<TrustAnchors> =
    LazyLock::new(|| TrustAnchors::from_certificates(Vec::new()));
static KEYS: LazyLock<Vec<PrivateKey>> = LazyLock::new(|| {
    let files: [&[u8]; 3] = [
        include_bytes!("../../testdata/keys/bob@example.com.pem"),
        include_bytes!("../../testdata/keys/dave@example.com.pem"),
        include_bytes!("../../testdata/crypto/x25519.pkcs8.der"),
    ];
    let decoded = files
        .into_iter()
        .map(|file| match FoundPrivateKey::find(file) {
            Ok(FoundPrivateKey::Plain(plain)) => plain.decode().unwrap(),
            _ => panic!("the keys of testdata are not encrypted"),
        });
    decoded.collect()
});

// The whole way of `mailseal open`, by keys without certificates: each is tried on each recipient.
fuzz_target!(|bytes: &[u8]| {
    let now = "2026-11-22T00:00:00Z".parse().unwrap();
    let credential = |key| Credential::PrivateKey {
        key,
        certificate: None,
    };
    let opening = Opening {
        credentials: KEYS.iter().map(credential).collect(),
        ..Opening::new(Validation::new(&ANCHORS, now))
    };
    let Ok(opened) = open(RawMessage::from_bytes(bytes.to_vec()), &opening) else {
        return;
    };
    if opened.content().is_err() {
        return;
    }
    // Efail: what was only encrypted does not come out, unless a signature inside holds.
    let enveloped = opened
        .layers()
        .iter()
        .rposition(|it| it.kind == Kind::EnvelopedData);
    if let Some(position) = enveloped {
        let mut inside = opened.layers()[position..]
            .iter()
            .flat_map(|it| &it.signers);
        assert!(inside.any(|signer| signer.signature.is_ok()));
    }
});
