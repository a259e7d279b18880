//! Answers that are no pages of their own.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, LOCATION};
use askama::Template;

use super::shown::Shown;
use crate::printable::{printable, sentence};

/// A page. Whoever made it has seen to what is in it.
pub(super) fn page(status: StatusCode, template: &impl Template) -> HttpResponse {
    match template.render() {
        Ok(html) => HttpResponse::build(status)
            .content_type(ContentType::html())
            .body(html),
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, &sentence(&error)),
    }
}

/// A line of text, for machines and for who should not be here.
pub(super) fn plain(status: StatusCode, line: &str) -> HttpResponse {
    HttpResponse::build(status)
        .content_type(ContentType::plaintext())
        .body(format!("{}\n", printable(line)))
}

/// To another page, which is asked for with GET.
pub(super) fn see_other(location: &'static str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, location))
        .finish()
}

/// What did not work, and a way back.
pub(super) fn trouble(status: StatusCode, what: &str) -> HttpResponse {
    page(
        status,
        &Trouble {
            status: status.as_u16(),
            what: Shown::of(what),
            form_token: "",
        },
    )
}

pub(super) async fn not_found() -> HttpResponse {
    trouble(StatusCode::NOT_FOUND, "there is no such page")
}

#[derive(Template)]
#[template(path = "trouble.html", config = "src/inbound/admin/askama.toml")]
struct Trouble<'a> {
    status: u16,
    what: Shown,
    /// Nobody logs out from here.
    form_token: &'a str,
}
