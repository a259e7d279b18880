//! The certificate extensions that say what a key is for and whose it is (RFC 5280 4.2.1).

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use const_oid::db::rfc5280::{
    ANY_EXTENDED_KEY_USAGE, ID_KP_CLIENT_AUTH, ID_KP_CODE_SIGNING, ID_KP_EMAIL_PROTECTION,
    ID_KP_OCSP_SIGNING, ID_KP_SERVER_AUTH, ID_KP_TIME_STAMPING,
};

use crate::address::Address;
use crate::asn1::oid::ObjectIdentifier;
use crate::asn1::reader::{self, Reader, dotted};
use crate::asn1::tag;
use crate::printable::is_deceptive;
use crate::x509::general_name::ID_ON_SMTP_UTF8_MAILBOX;
use crate::x509::name::Name;

/// One entry of a certificate's extension list: an identifier, whether an unknowing reader must
/// give up, and where the value lies in the certificate's DER.
#[derive(Debug, Clone)]
pub struct Extension {
    pub(super) id: Range<usize>,
    pub(super) critical: bool,
    pub(super) value: Range<usize>,
}

/// What the key may be used for, RFC 5280 4.2.1.3.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage(u16);

/// Bit n of the BIT STRING is bit n here; its name in RFC 5280.
const KEY_USAGES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

impl KeyUsage {
    /// Reads the extension's value. Named bits beyond the nine of RFC 5280 are ignored, and so
    /// are trailing zero bits, which X.690 11.2.2 forbids and CAs write.
    pub fn from_der(der: &[u8]) -> Result<KeyUsage, reader::Error> {
        let mut reader = Reader::new(der);
        let element = reader.expect(tag::BIT_STRING)?;
        reader.finish()?;
        let malformed = reader::Error::Value(element.value().start);
        let (unused, octets) = reader.value(&element).split_first().ok_or(malformed)?;
        if *unused > 7 || (octets.is_empty() && *unused != 0) {
            return Err(malformed);
        }
        let bit = |n: usize| {
            octets
                .get(n / 8)
                .is_some_and(|o| o & (0x80 >> (n % 8)) != 0)
        };
        let bits = (0..KEY_USAGES.len()).filter(|n| bit(*n));
        Ok(KeyUsage(bits.fold(0, |usage, n| usage | 1 << n)))
    }

    /// Signatures other than those on certificates and CRLs.
    pub fn digital_signature(self) -> bool {
        self.contains(0)
    }

    /// Signatures that are to bind the signer; X.509 calls it contentCommitment now.
    pub fn non_repudiation(self) -> bool {
        self.contains(1)
    }

    /// Key transport: RSA recipients.
    pub fn key_encipherment(self) -> bool {
        self.contains(2)
    }

    /// Key agreement: elliptic-curve recipients.
    pub fn key_agreement(self) -> bool {
        self.contains(4)
    }

    /// Signatures on certificates.
    pub fn key_cert_sign(self) -> bool {
        self.contains(5)
    }

    /// Signatures on CRLs.
    pub fn crl_sign(self) -> bool {
        self.contains(6)
    }

    /// The usages by the names of RFC 5280.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let named = (0..).zip(KEY_USAGES);
        named.filter_map(move |(bit, name)| self.contains(bit).then_some(name))
    }

    fn contains(self, bit: u8) -> bool {
        self.0 & 1 << bit != 0
    }
}

/// The names of RFC 5280, with commas between.
impl fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.names().collect();
        match names.as_slice() {
            [] => f.write_str("nothing"),
            names => f.write_str(&names.join(", ")),
        }
    }
}

impl fmt::Debug for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyUsage({self})")
    }
}

/// The purposes a certificate is limited to, RFC 5280 4.2.1.12.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendedKeyUsage(Vec<Vec<u8>>);

