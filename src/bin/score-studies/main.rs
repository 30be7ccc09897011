//! `score-studies`: what the studies say of series in a file, for whoever knows the truth about them.
//!
//! Owns: reading the series and writing predictions as CSV. Must not: know the truth, or judge.
//!
//! ```text
//! cargo run --release --bin score-studies -- changes SERIES.csv
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;

use fgm::analysis::period::Finder;
use fgm::analysis::season::cycle_s;
use fgm::analysis::{Grid, Point, change, correlate, trend};
use fgm::time::SECOND;

const USAGE: &str = "\
Usage: score-studies changes|leaks|links SERIES.csv

SERIES.csv has the columns series_id, time (seconds) and value; empty values are missing.
changes: series_id,time,before,after,confidence of each change
leaks:   series_id,is_leak,slope,low,high (per second)
links:   a,b,lag_s,r of each pair that moved together, among series whose ids agree up to a slash";

type Series = BTreeMap<String, Vec<Point>>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [what, path] = words.as_slice() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let study = match what.as_str() {
        "changes" => changes,
        "leaks" => leaks,
        "links" => links,
        _ => {
            eprintln!("score-studies: there is no study {what}; --help lists them");
            return ExitCode::from(2);
        }
    };
    match read(path) {
        Ok(series) => {
            study(&series);
            ExitCode::SUCCESS
        }
        Err(wrong) => {
            eprintln!("score-studies: {path}: {wrong}");
            ExitCode::from(3)
        }
    }
}

fn read(path: &str) -> Result<Series, String> {
    let text = fs::read_to_string(path).map_err(|e| e.to_string())?;
    let mut lines = text.lines();
    if lines.next() != Some("series_id,time,value") {
        return Err("the first line must be series_id,time,value".to_owned());
    }
    let mut series = Series::new();
    for (number, line) in lines.enumerate() {
        let point = || {
            let (id, rest) = line.split_once(',')?;
            let (time, value) = rest.split_once(',')?;
            let time = (time.parse::<f64>().ok()? * SECOND as f64) as i64;
            let value = if value.is_empty() { f64::NAN } else { value.parse().ok()? };
            Some((id, Point { time, value, gap_before: false }))
        };
        let (id, point) = point().ok_or_else(|| format!("line {}: {line}", number + 2))?;
        match series.get_mut(id) {
            Some(points) => points.push(point),
            None => drop(series.insert(id.to_owned(), vec![point])),
        }
    }
    Ok(series)
}

fn changes(series: &Series) {
    println!("series_id,time,before,after,confidence");
    let mut finder = Finder::default();
    for (id, points) in series {
        let grid = Grid::new(points, None);
        let found = change::find(&grid, cycle_s(&grid, &mut finder)).map(|c| c.changes).unwrap_or_default();
        for c in found {
            let time = c.time as f64 / SECOND as f64;
            println!("{id},{time},{},{},{}", c.before, c.after, c.confidence);
        }
    }
}

fn leaks(series: &Series) {
    println!("series_id,is_leak,slope,low,high");
    let mut finder = Finder::default();
    for (id, points) in series {
        let grid = Grid::new(points, None);
        match trend::find(&grid, cycle_s(&grid, &mut finder)) {
            Ok(t) => {
                let leak = t.verdict == trend::Verdict::Leak;
                println!("{id},{leak},{},{},{}", t.slope, t.interval.0, t.interval.1);
            }
            Err(_) => println!("{id},false,,,"),
        }
    }
}

fn links(series: &Series) {
    println!("a,b,lag_s,r");
    let all: Vec<(&String, Grid)> = series.iter().map(|(id, p)| (id, Grid::new(p, None))).collect();
    let set = |id: &str| id.split('/').next().map(str::to_owned);
    for of_set in all.chunk_by(|a, b| set(a.0) == set(b.0)) {
        let values: Vec<&[f64]> = of_set.iter().map(|(_, g)| g.values.as_slice()).collect();
        let found = correlate::compare(&values, |_, _| true, |_| true);
        for l in found.map(|f| f.links).unwrap_or_default() {
            println!("{},{},{},{}", of_set[l.a].0, of_set[l.b].0, l.lag as f64 * of_set[l.a].1.step_s(), l.r);
        }
    }
}
