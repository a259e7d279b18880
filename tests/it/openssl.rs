//! `openssl cms` as the other side: what it finds in a sealed mail, and the mails it seals.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt;
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

/// What `openssl cms WORDS` makes of its standard input. A word such as `alice.crt` or `alice.pem`
/// stands for that file of the key directory.
#[track_caller]
pub fn cms(keys: &Keys, words: &str, input: &[u8]) -> Vec<u8> {
    let words: Vec<OsString> = words
        .split_whitespace()
        .map(|word| match word.rsplit_once('.') {
            Some((name, kind @ ("crt" | "pem"))) => {
                keys.file(&format!("{name}@example.com.{kind}")).into()
            }
            _ => word.into(),
        })
        .collect();
    let mut arguments = vec![OsStr::new("cms")];
    arguments.extend(words.iter().map(OsString::as_os_str));
    tool("openssl", &arguments, input)
}

/// The same message with its CMS object changed, whichever form openssl gave it: DER, PEM, or base64
/// under a header.
pub fn change(message: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    const BEGIN: &str = "-----BEGIN CMS-----\n";
    let Ok(text) = std::str::from_utf8(message) else {
        let mut der = message.to_vec();
        change(&mut der);
        return der;
    };
    let text = text.replace("\r\n", "\n");
    let begin = match text.strip_prefix(BEGIN) {
        Some(_) => BEGIN.len(),
        None => text.find("\n\n").expect("a header and a body") + 2,
    };
    let end = text.find("-----END").unwrap_or(text.len());
    let base64: String = text[begin..end].split_whitespace().collect();
    let mut der = base64_simd::STANDARD
        .decode_to_vec(base64)
        .expect("openssl writes base64");
    change(&mut der);
    let mut changed = text[..begin].to_owned();
    for line in base64_simd::STANDARD
        .encode_to_string(der)
        .as_bytes()
        .chunks(64)
    {
        changed += &format!("{}\n", String::from_utf8_lossy(line));
    }
    (changed + &text[end..]).into_bytes()
}

/// What of a message of openssl's is sealed once more: its Content- fields and its body, in CRLF lines.
pub fn entity(message: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(message.to_vec()).expect("a sealed mail is ASCII");
    let text = text.replace("\r\n", "\n");
    let (header, body) = text.split_once("\n\n").expect("a header and a body");
    let fields = header.lines().filter(|line| line.starts_with("Content-"));
    let fields: Vec<&str> = fields.collect();
    format!("{}\n\n{body}", fields.join("\n"))
        .replace('\n', "\r\n")
        .into_bytes()
}

/// Adds a key of this algorithm and a certificate for it, by our intermediate, to the directory:
/// `ec:P-384` and the like, or `dsa`.
#[track_caller]
pub fn issue(keys: &Keys, name: &str, algorithm: &str) {
    let file = |extension: &str| keys.file(&format!("{name}@example.com.{extension}"));
    let (key, certificate, extensions) = (file("pem"), file("crt"), file("ext"));
    let text = |path: &Path| path.to_str().expect("our own directory").to_owned();
    let openssl = |words: &str| {
        let words: Vec<&OsStr> = words.split('|').map(OsStr::new).collect();
        tool("openssl", &words, b"")
    };
    match algorithm.split_once(':') {
        Some((_, curve)) => openssl(&format!(
            "genpkey|-algorithm|EC|-pkeyopt|ec_paramgen_curve:{curve}|-out|{}",
            text(&key)
        )),
        None => {
            let parameters = text(&file("parameters"));
            openssl(&format!(
                "genpkey|-genparam|-algorithm|DSA|-pkeyopt|dsa_paramgen_bits:2048\
                |-pkeyopt|dsa_paramgen_q_bits:256|-out|{parameters}"
            ));
            openssl(&format!(
                "genpkey|-paramfile|{parameters}|-out|{}",
                text(&key)
            ))
        }
    };
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("our own file");
    fs::write(
        &extensions,
        format!(
            "basicConstraints = CA:FALSE\nextendedKeyUsage = emailProtection\n\
            subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n\
            subjectAltName = email:{name}@example.com\n"
        ),
    )
    .expect("our own directory");
    let request = tool(
        "openssl",
        &[
            "req".as_ref(),
            "-new".as_ref(),
            "-key".as_ref(),
            key.as_os_str(),
            "-subj".as_ref(),
            format!("/CN={name}").as_ref(),
        ],
        b"",
    );
    let authority = project("testdata/pki/intermediate");
    let mut words: Vec<OsString> = "x509 -req -days 3650 -CA"
        .split(' ')
        .map(Into::into)
        .collect();
    words.extend([
        authority.with_extension("crt").into_os_string(),
        "-CAkey".into(),
        authority.with_extension("pem").into_os_string(),
        "-set_serial".into(),
        format!(
            "0x{}",
            name.bytes()
                .map(|octet| format!("{octet:02x}"))
                .collect::<String>()
        )
        .into(),
        "-extfile".into(),
        extensions.into_os_string(),
    ]);
    let words: Vec<&OsStr> = words.iter().map(OsString::as_os_str).collect();
    let mut chain = tool("openssl", &words, &request);
    chain.extend(fs::read(authority.with_extension("crt")).expect("the intermediate is there"));
    fs::write(certificate, chain).expect("our own directory");
}

#[track_caller]
fn run(words: &[&str], paths: &[&Path], input: &Path) -> Vec<u8> {
    let mut arguments = vec![OsStr::new("cms")];
    arguments.extend(words.iter().map(OsStr::new));
    arguments.extend(paths.iter().map(|path| path.as_os_str()));
    arguments.extend([OsStr::new("-in"), input.as_os_str()]);
    tool("openssl", &arguments, b"")
}
