#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::keys::pkcs12;
use mailseal::secret::Secret;

// With the empty password: a MAC that was changed is seldom right, but most structures have none.
fuzz_target!(|bytes: &[u8]| {
    let password = Secret::new(Vec::new());
    let Ok(strict) = pkcs12::read(bytes, &password, false) else {
        return;
    };
    let lenient = pkcs12::read(bytes, &password, true).unwrap();
    assert_eq!(strict.certificates, lenient.certificates);
    assert_eq!(strict.keys.len(), lenient.keys.len());
    assert!(strict.keys.len() + strict.certificates.len() <= pkcs12::MAX_BAGS);
});
