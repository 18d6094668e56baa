//! The shape of a request target: which well-known interface is asked for, and nothing else.
//!
//! Targets carry patient ids, names and tokens. A segment or parameter name is kept only when it stands in the
//! vocabulary `uri/words.txt`; everything else is `*`, and values of parameters are never looked at. A shape is made of
//! numbers, so a parser may keep it. Source: RFC 9112 §3.2, RFC 3986 §3.

use std::fmt;
use std::sync::LazyLock;

/// Most path segments and parameters remembered; more are `…`.
const SEGMENTS: usize = 12;
const PARAMETERS: usize = 6;

/// What is kept of one request target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shape {
    segments: [Segment; SEGMENTS],
    count: u8,
    is_cut: bool,
    parameters: [Option<Word>; PARAMETERS],
    has_query: bool,
    has_other_parameters: bool,
    is_absolute: bool,
}

/// What is kept of one path segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Segment {
    /// A word of the vocabulary.
    Word(Word),
    /// Some file whose name ends in this well-known extension.
    File(Word),
    /// A DICOM UID by its form (PS3.5 §9.1).
    Uid,
    /// Anything else.
    #[default]
    Other,
}

/// A word of the vocabulary, by its place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Word(u16);

impl Shape {
    /// The shape of `target`: a path with or without query, or a whole URI.
    #[must_use]
    pub fn of(target: &[u8]) -> Self {
        let mut shape = Self::default();
        let target = target.split(|byte| *byte == b'#').next().unwrap_or_default();
        let path = match after_scheme(target) {
            Some(rest) => {
                shape.is_absolute = true;
                rest.iter().position(|byte| *byte == b'/').and_then(|at| rest.get(at..)).unwrap_or_default()
            }
            None => target,
        };
        let mut parts = path.splitn(2, |byte| *byte == b'?');
        let path = parts.next().unwrap_or_default();
        for segment in path.split(|byte| *byte == b'/').filter(|segment| !segment.is_empty()) {
            shape.push(Segment::of(segment));
        }
        if let Some(query) = parts.next() {
            let pairs = query.split(|byte| matches!(byte, b'&' | b';')).filter(|pair| !pair.is_empty());
            pairs.for_each(|pair| shape.parameter(pair));
        }
        shape
    }

    /// The path, segment by segment.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = Segment> + '_ {
        self.segments.iter().take(usize::from(self.count)).copied()
    }

    /// Whether `word` is a segment of the path.
    #[must_use]
    pub fn has(&self, word: &str) -> bool {
        self.segments().any(|segment| segment.is(word))
    }

    /// Whether the query has a parameter called `name`, a word of the vocabulary.
    #[must_use]
    pub fn asks(&self, name: &str) -> bool {
        self.parameters.iter().flatten().any(|word| word.text() == name)
    }

    /// Whether nothing had to be left out: well-known words only, and no query.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        !self.has_query && !self.is_cut && self.segments().all(|segment| matches!(segment, Segment::Word(_)))
    }

    /// Whether a whole URI was asked for, as proxies are asked (RFC 9112 §3.2.2).
    #[must_use]
    pub const fn is_absolute(&self) -> bool {
        self.is_absolute
    }

    /// The FHIR resource type asked for: the last one in the path.
    #[must_use]
    pub fn fhir_resource(&self) -> Option<&'static str> {
        self.segments().rev().find_map(|segment| match segment {
            Segment::Word(word) => fhir_resource(word.text().as_bytes()),
            Segment::File(_) | Segment::Uid | Segment::Other => None,
        })
    }

    fn push(&mut self, segment: Segment) {
        match self.segments.get_mut(usize::from(self.count)) {
            Some(free) => (*free, self.count) = (segment, self.count + 1),
            None => self.is_cut = true,
        }
    }

    fn parameter(&mut self, pair: &[u8]) {
        self.has_query = true;
        let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
        let word = VOCABULARY.find(Class::Parameter, name);
        let free = self.parameters.iter_mut().find(|held| held.is_none() || **held == word);
        match (word, free) {
            (Some(word), Some(free)) => *free = Some(word),
            _ => self.has_other_parameters = true,
        }
    }
}

impl Segment {
    fn of(segment: &[u8]) -> Self {
        // Path parameters (`;jsessionid=…`) are values.
        let name = segment.split(|byte| *byte == b';').next().unwrap_or_default();
        let classes = [Class::Path, Class::Dicomweb, Class::Fhir];
        if let Some(word) = classes.iter().find_map(|class| VOCABULARY.find(*class, name)) {
            return Self::Word(word);
        }
        if is_uid(name) {
            return Self::Uid;
        }
        let mut parts = name.rsplitn(2, |byte| *byte == b'.');
        let extension = parts.next().filter(|_| parts.next().is_some());
        match extension.and_then(|extension| VOCABULARY.find(Class::Extension, extension)) {
            Some(word) => Self::File(word),
            None => Self::Other,
        }
    }

