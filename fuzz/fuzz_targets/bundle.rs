#![no_main]

use libfuzzer_sys::fuzz_target;
use mailseal::keys::bundle::CertificateBundle;
use mailseal::keys::pem;

fuzz_target!(|file: &[u8]| {
    let Ok(bundle) = CertificateBundle::read(file) else {
        return;
    };
    let all = bundle.certificates.clone();
    let is_whole = bundle.malformed.is_empty() && !all.is_empty();
    match bundle.into_certificates() {
        Ok(certificates) => assert!(is_whole && certificates == all),
        Err(_) => assert!(!is_whole),
    }
    if let Ok(certificates) = pem::certificates(file) {
        assert!(certificates.iter().all(|certificate| all.contains(certificate)));
    }
});
