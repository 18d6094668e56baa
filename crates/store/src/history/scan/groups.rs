//! The row groups of a file, one after the other.
//!
//! Groups are passed over by their statistics and bloom filters, pages by their bounds, rows first by the codes of their
//! two addresses, of which nothing is made text, then by the few other columns that the query needs. What is left of a
//! group is decoded when it is asked for.

use super::Query;
use crate::history::Segment;
use crate::history::schema::{self, column};
use arrow::array::{Array, AsArray as _, BooleanArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema, SchemaRef, TimestampMicrosecondType};
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicateFn, ArrowReaderMetadata, ArrowReaderOptions, RowFilter, RowSelection,
};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, RowGroupMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;
use wardlight_model::Time;

/// Rows decoded at once.
const STEP_ROWS: usize = 4096;

/// What is left to be read of a file.
pub(super) struct Groups {
    file: File,
    metadata: ArrowReaderMetadata,
    /// The same, with addresses as they are written: a code for each row.
    coded: ArrowReaderMetadata,
    waiting: Range<usize>,
    open: Option<ParquetRecordBatchReader>,
    takes_all: bool,
    address: Option<String>,
}

impl Groups {
    /// Those of `file`, which is `segment`, for `query`.
    pub fn new(file: File, query: &Query, segment: &Segment) -> Result<Self, ParquetError> {
        let indexes = PageIndexPolicy::from(query.address.is_some());
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true).with_page_index_policy(indexes);
        let metadata = ArrowReaderMetadata::load(&file, options.clone())?;
        let coded = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options.with_schema(coded()))?;
        let waiting = 0..metadata.metadata().num_row_groups();
        let (takes_all, address) = (query.holds_all_of(segment), query.address.map(|address| address.to_string()));
        Ok(Self { file, metadata, coded, waiting, open: None, takes_all, address })
    }

    /// The next rows that `query` asks for, at least one.
    pub fn next(&mut self, query: &Query) -> Result<Option<RecordBatch>, ParquetError> {
        loop {
            match self.open.as_mut().and_then(Iterator::next).transpose()? {
                Some(batch) if batch.num_rows() > 0 => return Ok(Some(batch)),
                Some(_) => {}
                None => match self.waiting.next() {
                    Some(group) => self.open = self.open(group, query)?,
                    None => return Ok(None),
                },
            }
        }
    }

    fn builder(&self, metadata: &ArrowReaderMetadata) -> Result<Builder, ParquetError> {
        Ok(Builder::new_with_metadata(self.file.try_clone()?, metadata.clone()))
    }

    /// What reads the group; `None` when it holds no row that is asked for.
    fn open(&self, group: usize, query: &Query) -> Result<Option<ParquetRecordBatchReader>, ParquetError> {
        let mut builder = self.builder(&self.metadata)?.with_row_groups(vec![group]).with_batch_size(STEP_ROWS);
        if !self.takes_all {
            if !may_hold(self.metadata.metadata().row_group(group), query) {
                return Ok(None);
            }
            if let Some(address) = &self.address {
                let rows = self.rows_of(group, address)?;
                if !rows.selects_any() {
                    return Ok(None);
                }
                builder = builder.with_row_selection(rows);
            }
            let needed = [column::TS, column::DURATION, column::SCOPE, column::SERVICE];
            let mask = ProjectionMask::leaves(builder.parquet_schema(), needed);
            let query = query.clone();
            let wanted = ArrowPredicateFn::new(mask, move |batch| wanted(&query, &batch));
            builder = builder.with_row_filter(RowFilter::new(vec![Box::new(wanted)]));
        }
        builder.build().map(Some)
    }

    /// The rows of the group that begin or end at `address`: in pages with such initiators, and anywhere when the
    /// responders' bloom filter leaves room.
    fn rows_of(&self, group: usize, address: &str) -> Result<RowSelection, ParquetError> {
        let builder = self.builder(&self.coded)?;
        let facts = builder.metadata().row_group(group);
        let rows = count(facts);
        let may_end = may_say(facts, column::RESP_H, address)
            && builder
                .get_row_group_column_bloom_filter(group, column::RESP_H)?
                .is_none_or(|bloom| bloom.check(&address));
        let begun = if may_say(facts, column::ORIG_H, address) {
            pages(builder.metadata(), group, address)
        } else {
            Some(Vec::new())
        };
        let (places, sought) = match begun {
            Some(pages) if !may_end => {
                (RowSelection::from_consecutive_ranges(pages.into_iter(), rows), vec![column::ORIG_H])
            }
            Some(pages) if pages.is_empty() => (whole(rows), vec![column::RESP_H]),
            _ => (whole(rows), vec![column::ORIG_H, column::RESP_H]),
        };
        if !places.selects_any() {
            return Ok(places);
        }
        let mask = ProjectionMask::leaves(builder.parquet_schema(), sought);
        let builder = builder.with_row_groups(vec![group]).with_row_selection(places.clone()).with_projection(mask);
        // In one piece: the texts of the codes are looked through for each.
        let found: Result<Vec<BooleanArray>, ArrowError> = builder
            .with_batch_size(schema::GROUP_ROWS)
            .build()?
            .map(|batch| {
                let batch = batch?;
                let mut ends = batch.columns().iter().map(|codes| equal(codes, address));
                let first = ends.next().ok_or_else(wrong)??;
                ends.try_fold(first, |either, end| arrow::compute::or(&either, &end?))
            })
            .collect();
        Ok(places.and_then(&RowSelection::from_filters(&found?)))
    }
}

