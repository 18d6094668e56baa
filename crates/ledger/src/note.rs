//! A text and the signatures under it.
//!
//! Source: C2SP signed-note.

use crate::key::{PLAIN, PublicKey, Signer, WITNESS};
use base64ct::{Base64, Encoding as _};
use std::fmt;

/// How a signature line begins.
const DASH: &str = "\u{2014} ";
/// Most signatures of a note, and most bytes of it.
const SIGNATURES: usize = 32;
const BYTES: usize = 16 * 1024;

/// Why a text is no note, or no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Longer than any note of a ledger.
    #[error("is longer than {BYTES} bytes or has more than {SIGNATURES} signatures")]
    TooLong,
    /// A control character that could show another text than is signed.
    #[error("has a control character")]
    Control,
    /// No blank line with signatures behind it.
    #[error("has no signature lines behind a blank line")]
    Unsigned,
    /// A signature line of another form.
    #[error("has a signature line that is not `\u{2014} name base64`")]
    Signature,
    /// The first line names no ledger.
    #[error("does not begin with the name of a ledger")]
    Origin,
    /// The second or third line, or one behind, is not what a checkpoint has there.
    #[error("has no size, root or time where a checkpoint has them")]
    Head,
}

/// A text and the signatures under it. Shown in its text form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    /// Ends with a line feed.
    pub(crate) text: String,
    signatures: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    name: String,
    id: [u8; 4],
    signature: Vec<u8>,
}

/// What a note says of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signed {
    Yes,
    /// It has no signature under this key's name and id.
    No,
    /// It has one, and it is false.
    Falsely,
}

impl Note {
    pub(crate) fn new(text: String) -> Self {
        Self { text, signatures: Vec::new() }
    }

    pub(crate) fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > BYTES {
            return Err(NoteError::TooLong);
        }
        if note.chars().any(|c| c.is_ascii_control() && c != '\n') {
            return Err(NoteError::Control);
        }
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::Unsigned)?;
        let lines = lines.strip_suffix('\n').filter(|lines| !lines.is_empty()).ok_or(NoteError::Unsigned)?;
        let signatures: Vec<Line> =
            lines.split('\n').map(Line::parse).collect::<Option<_>>().ok_or(NoteError::Signature)?;
        if signatures.len() > SIGNATURES {
            return Err(NoteError::TooLong);
        }
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    pub(crate) fn sign(&mut self, name: &str, signer: &Signer) {
        let signature = signer.sign(self.text.as_bytes()).to_vec();
        self.signatures.push(Line { name: name.to_owned(), id: signer.public().id(name, PLAIN), signature });
    }

    /// Adds a witness's signature, made at `seconds` since 1970.
    pub(crate) fn cosign(&mut self, name: &str, signer: &Signer, seconds: u64) {
        let signature = signer.sign(&cosigned(&self.text, seconds));
        let signature = seconds.to_be_bytes().into_iter().chain(signature).collect();
        self.signatures.push(Line { name: name.to_owned(), id: signer.public().id(name, WITNESS), signature });
    }

    pub(crate) fn signed(&self, name: &str, key: PublicKey) -> Signed {
        let is_right = |line: &Line| key.has_signed(self.text.as_bytes(), &line.signature);
        self.checked(name, key.id(name, PLAIN), is_right)
    }

    pub(crate) fn cosigned(&self, name: &str, key: PublicKey) -> Signed {
        self.checked(name, key.id(name, WITNESS), |line| {
            let Some((seconds, signature)) = line.signature.split_first_chunk::<8>() else { return false };
            key.has_signed(&cosigned(&self.text, u64::from_be_bytes(*seconds)), signature)
        })
    }

    fn checked(&self, name: &str, id: [u8; 4], is_right: impl Fn(&Line) -> bool) -> Signed {
        let mut own = self.signatures.iter().filter(|line| line.name == name && line.id == id).map(is_right);
        match own.next() {
            None => Signed::No,
            Some(true) if own.all(|is_right| is_right) => Signed::Yes,
            Some(_) => Signed::Falsely,
        }
    }
}

