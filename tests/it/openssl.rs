//! `openssl cms` as the other side: what it finds in a sealed mail.

use std::ffi::OsStr;
use std::path::Path;

use crate::support::{Keys, file_of, project, tool, try_tool};

/// The content of a signed mail, opaque or detached, after openssl has verified signature and path.
#[track_caller]
pub fn verify(sealed: &[u8]) -> Vec<u8> {
    let (_directory, path) = file_of(sealed);
    let root = project("testdata/pki/root.crt");
    run(
        &["-verify", "-purpose", "smimesign", "-CAfile"],
        &[&root],
        &path,
    )
}

/// Whether openssl refuses the signature of this mail.
pub fn refuses(sealed: &[u8]) -> bool {
    let (_directory, path) = file_of(sealed);
    let root = project("testdata/pki/root.crt");
    let words = ["cms", "-verify", "-purpose", "smimesign", "-CAfile"].map(OsStr::new);
    let mut arguments = words.to_vec();
    arguments.extend([root.as_os_str(), OsStr::new("-in"), path.as_os_str()]);
    !try_tool("openssl", &arguments, b"").status.success()
}

/// What is inside an encrypted mail, opened with a recipient's key.
#[track_caller]
pub fn decrypt(keys: &Keys, recipient: &str, sealed: &[u8]) -> Vec<u8> {
    let (_directory, path) = file_of(sealed);
    let certificate = keys.file(&format!("{recipient}@example.com.crt"));
    let key = keys.file(&format!("{recipient}@example.com.pem"));
    let password = keys.file("encrypted@example.com.password");
    let password = format!("file:{}", password.display());
    let passin = ["-passin", &password].map(Path::new);
    run(
        &["-decrypt", "-binary", "-recip"],
        &[
            &certificate,
            Path::new("-inkey"),
            &key,
            passin[0],
            passin[1],
        ],
        &path,
    )
}

/// Whether openssl cannot open this mail with that key. Only where the recipient is not among those of
/// the message: with a key of the wrong recipient openssl 3.0 gives noise rather than an error.
pub fn cannot_decrypt(keys: &Keys, recipient: &str, sealed: &[u8]) -> bool {
    let (_directory, path) = file_of(sealed);
    let certificate = keys.file(&format!("{recipient}@example.com.crt"));
    let key = keys.file(&format!("{recipient}@example.com.pem"));
    let arguments = [
        OsStr::new("cms"),
        OsStr::new("-decrypt"),
        OsStr::new("-in"),
        path.as_os_str(),
        OsStr::new("-recip"),
        certificate.as_os_str(),
        OsStr::new("-inkey"),
        key.as_os_str(),
    ];
    !try_tool("openssl", &arguments, b"").status.success()
}

/// The structure as `openssl cms -cmsout -print` tells it.
#[track_caller]
pub fn print(sealed: &[u8]) -> String {
    let (_directory, path) = file_of(sealed);
    String::from_utf8_lossy(&run(&["-cmsout", "-print", "-noout"], &[], &path)).into_owned()
}

#[track_caller]
fn run(words: &[&str], paths: &[&Path], input: &Path) -> Vec<u8> {
    let mut arguments = vec![OsStr::new("cms")];
    arguments.extend(words.iter().map(OsStr::new));
    arguments.extend(paths.iter().map(|path| path.as_os_str()));
    arguments.extend([OsStr::new("-in"), input.as_os_str()]);
    tool("openssl", &arguments, b"")
}