fn whole(rows: usize) -> RowSelection {
    RowSelection::from_consecutive_ranges(std::iter::once(0..rows), rows)
}

type Builder = ParquetRecordBatchReaderBuilder<File>;

/// The columns with both addresses as codes.
fn coded() -> SchemaRef {
    let plain = schema::arrow();
    let code = |(place, field): (usize, &Arc<Field>)| {
        let is_coded = [column::ORIG_H, column::RESP_H].contains(&place);
        let kind = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        if is_coded { Arc::new(field.as_ref().clone().with_data_type(kind)) } else { Arc::clone(field) }
    };
    Arc::new(Schema::new(plain.fields().iter().enumerate().map(code).collect::<Vec<_>>()))
}

/// Which of the codes stand for `address`.
fn equal(codes: &dyn Array, address: &str) -> Result<BooleanArray, ArrowError> {
    let codes = codes.as_dictionary_opt::<Int32Type>().ok_or_else(wrong)?;
    let texts: &StringArray = codes.values().as_string_opt().ok_or_else(wrong)?;
    let is_it: Vec<bool> = texts.iter().map(|text| text == Some(address)).collect();
    Ok(codes.keys_iter().map(|key| Some(key.is_some_and(|key| is_it.get(key).copied().unwrap_or(false)))).collect())
}

/// Whether the statistics leave room for a row that is asked for.
fn may_hold(group: &RowGroupMetaData, query: &Query) -> bool {
    let number = |place: usize| match group.columns().get(place).and_then(|chunk| chunk.statistics()) {
        Some(Statistics::Int64(found)) => found.min_opt().copied().zip(found.max_opt().copied()),
        _ => None,
    };
    query.service.as_ref().is_none_or(|service| may_say(group, column::SERVICE, service))
        && query.scope.is_none_or(|scope| {
            number(column::SCOPE).is_none_or(|(low, high)| (low..=high).contains(&i64::from(scope.0)))
        })
        && number(column::TS).is_none_or(|(low, _)| query.spans(Time::from_micros(low), Time::from_micros(i64::MAX)))
}

/// Whether the statistics leave room for `text` in the column at `place`.
fn may_say(group: &RowGroupMetaData, place: usize, text: &str) -> bool {
    let statistics = group.columns().get(place).and_then(|chunk| chunk.statistics());
    let bounds = statistics.and_then(|found| Some((found.min_bytes_opt()?, found.max_bytes_opt()?)));
    bounds.is_none_or(|(low, high)| low <= text.as_bytes() && text.as_bytes() <= high)
}

/// The pages of the group with initiators about `address`, as ranges of rows; `None` when the file does not say.
fn pages(metadata: &ParquetMetaData, group: usize, address: &str) -> Option<Vec<Range<usize>>> {
    let ColumnIndexMetaData::BYTE_ARRAY(bounds) = metadata.column_index()?.get(group)?.get(column::ORIG_H)? else {
        return None;
    };
    let pages = metadata.offset_index()?.get(group)?.get(column::ORIG_H)?.page_locations();
    let firsts: Option<Vec<usize>> = pages.iter().map(|page| usize::try_from(page.first_row_index).ok()).collect();
    let firsts = firsts?;
    let ends = firsts.iter().skip(1).copied().chain([count(metadata.row_groups().get(group)?)]);
    let bounds = bounds.min_values_iter().zip(bounds.max_values_iter());
    let fits = |(low, high): (Option<&[u8]>, Option<&[u8]>)| {
        low.is_some_and(|low| low <= address.as_bytes()) && high.is_some_and(|high| address.as_bytes() <= high)
    };
    let pages = firsts.iter().copied().zip(ends).zip(bounds).filter(|(_, bounds)| fits(*bounds));
    Some(pages.map(|((first, end), _)| first..end).collect())
}

fn count(group: &RowGroupMetaData) -> usize {
    usize::try_from(group.num_rows()).unwrap_or(0)
}

/// Which rows of the four columns ts, duration, scope, service `query` asks for, whatever their addresses.
fn wanted(query: &Query, batch: &RecordBatch) -> Result<BooleanArray, ArrowError> {
    let [ts, duration, scope, service] = batch.columns() else { return Err(wrong()) };
    let ts = ts.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(wrong)?;
    let duration = duration.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?;
    let scope = scope.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?;
    let service: &StringArray = service.as_string_opt().ok_or_else(wrong)?;
    let times = ts.iter().flatten().zip(duration.iter().flatten());
    let rows = times.zip(scope.iter().flatten()).zip(service);
    let is_wanted = rows.map(|(((ts, duration), scope), service)| {
        let first = Time::from_micros(ts);
        query.spans(first, first.plus(duration))
            && query.scope.is_none_or(|wanted| i64::from(wanted.0) == scope)
            && query.service.as_deref().is_none_or(|wanted| service == Some(wanted))
    });
    Ok(is_wanted.map(Some).collect())
}

fn wrong() -> ArrowError {
    ArrowError::SchemaError("the columns that filters need are of other types".to_owned())
}
