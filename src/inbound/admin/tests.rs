use std::fs;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Instant;

use actix_web::body::to_bytes;
use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::rt::System;
use actix_web::{App, test};
use tempfile::TempDir;

use super::*;
use crate::collect::Collecting;
use crate::collect::succession::Replacement;
use crate::dkim::{Alignment, StaticRecords};
use crate::inbound::decide::{Deciding, Delivery};
use crate::mime::RawMessage;
use crate::path::{TrustAnchors, Validation};
use crate::store::StoreDirectory;

const TOKEN: &str = "t0k3n";
const HOST: &str = "127.0.0.1:8856";
const ORIGIN: &str = "http://127.0.0.1:8856";

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn testdata(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(name)
}

/// A store that has decided on these mails, the owner of other keys having to wait.
fn store_after(mails: &[&str]) -> (Arc<StoreDirectory>, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(StoreDirectory::open(directory.path()).unwrap());
    let records = fs::read(testdata("collect/dns.json")).unwrap();
    let records = StaticRecords::from_json(&records).unwrap();
    let anchors = TrustAnchors::from_files(&[testdata("pki/root.crt")]).unwrap();
    for mail in mails {
        let deciding = Deciding {
            collecting: Collecting {
                resolver: &records,
                alignment: Alignment::Strict,
                validation: Validation::new(&anchors, now()),
                intermediates: Vec::new(),
            },
            store: &*store,
            replacement: Replacement::Manual,
        };
        let octets = fs::read(testdata(&format!("collect/messages/{mail}.eml"))).unwrap();
        let delivery = Delivery {
            id: Some("0k3j".to_owned()),
            ..Delivery::by("sparkpost")
        };
        deciding
            .decide(RawMessage::from_bytes(octets), &delivery)
            .unwrap();
    }
    (store, directory)
}

struct Answer {
    status: u16,
    location: String,
    cookie: String,
    headers: header::HeaderMap,
    body: String,
}

type Answering = Pin<Box<dyn Future<Output = ServiceResponse>>>;

/// What the service answers, one request after the other.
struct Browser {
    service: Box<dyn Fn(test::TestRequest) -> Answering>,
    cookie: String,
}

impl Browser {
    async fn ask(&self, request: test::TestRequest) -> Answer {
        let request = request.insert_header(("Cookie", self.cookie.as_str()));
        let response = (self.service)(request).await;
        let text = |name| {
            let value = response.headers().get(name);
            value.map_or("", |value| value.to_str().unwrap()).to_owned()
        };
        Answer {
            status: response.status().as_u16(),
            location: text(header::LOCATION),
            cookie: text(header::SET_COOKIE),
            headers: response.headers().clone(),
            body: match to_bytes(response.into_body()).await {
                Ok(body) => String::from_utf8(body.to_vec()).unwrap(),
                Err(_) => panic!("no body"),
            },
        }
    }

    async fn visit(&self, path: &str) -> Answer {
        self.ask(
            test::TestRequest::get()
                .uri(path)
                .insert_header(("Host", HOST)),
        )
        .await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.ask(form(path, fields).insert_header(("Origin", ORIGIN)))
            .await
    }

    async fn log_in(&mut self) {
        let form_token = field(&self.visit("/login").await.body, "form_token");
        let fields = [("token", TOKEN), ("form_token", form_token.as_str())];
        let answer = self.post("/login", &fields).await;
        assert_eq!((answer.status, answer.location.as_str()), (303, "/"));
        self.cookie = answer.cookie.split(';').next().unwrap().to_owned();
    }
}

fn form(path: &str, fields: &[(&str, &str)]) -> test::TestRequest {
    test::TestRequest::with_uri(path)
        .method(Method::POST)
        .insert_header(("Host", HOST))
        .set_form(fields)
}

/// The value of a field of a form.
fn field(html: &str, name: &str) -> String {
    let (_, rest) = html
        .split_once(&format!("name=\"{name}\" value=\""))
        .unwrap();
    rest.split('"').next().unwrap().to_owned()
}

fn settings() -> AdminSettings {
    AdminSettings {
        token: Some(Secret::from_string(TOKEN.into())),
        allowed_hosts: Vec::new(),
        clock: Arc::new(now),
    }
}

/// Lets a browser that has not logged in visit a service over this store.
macro_rules! browse {
    ($settings:expr, $store:expr, $condition:expr, |$browser:ident, $metrics:ident| $visit:block) => {{
        let $metrics = Arc::new(Metrics::default());
        let condition: Condition = $condition;
        let readiness: Readiness = Arc::new(move || condition.clone());
        let service = service($settings, $store, Arc::clone(&$metrics), readiness);
        System::new().block_on(async {
            let app = Rc::new(test::init_service(App::new().configure(service)).await);
            #[allow(unused_mut)]
            let mut $browser = Browser {
                service: Box::new(move |request| {
                    let app = Rc::clone(&app);
                    Box::pin(async move {
                        let response = test::call_service(&*app, request.to_request()).await;
                        response.map_into_boxed_body()
                    })
                }),
                cookie: String::new(),
            };
            $visit
        });
    }};
}

