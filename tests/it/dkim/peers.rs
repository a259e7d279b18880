//! Signatures by OpenDKIM and dkimpy, in every canonicalization, over bodies that end in every way.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{is_accepted, is_refused, table};
use crate::support::peer::peers;
use crate::support::{Mailseal, PYTHON, project, tool};

const HEADER: &str = "From: Alice  Example <alice@example.com>\r\n\
                      To: Bob <bob@example.org>,\r\n\tCarol <carol@example.org>\r\n\
                      Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= \t \r\n  folded\r\n\
                      Date: Sat, 21 Nov 2026 11:00:00 +0000\r\n\
                      Message-ID: <1@example.com>\r\n";

const BODIES: [&str; 8] = [
    "Hello\r\n",
    "Hello",
    "",
    "\r\n\r\n",
    " two  spaces \t \r\n\r\n\tand a tab\r\n",
    "white space at the end\r\n \r\n\t\r\n",
    "empty lines at the end\r\n\r\n\r\n\r\n",
    ".\r\n..\r\nFrom here\r\n",
];

const FORMS: [&str; 4] = [
    "simple/simple",
    "simple/relaxed",
    "relaxed/simple",
    "relaxed/relaxed",
];

/// Now, for the signer has put it down.
fn judge(octets: impl Into<Vec<u8>>) -> Mailseal {
    Mailseal::new("dkim --dns").arg(table()).stdin(octets)
}

/// The field that OpenDKIM puts before a message.
pub fn opendkim(directory: &Path, form: &str, message: &str) -> String {
    let key = directory.join("lab.private");
    fs::copy(project("testdata/dkim/lab.private"), &key).expect("our own directory");
    let (conf, file) = (directory.join("conf"), directory.join("message"));
    let text = format!(
        "Mode s\nSyslog no\nUserID root\nDomain example.com\nSelector lab\nKeyFile {}\n\
         Canonicalization {form}\nOversignHeaders From\nRequireSafeKeys no\nInternalHosts 0.0.0.0/0\n",
        key.display()
    );
    fs::write(&conf, text).expect("our own directory");
    fs::write(&file, message).expect("our own directory");
    let arguments = [
        "-x".as_ref(),
        conf.as_os_str(),
        "-vvv".as_ref(),
        "-t".as_ref(),
        file.as_os_str(),
    ];
    let said = String::from_utf8(tool("opendkim", &arguments, b"")).expect("ASCII");
    let (_, value) = said
        .split_once("hvalue='")
        .unwrap_or_else(|| panic!("{said}"));
    let (value, _) = value.split_once('\'').expect("the value ends");
    format!("DKIM-Signature: {}\r\n", value.replace('\n', "\r\n"))
}

#[test]
fn opendkims_signatures_hold() {
    if !peers(&["root", "opendkim"]) {
        return;
    }
    let directory = TempDir::new().expect("a temporary directory");
    // A body without a last line end OpenDKIM does not take.
    let bodies = BODIES
        .iter()
        .filter(|body| body.is_empty() || body.ends_with('\n'));
    for form in FORMS {
        for body in bodies.clone() {
            let message = format!("{HEADER}\r\n{body}");
            let signature = opendkim(directory.path(), form, &message);
            is_accepted(judge(format!("{signature}{message}")));
            // What others put before it takes nothing away.
            is_accepted(judge(format!(
                "Received: from a\r\n\tby b\r\n{signature}{message}"
            )));
            let changed = message.replace("Gr=C3", "gr=C3");
            is_refused(
                judge(format!("{signature}{changed}")),
                1,
                "fail",
                "signature",
            );
            let appended = format!("{signature}{message}\r\nmore");
            is_refused(judge(appended), 1, "fail", "body-hash");
        }
    }
}

#[test]
fn dkimpys_signatures_hold() {
    if !peers(&["python:dkim", "python:nacl"]) {
        return;
    }
    let script = project("tests/peers/dkim_sign.py");
    for (selector, key) in [("lab", "lab.private"), ("ed", "ed25519.pem")] {
        let key = project("testdata/dkim").join(key);
        for form in FORMS {
            let (header, body_form) = form.split_once('/').expect("two halves");
            for body in BODIES {
                let message = format!("{HEADER}\r\n{body}");
                let arguments = [
                    script.as_os_str(),
                    selector.as_ref(),
                    key.as_os_str(),
                    header.as_ref(),
                    body_form.as_ref(),
                ];
                let signed = tool(PYTHON, &arguments, message.as_bytes());
                let signed = String::from_utf8(signed).expect("ASCII");
                is_accepted(judge(signed.clone()));
                let changed = signed.replace("Gr=C3", "gr=C3");
                is_refused(judge(changed), 1, "fail", "signature");
                is_refused(judge(signed + "\r\nmore"), 1, "fail", "body-hash");
            }
        }
    }
}
