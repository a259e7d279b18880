//! Text as caseIgnoreMatch compares it: the string preparation of RFC 4518, with the case folding that
//! RFC 5280 7.1 has for names.
//!
//! Step 1, to transcode, is done by whoever reads the string type; step 5 does nothing (2.5).
//!
//! RFC 4518 goes by the characters of Unicode 3.2. Among those, the same texts match by later versions,
//! but for five ideographs whose normal forms were corrected (Unicode Corrigendum 4). Characters that
//! were added since are not prohibited here but compared by the same rules.

use icu_normalizer::{ComposingNormalizer, ComposingNormalizerBorrowed};
use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};

const NFKC: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfkc();

/// The text prepared: two match if it is the same. None if something in it is prohibited, and the
/// text matches nothing but itself.
pub(super) fn prepared(text: &str) -> Option<String> {
    let mapped = text.chars().filter_map(mapped);
    // ASCII is its own normal form and has nothing prohibited.
    if text.is_ascii() {
        let folded: String = mapped.map(|c| c.to_ascii_lowercase()).collect();
        return Some(without_insignificant_spaces(&folded));
    }
    let normalized = case_folded_and_normalized(mapped);
    // Some characters decompose into capitals: RFC 3454 B.2 takes them, too, to what is small.
    let normalized = case_folded_and_normalized(normalized.chars());
    match normalized.chars().any(is_prohibited) {
        true => None,
        false => Some(without_insignificant_spaces(&normalized)),
    }
}

/// RFC 4518 2.2, its lists: control and format characters are left out, white space is one kind of
/// space.
fn mapped(c: char) -> Option<char> {
    match c {
        // SOFT HYPHEN, MONGOLIAN TODO SOFT HYPHEN, COMBINING GRAPHEME JOINER, VARIATION SELECTORs,
        // OBJECT REPLACEMENT CHARACTER
        '\u{ad}'
        | '\u{1806}'
        | '\u{34f}'
        | '\u{180b}'..='\u{180d}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{fffc}' => None,
        '\t'..='\r' | '\u{85}' => Some(' '),
        // Cc and Cf
        '\0'..='\u{8}'
        | '\u{e}'..='\u{1f}'
        | '\u{7f}'..='\u{84}'
        | '\u{86}'..='\u{9f}'
        | '\u{6dd}'
        | '\u{70f}'
        | '\u{180e}'
        | '\u{200c}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2063}'
        | '\u{206a}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0001}'
        | '\u{e0020}'..='\u{e007f}' => None,
        // ZERO WIDTH SPACE
        '\u{200b}' => None,
        // Zs, Zl and Zp
        ' '
        | '\u{a0}'
        | '\u{1680}'
        | '\u{2000}'..='\u{200a}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{202f}'
        | '\u{205f}'
        | '\u{3000}' => Some(' '),
        // What Unicode has added of both kinds since: format characters, such as the isolates that
        // turn text around, and variation selectors.
        '\u{180f}' | '\u{e0100}'..='\u{e01ef}' => None,
        c if !c.is_ascii() && category(c) == GeneralCategory::Format => None,
        c => Some(c),
    }
}

/// RFC 4518 2.2, at its end, and 2.3.
fn case_folded_and_normalized(text: impl Iterator<Item = char>) -> String {
    let folded: String = text.flat_map(case_folded).collect();
    NFKC.normalize(&folded).into_owned()
}

/// RFC 3454 B.2, which is the default case folding of Unicode: every letter as the small one of its
/// capital. So sharp s is two letters, and final sigma a sigma.
fn case_folded(c: char) -> impl Iterator<Item = char> {
    // The capital of the dotless i is that of the dotted one; they differ all the same.
    let as_is = (c == 'ı').then_some(c);
    let small = c.to_lowercase().filter(move |_| as_is.is_none());
    let folded = small
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase);
    as_is.into_iter().chain(folded)
}

/// RFC 4518 2.4: unassigned (RFC 3454 A.1), for private use (C.3), no character (C.4), or REPLACEMENT
/// CHARACTER. What changes how text is shown (C.8) is not left by now.
fn is_prohibited(c: char) -> bool {
    use GeneralCategory::{PrivateUse, Unassigned};
    c == char::REPLACEMENT_CHARACTER || matches!(category(c), Unassigned | PrivateUse)
}

/// RFC 4518 2.6.1: no spaces at either end, and one in place of several. (It writes two there, and one
/// at either end, for the sake of searches for a part.) A space that carries a combining mark is none.
fn without_insignificant_spaces(text: &str) -> String {
    let mut significant = String::with_capacity(text.len());
    let mut after_space = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == ' ' && !chars.peek().is_some_and(|next| is_combining_mark(*next)) {
            after_space = true;
            continue;
        }
        if after_space && !significant.is_empty() {
            significant.push(' ');
        }
        after_space = false;
        significant.push(c);
    }
    significant
}

