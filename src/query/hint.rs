//! The nearest name, for errors that say which one was probably meant.
//!
//! Owns: how near is near enough. Must not: know what is named.

use datafusion::common::utils::datafusion_strsim::levenshtein;

/// The name that a misspelt one was probably meant to be: the fewest letters apart, at most a third of them; else the
/// shortest one that contains it.
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    let limit = (wrong.chars().count() / 3).max(1);
    let names: Vec<&str> = names.into_iter().collect();
    let by_letters = names
        .iter()
        // Lengths that differ by more cannot be near: saves comparing with what is long on purpose.
        .filter(|n| n.len().abs_diff(wrong.len()) <= limit)
        .map(|n| (levenshtein(&wrong, &n.to_lowercase()), *n))
        .filter(|(d, _)| *d <= limit)
        .min();
    let within = || {
        let holds = |n: &&&str| wrong.len() > 2 && n.to_lowercase().contains(&wrong);
        names.iter().filter(holds).min_by_key(|n| (n.len(), **n)).copied()
    };
    by_letters.map(|(_, name)| name).or_else(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// QRY-3: a hint is near or it is none.
    #[test]
    fn hints() {
        let names = ["cpu_usage_millicores", "memory_current_bytes", "pids_current", "pids_max"];
        let hint = |wrong| nearest(wrong, names);
        assert_eq!(hint("cpu_usage_milicores"), Some("cpu_usage_millicores"));
        assert_eq!(hint("PIDS_CURENT"), Some("pids_current"));
        assert_eq!(hint("memory"), Some("memory_current_bytes"));
        assert_eq!(hint("frobnicate"), None);
        assert_eq!(hint(""), None);
    }
}
