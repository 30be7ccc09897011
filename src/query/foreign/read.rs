//! The long format, row by row.
//!
//! Owns: its columns, in all the types that they come in, and both forms of labels. Must not: know what names mean.
//!
//! `run_id, time, fetch_index, metric_name, metric_kind, value_int, value_float` and either nullable text columns
//! `l_<label>` or one column `labels`, a map of texts. `run_id` and `fetch_index` may be missing.

use std::fs::File;
use std::path::Path;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, MapArray, RecordBatch, StringArray,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Float64Type, Int64Type, Schema, TimeUnit, TimestampMicrosecondType, UInt64Type,
};
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::time::Micros;

const BATCH: usize = 8192;
const LABEL_PREFIX: &str = "l_";

/// What a file of this format has.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    has_run: bool,
    pub(super) has_index: bool,
    /// Columns of labels.
    labels: Vec<String>,
    /// One map instead.
    map: bool,
}

impl Layout {
    /// The layout of a schema; `None` when it is of another format.
    pub(super) fn of(schema: &Schema) -> Option<Layout> {
        let has = |name: &str| schema.field_with_name(name).is_ok();
        let is_map = |name: &str| {
            schema.field_with_name(name).is_ok_and(|f| matches!(f.data_type(), DataType::Map(_, _)))
        };
        let long = has("time") && has("metric_name") && (has("value_int") || has("value_float"));
        let labels = schema.fields().iter().map(|f| f.name().clone()).filter(|n| n.starts_with(LABEL_PREFIX));
        long.then(|| Layout {
            has_run: has("run_id"),
            has_index: has("fetch_index"),
            labels: labels.collect(),
            map: is_map("labels"),
        })
    }
}

/// A number as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    Int(i64),
    Float(f64),
    /// More than any number of ours: how a limit that is not set is spelt.
    Beyond,
}

/// When and in which run rows were taken.
pub(super) struct Moments {
    run: Option<StringArray>,
    time: TimestampMicrosecondArray,
    index: Option<Int64Array>,
}

impl Moments {
    pub(super) fn run(&self, row: usize) -> &str {
        self.run.as_ref().filter(|r| r.is_valid(row)).map_or("", |r| r.value(row))
    }

    pub(super) fn time(&self, row: usize) -> Option<Micros> {
        self.time.is_valid(row).then(|| self.time.value(row))
    }

    pub(super) fn index(&self, row: usize) -> Option<i64> {
        self.index.as_ref().filter(|i| i.is_valid(row)).map(|i| i.value(row))
    }

    pub(super) fn len(&self) -> usize {
        self.time.len()
    }
}

/// A batch of rows.
pub(super) struct Rows {
    pub(super) moments: Moments,
    name: StringArray,
    int: Option<UInt64Array>,
    /// Where `value_int` is signed.
    signed: Option<Int64Array>,
    float: Option<Float64Array>,
    columns: Vec<(String, StringArray)>,
    map: Option<(MapArray, StringArray, StringArray)>,
}

impl Rows {
    pub(super) fn name(&self, row: usize) -> &str {
        if self.name.is_valid(row) { self.name.value(row) } else { "" }
    }

    /// The value; `None` for a histogram and for what is no number.
    pub(super) fn value(&self, row: usize) -> Option<Value> {
        if let Some(v) = self.signed.as_ref().filter(|v| v.is_valid(row)) {
            return Some(Value::Int(v.value(row)));
        }
        if let Some(v) = self.int.as_ref().filter(|v| v.is_valid(row)) {
            return Some(i64::try_from(v.value(row)).map_or(Value::Beyond, Value::Int));
        }
        let v = self.float.as_ref().filter(|v| v.is_valid(row))?.value(row);
        match v {
            v if v.is_nan() => None,
            v if v.abs() >= 9e18 => Some(Value::Beyond),
            v => Some(Value::Float(v)),
        }
    }

    /// Labels with a value, in any order.
    pub(super) fn labels(&self, row: usize) -> Vec<(&str, &str)> {
        let columns =
            self.columns.iter().filter(|(_, c)| c.is_valid(row)).map(|(n, c)| (n.as_str(), c.value(row)));
        let mut all: Vec<(&str, &str)> = columns.collect();
        if let Some((map, keys, values)) = &self.map
            && map.is_valid(row)
        {
            let offsets = map.value_offsets();
            let range = offsets[row] as usize..offsets[row + 1] as usize;
            all.extend(range.filter(|i| values.is_valid(*i)).map(|i| (keys.value(i), values.value(i))));
        }
        // Nothing at all is how some versions say that they do not know.
        all.retain(|(_, value)| !value.is_empty());
        all
    }
}

