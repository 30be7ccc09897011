//! Answers questions about a recording, one line of JSON each: the side of fgm in the comparison with DuckDB (`run.py`
//! beside it). It says how many milliseconds an answer took and, when asked for it by another line, what tells a right
//! answer from a wrong one.
//!
//! The recording is opened by the first question, so that its time is what a user waits for after starting a program.
//!
//! `cargo run --release -p fgm --features query --bin bench-questions -- DIR`

#![allow(clippy::unwrap_used, missing_docs, reason = "a bench may fall over")]

use std::fmt::Display;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::Instant;

use fgm::metric::{Metric, Table};
use fgm::query::model::{SampleAnswer, SampleQuery, TopBy, TopQuery, WindowAnswer, WindowQuery};
use fgm::query::{Cancel, Engine};
use fgm::subject::{Subject, SubjectKey};
use fgm::time::{Micros, TimeRange};
use serde::Deserialize;
use serde_json::{Value, json};

/// One question.
#[derive(Deserialize)]
struct Question {
    name: String,
    #[serde(default)]
    metric: Option<String>,
    /// Path of the cgroup; all containers without it.
    #[serde(default)]
    path: Option<String>,
    /// µs since 1970; the whole recording without them.
    #[serde(default)]
    start: Option<Micros>,
    #[serde(default)]
    end: Option<Micros>,
    #[serde(default)]
    columns: usize,
    #[serde(default)]
    most: usize,
}

fn main() {
    let Some(path) = std::env::args_os().nth(1) else {
        println!("name a recording: bench-questions DIR");
        return;
    };
    let paths = [PathBuf::from(path)];
    let mut engine = None;
    let mut lines = std::io::stdin().lock().lines().map(Result::unwrap);
    say("ready");
    while let Some(line) = lines.next() {
        let question: Question = serde_json::from_str(&line).unwrap();
        let began = Instant::now();
        let engine = engine.get_or_insert_with(|| Engine::open(&paths).unwrap());
        let answer = ask(engine, &question);
        say(began.elapsed().as_secs_f64() * 1e3);
        lines.next();
        say(answer.digest());
    }
}

fn say(line: impl Display) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// An answer as the viewer would get it.
enum Answer {
    List(Vec<Subject>),
    Samples(SampleAnswer),
    Window(WindowAnswer),
    Top(Vec<(SubjectKey, f64)>),
}

fn ask(engine: &Engine, question: &Question) -> Answer {
    let all = engine.overview().range.unwrap();
    let range = TimeRange::new(question.start.unwrap_or(all.start), question.end.unwrap_or(all.end));
    let found = engine.subjects(Table::Containers, range).unwrap();
    if question.name == "list" {
        return Answer::List(found);
    }
    let metric = Metric::find(Table::Containers, question.metric.as_deref().unwrap()).unwrap();
    let wanted = |s: &&Subject| question.path.is_none() || s.text("cgroup_path") == question.path.as_deref();
    let subjects = found.iter().filter(wanted).map(Subject::key).collect();
    let cancel = Cancel::default();
    match question.name.as_str() {
        "one series" | "all containers" | "one hour" => {
            Answer::Samples(engine.samples(&SampleQuery { metric, subjects, range }, &cancel).unwrap())
        }
        "min/max" => {
            let query = WindowQuery { metric, subjects, range, columns: question.columns };
            Answer::Window(engine.window(&query, &cancel).unwrap())
        }
        "top" => {
            let query = TopQuery { metric, subjects, range, by: TopBy::Mean, most: question.most };
            let top = engine.top(&query, &cancel).unwrap();
            Answer::Top(top.leading.into_iter().map(|(key, bucket)| (key, bucket.mean)).collect())
        }
        other => panic!("no question {other:?}"),
    }
}

impl Answer {
    /// What tells a right answer from a wrong one.
    fn digest(&self) -> Value {
        match self {
            Answer::List(found) => {
                let mut all: Vec<_> =
                    found.iter().map(|s| json!([s.text("cgroup_path"), s.first, s.last])).collect();
                all.sort_by_key(ToString::to_string);
                all.into()
            }
            Answer::Samples(answer) => {
                let filled = answer.series.iter().filter(|s| !s.points.is_empty()).count();
                let points = || answer.series.iter().flat_map(|s| &s.points);
                json!([filled, points().count(), points().map(|p| p.value).sum::<f64>()])
            }
            Answer::Window(answer) => {
                let buckets = || answer.series.iter().flat_map(|(_, b)| b.columns.iter().flatten());
                json!([
                    buckets().count(),
                    buckets().map(|b| u64::from(b.count)).sum::<u64>(),
                    buckets().map(|b| b.min).sum::<f64>(),
                    buckets().map(|b| b.max).sum::<f64>(),
                ])
            }
            Answer::Top(leading) => {
                let path = |key: &SubjectKey| key.values[1].as_text().map(str::to_owned);
                leading.iter().map(|(key, mean)| json!([path(key), mean])).collect()
            }
        }
    }
}
