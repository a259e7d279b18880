//! The organizationIdentifier: which register has an organization, and under which number (7.1.4.2.2 (d),
//! appendix A.1).

use super::country::is_assigned;

/// `NTRUS+CA-12345678`, in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OrganizationIdentifier<'a> {
    /// The Registration Scheme, three letters.
    pub(super) scheme: &'a str,
    /// Where it is operated, two letters.
    pub(super) country: &'a str,
    /// Of ISO 3166-2, after `+`.
    pub(super) subdivision: Option<&'a str>,
    /// The Registration Reference, after the first `-`.
    pub(super) reference: Option<&'a str>,
}

/// The code that stands for no country, of what is registered for the whole world.
const GLOBAL: &str = "XG";

/// What a VAT number may begin with in place of the country's code (Directive 2006/112/EC, article 215).
const VAT_PREFIXES: [(&str, &str); 2] = [("EL", "GR"), ("XI", "GB")];

impl<'a> OrganizationIdentifier<'a> {
    /// Reads the structure; what the parts may be depends on the scheme.
    pub(super) fn parse(text: &'a str) -> Option<OrganizationIdentifier<'a>> {
        let (head, reference) = match text.split_once('-') {
            Some((head, reference)) => (head, Some(reference)),
            None => (text, None),
        };
        let (head, subdivision) = match head.split_once('+') {
            Some((head, subdivision)) => (head, Some(subdivision)),
            None => (head, None),
        };
        if head.len() != 5 || !head.bytes().all(|letter| letter.is_ascii_uppercase()) {
            return None;
        }
        let (scheme, country) = head.split_at(3);
        Some(OrganizationIdentifier {
            scheme,
            country,
            subdivision,
            reference,
        })
    }

    /// Whether each part is one of its scheme.
    pub(super) fn is_sound(&self) -> bool {
        let subdivision = self.subdivision.is_none_or(is_subdivision);
        match (self.scheme, self.subdivision, self.reference) {
            ("NTR", _, Some(reference)) => {
                is_assigned(self.country) && subdivision && !reference.is_empty()
            }
            ("VAT", None, Some(reference)) => {
                is_assigned(self.iso_country()) && !reference.is_empty()
            }
            ("PSD", None, Some(reference)) => {
                is_assigned(self.country) && is_payment_provider(reference)
            }
            ("LEI", None, Some(reference)) => self.country == GLOBAL && is_lei(reference),
            ("GOV", _, None) => is_assigned(self.country) && subdivision,
            ("INT", None, None) => self.country == GLOBAL,
            _ => false,
        }
    }

    /// The country as countryName has it.
    fn iso_country(&self) -> &'a str {
        let prefix = VAT_PREFIXES
            .iter()
            .find(|(prefix, _)| *prefix == self.country);
        match (self.scheme, prefix) {
            ("VAT", Some((_, country))) => country,
            _ => self.country,
        }
    }

    /// Note 1: but for LEI and INT it is the country of countryName.
    pub(super) fn agrees_with(&self, country: &str) -> bool {
        matches!(self.scheme, "LEI" | "INT") || self.iso_country() == country
    }

    /// Note 3: an organization that a German register has should be named by the EUID, which begins
    /// with the country again and has a period between register and number.
    pub(super) fn lacks_euid(&self) -> bool {
        let is_euid = |reference: &str| {
            reference.strip_prefix("DE").is_some_and(|rest| {
                rest.split_once('.')
                    .is_some_and(|(register, number)| !register.is_empty() && !number.is_empty())
            })
        };
        self.scheme == "NTR" && self.country == "DE" && !self.reference.is_some_and(is_euid)
    }
}

