#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::keys::private_key;

fuzz_target!(|bytes: &[u8]| {
    let _ = private_key::read(bytes, &mut || Ok(None));
});
