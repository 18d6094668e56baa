//! Bytes as XML 1.0 with namespaces, element by element, without copying and without trust.
//!
//! In goes a borrowed slice, out come elements by namespace and local name, their attributes and their text, all as
//! slices of it. There is no document tree, no DTD and no entity beyond the five of XML and character references; the
//! depth, the attributes of an element and the namespaces in scope are bounded. Bytes may end anywhere: what was
//! complete until then is given, a value that was cut is not. End tags must match, so that bytes lost in the middle
//! cannot make one element's content look like another's.
//!
//! Source: XML 1.0 (Fifth Edition) §2-4; Namespaces in XML 1.0 §2-6.

use crate::codec::text;
use std::borrow::Cow;

/// Most elements open at once.
const DEEPEST: usize = 48;
/// Most namespace declarations in scope at once.
const BINDINGS: usize = 80;
/// Most attributes of one element looked at.
const ATTRIBUTES: usize = 96;

/// Why nothing more is read before the document's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The bytes end before the root element does.
    Cut,
    /// The bytes are not well-formed, nest too deep, or declare a document type.
    Malformed,
    /// The bytes are UTF-16, which is not read.
    Utf16,
}

/// Text or an attribute value, as it stands on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<'a> {
    /// The bytes, without white space around them.
    pub raw: &'a [u8],
    literal: bool,
}

impl<'a> Text<'a> {
    /// The text fit to keep: decoded, bounded, references resolved. Only for values that are handed on.
    #[must_use]
    pub fn decode(&self) -> Cow<'a, str> {
        let text = text::clean(self.raw);
        if self.literal || !text.contains('&') { text } else { Cow::Owned(resolve_references(&text)) }
    }
}

/// An element whose start tag was read.
#[derive(Debug, Clone, Copy)]
pub struct Element<'a> {
    /// Its namespace; empty when it has none or its prefix is not declared.
    pub uri: &'a [u8],
    /// Its name within the namespace.
    pub local: &'a [u8],
    attributes: &'a [u8],
}

impl<'a> Element<'a> {
    /// Whether it is called `local` in the namespace `uri`.
    #[must_use]
    pub fn is(&self, uri: &str, local: &str) -> bool {
        self.local == local.as_bytes() && self.uri == uri.as_bytes()
    }

    /// The value of its attribute `name`, one without prefix.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<Text<'a>> {
        let found = attributes(self.attributes).find(|(held, _)| *held == name.as_bytes());
        found.map(|(_, value)| Text { raw: value.trim_ascii(), literal: false })
    }
}

/// Reads one document from front to back.
#[derive(Clone)]
pub struct Scanner<'a> {
    rest: &'a [u8],
    open: [&'a [u8]; DEEPEST],
    depth: usize,
    bindings: [Binding<'a>; BINDINGS],
    bound: usize,
    /// The element opened last is `<x/>`, so its end comes next.
    is_empty: bool,
    began: bool,
    fault: Option<Fault>,
}

#[derive(Clone, Copy, Default)]
struct Binding<'a> {
    prefix: &'a [u8],
    uri: &'a [u8],
    depth: usize,
}

enum Tag<'a> {
    Start(&'a [u8], &'a [u8]),
    End,
}

