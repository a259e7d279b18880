//! Whatever `openssl cms` signs, verified: every form, key, digest and option of OpenSSL 3.0, and beside
//! each the same message with one octet of the content changed.
//!
//! OpenSSL 3.0 makes no Ed25519 signatures in CMS ("no default digest"), and Debian builds it without
//! zlib, so that it makes no compressed-data: those are in the tests of the round trips and in the
//! unit tests.

use crate::openssl;
use crate::support::peer::peers;
use crate::support::report::Opened;
use crate::support::{Keys, Mailseal, figure, mail_bytes, project};

/// What of a message is changed for the nearest refusal.
const MARK: (&[u8], &[u8]) = (b"</html>", b"</htmL>");

/// How openssl signs, in its words, and what is to come of it.
struct Row {
    words: &'static str,
    expect: Expect,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// Valid in all three judgements.
    Valid,
    /// Valid with `--allow-legacy`, invalid without.
    Legacy,
    /// Both signatures and chains are valid, but one of the two addresses is not that of From.
    TwoSigners,
    /// The signature is not valid: the algorithm is never taken, and named.
    Refused(&'static str),
}

use Expect::{Legacy, Refused, TwoSigners, Valid};

const fn row(words: &'static str, expect: Expect) -> Row {
    Row { words, expect }
}

const ALICE: &str = "-signer alice.crt -inkey alice.pem";
const PSS: &str = "-signer alice.crt -inkey alice.pem -keyopt rsa_padding_mode:pss";

/// `ALICE` and `PSS` at the front of a row's words stand for the constants above.
const SIGNED: &[Row] = &[
    // Forms.
    row("ALICE", Valid),
    row("ALICE -nodetach", Valid),
    row("ALICE -nodetach -stream", Valid),
    row("ALICE -stream", Valid),
    row("ALICE -nodetach -outform DER", Valid),
    row("ALICE -nodetach -outform DER -stream", Valid),
    row("ALICE -nodetach -outform DER -indef", Valid),
    row("ALICE -nodetach -outform DER -noindef", Valid),
    row("ALICE -nodetach -outform PEM", Valid),
    row("ALICE -nodetach -outform PEM -stream", Valid),
    row("ALICE -binary", Valid),
    row("ALICE -binary -nodetach", Valid),
    row("ALICE -crlfeol", Valid),
    row("ALICE -crlfeol -stream", Valid),
    row("ALICE -text", Valid),
    row("ALICE -text -nodetach", Valid),
    // What stands in SignerInfo, and beside it.
    row("ALICE -keyid", Valid),
    row("ALICE -keyid -nodetach", Valid),
    row("ALICE -noattr", Valid),
    row("ALICE -noattr -nodetach", Valid),
    row("ALICE -noattr -nodetach -stream", Valid),
    row("ALICE -nosmimecap", Valid),
    row("ALICE -cades", Valid),
    row(
        "ALICE -nodetach -econtent_type 1.2.840.113549.1.9.16.1.4",
        Valid,
    ),
    row("ALICE -nocerts", Valid),
    row("ALICE -nocerts -keyid -nodetach", Valid),
    row("ALICE -certfile bob.crt", Valid),
    row(
        "ALICE -receipt_request_all -receipt_request_to alice@example.com",
        Valid,
    ),
    row("ALICE -signer bob.crt -inkey bob.pem", TwoSigners),
    row(
        "ALICE -nodetach -keyid -signer dave.crt -inkey dave.pem",
        TwoSigners,
    ),
    // Digests.
    row("ALICE -md sha1", Legacy),
    row("ALICE -md sha1 -nodetach -noattr", Legacy),
    row("ALICE -md sha224", Valid),
    row("ALICE -md sha384", Valid),
    row("ALICE -md sha512", Valid),
    row("ALICE -md sha3-256", Valid),
    row("ALICE -md sha3-384 -nodetach", Valid),
    row("ALICE -md sha3-512", Valid),
    row("ALICE -md md5", Refused("MD5")),
    row("ALICE -md md5 -nodetach", Refused("MD5")),
    row("ALICE -md ripemd160", Refused("1.3.36.3.2.1")),
    // RSASSA-PSS: OpenSSL's own salt (as long as fits), the digest's, fixed and none, and another MGF1.
    row("PSS", Valid),
    row("PSS -nodetach", Valid),
    row("PSS -keyopt rsa_pss_saltlen:-1", Valid),
    row("PSS -keyopt rsa_pss_saltlen:-3", Valid),
    row("PSS -keyopt rsa_pss_saltlen:20", Valid),
    row("PSS -keyopt rsa_pss_saltlen:0", Valid),
    row("PSS -md sha384 -keyopt rsa_pss_saltlen:-1", Valid),
    row("PSS -md sha512 -nodetach", Valid),
    row("PSS -md sha512 -noattr -nodetach", Valid),
    row("PSS -keyopt rsa_mgf1_md:sha512", Valid),
    row("PSS -md sha1", Legacy),
    // Keys.
    row("-signer carol.crt -inkey carol.pem", Valid),
    row(
        "-signer carol.crt -inkey carol.pem -keyopt rsa_padding_mode:pss -md sha512",
        Valid,
    ),
    row("-signer dave.crt -inkey dave.pem", Valid),
    row(
        "-signer dave.crt -inkey dave.pem -nodetach -md sha512",
        Valid,
    ),
    row(
        "-signer dave.crt -inkey dave.pem -nodetach -noattr -md sha384",
        Valid,
    ),
    row("-signer dave.crt -inkey dave.pem -md sha1", Legacy),
    row("-signer dave.crt -inkey dave.pem -md sha224", Valid),
    row("-signer p384.crt -inkey p384.pem", Valid),
    row(
        "-signer p384.crt -inkey p384.pem -nodetach -md sha384",
        Valid,
    ),
    row("-signer p521.crt -inkey p521.pem", Valid),
    row(
        "-signer p521.crt -inkey p521.pem -nodetach -md sha512 -keyid",
        Valid,
    ),
    row("-signer dsa.crt -inkey dsa.pem -md sha256", Legacy),
    row("-signer dsa.crt -inkey dsa.pem -md sha1 -nodetach", Legacy),
    row("-signer rsa1024.crt -inkey rsa1024.pem", Legacy),
    row(
        "-signer brainpool.crt -inkey brainpool.pem",
        Refused("brainpoolP256r1"),
    ),
];

/// The key directory, with the keys that testdata does not hold.
fn keys() -> Keys {
    let keys = Keys::new();
    for (name, algorithm) in [
        ("p384", "ec:P-384"),
        ("p521", "ec:P-521"),
        ("dsa", "dsa"),
        ("brainpool", "ec:brainpoolP256r1"),
    ] {
        if !keys.file(&format!("{name}@example.com.pem")).exists() {
            openssl::issue(&keys, name, algorithm);
        }
    }
    keys
}

/// The newsletter without the fields of a message: what openssl puts into its own.
fn entity() -> Vec<u8> {
    let text = String::from_utf8(mail_bytes("newsletter.eml")).expect("the newsletter is ASCII");
    let (header, body) = text.split_once("\r\n\r\n").expect("a header and a body");
    let field = header
        .lines()
        .find(|line| line.starts_with("Content-Type: "))
        .expect("the newsletter has a Content-Type");
    format!("{field}\r\n\r\n{body}").into_bytes()
}

/// The address of a row's first signer.
fn signer(words: &str) -> String {
    let mut words = words.split(' ').skip_while(|word| *word != "-signer");
    let file = words.nth(1).expect("a row names its signer");
    let name = file.strip_suffix(".crt").expect("a certificate");
    format!("{name}@example.com")
}

/// `mailseal COMMAND` on a message of openssl's, with all that a row may need.
fn mailseal(keys: &Keys, command: &str, from: &str, message: &[u8]) -> Mailseal {
    Mailseal::new(command)
        .arg("--trust")
        .arg(project("testdata/pki/root.crt"))
        .arg("--intermediates")
        .arg(project("testdata/pki/intermediate.crt"))
        // `-nocerts` leaves out the signer's own.
        .arg("--intermediates")
        .arg(keys.file("alice@example.com.crt"))
        // PEM and DER have no header, and so no From.
        .args(["--from", from])
        .stdin(message)
}

/// What is wrong with our answer to a row.
fn wrong(keys: &Keys, row: &Row, entity: &[u8]) -> Result<(), String> {
    let words = row.words.replace("ALICE", ALICE).replace("PSS", PSS);
    let from = signer(&words);
    let message = openssl::cms(keys, &format!("-sign -from {from} {words}"), entity);
    let run = |command: &str, message: &[u8], allow: &str| {
        let run = mailseal(keys, command, &from, message);
        run.args(allow.split_whitespace())
    };
    let fail = |what: &str, run: &Opened| Err(format!("{what}: {}", run.said()));

    let allow = if row.expect == Valid {
        ""
    } else {
        "--allow-legacy"
    };
    let good = run("open", &message, allow).opened();
    let Some(report) = &good.report else {
        return fail("no report", &good);
    };
    let signers = report.signers();
    if let Refused(name) = row.expect {
        let named = good.said().to_lowercase().contains(&name.to_lowercase());
        return match signers.iter().any(|signer| signer.signature == "valid") {
            _ if good.outcome.status == Some(0) => fail("taken", &good),
            false if named => Ok(()),
            false => fail(&format!("{name} is not named"), &good),
            true => fail("a valid signature", &good),
        };
    }
    let sound = |signer: &&crate::support::report::Signer| {
        signer.signature == "valid" && signer.chain == "valid"
    };
    let count = if row.expect == TwoSigners { 2 } else { 1 };
    if signers.len() != count || !signers.iter().all(sound) {
        return fail("not valid", &good);
    }
    let verdict = if count == 1 {
        ("valid", 0)
    } else {
        ("invalid", 1)
    };
    if (report.verdict.as_str(), good.outcome.status) != (verdict.0, Some(verdict.1)) {
        return fail(&format!("the verdict is not {verdict:?}"), &good);
    }
    let lines = |octets: &[u8]| String::from_utf8_lossy(octets).replace("\r\n", "\n");
    let content = good.content.as_deref().unwrap_or_default();
    if !lines(content).ends_with(&lines(entity)) {
        return fail("not the content that was signed", &good);
    }

    let bad = run("verify", &changed(&message), allow).verified();
    let refused = bad.report.as_ref().is_some_and(|report| {
        let signers = report.signers();
        report.verdict == "invalid" && signers.iter().all(|signer| signer.signature == "invalid")
    });
    if !refused || bad.outcome.status != Some(1) {
        return fail("one octet changed, and not refused", &bad);
    }
    if row.expect == Legacy {
        let bad = run("verify", &message, "").verified();
        let refused = bad
            .report
            .as_ref()
            .is_some_and(|report| report.verdict == "invalid");
        if !refused || !bad.said().contains("legacy") {
            return fail("legacy, and not refused as such", &bad);
        }
    }
    Ok(())
}

/// The same message with one octet of its content changed, in base64 or not.
fn changed(message: &[u8]) -> Vec<u8> {
    replaced(message).unwrap_or_else(|| {
        openssl::change(message, |der| {
            *der = replaced(der).expect("the mark is in the content");
        })
    })
}

fn replaced(octets: &[u8]) -> Option<Vec<u8>> {
    let position = octets
        .windows(MARK.0.len())
        .position(|window| window == MARK.0)?;
    let mut changed = octets.to_vec();
    changed[position..position + MARK.1.len()].copy_from_slice(MARK.1);
    Some(changed)
}

#[test]
fn all_that_openssl_signs_is_verified() {
    if !peers(&["openssl"]) {
        return;
    }
    let (keys, entity) = (keys(), entity());
    let mut failures = Vec::new();
    for row in SIGNED {
        if let Err(what) = wrong(&keys, row, &entity) {
            failures.push(format!("{}\n{what}", row.words));
        }
    }
    figure(&format!(
        "openssl cms -sign: {} of {} ways as expected",
        SIGNED.len() - failures.len(),
        SIGNED.len()
    ));
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn detached_content_comes_from_a_file() {
    if !peers(&["openssl"]) {
        return;
    }
    let (keys, entity) = (keys(), entity());
    let (_directory, content) = crate::support::file_of(&entity);
    let mut other = entity.clone();
    other[100] ^= 1;
    let (_other_directory, other) = crate::support::file_of(&other);
    for words in ["-outform DER", "-outform PEM", "-outform DER -noattr"] {
        let words = format!("-sign -binary {words} {ALICE}");
        let signature = openssl::cms(&keys, &words, &entity);
        let verify = || mailseal(&keys, "verify", "alice@example.com", &signature);
        let good = verify().arg("--content").arg(&content).verified();
        assert_eq!(good.report().verdict, "valid", "{words}: {}", good.said());
        assert_eq!(good.outcome.status, Some(0), "{words}: {}", good.said());
        let bad = verify().arg("--content").arg(&other).verified();
        assert_eq!(
            bad.report().signers()[0].signature,
            "invalid",
            "{words}: {}",
            bad.said()
        );
        assert_eq!(bad.outcome.status, Some(1), "{words}: {}", bad.said());
        let none = verify().verified();
        assert_ne!(none.outcome.status, Some(0), "{words}: {}", none.said());
    }
}

#[test]
fn a_signature_by_a_stranger_is_told_apart() {
    if !peers(&["openssl"]) {
        return;
    }
    let keys = keys();
    let words = format!("-sign -from alice@example.com {ALICE}");
    let message = openssl::cms(&keys, &words, &entity());
    let run = Mailseal::new("verify --trust")
        .arg(project("testdata/pki/stranger.crt"))
        .stdin(message.clone());
    let run = run.verified();
    let signer = run.report().signers()[0].clone();
    assert_eq!(
        (
            signer.signature.as_str(),
            signer.chain.as_str(),
            signer.address.as_str()
        ),
        ("valid", "invalid", "match"),
        "{}",
        run.said()
    );
    assert_eq!(run.outcome.status, Some(1), "{}", run.said());

    let words = words.replace("-from alice", "-from bob");
    let message = openssl::cms(&keys, &words, &entity());
    let run = mailseal(&keys, "verify", "alice@example.com", &message).verified();
    let signer = run.report().signers()[0].clone();
    assert_eq!(
        (
            signer.signature.as_str(),
            signer.chain.as_str(),
            signer.address.as_str()
        ),
        ("valid", "valid", "mismatch"),
        "{}",
        run.said()
    );
    assert_eq!(run.outcome.status, Some(1), "{}", run.said());
}

#[test]
fn what_holds_no_signature_is_named_and_not_valid() {
    if !peers(&["openssl"]) {
        return;
    }
    let keys = keys();
    for (words, name) in [
        ("-data_create", "data"),
        ("-digest_create -md sha256", "digested-data"),
        (
            "-EncryptedData_encrypt -aes128 -secretkey 000102030405060708090a0b0c0d0e0f",
            "encrypted-data",
        ),
    ] {
        for form in ["-outform DER", "-outform PEM"] {
            let message = openssl::cms(&keys, &format!("{words} {form}"), &entity());
            let run = mailseal(&keys, "verify", "alice@example.com", &message).verified();
            assert_ne!(run.outcome.status, Some(0), "{words}: {}", run.said());
            assert!(run.said().contains(name), "{words}: {}", run.said());
            let claims = run.report.is_some_and(|report| report.verdict == "valid");
            assert!(!claims, "{words}");
        }
    }
}
