//! `seal` streams, and `verify` and `open` spool: memory does not grow with the message.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::openssl;
use crate::support::peer::peers;
use crate::support::{Keys, binary, figure, project, tool};

/// A mail of about this many octets: a text and one attachment in base64, or one 8-bit text.
fn large_mail(octets: usize, eight_bit: bool) -> Vec<u8> {
    let mut mail = b"From: alice@example.com\r\nTo: bob@example.com\r\nSubject: Large\r\n\
        Date: Fri, 06 Feb 2026 10:00:00 +0100\r\nMessage-ID: <large@example.com>\r\nMIME-Version: 1.0\r\n"
        .to_vec();
    let line: &[u8] = if eight_bit {
        mail.extend_from_slice(
            b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
        );
        "Größere Mengen an Text, Zeile für Zeile, die alle neu kodiert werden.\r\n".as_bytes()
    } else {
        mail.extend_from_slice(
            b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        );
        b"QmFzZTY0IGxpbmVzIG9mIHNldmVudHkgc2l4IGNoYXJhY3RlcnMgZWFjaCwgYWxsIGFsaWtlLi4u\r\n"
    };
    while mail.len() < octets {
        mail.extend_from_slice(line);
    }
    mail
}

/// Peak resident memory of one `mailseal seal` in KiB.
fn peak(keys: &Keys, options: &str, input: &Path, output: &Path) -> u64 {
    let words = format!("seal {options} --keys");
    peak_of(
        &words,
        &[keys.path(), Path::new("-o"), output, input],
        output,
    )
}

/// Peak resident memory of one run in KiB, by /usr/bin/time, whose report goes beside `output`.
fn peak_of(words: &str, paths: &[&Path], output: &Path) -> u64 {
    let (report, program) = (output.with_extension("time"), binary());
    let mut arguments = vec![
        "-f".as_ref(),
        "%M".as_ref(),
        "-o".as_ref(),
        report.as_os_str(),
        program.as_os_str(),
    ];
    arguments.extend(words.split_whitespace().map(std::ffi::OsStr::new));
    arguments.extend(paths.iter().map(|path| path.as_os_str()));
    tool("/usr/bin/time", &arguments, b"");
    let text = fs::read_to_string(report).expect("time wrote its report");
    text.trim().parse().expect("a number of KiB")
}

#[test]
fn sealing_25_mb_takes_at_most_24_mib() {
    if !peers(&["time"]) {
        return;
    }
    let (keys, directory) = (Keys::new(), TempDir::new().expect("a temporary directory"));
    let (input, output) = (
        directory.path().join("in.eml"),
        directory.path().join("out.eml"),
    );
    let mut worst = 0;
    for eight_bit in [false, true] {
        fs::write(&input, large_mail(25_000_000, eight_bit)).expect("our own directory");
        for form in [
            "--sign",
            "--sign-detached",
            "--encrypt",
            "--sign --encrypt",
            "--encrypt --cipher aes256-gcm",
        ] {
            let peak = peak(&keys, form, &input, &output);
            worst = worst.max(peak);
            let size = fs::metadata(&output).expect("the sealed mail").len();
            assert!(size > 25_000_000, "{form}: {size} octets came out");
            assert!(peak <= 24 * 1024, "{form}, 8-bit {eight_bit}: {peak} KiB");
        }
    }
    figure(&format!(
        "peak memory sealing 25 MB: {:.1} MiB",
        worst as f64 / 1024.0
    ));
}

#[test]
fn memory_does_not_grow_with_the_message() {
    if !peers(&["time"]) {
        return;
    }
    let (keys, directory) = (Keys::new(), TempDir::new().expect("a temporary directory"));
    let (input, output) = (
        directory.path().join("in.eml"),
        directory.path().join("out.eml"),
    );
    let mut peaks = Vec::new();
    for octets in [5_000_000, 50_000_000] {
        fs::write(&input, large_mail(octets, true)).expect("our own directory");
        peaks.push(peak(&keys, "--sign --encrypt", &input, &output));
    }
    assert!(
        peaks[1] < peaks[0] + 1024,
        "5 MB take {} KiB, 50 MB {} KiB",
        peaks[0],
        peaks[1]
    );
}

#[test]
fn verifying_and_opening_25_mb_takes_at_most_24_mib() {
    if !peers(&["time", "openssl"]) {
        return;
    }
    let (keys, directory) = (Keys::new(), TempDir::new().expect("a temporary directory"));
    let file = |name: &str| directory.path().join(name);
    let (input, sealed, opened) = (file("in.eml"), file("sealed.eml"), file("opened.eml"));
    let root = project("testdata/pki/root.crt");
    let mut worst = 0;
    let mut bounded = |how: &str, peak: u64| {
        worst = worst.max(peak);
        assert!(peak <= 24 * 1024, "{how}: {peak} KiB");
    };
    for eight_bit in [false, true] {
        fs::write(&input, large_mail(25_000_000, eight_bit)).expect("our own directory");
        for form in ["--sign", "--sign-detached"] {
            peak(&keys, form, &input, &sealed);
            let how = format!("verify what {form} made, 8-bit {eight_bit}");
            bounded(&how, peak_of("verify --trust", &[&root, &sealed], &opened));
        }
        for form in [
            "--sign --encrypt",
            "--sign-detached --encrypt",
            "--sign --encrypt --cipher aes256-gcm",
            "--encrypt --cipher aes256-gcm",
        ] {
            peak(&keys, form, &input, &sealed);
            let paths = [
                &root,
                Path::new("--keys"),
                keys.path(),
                Path::new("-o"),
                &opened,
                &sealed,
            ];
            let how = format!("open what {form} made, 8-bit {eight_bit}");
            bounded(&how, peak_of("open --trust", &paths, &opened));
            let size = fs::metadata(&opened).expect("the opened mail").len();
            assert!(size > 24_000_000, "{how}: {size} octets came out");
        }
    }
    // OpenSSL streams into indefinite lengths and octet strings of 16 KiB.
    let content = fs::read(&input).expect("our own file");
    for form in ["DER", "SMIME"] {
        let words = "-sign -binary -nodetach -stream -signer alice.crt -inkey alice.pem -from alice@example.com";
        let message = openssl::cms(&keys, &format!("{words} -outform {form}"), &content);
        fs::write(&sealed, message).expect("our own directory");
        let intermediate = project("testdata/pki/intermediate.crt");
        let paths = [&root, Path::new("--intermediates"), &intermediate, &sealed];
        let peak = peak_of("verify --from alice@example.com --trust", &paths, &opened);
        bounded(&format!("verify what openssl streams in {form}"), peak);
    }
    figure(&format!(
        "peak memory verifying and opening 25 MB: {:.1} MiB",
        worst as f64 / 1024.0
    ));
}
