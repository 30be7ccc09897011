//! Names by which exactly one subject can be asked for again, on a command line or in a file.
//!
//! Owns: the texts. Must not: know where subjects come from.

use fgm::store::tick::LabelValue;
use fgm::subject::{Subject, SubjectKey};
use fgm::time::Micros;
use jiff::Timestamp;

use crate::text::clean;

/// The values of a key with commas between them: `node-1,/kubepods/pod7/c1,4711`.
pub fn key_text(key: &SubjectKey) -> String {
    let one = |v: &LabelValue| match v {
        LabelValue::Null => String::new(),
        LabelValue::Text(s) => clean(s),
        LabelValue::Int(n) => n.to_string(),
    };
    key.values.iter().map(one).collect::<Vec<_>>().join(",")
}

/// Whether a text names a subject: by its title, as lists show it, or by its key.
pub fn is_named(subject: &Subject, text: &str) -> bool {
    clean(&subject.title()) == text || key_text(&subject.key()) == text
}

/// A word of a shell's command line.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// An instant that does not depend on a zone: `2026-11-20T14:46:03.5Z`.
pub fn instant(at: Micros) -> String {
    Timestamp::from_microsecond(at).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fgm::metric::{Table, containers::label};

    /// TUI-4: a subject is found again by title and by key; words survive a shell.
    #[test]
    fn names_lead_back() {
        let mut labels = vec![LabelValue::Null; Table::Containers.labels().len()];
        labels[label::cgroup_path] = LabelValue::text("/a/\x1bb");
        labels[label::cgroup_inode] = LabelValue::Int(7);
        labels[label::pod_name] = LabelValue::text("web-0");
        let subject = Subject { table: Table::Containers, labels, first: 0, last: 0 };
        assert_eq!(key_text(&subject.key()), ",/a/\\x1bb,7");
        assert!(is_named(&subject, "web-0") && is_named(&subject, ",/a/\\x1bb,7"));
        assert!(!is_named(&subject, "web") && !is_named(&subject, ""));
        assert_eq!(quoted("/a/b-1.c:d"), "/a/b-1.c:d");
        assert_eq!(quoted("it's; rm -rf"), "'it'\\''s; rm -rf'");
        assert_eq!(quoted(""), "''");
    }
}
