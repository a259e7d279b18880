//! `mailseal cert import`: what it puts where, and what it refuses to.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::made::{Made, certificates};
use super::{Files, PASSWORD, json, key_file, p12, pki};
use crate::support::peer::peers;
use crate::support::{Keys, Mailseal, Outcome, binary, mail_bytes, newsletter_from, project};

/// A key directory that is empty.
struct Directory(TempDir);

impl Directory {
    fn new() -> Directory {
        Directory(TempDir::new().expect("a temporary directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn import(&self, arguments: &str) -> Mailseal {
        let run = Mailseal::new("cert import --keys").arg(self.0.path());
        run.args(arguments.split_whitespace())
    }

    /// On a day when the certificates of testdata are good.
    fn pin(&self, arguments: &str) -> Mailseal {
        self.import(&format!("--pin --at 2026-11-21T12:00:00Z {arguments}"))
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("our own directory");
        let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("UTF-8");
        let mut names: Vec<String> = entries
            .map(|entry| name(entry.expect("an entry")))
            .collect();
        names.sort();
        names
    }

    fn mode(&self, name: &str) -> u32 {
        let metadata = fs::metadata(self.path(name)).expect("the file is there");
        metadata.permissions().mode() & 0o7777
    }
}

/// One object for each file.
fn outcomes(run: Mailseal) -> (Option<i32>, Vec<String>) {
    let outcome = run.arg("--json").run();
    let text = String::from_utf8(outcome.stdout).expect("JSON is UTF-8");
    let word = |line: &str| {
        let report: Value = serde_json::from_str(line).expect("an object a line");
        assert_eq!(report["version"], 1);
        report["outcome"].as_str().expect("a word").to_owned()
    };
    (outcome.status, text.lines().map(word).collect())
}

fn lines(outcome: Outcome) -> String {
    String::from_utf8(outcome.success()).expect("UTF-8")
}

#[test]
fn every_format_becomes_the_same_chain_without_its_root() {
    if !peers(&["openssl"]) {
        return;
    }
    let made = Made::new();
    made.person("bob", &["bob@example.com"]);
    let chain = [made.read("ca.crt"), made.read("root.crt")].concat();
    made.write("chain.crt", &chain);
    made.write("mail.txt", "hello\n");
    let both = [made.read("bob.crt"), made.read("ca.crt")].concat();
    let password = made.write("password", PASSWORD);
    let exported =
        "pkcs12 -export -in @bob.crt -inkey @bob.key -certfile @chain.crt -passout file:";
    let exported = format!("{exported}{}", password.display());
    let bundle = "crl2pkcs7 -nocrl -certfile @root.crt -certfile @ca.crt -certfile @bob.crt";
    let signed = "cms -sign -signer @bob.crt -inkey @bob.key -certfile @chain.crt -in @mail.txt";
    for (file, has_key) in [
        (
            made.write("bob.pem", [&both[..], &made.read("root.crt")].concat()),
            false,
        ),
        (
            made.write(
                "backwards.pem",
                [&chain[..], &made.read("bob.crt")].concat(),
            ),
            false,
        ),
        (
            made.write("with-key.pem", [&both[..], &made.read("bob.key")].concat()),
            true,
        ),
        (made.make("bob.p7b", bundle), false),
        (
            made.make("bob.p7c", &format!("{bundle} -outform DER")),
            false,
        ),
        (made.make("bob.p12", &exported), true),
        (made.make("bob.eml", signed), false),
    ] {
        println!("{}", file.display());
        let keys = Directory::new();
        let run = keys.import("--trust").arg(made.path("root.crt"));
        let run = run.arg("--password-file").arg(&password).arg(&file).run();
        run.success();
        assert_eq!(
            certificates(&keys.path("bob@example.com.crt")),
            certificates(&made.write("expected", &both))
        );
        assert_eq!(keys.path("bob@example.com.pem").exists(), has_key);
        // As somebody does who has the root alone.
        let imported = made.write(
            "imported.crt",
            fs::read(keys.path("bob@example.com.crt")).expect("imported"),
        );
        assert!(imported.exists());
        made.openssl("verify -CAfile @root.crt -untrusted @imported.crt @imported.crt");
        if has_key {
            assert_eq!(keys.mode("bob@example.com.pem"), 0o600);
            made.write(
                "imported.key",
                fs::read(keys.path("bob@example.com.pem")).expect("imported"),
            );
            let public = |key: &str| made.openssl(&format!("pkey -pubout -in {key}"));
            assert_eq!(public("@imported.key"), public("@bob.key"));
        }
    }
    // The intermediate may come from elsewhere, and bare DER has no room for it.
    let keys = Directory::new();
    let der = made.make("bob.der", "x509 -in @bob.crt -outform DER");
    let run = |flags: &str| {
        let run = keys.import("--trust").arg(made.path("root.crt")).arg(&der);
        run.args(flags.split_whitespace())
    };
    run("")
        .run()
        .refused(1, &["no-trusted-issuer", "--intermediates"]);
    assert!(keys.names().is_empty());
    run("--intermediates")
        .arg(made.path("ca.crt"))
        .run()
        .success();
    assert_eq!(certificates(&keys.path("bob@example.com.crt")).len(), 2);
}

#[test]
fn what_is_imported_is_sealed_with() {
    let keys = Directory::new();
    let files = Files::new();
    let password = files.write("password", PASSWORD);
    let alice = keys
        .pin("--password-file")
        .arg(&password)
        .arg(p12("alice.p12"));
    let outcome = alice.arg(key_file("bob@example.com.crt")).run();
    // Who had it encrypted should know that it is not any more.
    assert!(
        outcome
            .stderr
            .contains("alice@example.com.pem is not encrypted any more"),
        "{}",
        outcome.stderr
    );
    outcome.success();
    assert_eq!(
        keys.names(),
        [
            "alice@example.com.crt",
            "alice@example.com.pem",
            "bob@example.com.crt"
        ]
    );
    let seal = Mailseal::new("seal --sign --encrypt --keys").arg(keys.0.path());
    let sealed = seal.stdin(mail_bytes("newsletter.eml")).run().success();
    let bob = Keys::new();
    let open = Mailseal::new("verify --at 2026-11-21T12:00:00Z --trust").arg(pki("root.crt"));
    let open = open.arg("--key").arg(bob.file("bob@example.com.pem"));
    open.stdin(sealed).run().success();
}

#[test]
fn an_encrypted_key_in_pem_stays_encrypted() {
    let keys = Directory::new();
    let (key, password) = (
        key_file("encrypted@example.com.pem"),
        key_file("encrypted@example.com.password"),
    );
    let run = |password: &[&Path]| {
        let run = keys.pin("").args(
            password
                .iter()
                .flat_map(|it| [Path::new("--password-file"), it]),
        );
        run.arg(key_file("encrypted@example.com.crt"))
            .arg(&key)
            .run()
    };
    run(&[]).refused(77, &["encrypted@example.com.pem", "--password-file"]);
    let files = Files::new();
    run(&[&files.write("wrong", "guess")]).refused(77, &["does not open"]);
    assert!(keys.names().is_empty());
    let outcome = run(&[&password]);
    assert!(
        !outcome.stderr.contains("not encrypted"),
        "{}",
        outcome.stderr
    );
    outcome.success();
    let blocks = |path: &Path| {
        let text = fs::read(path).expect("the key is there");
        let block = mailseal::keys::pem::blocks(&text)
            .expect("PEM")
            .swap_remove(0);
        (block.label().to_owned(), block.content().to_vec())
    };
    assert_eq!(
        blocks(&keys.path("encrypted@example.com.pem")),
        blocks(&key)
    );
    let seal = Mailseal::new("seal --sign --keys").arg(keys.0.path());
    let seal = seal.arg("--password-file").arg(password);
    seal.stdin(newsletter_from("encrypted")).run().success();
}

#[test]
fn the_same_again_is_there_already_and_another_wants_replace() {
    if !peers(&["openssl"]) {
        return;
    }
    let made = Made::new();
    let keys = Directory::new();
    let import = |flags: &str, name: &str| {
        let run = keys.import("--trust").arg(made.path("root.crt"));
        let run = run.arg("--intermediates").arg(made.path("ca.crt"));
        let run = run.args(flags.split_whitespace());
        run.arg(made.path(&format!("{name}.crt")))
            .arg(made.path(&format!("{name}.key")))
    };
    made.person("old", &["bob@example.com"]);
    made.person("new", &["bob@example.com"]);
    let (status, first) = outcomes(import("", "old"));
    assert_eq!((status, first), (Some(0), vec!["imported".to_owned(); 2]));
    let (status, again) = outcomes(import("", "old"));
    assert_eq!(
        (status, again),
        (Some(0), vec!["already-there".to_owned(); 2])
    );
    let before = fs::read(keys.path("bob@example.com.crt")).expect("imported");

    let refused = import("", "new").run();
    let words = [
        "bob@example.com.crt holds another certificate, of CN=old, issued by CN=CA",
        "--replace",
    ];
    refused.refused(1, &words);
    let (status, words) = outcomes(import("", "new"));
    assert_eq!((status, words), (Some(1), vec!["refused".to_owned(); 2]));
    assert_eq!(
        fs::read(keys.path("bob@example.com.crt")).expect("as before"),
        before
    );
    assert_eq!(keys.names(), ["bob@example.com.crt", "bob@example.com.pem"]);

    let (status, words) = outcomes(import("--replace --dry-run", "new"));
    assert_eq!((status, words), (Some(0), vec!["replaced".to_owned(); 2]));
    assert_eq!(keys.names(), ["bob@example.com.crt", "bob@example.com.pem"]);

    let said = lines(import("--replace", "new").run());
    let fingerprint = made.openssl("x509 -noout -fingerprint -sha256 -in @old.crt");
    let fingerprint = String::from_utf8(fingerprint).expect("ASCII");
    let (_, fingerprint) = fingerprint.trim().split_once('=').expect("NAME=VALUE");
    let fingerprint = fingerprint.replace(':', "").to_lowercase();
    let kept = format!("history/bob@example.com/{fingerprint}.crt");
    assert!(said.contains(&kept), "{said}");
    assert_eq!(fs::read(keys.path(&kept)).expect("kept"), before);
    assert_eq!(
        certificates(&keys.path("bob@example.com.crt"))[0],
        certificates(&made.path("new.crt"))[0]
    );
    // The old key is kept beside it: old mail is opened with it.
    let history = fs::read_dir(keys.path("history/bob@example.com")).expect("the history");
    let key = history.map(|entry| entry.expect("an entry").path());
    let key = key
        .into_iter()
        .find(|path| path.extension().is_some_and(|it| it == "pem"));
    let key = key.expect("the old key");
    assert_eq!(
        fs::metadata(&key).expect("kept").permissions().mode() & 0o7777,
        0o600
    );
    made.write("kept.key", fs::read(key).expect("kept"));
    let public = |key: &str| made.openssl(&format!("pkey -pubout -in {key}"));
    assert_eq!(public("@kept.key"), public("@old.key"));
    let listed = lines(Mailseal::new("cert list --keys").arg(keys.0.path()).run());
    assert!(
        listed.contains("CN=new") && !listed.contains("CN=old"),
        "{listed}"
    );

    // Back again, with a word about it.
    let back = import("--replace", "old").run();
    assert_eq!(back.status, Some(0), "{}", back.stderr);
}

#[test]
fn a_newer_certificate_is_not_replaced_by_an_older_one_without_a_word() {
    let keys = Directory::new();
    let files = Files::new();
    let old = files.write(
        "old.crt",
        fs::read(key_file("bob@example.com.crt")).expect("testdata"),
    );
    if !peers(&["openssl"]) {
        return;
    }
    let made = Made::new();
    made.person("new", &["bob@example.com"]);
    keys.import("--pin")
        .arg(made.path("new.crt"))
        .run()
        .success();
    let outcome = keys.import("--pin --replace").arg(old).run();
    assert!(
        outcome.stderr.contains("that was replaced is newer"),
        "{}",
        outcome.stderr
    );
    outcome.success();
}

#[test]
fn each_address_gets_a_file_and_none_if_one_fails() {
    let keys = Directory::new();
    let second = key_file("second@example.com.crt");
    keys.pin("--address third@example.com")
        .arg(&second)
        .run()
        .refused(66, &["third@example.com", "first@example.com"]);
    keys.pin("--address FIRST@example.com")
        .arg(&second)
        .run()
        .success();
    assert_eq!(keys.names(), ["first@example.com.crt"]);

    // Something else is there for one of the two.
    let keys = Directory::new();
    fs::write(keys.path("second@example.com.crt"), "something else").expect("our own directory");
    keys.pin("")
        .arg(&second)
        .run()
        .refused(1, &["second@example.com.crt"]);
    assert_eq!(keys.names(), ["second@example.com.crt"]);
    keys.pin("--replace").arg(&second).run().success();
    assert_eq!(
        keys.names(),
        ["first@example.com.crt", "history", "second@example.com.crt"]
    );

    // And of several files all or none.
    let keys = Directory::new();
    let run = keys.pin("").arg(key_file("bob@example.com.crt"));
    run.arg(key_file("expired@example.com.crt"))
        .run()
        .refused(1, &["expired"]);
    assert!(keys.names().is_empty());
}

#[test]
fn of_too_many_addresses_the_wanted_ones_are_named() {
    if !peers(&["openssl"]) {
        return;
    }
    let made = Made::new();
    let keys = Directory::new();
    let many: Vec<String> = (0..101).map(|it| format!("{it}@example.com")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    made.person("many", &many);
    let run = |flags: &str| keys.import(flags).arg(made.path("many.crt")).run();
    run("--pin").refused(65, &["101 addresses", "--address"]);
    run("--pin --address 7@example.com").success();
    assert_eq!(keys.names(), ["7@example.com.crt"]);
}

#[test]
fn the_name_is_the_one_that_every_spelling_finds() {
    if !peers(&["openssl"]) {
        return;
    }
    let made = Made::new();
    let keys = Directory::new();
    made.person("bob", &["Bob.Smith@Example.COM"]);
    keys.import("--pin")
        .arg(made.path("bob.crt"))
        .run()
        .success();
    assert_eq!(keys.names(), ["bob.smith@example.com.crt"]);
    for to in ["bob.smith@example.com", "Bob.Smith@EXAMPLE.com"] {
        let mail = format!("From: a@example.com\nTo: {to}\n\nhello\n");
        let seal = Mailseal::new("seal --encrypt --keys").arg(keys.0.path());
        seal.stdin(mail).run().success();
    }
    // A file that is there under another spelling is the one.
    fs::rename(
        keys.path("bob.smith@example.com.crt"),
        keys.path("Bob.Smith@example.com.crt"),
    )
    .expect("our own");
    let (_, again) = outcomes(keys.import("--pin").arg(made.path("bob.crt")));
    assert_eq!(again, ["already-there"]);
    assert_eq!(keys.names(), ["Bob.Smith@example.com.crt"]);
}

#[test]
fn an_address_never_leaves_the_directory() {
    if !peers(&["openssl"]) {
        return;
    }
    let made = Made::new();
    let keys = Directory::new();
    fs::create_dir(keys.path("inside")).expect("our own directory");
    for address in [
        "../bob@example.com",
        "/etc/bob@example.com",
        ".bob@example.com",
        "a/b@example.com",
    ] {
        made.person("bob", &[address]);
        let run = Mailseal::new("cert import --pin --keys").arg(keys.path("inside"));
        let run = run.arg(made.path("bob.crt")).run();
        assert!(
            matches!(run.status, Some(1 | 65)),
            "{address}: {:?} {}",
            run.status,
            run.stderr
        );
        assert!(run.stderr.contains("hint: "), "{}", run.stderr);
    }
    // One that can be used beside it wants to be named.
    made.person("bob", &["../bob@example.com", "bob@example.com"]);
    let run = |flags: &str| {
        let run = Mailseal::new("cert import --pin --keys").arg(keys.path("inside"));
        run.args(flags.split_whitespace())
            .arg(made.path("bob.crt"))
            .run()
    };
    run("").refused(65, &["--address"]);
    run("--address bob@example.com").success();
    assert_eq!(keys.names(), ["inside"]);
    let inside = fs::read_dir(keys.path("inside")).expect("our own directory");
    assert_eq!(inside.count(), 1);
}

#[test]
fn who_pins_needs_no_path_and_vouches_for_nothing_else() {
    let keys = Directory::new();
    let untrusted = |flags: &str| keys.import(flags).arg(key_file("bob@example.com.crt"));
    let at = "--at 2026-11-21T12:00:00Z";
    untrusted(at)
        .run()
        .refused(1, &["no-trusted-issuer", "--trust", "--pin"]);
    for (name, reason) in [
        ("expired", "expired"),
        ("future", "not-yet-valid"),
        ("no-address", "no-address"),
        ("server-only", "extended-key-usage"),
        ("rsa1024", "weak-key"),
        ("secp256k1", "unsupported-algorithm"),
    ] {
        let file = key_file(&format!("{name}@example.com.crt"));
        keys.pin("").arg(&file).run().refused(1, &[name, reason]);
        let (status, report) = json(keys.pin("").arg(&file));
        assert_eq!((status, &report["reason"]), (Some(1), &reason.into()));
        assert_eq!(report["outcome"], "refused");
        assert!(report["certificate"]["sha256"].is_string() && report["detail"].is_string());
        let by_path = keys.import(&format!("--trust {} {at}", pki("root.crt").display()));
        let outcome = by_path.arg(&file).run();
        assert_eq!(outcome.status, Some(1), "{name}: {}", outcome.stderr);
    }
    assert!(keys.names().is_empty());
    keys.pin("--allow-legacy")
        .arg(key_file("rsa1024@example.com.crt"))
        .run()
        .success();
    let pinned = keys.pin("").arg(key_file("bob@example.com.crt"));
    pinned.run().success();
    assert_eq!(
        keys.names(),
        ["bob@example.com.crt", "rsa1024@example.com.crt"]
    );
}

/// As the README has it for a start.
#[test]
fn a_certificate_that_somebody_signed_for_themselves_is_pinned() {
    if !peers(&["openssl"]) {
        return;
    }
    let made = Made::new();
    let keys = Directory::new();
    let words = "req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=Me -keyout @me.key -addext \
         subjectAltName=email:me@example.com -addext extendedKeyUsage=emailProtection \
         -addext keyUsage=critical,digitalSignature,keyEncipherment";
    let me = made.make("me.crt", words);
    keys.import("")
        .arg(&me)
        .run()
        .refused(1, &["has signed its own certificate", "--pin"]);
    keys.import("--pin")
        .arg(&me)
        .arg(made.path("me.key"))
        .run()
        .success();
    let mail = "From: me@example.com\nTo: me@example.com\n\nhello\n";
    let seal = Mailseal::new("seal --sign --encrypt --keys").arg(keys.0.path());
    seal.stdin(mail).run().success();
}

#[test]
fn what_a_new_user_gets_wrong_is_told_with_the_way_out() {
    let keys = Directory::new();
    let files = Files::new();
    let bob = key_file("bob@example.com.crt");
    let missing = Mailseal::new("cert import --pin --keys /nowhere/keys")
        .arg(&bob)
        .run();
    missing.refused(
        66,
        &["/nowhere/keys is no directory", "mkdir -p /nowhere/keys"],
    );
    let missing = Mailseal::new("cert import --pin").env("MAILSEAL_KEYS", "/nowhere/keys");
    missing.arg(&bob).run().refused(66, &["mkdir -p"]);
    keys.pin("nowhere.crt").run().refused(66, &["nowhere.crt"]);
    keys.pin("")
        .arg(keys.0.path())
        .run()
        .refused(66, &["directory"]);
    assert_eq!(keys.pin("").run().status, Some(64));
    let key = keys.pin("").arg(key_file("bob@example.com.pem")).run();
    key.refused(
        65,
        &["private key in it and no certificate", "certificate, too"],
    );
    let other = keys
        .pin("")
        .arg(&bob)
        .arg(key_file("alice@example.com.pem"))
        .run();
    other.refused(66, &["alice@example.com.pem", "belongs to none"]);
    let garbage = keys.pin("").arg(key_file("garbage@example.com.crt")).run();
    garbage.refused(65, &["garbage@example.com.crt", "PKCS#12"]);
    let text = files.write("letter.txt", "Dear Bob,\n\nhello\n");
    keys.pin("").arg(text).run().refused(65, &["letter.txt"]);
    keys.pin("")
        .arg(p12("alice.p12"))
        .run()
        .refused(77, &["alice.p12", "--password-file"]);
    let (wrong, right) = (
        files.write("wrong", "guess"),
        files.write("right", PASSWORD),
    );
    let with = |password: &Path| keys.pin("--password-file").arg(password);
    with(&wrong)
        .arg(p12("alice.p12"))
        .run()
        .refused(77, &["password"]);
    with(&right)
        .arg(p12("legacy.p12"))
        .run()
        .refused(66, &["RC2", "--allow-legacy"]);
    let root = keys.pin("").arg(pki("root.crt")).run();
    root.refused(1, &["no-address", "--trust"]);
    keys.pin("--purpose server")
        .arg(&bob)
        .run()
        .refused(64, &["--purpose"]);
    assert!(keys.names().is_empty(), "{:?}", keys.names());

    with(&right)
        .arg("--allow-legacy")
        .arg(p12("legacy.p12"))
        .run()
        .success();
    assert_eq!(
        keys.names(),
        ["alice@example.com.crt", "alice@example.com.pem"]
    );
}

#[test]
fn files_from_windows_are_read() {
    let files = Files::new();
    let text = fs::read_to_string(key_file("bob@example.com.crt")).expect("testdata");
    let text = text.replace('\n', "\r\n");
    let utf16: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let marked = format!("\u{feff}{text}");
    let mut imported = Vec::new();
    for (name, octets) in [
        ("crlf.crt", text.as_bytes()),
        ("bom.crt", marked.as_bytes()),
        ("utf16.crt", &utf16),
    ] {
        let keys = Directory::new();
        keys.pin("").arg(files.write(name, octets)).run().success();
        imported.push(fs::read(keys.path("bob@example.com.crt")).expect("imported"));
    }
    assert_eq!(imported[0], imported[1]);
    assert_eq!(imported[0], imported[2]);
    assert!(!imported[0].contains(&b'\r'));
    assert_eq!(certificates(&key_file("bob@example.com.crt")).len(), 2);
}

#[test]
fn nothing_is_written_through_a_link() {
    let (keys, elsewhere) = (Directory::new(), Directory::new());
    let target = elsewhere.path("target");
    fs::write(&target, "untouched").expect("our own directory");
    symlink(&target, keys.path("bob@example.com.crt")).expect("our own directory");
    for flags in ["", "--replace"] {
        let run = keys.pin(flags).arg(key_file("bob@example.com.crt")).run();
        run.refused(66, &["bob@example.com.crt is a symbolic link"]);
    }
    assert_eq!(fs::read(&target).expect("our own file"), b"untouched");
    // The directory itself is the operator's own.
    symlink(elsewhere.0.path(), keys.path("link")).expect("our own directory");
    let run =
        Mailseal::new("cert import --pin --at 2026-11-21T12:00:00Z --keys").arg(keys.path("link"));
    run.arg(key_file("bob@example.com.crt")).run().success();
    assert!(elsewhere.path("bob@example.com.crt").is_file());
}

#[test]
fn a_directory_that_may_not_be_written_to_is_told() {
    if !peers(&["root"]) {
        return;
    }
    // Root may write anywhere: another user it is, from places that they can reach.
    let keys = Directory::new();
    fs::set_permissions(keys.0.path(), fs::Permissions::from_mode(0o755)).expect("our own");
    let reachable = keys.path("mailseal");
    fs::copy(binary(), &reachable).expect("the binary can be copied");
    let bob = keys.path("letter");
    fs::copy(key_file("bob@example.com.crt"), &bob).expect("testdata");
    fs::set_permissions(&bob, fs::Permissions::from_mode(0o644)).expect("our own");
    let run = |flags: &[&str]| {
        let mut command = Command::new(&reachable);
        command
            .args(["cert", "import", "--pin", "--keys"])
            .arg(keys.0.path())
            .args(flags)
            .arg(&bob);
        command
            .env_clear()
            .uid(65534)
            .gid(65534)
            .output()
            .expect("the binary can be run")
    };
    let output = run(&[]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(77), "{stderr}");
    assert!(
        stderr.contains("cannot write") && stderr.contains("hint: "),
        "{stderr}"
    );
    assert_eq!(keys.names(), ["letter", "mailseal"]);
    // To say what would be done takes no permission.
    assert_eq!(run(&["--dry-run"]).status.code(), Some(0));
}

#[test]
fn of_two_at_once_one_is_told_that_the_other_was_first() {
    if !peers(&["openssl"]) {
        return;
    }
    let made = Made::new();
    for name in ["one", "two"] {
        made.person(name, &["bob@example.com", "robert@example.com"]);
    }
    let race = |keys: &Directory, flags: &'static str| -> Vec<Option<i32>> {
        let runs = ["one", "two"].map(|name| {
            let run = keys.import(&format!("--pin {flags}"));
            let run = run
                .arg(made.path(&format!("{name}.crt")))
                .arg(made.path(&format!("{name}.key")));
            std::thread::spawn(move || run.run().status)
        });
        let mut codes: Vec<_> = runs
            .into_iter()
            .map(|run| run.join().expect("no panic"))
            .collect();
        codes.sort();
        codes
    };
    for _ in 0..10 {
        let keys = Directory::new();
        assert_eq!(race(&keys, ""), [Some(0), Some(1)]);
        let expected = [
            "bob@example.com.crt",
            "bob@example.com.pem",
            "robert@example.com.crt",
            "robert@example.com.pem",
        ];
        assert_eq!(keys.names(), expected);
        // All of them are of the same one.
        let of_whom = |name: &str| certificates(&keys.path(name))[0].clone();
        assert_eq!(of_whom(expected[0]), of_whom(expected[2]));
        let check = Mailseal::new("cert list --json --keys").arg(keys.0.path());
        let listed = lines(check.run());
        assert_eq!(listed.lines().count(), 1);
        assert!(listed.contains("\"matches\":true"), "{listed}");

        assert_eq!(race(&keys, "--replace"), [Some(0), Some(0)]);
        assert_eq!(keys.names().len(), 5);
        let history = fs::read_dir(keys.path("history/bob@example.com")).expect("the history");
        assert!(history.count() >= 2);
    }
}

#[test]
fn a_dry_run_says_it_and_does_nothing() {
    let keys = Directory::new();
    let run = |flags: &str| keys.pin(flags).arg(key_file("bob@example.com.crt"));
    let said = lines(run("--dry-run").run());
    assert!(
        said.contains("bob@example.com.crt: would be imported: CN=bob"),
        "{said}"
    );
    assert!(keys.names().is_empty());
    let (status, report) = json(run("--dry-run"));
    assert_eq!((status, &report["dry_run"]), (Some(0), &true.into()));
    let (_, report) = json(run(""));
    assert_eq!(report["dry_run"], false);
    assert_eq!(report["address"], "bob@example.com");
    assert_eq!(report["kind"], "certificate");
    assert_eq!(report["certificate"]["subject"], "CN=bob,O=mailseal tests");
    assert_eq!(
        report["others"][0]["subject"],
        "CN=Intermediate,O=mailseal tests"
    );
    assert!(report["history"].is_null() && report["previous"].is_null());
    assert_eq!(keys.names(), ["bob@example.com.crt"]);
    assert!(project("testdata").exists());
}
