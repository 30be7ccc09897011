//! Filters over subjects: `ns:data qos:burstable app` (REC-9, TUI-3).
//!
//! Owns: the grammar, and what matching means while a fact is not known yet. Must not: know where facts come from.
//!
//! A filter is words separated by spaces, all of which must match. `key:pattern` asks for one fact; a bare pattern for
//! any of container, pod and namespace (or the path of what has no such names). A pattern with `*` or `?` is a glob for
//! the whole text, one that begins with `=` is the whole text, any other is looked for anywhere in it; case does not
//! matter. `label:app=web*` asks for a label's value, `label:app` for its being there.

use std::fmt;
use std::str::FromStr;

/// A fact that a filter may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// Kubernetes namespace (`ns`).
    Namespace,
    /// Name of the pod (`pod`).
    Pod,
    /// Name of the container (`name`).
    Name,
    /// QoS class (`qos`).
    Qos,
    /// Subject kind (`kind`).
    Kind,
    /// Container runtime (`runtime`).
    Runtime,
    /// Name of the image (`image`).
    Image,
    /// cgroup path (`path`).
    Path,
    /// cgroup path of what has no other name; bare patterns ask for it.
    PathAsName,
    /// A label (`label:key=pattern`).
    Label(String),
}

/// What is known of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known<'a> {
    /// Its value.
    Is(&'a str),
    /// There is none.
    Absent,
    /// It may still be learnt.
    NotYet,
}

/// What a filter says of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It matches.
    Yes,
    /// It does not.
    No,
    /// That depends on what is not known yet.
    NotYet,
}

/// A filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    text: String,
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    /// `None` is any of the names.
    field: Option<Field>,
    pattern: String,
}

/// Keys with the fields that they ask for.
const KEYS: [(&str, Field); 8] = [
    ("ns", Field::Namespace),
    ("pod", Field::Pod),
    ("name", Field::Name),
    ("qos", Field::Qos),
    ("kind", Field::Kind),
    ("runtime", Field::Runtime),
    ("image", Field::Image),
    ("path", Field::Path),
];

impl Filter {
    /// Whether all terms match, by what `known` tells.
    pub fn verdict<'a>(&self, known: impl Fn(&Field) -> Known<'a>) -> Verdict {
        let mut all = Verdict::Yes;
        for term in &self.terms {
            match term.verdict(&known) {
                Verdict::Yes => {}
                Verdict::No => return Verdict::No,
                Verdict::NotYet => all = Verdict::NotYet,
            }
        }
        all
    }
}

impl Term {
    fn verdict<'a>(&self, known: &impl Fn(&Field) -> Known<'a>) -> Verdict {
        let names = [Field::Namespace, Field::Pod, Field::Name, Field::PathAsName];
        let asked = self.field.as_ref().map_or(&names[..], std::slice::from_ref);
        let mut any = Verdict::No;
        for field in asked {
            match known(field) {
                Known::Is(text) if matches(&self.pattern, text) => return Verdict::Yes,
                Known::Is(_) | Known::Absent => {}
                Known::NotYet => any = Verdict::NotYet,
            }
        }
        any
    }
}

/// `pattern` is in lower case.
fn matches(pattern: &str, text: &str) -> bool {
    let text = text.to_lowercase();
    if let Some(whole) = pattern.strip_prefix('=') {
        return text == whole;
    }
    if pattern.contains(['*', '?']) { glob(pattern, &text) } else { text.contains(pattern) }
}

