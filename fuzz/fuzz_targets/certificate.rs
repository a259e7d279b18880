#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::keys::pem;

fuzz_target!(|bytes: &[u8]| {
    let Ok(certificates) = pem::certificates(bytes) else { return };
    for certificate in certificates {
        let _ = certificate.public_key();
        let _ = (certificate.emails(), certificate.subject(), certificate.issuer());
        let _ = (certificate.may_sign(), certificate.may_receive());
    }
});