/// The notes that stand one behind another in `text`. A note ends with its last signature line; blank lines may follow.
pub(crate) fn split(text: &str) -> Vec<&str> {
    let mut notes = Vec::new();
    let mut rest = text.trim_start_matches('\n');
    while !rest.is_empty() {
        let mut end = 0;
        let mut is_signed = false;
        for line in rest.split_inclusive('\n') {
            let is_signature = line.starts_with(DASH);
            if is_signed && !is_signature {
                break;
            }
            is_signed |= is_signature;
            end += line.len();
        }
        let (note, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        notes.push(note);
        rest = behind.trim_start_matches('\n');
    }
    notes
}

impl Line {
    fn parse(line: &str) -> Option<Self> {
        let (name, signature) = line.strip_prefix(DASH)?.split_once(' ')?;
        let bytes = Base64::decode_vec(signature).ok()?;
        let (id, signature) = bytes.split_first_chunk::<4>()?;
        let is_name = !name.is_empty() && !name.contains('+') && !name.contains(char::is_whitespace);
        (is_name && !signature.is_empty()).then(|| Self {
            name: name.to_owned(),
            id: *id,
            signature: signature.to_vec(),
        })
    }
}

fn cosigned(text: &str, seconds: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {seconds}\n{text}").into_bytes()
}

impl fmt::Display for Note {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", self.text)?;
        for line in &self.signatures {
            let bytes: Vec<u8> = line.id.iter().chain(&line.signature).copied().collect();
            writeln!(out, "{DASH}{} {}", line.name, Base64::encode_string(&bytes))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The example in the documentation of Go's golang.org/x/mod/sumdb/note.
    const GO: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    #[test]
    fn a_note_of_another_implementation_is_verified() {
        let (name, key) = PublicKey::parse(GO_KEY).unwrap();
        let note = Note::parse(GO).unwrap();
        assert_eq!(note.signed(&name, key), Signed::Yes);
        assert_eq!(note.to_string(), GO);
        let changed = Note::parse(&GO.replace("don't", "do")).unwrap();
        assert_eq!(changed.signed(&name, key), Signed::Falsely);
        assert_eq!(note.signed("Somebody", key), Signed::No);
    }

    #[test]
    fn a_witness_signs_with_its_time() {
        let witness = Signer::from_seed(&[6; 32]);
        let mut note = Note::parse(GO).unwrap();
        note.cosign("witness.example/w1", &witness, 1_679_315_147);
        let note = Note::parse(&note.to_string()).unwrap();
        assert_eq!(note.cosigned("witness.example/w1", witness.public()), Signed::Yes);
        assert_eq!(note.signed("witness.example/w1", witness.public()), Signed::No);
        let (name, key) = PublicKey::parse(GO_KEY).unwrap();
        assert_eq!(note.signed(&name, key), Signed::Yes);
    }

    #[test]
    fn what_is_no_note_is_told() {
        let check = |text: &str, error| assert_eq!(Note::parse(text), Err(error), "{text}");
        check("text\n", NoteError::Unsigned);
        check("text\n\n", NoteError::Unsigned);
        check("te\rxt\n\n\u{2014} a AAAAAAA=\n", NoteError::Control);
        check("text\n\n- a AAAAAAA=\n", NoteError::Signature);
        check("text\n\n\u{2014} a AAAA\n", NoteError::Signature);
        check("text\n\n\u{2014} a+b AAAAAAA=\n", NoteError::Signature);
        check(&"x".repeat(BYTES + 1), NoteError::TooLong);
    }

    #[test]
    fn a_file_of_notes_is_split() {
        assert_eq!(split(""), Vec::<&str>::new());
        assert_eq!(split(&format!("{GO}{GO}")), [GO; 2]);
        let simple = "a\n\n\u{2014} n AAAAAAA=\n";
        assert_eq!(split(&format!("{simple}\n{simple}{simple}\n\n")), [simple; 3]);
        assert_eq!(split("broken"), ["broken"]);
    }

    proptest! {
        #[test]
        fn any_text_is_fine(text: String) {
            let _ = Note::parse(&text);
            prop_assert!(split(&text).iter().map(|note| note.len()).sum::<usize>() <= text.len());
        }
    }
}
