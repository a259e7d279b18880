//! The flags about whom to believe, and what they resolve to.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use mailseal::asn1::oid::ObjectIdentifier;
use mailseal::fetch::{self, AllowedHost, Fetcher};
use mailseal::path::retrieval::Retrieve;
use mailseal::path::{
    PolicyInputs, Purpose, Revocation, RevocationEvidence, TrustAnchors, Validation,
};
use mailseal::x509::Certificate;

use super::bundle::{Bundle, Reading};
use super::failure::{Code, Failure, causes};
use super::input::Input;
use super::private_keys::PasswordArguments;
use super::{Global, explain, output};

/// Whom to believe, and when.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Trust")]
pub(super) struct TrustArguments {
    /// Certificates to trust, in PEM, DER or PKCS#7, or a directory of such files (may be repeated)
    /// [default: the platform's]
    #[arg(long, value_name = "FILE|DIR")]
    trust: Vec<PathBuf>,
    /// Certificates that the message left out, of authorities or the signer's own (may be repeated)
    #[arg(long, value_name = "FILE")]
    intermediates: Vec<PathBuf>,
    /// Certificate revocation lists, PEM or DER; each certificate must then be known not to be
    /// revoked (may be repeated)
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,
    /// OCSP answers, PEM or DER, as with --crl (may be repeated)
    #[arg(long, value_name = "FILE")]
    ocsp: Vec<PathBuf>,
    /// How much must be known of revocation: off, soft (what is known to be revoked is refused) or
    /// hard (each certificate must be known not to be revoked) [default: hard with --crl or --ocsp,
    /// soft with --fetch, else off]
    #[arg(long, value_name = "HOW")]
    revocation: Option<Revocation>,
    /// Ask by HTTP for the issuers, CRLs and OCSP answers that certificates point to
    #[arg(long)]
    fetch: bool,
    /// Where what was fetched is kept [default: mailseal in $XDG_CACHE_HOME or ~/.cache]
    #[arg(long, value_name = "DIR", requires = "fetch")]
    fetch_cache: Option<PathBuf>,
    /// Host that may be asked although its address is not public, as that of an internal authority
    /// (may be repeated) [default: none]
    #[arg(long, value_name = "HOST[:PORT]", requires = "fetch")]
    fetch_allow: Vec<AllowedHost>,
    /// Ask nobody: take what was fetched earlier
    #[arg(long, requires = "fetch")]
    offline: bool,
    /// Judge as if it were this time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// What the certificate is to be for: email, any, server, client, or an object identifier
    /// [default: email]
    #[arg(long, value_name = "PURPOSE")]
    purpose: Option<Purpose>,
    /// Certificate policy that will do (RFC 5280 6.1.1 (c); may be repeated) [default: any]
    #[arg(long, value_name = "OID")]
    policy: Vec<ObjectIdentifier>,
    /// A policy must hold for the whole path
    #[arg(long)]
    require_explicit_policy: bool,
    /// Do not let authorities map policies to others
    #[arg(long)]
    inhibit_policy_mapping: bool,
    /// Do not take anyPolicy in a certificate for every policy
    #[arg(long)]
    inhibit_any_policy: bool,
    /// Let a path end at a trusted certificate that another authority issued
    #[arg(long)]
    partial_chain: bool,
    /// Do not hold a path to the limits in the trusted certificate itself: validity, usages, path
    /// length, names, policies (RFC 5937)
    #[arg(long)]
    no_anchor_constraints: bool,
    /// Take what is no longer safe: SHA-1, RSA-1024, DSA, 3DES, RC2
    #[arg(long)]
    allow_legacy: bool,
}

/// The resolved flags.
pub(super) struct Judge {
    anchors: TrustAnchors,
    /// Why there are none, where none were named.
    nobody_trusted: Option<Failure>,
    intermediates: Vec<Certificate>,
    evidence: RevocationEvidence,
    fetcher: Option<Fetcher>,
    now: Timestamp,
    arguments: TrustArguments,
}

impl TrustArguments {
    pub(super) fn resolve(&self, global: &Global) -> Result<Judge, Failure> {
        let mut intermediates = Vec::new();
        for path in &self.intermediates {
            intermediates.extend(certificates(path)?);
        }
        let (anchors, nobody_trusted) = self.anchors(global)?;
        Ok(Judge {
            anchors,
            nobody_trusted,
            intermediates,
            evidence: self.evidence()?,
            fetcher: self.fetch.then(|| self.fetcher()),
            now: self.at.unwrap_or_else(Timestamp::now),
            arguments: self.clone(),
        })
    }

    /// Whether somebody wants the certificate for something of their own choice.
    pub(super) fn names_purpose(&self) -> bool {
        self.purpose.is_some()
    }

