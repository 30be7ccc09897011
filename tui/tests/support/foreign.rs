//! The same minute of a node twice: as we record it, and in the long format of others with either form of labels.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, MapBuilder, RecordBatch, StringArray, StringBuilder, TimestampMillisecondArray,
    UInt64Array,
};
use fgm::identity::RunId;
use fgm::metric::{Metric, Repr, Table};
use fgm::store::manifest::RunInfo;
use fgm::store::retention::{Cap, OnFull};
use fgm::store::tick::{LabelValue, SeriesDef, Tick};
use fgm::store::writer::{StoreConfig, StoreWriter};
use fgm::time::{Micros, SECOND};
use parquet::arrow::ArrowWriter;

use super::START;

/// Run of both.
pub const RUN: &str = "5eed5eed5eed5eed";
const TICKS: i64 = 60;

/// How labels are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// `l_pod_name`, `l_container_id`, …
    Columns,
    /// One column `labels`.
    Map,
}

/// One value.
struct Value {
    name: &'static str,
    column: &'static str,
    table: Table,
    labels: Vec<(&'static str, String)>,
    number: Number,
}

#[derive(Clone, Copy)]
enum Number {
    Int(u64),
    Float(f64),
}

const CONTAINERS: [(&str, &str, &str); 3] =
    [("web-0", "app", "c0ffee01"), ("web-0", "proxy", "c0ffee02"), ("db-0", "postgres", "c0ffee03")];

/// Everything of one tick: ticks 20 to 23 are lost, the second container is absent from 30 to 39.
fn values(n: i64) -> Vec<Value> {
    let mut all = Vec::new();
    let here = CONTAINERS.iter().enumerate().filter(|(i, _)| *i != 1 || !(30..40).contains(&n));
    for (i, (pod, container, id)) in here {
        let k = i as i64 + 1;
        let labels = || {
            vec![
                ("container_id", (*id).to_owned()),
                ("container_name", (*container).to_owned()),
                ("namespace", "shop".to_owned()),
                ("node_name", "n7".to_owned()),
                ("pod_name", (*pod).to_owned()),
                ("pod_uid", format!("uid-{pod}")),
                ("qos_class", "Burstable".to_owned()),
            ]
        };
        let mut add = |name, table, column, number| {
            all.push(Value { name, column, table, labels: labels(), number });
        };
        let c = Table::Containers;
        add(
            "cgroup.v2.memory.current",
            c,
            "memory_current_bytes",
            Number::Int((k * 1_000_000 + n * 17) as u64),
        );
        // A reset of the counter on tick 50.
        let usage = if n < 50 { n * 7000 * k } else { (n - 50) * 7000 * k };
        add("cgroup.v2.cpu.stat.usage_usec", c, "cpu_usage_usec_total", Number::Int(usage as u64));
        add(
            "total_cpu_usage_millicores",
            c,
            "cpu_usage_millicores",
            Number::Float(k as f64 * 10.0 + n as f64 / 2.0),
        );
        let limit = if i == 0 { Number::Float(f64::MAX) } else { Number::Int(1 << 30) };
        add("cgroup.v2.memory.max", c, "memory_max_bytes", limit);
        for pid in [7, 8] {
            let mut labels = labels();
            labels.push(("pid", (pid * k).to_string()));
            let number = Number::Int((n * 100 + pid * k) as u64);
            let (name, column) = ("smaps_rollup.pss", "memory_pss_bytes");
            all.push(Value { name, column, table: Table::Processes, labels, number });
        }
        let mut labels = labels();
        labels.push(("device", format!("8:{k}")));
        let (name, column) = ("cgroup.v2.io.stat.rbytes", "io_read_bytes_total");
        all.push(Value {
            name,
            column,
            table: Table::Disks,
            labels,
            number: Number::Int((n * 512 * k) as u64),
        });
        let (name, column) = ("custom.ratio", "value_decimal");
        let number = Number::Float(n as f64 / 8.0);
        all.push(Value { name, column, table: Table::Extras, labels: self::labels(i), number });
    }
    all
}

fn labels(i: usize) -> Vec<(&'static str, String)> {
    let (pod, container, id) = CONTAINERS[i];
    vec![
        ("container_id", id.to_owned()),
        ("container_name", container.to_owned()),
        ("pod_name", pod.to_owned()),
        ("pod_uid", format!("uid-{pod}")),
    ]
}

fn ticks() -> impl Iterator<Item = i64> {
    (0..TICKS).filter(|n| !(20..24).contains(n))
}

fn time(n: i64) -> Micros {
    START + n * SECOND + 40_000
}

/// Writes the long format below `root`, in files of half a minute; without numbers of ticks if `numbered` is false.
pub fn write_foreign(root: &Path, form: Form, numbered: bool) {
    let dir = root.join("dt=2026-11-20/identifier=n7");
    fs::create_dir_all(&dir).unwrap();
    let all: Vec<i64> = ticks().collect();
    for (part, some) in all.chunks(30).enumerate() {
        let batch = long(some, form, numbered);
        let file = File::create(dir.join(format!("metrics-20261120T1446{:02}Z.parquet", part * 30))).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }
}

fn long(ticks: &[i64], form: Form, numbered: bool) -> RecordBatch {
    let rows: Vec<(i64, Value)> =
        ticks.iter().flat_map(|n| values(*n).into_iter().map(|v| (*n, v))).collect();
    let text = |of: &dyn Fn(&Value) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(|(_, v)| of(v)).collect::<StringArray>())
    };
    let mut columns: Vec<(String, ArrayRef)> = vec![
        ("run_id".into(), text(&|_| Some(RUN.to_owned()))),
        (
            "time".into(),
            Arc::new(TimestampMillisecondArray::from_iter_values(rows.iter().map(|(n, _)| time(*n) / 1000))),
        ),
    ];
    if numbered {
        let index = rows.iter().map(|(n, _)| *n as u64);
        columns.push(("fetch_index".into(), Arc::new(UInt64Array::from_iter_values(index))));
    }
    let kind = |v: &Value| if v.column.ends_with("_total") { "counter" } else { "gauge" };
    let int = |v: &Value| if let Number::Int(n) = v.number { Some(n) } else { None };
    let float = |v: &Value| if let Number::Float(n) = v.number { Some(n) } else { None };
    columns.push(("metric_name".into(), text(&|v| Some(v.name.to_owned()))));
    columns.push(("metric_kind".into(), text(&|v| Some(kind(v).to_owned()))));
    columns.push(("value_int".into(), Arc::new(rows.iter().map(|(_, v)| int(v)).collect::<UInt64Array>())));
    columns
        .push(("value_float".into(), Arc::new(rows.iter().map(|(_, v)| float(v)).collect::<Float64Array>())));
    let label = |v: &Value, name: &str| v.labels.iter().find(|(k, _)| *k == name).map(|(_, v)| v.clone());
    match form {
        Form::Columns => {
            let names = [
                "cluster_name",
                "container_id",
                "container_name",
                "device",
                "namespace",
                "node_name",
                "pid",
                "pod_name",
                "pod_uid",
                "qos_class",
            ];
            for name in names {
                // Missing ones are empty texts in some versions.
                let missing = (name == "cluster_name").then(String::new);
                columns.push((format!("l_{name}"), text(&|v| label(v, name).or(missing.clone()))));
            }
        }
        Form::Map => {
            let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
            for (_, v) in &rows {
                for (key, value) in v.labels.iter().rev() {
                    map.keys().append_value(key);
                    map.values().append_value(value);
                }
                map.append(true).unwrap();
            }
            columns.push(("labels".into(), Arc::new(map.finish())));
        }
    }
    RecordBatch::try_from_iter(columns).unwrap()
}