const PURPOSES: &[(ObjectIdentifier, &str)] = &[
    (ID_KP_EMAIL_PROTECTION, "emailProtection"),
    (ANY_EXTENDED_KEY_USAGE, "anyExtendedKeyUsage"),
    (ID_KP_SERVER_AUTH, "serverAuth"),
    (ID_KP_CLIENT_AUTH, "clientAuth"),
    (ID_KP_CODE_SIGNING, "codeSigning"),
    (ID_KP_TIME_STAMPING, "timeStamping"),
    (ID_KP_OCSP_SIGNING, "OCSPSigning"),
];

impl ExtendedKeyUsage {
    /// Reads the extension's value.
    pub fn from_der(der: &[u8]) -> Result<ExtendedKeyUsage, reader::Error> {
        let mut reader = Reader::new(der);
        let sequence = reader.expect(tag::SEQUENCE)?;
        reader.finish()?;
        let mut inside = reader.inside(&sequence);
        let mut purposes = Vec::new();
        while !inside.is_empty() {
            let purpose = inside.expect(tag::OBJECT_IDENTIFIER)?;
            purposes.push(inside.value(&purpose).to_vec());
        }
        Ok(ExtendedKeyUsage(purposes))
    }

    /// RFC 8550 4.4.4: mail needs emailProtection or anyExtendedKeyUsage.
    pub fn permits_email(&self) -> bool {
        self.permits(ID_KP_EMAIL_PROTECTION)
    }

    /// Whether it names this purpose, or anyExtendedKeyUsage.
    pub fn permits(&self, purpose: ObjectIdentifier) -> bool {
        self.contains(purpose) || self.contains(ANY_EXTENDED_KEY_USAGE)
    }

    /// Whether it names this purpose.
    pub fn contains(&self, purpose: ObjectIdentifier) -> bool {
        self.0.iter().any(|named| named == purpose.as_bytes())
    }

    /// The purposes by the names of RFC 5280, the others as dotted identifiers.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|purpose| {
            let known = PURPOSES.iter().find(|(id, _)| id.as_bytes() == purpose);
            known.map_or_else(|| dotted(purpose), |(_, name)| (*name).to_owned())
        })
    }
}

/// The names of RFC 5280, or dotted identifiers, with commas between.
impl fmt::Display for ExtendedKeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.names().collect();
        match names.as_slice() {
            [] => f.write_str("nothing"),
            names => f.write_str(&names.join(", ")),
        }
    }
}

/// RFC 5280 4.2.1.2: where the key identifier lies, in a certificate whose extension value lies
/// there.
pub(super) fn subject_key_identifier(
    certificate: &[u8],
    value: Range<usize>,
) -> Result<Range<usize>, reader::Error> {
    let mut reader = Reader::of(certificate, value);
    let identifier = reader.expect(tag::OCTET_STRING)?;
    reader.finish()?;
    Ok(identifier.value())
}

/// RFC 5280 4.2.1.1: where the keyIdentifier, `[0]`, lies, if it is there.
pub(super) fn authority_key_identifier(
    certificate: &[u8],
    value: Range<usize>,
) -> Result<Option<Range<usize>>, reader::Error> {
    let mut reader = Reader::of(certificate, value);
    let sequence = reader.expect(tag::SEQUENCE)?;
    reader.finish()?;
    let identifier = reader
        .inside(&sequence)
        .optional(tag::context_primitive(0))?;
    Ok(identifier.map(|element| element.value()))
}

/// Where the mail addresses of a certificate lie, and what they are once somebody has asked: there
/// can be a hundred thousand, and most who read a certificate do not.
#[derive(Debug, Default)]
pub(super) struct MailboxNames {
    /// The rfc822Names of the subjectAltName and then its SmtpUTF8Mailboxes.
    places: Vec<Range<usize>>,
    mailboxes: OnceLock<Mailboxes>,
}

/// The mail addresses that a certificate binds its key to.
#[derive(Debug, Default)]
pub(super) struct Mailboxes {
    /// Without duplicates, in the order of [`MailboxNames::mailboxes`].
    pub(super) addresses: Vec<Address>,
    /// What stands where an address belongs and is none; escaped.
    pub(super) unusable: Vec<String>,
}

