//! Every requirement that specs/requirements.md says holds today is named by at least one test.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

use std::fs;
use std::path::Path;

fn collect(dir: &Path, text: &mut String) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, text);
        } else if path.extension().is_some_and(|e| e == "rs" || e == "py") {
            let source = fs::read_to_string(&path).unwrap();
            // In a source file only what follows its tests' beginning is a test; elsewhere the whole file is.
            let tests = if path.components().any(|c| c.as_os_str() == "src") {
                source.split_once("#[cfg(test)]").map_or("", |(_, tests)| tests)
            } else {
                &source
            };
            text.push_str(tests);
        }
    }
}

#[test]
fn every_requirement_that_holds_is_named_by_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let specs = fs::read_to_string(root.join("specs/requirements.md")).unwrap();
    let (holds, _) = specs.split_once("## Part 2").unwrap();
    let ids: Vec<&str> =
        holds.lines().filter_map(|l| l.strip_prefix("- **")?.split([' ', '*']).next()).collect();
    assert!(ids.len() > 20, "{ids:?}");
    let mut tests = String::new();
    for dir in ["src", "tests", "recorder", "tui"] {
        collect(&root.join(dir), &mut tests);
    }
    let named = |id: &str| {
        tests
            .match_indices(id)
            .any(|(at, _)| !tests[at + id.len()..].starts_with(|c: char| c.is_ascii_digit()))
    };
    let missing: Vec<&str> = ids.into_iter().filter(|id| !named(id)).collect();
    assert!(missing.is_empty(), "no test names {missing:?}");
}