/// Opens a file for its moments, or for all of its rows.
fn open(path: &Path, wanted: impl Fn(&str) -> bool) -> Result<ParquetRecordBatchReader, String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| e.to_string())?;
    let roots = builder.parquet_schema().root_schema().get_fields();
    let roots: Vec<usize> =
        roots.iter().enumerate().filter(|(_, f)| wanted(f.name())).map(|(i, _)| i).collect();
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
    builder.with_projection(mask).with_batch_size(BATCH).build().map_err(|e| e.to_string())
}

const MOMENTS: [&str; 3] = ["run_id", "time", "fetch_index"];

/// Hands over when rows were taken.
pub(super) fn moments(path: &Path, layout: &Layout, mut take: impl FnMut(&Moments)) -> Result<(), String> {
    for batch in open(path, |name| MOMENTS.contains(&name))? {
        take(&as_moments(&batch.map_err(|e| e.to_string())?, layout).map_err(|e| e.to_string())?);
    }
    Ok(())
}

/// Hands over all rows.
pub(super) fn rows(path: &Path, layout: &Layout, mut take: impl FnMut(&Rows)) -> Result<(), String> {
    let ours = |name: &str| {
        MOMENTS.contains(&name)
            || matches!(name, "metric_name" | "value_int" | "value_float")
            || (layout.map && name == "labels")
            || layout.labels.iter().any(|l| l == name)
    };
    for batch in open(path, ours)? {
        take(&as_rows(&batch.map_err(|e| e.to_string())?, layout).map_err(|e| e.to_string())?);
    }
    Ok(())
}

fn column(batch: &RecordBatch, name: &str, ty: &DataType) -> Result<ArrayRef, ArrowError> {
    let column = batch
        .column_by_name(name)
        .ok_or_else(|| ArrowError::SchemaError(format!("it has no column {name}")))?;
    cast(column, ty).map_err(|e| ArrowError::SchemaError(format!("its column {name}: {e}")))
}

fn strings(batch: &RecordBatch, name: &str) -> Result<StringArray, ArrowError> {
    Ok(column(batch, name, &DataType::Utf8)?.as_string::<i32>().clone())
}

fn as_moments(batch: &RecordBatch, layout: &Layout) -> Result<Moments, ArrowError> {
    // With or without a zone, times are in UTC.
    let time = column(batch, "time", &DataType::Timestamp(TimeUnit::Microsecond, None))?;
    let index = if layout.has_index { Some(column(batch, "fetch_index", &DataType::Int64)?) } else { None };
    Ok(Moments {
        run: if layout.has_run { Some(strings(batch, "run_id")?) } else { None },
        time: time.as_primitive::<TimestampMicrosecondType>().clone(),
        index: index.map(|i| i.as_primitive::<Int64Type>().clone()),
    })
}

fn as_rows(batch: &RecordBatch, layout: &Layout) -> Result<Rows, ArrowError> {
    let (mut int, mut signed, mut float) = (None, None, None);
    match batch.column_by_name("value_int").map(|c| c.data_type().is_signed_integer()) {
        Some(true) => {
            signed = Some(column(batch, "value_int", &DataType::Int64)?.as_primitive::<Int64Type>().clone());
        }
        Some(false) => {
            int = Some(column(batch, "value_int", &DataType::UInt64)?.as_primitive::<UInt64Type>().clone());
        }
        None => {}
    }
    if batch.column_by_name("value_float").is_some() {
        float = Some(column(batch, "value_float", &DataType::Float64)?.as_primitive::<Float64Type>().clone());
    }
    let label = |name: &String| Ok((name[LABEL_PREFIX.len()..].to_owned(), strings(batch, name)?));
    let map = if layout.map {
        let map = batch
            .column_by_name("labels")
            .and_then(|c| c.as_any().downcast_ref::<MapArray>())
            .ok_or_else(|| ArrowError::SchemaError("its labels are no map".to_owned()))?;
        let texts = |a: &ArrayRef| Ok::<_, ArrowError>(cast(a, &DataType::Utf8)?.as_string::<i32>().clone());
        Some((map.clone(), texts(map.keys())?, texts(map.values())?))
    } else {
        None
    };
    Ok(Rows {
        moments: as_moments(batch, layout)?,
        name: strings(batch, "metric_name")?,
        int,
        signed,
        float,
        columns: layout.labels.iter().map(label).collect::<Result<_, ArrowError>>()?,
        map,
    })
}
