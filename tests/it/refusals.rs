//! Nothing breaks quietly: for each failure its message, its hint and its exit code, and no partial file.
//! What a server does wrong is in `smtp_refusals.rs`, `starttls.rs` and `sparkpost.rs`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::peer::{peers, skipped};
use crate::support::{Keys, Mailseal, binary, mail, mail_bytes, newsletter_from};

#[test]
fn missing_file() {
    let keys = Keys::new();
    keys.mailseal("seal --sign /nonexistent/m.eml")
        .run()
        .refused(66, &["/nonexistent/m.eml"]);
    Mailseal::new("show /nonexistent/m.eml")
        .run()
        .refused(66, &["/nonexistent/m.eml"]);
}

#[test]
fn missing_key_directory() {
    let run = Mailseal::new("seal --sign --keys /nonexistent")
        .stdin(newsletter_from("alice"))
        .run();
    run.refused(66, &["/nonexistent"]);
}

#[test]
fn empty_file() {
    let keys = Keys::new();
    keys.mailseal("seal --sign")
        .arg(mail("empty.eml"))
        .run()
        .refused(65, &["empty.eml"]);
    keys.mailseal("seal --sign")
        .run()
        .refused(65, &["standard input"]);
}

#[test]
fn directory() {
    let keys = Keys::new();
    keys.mailseal("seal --sign")
        .arg(mail(""))
        .run()
        .refused(66, &["directory"]);
}

#[test]
fn binary_blob() {
    let keys = Keys::new();
    keys.mailseal("seal --sign")
        .arg(mail("blob.bin"))
        .run()
        .refused(65, &["blob.bin"]);
    // The binary itself: large, and as far from a mail as can be.
    keys.mailseal("seal --sign")
        .arg(binary())
        .run()
        .refused(65, &[]);
}

#[test]
fn unreadable_file() {
    let (keys, directory) = (Keys::new(), TempDir::new().expect("a temporary directory"));
    let path = directory.path().join("m.eml");
    fs::write(&path, newsletter_from("alice")).expect("our own directory");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("our own file");
    if rustix::process::geteuid().is_root() {
        // Root reads what nobody else may; the test needs another user.
        return as_nobody(&keys, &path);
    }
    keys.mailseal("seal --sign")
        .arg(&path)
        .run()
        .refused(77, &["m.eml"]);
}

/// The same as user nobody, from a copy of the binary that it can reach.
fn as_nobody(keys: &Keys, path: &std::path::Path) {
    if !peers(&["setpriv"]) {
        return;
    }
    let directory = TempDir::new_in("/tmp").expect("a temporary directory");
    let reachable = directory.path().join("mailseal");
    fs::copy(binary(), &reachable).expect("the binary can be copied");
    for place in [
        directory.path(),
        keys.path(),
        path.parent().expect("a file is somewhere"),
    ] {
        fs::set_permissions(place, fs::Permissions::from_mode(0o755)).expect("our own directory");
    }
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&reachable)
        .args(["seal", "--sign", "--keys"])
        .args([keys.path(), path])
        .stdin(Stdio::null())
        .output()
        .expect("setpriv runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    if stderr.contains("setpriv:") {
        return skipped(&format!("no other user to be: {stderr}"));
    }
    assert_eq!(output.status.code(), Some(77), "{stderr}");
    assert!(
        stderr.contains("m.eml") && stderr.contains("hint: "),
        "{stderr}"
    );
}

#[test]
fn encrypt_without_any_certificate() {
    let empty = TempDir::new().expect("a temporary directory");
    let run = Mailseal::new("seal --encrypt --keys")
        .arg(empty.path())
        .stdin(mail_bytes("newsletter.eml"))
        .run();
    run.refused(66, &["bob@example.com", "bob@example.com.crt"]);
}

#[test]
fn sign_without_key_or_certificate() {
    for gone in ["alice@example.com.pem", "alice@example.com.crt"] {
        let keys = Keys::new();
        fs::remove_file(keys.file(gone)).expect("our own file");
        let run = keys
            .mailseal("seal --sign")
            .stdin(newsletter_from("alice"))
            .run();
        run.refused(66, &[gone]);
    }
}

#[test]
fn nothing_to_do() {
    Keys::new()
        .mailseal("seal")
        .stdin(newsletter_from("alice"))
        .run()
        .refused(64, &["--sign"]);
    let run = Keys::new().mailseal("seal --sign --frobnicate").run();
    assert_eq!(run.status, Some(64), "{}", run.stderr);
}

#[test]
fn full_disk_on_output() {
    let keys = Keys::new();
    let run = keys
        .mailseal("seal --sign -o /dev/full")
        .stdin(newsletter_from("alice"))
        .run();
    run.refused(74, &["/dev/full"]);
    let full = fs::File::options()
        .write(true)
        .open("/dev/full")
        .expect("/dev/full is there");
    keys.mailseal("seal --sign")
        .stdin(newsletter_from("alice"))
        .run_to(full)
        .failed(74, &["space"]);
}

#[test]
fn full_disk_leaves_no_partial_file() {
    if !peers(&["root", "unshare", "mount"]) {
        return;
    }
    // A file system of 64 KiB that this run alone sees.
    let script = r#"
        mount -t tmpfs -o size=64k none "$FULL" || exit 99
        printf 'what was there before' >"$FULL/sealed.eml"
        "$@"
        status=$?
        ls -A "$FULL"
        cat "$FULL/sealed.eml"
        exit $status
    "#;
    let (keys, full) = (Keys::new(), TempDir::new().expect("a temporary directory"));
    let output = Command::new("unshare")
        .args(["--mount", "bash", "-c", script, "bash"])
        .arg(binary())
        .args(["seal", "--sign", "-o"])
        .args([full.path().join("sealed.eml"), mail("attachments.eml")])
        .env("FULL", full.path())
        .env("MAILSEAL_KEYS", keys.path())
        .output()
        .expect("unshare runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(74), "{stderr}");
    assert!(
        stderr.contains("hint: ") && stderr.contains("space"),
        "{stderr}"
    );
    let left = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        left, "sealed.eml\nwhat was there before",
        "something else is left"
    );
}

