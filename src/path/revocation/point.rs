//! Whether a CRL speaks of a certificate at all (RFC 5280 6.3.3 (b) to (d)).

use crate::asn1::reader;
use crate::path::Error;
use crate::path::link::Link;
use crate::x509::crl::CertificateList;
use crate::x509::distribution_point::{DistributionPoint, DistributionPointName, Reasons};
use crate::x509::general_name::GeneralName;
use crate::x509::name::{ComparableName, Name};

/// A distribution point of a certificate.
pub(super) struct Point<'a> {
    names: Vec<Place<'a>>,
    reasons: Reasons,
    /// cRLIssuer; empty when the certificate's issuer is meant.
    crl_issuer: Vec<Place<'a>>,
}

/// A name of a point, as it is compared.
#[derive(PartialEq)]
enum Place<'a> {
    Directory(ComparableName),
    /// Octet for octet: what it is for is fetching.
    Other(GeneralName<'a>),
}

impl<'a> Point<'a> {
    /// The points of a certificate, and at last the one that RFC 5280 6.3.3 has in the end: what
    /// else its issuer has published.
    pub(super) fn of(link: &'a Link) -> Result<Vec<Point<'a>>, Error> {
        let certificate = link.certificate();
        let malformed = |source| Error::malformed(certificate, "cRLDistributionPoints")(source);
        let mut points = Vec::new();
        for point in certificate.distribution_points().map_err(malformed)? {
            points.push(Point::read(&point, link).map_err(malformed)?);
        }
        points.push(Point {
            names: vec![Place::Directory(link.issuer().clone())],
            reasons: Reasons::ALL,
            crl_issuer: Vec::new(),
        });
        Ok(points)
    }

    fn read(point: &DistributionPoint<'a>, link: &Link) -> Result<Point<'a>, reader::Error> {
        let crl_issuer = places(&point.crl_issuer)?;
        let base = crl_issuer.iter().find_map(Place::directory);
        let base = base.unwrap_or(link.issuer());
        let names = match &point.name {
            Some(name) => named(name, base)?,
            None => Vec::new(),
        };
        Ok(Point {
            names,
            reasons: point.reasons,
            crl_issuer,
        })
    }

    /// Whether cRLIssuer has this name.
    pub(super) fn names_crl_issuer(&self, name: &ComparableName) -> bool {
        let mut issuers = self.crl_issuer.iter().filter_map(Place::directory);
        issuers.any(|issuer| issuer == name)
    }

    /// interim_reasons_mask: for which reasons the CRL tells whether the certificate is revoked;
    /// none if it is not for such certificates.
    pub(super) fn covered_by(
        &self,
        list: &CertificateList,
        link: &Link,
        is_ca: bool,
    ) -> Option<Reasons> {
        let scope = list.issuing_distribution_point().ok()?;
        let is_indirect = scope.as_ref().is_some_and(|scope| scope.is_indirect);
        // (b)(1)
        let is_issuer = match self.crl_issuer.as_slice() {
            [] => list.issuer_name() == link.issuer(),
            issuers => {
                let mut issuers = issuers.iter().filter_map(Place::directory);
                is_indirect && issuers.any(|issuer| issuer == list.issuer_name())
            }
        };
        if !is_issuer {
            return None;
        }
        let Some(scope) = scope else {
            return Some(self.reasons);
        };
        // (b)(2)(i)
        if let Some(name) = &scope.name {
            let own = match self.names.as_slice() {
                [] => &self.crl_issuer,
                names => names,
            };
            let theirs = named(name, list.issuer_name()).ok()?;
            if !theirs.iter().any(|place| own.contains(place)) {
                return None;
            }
        }
        // (b)(2)(ii) to (iv)
        let is_other_kind = scope.only_user_certificates && is_ca
            || scope.only_ca_certificates && !is_ca
            || scope.only_attribute_certificates;
        // (d)
        (!is_other_kind).then(|| scope.reasons.and(self.reasons))
    }
}

impl Place<'_> {
    fn directory(&self) -> Option<&ComparableName> {
        match self {
            Place::Directory(name) => Some(name),
            Place::Other(_) => None,
        }
    }
}

fn named<'a>(
    name: &DistributionPointName<'a>,
    crl_issuer: &ComparableName,
) -> Result<Vec<Place<'a>>, reader::Error> {
    match name {
        DistributionPointName::Full(names) => places(names),
        DistributionPointName::Relative(attributes) => {
            Ok(vec![Place::Directory(crl_issuer.with_rdn(attributes)?)])
        }
    }
}

fn places<'a>(names: &[GeneralName<'a>]) -> Result<Vec<Place<'a>>, reader::Error> {
    let place = |name: &GeneralName<'a>| match name {
        GeneralName::Directory(der) => {
            Name::from_der(der).map(|name| Place::Directory(name.comparable()))
        }
        other => Ok(Place::Other(*other)),
    };
    names.iter().map(place).collect()
}
