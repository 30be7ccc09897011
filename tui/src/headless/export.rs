//! `export`: series into a file, as numbers or as a picture (TUI-6).
//!
//! Owns: the format that is meant. Must not: write numbers or draw (`query` and the view do).

use std::path::PathBuf;
use std::process::ExitCode;

use super::args::{ExportArgs, ExportFormat, Format, Output, QueryArgs, ViewArgs};
use super::picture::settled;
use super::print::{self, Trouble};
use super::{Recording, code, series, view};
use crate::cli::{self, Failure, NOTHING, USAGE};
use crate::view::svg;

/// Writes.
pub(super) fn run(args: &ExportArgs, data: Option<PathBuf>) -> Result<ExitCode, Trouble> {
    let format = match format(args)? {
        ExportFormat::Svg => return picture(args, data),
        ExportFormat::Csv => Format::Csv,
        ExportFormat::Json => Format::Json,
        ExportFormat::Parquet => Format::Parquet,
    };
    if args.sum_by.is_some() && args.columns.is_none() {
        let line = "sums are exported in buckets: give --columns N beside --sum-by";
        return Err(Failure::new(USAGE, line).into());
    }
    let query = QueryArgs {
        words: args.words.clone(),
        columns: args.columns.unwrap_or(1),
        raw: args.columns.is_none(),
        sum_by: args.sum_by,
        part: args.part.clone(),
        output: output(args, format),
    };
    series::run(&query, data)
}

fn output(args: &ExportArgs, format: Format) -> Output {
    Output { format, file: args.file.clone(), tz: args.tz.clone() }
}

fn format(args: &ExportArgs) -> Result<ExportFormat, Failure> {
    if let Some(format) = args.format {
        return Ok(format);
    }
    let Some(file) = &args.file else { return Ok(ExportFormat::Csv) };
    match file.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => Ok(ExportFormat::Csv),
        Some("json") => Ok(ExportFormat::Json),
        Some("parquet") => Ok(ExportFormat::Parquet),
        Some("svg") => Ok(ExportFormat::Svg),
        _ => Err(Failure::new(
            USAGE,
            format!(
                "{}: which format is meant? Name it .csv, .json, .parquet or .svg, or give --format",
                file.display()
            ),
        )),
    }
}

fn picture(args: &ExportArgs, data: Option<PathBuf>) -> Result<ExitCode, Trouble> {
    let (metrics, paths) = series::split(&args.words)?;
    if metrics.len() > 1 {
        return Err(Failure::new(USAGE, "a picture shows one metric; export one after the other").into());
    }
    let recording = Recording::open(&paths, data, args.tz.as_ref())?;
    let range = recording.range(&args.part)?;
    let wanted = ViewArgs {
        metric: metrics,
        scale: vec![args.scale],
        subject: args.part.subject.clone(),
        include: args.part.include.clone(),
        exclude: args.part.exclude.clone(),
        range: Some(args.part.range),
        sum_by: args.sum_by,
        ..ViewArgs::default()
    };
    let zone = cli::zone_or_system(args.tz.as_ref());
    let (engine, opening) = view::asked(recording.engine, &wanted, &zone);
    // The state shows as many columns as a terminal of this width has dots: one to each pixel.
    let columns = u16::try_from(args.width).unwrap_or(u16::MAX);
    let app = settled(&engine, zone, opening?, (columns, 100));
    let drawn = svg::draw(&app, app.panel(), args.width, args.height);
    let Some(drawn) = drawn else {
        let line = format!(
            "no values of {} from {} on",
            app.panel().metric.name,
            crate::naming::instant(range.start)
        );
        return Err(Failure::new(NOTHING, line).into());
    };
    Ok(code(print::lines(&output(args, Format::Text), drawn.lines())?))
}
