//! The pages, and what is on them.

use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::Timestamp;
use serde::Deserialize;

use super::operator::Operator;
use super::respond::{page, trouble};
use super::shown::{Shown, day, days, octets, time};
use super::{Admin, Condition, inventory, mail};
use crate::asn1::reader::hexadecimal;
use crate::printable::sentence;
use crate::store::{self, PendingCertificate, Provenance};
use crate::x509::Certificate;

/// How many of the last decisions the overview has.
const LATEST: usize = 10;

/// How many certificates that wait are on one page: those who decided on them make room for others.
const MAX_PENDING: usize = 50;

const STYLE: &str = include_str!("style.css");

pub(super) async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .body(STYLE)
}

#[derive(Template)]
#[template(path = "login.html", config = "src/inbound/admin/askama.toml")]
struct LogIn<'a> {
    what: &'a str,
    form_token: &'a str,
}

pub(super) async fn login_form(admin: web::Data<Admin>) -> HttpResponse {
    login(&admin, StatusCode::OK, "")
}

/// The form, and what went wrong with the last one.
pub(super) fn login(admin: &Admin, status: StatusCode, what: &str) -> HttpResponse {
    let form_token = admin.sessions.form_token();
    page(status, &LogIn { what, form_token })
}

#[derive(Template)]
#[template(path = "overview.html", config = "src/inbound/admin/askama.toml")]
struct Overview<'a> {
    obstacles: Vec<Shown>,
    remarks: Vec<Shown>,
    waiting: u64,
    waiting_size: String,
    totals: Vec<(&'static str, u64)>,
    store: inventory::Counts,
    pending: usize,
    rows: Vec<mail::Row>,
    now: String,
    form_token: &'a str,
}

pub(super) async fn overview(operator: Operator) -> HttpResponse {
    let Condition {
        obstacles,
        remarks,
        spool_messages,
        spool_octets,
    } = operator.admin.condition();
    let shown = |texts: Vec<String>| texts.into_iter().map(Shown::of).collect();
    let now = operator.admin.now();
    let from_store = operator.ask(move |admin| {
        let counts = admin.inventory()?.counts(now);
        let pending = admin.store.pending()?.len();
        Ok((counts, pending, admin.store.decisions(LATEST)?))
    });
    match from_store.await {
        Err(response) => response,
        Ok((store, pending, lines)) => page(
            StatusCode::OK,
            &Overview {
                obstacles: shown(obstacles),
                remarks: shown(remarks),
                waiting: spool_messages,
                waiting_size: octets(spool_octets),
                totals: operator.admin.metrics.totals(),
                store,
                pending,
                rows: lines.iter().map(|line| mail::Row::of(line)).collect(),
                now: time(now),
                form_token: operator.session.form_token(),
            },
        ),
    }
}

/// What is looked for, and on which page.
#[derive(Deserialize)]
pub(super) struct Search {
    #[serde(default)]
    q: String,
    page: Option<String>,
}

#[derive(Template)]
#[template(path = "mail.html", config = "src/inbound/admin/askama.toml")]
struct Mail<'a> {
    q: &'a str,
    rows: Vec<mail::Row>,
    looked_through: usize,
    form_token: &'a str,
}

pub(super) async fn mail(operator: Operator, search: web::Query<Search>) -> HttpResponse {
    let count = match search.q.is_empty() {
        true => mail::MAX_ROWS,
        false => mail::MAX_LINES,
    };
    let lines = operator
        .ask(move |admin| admin.store.decisions(count))
        .await;
    match lines {
        Err(response) => response,
        Ok(lines) => {
            let rows = lines.iter().map(|line| mail::Row::of(line));
            let wanted = rows.filter(|row| row.matches(&search.q));
            page(
                StatusCode::OK,
                &Mail {
                    q: &search.q,
                    rows: wanted.take(mail::MAX_ROWS).collect(),
                    looked_through: lines.len(),
                    form_token: operator.session.form_token(),
                },
            )
        }
    }
}

#[derive(Template)]
#[template(path = "store.html", config = "src/inbound/admin/askama.toml")]
struct Store<'a> {
    q: &'a str,
    page: inventory::Page,
    previous: Option<String>,
    next: Option<String>,
    form_token: &'a str,
}

