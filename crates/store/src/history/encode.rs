//! Rows into the bytes of a file.

use super::manifest::Digest;
use super::schema;
use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use parquet::errors::ParquetError;
use sha2::{Digest as _, Sha256};

/// A whole Parquet file with `rows`. The same rows give the same bytes.
pub(super) fn parquet(rows: impl Iterator<Item = Result<RecordBatch, ArrowError>>) -> Result<Vec<u8>, ParquetError> {
    // Arrow's own schema would make columns dictionaries again when read; only we would look at it.
    let options = ArrowWriterOptions::new().with_properties(schema::properties()).with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), schema::arrow(), options)?;
    for some in rows {
        writer.write(&some?)?;
    }
    writer.into_inner()
}

/// The SHA-256 of `bytes`.
pub(super) fn sha256(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}
