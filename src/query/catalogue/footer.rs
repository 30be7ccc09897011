//! What a sealed file says of itself.
//!
//! Owns: bytes at a file's end → [`Footer`], and the reasons for which a file is refused. Must not: read rows, or trust
//! what it reads: memory is bounded by the bytes that are there.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::thrift::{Cursor, Malformed, kind};
use crate::store::schema::{Extent, meta};

/// Read at once from the end of a file: the whole footer of most.
const GUESS: usize = 128 << 10;
/// Real footers take up to a few MB, in compacted files of many subjects.
const MAX_FOOTER: usize = 64 << 20;
/// Length of the footer and magic, at the very end.
const TAIL: usize = 8;
const MAGIC: &[u8] = b"PAR1";

/// What a footer says, as far as the catalogue needs it. Borrows from the bytes read.
#[derive(Debug)]
pub(super) struct Footer<'a> {
    pub(super) rows: u64,
    /// The schema as it stands there: files of one version have the same bytes.
    pub(super) schema: &'a [u8],
    /// By time; one, but for compacted files.
    pub(super) runs: Vec<RunExtent>,
    /// The subject index as JSON.
    pub(super) subjects: Option<&'a [u8]>,
    /// Which columns have values: a bit for each; `None` when it does not say.
    pub(super) values: Option<Box<[u8]>>,
    /// Stems of the files whose rows this one has.
    pub(super) sources: Vec<String>,
}

/// One run's ticks of a file: what `fgm.runs` lists.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RunExtent {
    pub(super) run_id: String,
    pub(super) extent: Extent,
}

/// Reads the bytes of a file's footer into `buffer`; the error is one line without the path.
pub(super) fn load<'b>(path: &Path, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], String> {
    load_from(&File::open(path).map_err(|e| e.to_string())?, buffer)
}

/// The same of an open file.
pub(in crate::query) fn load_from<'b>(file: &File, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], String> {
    let size = file.metadata().map_err(|e| e.to_string())?.len();
    if size == 0 {
        return Err("empty file".to_owned());
    }
    let read = |from_end: usize, buffer: &mut Vec<u8>| {
        buffer.resize(from_end, 0);
        match file.read_exact_at(buffer, size - from_end as u64) {
            Ok(()) => Ok(()),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err("cut while being read".to_owned()),
            Err(e) => Err(e.to_string()),
        }
    };
    let whole = usize::try_from(size).unwrap_or(usize::MAX);
    read(whole.min(GUESS), buffer)?;
    let len = footer_len(buffer, whole)?;
    if len + TAIL > buffer.len() {
        read(len + TAIL, buffer)?;
    }
    Ok(&buffer[buffer.len() - TAIL - len..buffer.len() - TAIL])
}

/// The footer's length, by a file's last bytes.
fn footer_len(end: &[u8], size: usize) -> Result<usize, String> {
    let whole = |reason: &str| format!("not a whole Parquet file ({reason})");
    let Some((rest, magic)) = end.split_last_chunk::<4>() else { return Err(whole("too short")) };
    if magic != MAGIC {
        return Err(whole("it does not end in PAR1"));
    }
    let Some((_, len)) = rest.split_last_chunk::<4>() else { return Err(whole("too short")) };
    let len = u32::from_le_bytes(*len) as usize;
    if len.saturating_add(TAIL + MAGIC.len()) > size {
        return Err(whole("its footer is longer than the file"));
    }
    if len > MAX_FOOTER {
        return Err(format!("its footer takes {len} bytes, more than fgm reads"));
    }
    Ok(len)
}