/// RFC 4518 appendix A: Mn, Mc and Me.
fn is_combining_mark(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(category(c))
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether they match.
    fn same(one: &str, other: &str) -> bool {
        prepared(one).is_some_and(|text| prepared(other) == Some(text))
    }

    #[test]
    fn letters_match_however_they_are_composed_or_written() {
        for (one, other) in [
            ("Café", "Cafe\u{301}"),
            ("\u{1e69}", "s\u{307}\u{323}"), // two marks, in either order
            ("Ａｃｍｅ　１", "acme 1"),
            ("Straße", "STRASSE"),
            ("STRAẞE", "strasse"),
            ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
            ("İstanbul", "i\u{307}stanbul"),
            ("\u{fb01}n", "Fin"),
            ("\u{210c}", "h"),
            ("\u{2121}", "tel"),
            ("\u{ac00}", "\u{1100}\u{1161}"),
            ("Å", "\u{212b}"),
        ] {
            assert!(same(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("Café", "Cafe"),
            ("Café", "Cafe\u{300}"),
            ("Straße", "Strase"),
            ("Diyarbakır", "Diyarbakir"),
            ("İstanbul", "Istanbul"),
            ("a", "\u{430}"), // Cyrillic
            ("1", "\u{661}"), // Arabic-Indic
            ("oe", "œ"),
        ] {
            assert!(!same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn what_shows_nothing_is_passed_over() {
        for invisible in [
            '\0',
            '\u{8}',
            '\u{e}',
            '\u{1f}',
            '\u{7f}',
            '\u{84}',
            '\u{86}',
            '\u{9f}',
            '\u{ad}',
            '\u{34f}',
            '\u{6dd}',
            '\u{70f}',
            '\u{1806}',
            '\u{180b}',
            '\u{180e}',
            '\u{200b}',
            '\u{200c}',
            '\u{200f}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2063}',
            '\u{206a}',
            '\u{206f}',
            '\u{fe00}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{fff9}',
            '\u{fffc}',
            '\u{1d173}',
            '\u{1d17a}',
            '\u{e0001}',
            '\u{e0020}',
            '\u{e007f}',
            '\u{61c}',
            '\u{2064}',
            '\u{2066}',
            '\u{e0100}',
        ] {
            assert!(same(&format!("Ac{invisible}me"), "acme"), "{invisible:?}");
        }
        for visible in ['-', '\u{2010}', '\u{180a}', '\u{6de}', '\u{301}'] {
            assert!(!same(&format!("Ac{visible}me"), "acme"), "{visible:?}");
        }
    }

    #[test]
    fn spaces_are_one_where_they_part_words() {
        for space in [
            ' ', '\t', '\n', '\u{b}', '\r', '\u{85}', '\u{a0}', '\u{1680}', '\u{2000}', '\u{200a}',
            '\u{2028}', '\u{2029}', '\u{202f}', '\u{205f}', '\u{3000}',
        ] {
            let text = format!("{space}Acme{space}{space} Ltd{space}");
            assert!(same(&text, "acme ltd"), "{space:?}");
            assert!(!same(&text, "acmeltd"), "{space:?}");
        }
        assert!(same("", " ") && same("\u{200b}", "\u{3000}") && !same("", "a"));
        // A space under an accent is a letter of its own; so is the accent alone, U+00B4.
        assert!(same("a \u{301}b", "a\u{b4}b") && !same("a  \u{301}b", "a \u{301}b"));
        assert!(!same(" \u{301}", "\u{301}") && same("  \u{301} ", " \u{b4}"));
    }

    #[test]
    fn what_is_prohibited_cannot_be_prepared() {
        for prohibited in [
            '\u{378}',
            '\u{e000}',
            '\u{fffd}',
            '\u{fffe}',
            '\u{fdd0}',
            '\u{10fffd}',
        ] {
            assert_eq!(
                prepared(&format!("Ac{prohibited}me")),
                None,
                "{prohibited:?}"
            );
        }
        // Assigned after Unicode 3.2: Georgian capitals, the rupee, a picture.
        for later in ["\u{1c90}", "₹", "🔑"] {
            assert!(prepared(later).is_some());
        }
        assert!(same("\u{1c90}", "\u{10d0}"));
    }

    #[test]
    fn to_prepare_twice_changes_nothing() {
        // Without the ideographs and Hangul syllables, which are many and alike.
        for c in ('\0'..='\u{33ff}').chain('\u{f900}'..='\u{ffff}') {
            if let Some(text) = prepared(&format!("a{c}\u{e9}B")) {
                assert_eq!(prepared(&text).as_ref(), Some(&text), "{c:?}");
            }
        }
    }

    #[test]
    fn ascii_is_prepared_like_everything_else() {
        for c in '\0'..='\u{7f}' {
            let alone = prepared(&format!("A{c} B")).unwrap();
            let among = prepared(&format!("A{c} B\u{e9}")).unwrap();
            assert_eq!(alone + "\u{e9}", among, "{c:?}");
        }
    }
}