/// Iterative, since patterns with many stars are exponential otherwise.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut read) = (0, 0);
    // The last star and where the text that it takes ends.
    let mut star = None;
    while read < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(&c) if c == '?' || c == text[read] => {
                at += 1;
                read += 1;
            }
            _ => match &mut star {
                Some((star_at, taken)) => {
                    *taken += 1;
                    (at, read) = (*star_at + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Filter, String> {
        let terms = text.split_whitespace().map(term).collect::<Result<Vec<_>, _>>()?;
        if terms.is_empty() {
            return Err("a filter has at least one word, such as ns:data, pod:web-* or app".to_owned());
        }
        Ok(Filter { text: text.to_owned(), terms })
    }
}

fn term(word: &str) -> Result<Term, String> {
    let Some((key, pattern)) = word.split_once(':') else {
        return Ok(Term { field: None, pattern: word.to_lowercase() });
    };
    let (field, pattern) = if key == "label" {
        let (name, value) = pattern.split_once('=').unwrap_or((pattern, "*"));
        (Some(Field::Label(name.to_owned())).filter(|_| !name.is_empty()), value)
    } else {
        (KEYS.iter().find(|k| k.0 == key).map(|k| k.1.clone()), pattern)
    };
    match field {
        Some(field) if !pattern.is_empty() => {
            Ok(Term { field: Some(field), pattern: pattern.to_lowercase() })
        }
        Some(_) => Err(format!("`{word}` lacks a pattern behind the colon")),
        None => {
            let keys = KEYS.map(|k| k.0).join(", ");
            Err(format!("`{word}` begins with no key of a filter; the keys are {keys} and label:KEY=PATTERN"))
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(filter: &str, known: &[(Field, Known<'static>)]) -> Verdict {
        let of = |field: &Field| known.iter().find(|k| k.0 == *field).map_or(Known::Absent, |k| k.1);
        filter.parse::<Filter>().unwrap().verdict(of)
    }

    /// REC-9: words are joined by and; text is found anywhere, globs match the whole, case does not matter.
    #[test]
    fn grammar() {
        let web = [
            (Field::Namespace, Known::Is("data")),
            (Field::Pod, Known::Is("Web-0")),
            (Field::Name, Known::Is("app")),
            (Field::Qos, Known::Is("Burstable")),
            (Field::Label("tier".to_owned()), Known::Is("front=1")),
        ];
        for yes in [
            "ns:data qos:burstable app",
            "web",
            "pod:web-?",
            "pod:W*0",
            "label:tier",
            "label:tier=front=1",
            "*p",
            "ns:=data pod:=WEB-0 label:tier==front=1",
        ] {
            assert_eq!(verdict(yes, &web), Verdict::Yes, "{yes}");
        }
        for no in [
            "ns:prod",
            "ns:data other",
            "pod:eb-*",
            "pod:web*1",
            "label:tier=back",
            "label:app",
            "a*d*x",
            "ns:=dat",
        ] {
            assert_eq!(verdict(no, &web), Verdict::No, "{no}");
        }
    }

    /// REC-7, REC-9: what is not known yet is neither in nor out, unless something known decides.
    #[test]
    fn not_yet() {
        let young = [(Field::Namespace, Known::NotYet), (Field::Qos, Known::Is("Burstable"))];
        assert_eq!(verdict("ns:data", &young), Verdict::NotYet);
        assert_eq!(verdict("data", &young), Verdict::NotYet);
        assert_eq!(verdict("ns:data qos:burst", &young), Verdict::NotYet);
        assert_eq!(verdict("ns:data qos:best", &young), Verdict::No);
        assert_eq!(verdict("name:app", &young), Verdict::No, "it has no name");
    }

    /// REC-9: a filter that cannot be understood says what can.
    #[test]
    fn mistakes() {
        let error = |text: &str| text.parse::<Filter>().unwrap_err();
        assert!(error("  ").contains("at least one word"));
        assert!(error("namespace:data").contains("ns, pod, name"));
        assert!(error("ns:").contains("lacks a pattern") && error("label:=x").contains("label:KEY"));
    }

    proptest::proptest! {
        /// REC-9: globs end, whatever they are.
        #[test]
        fn any_glob(pattern in "[a*?]{0,30}", text in "[ab]{0,60}") {
            let (whole, within) = (glob(&pattern, &text), glob(&format!("*{pattern}*"), &text));
            proptest::prop_assert!(!whole || within);
        }
    }
}
