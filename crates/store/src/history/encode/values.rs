//! The values of a column in a row group: as codes of a dictionary, or one by one.

use super::bits::{delta, hybrid, width};
use crate::history::batch::Texts;
use crate::history::schema::{Coding, Kind};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use parquet::data_type::ByteArray;
use parquet::file::statistics::Statistics;

/// Numbers from the lowest expected one on whose code stands in a table.
const DIRECT: usize = 4096;

/// The lowest and the highest of some values.
type Bounds<T> = Option<(T, T)>;

/// What a page says of itself.
pub(super) struct Said {
    /// Rows that say something.
    pub rows: usize,
    /// Its lowest and highest value, as Parquet writes them plain.
    pub bounds: Bounds<Vec<u8>>,
}

/// What was taken in.
pub(super) enum Values<'a> {
    Texts(Texted<'a>),
    Numbers(Numbers),
}

/// Texts, by code.
pub(super) struct Texted<'a> {
    texts: &'a Texts,
    is_stated: bool,
    known: Vec<Known>,
    /// The texts of the chunk's dictionary.
    entries: Vec<u32>,
    /// Of the page that is being filled.
    codes: Vec<u32>,
    bounds: Bounds<u32>,
    pages: u32,
    whole: Bounds<u32>,
}

/// A text's code in the chunk's dictionary, and the page that it was last seen in; both from 1.
#[derive(Clone, Copy, Default)]
struct Known {
    code: u32,
    page: u32,
}

/// Numbers.
pub(super) struct Numbers {
    coding: Coding,
    known: Numbered,
    /// Of the page that is being filled: codes, or the numbers themselves.
    codes: Vec<u32>,
    numbers: Vec<i64>,
    bounds: Bounds<i64>,
    whole: Bounds<i64>,
}

/// The codes of numbers.
#[derive(Default)]
struct Numbered {
    low: i64,
    /// For each number from the lowest on its code, from 1.
    direct: Vec<u32>,
    others: HashMap<i64, u32, FixedState>,
    entries: Vec<i64>,
}

impl<'a> Texted<'a> {
    /// None so far; bounds are only kept of a column that is stated.
    pub fn new(texts: &'a Texts, is_stated: bool) -> Self {
        let known = vec![Known::default(); texts.len()];
        Self { texts, is_stated, known, entries: Vec::new(), codes: Vec::new(), bounds: None, pages: 0, whole: None }
    }

    #[inline]
    pub fn take(&mut self, text: u32) {
        let Some(known) = self.known.get_mut(text as usize) else { return };
        if known.page <= self.pages {
            known.page = self.pages + 1;
            if known.code == 0 {
                self.entries.push(text);
                known.code = narrow(self.entries.len());
            }
            if self.is_stated {
                self.bounds = wider(self.texts, self.bounds, (text, text));
            }
        }
        self.codes.push(known.code - 1);
    }

    /// The texts of the dictionary.
    pub fn entries(&self) -> impl Iterator<Item = &'a str> {
        let texts = self.texts;
        self.entries.iter().map(|text| texts.text(*text))
    }

    fn seal(&mut self, out: &mut Vec<u8>) -> Said {
        let rows = coded(&mut self.codes, self.entries.len(), out);
        let bounds = self.bounds.take();
        self.pages += 1;
        if let Some(bounds) = bounds {
            self.whole = wider(self.texts, self.whole, bounds);
        }
        let bytes = |text| self.texts.text(text).as_bytes().to_vec();
        Said { rows, bounds: bounds.map(|(low, high)| (bytes(low), bytes(high))) }
    }
}

/// `bounds` so far as to hold `more`.
fn wider(texts: &Texts, bounds: Bounds<u32>, more: (u32, u32)) -> Bounds<u32> {
    let Some((low, high)) = bounds else { return Some(more) };
    let low = if texts.text(more.0) < texts.text(low) { more.0 } else { low };
    Some((low, if texts.text(more.1) > texts.text(high) { more.1 } else { high }))
}

impl Numbers {
    /// None so far; codes are fastest for numbers from `low` on.
    pub fn new(coding: Coding, low: i64) -> Self {
        let direct = if coding == Coding::Dictionary { vec![0; DIRECT] } else { Vec::new() };
        let known = Numbered { low, direct, ..Numbered::default() };
        Self { coding, known, codes: Vec::new(), numbers: Vec::new(), bounds: None, whole: None }
    }

