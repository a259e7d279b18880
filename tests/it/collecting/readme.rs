//! The README's first steps with the webhook, as a new user would type them.

use std::fs;
use std::process::{Command, Stdio};

use crate::support::peer::peers;
use crate::support::{binary, project};

#[test]
fn the_curl_line_of_the_readme_makes_a_certificate_appear() {
    if !peers(&["curl", "openssl"]) {
        return;
    }
    let readme = fs::read_to_string(project("README.md")).expect("it is there");
    let blocks = readme.split("```sh\n").skip(1);
    let mut blocks = blocks.filter_map(|block| block.split("```").next());
    let block = blocks
        .find(|block| block.contains("\ncurl ") && block.contains("mailseal serve"))
        .expect("the README shows the webhook");
    assert!(block.contains("/tmp/certs"));
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let certs = directory.path().join("certs").display().to_string();
    let folder = directory.path().join("bin");
    fs::create_dir(&folder).expect("our own directory");
    std::os::unix::fs::symlink(binary(), folder.join("mailseal")).expect("our own directory");
    let path = std::env::var("PATH").unwrap_or_default();
    // In a terminal the shell has jobs.
    let script = format!("set -m\n{}\nwait\n", block.replace("/tmp/certs", &certs));
    let done = Command::new("bash")
        .args(["-c", &script])
        .env("PATH", format!("{}:{path}", folder.display()))
        // What it logs to the current directory otherwise.
        .env("JOURNAL_STREAM", "0:0")
        .current_dir(project("."))
        .stdin(Stdio::null())
        .output()
        .expect("bash is there");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(
        said.contains("alice@example.com"),
        "{said}{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(said.contains("OK"), "{said}");
}
