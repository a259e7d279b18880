//! The page of the operator, and what machines ask: on a listener of its own, on the loopback.
//!
//! | path | answers |
//! |---|---|
//! | `/healthz` | 200: the process runs |
//! | `/readyz` | 200, or 503 and why nothing can be taken in |
//! | `/metrics` | what [`Metrics`] counts, for Prometheus |
//! | `/` | how it goes: counts, what waits, what is wrong |
//! | `/mail` | what came in lately, and why it was stored or refused |
//! | `/store` | every certificate with the days that are left, what expires first at the top |
//! | `/pending` | new keys that wait to be accepted or refused |
//!
//! The first three are for everybody who reaches the listener. The pages are for who has logged in
//! with the token; without a token there are none. They are plain HTML, made here, and need no
//! script.
//!
//! Whoever can lure the operator's browser to a page of theirs can let it ask us. So a request is only
//! answered under a [name of ours](host::Hosts) (DNS rebinding), and one that changes something has to
//! come from our own form: by its Origin, by the cookie that other sites cannot have sent, and by a
//! token in the form.
//!
//! ```
//! use std::sync::Arc;
//! use actix_web::{App, rt::System, test};
//! use mailseal::inbound::admin::{AdminSettings, Condition, service};
//! use mailseal::inbound::metrics::Metrics;
//! use mailseal::store::StoreDirectory;
//!
//! let directory = tempfile::tempdir()?;
//! let store = Arc::new(StoreDirectory::open(directory.path())?);
//! let condition = Arc::new(|| Condition {
//!     obstacles: vec!["the spool is full".to_owned()],
//!     ..Condition::default()
//! });
//! let service = service(AdminSettings::default(), store, Arc::new(Metrics::default()), condition);
//! System::new().block_on(async {
//!     let app = test::init_service(App::new().configure(service)).await;
//!     let request = test::TestRequest::get().uri("/readyz").insert_header(("Host", "localhost"));
//!     let response = test::call_service(&app, request.to_request()).await;
//!     assert_eq!(response.status(), 503);
//!     assert_eq!(test::read_body(response).await, "not ready: the spool is full\n");
//! });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Not supported
//!
//! Users: whoever has the token may do everything. HTTPS: the loopback does without, and from
//! elsewhere SSH forwards a port.

pub mod host;
mod inventory;
mod mail;
mod operator;
mod pages;
mod respond;
mod session;
mod shown;

use std::fmt;
use std::sync::Arc;

use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, HttpResponse, web};
use jiff::Timestamp;

use self::host::Hosts;
use self::session::Sessions;
use super::metrics::{self, Metrics};
use crate::secret::Secret;
use crate::store::CertificateStore;

/// The most octets of a form. The longest field is an address.
const MAX_FORM: usize = 4096;

/// Nothing from elsewhere, no scripts, in no frame: what an attacker got into a page stays text.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Who may look, and by what time.
#[derive(Clone)]
pub struct AdminSettings {
    /// What the operator logs in with. Without one there are no pages.
    pub token: Option<Secret>,
    /// Names that the listener is reached by, beside `localhost` and addresses.
    pub allowed_hosts: Vec<String>,
    /// The time that days are counted from.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Default for AdminSettings {
    fn default() -> AdminSettings {
        AdminSettings {
            token: None,
            allowed_hosts: Vec::new(),
            clock: Arc::new(Timestamp::now),
        }
    }
}

impl fmt::Debug for AdminSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminSettings")
            .field("token", &self.token)
            .field("allowed_hosts", &self.allowed_hosts)
            .finish_non_exhaustive()
    }
}

/// How the server is at the moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// Why nothing can be taken in: a full spool, a store that cannot be written, nobody to trust.
    /// The server is ready when there are none.
    pub obstacles: Vec<String>,
    /// What it lacks and can do without, such as a token.
    pub remarks: Vec<String>,
    /// Messages that wait in the spool.
    pub spool_messages: u64,
    /// Their octets in all.
    pub spool_octets: u64,
}