    #[inline]
    pub fn take(&mut self, number: i64) {
        let (low, high) = self.bounds.unwrap_or((number, number));
        self.bounds = Some((low.min(number), high.max(number)));
        if self.coding == Coding::Dictionary {
            self.codes.push(self.known.code(number));
        } else {
            self.numbers.push(number);
        }
    }

    fn seal(&mut self, kind: Kind, out: &mut Vec<u8>) -> Said {
        let rows = match self.coding {
            Coding::Dictionary => coded(&mut self.codes, self.known.entries.len(), out),
            Coding::Delta => {
                delta(&self.numbers, out);
                self.numbers.len()
            }
            Coding::Plain => {
                self.numbers.iter().for_each(|number| plain(*number, kind, out));
                self.numbers.len()
            }
        };
        self.numbers.clear();
        let bounds = self.bounds.take();
        if let Some((low, high)) = bounds {
            let (lowest, highest) = self.whole.unwrap_or((low, high));
            self.whole = Some((lowest.min(low), highest.max(high)));
        }
        let bytes = |number| {
            let mut bytes = Vec::with_capacity(8);
            plain(number, kind, &mut bytes);
            bytes
        };
        Said { rows, bounds: bounds.map(|(low, high)| (bytes(low), bytes(high))) }
    }
}

impl Numbered {
    #[inline]
    fn code(&mut self, number: i64) -> u32 {
        let next = narrow(self.entries.len());
        let place = usize::try_from(number.wrapping_sub(self.low)).ok();
        let code = match place.and_then(|place| self.direct.get_mut(place)) {
            Some(code) => {
                *code = if *code == 0 { next + 1 } else { *code };
                *code - 1
            }
            None => *self.others.entry(number).or_insert(next),
        };
        if code == next {
            self.entries.push(number);
        }
        code
    }
}

impl Values<'_> {
    /// Ends a page: appends its body to `out`.
    pub fn seal(&mut self, kind: Kind, out: &mut Vec<u8>) -> Said {
        match self {
            Self::Texts(texts) => texts.seal(out),
            Self::Numbers(numbers) => numbers.seal(kind, out),
        }
    }

    /// Appends the dictionary to `out`, and gives how many entries it has.
    pub fn dictionary(&self, kind: Kind, out: &mut Vec<u8>) -> usize {
        match self {
            Self::Texts(texts) => {
                for text in texts.entries() {
                    out.extend(narrow(text.len()).to_le_bytes());
                    out.extend(text.as_bytes());
                }
                texts.entries.len()
            }
            Self::Numbers(numbers) => {
                numbers.known.entries.iter().for_each(|number| plain(*number, kind, out));
                numbers.known.entries.len()
            }
        }
    }

    /// The bounds of all pages so far.
    pub fn statistics(&self, kind: Kind, nulls: u64) -> Statistics {
        let nulls = Some(nulls);
        match self {
            Self::Texts(texts) => {
                let bytes = |text| ByteArray::from(texts.texts.text(text));
                let (low, high) = texts.whole.map(|(low, high)| (bytes(low), bytes(high))).unzip();
                Statistics::byte_array(low, high, None, nulls, false)
            }
            Self::Numbers(numbers) => {
                let (low, high) = numbers.whole.unzip();
                let narrow = |number: Option<i64>| number.and_then(|number| i32::try_from(number).ok());
                match kind {
                    Kind::Int => Statistics::int32(narrow(low), narrow(high), None, nulls, false),
                    Kind::Text | Kind::Long | Kind::Moment => Statistics::int64(low, high, None, nulls, false),
                }
            }
        }
    }
}

/// Appends `codes` of a dictionary with `entries`, forgets them, and gives how many there were.
fn coded(codes: &mut Vec<u32>, entries: usize, out: &mut Vec<u8>) -> usize {
    let width = width(entries.saturating_sub(1) as u64);
    out.push(width);
    hybrid(codes, width, out);
    let rows = codes.len();
    codes.clear();
    rows
}

#[inline]
fn plain(number: i64, kind: Kind, out: &mut Vec<u8>) {
    match kind {
        // Such columns are filled from numbers of 16 bits.
        Kind::Int => out.extend(i32::try_from(number).unwrap_or(i32::MAX).to_le_bytes()),
        Kind::Text | Kind::Long | Kind::Moment => out.extend(number.to_le_bytes()),
    }
}

pub(super) fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
