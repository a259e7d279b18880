//! DSA public keys (RFC 3279 section 2.3.2), for the signatures of old mail.

use der::asn1::{AnyRef, UintRef};
use der::{Decode, Encode, Sequence, Tag, Tagged};
use dsa::signature::hazmat::PrehashVerifier;
use dsa::{BoxedUint, Components, Signature, VerifyingKey};

use super::public_key::unsupported;
use super::rsa::bit_length;
use crate::asn1::oid;
use crate::crypto::Error;

/// A DSA public key: y, and the parameters p, q and g, which a certificate may leave to that of
/// its issuer.
#[derive(Clone, Debug, PartialEq)]
pub struct DsaPublicKey {
    /// DER of the INTEGER.
    y: Vec<u8>,
    /// DER of Dss-Parms, and the key that they make of y.
    parameters: Option<(Vec<u8>, VerifyingKey)>,
}

impl Eq for DsaPublicKey {}

/// `Dss-Parms ::= SEQUENCE { p INTEGER, q INTEGER, g INTEGER }`
#[derive(Sequence)]
struct DssParms<'a> {
    p: UintRef<'a>,
    q: UintRef<'a>,
    g: UintRef<'a>,
}

const MALFORMED: Error = Error::MalformedPublicKey { algorithm: "DSA" };

impl DsaPublicKey {
    pub(super) fn from_spki(parameters: Option<AnyRef<'_>>, key: &[u8]) -> Result<Self, Error> {
        UintRef::from_der(key).map_err(|_| MALFORMED)?;
        let key = DsaPublicKey {
            y: key.to_vec(),
            parameters: None,
        };
        match parameters {
            // RFC 3279 section 2.3.2: omitted parameters are inherited. NULL, which it does not
            // know, is what old certificates write for the same.
            None => Ok(key),
            Some(parameters) if parameters == AnyRef::NULL => Ok(key),
            Some(parameters) if parameters.tag() == Tag::Sequence => key.with_parameters(
                parameters
                    .to_der()
                    .map_err(|_| Error::malformed_parameters(&oid::ID_DSA))?,
            ),
            Some(_) => Err(Error::malformed_parameters(&oid::ID_DSA)),
        }
    }

    fn with_parameters(self, parameters: Vec<u8>) -> Result<Self, Error> {
        let key = verifying_key(&self.y, &parameters)?;
        Ok(DsaPublicKey {
            parameters: Some((parameters, key)),
            ..self
        })
    }

    /// Whether the parameters are those of the issuer's key and not known here.
    pub fn inherits_parameters(&self) -> bool {
        self.parameters.is_none()
    }

    /// The key with the parameters of its issuer's, if that has some and y fits them.
    pub(super) fn with_parameters_of(&self, issuer: &DsaPublicKey) -> Option<Self> {
        let (parameters, _) = issuer.parameters.as_ref()?;
        self.clone().with_parameters(parameters.clone()).ok()
    }

    /// The length of p in bits; 0 while it is not known.
    pub fn bits(&self) -> usize {
        self.dss_parms()
            .map_or(0, |parameters| bit_length(parameters.p.as_bytes()))
    }

    fn dss_parms(&self) -> Option<DssParms<'_>> {
        DssParms::from_der(self.parameters_der()?).ok()
    }

    pub(super) fn y_der(&self) -> &[u8] {
        &self.y
    }

    pub(super) fn parameters_der(&self) -> Option<&[u8]> {
        self.parameters.as_ref().map(|(der, _)| der.as_slice())
    }

    /// Checks a Dss-Sig-Value (RFC 3279 section 2.2.2) in DER.
    pub(super) fn verify(&self, digest: &[u8], signature: &[u8]) -> Result<(), Error> {
        let (_, key) = self.parameters.as_ref().ok_or(Error::InheritedParameters)?;
        let signature = Signature::from_der(signature).map_err(|_| Error::SignatureInvalid)?;
        key.verify_prehash(digest, &signature)
            .map_err(|_| Error::SignatureInvalid)
    }
}