impl<'a> Scanner<'a> {
    /// At the beginning of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        let rest = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        let is_utf16 = [&b"\xff\xfe"[..], b"\xfe\xff", b"<\0", b"\0<"].iter().any(|begin| bytes.starts_with(begin));
        let fault = match rest.first() {
            _ if is_utf16 => Some(Fault::Utf16),
            Some(b'<') => None,
            Some(_) => Some(Fault::Malformed),
            None => Some(Fault::Cut),
        };
        Self {
            rest,
            open: [&[]; DEEPEST],
            depth: 0,
            bindings: [Binding::default(); BINDINGS],
            bound: 0,
            is_empty: false,
            began: false,
            fault,
        }
    }

    /// How many elements are open: 0 before the root, 1 within it.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.depth
    }

    /// Why reading stopped, when it was not at the end.
    #[must_use]
    pub const fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// The next element directly within the one that is open at depth `of`; whatever lies before it, and what was not
    /// read of the child before, is passed over. `None` when that one ends or nothing more can be read.
    pub fn child(&mut self, of: usize) -> Option<Element<'a>> {
        while self.depth >= of {
            match self.tag()? {
                Tag::Start(name, attributes) if self.depth == of + 1 => {
                    let (uri, local) = self.resolve(name);
                    return Some(Element { uri, local, attributes });
                }
                Tag::Start(..) | Tag::End => {}
            }
        }
        None
    }

    /// Passes over all that is left, so that [`Self::fault`] speaks for the whole document.
    pub fn finish(&mut self) {
        while self.tag().is_some() {}
    }

    /// The text of the element whose start tag was read last. `None` when it holds none, holds elements, or is cut.
    #[must_use]
    pub fn value(&self) -> Option<Text<'a>> {
        if self.is_empty {
            return None;
        }
        let (raw, behind, literal) = match self.rest.trim_ascii_start().strip_prefix(b"<![CDATA[") {
            Some(inner) => {
                let (raw, behind) = split_at_mark(inner, b"]]>")?;
                (raw, behind.trim_ascii_start(), true)
            }
            None => {
                let (raw, behind) = self.rest.split_at_checked(position(self.rest, b'<')?)?;
                (raw, behind, false)
            }
        };
        let name = self.depth.checked_sub(1).and_then(|at| self.open.get(at))?;
        let behind_name = behind.strip_prefix(b"</")?.strip_prefix(*name)?;
        let raw = raw.trim_ascii();
        (behind_name.trim_ascii_start().starts_with(b">") && !raw.is_empty()).then_some(Text { raw, literal })
    }

    /// Namespace and local name of `name`, a qualified name in an element's content. The namespace is empty when the
    /// prefix is not declared here.
    #[must_use]
    pub fn resolve(&self, name: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let (prefix, local) = match position(name, b':').and_then(|at| name.split_at_checked(at)) {
            Some((prefix, local)) => (prefix, local.get(1..).unwrap_or_default()),
            None => (&b""[..], name),
        };
        let bound = self.bindings.get(..self.bound).unwrap_or_default();
        let binding = bound.iter().rev().find(|binding| binding.prefix == prefix);
        (binding.map_or(&b""[..], |binding| binding.uri), local)
    }

    fn tag(&mut self) -> Option<Tag<'a>> {
        if self.fault.is_some() || (self.began && self.depth == 0) {
            return None;
        }
        if std::mem::take(&mut self.is_empty) {
            self.close();
            return Some(Tag::End);
        }
        let tag = self.next_tag();
        if let Err(fault) = tag {
            self.fault = Some(fault);
        }
        tag.ok()
    }

    fn next_tag(&mut self) -> Result<Tag<'a>, Fault> {
        loop {
            let at = position(self.rest, b'<').ok_or(Fault::Cut)?;
            self.rest = self.rest.get(at..).unwrap_or_default();
            match self.rest {
                [b'<', b'/', rest @ ..] => return self.end_tag(rest),
                [b'<', b'?', rest @ ..] => self.rest = behind(rest, b"?>")?,
                [b'<', b'!', rest @ ..] => match rest {
                    [b'-', b'-', rest @ ..] => self.rest = behind(rest, b"-->")?,
                    _ if rest.starts_with(b"[CDATA[") => self.rest = behind(rest, b"]]>")?,
                    _ if b"--".starts_with(rest) || b"[CDATA[".starts_with(rest) => return Err(Fault::Cut),
                    _ => return Err(Fault::Malformed),
                },
                [b'<', rest @ ..] => return self.start_tag(rest),
                _ => return Err(Fault::Cut),
            }
        }
    }

    fn start_tag(&mut self, rest: &'a [u8]) -> Result<Tag<'a>, Fault> {
        let end = tag_end(rest)?;
        let (inner, behind) = rest.split_at_checked(end).ok_or(Fault::Cut)?;
        let (inner, is_empty) = inner.strip_suffix(b"/").map_or((inner, false), |inner| (inner, true));
        let name_end = inner.iter().position(u8::is_ascii_whitespace).unwrap_or(inner.len());
        let (name, attributes) = inner.split_at_checked(name_end).ok_or(Fault::Malformed)?;
        let begins_name = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_' || *byte >= 0x80;
        if !name.first().is_some_and(begins_name) {
            return Err(Fault::Malformed);
        }
        *self.open.get_mut(self.depth).ok_or(Fault::Malformed)? = name;
        self.depth += 1;
        self.began = true;
        self.is_empty = is_empty;
        self.rest = behind.get(1..).unwrap_or_default();
        self.declare(attributes)?;
        Ok(Tag::Start(name, attributes))
    }

    fn end_tag(&mut self, rest: &'a [u8]) -> Result<Tag<'a>, Fault> {
        let end = position(rest, b'>').ok_or(Fault::Cut)?;
        let (name, behind) = rest.split_at_checked(end).ok_or(Fault::Cut)?;
        let opened = self.depth.checked_sub(1).and_then(|at| self.open.get(at));
        if opened != Some(&name.trim_ascii_end()) {
            return Err(Fault::Malformed);
        }
        self.rest = behind.get(1..).unwrap_or_default();
        self.close();
        Ok(Tag::End)
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        let ended = |binding: &Binding<'_>| binding.depth > self.depth;
        while self.bound.checked_sub(1).and_then(|last| self.bindings.get(last)).is_some_and(ended) {
            self.bound -= 1;
        }
    }

    fn declare(&mut self, held: &'a [u8]) -> Result<(), Fault> {
        for (name, uri) in attributes(held) {
            let prefix = match name.strip_prefix(b"xmlns") {
                Some([]) => &[],
                Some([b':', prefix @ ..]) => prefix,
                _ => continue,
            };
            let free = self.bindings.get_mut(self.bound).ok_or(Fault::Malformed)?;
            *free = Binding { prefix, uri: uri.trim_ascii(), depth: self.depth };
            self.bound += 1;
        }
        Ok(())
    }
}

/// The attributes within a start tag: name and raw value. Ends at the first that is malformed.
fn attributes(mut rest: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let next = move || {
        let trimmed = rest.trim_ascii_start();
        let (name, value) = trimmed.split_at_checked(position(trimmed, b'=')?)?;
        let (quote, value) = value.get(1..)?.trim_ascii_start().split_first()?;
        if *quote != b'"' && *quote != b'\'' {
            return None;
        }
        let (value, behind) = value.split_at_checked(position(value, *quote)?)?;
        rest = behind.get(1..)?;
        Some((name.trim_ascii_end(), value))
    };
    std::iter::from_fn(next).take(ATTRIBUTES)
}

/// Where the start tag that begins at `rest` has its `>`, one that is not in an attribute's value. Neither may hold `<`.
fn tag_end(rest: &[u8]) -> Result<usize, Fault> {
    let mut quote = None;
    for (at, byte) in rest.iter().enumerate() {
        match (quote, byte) {
            (_, b'<') => return Err(Fault::Malformed),
            (None, b'>') => return Ok(at),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(begun), _) if begun == byte => quote = None,
            _ => {}
        }
    }
    Err(Fault::Cut)
}