#[test]
fn machines_are_answered_without_a_token_and_people_are_not() {
    let (store, _directory) = store_after(&[]);
    browse!(
        AdminSettings::default(),
        store,
        Condition::default(),
        |browser, metrics| {
            metrics.request("/", 200);
            assert_eq!(browser.visit("/healthz").await.body, "ok\n");
            let ready = browser.visit("/readyz").await;
            assert_eq!((ready.status, ready.body.as_str()), (200, "ready\n"));
            let text = browser.visit("/metrics").await;
            assert!(
                text.body
                    .contains("mailseal_requests_total{route=\"/\",status=\"200\"} 1")
            );
            for path in ["/", "/login", "/mail", "/store", "/pending", "/nowhere"] {
                let answer = browser.visit(path).await;
                assert_eq!(answer.status, 404, "{path}");
                assert!(answer.body.contains("without a token"), "{path}");
            }
        }
    );
}

#[test]
fn a_server_that_takes_nothing_in_is_not_ready_and_says_why() {
    let (store, _directory) = store_after(&[]);
    let condition = Condition {
        obstacles: vec![
            "the spool is full".to_owned(),
            "nobody is trusted".to_owned(),
        ],
        spool_messages: 12,
        spool_octets: 57_000,
        ..Condition::default()
    };
    browse!(settings(), store, condition, |browser, _metrics| {
        let ready = browser.visit("/readyz").await;
        assert_eq!(ready.status, 503);
        assert_eq!(
            ready.body,
            "not ready: the spool is full; nobody is trusted\n"
        );
        assert_eq!(browser.visit("/healthz").await.status, 200);
        assert!(
            browser
                .visit("/metrics")
                .await
                .body
                .contains("mailseal_spool_messages 12\n")
        );
        browser.log_in().await;
        let overview = browser.visit("/").await.body;
        assert!(overview.contains("<li>the spool is full</li>"));
        assert!(overview.contains("12 <small>57.0 kB</small>"));
    });
}

#[test]
fn pages_are_for_who_has_logged_in() {
    let (store, _directory) = store_after(&[]);
    browse!(
        settings(),
        store,
        Condition::default(),
        |browser, _metrics| {
            for path in ["/", "/mail", "/store", "/pending"] {
                let answer = browser.visit(path).await;
                assert_eq!(
                    (answer.status, answer.location.as_str()),
                    (303, "/login"),
                    "{path}"
                );
            }
            browser.log_in().await;
            for path in ["/", "/mail", "/store", "/pending"] {
                assert_eq!(browser.visit(path).await.status, 200, "{path}");
            }
            assert_eq!(browser.visit("/nowhere").await.status, 404);
            let form_token = field(&browser.visit("/").await.body, "form_token");
            let without = browser.post("/logout", &[("form_token", "")]).await;
            assert_eq!(without.status, 403);
            let out = browser
                .post("/logout", &[("form_token", &form_token)])
                .await;
            assert!(out.cookie.contains("Max-Age=0"));
            // The cookie opens nothing any more, whoever kept it.
            assert_eq!(browser.visit("/").await.location, "/login");
        }
    );
}

#[test]
fn the_cookie_is_neither_for_scripts_nor_for_other_sites() {
    let (store, _directory) = store_after(&[]);
    browse!(
        settings(),
        store,
        Condition::default(),
        |browser, _metrics| {
            let form_token = field(&browser.visit("/login").await.body, "form_token");
            let fields = [("token", TOKEN), ("form_token", form_token.as_str())];
            let cookie = browser.post("/login", &fields).await.cookie;
            assert!(cookie.starts_with("mailseal-session="));
            assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Strict"));
        }
    );
}

#[test]
fn a_wrong_token_opens_nothing() {
    let (store, _directory) = store_after(&[]);
    browse!(
        settings(),
        store,
        Condition::default(),
        |browser, _metrics| {
            let form_token = field(&browser.visit("/login").await.body, "form_token");
            let begin = Instant::now();
            let fields = [("token", "T0K3N"), ("form_token", form_token.as_str())];
            let answer = browser.post("/login", &fields).await;
            assert_eq!((answer.status, answer.cookie.as_str()), (403, ""));
            assert!(
                answer.body.contains("that is not the token") && !answer.body.contains("T0K3N")
            );
            assert!(begin.elapsed() >= std::time::Duration::from_secs(1));
            // Nor does the right one in a form that is not ours.
            let fields = [("token", TOKEN), ("form_token", "")];
            assert_eq!(browser.post("/login", &fields).await.status, 403);
        }
    );
}

