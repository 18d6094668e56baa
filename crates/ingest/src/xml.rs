//! XML events in bounded memory. Document type declarations are passed over and no entity of theirs is ever expanded, so
//! nothing is fetched and nothing grows (XML 1.0 §4.4).

use crate::ReadError;
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

/// Most bytes between two events, and so the longest tag or text.
const EVENT: usize = 4 << 20;
/// Deepest nesting.
const DEPTH: usize = 64;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// An element begins.
    Begin(Tag),
    /// The element of this name ends.
    End(String),
    /// Text, with the five entities of XML put as what they stand for.
    Text(String),
}

/// An element's name without prefix, and its attributes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tag {
    pub name: String,
    pub attributes: Vec<(String, String)>,
}

impl Tag {
    /// The attribute called `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }
}

/// A document while it is read.
pub struct Xml<R: Read> {
    reader: Reader<BufReader<Meter<R>>>,
    spent: Rc<Cell<usize>>,
    buffer: Vec<u8>,
    depth: usize,
    /// An empty element's end.
    pending: Option<String>,
}

/// Counts what is read, and ends when it becomes too much between two events.
pub struct Meter<R> {
    from: R,
    spent: Rc<Cell<usize>>,
}

impl<R: Read> Read for Meter<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.spent.get() > EVENT {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a tag or text is too long"));
        }
        let read = self.from.read(to)?;
        self.spent.set(self.spent.get() + read);
        Ok(read)
    }
}

impl<R: Read> Xml<R> {
    pub fn new(from: R) -> Self {
        let spent = Rc::new(Cell::new(0));
        let mut reader = Reader::from_reader(BufReader::new(Meter { from, spent: Rc::clone(&spent) }));
        reader.config_mut().check_end_names = true;
        Self { reader, spent, buffer: Vec::new(), depth: 0, pending: None }
    }

    /// The next event; nothing at the end. Errors: when it is no XML, too deep, or too long.
    pub fn next(&mut self) -> Result<Option<Said>, ReadError> {
        if let Some(name) = self.pending.take() {
            return Ok(Some(Said::End(name)));
        }
        loop {
            self.buffer.clear();
            self.spent.set(0);
            let position = self.reader.buffer_position();
            let damaged = |what: String| ReadError::Damaged { at: "byte", row: position, what };
            let event = self.reader.read_event_into(&mut self.buffer).map_err(|error| damaged(reason(&error)))?;
            match event {
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > DEPTH {
                        return Err(damaged(format!("more than {DEPTH} elements within each other")));
                    }
                    return Ok(Some(Said::Begin(tag(&start))));
                }
                Event::Empty(start) => {
                    let tag = tag(&start);
                    self.pending = Some(tag.name.clone());
                    return Ok(Some(Said::Begin(tag)));
                }
                Event::End(end) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Some(Said::End(end.local_name().into_inner().to_owned())));
                }
                Event::Text(text) => return Ok(Some(Said::Text(text.xml10_content().into_owned()))),
                Event::CData(text) => return Ok(Some(Said::Text((*text).to_owned()))),
                Event::GeneralRef(name) => {
                    let named = quick_xml::escape::resolve_predefined_entity(&name).map(str::to_owned);
                    let by_number = || name.resolve_char_ref().ok().flatten().map(String::from);
                    return Ok(Some(Said::Text(named.or_else(by_number).unwrap_or_default())));
                }
                Event::Eof if self.depth > 0 => return Err(damaged("it ends within an element".to_owned())),
                Event::Eof => return Ok(None),
                _ => {}
            }
        }
    }

    /// The text until the element that has just begun ends; elements within it are passed over, with their text when
    /// they are called `without`.
    pub fn text(&mut self, without: &str) -> Result<String, ReadError> {
        let (mut text, mut depth, mut hidden) = (String::new(), 0_usize, 0_usize);
        loop {
            match self.next()? {
                Some(Said::Begin(tag)) => {
                    depth += 1;
                    hidden += usize::from(hidden > 0 || tag.name == without);
                }
                Some(Said::End(_)) if depth == 0 => return Ok(text),
                Some(Said::End(_)) => {
                    depth -= 1;
                    hidden = hidden.saturating_sub(1);
                }
                Some(Said::Text(part)) if hidden == 0 && text.len() < EVENT => text.push_str(&part),
                Some(Said::Text(_)) => {}
                None => return Ok(text),
            }
        }
    }
}

fn tag(start: &BytesStart<'_>) -> Tag {
    let attribute = |held: quick_xml::events::attributes::Attribute<'_>| {
        let value = held.normalized_value(XmlVersion::Implicit1_0).unwrap_or_default().into_owned();
        (held.key.local_name().into_inner().to_owned(), value)
    };
    let attributes = start.attributes().with_checks(false).flatten().take(256).map(attribute).collect();
    Tag { name: start.local_name().into_inner().to_owned(), attributes }
}

/// What is wrong, without any text of the document.
fn reason(error: &quick_xml::Error) -> String {
    match error {
        quick_xml::Error::Io(error) => error.to_string(),
        quick_xml::Error::Syntax(_) => "a tag is not closed".to_owned(),
        quick_xml::Error::IllFormed(_) => "tags do not match".to_owned(),
        _ => "it is not well-formed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Said>, ReadError> {
        let mut xml = Xml::new(text.as_bytes());
        let mut said = Vec::new();
        while let Some(one) = xml.next()? {
            said.push(one);
        }
        Ok(said)
    }

    #[test]
    fn elements_attributes_and_text_are_told() {
        let said = read("<a x='1 &amp; 2'><n:b/>c &lt; &#65;</a>").unwrap();
        let text: String =
            said.iter().filter_map(|one| if let Said::Text(text) = one { Some(text.as_str()) } else { None }).collect();
        assert_eq!(text, "c < A");
        assert!(matches!(&said[0], Said::Begin(tag) if tag.get("x") == Some("1 & 2")));
        assert!(matches!(&said[1], Said::Begin(tag) if tag.name == "b"));
        assert_eq!(said[2], Said::End("b".to_owned()));
    }

    #[test]
    fn no_entity_is_expanded() {
        let bomb = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\"><!ENTITY y \"&x;&x;\">]><a>&x;&y;</a>";
        let said = read(bomb).unwrap();
        assert!(said.iter().all(|one| !matches!(one, Said::Text(text) if !text.is_empty())), "{said:?}");
    }

    #[test]
    fn what_is_too_deep_or_too_long_or_cut_is_an_error() {
        assert!(read(&"<a>".repeat(DEPTH + 1)).unwrap_err().to_string().contains("within each other"));
        assert!(read(&format!("<a>{}</a>", "x".repeat(EVENT * 2))).unwrap_err().to_string().contains("too long"));
        assert!(read("<a><b></b>").is_err() && read("<a></b>").is_err());
    }
}
