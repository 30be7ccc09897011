//! The generator of bench data: the same bytes for the same seed, as much as was asked for, readable like any recording.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use fgm::metric::Table;
use fgm::query::Engine;
use fgm::store::schema::{LEADING, table_schema};
use fgm::time::TimeRange;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

fn generate(out: &Path, options: &[&str]) {
    let made = Command::new(env!("CARGO_BIN_EXE_generate-bench-data"))
        .arg("--out")
        .arg(out)
        .args(options)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// Every file below a directory with its content, by its path in there.
fn contents(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut out = BTreeMap::new();
    let mut dirs = vec![root.to_owned()];
    while let Some(dir) = dirs.pop() {
        for path in fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()) {
            if path.is_dir() {
                dirs.push(path);
            } else {
                out.insert(path.strip_prefix(root).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    out
}

/// Benches are told by scenario and seed: the same ones must mean the same bytes.
#[test]
fn the_same_seed_makes_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|n| dir.path().join(n));
    generate(&a, &["--processes", "2", "--tables", "containers,node,identities,events"]);
    generate(&b, &["--processes", "2", "--tables", "containers,node,identities,events"]);
    generate(&c, &["--processes", "2", "--tables", "containers,node,identities,events", "--seed", "2"]);
    let (a, b, c) = (contents(&a), contents(&b), contents(&c));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    assert!(a == b, "other bytes");
    assert!(a.keys().all(|path| !c.contains_key(path)), "another seed is another run");
}

/// QRY-1: what the scenario says is what a reader finds, in files as the recorder seals them: every column, few values.
#[test]
fn a_scenario_is_as_big_as_it_says() {
    let dir = tempfile::tempdir().unwrap();
    generate(dir.path(), &["--files", "3", "--containers", "10", "--metrics", "30", "--values", "20000"]);
    let schema = table_schema(Table::Containers);
    let containers: Vec<_> =
        contents(dir.path()).into_keys().filter(|p| p.starts_with("containers")).collect();
    assert_eq!(containers.len(), 3);
    let first_metric = LEADING + Table::Containers.labels().len();
    for path in containers {
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(File::open(dir.path().join(path)).unwrap()).unwrap();
        assert_eq!(builder.schema().fields(), schema.fields());
        let batches: Vec<_> = builder.build().unwrap().map(Result::unwrap).collect();
        let all = arrow::compute::concat_batches(&schema, &batches).unwrap();
        let metrics = &all.columns()[first_metric..];
        let filled = metrics.iter().filter(|c| c.null_count() < c.len()).count();
        assert_eq!(filled, 30);
        let values: usize = metrics.iter().map(|c| c.len() - c.null_count()).sum();
        // Lost ticks and containers without limits cost some.
        assert!((15_000..=20_500).contains(&values), "{values}");
        let used = all.column_by_name("cpu_usage_usec_total").unwrap().as_primitive::<Int64Type>();
        assert!(used.values().windows(2).filter(|w| w[1] > w[0]).count() > all.num_rows() / 2);
    }

    let engine = Engine::open(&[dir.path().to_owned()]).unwrap();
    let overview = engine.overview();
    assert!(overview.problems.is_empty(), "{:?}", overview.problems);
    assert_eq!((overview.live, overview.segments), (false, 0));
    assert!(overview.lost_ticks > 0);
    assert_eq!(overview.tables, [Table::Containers, Table::Identities]);
    let subjects = engine.subjects(Table::Containers, TimeRange::new(0, i64::MAX)).unwrap();
    assert!(subjects.len() >= 10, "{}", subjects.len());
    assert!(subjects.iter().all(|s| s.text("pod_name").is_some() && s.text("container_id").is_some()));
}

/// Bad options are named, and a recording is never written into another one.
#[test]
fn what_cannot_be_generated_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let run = |options: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_generate-bench-data")).args(options).output().unwrap();
        (out.status.code(), String::from_utf8(out.stderr).unwrap())
    };
    let path = dir.path().to_str().unwrap();
    for (options, named) in [
        (vec![], "--out"),
        (vec!["--out", path, "--scenario", "huge"], "huge"),
        (vec!["--out", path, "--metrics", "400"], "--metrics 400"),
        (vec!["--out", path, "--files", "x"], "--files x"),
        (vec!["--out", path, "--tables", "disks"], "disks"),
    ] {
        let (code, said) = run(&options);
        assert_eq!(code, Some(2), "{options:?}");
        assert!(said.contains(named), "{said}");
    }
    fs::write(dir.path().join("mine"), "").unwrap();
    let (code, said) = run(&["--out", path]);
    assert_eq!(code, Some(1));
    assert!(said.contains("not empty"), "{said}");
}
