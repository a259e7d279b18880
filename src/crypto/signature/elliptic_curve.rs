//! Keys on the NIST curves (RFC 5480): points, scalars, ECDSA, and the Diffie-Hellman under ECDH.

use ecdsa::signature::hazmat::PrehashVerifier;
use ecdsa::{VerifyingKey, der::Signature, hazmat::sign_prehashed_rfc6979};
use p256::elliptic_curve::Generate;
use p256::elliptic_curve::sec1::ToSec1Point;
use rand::rngs::SysRng;
use sec1::EcPrivateKey as Sec1PrivateKey;
use sha2::{Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::public_key::unsupported;
use crate::asn1::oid::{self, ObjectIdentifier};
use crate::crypto::{DigestAlgorithm, Error};

/// A curve of FIPS 186-5, by its name there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Curve {
    /// P-256 (secp256r1), which every S/MIME 4.0 agent has (RFC 8551 sections 2.2 and 2.3).
    P256,
    /// P-384 (secp384r1).
    P384,
    /// P-521 (secp521r1).
    P521,
}

impl Curve {
    /// The object identifier of the curve (RFC 5480 section 2.1.1.1).
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            Curve::P256 => oid::SECP_256_R_1,
            Curve::P384 => oid::SECP_384_R_1,
            Curve::P521 => oid::SECP_521_R_1,
        }
    }

    /// The curve that an object identifier names; [`Error::UnsupportedAlgorithm`] with the name
    /// of any other.
    pub fn from_oid(curve: ObjectIdentifier) -> Result<Self, Error> {
        [Curve::P256, Curve::P384, Curve::P521]
            .into_iter()
            .find(|it| it.oid() == curve)
            .ok_or_else(|| unsupported(format!("the curve {}", oid::name(&curve))))
    }

    /// Its name: `P-256`.
    pub fn name(self) -> &'static str {
        match self {
            Curve::P256 => "P-256",
            Curve::P384 => "P-384",
            Curve::P521 => "P-521",
        }
    }

    /// The length of its order in bits.
    pub fn bits(self) -> usize {
        match self {
            Curve::P256 => 256,
            Curve::P384 => 384,
            Curve::P521 => 521,
        }
    }
}

/// A point of one of the curves other than the point at infinity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcPublicKey(Point);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Point {
    P256(p256::PublicKey),
    P384(p384::PublicKey),
    P521(p521::PublicKey),
}

/// The three curves have three types, and the same is done with each.
macro_rules! on_each_curve {
    ($kind:ident, $value:expr, $key:ident => $result:expr) => {
        match $value {
            $kind::P256($key) => $result,
            $kind::P384($key) => $result,
            $kind::P521($key) => $result,
        }
    };
}

impl EcPublicKey {
    /// Reads an ECPoint (RFC 5480 section 2.2), uncompressed or compressed.
    pub(in crate::crypto) fn from_point(curve: Curve, point: &[u8]) -> Result<Self, Error> {
        match curve {
            Curve::P256 => p256::PublicKey::from_sec1_bytes(point).map(Point::P256),
            Curve::P384 => p384::PublicKey::from_sec1_bytes(point).map(Point::P384),
            Curve::P521 => p521::PublicKey::from_sec1_bytes(point).map(Point::P521),
        }
        .map(EcPublicKey)
        .map_err(|_| Error::PointNotOnCurve {
            curve: curve.name(),
        })
    }

    /// The curve.
    pub fn curve(&self) -> Curve {
        match self.0 {
            Point::P256(_) => Curve::P256,
            Point::P384(_) => Curve::P384,
            Point::P521(_) => Curve::P521,
        }
    }

    /// The uncompressed ECPoint: 65, 97 or 133 octets.
    pub fn to_point(&self) -> Vec<u8> {
        self.encoded(false)
    }

    pub(super) fn encoded(&self, compressed: bool) -> Vec<u8> {
        on_each_curve!(Point, &self.0, key => key.to_sec1_point(compressed).as_bytes().to_vec())
    }

    /// Checks an ECDSA-Sig-Value in DER. A digest longer than the order is cut, a shorter one is
    /// a smaller number (FIPS 186-5 section 6.4.2).
    pub(super) fn verify(&self, digest: &[u8], signature: &[u8]) -> Result<(), Error> {
        on_each_curve!(Point, &self.0, key => {
            let signature = Signature::from_bytes(signature).map_err(|_| Error::SignatureInvalid)?;
            VerifyingKey::from(key)
                .verify_prehash(digest, &signature)
                .map_err(|_| Error::SignatureInvalid)
        })
    }

