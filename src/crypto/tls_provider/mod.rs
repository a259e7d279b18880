//! The cryptography under TLS: one `CryptoProvider` for every connection this program makes or takes.
//!
//! Where the processor has what graviola's assembly needs, it is graviola's; everywhere else one
//! of ours over the RustCrypto crates. Both offer TLS 1.3 and 1.2 with AES-GCM, X25519, P-256 and
//! P-384, and sign and verify with RSA, ECDSA and Ed25519. Neither has a build script or any C.
//!
//! ```
//! mailseal::crypto::tls_provider::install();
//! assert!(rustls::crypto::CryptoProvider::get_default().is_some());
//! ```
//!
//! # Not supported
//! ChaCha20-Poly1305 suites and P-521 in the RustCrypto provider; the post-quantum hybrid groups
//! in either.

mod cipher;
mod hash;
mod key_exchange;
mod signing;
mod verification;

use std::sync::{Arc, OnceLock};

use rustls::crypto::{CryptoProvider, GetRandomFailed, SecureRandom};

use super::Backend;

/// The provider for this processor, built once; what `ClientConfig::builder_with_provider` takes.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| {
        Arc::new(match Backend::detect() {
            Backend::Graviola => rustls_graviola::default_provider(),
            Backend::RustCrypto => rust_crypto(),
        })
    }))
}

/// Makes [`provider`] the process's default, for the libraries that ask for one.
///
/// Call it once at start-up. A default that is already there stays: a program that embeds this
/// library has the first word.
pub fn install() {
    let _already_installed = CryptoProvider::clone(&provider()).install_default();
}

/// The provider over RustCrypto, which asks nothing of the processor.
pub fn rust_crypto() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: cipher::SUITES.to_vec(),
        kx_groups: key_exchange::GROUPS.to_vec(),
        signature_verification_algorithms: verification::ALGORITHMS,
        secure_random: &OperatingSystem,
        key_provider: &signing::PrivateKeys,
    }
}

#[derive(Debug)]
struct OperatingSystem;

impl SecureRandom for OperatingSystem {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), GetRandomFailed> {
        getrandom::fill(buffer).map_err(|_| GetRandomFailed)
    }
}

#[cfg(test)]
pub(crate) mod tests;