#[test]
fn requests_under_other_names_or_from_other_sites_are_refused() {
    let (store, _directory) = store_after(&[]);
    browse!(
        settings(),
        store,
        Condition::default(),
        |browser, _metrics| {
            let rebound =
                test::TestRequest::get().insert_header(("Host", "rebinding.evil.example"));
            for path in ["/login", "/healthz", "/metrics"] {
                let rebound = test::TestRequest::get()
                    .uri(path)
                    .insert_header(("Host", "rebinding.evil.example"));
                assert_eq!(browser.ask(rebound).await.status, 421, "{path}");
            }
            browser.log_in().await;
            assert_eq!(browser.ask(rebound).await.status, 421);
            let form_token = field(&browser.visit("/").await.body, "form_token");
            let fields = [("form_token", form_token.as_str())];
            for origin in ["http://evil.example", "null"] {
                let request = form("/logout", &fields).insert_header(("Origin", origin));
                assert_eq!(browser.ask(request).await.status, 403, "{origin}");
            }
            assert_eq!(browser.ask(form("/logout", &fields)).await.status, 403);
            assert_eq!(browser.post("/logout", &fields).await.status, 303);
        }
    );
}

#[test]
fn every_answer_has_the_headers_that_keep_browsers_in_bounds() {
    let (store, _directory) = store_after(&[]);
    browse!(
        settings(),
        store,
        Condition::default(),
        |browser, _metrics| {
            for path in [
                "/login",
                "/",
                "/healthz",
                "/metrics",
                "/style.css",
                "/nowhere",
            ] {
                let headers = browser.visit(path).await.headers;
                for (name, value) in [
                    ("content-security-policy", "default-src 'none'"),
                    ("content-security-policy", "frame-ancestors 'none'"),
                    ("x-content-type-options", "nosniff"),
                    ("cache-control", "no-store"),
                    ("referrer-policy", "same-origin"),
                ] {
                    let found = headers.get(name).unwrap().to_str().unwrap();
                    assert!(found.contains(value), "{path}: {name}: {found}");
                }
            }
            let page = browser.visit("/login").await.body;
            assert!(!page.contains("<script") && !page.contains("style="));
            assert!(page.contains("name=\"viewport\""));
        }
    );
}

#[test]
fn a_refusal_is_shown_with_its_step_and_reason() {
    let (store, _directory) = store_after(&["opaque", "no-dkim"]);
    browse!(
        settings(),
        store,
        Condition::default(),
        |browser, _metrics| {
            browser.log_in().await;
            let mail = browser.visit("/mail").await.body;
            assert!(
                mail.contains("<strong>dkim: no-signature</strong>"),
                "{mail}"
            );
            assert!(mail.contains("<span class=\"tag good\">stored</span>"));
            assert!(mail.contains("alice@example.com") && mail.contains("sparkpost 0k3j"));
            let refused = mail.find("no-signature").unwrap();
            assert!(
                refused < mail.find(">stored<").unwrap(),
                "the latest comes first"
            );
            let found = browser.visit("/mail?q=DKIM").await.body;
            assert!(found.contains("no-signature") && !found.contains(">stored<"));
            assert!(
                browser
                    .visit("/mail?q=nobody")
                    .await
                    .body
                    .contains("Nothing like it")
            );
        }
    );
}

#[test]
fn what_strangers_wrote_is_text_and_no_html() {
    let (store, _directory) = store_after(&[]);
    let line = "{\"outcome\":\"refused\",\"step\":\"dkim\",\"detail\":\"<script>alert(1)</script>\",\
                \"address\":\"\\u001b[2J\\\"'<img src=x>\"}";
    store.record(line, None).unwrap();
    browse!(
        settings(),
        store,
        Condition::default(),
        |browser, _metrics| {
            browser.log_in().await;
            for path in [
                "/",
                "/mail",
                "/mail?q=%3Cscript%3E%22%27",
                "/store?q=%3Cscript%3E%22%27",
            ] {
                let page = browser.visit(path).await.body;
                assert!(
                    !page.contains("<script") && !page.contains("<img"),
                    "{page}"
                );
                assert!(!page.contains('\u{1b}'), "{page}");
            }
            assert!(
                browser
                    .visit("/mail")
                    .await
                    .body
                    .contains("&#60;script&#62;")
            );
        }
    );
}

