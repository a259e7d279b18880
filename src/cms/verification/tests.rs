//! SignerInfos made by hand, each rule with the nearest one that breaks it.

use der::Encode;

use super::*;
use crate::address::Address;
use crate::asn1::tlv;
use crate::cms::attribute_set;
use crate::cms::object::EncapsulatedContent;
use crate::cms::signer_info::SignerIdentifier;
use crate::keys::Signer;
use crate::keys::testing::keys;
use crate::spool::Spool;

const CONTENT: &[u8] = b"Content-Type: text/plain\r\n\r\nhello\r\n";
const SHA_256: SignatureAlgorithm = SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256);

fn alice() -> Signer {
    keys()
        .signer(&Address::parse("alice@example.com").unwrap())
        .unwrap()
}

fn der(value: &impl Encode) -> Vec<u8> {
    value.to_der().unwrap()
}

/// What signs RSA PKCS#1 v1.5 under a name that has a digest in it.
fn sha_512_with_rsa() -> Vec<u8> {
    tlv::sequence(&[&der(&oid::SHA_512_WITH_RSA_ENCRYPTION), b"\x05\x00"])
}

fn attribute(identifier: ObjectIdentifier, values: &[Vec<u8>]) -> Vec<u8> {
    let values = tlv::element(tag::SET, &values.concat());
    tlv::sequence(&[&der(&identifier), &values])
}

fn content_type() -> Vec<u8> {
    attribute(oid::ID_CONTENT_TYPE, &[der(&oid::ID_DATA)])
}

fn message_digest() -> Vec<u8> {
    let digest = DigestAlgorithm::Sha256.digest(CONTENT);
    attribute(
        oid::ID_MESSAGE_DIGEST,
        &[tlv::element(tag::OCTET_STRING, &digest)],
    )
}

fn signing_time() -> Vec<u8> {
    attribute(
        oid::ID_SIGNING_TIME,
        &[tlv::element(tag::UTC_TIME, b"261121120000Z")],
    )
}

/// What is signed, and how it is said to be.
struct Draft {
    attributes: Option<Vec<Vec<u8>>>,
    /// Sorted before they are signed, as DER wants it.
    sorted: bool,
    content: Vec<u8>,
    content_type: ObjectIdentifier,
    /// The signature AlgorithmIdentifier, if it is not that of [`SHA_256`].
    signature_algorithm: Option<Vec<u8>>,
    announced: Vec<DigestAlgorithm>,
    identifier: Option<SignerIdentifier>,
    unsigned: Option<Vec<u8>>,
}

impl Default for Draft {
    fn default() -> Draft {
        Draft {
            attributes: Some(vec![content_type(), message_digest()]),
            sorted: true,
            content: CONTENT.to_vec(),
            content_type: oid::ID_DATA,
            signature_algorithm: None,
            announced: vec![DigestAlgorithm::Sha256],
            identifier: None,
            unsigned: None,
        }
    }
}

impl Draft {
    fn with(attributes: Vec<Vec<u8>>) -> Draft {
        Draft {
            attributes: Some(attributes),
            ..Draft::default()
        }
    }

    fn and(attribute: Vec<u8>) -> Draft {
        Draft::with(vec![content_type(), message_digest(), attribute])
    }

    fn sign(&self) -> SignedObject {
        let signer = alice();
        let to_be_signed = match &self.attributes {
            Some(attributes) if self.sorted => tlv::set_of(attributes.clone()),
            Some(attributes) => tlv::element(tag::SET, &attributes.concat()),
            None => self.content.clone(),
        };
        let key = signer.private_key();
        let certificate = signer.certificate();
        let info = SignerInfo {
            signer_identifier: self.identifier.clone().unwrap_or_else(|| {
                SignerIdentifier::IssuerAndSerialNumber {
                    issuer: certificate.issuer_der().to_vec(),
                    serial_number: certificate.serial_der().to_vec(),
                }
            }),
            digest_algorithm: der(&DigestAlgorithm::Sha256.algorithm_identifier()),
            signed_attributes: self
                .attributes
                .as_ref()
                .map(|attributes| tlv::element(tag::context_constructed(0), &attributes.concat())),
            signature_algorithm: self
                .signature_algorithm
                .clone()
                .unwrap_or_else(|| der(&SHA_256.algorithm_identifier())),
            signature: key.sign(SHA_256, &to_be_signed).unwrap(),
            unsigned_attributes: self.unsigned.clone(),
        };
        let announced = self.announced.iter();
        SignedObject {
            digest_algorithms: announced
                .map(|it| der(&it.algorithm_identifier()))
                .collect(),
            encapsulated: EncapsulatedContent {
                content_type: self.content_type,
                content: None,
            },
            signer_infos: vec![info],
            ..SignedObject::empty()
        }
    }

    fn verify(&self) -> Result<VerifiedSignature, Error> {
        verify(
            &self.sign(),
            &self.content,
            &[alice().certificate().clone()],
        )
    }

    fn reason(&self) -> &'static str {
        self.verify()
            .map_or_else(|error| error.reason(), |_| "valid")
    }
}