    fn evidence(&self) -> Result<RevocationEvidence, Failure> {
        let mut evidence = RevocationEvidence::default();
        for path in &self.crl {
            evidence.add_list_file(path).map_err(|error| {
                Failure::new(Code::NoInput, causes(&error))
                    .hint("--crl takes a file with certificate revocation lists, PEM or DER")
            })?;
        }
        for path in &self.ocsp {
            evidence.add_answer_file(path).map_err(|error| {
                Failure::new(Code::NoInput, causes(&error))
                    .hint("--ocsp takes a file with an OCSP response, PEM or DER")
            })?;
        }
        Ok(evidence)
    }

    /// Who names evidence wants it to count.
    fn revocation(&self) -> Revocation {
        match self.revocation {
            Some(chosen) => chosen,
            None if !self.crl.is_empty() || !self.ocsp.is_empty() => Revocation::Hard,
            None if self.fetch => Revocation::Soft,
            None => Revocation::Off,
        }
    }

    fn fetcher(&self) -> Fetcher {
        Fetcher::new(fetch::Options {
            cache: self.fetch_cache.clone().or_else(default_cache),
            offline: self.offline,
            allowed: self.fetch_allow.clone(),
            ..fetch::Options::default()
        })
    }

    /// Without `--trust` those of the platform; without those nothing is believed, which a run
    /// without signatures need not know.
    fn anchors(&self, global: &Global) -> Result<(TrustAnchors, Option<Failure>), Failure> {
        if !self.trust.is_empty() {
            let anchors = TrustAnchors::from_files(&self.trust);
            let anchors = anchors.map_err(|error| explain::anchors(&error))?;
            tell_skipped(&anchors, global);
            return Ok((anchors, None));
        }
        match TrustAnchors::platform() {
            Ok(anchors) => {
                for path in anchors.sources() {
                    output::detail(format_args!("trusting {}", path.display()), global);
                }
                for skipped in anchors.skipped() {
                    output::detail(format_args!("not trusted: {}", causes(skipped)), global);
                }
                Ok((anchors, None))
            }
            Err(error) => {
                let nobody = TrustAnchors::from_certificates(Vec::new());
                Ok((nobody, Some(explain::no_platform_anchors(&error))))
            }
        }
    }
}

/// What lies in a directory beside the certificates: what should be one and is broken is told in
/// any case.
fn tell_skipped(anchors: &TrustAnchors, global: &Global) {
    for skipped in anchors.skipped() {
        let sentence = causes(skipped);
        match skipped.is_no_certificate() {
            true => output::detail(format_args!("skipped: {sentence}"), global),
            false => output::warn(format_args!("skipped: {sentence}"), global),
        }
    }
}

impl Judge {
    /// What the path validator wants to know.
    pub(super) fn validation(&self) -> Validation<'_> {
        let arguments = &self.arguments;
        Validation {
            purpose: arguments.purpose.unwrap_or(Purpose::Email),
            allow_legacy: arguments.allow_legacy,
            partial_chain: arguments.partial_chain,
            policy: PolicyInputs {
                initial_policy_set: arguments.policy.iter().copied().collect(),
                explicit: arguments.require_explicit_policy,
                inhibit_mapping: arguments.inhibit_policy_mapping,
                inhibit_any: arguments.inhibit_any_policy,
            },
            anchor_constraints: !arguments.no_anchor_constraints,
            revocation: arguments.revocation(),
            evidence: &self.evidence,
            retrieve: self
                .fetcher
                .as_ref()
                .map(|fetcher| fetcher as &dyn Retrieve),
            ..Validation::new(&self.anchors, self.now)
        }
    }

    /// Tells who has been judged by this judge when nobody could be trusted: it is not the
    /// certificate's fault then.
    pub(super) fn tell_if_nobody_is_trusted(&self, global: &Global) {
        if let Some(failure) = &self.nobody_trusted {
            output::report(failure, global);
        }
    }

    pub(super) fn intermediates(&self) -> &[Certificate] {
        &self.intermediates
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    pub(super) fn allows_legacy(&self) -> bool {
        self.arguments.allow_legacy
    }
}

/// Where the XDG Base Directory Specification has it; without a home nothing is kept.
fn default_cache() -> Option<PathBuf> {
    let absolute = |name| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let caches = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(caches.join("mailseal"))
}

/// Of any format that `cert show` reads, but for what takes a password.
fn certificates(path: &Path) -> Result<Vec<Certificate>, Failure> {
    let reading = Reading {
        passwords: &PasswordArguments::default(),
        allow_legacy: false,
    };
    let input = Input::File(path.to_owned());
    let bundle = Bundle::read(&input, &reading).map_err(|failure| Failure {
        code: match failure.code {
            // It is not the message that is malformed.
            Code::Data => Code::NoInput,
            code => code,
        },
        ..failure
    })?;
    match bundle.certificates.is_empty() {
        false => Ok(bundle.certificates),
        true => Err(Failure::new(Code::NoInput, "there is no certificate in it")
            .hint("name a file with certificates, in PEM, DER or PKCS#7")
            .about(input)),
    }
}
