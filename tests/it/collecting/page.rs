//! The operator's page in Chromium, by WebDriver (https://www.w3.org/TR/webdriver2/).

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::mail;
use crate::support::peer::{free_port, peers};
use crate::support::server::{JSON, Setup, exchange, relayed};
use crate::support::tool;

const ADMIN_TOKEN: &str = "an0ther s3cr3t";

/// How WebDriver names an element in JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser as wide as a phone.
struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

/// How long a page may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

impl Browser {
    fn start() -> Browser {
        let port = free_port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is there");
        let mut browser = Browser {
            driver,
            port,
            session: String::new(),
        };
        let begin = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begin.elapsed() < PATIENCE, "chromedriver does not listen");
            thread::sleep(Duration::from_millis(50));
        }
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--window-size=412,915",
        ];
        let capabilities = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            // After a click the next page may not be there yet.
            "timeouts": {"implicit": PATIENCE.as_millis()},
            "goog:chromeOptions": {"args": arguments},
        }}});
        let value = browser.ask("POST", "/session", &capabilities);
        browser.session = value["sessionId"].as_str().expect("a session").to_owned();
        browser
    }

    /// The value of an answer, which has to be a good one.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = body.to_string();
        let answer = exchange(self.port, method, path, &[JSON], body.as_bytes());
        let said: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(answer.status, 200, "{path}: {said}");
        said["value"].clone()
    }

    fn do_in_session(&self, method: &str, what: &str, body: &Value) -> Value {
        self.ask(method, &format!("/session/{}/{what}", self.session), body)
    }

    fn go(&self, url: &str) {
        self.do_in_session("POST", "url", &json!({ "url": url }));
    }

    fn element(&self, selector: &str) -> String {
        let how = json!({"using": "css selector", "value": selector});
        let found = self.do_in_session("POST", "element", &how);
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    fn click(&self, selector: &str) {
        let element = self.element(selector);
        self.do_in_session("POST", &format!("element/{element}/click"), &json!({}));
    }

    fn write(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        self.do_in_session(
            "POST",
            &format!("element/{element}/value"),
            &json!({ "text": text }),
        );
    }

    /// What a reader sees.
    fn text(&self) -> String {
        let begin = Instant::now();
        loop {
            let text = self.run("return document.body && document.body.innerText");
            if let Some(text) = text.as_str() {
                return text.to_owned();
            }
            assert!(begin.elapsed() < PATIENCE, "the page has no body");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn run(&self, script: &str) -> Value {
        let how = json!({"script": script, "args": []});
        self.do_in_session("POST", "execute/sync", &how)
    }

    /// A picture, for whoever wants to look at it: target/tmp/admin-NAME.png.
    fn picture(&self, name: &str) {
        let path = format!("/session/{}/screenshot", self.session);
        let answer = exchange(self.port, "GET", &path, &[], b"");
        let said: Value = serde_json::from_slice(&answer.body).expect("JSON");
        let base64 = said["value"].as_str().expect("a picture").as_bytes();
        let octets = base64_simd::STANDARD.decode_to_vec(base64).expect("base64");
        assert!(octets.starts_with(b"\x89PNG"));
        let folder = env!("CARGO_TARGET_TMPDIR");
        fs::write(format!("{folder}/admin-{name}.png"), octets).expect("our own directory");
    }

    /// How far the page reaches to the right of what is shown, in pixels.
    fn beyond_the_edge(&self) -> i64 {
        let found = self.run("return document.documentElement.scrollWidth - window.innerWidth");
        found.as_i64().expect("a number")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let path = format!("/session/{}", self.session);
            // The browser ends with its session.
            drop(std::panic::catch_unwind(|| {
                exchange(self.port, "DELETE", &path, &[], b"")
            }));
        }
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

fn serial(certificate: &std::path::Path) -> String {
    let arguments = ["x509", "-noout", "-serial", "-in"].map(std::ffi::OsStr::new);
    let arguments = [&arguments[..], &[certificate.as_os_str()]].concat();
    String::from_utf8(tool("openssl", &arguments, b"")).expect("ASCII")
}

#[test]
fn an_operator_sees_a_refusal_and_accepts_a_key() {
    if !peers(&["chromium", "chromedriver"]) {
        return;
    }
    let setup = Setup::new()
        .args("--replacement manual")
        .env("MAILSEAL_ADMIN_TOKEN", ADMIN_TOKEN);
    let server = setup.start();
    for (count, file) in ["opaque.eml", "other-key-manual.eml", "no-dkim.eml"]
        .into_iter()
        .enumerate()
    {
        assert_eq!(server.post(&relayed([&*mail(file)])).status, 200);
        server.decisions(count + 1);
    }
    let stored = server.file("alice@example.com.crt");
    assert_eq!(serial(&stored).trim(), "serial=1001");

    let browser = Browser::start();
    let page = |path: &str| format!("http://127.0.0.1:{}{path}", server.admin);
    // Nothing is shown to who has not logged in, or with another token.
    browser.go(&page("/mail"));
    assert!(
        !browser.text().contains("alice@example.com"),
        "{}",
        browser.text()
    );
    browser.go(&page("/login"));
    browser.write("#token", "a guess");
    browser.click("main form button");
    assert!(
        !browser.text().contains("alice@example.com"),
        "{}",
        browser.text()
    );
    browser.go(&page("/login"));
    browser.write("#token", ADMIN_TOKEN);
    browser.click("main form button");
    browser.picture("overview");

    browser.go(&page("/mail"));
    let text = browser.text();
    for word in [
        "refused",
        "dkim",
        "no-signature",
        "DKIM-Signature",
        "stored",
        "pending",
    ] {
        assert!(text.contains(word), "no {word} in: {text}");
    }
    assert!(browser.beyond_the_edge() <= 0, "it is wider than a phone");
    browser.picture("mail");

    browser.go(&page("/store"));
    assert!(
        browser.text().contains("alice@example.com"),
        "{}",
        browser.text()
    );
    assert!(browser.beyond_the_edge() <= 0, "it is wider than a phone");
    browser.picture("store");

    browser.go(&page("/pending"));
    assert!(
        browser.text().contains("alice@example.com"),
        "{}",
        browser.text()
    );
    assert!(browser.beyond_the_edge() <= 0, "it is wider than a phone");
    browser.picture("pending");
    browser.click("button[value=accept]");
    assert_eq!(serial(&stored).trim(), "serial=5021");
    browser.go(&page("/pending"));
    assert!(
        browser.text().contains("Nothing waits"),
        "{}",
        browser.text()
    );
    let decisions = server.decisions(4);
    let last = decisions.last().expect("four");
    assert_eq!(
        (&last["outcome"], &last["source"]),
        (&"accepted".into(), &"operator".into())
    );
}
