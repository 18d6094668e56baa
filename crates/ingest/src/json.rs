//! JSON objects one by one, out of lines or out of a long list, in bounded memory (RFC 8259).

use crate::ReadError;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read};

/// Longest object, in bytes.
pub const LONGEST: usize = 1 << 20;
/// Deepest nesting of what stands around the objects.
const DEPTH: usize = 32;

/// An object with its fields as they stand, the later of two with the same name left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object {
    fields: serde_json::Map<String, Value>,
    /// Names that come more than once.
    pub doubled: usize,
}

impl Object {
    /// Reads one. Errors: why it is none, without any of its text.
    pub fn read(text: &[u8]) -> Result<Self, &'static str> {
        serde_json::from_slice::<Self>(text).map_err(|error| match error.classify() {
            serde_json::error::Category::Eof => "ends before the object does",
            serde_json::error::Category::Syntax => "is no JSON",
            _ => "is no JSON object",
        })
    }

    /// The value at `path`: names parted by dots; as one name first, since some write names with dots.
    pub fn at(&self, path: &str) -> Option<&Value> {
        if let Some(value) = self.fields.get(path) {
            return Some(value).filter(|value| !value.is_null());
        }
        let mut parts = path.split('.');
        let first = self.fields.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part)).filter(|value| !value.is_null())
    }

    /// Text, or a number as text, at `path`.
    pub fn text(&self, path: &str) -> Option<String> {
        text(self.at(path)?)
    }

    /// A whole number from 0 up at `path`.
    pub fn number(&self, path: &str) -> Option<u64> {
        match self.at(path)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Its fields.
    pub fn fields(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.fields.iter()
    }
}

/// Text, or a number as text.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(if *is { "yes" } else { "no" }.to_owned()),
        _ => None,
    }
}

impl<'de> serde::Deserialize<'de> for Object {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut object = Object::default();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    match object.fields.entry(name) {
                        serde_json::map::Entry::Vacant(free) => drop(free.insert(value)),
                        serde_json::map::Entry::Occupied(_) => object.doubled += 1,
                    }
                }
                Ok(object)
            }
        }
        from.deserialize_map(Fields)
    }
}

/// Objects that stand in a list, wherever in a document that list stands: at its top, or as one of the top object's.
pub struct Objects<R> {
    from: BufReader<R>,
    around: Vec<u8>,
    is_text: bool,
    is_marked: bool,
    count: u64,
}

/// One of them, as bytes.
pub struct Found {
    /// Its place in the document, from 1.
    pub number: u64,
    /// Its text; nothing when it was longer than [`LONGEST`].
    pub bytes: Option<Vec<u8>>,
    /// Whether the document ended within it.
    pub is_half: bool,
}

impl<R: Read> Objects<R> {
    pub fn new(from: R) -> Self {
        Self { from: BufReader::new(from), around: Vec::new(), is_text: false, is_marked: false, count: 0 }
    }

    /// The next object. Errors: when the bytes cannot be read, or no list is in sight.
    pub fn next(&mut self) -> Result<Option<Found>, ReadError> {
        let (mut held, mut begin, mut is_over) = (Vec::new(), None::<usize>, false);
        loop {
            let ready = self.from.fill_buf()?;
            if ready.is_empty() {
                let is_half = begin.is_some();
                self.count += u64::from(is_half);
                return Ok(is_half.then_some(Found { number: self.count, bytes: Some(held), is_half }));
            }
            let (mut used, mut is_done) = (0, false);
            for &byte in ready {
                used += 1;
                if self.is_text {
                    self.is_text = byte != b'"' || self.is_marked;
                    self.is_marked = byte == b'\\' && !self.is_marked;
                } else {
                    match byte {
                        b'"' => self.is_text = true,
                        b'{' | b'[' => {
                            if byte == b'{' && begin.is_none() && is_element(&self.around) {
                                begin = Some(self.around.len());
                            }
                            // Deeper than that, the object is not read whole; it only has to be left again.
                            if self.around.len() >= DEPTH * 4 {
                                return Err(ReadError::Damaged {
                                    at: "object",
                                    row: self.count,
                                    what: "nested too deeply".to_owned(),
                                });
                            }
                            self.around.push(byte);
                        }
                        b'}' | b']' => {
                            self.around.pop();
                            is_done = begin == Some(self.around.len());
                        }
                        _ => {}
                    }
                }
                if begin.is_some() {
                    is_over |= held.len() >= LONGEST;
                    if !is_over {
                        held.push(byte);
                    }
                }
                if is_done {
                    break;
                }
            }
            self.from.consume(used);
            if is_done {
                self.count += 1;
                return Ok(Some(Found { number: self.count, bytes: (!is_over).then_some(held), is_half: false }));
            }
        }
    }
}

/// Whether an object that begins within `around` is one of a list's at the top, or of a list in the top object.
fn is_element(around: &[u8]) -> bool {
    matches!(around, [b'['] | [b'{', b'['])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, bool)> {
        let mut objects = Objects::new(text.as_bytes());
        let next = || {
            objects.next().unwrap().map(|one| (String::from_utf8(one.bytes.unwrap_or_default()).unwrap(), one.is_half))
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn objects_of_a_list_are_found() {
        let wanted = [(r#"{"a":{"b":"}]\""}}"#.to_owned(), false), ("{}".to_owned(), false)];
        assert_eq!(found(r#"[{"a":{"b":"}]\""}} , {}]"#), wanted);
        assert_eq!(found(r#"{"count":2,"next":null,"results":[{"a":{"b":"}]\""}},{}]}"#), wanted);
        assert_eq!(found(r#"[{"a":1"#), [(r#"{"a":1"#.to_owned(), true)]);
        assert_eq!(found("{\"a\":1}\n"), []);
    }

    #[test]
    fn what_is_too_deep_or_too_long_is_told() {
        assert!(Objects::new("[".repeat(1000).as_bytes()).next().is_err());
        let long = format!("[{{\"a\":\"{}\"}},{{}}]", "x".repeat(LONGEST));
        let mut objects = Objects::new(long.as_bytes());
        assert!(objects.next().unwrap().unwrap().bytes.is_none());
        assert_eq!(objects.next().unwrap().unwrap().bytes.unwrap(), b"{}");
    }

    #[test]
    fn a_name_that_comes_twice_is_counted() {
        let object = Object::read(br#"{"a":1,"a":2,"b":{"c":"x"},"d.e":3}"#).unwrap();
        assert_eq!(
            (object.doubled, object.number("a"), object.text("b.c").as_deref(), object.number("d.e")),
            (1, Some(1), Some("x"), Some(3))
        );
        assert_eq!(Object::read(b"[1]"), Err("is no JSON object"));
        assert_eq!(Object::read(b"{\"a\""), Err("ends before the object does"));
    }
}