    /// Whether it is this word.
    #[must_use]
    pub fn is(self, word: &str) -> bool {
        matches!(self, Self::Word(held) if held.text() == word)
    }
}

impl Word {
    /// The word itself.
    #[must_use]
    pub fn text(self) -> &'static str {
        VOCABULARY.words.get(usize::from(self.0)).map_or("", |(_, text)| text)
    }
}

impl fmt::Display for Shape {
    /// `/dicom-web/studies/*/series?limit&*`: `*` for what is not well known, `…` for what lies deeper.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.count == 0 {
            out.write_str("/")?;
        }
        for segment in self.segments() {
            match segment {
                Segment::Word(word) => write!(out, "/{}", word.text())?,
                Segment::File(extension) => write!(out, "/*.{}", extension.text())?,
                Segment::Uid | Segment::Other => out.write_str("/*")?,
            }
        }
        if self.is_cut {
            out.write_str("/…")?;
        }
        let others = self.has_other_parameters.then_some("*");
        for (n, name) in self.parameters.iter().flatten().map(|word| word.text()).chain(others).enumerate() {
            write!(out, "{}{name}", if n == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

/// The FHIR resource type that `name` is, DSTU2 to R5.
#[must_use]
pub fn fhir_resource(name: &[u8]) -> Option<&'static str> {
    VOCABULARY.find(Class::Fhir, name).map(Word::text)
}

/// What stands behind `scheme://`, when `target` is a whole URI.
fn after_scheme(target: &[u8]) -> Option<&[u8]> {
    let at = target.iter().position(|byte| *byte == b':')?;
    let scheme = target.get(..at)?;
    let is_scheme = !scheme.is_empty() && scheme.iter().all(u8::is_ascii_alphanumeric);
    target.get(at..).and_then(|rest| rest.strip_prefix(b"://")).filter(|_| is_scheme)
}

fn is_uid(name: &[u8]) -> bool {
    let parts = || name.split(|byte| *byte == b'.');
    name.len() <= 64
        && parts().count() > 4
        && parts().all(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Path,
    Dicomweb,
    Fhir,
    Parameter,
    Extension,
}

struct Vocabulary {
    words: Vec<(Class, &'static str)>,
}

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    let mut class = Class::Path;
    let mut words = Vec::new();
    for line in include_str!("uri/words.txt").lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        match line {
            "[path]" => class = Class::Path,
            "[dicomweb]" => class = Class::Dicomweb,
            "[fhir]" => class = Class::Fhir,
            "[parameter]" => class = Class::Parameter,
            "[extension]" => class = Class::Extension,
            word => words.push((class, word)),
        }
    }
    words.sort_unstable();
    Vocabulary { words }
});

impl Vocabulary {
    fn find(&self, class: Class, name: &[u8]) -> Option<Word> {
        let key = |(held, text): &(Class, &'static str)| held.cmp(&class).then_with(|| text.as_bytes().cmp(name));
        self.words.binary_search_by(key).ok().and_then(|at| u16::try_from(at).ok()).map(Word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(target: &str, shape: &str) {
        assert_eq!(Shape::of(target.as_bytes()).to_string(), shape);
    }

    #[test]
    fn only_well_known_words_are_kept() {
        check("/", "/");
        check("*", "/*");
        check("/dicom-web/studies/1.2.840.113619.2.55/series", "/dicom-web/studies/*/series");
        check("/fhir/R4/Patient/MRN-4711/_history/2", "/fhir/R4/Patient/*/_history/*");
        check("/rootDesc.xml", "/rootDesc.xml");
        check("/reports/Meier_Anna.pdf", "/*/*.pdf");
        check("/Meier%2C%20Anna", "/*");
        check("http://proxy.example/index.html", "/index.html");
    }

    #[test]
    fn values_of_parameters_never_show() {
        check("/studies?PatientName=Meier&limit=5&limit=7&offset=2", "/studies?limit&offset&*");
        check("/api?token=s3cret", "/api?token");
        check("/api?s3cret", "/api?*");
        check("/admin;jsessionid=4711?", "/admin");
    }

    #[test]
    fn a_shape_is_bounded() {
        let deep = "/api".repeat(40);
        assert_eq!(Shape::of(deep.as_bytes()).to_string(), "/api".repeat(12) + "/…");
        let wide = format!("/?{}", "a&".repeat(5000));
        check(&wide, "/?*");
    }

    #[test]
    fn what_is_asked_can_be_asked() {
        let shape = Shape::of(b"/wado?requestType=WADO&studyUID=1.2.3.4.5");
        assert!(shape.has("wado") && shape.asks("requestType") && !shape.is_plain());
        assert_eq!(Shape::of(b"/Patient/7/Observation").fhir_resource(), Some("Observation"));
        assert!(Shape::of(b"/cgi-bin/login.cgi").is_plain());
        assert!(Shape::of(b"http://a/").is_absolute());
    }

    #[test]
    fn the_vocabulary_has_no_word_twice_in_a_class() {
        assert!(VOCABULARY.words.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(VOCABULARY.words.len() < usize::from(u16::MAX));
    }
}