fn verify(
    object: &SignedObject,
    content: &[u8],
    candidates: &[Certificate],
) -> Result<VerifiedSignature, Error> {
    let spool = Spool::from_bytes(content.to_vec());
    let infos = &object.signer_infos;
    let content = DigestedContent::new(&spool, LineEnds::AsTheyAre, infos).unwrap();
    let certificates = Certificates {
        signers: candidates,
        issuers: &[],
    };
    let verified = VerifiedSignature::verify(object, &infos[0], &content, certificates, false);
    verified.map(|mut verified| verified.remove(0))
}

#[test]
fn the_two_mandatory_attributes_suffice_and_neither_can_be_left_out() {
    assert_eq!(Draft::default().reason(), "valid");
    assert_eq!(
        Draft::with(vec![content_type()]).reason(),
        "attribute-missing"
    );
    assert_eq!(
        Draft::with(vec![message_digest()]).reason(),
        "attribute-missing"
    );
    assert_eq!(Draft::with(Vec::new()).reason(), "attribute-missing");
}

#[test]
fn an_attribute_that_is_there_twice_or_has_two_values_binds_nobody() {
    for twice in [content_type(), message_digest()] {
        assert_eq!(Draft::and(twice).reason(), "attribute-repeated");
    }
    assert_eq!(Draft::and(signing_time()).reason(), "valid");
    let twice = vec![
        content_type(),
        message_digest(),
        signing_time(),
        signing_time(),
    ];
    assert_eq!(Draft::with(twice).reason(), "attribute-repeated");
    for identifier in [
        oid::SMIME_CAPABILITIES,
        oid::ID_AA_ENCRYP_KEY_PREF,
        oid::ID_AA_SIGNING_CERTIFICATE,
        oid::ID_AA_SIGNING_CERTIFICATE_V_2,
        oid::ID_AA_CMS_ALGORITHM_PROTECT,
    ] {
        let two = attribute(
            identifier,
            &[b"\x30\x00".to_vec(), b"\x30\x01\x05".to_vec()],
        );
        assert_eq!(Draft::and(two).reason(), "attribute-repeated");
    }
    // An attribute that nobody here knows may do as it likes.
    let unknown = attribute(ObjectIdentifier::new_unwrap("1.2.3"), &[]);
    assert_eq!(Draft::and(unknown).reason(), "valid");
}

#[test]
fn an_attribute_of_another_type_is_malformed() {
    let digest = DigestAlgorithm::Sha256.digest(CONTENT);
    let string = tlv::element(tag::UTF8_STRING, &digest);
    let digest = attribute(oid::ID_MESSAGE_DIGEST, &[string]);
    let reason = Draft::with(vec![content_type(), digest]).reason();
    assert_eq!(reason, "attribute-malformed");
    let time = attribute(oid::ID_SIGNING_TIME, &[b"\x17\x03now".to_vec()]);
    assert_eq!(Draft::and(time).reason(), "attribute-malformed");
}

#[test]
fn other_content_is_told_from_another_signature() {
    let object = Draft::default().sign();
    let certificate = [alice().certificate().clone()];
    assert!(verify(&object, CONTENT, &certificate).is_ok());
    let changed = verify(&object, b"other", &certificate).unwrap_err();
    assert_eq!(changed.reason(), "content-changed");
    let mut damaged = Draft::default().sign();
    damaged.signer_infos[0].signature[9] ^= 1;
    let damaged = verify(&damaged, CONTENT, &certificate).unwrap_err();
    assert_eq!(damaged.reason(), "bad-signature");
}

#[test]
fn the_content_type_is_the_one_that_was_signed() {
    let signed = Draft {
        content_type: oid::ID_SIGNED_DATA,
        ..Draft::default()
    };
    assert_eq!(signed.reason(), "content-type-mismatch");
    let other = attribute(oid::ID_CONTENT_TYPE, &[der(&oid::ID_SIGNED_DATA)]);
    let agreeing = Draft {
        content_type: oid::ID_SIGNED_DATA,
        ..Draft::with(vec![other, message_digest()])
    };
    assert_eq!(agreeing.reason(), "valid");
}

#[test]
fn without_attributes_the_signature_is_over_the_content_which_cannot_be_attributes() {
    let plain = Draft {
        attributes: None,
        ..Draft::default()
    };
    assert_eq!(plain.reason(), "valid");
    let typed = Draft {
        content_type: oid::ID_SIGNED_DATA,
        ..plain
    };
    assert_eq!(typed.reason(), "attribute-missing");
    // The signature of another message, over attributes, with those as the content.
    let stripped = Draft {
        attributes: None,
        content: tlv::set_of(vec![content_type(), message_digest()]),
        ..Draft::default()
    };
    assert_eq!(stripped.reason(), "attributes-as-content");
    for (octets, is_set) in [
        (&b"\x31\x04\x30\x02\x06\x00"[..], true),
        (b"\x31\x82\x01\x00\x30\x81\x80\x06", true),
        (b"\x31\x04\x30\x02\x04\x00", false),
        (b"1 0 6", false),
        (b"\x31\x84", false),
        (b"", false),
    ] {
        assert_eq!(begins_like_attributes(octets), is_set, "{octets:x?}");
    }
}