    /// ECDH (SEC 1 section 3.3.1) with a fresh ephemeral key: its public half, and the
    /// x-coordinate of the shared point.
    pub(in crate::crypto) fn ephemeral_diffie_hellman(
        &self,
    ) -> Result<(EcPublicKey, Zeroizing<Vec<u8>>), Error> {
        let ephemeral = match &self.0 {
            Point::P256(_) => {
                p256::SecretKey::try_generate_from_rng(&mut SysRng).map(EcPrivateKey::P256)
            }
            Point::P384(_) => {
                p384::SecretKey::try_generate_from_rng(&mut SysRng).map(EcPrivateKey::P384)
            }
            Point::P521(_) => {
                p521::SecretKey::try_generate_from_rng(&mut SysRng).map(EcPrivateKey::P521)
            }
        }
        .map_err(Error::Random)?;
        let shared = ephemeral.diffie_hellman(self)?;
        Ok((ephemeral.public_key(), shared))
    }
}

/// A scalar of one of the curves. The types wipe themselves.
pub(super) enum EcPrivateKey {
    P256(p256::SecretKey),
    P384(p384::SecretKey),
    P521(p521::SecretKey),
}

impl EcPrivateKey {
    /// Checks that the scalar is within the order and the public key, if there, is its own.
    pub(super) fn from_sec1(curve: Curve, key: &Sec1PrivateKey<'_>) -> Result<Self, Error> {
        match curve {
            Curve::P256 => p256::SecretKey::try_from(key.clone()).map(EcPrivateKey::P256),
            Curve::P384 => p384::SecretKey::try_from(key.clone()).map(EcPrivateKey::P384),
            Curve::P521 => p521::SecretKey::try_from(key.clone()).map(EcPrivateKey::P521),
        }
        .map_err(|_| Error::MalformedPrivateKey {
            algorithm: curve.name(),
        })
    }

    pub(super) fn public_key(&self) -> EcPublicKey {
        EcPublicKey(match self {
            EcPrivateKey::P256(key) => Point::P256(key.public_key()),
            EcPrivateKey::P384(key) => Point::P384(key.public_key()),
            EcPrivateKey::P521(key) => Point::P521(key.public_key()),
        })
    }

    /// Deterministic ECDSA: RFC 6979 with the digest of the message also in the generation of k.
    /// The result is ECDSA-Sig-Value in DER.
    pub(super) fn sign(&self, hash: DigestAlgorithm, digest: &[u8]) -> Result<Vec<u8>, Error> {
        on_each_curve!(EcPrivateKey, self, key => {
            let scalar = key.to_nonzero_scalar();
            let signature = match hash {
                DigestAlgorithm::Sha256 => {
                    sign_prehashed_rfc6979::<_, Sha256>(&scalar, digest, &[])
                }
                DigestAlgorithm::Sha384 => {
                    sign_prehashed_rfc6979::<_, Sha384>(&scalar, digest, &[])
                }
                DigestAlgorithm::Sha512 => {
                    sign_prehashed_rfc6979::<_, Sha512>(&scalar, digest, &[])
                }
                _ => return Err(Error::SigningFailed),
            };
            Ok(signature.0.to_der().as_bytes().to_vec())
        })
    }

