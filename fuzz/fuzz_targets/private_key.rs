#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::keys::private_key::FoundPrivateKey;

// Encrypted keys are read, and not decrypted: that is meant to take long.
fuzz_target!(|bytes: &[u8]| {
    let Ok(FoundPrivateKey::Plain(plain)) = FoundPrivateKey::find(bytes) else {
        return;
    };
    if let Ok(key) = plain.decode() {
        assert!(key.public_key().to_spki_der().is_ok());
    }
});
