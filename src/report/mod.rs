//! Judgements as scripts read them: the fields of `--json` and of the audit log. They may grow in
//! number, and keep their names.
//!
//! ```
//! use mailseal::report::CertificateReport;
//! use mailseal::x509::Certificate;
//! # use mailseal::keys::pem;
//!
//! let file = std::fs::read("testdata/keys/bob@example.com.crt")?;
//! let report = CertificateReport::of(&pem::certificates(&file)?[0]);
//! assert_eq!(report.emails, ["bob@example.com"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Not supported
//!
//! Reading them back.

mod authentication;
mod certificate;
mod decision;
mod opened;
mod standing;

pub use authentication::AuthenticationReport;
pub use certificate::CertificateReport;
pub use decision::{DecisionReport, MessageReport};
pub use opened::{LayerReport, OpenedReport};
pub use standing::{StandingReport, standing_sentence};
