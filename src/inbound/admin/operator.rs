//! What the operator does: log in and out, accept and refuse.

use std::future::{Ready, ready};
use std::time::{Duration, Instant};

use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue, RETRY_AFTER, SET_COOKIE};
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::Admin;
use super::pages;
use super::respond::{plain, see_other, trouble};
use super::session::{Denied, LIFETIME, Session};
use crate::address::Address;
use crate::keys::preferences::fingerprint;
use crate::printable::sentence;
use crate::report::{CertificateReport, DecisionReport};
use crate::store::Error as StoreError;

/// The cookie's name. Cookies do not know ports, so it says whose it is.
const NAME: &str = "mailseal-session";

/// How long somebody waits who gave a wrong token.
const DELAY: Duration = Duration::from_secs(1);

/// Whoever has logged in. A handler that takes one is for nobody else: others are sent to the form.
pub(super) struct Operator {
    pub(super) admin: web::Data<Admin>,
    pub(super) session: Session,
    cookie: String,
}

impl FromRequest for Operator {
    type Error = Error;
    type Future = Ready<Result<Operator, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let operator = Operator::of(request).ok_or_else(|| {
            InternalError::from_response("not logged in", see_other("/login")).into()
        });
        ready(operator)
    }
}

impl Operator {
    fn of(request: &HttpRequest) -> Option<Operator> {
        let admin = request.app_data::<web::Data<Admin>>()?.clone();
        let cookie = session_cookie(request.headers())?.to_owned();
        let session = admin.sessions.find(&cookie, Instant::now())?;
        Some(Operator {
            admin,
            session,
            cookie,
        })
    }
}

/// The form for logging in.
#[derive(Deserialize)]
pub(super) struct LogIn {
    token: String,
    form_token: String,
}

pub(super) async fn log_in(admin: web::Data<Admin>, form: web::Form<LogIn>) -> HttpResponse {
    let Some(token) = &admin.token else {
        return trouble(StatusCode::NOT_FOUND, "there is no such page");
    };
    if !admin.sessions.is_own_form(&form.form_token) {
        // The process was started anew since the form was shown.
        return pages::login(
            &admin,
            StatusCode::FORBIDDEN,
            "the form is out of date: once more",
        );
    }
    match admin.sessions.log_in(&form.token, token, Instant::now()) {
        Ok(cookie) => {
            let mut response = see_other("/");
            set_cookie(&mut response, &cookie, LIFETIME.as_secs());
            response
        }
        Err(Denied::WrongToken) => {
            actix_web::rt::time::sleep(DELAY).await;
            pages::login(&admin, StatusCode::FORBIDDEN, "that is not the token")
        }
        Err(Denied::TooManyFailures(seconds)) => {
            let what = format!("too many wrong tokens: try again in {seconds} seconds");
            let mut response = plain(StatusCode::TOO_MANY_REQUESTS, &what);
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            response
        }
    }
}

/// The value of our cookie (RFC 6265 4.2.1). Another site on this host may have set one of the same
/// name; it opens nothing.
fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let fields = headers.get_all(COOKIE).filter_map(|it| it.to_str().ok());
    let mut cookies = fields.flat_map(|field| field.split(';'));
    cookies.find_map(|cookie| cookie.trim().strip_prefix(NAME)?.strip_prefix('='))
}

/// Not for scripts, and not sent along from other sites. The loopback speaks plain HTTP, so the cookie
/// has to do without Secure.
fn set_cookie(response: &mut HttpResponse, value: &str, seconds: u64) {
    let field = format!("{NAME}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}");
    let field = HeaderValue::try_from(field).expect("hexadecimal digits fit in a header");
    response.headers_mut().insert(SET_COOKIE, field);
}

/// A form with nothing but what every form has.
#[derive(Deserialize)]
pub(super) struct OwnForm {
    form_token: String,
}

pub(super) async fn log_out(operator: Operator, form: web::Form<OwnForm>) -> HttpResponse {
    if !operator.session.is_own_form(&form.form_token) {
        return not_own_form();
    }
    operator.admin.sessions.log_out(&operator.cookie);
    let mut response = see_other("/login");
    set_cookie(&mut response, "", 0);
    response
}

/// The form below a certificate that waits.
#[derive(Deserialize)]
pub(super) struct Decide {
    address: String,
    fingerprint: String,
    action: Action,
    form_token: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Action {
    Accept,
    Refuse,
}

impl Action {
    /// As the audit log has it.
    fn outcome(self) -> &'static str {
        match self {
            Action::Accept => "accepted",
            Action::Refuse => "discarded",
        }
    }
}

pub(super) async fn decide(operator: Operator, form: web::Form<Decide>) -> HttpResponse {
    let form = form.into_inner();
    if !operator.session.is_own_form(&form.form_token) {
        return not_own_form();
    }
    let (Ok(address), Ok(fingerprint)) = (
        Address::parse(&form.address),
        fingerprint(&form.fingerprint),
    ) else {
        return trouble(StatusCode::BAD_REQUEST, "no address or no fingerprint");
    };
    let (admin, action) = (operator.admin, form.action);
    let decided = web::block(move || admin.decide(action, &address, &fingerprint)).await;
    match decided {
        Ok(Ok(())) => see_other(match action {
            Action::Accept => "/pending?done=accepted",
            Action::Refuse => "/pending?done=refused",
        }),
        Ok(Err(error)) => trouble(StatusCode::CONFLICT, &sentence(&error)),
        Err(_) => trouble(
            StatusCode::SERVICE_UNAVAILABLE,
            "the server is about to stop",
        ),
    }
}

impl Admin {
    /// Carries it out, and writes a line in the audit log.
    fn decide(
        &self,
        action: Action,
        address: &Address,
        fingerprint: &[u8; 32],
    ) -> Result<(), StoreError> {
        let waiting = self.store.pending()?.into_iter();
        let waiting = waiting.map(|pending| pending.certificate);
        let certificate = waiting
            .into_iter()
            .find(|certificate| certificate.sha256_fingerprint() == *fingerprint);
        let file = match action {
            Action::Accept => {
                let stored = self.store.accept(address, fingerprint, self.now())?;
                stored.path
            }
            Action::Refuse => {
                self.store.refuse(address, fingerprint)?;
                None
            }
        };
        self.inventory.forget();
        self.metrics.outcome(action.outcome(), None, None);
        let name = file.as_deref().and_then(std::path::Path::file_name);
        let report = DecisionReport {
            version: 1,
            time: self.now().to_string(),
            source: "operator",
            outcome: action.outcome(),
            address: Some(address.to_string()),
            file: name.map(|name| name.to_string_lossy().into_owned()),
            certificate: certificate.as_ref().map(CertificateReport::of),
            ..DecisionReport::default()
        };
        self.store.record(&report.line(), None)
    }
}

fn not_own_form() -> HttpResponse {
    trouble(
        StatusCode::FORBIDDEN,
        "the form is not from this session: load the page again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie(fields: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(COOKIE, HeaderValue::from_str(field).unwrap());
        }
        session_cookie(&headers).map(str::to_owned)
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let found = Some("12ab".to_owned());
        assert_eq!(cookie(&["mailseal-session=12ab"]), found);
        assert_eq!(cookie(&["a=b; mailseal-session=12ab;c=d"]), found);
        assert_eq!(cookie(&["a=b", "mailseal-session=12ab"]), found);
        for fields in [
            &["mailseal-sessions=12ab"][..],
            &["a=mailseal-session=12ab"],
            &["mailseal-session"],
            &[],
        ] {
            assert_eq!(cookie(fields), None, "{fields:?}");
        }
    }
}