/// Records the same with our own writer.
pub fn write_ours(root: &Path) {
    let config = StoreConfig {
        root: root.to_owned(),
        identifier: "n7".into(),
        rotation: std::time::Duration::from_secs(90),
        sync_every: std::time::Duration::from_secs(1000),
        cap: Cap { max_bytes: None, on_full: OnFull::Stop },
        retention: None,
        compact: fgm::store::compact::Beside::No,
    };
    let run = RunInfo {
        run_id: RunId::from_text(RUN).unwrap(),
        node_name: "n7".into(),
        cluster_name: None,
        interval: SECOND,
        recorder_version: "0".into(),
        git_revision: None,
        facts: serde_json::Map::default(),
    };
    let mut writer = StoreWriter::open(config, run, START).unwrap();
    let mut ids: Vec<(Table, Vec<LabelValue>)> = Vec::new();
    for n in ticks() {
        let mut tick = Tick::default();
        tick.reset(n, time(n));
        let mut all = values(n);
        let labels = |v: &Value| {
            let own = |name: &str| v.labels.iter().find(|(k, _)| *k == name).map(|(_, v)| v.clone());
            let path = format!("/kube/{}", own("container_id").unwrap());
            let of = |name: &str| match name {
                "pid" => LabelValue::Int(own("pid").unwrap().parse().unwrap()),
                "cgroup_path" => LabelValue::text(path.as_str()),
                "subject_kind" => LabelValue::text("container"),
                "node_name" => LabelValue::text("n7"),
                "source" => LabelValue::text(v.name),
                name => LabelValue::maybe(own(name)),
            };
            v.table.labels().iter().map(|l| of(l.name)).collect::<Vec<_>>()
        };
        all.sort_by_key(|v| (v.table, format!("{:?}", labels(v))));
        for of_series in all.chunk_by(|a, b| (a.table, labels(a)) == (b.table, labels(b))) {
            let (table, labels) = (of_series[0].table, labels(&of_series[0]));
            let key = (table, labels.clone());
            let id = ids.iter().position(|k| *k == key).unwrap_or_else(|| {
                ids.push(key);
                tick.defs.push(SeriesDef { table, id: ids.len() as u32 - 1, labels });
                ids.len() - 1
            });
            let mut row = tick.rows_mut(table).push(id as u32, time(n));
            for v in of_series {
                let at = table.metric_index(v.column).unwrap();
                let metric: &Metric = &table.metrics()[at];
                match (v.number, metric.repr) {
                    (Number::Int(x), Repr::Int) => row.set(at, x as i64),
                    (Number::Float(x), Repr::Fixed(_)) => row.set_fixed(at, x),
                    _ => {}
                }
                if v.column == "memory_max_bytes" {
                    let flag = table.metric_index("memory_max_unlimited").unwrap();
                    row.set_bool(flag, matches!(v.number, Number::Float(_)));
                }
            }
        }
        writer.append(&tick).unwrap();
    }
    writer.finish(time(TICKS)).unwrap();
}
