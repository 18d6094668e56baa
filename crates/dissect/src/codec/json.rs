//! JSON read in place: borrowed tokens, nothing built, depth bounded.
//!
//! Texts stay slices of the message with their escapes in; only values that may be handed on are ever unescaped. A text
//! that breaks the grammar, nests too deep or is cut short ends the reading. Source: RFC 8259.

use std::borrow::Cow;

/// Deepest nesting followed.
const DEPTH: u32 = 64;

/// One token, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    /// `{`
    Object,
    /// `[`
    Array,
    /// `}` or `]`
    Close,
    /// The name of a member, escapes still in.
    Name(&'a [u8]),
    /// A text value, escapes still in.
    Text(&'a [u8]),
    /// A number as written, `true`, `false` or `null`.
    Plain(&'a [u8]),
}

/// Reads tokens from front to back.
#[derive(Debug, Clone, Copy)]
pub struct Scanner<'a> {
    rest: &'a [u8],
    /// One bit a level, the innermost lowest: 1 in objects.
    kinds: u64,
    depth: u32,
    expects: Expects,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expects {
    Value,
    ValueOrClose,
    NameOrClose,
    Name,
    CommaOrClose,
    Nothing,
}

impl<'a> Scanner<'a> {
    /// Over one JSON text, with or without a byte order mark.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        let rest = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        Self { rest, kinds: 0, depth: 0, expects: Expects::Value }
    }

    /// The next token; `None` at the end, and for good once the text is malformed, too deep or cut short.
    pub fn next_token(&mut self) -> Option<Token<'a>> {
        let token = self.advance();
        if token.is_none() {
            self.rest = &[];
        }
        token
    }

    /// Passes over one value: the one whose first token comes next, or the one that `begun` began.
    pub fn skip_value(&mut self, begun: Token<'a>) {
        if !matches!(begun, Token::Object | Token::Array) {
            return;
        }
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside && self.next_token().is_some() {}
    }

    /// Calls `member` with each member of the object whose [`Token::Object`] was just read: its name and the first token
    /// of its value. What `member` leaves unread of the value is passed over.
    pub fn members(&mut self, mut member: impl FnMut(&mut Self, &'a [u8], Token<'a>)) {
        let inside = self.depth;
        while let Some(Token::Name(name)) = self.next_token() {
            let Some(value) = self.next_token() else { return };
            member(self, name, value);
            self.climb_to(inside);
        }
    }

    /// Calls `item` with the first token of each item of the array whose [`Token::Array`] was just read. What `item`
    /// leaves unread is passed over.
    pub fn items(&mut self, mut item: impl FnMut(&mut Self, Token<'a>)) {
        let inside = self.depth;
        while let Some(value) = self.next_token() {
            if value == Token::Close {
                return;
            }
            item(self, value);
            self.climb_to(inside);
        }
    }

    /// Calls `text` with every text value, at any depth, of the object or array that was just begun, and reads to its end.
    pub fn texts(&mut self, mut text: impl FnMut(&'a [u8])) {
        let inside = self.depth;
        while self.depth >= inside {
            match self.next_token() {
                Some(Token::Text(raw)) => text(raw),
                Some(_) => {}
                None => return,
            }
        }
    }

    fn climb_to(&mut self, inside: u32) {
        while self.depth > inside && self.next_token().is_some() {}
    }

    fn advance(&mut self) -> Option<Token<'a>> {
        self.blank();
        if self.expects == Expects::CommaOrClose {
            if let Some(rest) = self.rest.strip_prefix(b",") {
                self.rest = rest;
                self.blank();
                self.expects = if self.in_object() { Expects::Name } else { Expects::Value };
            } else {
                return self.close();
            }
        }
        match (self.expects, self.rest.first()?) {
            (Expects::NameOrClose | Expects::ValueOrClose, b'}' | b']') => self.close(),
            (Expects::Name | Expects::NameOrClose, b'"') => self.name(),
            (Expects::Value | Expects::ValueOrClose, byte) => self.value(*byte),
            _ => None,
        }
    }

    fn value(&mut self, first: u8) -> Option<Token<'a>> {
        match first {
            b'{' => self.open(Token::Object, 1, Expects::NameOrClose),
            b'[' => self.open(Token::Array, 0, Expects::ValueOrClose),
            b'"' => {
                let text = self.quoted()?;
                self.settle();
                Some(Token::Text(text))
            }
            _ => {
                let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
                let length = self.rest.iter().position(|byte| !is_plain(byte)).unwrap_or(self.rest.len());
                let (plain, rest) = self.rest.split_at_checked(length).filter(|_| length > 0)?;
                self.rest = rest;
                self.settle();
                Some(Token::Plain(plain))
            }
        }
    }

    fn name(&mut self) -> Option<Token<'a>> {
        let name = self.quoted()?;
        self.blank();
        self.rest = self.rest.strip_prefix(b":")?;
        self.expects = Expects::Value;
        Some(Token::Name(name))
    }

    fn quoted(&mut self) -> Option<&'a [u8]> {
        let inside = self.rest.strip_prefix(b"\"")?;
        let mut is_escaped = false;
        let end = inside.iter().position(|byte| {
            let closes = *byte == b'"' && !is_escaped;
            is_escaped = *byte == b'\\' && !is_escaped;
            closes
        })?;
        self.rest = inside.get(end + 1..)?;
        inside.get(..end)
    }

    fn open(&mut self, token: Token<'a>, kind: u64, expects: Expects) -> Option<Token<'a>> {
        if self.depth >= DEPTH {
            return None;
        }
        self.kinds = self.kinds << 1 | kind;
        (self.depth, self.expects) = (self.depth + 1, expects);
        self.rest = self.rest.get(1..)?;
        Some(token)
    }

    fn close(&mut self) -> Option<Token<'a>> {
        let mark = if self.in_object() { b'}' } else { b']' };
        self.rest = self.rest.strip_prefix(&[mark]).filter(|_| self.depth > 0)?;
        self.kinds >>= 1;
        self.depth -= 1;
        self.settle();
        Some(Token::Close)
    }

    const fn settle(&mut self) {
        self.expects = if self.depth == 0 { Expects::Nothing } else { Expects::CommaOrClose };
    }

    const fn in_object(&self) -> bool {
        self.kinds & 1 == 1
    }

    fn blank(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }
}

