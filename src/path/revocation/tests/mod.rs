//! What CRLs and OCSP answers tell, at hand and retrieved, and the nearest that tells nothing.

mod crl;
mod ocsp;
mod retrieving;

use crate::path::testing::*;
use crate::x509::crl::CertificateList;
use crate::x509::crl::testing::TestCrl;

fn crl(issuer: Authority) -> CertificateList {
    changed_crl(issuer, |_| {})
}

fn changed_crl(issuer: Authority, change: impl FnOnce(&mut TestCrl)) -> CertificateList {
    CertificateList::from_der(&crl_der(issuer, change)).unwrap()
}

fn crl_der(issuer: Authority, change: impl FnOnce(&mut TestCrl)) -> Vec<u8> {
    let mut crl = TestCrl::of(issuer.name);
    change(&mut crl);
    crl.der(&key(issuer.key))
}
