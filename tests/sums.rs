//! Sums of groups against a model that knows every row.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

mod common;

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use common::{START, config, run_info};
use fgm::metric::{Kind, Metric, Table, containers};
use fgm::query::model::{SumQuery, WindowQuery};
use fgm::query::{Cancel, Engine, QueryError};
use fgm::series::{Gap, Members, Sum, column_of};
use fgm::store::manifest::RunInfo;
use fgm::store::tick::{LabelValue, SeriesDef, Tick};
use fgm::store::writer::{StoreConfig, StoreWriter};
use fgm::subject::SubjectKey;
use fgm::time::{Micros, SECOND, TimeRange};
use proptest::prelude::*;
use tempfile::TempDir;

/// Two nodes whose ticks do not fall together: the second one's are twice as far apart, and 0.3 s late.
struct Node {
    name: &'static str,
    interval: Micros,
    phase: Micros,
    members: std::ops::Range<usize>,
}

const NODES: [Node; 2] = [
    Node { name: "n1", interval: SECOND, phase: 0, members: 0..3 },
    Node { name: "n2", interval: 2 * SECOND, phase: 300_000, members: 3..5 },
];
const MEMBERS: usize = 5;
/// Seconds of recording; the first node's recorder is started anew at `RESTART`.
const SECONDS: i64 = 600;
const RESTART: i64 = 250;

/// One row of the model.
#[derive(Clone, Copy)]
struct Row {
    due: Micros,
    read: Micros,
    run: u32,
    tick_no: i64,
    memory: Option<i64>,
    ops: Option<i64>,
}

/// What member `c` has on its node's tick `n`.
fn row(node: &Node, c: usize, n: i64) -> Option<Row> {
    let due = START + node.phase + n * node.interval;
    let second = (due - START) / SECOND;
    let lost = (100..104).contains(&second);
    let absent =
        c == 1 && (150..170).contains(&second) || c == 2 && second < 40 || (400..410).contains(&second);
    if lost || absent {
        return None;
    }
    let again = node.name == "n1" && n >= RESTART;
    let c = c as i64;
    Some(Row {
        due,
        // Some rows are read so late that the next tick is already due.
        read: due
            + c
            + match n % 61 {
                7 => 1_100_000,
                8 => 200_000,
                _ => (n * 37) % 1000,
            },
        run: u32::from(again),
        tick_no: if again { n - RESTART } else { n },
        memory: (n % 17 != 3 || c == 0).then_some((n * 7919 + c * 31) % 1000 + 1),
        ops: (n % 53 != 5).then_some((n % 97) * 10 + c * n),
    })
}

fn def(node: &Node, c: usize) -> SeriesDef {
    let mut labels = vec![LabelValue::Null; Table::Containers.labels().len()];
    labels[containers::label::node_name] = LabelValue::text(node.name);
    labels[containers::label::subject_kind] = LabelValue::text("container");
    labels[containers::label::cgroup_path] = LabelValue::text(format!("/{c}"));
    labels[containers::label::cgroup_inode] = LabelValue::Int(c as i64 + 1);
    SeriesDef { table: Table::Containers, id: c as u32, labels }
}

fn node_of(c: usize) -> &'static Node {
    NODES.iter().find(|n| n.members.contains(&c)).unwrap()
}

fn key(c: usize) -> SubjectKey {
    SubjectKey::of(Table::Containers, &def(node_of(c), c).labels)
}

fn write(root: &Path, node: &Node, run: &str, ticks: std::ops::Range<i64>) -> StoreWriter {
    let base = config(root);
    let config = StoreConfig { identifier: node.name.into(), rotation: Duration::from_secs(90), ..base };
    let info = RunInfo { node_name: node.name.into(), interval: node.interval, ..run_info(run) };
    let mut w = StoreWriter::open(config, info, START + node.phase + ticks.start * node.interval).unwrap();
    for n in ticks.clone() {
        let rows: Vec<_> = node.members.clone().filter_map(|c| Some((c, row(node, c, n)?))).collect();
        let due = START + node.phase + n * node.interval;
        if (100..104).contains(&((due - START) / SECOND)) {
            continue;
        }
        let mut t = Tick::default();
        let again = run.starts_with('b');
        t.reset(if again { n - RESTART } else { n }, due);
        if n == ticks.start {
            t.defs = node.members.clone().map(|c| def(node, c)).collect();
        }
        for (c, r) in rows {
            let mut to = t.rows_mut(Table::Containers).push(c as u32, r.read);
            r.memory.inspect(|&v| to.set(containers::memory_current_bytes, v));
            r.ops.inspect(|&v| to.set(containers::io_read_ops_total, v));
        }
        w.append(&t).unwrap();
    }
    w
}

