//! Series from a Parquet file with the columns `series_id`, `time` (seconds) and `value`.
//!
//! Owns: reading and grouping. Must not: change a value.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use fgm::analysis::Point;
use fgm::time::SECOND;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// The series in the order in which they appear, each in order of time.
pub(crate) fn read(path: &Path) -> Result<Vec<(String, Vec<Point>)>, String> {
    let unreadable = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let file = File::open(path).map_err(|e| unreadable(&e))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .map_err(|e| unreadable(&e))?;
    let mut series: Vec<(String, Vec<Point>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for batch in reader {
        let batch = batch.map_err(|e| unreadable(&e))?;
        let column = |name: &str, to: &DataType| -> Result<ArrayRef, String> {
            let column = batch.column_by_name(name).ok_or_else(|| {
                unreadable(&format!("no column `{name}`; series_id, time and value are needed"))
            })?;
            cast(column, to).map_err(|e| unreadable(&format!("column `{name}`: {e}")))
        };
        let ids = column("series_id", &DataType::Utf8)?;
        let (times, values) = (column("time", &DataType::Float64)?, column("value", &DataType::Float64)?);
        let (ids, times, values) = (
            ids.as_string::<i32>(),
            times.as_primitive::<Float64Type>(),
            values.as_primitive::<Float64Type>(),
        );
        for row in (0..batch.num_rows()).filter(|&row| !times.is_null(row) && !ids.is_null(row)) {
            let id = ids.value(row);
            let place = match places.get(id) {
                Some(&place) => place,
                None => {
                    places.insert(id.to_owned(), series.len());
                    series.push((id.to_owned(), Vec::new()));
                    series.len() - 1
                }
            };
            series[place].1.push(Point {
                time: (times.value(row) * SECOND as f64).round() as i64,
                value: if values.is_null(row) { f64::NAN } else { values.value(row) },
                gap_before: false,
            });
        }
    }
    for (_, points) in &mut series {
        points.sort_by_key(|point| point.time);
    }
    Ok(series)
}