#[test]
fn the_order_of_the_attributes_is_that_of_der_or_the_one_that_was_signed() {
    let (first, second) = (content_type(), message_digest());
    let mut sorted = [first.clone(), second.clone()];
    sorted.sort();
    let [last, first] = sorted;
    for (signed_sorted, notes) in [(true, &[][..]), (false, &[Note::AttributesUnsorted][..])] {
        let draft = Draft {
            sorted: signed_sorted,
            ..Draft::with(vec![first.clone(), last.clone()])
        };
        assert_eq!(draft.verify().unwrap().notes(), notes);
    }
}

#[test]
fn the_digests_agree() {
    let announced = |announced| Draft {
        announced,
        ..Draft::default()
    };
    assert_eq!(announced(Vec::new()).reason(), "algorithm-mismatch");
    assert_eq!(
        announced(vec![DigestAlgorithm::Sha512]).reason(),
        "algorithm-mismatch"
    );
    let both = vec![DigestAlgorithm::Sha512, DigestAlgorithm::Sha256];
    assert_eq!(announced(both).reason(), "valid");
    let other = Draft {
        signature_algorithm: Some(sha_512_with_rsa()),
        ..Draft::default()
    };
    assert_eq!(other.reason(), "algorithm-mismatch");
}

#[test]
fn protected_algorithms_are_those_outside() {
    let protection = |digest: DigestAlgorithm, signature: Vec<u8>| {
        let mut reader = Reader::new(&signature);
        let sequence = reader.read().unwrap();
        let signature = tlv::element(tag::context_constructed(1), reader.value(&sequence));
        let value = tlv::sequence(&[&der(&digest.algorithm_identifier()), &signature]);
        Draft::and(attribute(oid::ID_AA_CMS_ALGORITHM_PROTECT, &[value])).reason()
    };
    let used = der(&SHA_256.algorithm_identifier());
    assert_eq!(protection(DigestAlgorithm::Sha256, used.clone()), "valid");
    assert_eq!(
        protection(DigestAlgorithm::Sha512, used),
        "algorithm-mismatch"
    );
    assert_eq!(
        protection(DigestAlgorithm::Sha256, sha_512_with_rsa()),
        "algorithm-mismatch"
    );
}

#[test]
fn a_signature_that_names_its_certificate_verifies_with_no_other() {
    let certificate = alice().certificate().clone();
    let mut hash = DigestAlgorithm::Sha256.digest(certificate.der());
    for expected in ["valid", "signing-certificate-mismatch"] {
        let identifier = tlv::sequence(&[&tlv::element(tag::OCTET_STRING, &hash)]);
        let value = tlv::sequence(&[&tlv::sequence(&[&identifier])]);
        let draft = Draft::and(attribute(oid::ID_AA_SIGNING_CERTIFICATE_V_2, &[value]));
        assert_eq!(draft.reason(), expected);
        hash[0] ^= 1;
    }
}

#[test]
fn the_signer_is_found_by_either_identifier() {
    let certificate = alice().certificate().clone();
    let identifier = certificate.subject_key_identifier().unwrap().to_vec();
    let by_key = |identifier| Draft {
        identifier: Some(SignerIdentifier::SubjectKeyIdentifier(identifier)),
        ..Draft::default()
    };
    assert_eq!(by_key(identifier).reason(), "valid");
    assert_eq!(by_key(vec![0; 20]).reason(), "signer-certificate-missing");
    let object = Draft::default().sign();
    let missing = verify(&object, CONTENT, &[]).unwrap_err();
    assert_eq!(missing.reason(), "signer-certificate-missing");
}

#[test]
fn unsigned_attributes_are_told_and_not_believed() {
    let unsigned = |attributes: &[Vec<u8>]| Draft {
        unsigned: Some(tlv::element(
            tag::context_constructed(1),
            &attributes.concat(),
        )),
        ..Draft::default()
    };
    let verified = unsigned(&[signing_time()]).verify().unwrap();
    assert_eq!(verified.signing_time(), None);
    assert_eq!(verified.notes(), [Note::UnsignedAttributes]);
    let countersignature = attribute(COUNTERSIGNATURE, &[b"\x30\x00".to_vec()]);
    let verified = unsigned(&[countersignature]).verify().unwrap();
    assert_eq!(verified.notes(), [Note::Countersigned]);
}

#[test]
fn a_certificate_that_may_not_sign_proves_nothing() {
    let address = Address::parse("encrypt-only@example.com").unwrap();
    let path = format!("testdata/keys/{address}.crt");
    let pem = std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let certificate = crate::keys::pem::certificates(&pem).unwrap().remove(0);
    assert!(!certificate.may_sign());
    let error = attribute_set::Error::Repeated {
        attribute: "x".to_owned(),
        instances: 2,
    };
    assert_eq!(Error::from(error).reason(), "attribute-repeated");
    assert_eq!(Error::KeyUsage.reason(), "key-usage");
}