    /// The x-coordinate of the shared point (SEC 1 section 3.3.1). Neither side can be the point
    /// at infinity, so the result is a point of the curve too.
    pub(super) fn diffie_hellman(&self, other: &EcPublicKey) -> Result<Zeroizing<Vec<u8>>, Error> {
        let shared = match (self, &other.0) {
            (EcPrivateKey::P256(key), Point::P256(other)) => {
                key.diffie_hellman(other).raw_secret_bytes().to_vec()
            }
            (EcPrivateKey::P384(key), Point::P384(other)) => {
                key.diffie_hellman(other).raw_secret_bytes().to_vec()
            }
            (EcPrivateKey::P521(key), Point::P521(other)) => {
                key.diffie_hellman(other).raw_secret_bytes().to_vec()
            }
            _ => {
                return Err(Error::PointNotOnCurve {
                    curve: self.public_key().curve().name(),
                });
            }
        };
        Ok(Zeroizing::new(shared))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::hex;

    fn key(curve: Curve, scalar: &str) -> EcPrivateKey {
        let scalar = hex(scalar);
        match curve {
            Curve::P256 => EcPrivateKey::P256(p256::SecretKey::from_slice(&scalar).unwrap()),
            Curve::P384 => EcPrivateKey::P384(p384::SecretKey::from_slice(&scalar).unwrap()),
            Curve::P521 => EcPrivateKey::P521(p521::SecretKey::from_slice(&scalar).unwrap()),
        }
    }

    /// ECDSA-Sig-Value of r and s.
    fn signature(r: &str, s: &str) -> Vec<u8> {
        use der::Encode;
        let number = |digits: &str| {
            let octets = hex(digits);
            der::asn1::UintRef::new(&octets).unwrap().to_der().unwrap()
        };
        crate::asn1::tlv::sequence(&[&number(r), &number(s)])
    }

    // RFC 6979 appendix A.2.5 to A.2.7: (curve, key, [(message, digest, r, s)]).
    #[test]
    fn rfc_6979_vectors() {
        let p256 = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
        for (message, hash, r, s) in [
            (
                "sample",
                DigestAlgorithm::Sha256,
                "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
                "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
            ),
            (
                "sample",
                DigestAlgorithm::Sha384,
                "0EAFEA039B20E9B42309FB1D89E213057CBF973DC0CFC8F129EDDDC800EF7719",
                "4861F0491E6998B9455193E34E7B0D284DDD7149A74B95B9261F13ABDE940954",
            ),
            (
                "sample",
                DigestAlgorithm::Sha512,
                "8496A60B5E9B47C825488827E0495B0E3FA109EC4568FD3F8D1097678EB97F00",
                "2362AB1ADBE2B8ADF9CB9EDAB740EA6049C028114F2460F96554F61FAE3302FE",
            ),
            (
                "test",
                DigestAlgorithm::Sha256,
                "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
                "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
            ),
        ] {
            let digest = hash.digest(message.as_bytes());
            assert_eq!(
                key(Curve::P256, p256).sign(hash, &digest).unwrap(),
                signature(r, s)
            );
        }
        let p384 = "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D8\
                    96D5724E4C70A825F872C9EA60D2EDF5";
        let digest = DigestAlgorithm::Sha384.digest(b"sample");
        assert_eq!(
            key(Curve::P384, p384)
                .sign(DigestAlgorithm::Sha384, &digest)
                .unwrap(),
            signature(
                "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C\
                 81A648152E44ACF96E36DD1E80FABE46",
                "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94F\
                 A329C145786E679E7B82C71A38628AC8"
            )
        );
        let p521 = "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75\
                    CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B8\
                    3538";
        let digest = DigestAlgorithm::Sha512.digest(b"sample");
        assert_eq!(
            key(Curve::P521, p521)
                .sign(DigestAlgorithm::Sha512, &digest)
                .unwrap(),
            signature(
                "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F\
                 174E25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E3\
                 77FA",
                "00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF\
                 282623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4\
                 A67A"
            )
        );
    }

    // NIST CAVS 14.1, "ECC CDH Primitive", P-256, count 0.
    #[test]
    fn nist_ecdh_vector() {
        let key = key(
            Curve::P256,
            "7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534",
        );
        let point = hex("04\
             700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287\
             db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac");
        let other = EcPublicKey::from_point(Curve::P256, &point).unwrap();
        assert_eq!(
            *key.diffie_hellman(&other).unwrap(),
            hex("46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b")
        );
    }

    #[test]
    fn both_sides_of_an_ephemeral_agreement_share_the_secret() {
        for curve in [Curve::P256, Curve::P384, Curve::P521] {
            let ours = match curve {
                Curve::P256 => EcPrivateKey::P256(p256::SecretKey::from_slice(&[7; 32]).unwrap()),
                Curve::P384 => EcPrivateKey::P384(p384::SecretKey::from_slice(&[7; 48]).unwrap()),
                Curve::P521 => EcPrivateKey::P521(
                    p521::SecretKey::from_slice(&[&[0; 2][..], &[7; 64]].concat()).unwrap(),
                ),
            };
            let (ephemeral, theirs) = ours.public_key().ephemeral_diffie_hellman().unwrap();
            assert_eq!(ephemeral.curve(), curve);
            assert_eq!(*ours.diffie_hellman(&ephemeral).unwrap(), *theirs);
            assert_eq!(theirs.len(), curve.bits().div_ceil(8));
        }
    }

    #[test]
    fn two_curves_agree_on_nothing() {
        let p256 = EcPrivateKey::P256(p256::SecretKey::from_slice(&[7; 32]).unwrap());
        let p384 = EcPrivateKey::P384(p384::SecretKey::from_slice(&[7; 48]).unwrap());
        assert!(matches!(
            p256.diffie_hellman(&p384.public_key()),
            Err(Error::PointNotOnCurve { curve: "P-256" })
        ));
    }

    // BER in a signature would let others change its bytes.
    #[test]
    fn an_ecdsa_signature_with_a_long_length_is_refused() {
        let key = EcPrivateKey::P256(p256::SecretKey::from_slice(&[7; 32]).unwrap());
        let digest = DigestAlgorithm::Sha256.digest(b"message");
        let signature = key.sign(DigestAlgorithm::Sha256, &digest).unwrap();
        key.public_key().verify(&digest, &signature).unwrap();
        let long = [&[0x30, 0x81], &signature[1..]].concat();
        assert!(key.public_key().verify(&digest, &long).is_err());
    }
}