fn position(bytes: &[u8], wanted: u8) -> Option<usize> {
    bytes.iter().position(|byte| *byte == wanted)
}

fn split_at_mark<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(mark.len()).position(|window| window == mark)?;
    bytes.get(..at).zip(bytes.get(at + mark.len()..))
}

fn behind<'a>(bytes: &'a [u8], mark: &[u8]) -> Result<&'a [u8], Fault> {
    split_at_mark(bytes, mark).map(|(_, behind)| behind).ok_or(Fault::Cut)
}

fn resolve_references(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        rest = match after.split_once(';').and_then(|(name, behind)| Some((referenced(name)?, behind))) {
            Some((character, behind)) => {
                out.push(character);
                behind
            }
            None => {
                out.push('&');
                after
            }
        };
    }
    out.push_str(rest);
    out
}

fn referenced(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            code.ok().and_then(char::from_u32)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DOCUMENT: &str = "<?xml version=\"1.0\"?><!-- a > b --><p:a xmlns:p='urn:one' xmlns=\"urn:two\">\
        <b q=\"1 &gt; 0\" p:q='no'>Dr&#228;ger &amp; Co</b><skip><b>deep</b></skip><c xmlns='urn:three'/>\
        <d><![CDATA[<&amp;>]]></d></p:a>";

    fn text(value: Option<Text<'_>>) -> String {
        value.map(|text| text.decode().into_owned()).unwrap_or_default()
    }

    #[test]
    fn children_are_found_by_namespace_and_values_are_decoded() {
        let mut scanner = Scanner::new(DOCUMENT.as_bytes());
        let root = scanner.child(0).expect("root");
        assert!(root.is("urn:one", "a"));
        let b = scanner.child(1).expect("b");
        assert!(b.is("urn:two", "b"));
        assert_eq!(text(b.attribute("q")), "1 > 0");
        assert_eq!(text(scanner.value()), "Dräger & Co");
        assert_eq!(scanner.resolve(b"p:Device"), (&b"urn:one"[..], &b"Device"[..]));
        assert!(scanner.child(1).is_some_and(|skip| skip.is("urn:two", "skip")));
        assert_eq!(scanner.value(), None, "an element with elements has no text");
        assert!(scanner.child(1).is_some_and(|c| c.is("urn:three", "c")), "what was not read is passed over");
        assert_eq!(scanner.value(), None);
        assert!(scanner.child(1).is_some_and(|d| d.is("urn:two", "d")));
        assert_eq!(text(scanner.value()), "<&amp;>");
        assert!(scanner.child(1).is_none());
        assert_eq!((scanner.depth(), scanner.fault()), (0, None));
    }

    #[test]
    fn a_cut_value_is_not_given() {
        let mut scanner = Scanner::new(b"<a><b>123");
        scanner.child(0).expect("a");
        scanner.child(1).expect("b");
        assert_eq!(scanner.value(), None);
        assert!(scanner.child(2).is_none());
        assert_eq!(scanner.fault(), Some(Fault::Cut));
    }

    #[test]
    fn a_value_ends_with_its_own_element() {
        for (bytes, value) in
            [("<a><b>1</b >", "1"), ("<a><b>12</c></b>", ""), ("<a><b>12</bc>", ""), ("<a><b>1</b", "")]
        {
            let mut scanner = Scanner::new(bytes.as_bytes());
            scanner.child(0).expect("a");
            scanner.child(1).expect("b");
            assert_eq!(text(scanner.value()), value, "{bytes}");
        }
    }

    #[test]
    fn what_is_not_well_formed_ends_the_reading() {
        for bad in ["<a></b>", "<a b='<c/>'/>", "<!DOCTYPE a [<!ENTITY x 'y'>]><a/>", "text", "<a <b>", "<1/>"] {
            let mut scanner = Scanner::new(bad.as_bytes());
            while scanner.child(0).is_some() {}
            assert_eq!(scanner.fault(), Some(Fault::Malformed), "{bad}");
        }
        assert_eq!(Scanner::new(b"\xff\xfe<\0a\0").fault(), Some(Fault::Utf16));
        let deep = "<a>".repeat(DEEPEST + 1);
        let mut scanner = Scanner::new(deep.as_bytes());
        while scanner.child(scanner.depth()).is_some() {}
        assert_eq!(scanner.fault(), Some(Fault::Malformed));
    }

    #[test]
    fn a_reference_that_is_none_stays_as_it_is() {
        for (raw, read) in [("a&b", "a&b"), ("&#x41;&#66;&nbsp;", "AB&nbsp;"), ("&#1114112;", "&#1114112;")] {
            assert_eq!(Text { raw: raw.as_bytes(), literal: false }.decode(), read);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(prop::sample::select(&b"<>/!?-[]CDAT&;a:x= '\"\n\0\xff"[..]), 0..200)) {
            let mut scanner = Scanner::new(&bytes);
            let mut steps = 0;
            while scanner.child(scanner.depth()).is_some() || (scanner.fault().is_none() && scanner.depth() > 0) {
                let _ = scanner.value().map(|text| text.decode());
                steps += 1;
                prop_assert!(steps <= 2 * bytes.len() + 2);
            }
        }

        #[test]
        fn a_cut_document_gives_what_was_complete(at in 0..DOCUMENT.len()) {
            let mut scanner = Scanner::new(&DOCUMENT.as_bytes()[..at]);
            if scanner.child(0).is_some() {
                while let Some(element) = scanner.child(1) {
                    let value = text(scanner.value());
                    prop_assert!(value.is_empty() || matches!((element.local, value.as_str()), (b"b", "Dräger & Co") | (b"d", "<&amp;>")));
                }
            }
            prop_assert_eq!(scanner.fault(), Some(Fault::Cut));
        }
    }
}