#[test]
fn output_directory_that_is_not_there() {
    let (keys, out) = (Keys::new(), TempDir::new().expect("a temporary directory"));
    let target = out.path().join("no/such/sealed.eml");
    let run = keys
        .mailseal("seal --sign -o")
        .arg(&target)
        .stdin(newsletter_from("alice"))
        .run();
    assert!(matches!(run.status, Some(66 | 74)), "{}", run.stderr);
    assert!(run.stderr.contains("hint: "), "{}", run.stderr);
}

#[test]
fn several_files_want_a_directory() {
    let (keys, out) = (Keys::new(), TempDir::new().expect("a temporary directory"));
    let two = [mail("crlf.eml"), mail("lf.eml")];
    let target = out.path().join("sealed.eml");
    keys.mailseal("seal --sign -o")
        .arg(&target)
        .args(&two)
        .run()
        .refused(64, &["-o"]);
    keys.mailseal("seal --sign")
        .args(&two)
        .run()
        .refused(64, &["-o"]);
    assert!(!target.exists());
}

#[test]
fn several_files_one_bad() {
    let (keys, out) = (Keys::new(), TempDir::new().expect("a temporary directory"));
    let files = [mail("crlf.eml"), mail("empty.eml"), mail("lf.eml")];
    let run = keys
        .mailseal("seal --sign -o")
        .arg(out.path())
        .args(&files)
        .run();
    run.failed(65, &["empty.eml"]);
    let count = fs::read_dir(out.path()).expect("our own directory").count();
    assert_eq!(
        count, 2,
        "the good ones are there, and nothing of the bad one"
    );
}

#[test]
fn a_message_never_overwrites_itself() {
    let (keys, out) = (Keys::new(), TempDir::new().expect("a temporary directory"));
    let path = out.path().join("m.eml");
    fs::write(&path, newsletter_from("alice")).expect("our own directory");
    keys.mailseal("seal --sign -o")
        .arg(&path)
        .arg(&path)
        .run()
        .refused(64, &["m.eml"]);
    assert_eq!(
        fs::read(&path).expect("still there"),
        newsletter_from("alice")
    );
}

#[test]
fn closed_pipe() {
    let keys = Keys::new();
    // 577 KB do not fit into the pipe, so that the writer meets its end.
    let script = r#"set -o pipefail; "$@" | head -c 10 >/dev/null; echo "${PIPESTATUS[0]}""#;
    let output = Command::new("bash")
        .args(["-c", script, "bash"])
        .arg(binary())
        .args(["seal", "--sign", "--keys"])
        .arg(keys.path())
        .arg(mail("attachments.eml"))
        .output()
        .expect("bash runs");
    let (status, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(status.trim(), "74", "{stderr}");
    assert!(
        stderr.contains("mailseal: ") && !stderr.contains("panicked"),
        "{stderr}"
    );
}

// Not closed but full: Rust's runtime puts /dev/null in the place of a closed descriptor.
#[test]
fn standard_error_that_takes_nothing_is_no_panic() {
    let (keys, out) = (Keys::new(), TempDir::new().expect("a temporary directory"));
    let sealed = |arguments: &str, files: [PathBuf; 2]| {
        let status = Command::new("bash")
            .args(["-c", r#"exec "$@" 2>/dev/full >/dev/full"#, "bash"])
            .arg(binary())
            .args(arguments.split(' '))
            .arg(keys.path())
            .arg("-o")
            .arg(out.path())
            .args(files)
            .status()
            .expect("bash runs");
        status.code()
    };
    let files = || [mail("blob.bin"), mail("nowhere.eml")];
    assert_eq!(sealed("seal --sign --keys", files()), Some(66));
    assert_eq!(sealed("seal --json --sign --keys", files()), Some(66));
}

#[test]
fn a_strangers_words_do_not_steer_the_terminal() {
    let keys = Keys::new();
    let outcome = keys
        .mailseal("seal --sign")
        .stdin(
            "From: alice@example.com\nContent-Type: multipart/mixed; boundary=x\n\
             Content-Transfer-Encoding: \u{1b}[2J\n\n8-bit: \u{fc}\n",
        )
        .run();
    outcome.refused(65, &["\\u{1b}[2J"]);
    keys.mailseal("seal --sign -o")
        .arg("/nowhere/\u{1b}[2J")
        .stdin(newsletter_from("alice"))
        .run()
        .refused(74, &["\\u{1b}[2J"]);
}

#[test]
fn sealing_never_touches_the_network() {
    if !peers(&["root", "strace"]) {
        return;
    }
    let keys = Keys::new();
    let output = Command::new("strace")
        .args(["-f", "-e", "trace=%network", "-o", "/dev/stdout"])
        .arg(binary())
        .args(["seal", "--sign", "--encrypt", "-o", "/dev/null", "--keys"])
        .args([keys.path(), &mail("newsletter.eml")])
        .output()
        .expect("strace runs");
    let calls = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        !calls.contains("socket(") && !calls.contains("connect("),
        "{calls}"
    );
}