impl MailboxNames {
    /// Finds the values of rfc822Name `[1]` and, inside otherName `[0]`, of SmtpUTF8Mailbox (RFC 5280
    /// 4.2.1.6) in a certificate whose subjectAltName lies there. The structure around the names
    /// must be sound; the other kinds of name are passed over, whatever is in them.
    pub(super) fn find(
        certificate: &[u8],
        subject_alt_name: Range<usize>,
    ) -> Result<MailboxNames, reader::Error> {
        let mut reader = Reader::of(certificate, subject_alt_name);
        let sequence = reader.expect(tag::SEQUENCE)?;
        reader.finish()?;
        let mut names = reader.inside(&sequence);
        let (mut places, mut smtp_utf8_mailboxes) = (Vec::new(), Vec::new());
        while !names.is_empty() {
            let name = names.read()?;
            if name.tag() == tag::context_primitive(1) {
                places.push(name.value());
            } else if name.tag() == tag::context_constructed(0) {
                smtp_utf8_mailboxes.extend(smtp_utf8_mailbox(names.inside(&name))?);
            }
        }
        places.extend(smtp_utf8_mailboxes);
        Ok(MailboxNames {
            places,
            mailboxes: OnceLock::new(),
        })
    }

    /// Reads them: the rfc822Names, the SmtpUTF8Mailboxes, and then the emailAddress attributes of
    /// the subject, which RFC 8550 3 has readers recognise.
    ///
    /// A name that is no address is put aside, not an error: the certificate may hold a good one
    /// beside it.
    pub(super) fn mailboxes(&self, certificate: &[u8], subject_der: &[u8]) -> &Mailboxes {
        self.mailboxes.get_or_init(|| {
            let subject =
                Name::from_der(subject_der).expect("a Certificate has been read with its names");
            let names = self.places.iter().map(|place| &certificate[place.clone()]);
            Mailboxes::read(names.chain(subject.email_addresses().map(str::as_bytes)))
        })
    }
}

impl Mailboxes {
    fn read<'a>(names: impl Iterator<Item = &'a [u8]>) -> Mailboxes {
        let mut mailboxes = Mailboxes::default();
        for octets in names {
            let text = String::from_utf8_lossy(octets);
            // An address that shows as another one has no place in a comparison of addresses.
            match Address::parse(&text) {
                Ok(address) if !text.chars().any(is_deceptive) => mailboxes.addresses.push(address),
                _ => mailboxes.unusable.push(text.escape_default().to_string()),
            }
        }
        mailboxes.leave_out_duplicates();
        mailboxes
    }

    fn leave_out_duplicates(&mut self) {
        let mut seen = HashSet::with_capacity(self.addresses.len());
        let is_first: Vec<bool> = self.addresses.iter().map(|it| seen.insert(it)).collect();
        let mut is_first = is_first.into_iter();
        self.addresses.retain(|_| is_first.next() == Some(true));
    }
}