/// The bytes that the inside of a JSON text means; borrows when it has no escapes.
#[must_use]
pub fn unescape(raw: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(raw);
    if !text.contains('\\') {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match rest.next() {
            Some('u') => {
                let digits = rest.as_str().get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
                plain.push(digits.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER));
                rest = rest.as_str().get(4..).unwrap_or_default().chars();
            }
            Some('n' | 'r' | 't' | 'b' | 'f') => plain.push(' '),
            Some(other) => plain.push(other),
            None => {}
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tokens(text: &str) -> Vec<String> {
        let mut scanner = Scanner::new(text.as_bytes());
        std::iter::from_fn(|| scanner.next_token())
            .map(|token| match token {
                Token::Object => "{".to_owned(),
                Token::Array => "[".to_owned(),
                Token::Close => ")".to_owned(),
                Token::Name(name) => format!("{}:", unescape(name)),
                Token::Text(text) | Token::Plain(text) => unescape(text).into_owned(),
            })
            .collect()
    }

    #[test]
    fn tokens_come_in_order() {
        assert_eq!(
            tokens(r#" {"a": [1, -2.5e3, true], "b\"c": {"d": "x\u00e9\\"}, "e": {}} "#).join(" "),
            "{ a: [ 1 -2.5e3 true ) b\"c: { d: xé\\ ) e: { ) )"
        );
        assert_eq!(tokens("\u{feff}[]"), ["[", ")"]);
    }

    #[test]
    fn malformed_text_ends_the_reading() {
        for (text, read) in
            [("{1:2}", 1), ("[1,]", 2), ("[1 2]", 2), ("{\"a\" 1}", 1), ("[}", 1), ("\"open", 0), ("", 0)]
        {
            assert_eq!(tokens(text).len(), read, "{text}");
        }
        assert_eq!(tokens(&"[".repeat(1000)).len(), 64);
    }

    #[test]
    fn values_can_be_passed_over() {
        let mut scanner = Scanner::new(br#"{"a":{"b":[1,{"c":2}]},"d":[{"e":1},{"e":2}]}"#);
        assert_eq!(scanner.next_token(), Some(Token::Object));
        let mut names = Vec::new();
        scanner.members(|scanner, name, value| {
            names.push(name);
            if name == b"d" && value == Token::Array {
                scanner.items(|scanner, item| {
                    assert_eq!(item, Token::Object);
                    scanner.members(|_, name, _| names.push(name));
                });
            }
        });
        assert_eq!(names, [&b"a"[..], b"d", b"e", b"e"]);
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(prop::sample::select(&b"{}[]\",:\\1tu a"[..]), 0..200)) {
            let mut scanner = Scanner::new(&bytes);
            let mut count = 0;
            while let Some(token) = scanner.next_token() {
                if let Token::Text(raw) | Token::Name(raw) = token { let _ = unescape(raw); }
                count += 1;
            }
            prop_assert!(count <= bytes.len());
            let mut scanner = Scanner::new(&bytes);
            if let Some(begun) = scanner.next_token() {
                scanner.skip_value(begun);
            }
        }
    }
}
