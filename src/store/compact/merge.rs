//! Several sorted files → one, column by column.
//!
//! Owns: the columns of the result, its encodings and its checksums. Must not: choose what is merged, or remove
//! anything.

use std::fs::File;
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use super::column::{Column, Piece};
use super::disk::{Disk, DiskFile};
use super::index;
use super::order::{Order, order};
use super::pace::Control;
use super::source::Source;
use super::{Trouble, guarded};
use crate::metric::{Kind, Table};
use crate::store::bits::Bits;
use crate::store::schema;

/// Rows of a row group: what of one column is held at a time.
const GROUP_ROWS: usize = 1 << 18;
/// Rows of a page, which is what a reader of one subject decodes at least.
const PAGE_ROWS: usize = 20_000;
/// Larger zstd windows gain little and take megabytes (specs/decisions/0010).
const LEVEL: i32 = 3;

/// What has been written, to compare it with what can be read.
pub(super) struct Written {
    pub(super) rows: u64,
    pub(super) metadata: Vec<KeyValue>,
    /// Of each column of each row group.
    pub(super) checksums: Vec<Vec<u64>>,
}

/// A row group of the result: where its rows come from.
#[derive(Default)]
struct Group {
    rows: usize,
    /// By source, in the order of its rows.
    pieces: Vec<Vec<Piece>>,
}

/// Writes all rows of the sources into a file. `table` is `None` for events, which have no subjects.
pub(super) fn write(
    table: Option<Table>,
    sources: &[Source],
    (disk, file): (&dyn Disk, &File),
    control: &Control,
) -> Result<Written, Trouble> {
    let fields = fields(sources)?;
    let labels = labels(table, &fields);
    let order = order(sources, &labels, index::width(table), control)?;
    let mut metadata = index::metadata(table, sources, &order);
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let properties = properties(&schema, metadata.clone());
    let root = ArrowSchemaConverter::new().convert(&schema).map_err(Trouble::Write)?.root_schema_ptr();
    let target = DiskFile { disk, file };
    let mut writer = SerializedFileWriter::new(target, root, Arc::new(properties)).map_err(Trouble::Write)?;
    let (mut column, mut checksums, mut bits) = (Column::default(), Vec::new(), Bits::new(&schema));
    let mut rows = 0;
    for group in groups(&order, sources.len()) {
        let mut row_group = writer.next_row_group().map_err(Trouble::Write)?;
        let mut sums = Vec::with_capacity(schema.fields().len());
        for (at, field) in schema.fields().iter().enumerate() {
            column.clear(group.rows);
            for (source, pieces) in sources.iter().zip(&group.pieces).filter(|(_, p)| !p.is_empty()) {
                if let Some(from) = source.column(field.name()) {
                    guarded(|| column.take(source, from, pieces)).map_err(|e| source.refuse(e))?;
                }
            }
            bits.set(at, column.has_values());
            sums.push(column.checksum());
            let written = row_group.next_column().and_then(|chunk| {
                let mut chunk = chunk.ok_or_else(|| no_column(field))?;
                column.write(chunk.untyped(), field.is_nullable())?;
                chunk.close()
            });
            written.map_err(Trouble::Write)?;
            control.breathe()?;
        }
        row_group.close().map_err(Trouble::Write)?;
        rows += group.rows as u64;
        checksums.push(sums);
    }
    let values = bits.key_value();
    writer.append_key_value_metadata(values.clone());
    metadata.push(values);
    writer.close().map_err(Trouble::Write)?;
    Ok(Written { rows, metadata, checksums })
}

fn no_column(field: &FieldRef) -> ParquetError {
    ParquetError::General(format!("no column writer for {}", field.name()))
}

