//! One column of a row group: values in, pages out.
//!
//! The texts and most numbers of flows come again and again. Their codes are known, so that a dictionary costs a look
//! into a table a row, where the library's own writer hashes every value.

use super::bits::hybrid;
use super::values::{Numbers, Texted, Values, narrow};
use crate::history::batch::Texts;
use crate::history::schema::{self, Coding, Column, Kind};
use parquet::basic::{Compression, Encoding, EncodingMask, PageType, ZstdLevel};
use parquet::bloom_filter::Sbbf;
use parquet::column::page::{CompressedPage, Page, PageWriter as _};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::Result;
use parquet::file::metadata::{ColumnChunkMetaData, ColumnIndexBuilder, OffsetIndexBuilder, PageEncodingStats};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;

/// Share of addresses that a bloom filter takes for ones it holds.
const BLOOM_ERROR: f64 = 0.05;

/// Makes bodies of pages small.
pub(super) struct Press {
    zstd: Compressor<'static>,
    body: Vec<u8>,
}

/// A column of a row group, as far as it was filled.
pub(in crate::history) struct Chunk<'a> {
    column: &'static Column,
    values: Values<'a>,
    /// Of the page that is being filled: for each row whether it says something.
    levels: Vec<u32>,
    pages: Vec<Sealed>,
}

/// A page that is full.
struct Sealed {
    page: CompressedPage,
    rows: usize,
    nulls: usize,
    bounds: Option<(Vec<u8>, Vec<u8>)>,
}

impl Press {
    pub fn new() -> Result<Self> {
        Ok(Self { zstd: Compressor::new(schema::ZSTD_LEVEL)?, body: Vec::new() })
    }

    /// The body as a page of `coding` holds it, and its length before.
    fn squeeze(&mut self, coding: Coding) -> Result<(Vec<u8>, usize)> {
        let length = self.body.len();
        let small = if coding.is_squeezed() { self.zstd.compress(&self.body)? } else { self.body.clone() };
        self.body.clear();
        Ok((small, length))
    }
}

impl<'a> Chunk<'a> {
    /// An empty one of `column`. Codes of texts are those of `texts`; numbers are expected from `low` on.
    pub fn new(column: &'static Column, texts: Option<&'a Texts>, low: i64) -> Self {
        let numbers = || Values::Numbers(Numbers::new(column.coding, low));
        let values = texts.map_or_else(numbers, |texts| Values::Texts(Texted::new(texts, column.is_stated)));
        Self { column, values, levels: Vec::new(), pages: Vec::new() }
    }

    /// Takes the codes of some rows' texts.
    pub fn texts(&mut self, codes: impl Iterator<Item = u32>) {
        if let Values::Texts(texts) = &mut self.values {
            codes.for_each(|code| texts.take(code));
        }
    }

    /// Takes the codes of some rows' texts; `None` for a row that says nothing.
    pub fn maybe_texts(&mut self, codes: impl Iterator<Item = Option<u32>>) {
        if let Values::Texts(texts) = &mut self.values {
            for code in codes {
                self.levels.push(code.is_some().into());
                code.into_iter().for_each(|code| texts.take(code));
            }
        }
    }

    /// Takes the numbers of some rows.
    pub fn numbers(&mut self, more: impl Iterator<Item = i64>) {
        if let Values::Numbers(numbers) = &mut self.values {
            more.for_each(|number| numbers.take(number));
        }
    }

    /// Takes the numbers of some rows; `None` for a row that says nothing.
    pub fn maybe_numbers(&mut self, more: impl Iterator<Item = Option<i64>>) {
        if let Values::Numbers(numbers) = &mut self.values {
            for number in more {
                self.levels.push(number.is_some().into());
                number.into_iter().for_each(|number| numbers.take(number));
            }
        }
    }