/// Asked for each request that wants to know.
pub type Readiness = Arc<dyn Fn() -> Condition + Send + Sync>;

/// What all requests share.
pub(super) struct Admin {
    token: Option<Secret>,
    hosts: Hosts,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    store: Arc<dyn CertificateStore>,
    metrics: Arc<Metrics>,
    readiness: Readiness,
    sessions: Sessions,
    inventory: inventory::Kept,
}

impl Admin {
    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    fn condition(&self) -> Condition {
        let condition = (self.readiness)();
        self.metrics
            .spool(condition.spool_messages, condition.spool_octets);
        condition
    }
}

/// The routes, for an `App` that has nothing else. All workers share one of these.
pub fn service(
    settings: AdminSettings,
    store: Arc<dyn CertificateStore>,
    metrics: Arc<Metrics>,
    readiness: Readiness,
) -> impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static {
    let admin = web::Data::new(Admin {
        token: settings.token,
        hosts: Hosts::new(settings.allowed_hosts),
        clock: settings.clock,
        store,
        metrics,
        readiness,
        sessions: Sessions::new(),
        inventory: inventory::Kept::default(),
    });
    move |config| {
        let scope = web::scope("")
            .app_data(admin.clone())
            .app_data(web::FormConfig::default().limit(MAX_FORM))
            .wrap(from_fn(guard))
            .service(web::resource("/healthz").get(healthz))
            .service(web::resource("/readyz").get(readyz))
            .service(web::resource("/metrics").get(metrics_page))
            .service(web::resource("/style.css").get(pages::style));
        let scope = match &admin.token {
            None => scope.default_service(web::to(no_pages)),
            Some(_) => scope
                .service(web::resource("/").get(pages::overview))
                .service(
                    web::resource("/login")
                        .get(pages::login_form)
                        .post(operator::log_in),
                )
                .service(web::resource("/logout").post(operator::log_out))
                .service(web::resource("/mail").get(pages::mail))
                .service(web::resource("/store").get(pages::store))
                .service(
                    web::resource("/pending")
                        .get(pages::pending)
                        .post(operator::decide),
                )
                .default_service(web::to(respond::not_found)),
        };
        config.service(scope);
    }
}

/// What holds for every request: it has to be meant for us, and its answer is for nobody else.
async fn guard(
    request: ServiceRequest,
    next: Next<impl actix_web::body::MessageBody + 'static>,
) -> Result<ServiceResponse<impl actix_web::body::MessageBody>, Error> {
    let admin = request
        .app_data::<web::Data<Admin>>()
        .expect("the scope that this wraps has it")
        .clone();
    let mut response = match admin.hosts.judge(request.request()) {
        Err(stranger) => request
            .into_response(respond::plain(stranger.status(), &stranger.to_string()))
            .map_into_boxed_body(),
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-store"),
        // With "no-referrer" browsers would send "Origin: null" with our own forms.
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, header::HeaderValue::from_static(value));
    }
    Ok(response)
}

async fn healthz() -> HttpResponse {
    respond::plain(StatusCode::OK, "ok")
}

async fn readyz(admin: web::Data<Admin>) -> HttpResponse {
    let obstacles = admin.condition().obstacles;
    match obstacles.is_empty() {
        true => respond::plain(StatusCode::OK, "ready"),
        false => respond::plain(
            StatusCode::SERVICE_UNAVAILABLE,
            &format!("not ready: {}", obstacles.join("; ")),
        ),
    }
}

async fn metrics_page(admin: web::Data<Admin>) -> HttpResponse {
    admin.condition();
    HttpResponse::Ok()
        .content_type(metrics::CONTENT_TYPE)
        .body(admin.metrics.encode())
}

async fn no_pages() -> HttpResponse {
    respond::plain(
        StatusCode::NOT_FOUND,
        "there are no pages here without a token in [admin]; see /healthz, /readyz and /metrics",
    )
}

#[cfg(test)]
mod tests;