/// Up to three letters and digits.
fn is_subdivision(text: &str) -> bool {
    (1..=3).contains(&text.len())
        && text
            .bytes()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

/// ETSI TS 119 495 5.2.1: the competent authority, 2 to 8 capital letters, and the number that it gave.
fn is_payment_provider(reference: &str) -> bool {
    reference
        .split_once('-')
        .is_some_and(|(authority, number)| {
            (2..=8).contains(&authority.len())
                && authority.bytes().all(|letter| letter.is_ascii_uppercase())
                && !number.is_empty()
        })
}

/// ISO 17442-1: 18 letters and digits, then two digits that make the whole, letters read as 10 to 35, 1
/// modulo 97 (ISO 7064).
pub(super) fn is_lei(text: &str) -> bool {
    let value = |c: char| c.to_digit(36).filter(|_| !c.is_ascii_lowercase());
    let remainder = text.chars().try_fold(0, |rest, c| match value(c)? {
        digit @ 0..10 => Some((rest * 10 + digit) % 97),
        letter => Some((rest * 100 + letter) % 97),
    });
    let has_check_digits = text
        .get(18..)
        .is_some_and(|end| end.bytes().all(|c| c.is_ascii_digit()));
    text.len() == 20 && has_check_digits && remainder == Some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_sound(text: &str) -> bool {
        OrganizationIdentifier::parse(text).is_some_and(|identifier| identifier.is_sound())
    }

    #[test]
    fn each_scheme_has_its_parts() {
        // The examples of 7.1.4.2.2 (d) among them.
        for sound in [
            "NTRGB-12345678",
            "NTRUS+CA-12345678",
            "NTRUS-CA+1-2+",
            "NTRDE-DER3306.HRB12345",
            "PSDBE-NBB-1234.567.890",
            "VATEL-123456789",
            "VATXI-1",
            "LEIXG-529900T8BM49AURSDO55",
            "GOVUS",
            "GOVUS+CA",
            "INTXG",
        ] {
            assert!(is_sound(sound), "{sound}");
        }
        for wrong in [
            "",
            "NTRGB",
            "NTRGB-",
            "ntrgb-12345678",
            "NTREL-1",
            "NTRUS+-1",
            "NTRUS+CALI-1",
            "VATUS+CA-1",
            "VATXG-1",
            "PSDBE-1234.567.890",
            "PSDBE-N-1",
            "LEIXG-529900T8BM49AURSDO56",
            "LEIDE-529900T8BM49AURSDO55",
            "GOVUS-1",
            "GOVXG",
            "INTUS",
            "INTXG-1",
            "TINDE-1",
            "NTRGB 12345678",
            "NTRG\u{c9}-1",
        ] {
            assert!(!is_sound(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_first_hyphen_separates() {
        let parsed = OrganizationIdentifier::parse("NTRUS+CA-1-2+3").unwrap();
        assert_eq!((parsed.scheme, parsed.country), ("NTR", "US"));
        assert_eq!(
            (parsed.subdivision, parsed.reference),
            (Some("CA"), Some("1-2+3"))
        );
    }

    #[test]
    fn the_country_is_that_of_the_subject() {
        let agrees = |text, country| {
            OrganizationIdentifier::parse(text)
                .unwrap()
                .agrees_with(country)
        };
        assert!(agrees("NTRGB-1", "GB") && agrees("VATEL-1", "GR") && agrees("VATXI-1", "GB"));
        assert!(agrees("INTXG", "CH") && agrees("LEIXG-1", "CH"));
        assert!(!agrees("NTRGB-1", "US") && !agrees("VATEL-1", "IT") && !agrees("NTREL-1", "GR"));
    }

    #[test]
    fn german_registers_have_euids() {
        let lacks = |text| OrganizationIdentifier::parse(text).unwrap().lacks_euid();
        assert!(!lacks("NTRDE-DER3306.HRB12345") && !lacks("NTRFR-123") && !lacks("VATDE-123"));
        assert!(lacks("NTRDE-HRB12345") && lacks("NTRDE-DER3306.") && lacks("NTRDE-FRR3306.1"));
    }

    #[test]
    fn a_legal_entity_identifier_has_check_digits() {
        assert!(is_lei("529900T8BM49AURSDO55") && is_lei("5493001KJTIIGC8Y1R12"));
        for wrong in [
            "529900T8BM49AURSDO54",
            "529900t8bm49aursdo55",
            "529900T8BM49AURSDO5",
            "529900T8BM49AURSDO550",
            "529900T8BM49AURSD\u{d6}5",
            "",
        ] {
            assert!(!is_lei(wrong), "{wrong}");
        }
    }
}