    /// Ends the page that is being filled.
    pub(super) fn seal(&mut self, press: &mut Press) -> Result<()> {
        if self.column.may_miss {
            press.body.extend([0; 4]);
            hybrid(&self.levels, 1, &mut press.body);
            let length = narrow(press.body.len() - 4).to_le_bytes();
            press.body.iter_mut().zip(length).for_each(|(to, from)| *to = from);
        }
        let said = self.values.seal(self.column.kind, &mut press.body);
        let rows = if self.column.may_miss { self.levels.len() } else { said.rows };
        self.levels.clear();
        let (body, length) = press.squeeze(self.column.coding)?;
        let page = Page::DataPage {
            buf: body.into(),
            num_values: narrow(rows),
            encoding: self.column.coding.encoding(),
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let page = CompressedPage::new(page, length);
        self.pages.push(Sealed { page, rows, nulls: rows - said.rows, bounds: said.bounds });
        Ok(())
    }

    /// The whole column: its bytes, and what a row group notes of them.
    pub(super) fn close(mut self, descr: ColumnDescPtr, press: &mut Press) -> Result<(Vec<u8>, ColumnCloseResult)> {
        let Column { kind, coding, .. } = *self.column;
        let rows = self.pages.iter().map(|page| page.rows).sum();
        let nulls = self.pages.iter().map(|page| page.nulls).sum();
        let mut builder = ColumnChunkMetaData::builder(descr)
            .set_compression(compression(coding))
            .set_num_values(signed(rows))
            .set_encodings_mask(EncodingMask::new_from_encodings(coding.encodings().iter()));
        if self.column.is_stated {
            builder = builder.set_statistics(self.values.statistics(kind, unsigned(nulls)));
        }
        let mut written = Written::default();
        if coding == Coding::Dictionary {
            written.dictionary(&self.values, kind, press)?;
            builder = builder.set_dictionary_page_offset(Some(0));
        }
        builder = builder.set_data_page_offset(written.small);
        let bloom_filter = self.bloom()?;
        let mut columns = ColumnIndexBuilder::new(kind.physical());
        let mut offsets = OffsetIndexBuilder::new();
        for Sealed { page, rows, nulls, bounds } in std::mem::take(&mut self.pages) {
            let (low, high) = bounds.unwrap_or_default();
            columns.append(nulls == rows, low, high, signed(nulls));
            offsets.append_row_count(signed(rows));
            let (offset, size) = written.page(page)?;
            offsets.append_offset_and_size(offset, size);
        }
        let metadata = builder
            .set_total_uncompressed_size(written.large)
            .set_total_compressed_size(written.small)
            .set_page_encoding_stats(written.stats(coding))
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: written.small.unsigned_abs(),
            rows_written: unsigned(rows),
            metadata,
            bloom_filter,
            column_index: self.column.is_stated.then(|| columns.build()).transpose()?,
            offset_index: Some(offsets.build()),
        };
        Ok((written.bytes, close))
    }

    fn bloom(&self) -> Result<Option<Sbbf>> {
        let Values::Texts(texts) = &self.values else { return Ok(None) };
        if !self.column.is_sought {
            return Ok(None);
        }
        let mut bloom = Sbbf::new_with_ndv_fpp(unsigned(texts.entries().count()).max(1), BLOOM_ERROR)?;
        texts.entries().for_each(|text| bloom.insert(text));
        Ok(Some(bloom))
    }
}

/// The bytes of a column, page by page.
#[derive(Default)]
struct Written {
    bytes: Vec<u8>,
    /// Length of all pages with their heads, before they were squeezed and after.
    large: i64,
    small: i64,
    /// Pages of data.
    pages: i32,
}

impl Written {
    fn dictionary(&mut self, values: &Values<'_>, kind: Kind, press: &mut Press) -> Result<()> {
        let entries = values.dictionary(kind, &mut press.body);
        let (body, length) = press.squeeze(Coding::Dictionary)?;
        let page = Page::DictionaryPage {
            buf: body.into(),
            num_values: narrow(entries),
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        self.page(CompressedPage::new(page, length))?;
        self.pages = 0;
        Ok(())
    }

    /// Where the page begins, and how long it is with its head.
    fn page(&mut self, page: CompressedPage) -> Result<(i64, i32)> {
        let offset = self.small;
        let mut sink = TrackedWrite::new(&mut self.bytes);
        let spec = SerializedPageWriter::new(&mut sink).write_page(page)?;
        sink.into_inner()?;
        self.large += signed(spec.uncompressed_size);
        self.small += signed(spec.compressed_size);
        self.pages += 1;
        Ok((offset, i32::try_from(spec.compressed_size).unwrap_or(i32::MAX)))
    }

    fn stats(&self, coding: Coding) -> Vec<PageEncodingStats> {
        let dictionary =
            PageEncodingStats { page_type: PageType::DICTIONARY_PAGE, encoding: Encoding::PLAIN, count: 1 };
        let pages =
            PageEncodingStats { page_type: PageType::DATA_PAGE, encoding: coding.encoding(), count: self.pages };
        (coding == Coding::Dictionary).then_some(dictionary).into_iter().chain([pages]).collect()
    }
}

fn compression(coding: Coding) -> Compression {
    let level = ZstdLevel::try_new(schema::ZSTD_LEVEL).unwrap_or_default();
    if coding.is_squeezed() { Compression::ZSTD(level) } else { Compression::UNCOMPRESSED }
}

fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