impl<'a> Footer<'a> {
    /// Understands a footer.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Footer<'a>, String> {
        let raw = Raw::parse(bytes).map_err(|Malformed| "its footer is damaged")?;
        let runs = match raw.json(meta::RUNS)? {
            Some(runs) => runs,
            None => {
                let extent =
                    raw.json(meta::EXTENT)?.ok_or("not written by fgm: its footer has no fgm.extent")?;
                let run_id =
                    String::from_utf8_lossy(raw.value(meta::RUN_ID).unwrap_or_default()).into_owned();
                vec![RunExtent { run_id, extent }]
            }
        };
        if runs.is_empty() || !runs.iter().all(|r: &RunExtent| r.extent.is_sound()) {
            return Err("its footer names no ticks that there can be".to_owned());
        }
        Ok(Footer {
            rows: u64::try_from(raw.rows).map_err(|_| "its footer is damaged")?,
            schema: raw.schema,
            runs,
            subjects: raw.value(meta::SUBJECTS),
            values: raw.value(meta::VALUES).and_then(unhex),
            sources: raw.json(meta::SOURCES)?.unwrap_or_default(),
        })
    }
}

/// The parts of Parquet's `FileMetaData`.
struct Raw<'a> {
    schema: &'a [u8],
    rows: i64,
    pairs: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> Raw<'a> {
    /// Row groups are passed over, which shows that their lists are no longer than the bytes there are.
    fn parse(bytes: &'a [u8]) -> Result<Raw<'a>, Malformed> {
        let mut raw = Raw { schema: &[], rows: -1, pairs: Vec::new() };
        Cursor::new(bytes).fields(|number, kind, at| {
            match (number, kind) {
                (2, kind::LIST) => raw.schema = at.value(kind)?,
                (3, kind::I64) => raw.rows = at.int()?,
                (5, kind::LIST) => at.structs(|at| {
                    let (mut key, mut value) = (&[][..], &[][..]);
                    at.fields(|number, kind, at| {
                        match (number, kind) {
                            (1, kind::BINARY) => key = at.binary()?,
                            (2, kind::BINARY) => value = at.binary()?,
                            _ => return Ok(false),
                        }
                        Ok(true)
                    })?;
                    raw.pairs.push((key, value));
                    Ok(())
                })?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        if raw.schema.is_empty() { Err(Malformed) } else { Ok(raw) }
    }

    fn value(&self, key: &str) -> Option<&'a [u8]> {
        Some(self.pairs.iter().find(|(k, _)| *k == key.as_bytes())?.1)
    }

    fn json<T: Deserialize<'a>>(&self, key: &str) -> Result<Option<T>, String> {
        let parse = |json| serde_json::from_slice(json).map_err(|_| format!("its footer's {key} is damaged"));
        self.value(key).map(parse).transpose()
    }
}

fn unhex(text: &[u8]) -> Option<Box<[u8]>> {
    let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    let byte = |pair: &[u8]| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?);
    text.chunks(2).map(byte).collect()
}

/// Names of the columns below a schema's root, as they stand in a footer.
pub(super) fn columns(schema: &[u8]) -> Result<Vec<String>, Malformed> {
    let mut names = Vec::new();
    Cursor::new(schema).structs(|at| {
        at.fields(|number, kind, at| {
            let is_name = (number, kind) == (4, kind::BINARY);
            if is_name {
                names.push(String::from_utf8_lossy(at.binary()?).into_owned());
            }
            Ok(is_name)
        })
    })?;
    // The first element is the root; ours have no nested columns.
    Ok(names.split_off(names.len().min(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_hexadecimal() {
        assert_eq!(unhex(b"01ff").as_deref(), Some(&[1, 255][..]));
        assert_eq!((unhex(b"0"), unhex(b"0g"), unhex(b"").as_deref()), (None, None, Some(&[][..])));
    }

    /// QRY-5: whatever stands at a file's end, the length is checked before anything is reserved for it.
    #[test]
    fn lengths_are_checked_against_the_file() {
        let end = |len: u32| [&b"...."[..], &len.to_le_bytes(), MAGIC].concat();
        assert_eq!(footer_len(&end(4), 16), Ok(4));
        assert!(footer_len(&end(5), 16).is_err() && footer_len(&end(u32::MAX), 16).is_err());
        assert!(footer_len(&end(u32::MAX), usize::MAX).is_err());
        assert!(footer_len(b"PAR1", 4).is_err() && footer_len(b"1", 1).is_err());
        assert!(footer_len(b"........PARE", 12).is_err());
    }
}