/// The columns of all sources by name: those of the newest version first, then what others have beside them.
fn fields(sources: &[Source]) -> Result<Vec<FieldRef>, Trouble> {
    let mut by_age: Vec<&Source> = sources.iter().collect();
    by_age.sort_by_key(|s| (std::cmp::Reverse(s.version), std::cmp::Reverse(s.schema.fields.len())));
    let mut all: Vec<FieldRef> = Vec::new();
    for source in &by_age {
        for field in &source.schema.fields {
            match all.iter_mut().find(|f| f.name() == field.name()) {
                None => all.push(Arc::clone(field)),
                Some(known) if known.data_type() != field.data_type() => {
                    let (name, own, other) = (field.name(), field.data_type(), known.data_type());
                    return Err(source.refuse(format!("its column {name} is {own}, in newer files {other}")));
                }
                Some(known) if field.is_nullable() && !known.is_nullable() => {
                    *known = Arc::new(known.as_ref().clone().with_nullable(true));
                }
                Some(_) => {}
            }
        }
    }
    for source in by_age {
        if let Some(missing) = all.iter().find(|f| !f.is_nullable() && source.column(f.name()).is_none()) {
            return Err(source.refuse(format!("it has no column {}", missing.name())));
        }
    }
    Ok(all)
}

/// Names of the labels in the order in which rows are sorted by them; none for events, whose order is that of time.
fn labels(table: Option<Table>, fields: &[FieldRef]) -> Vec<&str> {
    let Some(table) = table else { return Vec::new() };
    let lead = table.labels()[..index::width(Some(table))].iter().map(|l| l.name);
    let is_label = |f: &&FieldRef| {
        f.metadata().get("kind").is_some_and(|k| k == "label") || table.label_index(f.name()).is_some()
    };
    let mut names: Vec<&str> = lead.collect();
    for field in fields.iter().filter(is_label) {
        if !names.contains(&field.name().as_str()) {
            names.push(field.name());
        }
    }
    names
}

/// Cuts the rows into row groups.
fn groups(order: &Order, sources: usize) -> Vec<Group> {
    let empty = || Group { rows: 0, pieces: vec![Vec::new(); sources] };
    let mut all: Vec<Group> = Vec::new();
    let mut group = empty();
    for run in &order.runs {
        let mut done = 0;
        while done < run.rows {
            let rows = (run.rows - done).min(GROUP_ROWS - group.rows);
            let piece = Piece { row: run.row + done as u64, rows, to: group.rows };
            group.pieces[run.source as usize].push(piece);
            group.rows += rows;
            done += rows;
            if group.rows == GROUP_ROWS {
                all.push(std::mem::replace(&mut group, empty()));
            }
        }
    }
    if group.rows > 0 {
        all.push(group);
    }
    for pieces in all.iter_mut().flat_map(|g| &mut g.pieces) {
        pieces.sort_unstable_by_key(|p| p.row);
    }
    all
}

/// A subject's run is long here, so that differences of counters are small numbers side by side; derived gauges have few
/// different values (measured in specs/decisions/0010).
fn properties(schema: &SchemaRef, metadata: Vec<KeyValue>) -> WriterProperties {
    let mut p = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(LEVEL).unwrap_or_default()))
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_created_by(format!("fgm {}", env!("CARGO_PKG_VERSION")))
        .set_key_value_metadata(Some(metadata));
    for field in schema.fields() {
        let path = ColumnPath::from(field.name().as_str());
        let is_time = [schema::TIME, schema::TICK, schema::TICK_NO].contains(&field.name().as_str());
        let is_counter = field.metadata().get("kind").is_some_and(|kind| kind == Kind::Counter.name());
        if *field.data_type() == schema::text() || *field.data_type() == DataType::Float64 {
            p = p.set_column_dictionary_enabled(path.clone(), true);
        } else if field.data_type().is_signed_integer() && is_counter || is_time {
            p = p.set_column_encoding(path.clone(), Encoding::DELTA_BINARY_PACKED);
        }
        // What files are sorted by, and what is asked for by name or time.
        if is_time || field.metadata().get("kind").is_some_and(|kind| kind == "label") {
            p = p.set_column_statistics_enabled(path, EnabledStatistics::Page);
        }
    }
    let mut p = p.build();
    add_encoded_arrow_schema_to_metadata(schema, &mut p);
    p
}
