//! What every module of these tests needs: the binary, the test data, and peers that end with the test.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

pub mod dns_server;
pub mod http_server;
pub mod peer;
pub mod report;
pub mod server;
pub mod smtp_server;

/// Python as Debian packages it: the one that has python3-dkim and python3-aiosmtpd.
pub const PYTHON: &str = "/usr/bin/python3";

/// The binary under test: `MAILSEAL_BIN`, or the one cargo built beside these tests.
pub fn binary() -> PathBuf {
    std::env::var_os("MAILSEAL_BIN").map_or_else(
        || PathBuf::from(env!("CARGO_BIN_EXE_mailseal")),
        PathBuf::from,
    )
}

/// A file of the project, by its path from the root.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A mail of `testdata/mail`.
pub fn mail(name: &str) -> PathBuf {
    project("testdata/mail").join(name)
}

/// The octets of a mail of `testdata/mail`.
pub fn mail_bytes(name: &str) -> Vec<u8> {
    fs::read(mail(name)).expect("the mail is in testdata")
}

/// The newsletter, as if another of the test addresses had sent it.
pub fn newsletter_from(sender: &str) -> Vec<u8> {
    let text = String::from_utf8(mail_bytes("newsletter.eml")).expect("the newsletter is ASCII");
    text.replace("<alice@example.com>", &format!("<{sender}@example.com>"))
        .into_bytes()
}

/// The newsletter, to another of the test addresses.
pub fn newsletter_to(recipient: &str) -> Vec<u8> {
    let text = String::from_utf8(mail_bytes("newsletter.eml")).expect("the newsletter is ASCII");
    text.replace("bob@example.com", &format!("{recipient}@example.com"))
        .into_bytes()
}

/// A mail of testdata and what its maker says is to be expected of it.
#[derive(serde::Deserialize)]
pub struct Expected {
    pub name: String,
    pub expect: String,
    pub to: Vec<String>,
    pub cc: Vec<String>,
    pub bcc: Vec<String>,
}

/// Every mail of `testdata/mail`, as its manifest lists them.
pub fn manifest() -> Vec<Expected> {
    let text = fs::read(mail("manifest.json")).expect("the manifest is in testdata");
    serde_json::from_slice(&text).expect("the manifest is JSON")
}

/// The first lines of a failure in readable form.
fn excerpt(octets: &[u8]) -> String {
    String::from_utf8_lossy(&octets[..octets.len().min(2000)]).into_owned()
}

