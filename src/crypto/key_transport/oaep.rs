//! RSAES-OAEP as a message asks for it.

use der::asn1::{Any, AnyRef};
use der::referenced::OwnedToRef;
use der::{Tag, Tagged};
use rsa::Oaep;
use rsa::pkcs1::RsaOaepParams;
use sha2::digest::{Digest, FixedOutputReset};
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use crate::asn1::oid;
use crate::crypto::digest::with_digest;
use crate::crypto::{DigestAlgorithm, Error, PrivateKey};

/// RSAES-OAEP-params (RFC 4055 section 4.1), which the sender chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OaepParameters {
    hash: DigestAlgorithm,
    mask_generation: DigestAlgorithm,
    label: Vec<u8>,
}

impl OaepParameters {
    pub(super) fn from_parameters(parameters: Option<AnyRef<'_>>) -> Result<Self, Error> {
        let malformed = || Error::malformed_parameters(&oid::ID_RSAES_OAEP);
        // RFC 4055 section 4.1: whatever is left out is SHA-1, MGF1 with SHA-1 or the empty
        // label. The parameters MUST be there; without them everything is left out.
        let parameters: RsaOaepParams<Any> = match parameters {
            Some(parameters) => parameters.decode_as().map_err(|_| malformed())?,
            None => RsaOaepParams::default(),
        };
        let mask_generation = parameters.mask_gen;
        if mask_generation.oid != oid::ID_MGF_1 {
            return Err(unsupported(&oid::name(&mask_generation.oid), "RSAES-OAEP"));
        }
        let label = parameters.p_source;
        if label.oid != oid::ID_P_SPECIFIED {
            return Err(unsupported(&oid::name(&label.oid), "RSAES-OAEP"));
        }
        Ok(OaepParameters {
            hash: digest(parameters.hash.owned_to_ref(), "RSAES-OAEP")?,
            mask_generation: digest(
                mask_generation
                    .parameters
                    .ok_or_else(malformed)?
                    .owned_to_ref(),
                "the MGF1 of RSAES-OAEP",
            )?,
            label: label
                .parameters
                .filter(|label| label.tag() == Tag::OctetString)
                .ok_or_else(malformed)?
                .value()
                .to_vec(),
        })
    }

    pub(in crate::crypto) fn decrypt(
        &self,
        key: &PrivateKey,
        encrypted: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        // Digests without a fixed length have been refused.
        with_digest!(self.hash, D => with_digest!(self.mask_generation, M => {
            key.decrypt_rsa(self.scheme::<D, M>(), encrypted)
        }))
        .flatten()
        .ok_or(Error::DecryptionFailed)?
    }

    fn scheme<D, M>(&self) -> Oaep<D, M>
    where
        D: Digest + FixedOutputReset,
        M: Digest + FixedOutputReset,
    {
        Oaep::new_with_mgf_hash_and_label(self.label.as_slice())
    }
}

/// A digest, or an error that says where it was to be used.
fn digest(algorithm: AlgorithmIdentifierRef<'_>, place: &str) -> Result<DigestAlgorithm, Error> {
    match DigestAlgorithm::from_algorithm_identifier(algorithm) {
        Ok(digest @ (DigestAlgorithm::Shake128 | DigestAlgorithm::Shake256)) => {
            Err(unsupported(digest.name(), place))
        }
        Err(Error::UnsupportedAlgorithm { algorithm }) => Err(unsupported(&algorithm, place)),
        other => other,
    }
}

