//! Rows into the bytes of a file.
//!
//! Pages are made here, by what is known of the rows already; the library writes their heads, the row groups' metadata
//! and the indexes.

mod bits;
mod chunk;
mod values;

use super::batch::{Batch, Names, Part};
use super::manifest::Digest;
use super::schema;
pub(super) use chunk::Chunk;
use chunk::Press;
use parquet::arrow::ArrowSchemaConverter;
use parquet::errors::{ParquetError, Result};
use parquet::file::writer::SerializedFileWriter;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// A whole Parquet file with the rows of `part`. The same rows give the same bytes.
pub(super) fn parquet(batch: &Batch, part: &Part, names: &Names) -> Result<Vec<u8>, ParquetError> {
    let descr = ArrowSchemaConverter::new().convert(&schema::arrow())?;
    let properties = Arc::new(schema::properties());
    let mut file = SerializedFileWriter::new(Vec::new(), descr.root_schema_ptr(), properties)?;
    let mut press = Press::new()?;
    for rows in part.order.chunks(schema::GROUP_ROWS) {
        let mut group = file.next_row_group()?;
        let mut chunks = names.chunks(part);
        for page in rows.chunks(schema::PAGE_ROWS) {
            batch.lay(page, names, &mut chunks);
            chunks.iter_mut().try_for_each(|chunk| chunk.seal(&mut press))?;
        }
        for (chunk, descr) in chunks.into_iter().zip(descr.columns()) {
            let (bytes, close) = chunk.close(Arc::clone(descr), &mut press)?;
            group.append_column(&bytes::Bytes::from(bytes), close)?;
        }
        group.close()?;
    }
    file.into_inner()
}

/// The SHA-256 of `bytes`.
pub(super) fn sha256(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}
