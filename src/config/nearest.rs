//! The word that somebody meant who wrote another.

/// Of `known`, the key that differs least from `written`, if it differs little: by a third of its
/// letters. Keys are written with their tables, as in `limits.body`; one that stands in the wrong
/// table is near as well.
pub(super) fn nearest<'a>(written: &str, known: &'a [String]) -> Option<&'a str> {
    let written = written.to_ascii_lowercase().replace('_', "-");
    if let Some(elsewhere) = known.iter().find(|key| last(key) == last(&written)) {
        return Some(elsewhere);
    }
    let distances = known.iter().map(|key| (distance(&written, key), key));
    let (distance, key) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance * 3 <= key.chars().count()).then_some(key)
}

fn last(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// How many letters have to be put in, taken out, exchanged or swapped with their neighbour
/// (optimal string alignment).
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for i in 1..=one.len() {
        let mut row = vec![i];
        for j in 1..=other.len() {
            let exchanged = rows[i - 1][j - 1] + usize::from(one[i - 1] != other[j - 1]);
            let mut least = exchanged.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<String> {
        [
            "listen",
            "limits.body",
            "limits.body-timeout",
            "tls.cert",
            "user-certs-dir",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    #[test]
    fn a_slip_of_the_finger_is_forgiven_and_another_word_is_not() {
        let known = known();
        for (written, meant) in [
            ("lisen", Some("listen")),
            ("litsen", Some("listen")),
            ("LISTEN", Some("listen")),
            ("user_certs_dir", Some("user-certs-dir")),
            ("limits.bodytimeout", Some("limits.body-timeout")),
            ("body", Some("limits.body")),
            ("tls.body", Some("limits.body")),
            ("lst", None),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, &known), meant, "{written}");
        }
    }

    #[test]
    fn distances_count_single_letters() {
        for (one, other, letters) in [
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("abc", "b", 2),
            ("", "ab", 2),
        ] {
            assert_eq!(distance(one, other), letters, "{one} {other}");
        }
    }
}
