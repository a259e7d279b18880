//! Where platforms keep the certificates that they trust.

use std::env;
use std::path::{Path, PathBuf};

use super::Error;

/// Bundles of authorities trusted for mail, where a platform keeps them apart (p11-kit's
/// `trust extract` with the purpose email: Fedora, RHEL, SUSE, Arch).
const EMAIL_BUNDLES: [&str; 3] = [
    "/etc/pki/ca-trust/extracted/pem/email-ca-bundle.pem",
    "/etc/ca-certificates/extracted/email-ca-bundle.pem",
    "/var/lib/ca-certificates/pem/email-ca-bundle.pem",
];

/// Bundles of authorities trusted for anything: Debian and Alpine, RHEL, SUSE, BSD and macOS.
const GENERAL_BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// The file that `SSL_CERT_FILE` names, as OpenSSL has it; else the first that is there of those for
/// mail and then of the general ones.
pub(super) fn bundle() -> Result<PathBuf, Error> {
    match env::var_os("SSL_CERT_FILE").filter(|name| !name.is_empty()) {
        Some(named) => Ok(PathBuf::from(named)),
        None => first_of(EMAIL_BUNDLES.iter().chain(&GENERAL_BUNDLES).map(Path::new)),
    }
}

fn first_of<'a>(known: impl Iterator<Item = &'a Path>) -> Result<PathBuf, Error> {
    let mut looked_at = Vec::new();
    for path in known {
        if path.is_file() {
            return Ok(path.to_owned());
        }
        looked_at.push(path.to_owned());
    }
    Err(Error::NoPlatformBundle { looked_at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_is_there_is_taken_and_else_every_place_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let [mail, general] = ["mail.pem", "general.pem"].map(|name| directory.path().join(name));
        let first = || first_of([mail.as_path(), &general].into_iter());
        let error = first().unwrap_err();
        let places = format!("no {}, no {}", mail.display(), general.display());
        assert!(error.to_string().ends_with(&places), "{error}");
        std::fs::write(&general, "").unwrap();
        assert_eq!(first().unwrap(), general);
        std::fs::write(&mail, "").unwrap();
        assert_eq!(first().unwrap(), mail);
    }
}