/// What a run of the binary left behind.
pub struct Outcome {
    pub status: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Outcome {
    fn new(output: Output) -> Self {
        Outcome {
            status: output.status.code(),
            signal: output.status.signal(),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Panics unless the run ended well; gives its standard output.
    #[track_caller]
    pub fn success(self) -> Vec<u8> {
        assert_eq!(self.status, Some(0), "stderr: {}", self.stderr);
        self.stdout
    }

    /// Panics unless the run was refused with this exit code and both a message and a hint in which
    /// each of `words` occurs, wrote nothing to standard output, and did not panic.
    #[track_caller]
    pub fn refused(&self, status: i32, words: &[&str]) {
        self.failed(status, words);
        assert!(self.stdout.is_empty(), "stdout: {}", excerpt(&self.stdout));
        assert!(self.stderr.contains("hint: "), "no hint: {}", self.stderr);
    }

    /// Panics unless the run ended with this exit code and a message that holds each of `words`.
    #[track_caller]
    pub fn failed(&self, status: i32, words: &[&str]) {
        assert_eq!(
            self.status,
            Some(status),
            "signal {:?}, stderr: {}",
            self.signal,
            self.stderr
        );
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        assert!(
            self.stderr.contains("mailseal: "),
            "no message: {}",
            self.stderr
        );
        for word in words {
            assert!(
                self.stderr.to_lowercase().contains(&word.to_lowercase()),
                "no {word:?} in: {}",
                self.stderr
            );
        }
    }
}

/// One run of the binary, in an environment that holds nothing of the machine's but PATH.
pub struct Mailseal {
    command: Command,
    stdin: Vec<u8>,
}

impl Mailseal {
    /// `mailseal ARGUMENTS`, the arguments given in one string, split at spaces.
    pub fn new(arguments: &str) -> Self {
        let mut command = Command::new(binary());
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .args(arguments.split_whitespace());
        Mailseal {
            command,
            stdin: Vec::new(),
        }
    }

    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn directory(mut self, path: &Path) -> Self {
        self.command.current_dir(path);
        self
    }

    pub fn stdin(mut self, octets: impl Into<Vec<u8>>) -> Self {
        self.stdin = octets.into();
        self
    }

    /// Runs to the end, standard output caught.
    pub fn run(self) -> Outcome {
        self.run_to(Stdio::piped())
    }

    /// Runs to the end, standard output led to `to`.
    pub fn run_to(mut self, to: impl Into<Stdio>) -> Outcome {
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(to)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", binary().display()));
        let mut stdin = child.stdin.take().expect("stdin is piped");
        let octets = std::mem::take(&mut self.stdin);
        // A child that ends without reading all of its input is no failure of the test.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&octets)));
        let output = child
            .wait_with_output()
            .expect("the child is waited for once");
        writer.join().expect("the writer does not panic");
        Outcome::new(output)
    }
}

/// The key directory of testdata in a directory of its own, private keys 0600: git keeps no such mode.
pub struct Keys(TempDir);

impl Keys {
    pub fn new() -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        for entry in fs::read_dir(project("testdata/keys")).expect("testdata/keys is there") {
            let from = entry.expect("a directory entry").path();
            let to = directory
                .path()
                .join(from.file_name().expect("a file has a name"));
            fs::copy(&from, &to).expect("a key can be copied");
            fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).expect("our own file");
        }
        Keys(directory)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A file of the directory, such as `alice@example.com.crt`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// `mailseal ARGUMENTS` with this key directory, by the environment: the arguments may go on.
    pub fn mailseal(&self, arguments: &str) -> Mailseal {
        Mailseal::new(arguments).env("MAILSEAL_KEYS", self.path())
    }
}

/// A temporary directory with one file of `octets` in it, and the file's path.
pub fn file_of(octets: &[u8]) -> (TempDir, PathBuf) {
    let directory = TempDir::new().expect("a temporary directory");
    let path = directory.path().join("message.eml");
    fs::write(&path, octets).expect("our own directory");
    (directory, path)
}

/// Runs a tool of a peer; its standard output, or a panic with what it said.
#[track_caller]
pub fn tool(program: &str, arguments: &[&OsStr], stdin: &[u8]) -> Vec<u8> {
    let output = try_tool(program, arguments, stdin);
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}\n{}{}",
        output.status,
        excerpt(&output.stderr),
        excerpt(&output.stdout)
    );
    output.stdout
}

/// Runs a tool of a peer and gives all it said.
pub fn try_tool(program: &str, arguments: &[&OsStr], stdin: &[u8]) -> Output {
    let mut child = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {program}: {error}; run tests/run first"));
    let mut input = child.stdin.take().expect("stdin is piped");
    let octets = stdin.to_vec();
    let writer = std::thread::spawn(move || drop(input.write_all(&octets)));
    let output = child
        .wait_with_output()
        .expect("the child is waited for once");
    writer.join().expect("the writer does not panic");
    output
}

/// Fails unless `before` and `after` are the same mail to Python's MIME parser, `after` being the entity
/// that was sealed and `sealed` the mail that carries it.
#[track_caller]
pub fn same_mail(before: &[u8], after: &[u8], sealed: Option<&[u8]>) {
    let directory = TempDir::new().expect("a temporary directory");
    let write = |name: &str, octets: &[u8]| {
        let path = directory.path().join(name);
        fs::write(&path, octets).expect("our own directory");
        path
    };
    let script = project("tests/peers/compare.py");
    let (original, entity) = (write("original", before), write("entity", after));
    let outside = sealed.map(|octets| write("sealed", octets));
    let mut arguments = vec![script.as_os_str(), original.as_os_str(), entity.as_os_str()];
    arguments.extend(outside.as_deref().map(Path::as_os_str));
    tool(PYTHON, &arguments, b"");
}

/// Tells a measured figure, on standard output and in the file `MAILSEAL_FIGURES` names, from which
/// tests/run prints it at the end.
pub fn figure(text: &str) {
    println!("{text}");
    if let Some(path) = std::env::var_os("MAILSEAL_FIGURES") {
        let file = fs::OpenOptions::new().append(true).create(true).open(path);
        let written = file.and_then(|mut file| writeln!(file, "{text}"));
        written.expect("MAILSEAL_FIGURES can be written");
    }
}