/// `SEQUENCE { type-id, value [0] EXPLICIT UTF8String }`, the SEQUENCE's tag replaced by the
/// GeneralName's.
fn smtp_utf8_mailbox(mut other_name: Reader<'_>) -> Result<Option<Range<usize>>, reader::Error> {
    let type_id = other_name.expect(tag::OBJECT_IDENTIFIER)?;
    if other_name.value(&type_id) != ID_ON_SMTP_UTF8_MAILBOX.as_bytes() {
        return Ok(None);
    }
    let explicit = other_name.expect(tag::context_constructed(0))?;
    other_name.finish()?;
    let mut inside = other_name.inside(&explicit);
    let mailbox = inside.expect(tag::UTF8_STRING)?;
    inside.finish()?;
    Ok(Some(mailbox.value()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::tlv::element as tlv;

    #[test]
    fn key_usage_reads_each_named_bit() {
        let usage = KeyUsage::from_der(&[3, 2, 5, 0b1110_0000]).unwrap();
        assert_eq!(
            usage.to_string(),
            "digitalSignature, nonRepudiation, keyEncipherment"
        );
        assert!(usage.digital_signature() && usage.non_repudiation() && usage.key_encipherment());
        assert!(!usage.key_agreement() && !usage.key_cert_sign());
        let usage = KeyUsage::from_der(&[3, 3, 7, 0b0000_1000, 0x80]).unwrap();
        assert_eq!(usage.to_string(), "keyAgreement, decipherOnly");
        assert_eq!(
            KeyUsage::from_der(&[3, 1, 0]).unwrap().to_string(),
            "nothing"
        );
        assert!(
            KeyUsage::from_der(&[3, 2, 0, 0x80])
                .unwrap()
                .digital_signature()
        );
    }

    #[test]
    fn malformed_key_usage_is_an_error_and_never_means_everything() {
        for der in [
            &[3, 0][..],
            &[3, 1, 1],
            &[3, 2, 8, 0x80],
            &[4, 2, 0, 0x80],
            &[3, 2, 0, 0x80, 0],
        ] {
            assert!(KeyUsage::from_der(der).is_err(), "{der:?}");
        }
    }

    #[test]
    fn extended_key_usage_needs_email_protection_or_any() {
        let purposes = |ids: &[&[u8]]| {
            let content: Vec<u8> = ids.iter().flat_map(|id| tlv(0x06, id)).collect();
            ExtendedKeyUsage::from_der(&tlv(0x30, &content)).unwrap()
        };
        let server_auth = ID_KP_SERVER_AUTH.as_bytes();
        assert!(purposes(&[server_auth, ID_KP_EMAIL_PROTECTION.as_bytes()]).permits_email());
        assert!(purposes(&[ANY_EXTENDED_KEY_USAGE.as_bytes()]).permits_email());
        assert!(!purposes(&[server_auth]).permits_email());
        assert!(!purposes(&[]).permits_email());
        assert_eq!(
            purposes(&[server_auth, &[0x2a, 0x03]]).to_string(),
            "serverAuth, 1.2.3"
        );
        assert!(ExtendedKeyUsage::from_der(&[0x30, 0x02, 0x05, 0x00]).is_err());
    }

    #[test]
    fn oddities_in_a_subject_alt_name_are_put_aside() {
        let other = |id: &[u8], value: &[u8]| {
            let content = [tlv(0x06, id), tlv(0xa0, value)].concat();
            tlv(0xa0, &content)
        };
        let dots = "@a.".repeat(20);
        let names = [
            other(
                ID_ON_SMTP_UTF8_MAILBOX.as_bytes(),
                &tlv(0x0c, "bø@xn--bcher-kva.example".as_bytes()),
            ),
            other(&[0x2a, 0x03], &[0x05, 0x00]),
            tlv(0x81, b"bob@example.com"),
            tlv(0x81, b"bob@EXAMPLE.com"),
            tlv(0x81, b"bob@xn--0.example\xff"),
            tlv(0x81, b"\x1b[2J@example.com"),
            tlv(0x81, b""),
            tlv(0x81, dots.as_bytes()),
            tlv(0x82, b"example.com"),
            tlv(0xa3, b"\x00\x01"), // x400Address
            tlv(0x87, &[127, 0, 0, 1]),
        ];
        let der = tlv(0x30, &names.concat());
        let names = MailboxNames::find(&der, 0..der.len()).unwrap();
        let mailboxes = names.mailboxes(&der, &[0x30, 0x00]);
        let addresses: Vec<String> = mailboxes.addresses.iter().map(Address::to_string).collect();
        assert_eq!(addresses, ["bob@example.com", "bø@xn--bcher-kva.example"]);
        assert_eq!(mailboxes.unusable.len(), 4);
        assert_eq!(mailboxes.unusable[1], "\\u{1b}[2J@example.com");
        for end in 0..der.len() {
            assert!(MailboxNames::find(&der, 0..end).is_err());
        }
    }
}