#[test]
fn the_store_is_shown_with_the_days_that_are_left() {
    let (store, directory) = store_after(&["opaque", "p-256"]);
    fs::write(
        directory.path().join("broken@example.com.crt"),
        "no certificate",
    )
    .unwrap();
    browse!(
        settings(),
        store,
        Condition::default(),
        |browser, _metrics| {
            browser.log_in().await;
            let page = browser.visit("/store").await.body;
            assert!(page.contains("3 certificates"), "{page}");
            let at = |text: &str| {
                page.find(text)
                    .unwrap_or_else(|| panic!("no {text} in {page}"))
            };
            assert!(at("broken@example.com") < at("alice@example.com"));
            assert!(page.contains(" days</span>") && page.contains("unusable"));
            let found = browser.visit("/store?q=dave&page=9").await.body;
            assert!(
                found.contains("1 certificate ") && !found.contains("alice@"),
                "{found}"
            );
            let overview = browser.visit("/").await.body;
            assert!(overview.contains("<dt>Unusable files</dt><dd>1</dd>"));
        }
    );
}

#[test]
fn a_key_that_waits_is_accepted_by_the_form_of_this_session() {
    let (store, directory) = store_after(&["opaque", "other-key-manual"]);
    let stored = directory.path().join("alice@example.com.crt");
    let before = fs::read(&stored).unwrap();
    browse!(
        settings(),
        store.clone(),
        Condition::default(),
        |browser, metrics| {
            browser.log_in().await;
            let page = browser.visit("/pending").await.body;
            assert!(page.contains("<h2>alice@example.com</h2>"), "{page}");
            let [address, fingerprint, form_token] =
                ["address", "fingerprint", "form_token"].map(|name| field(&page, name));
            let decide = |token: &str, action: &str| {
                [
                    ("address", address.clone()),
                    ("fingerprint", fingerprint.clone()),
                    ("action", action.to_owned()),
                    ("form_token", token.to_owned()),
                ]
            };
            for (token, action, status) in [
                ("", "accept", 403),
                (&*form_token, "steal", 400),
                (&*form_token, "accept", 303),
                (&*form_token, "accept", 409),
            ] {
                let fields = decide(token, action);
                let fields = fields
                    .each_ref()
                    .map(|(name, value)| (*name, value.as_str()));
                let answer = browser.post("/pending", &fields).await;
                assert_eq!(answer.status, status, "{action}: {}", answer.body);
                let is_stored = fs::read(&stored).unwrap() != before;
                assert_eq!(is_stored, status == 303 || status == 409, "{action}");
            }
            assert!(
                browser
                    .visit("/pending?done=accepted")
                    .await
                    .body
                    .contains("Nothing waits.")
            );
            assert_eq!(metrics.totals(), [("accepted", 1)]);
        }
    );
    let line: serde_json::Value = serde_json::from_str(&store.decisions(1).unwrap()[0]).unwrap();
    assert_eq!(
        (&line["outcome"], &line["source"]),
        (&"accepted".into(), &"operator".into())
    );
    assert_eq!(line["file"], "alice@example.com.crt");
    assert_eq!(line["certificate"]["emails"][0], "alice@example.com");
}

#[test]
fn a_key_that_is_refused_leaves_the_stored_one_in_its_place() {
    let (store, directory) = store_after(&["opaque", "other-key-manual"]);
    let stored = directory.path().join("alice@example.com.crt");
    let before = fs::read(&stored).unwrap();
    browse!(
        settings(),
        store.clone(),
        Condition::default(),
        |browser, _metrics| {
            browser.log_in().await;
            let page = browser.visit("/pending").await.body;
            let [address, fingerprint, form_token] =
                ["address", "fingerprint", "form_token"].map(|name| field(&page, name));
            let fields = [
                ("address", address.as_str()),
                ("fingerprint", &fingerprint),
                ("action", "refuse"),
                ("form_token", &form_token),
            ];
            let answer = browser.post("/pending", &fields).await;
            assert_eq!(answer.location, "/pending?done=refused");
        }
    );
    assert_eq!(fs::read(&stored).unwrap(), before);
    assert!(store.pending().unwrap().is_empty());
    let line: serde_json::Value = serde_json::from_str(&store.decisions(1).unwrap()[0]).unwrap();
    assert_eq!(line["outcome"], "discarded");
}

#[test]
fn forms_are_bounded() {
    let (store, _directory) = store_after(&[]);
    browse!(
        settings(),
        store,
        Condition::default(),
        |browser, _metrics| {
            let long = "x".repeat(MAX_FORM);
            let fields = [("token", long.as_str()), ("form_token", "")];
            assert_eq!(browser.post("/login", &fields).await.status, 413);
        }
    );
}