pub(super) async fn store(operator: Operator, search: web::Query<Search>) -> HttpResponse {
    let number = search
        .page
        .as_deref()
        .and_then(|it| it.parse().ok())
        .unwrap_or(1);
    let (q, now) = (search.q.clone(), operator.admin.now());
    let found = operator.ask(move |admin| Ok(admin.inventory()?.page(&q, number, now)));
    match found.await {
        Err(response) => response,
        Ok(found) => {
            let link = |number: usize| {
                let (q, number) = (search.q.as_str(), number.to_string());
                let query = serde_urlencoded::to_string([("q", q), ("page", &number)]);
                query.map(|query| format!("/store?{query}")).ok()
            };
            let previous = (found.number > 1).then(|| link(found.number - 1));
            let next = (found.number < found.pages).then(|| link(found.number + 1));
            page(
                StatusCode::OK,
                &Store {
                    q: &search.q,
                    previous: previous.flatten(),
                    next: next.flatten(),
                    page: found,
                    form_token: operator.session.form_token(),
                },
            )
        }
    }
}

/// What has just been done.
#[derive(Deserialize)]
pub(super) struct Done {
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "pending.html", config = "src/inbound/admin/askama.toml")]
struct Pending<'a> {
    done: &'static str,
    waiting: Vec<Waiting>,
    more: usize,
    form_token: &'a str,
}

/// A certificate that waits, and the one whose place it would take.
struct Waiting {
    /// As the form sends it back.
    address: String,
    fingerprint: String,
    shown_address: Shown,
    new: CertificateView,
    stored: Option<CertificateView>,
    provenance: Option<ProvenanceView>,
}

struct CertificateView {
    subject: Shown,
    issuer: Shown,
    key: String,
    from: String,
    to: String,
    left: String,
    sha256: String,
}

struct ProvenanceView {
    collected: String,
    domain: Shown,
    signed: String,
}

pub(super) async fn pending(operator: Operator, done: web::Query<Done>) -> HttpResponse {
    let now = operator.admin.now();
    match operator.ask(|admin| admin.store.pending()).await {
        Err(response) => response,
        Ok(waiting) => page(
            StatusCode::OK,
            &Pending {
                done: match done.done.as_deref() {
                    Some("accepted") => "accepted: it is encrypted to from now on",
                    Some("refused") => "refused: it is kept in the history",
                    _ => "",
                },
                more: waiting.len().saturating_sub(MAX_PENDING),
                waiting: waiting
                    .iter()
                    .take(MAX_PENDING)
                    .map(|waiting| Waiting::of(waiting, now))
                    .collect(),
                form_token: operator.session.form_token(),
            },
        ),
    }
}

impl Waiting {
    fn of(waiting: &PendingCertificate, now: Timestamp) -> Waiting {
        Waiting {
            address: waiting.address.to_string(),
            fingerprint: hexadecimal(&waiting.certificate.sha256_fingerprint()),
            shown_address: Shown::of(&waiting.address),
            new: CertificateView::of(&waiting.certificate, now),
            stored: waiting
                .stored
                .as_ref()
                .map(|it| CertificateView::of(it, now)),
            provenance: waiting.provenance.as_ref().map(ProvenanceView::of),
        }
    }
}

impl CertificateView {
    fn of(certificate: &Certificate, now: Timestamp) -> CertificateView {
        let key = certificate.public_key();
        CertificateView {
            subject: Shown::of(certificate.subject()),
            issuer: Shown::of(certificate.issuer()),
            key: key.map_or("unknown".to_owned(), |key| {
                format!("{}, {} bits", key.kind(), key.bits())
            }),
            from: day(certificate.not_before()),
            to: day(certificate.not_after()),
            left: inventory::left(days(now, certificate.not_after())),
            sha256: hexadecimal(&certificate.sha256_fingerprint()),
        }
    }
}

impl ProvenanceView {
    fn of(provenance: &Provenance) -> ProvenanceView {
        ProvenanceView {
            collected: time(provenance.collected),
            domain: Shown::of(&provenance.domain),
            signed: provenance
                .signing_time
                .map_or("no time given".to_owned(), time),
        }
    }
}

impl Operator {
    /// Asks the store, away from the threads that answer requests. Who cannot be answered is told so.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Admin) -> Result<T, store::Error> + Send + 'static,
    ) -> Result<T, HttpResponse> {
        let admin = self.admin.clone();
        match web::block(move || question(&admin)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(trouble(
                StatusCode::INTERNAL_SERVER_ERROR,
                &sentence(&error),
            )),
            Err(_) => Err(trouble(
                StatusCode::SERVICE_UNAVAILABLE,
                "the server is about to stop",
            )),
        }
    }
}

impl Admin {
    fn inventory(&self) -> Result<inventory::Inventory, store::Error> {
        self.inventory.inventory(&*self.store, Instant::now())
    }
}