/// A recording in small files; the second node's recorder is still running.
fn engine() -> &'static Engine {
    static ENGINE: OnceLock<(Engine, TempDir, StoreWriter)> = OnceLock::new();
    let (engine, ..) = ENGINE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let end = START + SECONDS * SECOND;
        write(dir.path(), &NODES[0], "aaaaaaaa00000001", 0..RESTART).finish(end).unwrap();
        write(dir.path(), &NODES[0], "bbbbbbbb00000002", RESTART..SECONDS).finish(end).unwrap();
        let open = write(dir.path(), &NODES[1], "cccccccc00000003", 0..SECONDS / 2);
        (Engine::open(&[dir.path().to_owned()]).unwrap(), dir, open)
    });
    engine
}

fn metric(name: &str) -> &'static Metric {
    Metric::find(Table::Containers, name).unwrap()
}

/// Every shown value with the tick on which it was due: rates between adjacent ticks, none after a reset.
fn shown(metric: &Metric, c: usize) -> Vec<(Micros, f64)> {
    let node = node_of(c);
    let mut before: Option<(Row, f64)> = None;
    let mut all = Vec::new();
    for r in (0..SECONDS * SECOND / node.interval).filter_map(|n| row(node, c, n)) {
        let stored = if metric.kind == Kind::Counter { r.ops } else { r.memory };
        let Some(v) = stored.map(|v| v as f64) else { continue };
        if metric.kind == Kind::Gauge {
            all.push((r.due, v));
        } else if let Some((b, old)) = before
            && (b.run, b.tick_no + 1) == (r.run, r.tick_no)
            && v >= old
            && r.read > b.read
        {
            all.push((r.due, (v - old) / ((r.read - b.read) as f64 / SECOND as f64)));
        }
        before = Some((r, v));
    }
    all
}

/// Each second's sum, with the number of members, by looking at every value for every second.
fn naive(metric: &Metric, members: &[usize], range: TimeRange) -> Vec<(Micros, f64, u32)> {
    let values: Vec<_> = members.iter().map(|&c| (node_of(c).interval, shown(metric, c))).collect();
    let mut sums = Vec::new();
    for second in (0..SECONDS).map(|s| START + s * SECOND).filter(|s| range.contains(*s)) {
        let holding = |(interval, all): &(Micros, Vec<(Micros, f64)>)| {
            let (due, v) = all.iter().rev().find(|(due, _)| *due < second + SECOND)?;
            let begins = due - (due - START) % SECOND;
            (second < begins + interval).then_some(*v)
        };
        let here: Vec<f64> = values.iter().filter_map(holding).collect();
        if !here.is_empty() {
            sums.push((second, here.iter().sum(), here.len() as u32));
        }
    }
    sums
}

fn sums(name: &str, groups: &[Vec<usize>], range: TimeRange, columns: usize) -> Vec<Sum> {
    let groups = groups.iter().map(|g| g.iter().map(|&c| key(c)).collect()).collect();
    let query = SumQuery { metric: metric(name), groups, range, columns };
    engine().sums(&query, &Cancel::default()).unwrap().groups
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// TUI-3, QRY-2: sums of any groups over any window at any zoom equal adding up every value by hand, over files,
    /// restarts, lost ticks, resets, two intervals and an open segment.
    #[test]
    fn sums_equal_adding_up_every_value(
        name in prop::sample::select(&["memory_current_bytes", "io_read_ops_total"][..]),
        whose in prop::collection::vec(0usize..3, MEMBERS),
        (from, width) in (-20i64..SECONDS, 1i64..700),
        offset in 0i64..SECOND,
        columns in 1usize..300,
    ) {
        let start = START + from * SECOND + offset;
        let range = TimeRange::new(start, start + width * SECOND + offset / 3);
        let groups: Vec<Vec<usize>> =
            (0..3).map(|g| (0..MEMBERS).filter(|&c| whose[c] == g).collect()).collect();
        for (members, found) in groups.iter().zip(sums(name, &groups, range, columns)) {
            let mut expected: Vec<Vec<(f64, u32)>> = vec![Vec::new(); columns];
            for (t, v, n) in naive(metric(name), members, range) {
                expected[column_of(range, columns, t).unwrap()].push((v, n));
            }
            for (at, (bucket, here)) in found.buckets.columns.iter().zip(&expected).enumerate() {
                prop_assert_eq!(bucket.map_or(0, |b| b.count as usize), here.len(), "column {}", at);
                let Some(b) = bucket else { continue };
                let values = || here.iter().map(|(v, _)| *v);
                let wanted = [
                    values().fold(f64::MAX, f64::min),
                    values().fold(f64::MIN, f64::max),
                    here[0].0,
                    here[here.len() - 1].0,
                    values().sum::<f64>() / here.len() as f64,
                ];
                for (a, b) in [b.min, b.max, b.first, b.last, b.mean].into_iter().zip(wanted) {
                    prop_assert!((a - b).abs() <= b.abs() * 1e-12, "column {}: {} instead of {}", at, a, b);
                }
                let present = || here.iter().map(|(_, n)| *n);
                let (least, most) = (present().min().unwrap(), present().max().unwrap());
                prop_assert_eq!(found.members[at], Some(Members { least, most }), "column {}", at);
            }
        }
    }
}