/// Judges the numbers before any arithmetic is done with them.
fn verifying_key(y: &[u8], parameters: &[u8]) -> Result<VerifyingKey, Error> {
    let y = UintRef::from_der(y).map_err(|_| MALFORMED)?;
    let DssParms { p, q, g } =
        DssParms::from_der(parameters).map_err(|_| Error::malformed_parameters(&oid::ID_DSA))?;
    let (p, q, g, y) = (p.as_bytes(), q.as_bytes(), g.as_bytes(), y.as_bytes());
    match (bit_length(p), bit_length(q)) {
        // FIPS 186-4 section 4.2: the pairs of lengths there are.
        (1024, 160) | (2048, 224 | 256) | (3072, 256) => {}
        (p, q) => return Err(unsupported(format!("DSA with p of {p} and q of {q} bits"))),
    }
    let is_odd = |number: &[u8]| number.last().is_some_and(|octet| octet & 1 == 1);
    // g and y are less than p; with these lengths dsa allocates no more than p needs.
    let is_less = |number: &[u8]| number.len() < p.len() || (number.len() == p.len() && number < p);
    if !is_odd(p) || !is_odd(q) || !is_less(g) || !is_less(y) || bit_length(g) < 2 {
        return Err(MALFORMED);
    }
    let number = |octets: &[u8], like: &[u8]| {
        BoxedUint::from_be_slice(octets, u32::try_from(like.len() * 8).unwrap_or(u32::MAX))
            .map_err(|_| MALFORMED)
    };
    let components = Components::from_components(number(p, p)?, number(q, q)?, number(g, p)?)
        .map_err(|_| MALFORMED)?;
    // Checks too that y is in the subgroup of order q.
    VerifyingKey::from_components(components, number(y, p)?).map_err(|_| MALFORMED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::tlv;
    use crate::crypto::testing::testdata;
    use crate::crypto::{DigestAlgorithm, PublicKey, SignatureAlgorithm};
    use spki::SubjectPublicKeyInfoRef;

    fn key(name: &str) -> PublicKey {
        PublicKey::from_spki_der(&testdata(&format!("{name}.spki.der"))).unwrap()
    }

    /// The key without its parameters, or with others.
    fn with_parameters(name: &str, parameters: &[u8]) -> Result<PublicKey, Error> {
        let spki = testdata(&format!("{name}.spki.der"));
        let spki = SubjectPublicKeyInfoRef::from_der(&spki).unwrap();
        let algorithm = tlv::sequence(&[&oid::ID_DSA.to_der().unwrap(), parameters]);
        let key = spki.subject_public_key.to_der().unwrap();
        PublicKey::from_spki_der(&tlv::sequence(&[&algorithm, &key]))
    }

    #[test]
    fn signatures_of_openssl_verify() {
        for (name, digest, digest_name) in [
            ("dsa1024", DigestAlgorithm::Sha1, "sha1"),
            ("dsa2048", DigestAlgorithm::Sha256, "sha256"),
        ] {
            let key = key(name);
            assert_eq!((key.kind(), key.is_legacy()), ("DSA", true));
            let algorithm = SignatureAlgorithm::Dsa(digest);
            let message = testdata("message.txt");
            let signature = testdata(&format!("{name}.dsa.{digest_name}.sig"));
            key.verify(algorithm, &message, &signature).unwrap();
            for position in [5, signature.len() - 1] {
                let mut bad = signature.clone();
                bad[position] ^= 1;
                assert!(matches!(
                    key.verify(algorithm, &message, &bad),
                    Err(Error::SignatureInvalid)
                ));
            }
            assert!(key.verify(algorithm, b"another", &signature).is_err());
            assert!(key.verify(algorithm, &message, &[]).is_err());
        }
    }

    #[test]
    fn parameters_are_inherited_from_an_issuer_that_has_them() {
        let algorithm = SignatureAlgorithm::Dsa(DigestAlgorithm::Sha1);
        let message = testdata("message.txt");
        let signature = testdata("dsa1024.dsa.sha1.sig");
        for parameters in [&[][..], &[5, 0]] {
            let bare = with_parameters("dsa1024", parameters).unwrap();
            assert_eq!(bare.bits(), 0);
            assert!(matches!(
                bare.verify(algorithm, &message, &signature),
                Err(Error::InheritedParameters)
            ));
            // An RSA key, a key that inherits itself, and one whose parameters do not fit y.
            let others = [key("rsa2048"), bare.clone(), key("dsa2048")];
            let lost = bare.clone().with_inherited_parameters(others.clone());
            assert_eq!(lost, bare);
            let issuers = others.into_iter().chain([key("dsa1024")]);
            let found = bare.with_inherited_parameters(issuers);
            assert_eq!(found.bits(), 1024);
            found.verify(algorithm, &message, &signature).unwrap();
        }
    }

    #[test]
    fn pathological_parameters_are_refused() {
        let number = |octets: &[u8]| tlv::element(2, &[&[0], octets].concat());
        let [odd, even] = [1, 2].map(|last| {
            let mut octets = vec![0xff; 128];
            octets[127] = last;
            octets
        });
        let q = [0xff; 20];
        for (p, q, g) in [
            (&odd[..64], &q[..], &[2][..]),
            (&even, &q, &[2]),
            (&odd, &q[..19], &[2]),
            (&odd, &q, &[1]),
            (&odd, &q, &[0]),
            (&odd, &q, &odd),
            (&vec![0xff; 2048], &q, &[2]),
        ] {
            let parameters = tlv::sequence(&[&number(p), &number(q), &number(g)]);
            assert!(with_parameters("dsa1024", &parameters).is_err());
        }
        for rubbish in [&[0x30, 0][..], &[4, 0], &[0x30, 3, 2, 1, 1]] {
            assert!(matches!(
                with_parameters("dsa1024", rubbish),
                Err(Error::MalformedParameters { .. })
            ));
        }
    }
}
