//! One attack run: what the binary printed, wrote and reported, within bounds of time.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::manifest::{self, Case};
use crate::support::{Keys, binary, project};

/// Longer than the slowest case by far, in a build without optimisation on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The key directory of testdata, with the attackers' PKCS#12 files and an X25519 key in it.
pub struct KeyDirectory(Keys);

impl KeyDirectory {
    pub fn new() -> Self {
        let keys = Keys::new();
        let messages = fs::read_dir(manifest::messages()).expect("the corpus is in testdata");
        let files = messages
            .map(|entry| entry.expect("a directory entry").path())
            .filter(|path| path.extension().is_some_and(|it| it == "p12"))
            .chain([project("testdata/crypto/x25519.pkcs8.der")]);
        for from in files {
            let to = keys
                .path()
                .join(from.file_name().expect("a file has a name"));
            fs::copy(&from, &to).expect("a key can be copied");
            fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).expect("our own file");
        }
        KeyDirectory(keys)
    }

    /// A file of the directory, such as `bob@example.com.pem`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

/// What came of an attack.
pub struct Attacked {
    pub status: Option<i32>,
    /// The message that `open` gives; of `verify` nothing.
    pub stdout: Vec<u8>,
    pub stderr: String,
    /// All that was said in words: report, messages, hints.
    pub said: String,
    pub report: Report,
    /// Whether the run with `--json` and the one without agree; else how they differ.
    pub consistent: Result<(), String>,
}

impl Attacked {
    /// Runs a case of the manifest.
    pub fn by(case: &Case, keys: &KeyDirectory) -> Attacked {
        let replaced = |argument: &String| {
            argument
                .replace("{keys}", &keys.path().to_string_lossy())
                .replace("{messages}", &manifest::messages().to_string_lossy())
        };
        let arguments: Vec<String> = case.arguments.iter().map(replaced).collect();
        Attacked::with(&case.command, &arguments, &manifest::message(&case.file))
    }

    /// Runs `verify` or `open` on a message of the test's own.
    pub fn with(command: &str, arguments: &[String], message: &[u8]) -> Attacked {
        match command {
            "verify" => Attacked::verify(arguments, message),
            "open" => Attacked::open(arguments, message),
            other => panic!("no command {other:?} is attacked"),
        }
    }

    /// Once for people and once for programs: both have to come to the same end.
    fn verify(arguments: &[String], message: &[u8]) -> Attacked {
        let plain = Ran::new("verify", arguments, &[], message);
        let json = Ran::new("verify", arguments, &["--json"], message);
        Attacked {
            status: plain.status,
            stdout: Vec::new(),
            said: format!(
                "{}{}{}",
                String::from_utf8_lossy(&plain.stdout),
                plain.stderr,
                String::from_utf8_lossy(&json.stdout)
            ),
            report: Report::of(&json.stdout),
            consistent: same_status(&plain, &json),
            stderr: plain.stderr,
        }
    }

    /// Once for the message and once for the report: they do not come on the same stream.
    fn open(arguments: &[String], message: &[u8]) -> Attacked {
        let plain = Ran::new("open", arguments, &[], message);
        let directory = TempDir::new().expect("a temporary directory");
        let to = directory.path().join("opened");
        let path = to.to_string_lossy();
        let json = Ran::new("open", arguments, &["--json", "-o", &path], message);
        let written = fs::read(&to).unwrap_or_default();
        let consistent = if let Err(difference) = same_status(&plain, &json) {
            Err(difference)
        } else if plain.stdout != written {
            Err("the message in -o is another one than on standard output".to_owned())
        } else if fs::read_dir(directory.path()).into_iter().flatten().count() > 1 {
            Err("more than the message is left beside it".to_owned())
        } else {
            Ok(())
        };
        Attacked {
            status: plain.status,
            said: format!("{}{}", plain.stderr, String::from_utf8_lossy(&json.stdout)),
            stdout: plain.stdout,
            stderr: plain.stderr,
            report: Report::of(&json.stdout),
            consistent,
        }
    }
}

fn same_status(plain: &Ran, json: &Ran) -> Result<(), String> {
    match plain.status == json.status {
        true => Ok(()),
        false => Err(format!(
            "exit {:?} without --json, {:?} with it: {}",
            plain.status, json.status, json.stderr
        )),
    }
}

/// The JSON report; nothing is in it where there was none.
pub struct Report(Value);

impl Report {
    fn of(stdout: &[u8]) -> Report {
        Report(serde_json::from_slice(stdout).unwrap_or(Value::Null))
    }

    pub fn verdict(&self) -> Option<String> {
        Some(self.0["verdict"].as_str()?.to_owned())
    }

    /// Of the outermost layer that is signed.
    pub fn coverage(&self) -> Option<String> {
        self.layers()
            .find(|layer| layer["signers"].as_array().is_some_and(|it| !it.is_empty()))
            .and_then(|layer| Some(layer["coverage"].as_str()?.to_owned()))
    }

    /// Of the outermost layer that is encrypted.
    pub fn integrity(&self) -> Option<String> {
        let encrypted = ["enveloped-data", "auth-enveloped-data"];
        self.layers()
            .find(|layer| {
                layer["kind"]
                    .as_str()
                    .is_some_and(|it| encrypted.contains(&it))
            })
            .and_then(|layer| Some(layer["integrity"].as_str()?.to_owned()))
    }

    /// One of the three judgements, for each signer of each layer.
    pub fn of_signers(&self, judgement: &str) -> Vec<String> {
        self.layers()
            .flat_map(|layer| layer["signers"].as_array().into_iter().flatten())
            .map(|signer| signer[judgement].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    fn layers(&self) -> impl Iterator<Item = &Value> {
        self.0["layers"].as_array().into_iter().flatten()
    }
}

struct Ran {
    status: Option<i32>,
    stdout: Vec<u8>,
    stderr: String,
}

impl Ran {
    fn new(command: &str, arguments: &[String], more: &[&str], message: &[u8]) -> Ran {
        let mut child = Command::new(binary())
            .env_clear()
            .arg(command)
            .args(["--at", "2026-11-22T00:00:00Z", "--trust"])
            .arg(project("testdata/pki/root.crt"))
            .arg("--intermediates")
            .arg(project("testdata/pki/intermediate.crt"))
            .args(arguments)
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", binary().display()));
        let (mut stdin, octets) = (child.stdin.take(), message.to_vec());
        // Who refuses a message does not have to read all of it.
        let writer = thread::spawn(move || drop(stdin.take().map(|mut it| it.write_all(&octets))));
        let stdout = drained(child.stdout.take().expect("stdout is piped"));
        let stderr = drained(child.stderr.take().expect("stderr is piped"));
        let (status, in_time) = wait(&mut child);
        writer.join().expect("the writer does not panic");
        let mut stderr =
            String::from_utf8_lossy(&stderr.join().expect("read to its end")).into_owned();
        if !in_time {
            stderr.push_str("\nended by the test: it took too long");
        }
        let stdout = stdout.join().expect("read to its end");
        Ran {
            status,
            stdout,
            stderr,
        }
    }
}

fn drained(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut octets = Vec::new();
        drop(from.read_to_end(&mut octets));
        octets
    })
}

/// The exit code, or none for a process that a signal ended; and whether it ended by itself.
fn wait(child: &mut Child) -> (Option<i32>, bool) {
    let begin = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait().expect("our own child") {
            return (status.code(), true);
        }
        if begin.elapsed() > PATIENCE {
            child.kill().expect("our own child");
            child.wait().expect("our own child");
            return (None, false);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