fn gaps(sum: &Sum) -> Vec<(i64, Gap)> {
    let columns = sum.buckets.columns.iter().enumerate();
    columns.filter_map(|(at, b)| Some((at as i64, (*b)?.gap_before?))).collect()
}

/// TUI-3, QRY-2: a sum's line breaks where no member has a value, and says why; where one has, it goes on and says of
/// how many it is.
#[test]
fn a_sum_breaks_where_nobody_has_a_value() {
    let whole = TimeRange::new(START, START + SECONDS * SECOND);
    let of = |members: &[usize]| {
        sums("memory_current_bytes", &[members.to_vec()], whole, SECONDS as usize).remove(0)
    };
    let all = of(&[0, 1, 2]);
    assert_eq!(gaps(&all), [(104, Gap::RecorderDown), (410, Gap::SubjectAbsent)]);
    let present = |s: &Sum, at: usize| s.members[at].map(|m| (m.least, m.most));
    assert_eq!([145, 160, 102].map(|at| present(&all, at)), [Some((3, 3)), Some((2, 2)), None]);
    assert_eq!(all.members(), Some(Members { least: 1, most: 3 }), "each 17th tick only the first is read");
    let alone = gaps(&of(&[1]));
    assert!(
        alone.contains(&(170, Gap::SubjectAbsent)) && alone.contains(&(4, Gap::Unavailable)),
        "{alone:?}"
    );
}

/// TUI-3: a sum of one member has what the member has, at every instant of its own node's ticks.
#[test]
fn a_sum_of_one_is_the_one() {
    let whole = TimeRange::new(START, START + 90 * SECOND);
    let sum = sums("io_read_ops_total", &[vec![0]], whole, 90).remove(0);
    let query =
        WindowQuery { metric: metric("io_read_ops_total"), subjects: vec![key(0)], range: whole, columns: 1 };
    let own = engine().window(&query, &Cancel::default()).unwrap().series.remove(0).1;
    let (a, b) = (sum.buckets.whole().unwrap(), own.whole().unwrap());
    assert_eq!((a.count, a.min, a.max, a.first, a.last), (b.count, b.min, b.max, b.first, b.last));
}

/// TUI-3: what has no sum is refused with a reason, as is a sum over more ticks than memory holds.
#[test]
fn what_cannot_be_added_is_refused() {
    let ask = |name: &str, range: TimeRange| {
        let query = SumQuery { metric: metric(name), groups: vec![vec![key(0)]], range, columns: 1 };
        engine().sums(&query, &Cancel::default())
    };
    let whole = TimeRange::new(START, START + SECONDS * SECOND);
    let e = ask("cpu_percent_of_limit", whole).unwrap_err();
    assert!(matches!(e, QueryError::NoSum { .. }), "{e}");
    assert_eq!(
        e.to_string(),
        "cpu_percent_of_limit of several subjects has no sum: shares of different things do not add up"
    );
    let cancel = Cancel::default();
    cancel.cancel();
    let query =
        SumQuery { metric: metric("pids_current"), groups: vec![vec![key(0)]], range: whole, columns: 1 };
    assert!(matches!(engine().sums(&query, &cancel), Err(QueryError::Cancelled)));
    // A range is cut to what was recorded.
    assert!(ask("memory_current_bytes", TimeRange::new(0, i64::MAX / 2)).is_ok());
}