fn unsupported(algorithm: &str, place: &str) -> Error {
    Error::UnsupportedAlgorithm {
        algorithm: format!("{algorithm} in {place}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::tlv;
    use crate::crypto::testing::{Enveloped, private_key};
    use cms::enveloped_data::RecipientInfo;
    use der::{Decode, Encode};

    fn refused(parameters: Option<&[u8]>) -> String {
        let parameters = parameters.map(|it| AnyRef::from_der(it).unwrap());
        OaepParameters::from_parameters(parameters)
            .unwrap_err()
            .to_string()
    }

    // What is left out is SHA-1 (RFC 4055 section 4.1), which is no weakness in OAEP.
    #[test]
    fn sha_1_is_the_default() {
        for parameters in [None, Some(AnyRef::from_der(&[0x30, 0]).unwrap())] {
            let parameters = OaepParameters::from_parameters(parameters).unwrap();
            assert_eq!(parameters.hash, DigestAlgorithm::Sha1);
            assert_eq!(parameters.mask_generation, DigestAlgorithm::Sha1);
        }
        for name in ["oaep-sha1-sha1", "oaep-sha256-sha1"] {
            let enveloped = Enveloped::of(&format!("rsa2048.{name}.aes-256-gcm.cms"));
            let RecipientInfo::Ktri(recipient) = &enveloped.recipient else {
                panic!("not a KeyTransRecipientInfo");
            };
            let parameters = recipient.key_enc_alg.parameters.to_der().unwrap();
            let parameters = AnyRef::from_der(&parameters).unwrap();
            let parameters = OaepParameters::from_parameters(Some(parameters)).unwrap();
            let key = parameters.decrypt(&private_key("rsa2048"), recipient.enc_key.as_bytes());
            assert_eq!(key.unwrap().len(), 32, "{name}");
        }
    }

    #[test]
    fn a_digest_without_a_fixed_length_is_named() {
        let shake = DigestAlgorithm::Shake128.algorithm_identifier();
        let shake = tlv::element(0xa0, &shake.to_der().unwrap());
        assert_eq!(
            refused(Some(&tlv::sequence(&[&shake]))),
            "SHAKE128 in RSAES-OAEP is not supported"
        );
    }

    #[test]
    fn parameters_that_are_not_those_of_the_algorithm_are_refused() {
        let sha256 = DigestAlgorithm::Sha256.algorithm_identifier();
        let sha256 = sha256.to_der().unwrap();
        let hash = tlv::element(0xa0, &sha256);
        let mgf1 = oid::ID_MGF_1.to_der().unwrap();
        let mgf1_sha256 = tlv::element(0xa1, &tlv::sequence(&[&mgf1, &sha256]));
        let specified = oid::ID_P_SPECIFIED.to_der().unwrap();
        let label = tlv::element(crate::asn1::tag::OCTET_STRING, b"label");

        let malformed = "the parameters of id-RSAES-OAEP are missing or malformed";
        let without_digest = tlv::element(0xa1, &tlv::sequence(&[&mgf1]));
        let not_mgf1 = tlv::element(0xa1, &sha256);
        let without_label = tlv::element(0xa2, &tlv::sequence(&[&specified]));
        let null_label = tlv::element(0xa2, &tlv::sequence(&[&specified, &[5, 0]]));
        let not_specified = tlv::element(0xa2, &tlv::sequence(&[&mgf1, &label]));
        for (parameters, error) in [
            (tlv::sequence(&[&hash, &without_digest]), malformed),
            (
                tlv::sequence(&[&hash, &mgf1_sha256, &without_label]),
                malformed,
            ),
            (
                tlv::sequence(&[&hash, &mgf1_sha256, &null_label]),
                malformed,
            ),
            (tlv::sequence(&[&hash, &mgf1_sha256, &[5, 0]]), malformed),
            (vec![5, 0], malformed),
            (label.clone(), malformed),
            (
                tlv::sequence(&[&hash, &not_mgf1]),
                "id-sha256 in RSAES-OAEP is not supported",
            ),
            (
                tlv::sequence(&[&hash, &mgf1_sha256, &not_specified]),
                "id-mgf1 in RSAES-OAEP is not supported",
            ),
        ] {
            assert_eq!(refused(Some(&parameters)), error);
        }
    }
}
