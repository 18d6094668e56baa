//! A signed statement of how the ledger stood: so many entries, this root.
//!
//! It is what goes out of the house: printed into every report, kept by witnesses. In text form:
//!
//! ```text
//! wardlight/ledger/0192f0c1-2d3e-7a4b-8c5d-6e7f80910213
//! 1024
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//! time 1700000000000000
//!
//! — wardlight/ledger/0192f0c1-2d3e-7a4b-8c5d-6e7f80910213 Az3grlgtzPICa5OS…
//! ```
//!
//! Source: C2SP tlog-checkpoint (a signed-note with origin, size, root); the line with the time (µs since 1970, UTC) is an
//! extension line. The name of the key is the origin.

use crate::hash::Hash;
use crate::key::{PublicKey, Signer};
use crate::note::{Note, NoteError, Signed, split};
use crate::proof::Head;
use crate::site::Site;
use base64ct::{Base64, Encoding as _};
use std::fmt;
use wardlight_model::Time;

const ORIGIN: &str = "wardlight/ledger/";

/// How the ledger of a site stood at a time. Shown in its text form, ending with a line feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose ledger it is.
    pub site: Site,
    /// How many entries there were, and the root over them.
    pub head: Head,
    /// When it was signed, by the writer's clock.
    pub time: Option<Time>,
    note: Note,
}

impl Checkpoint {
    /// States and signs it.
    #[must_use]
    pub fn sign(site: Site, head: Head, time: Time, signer: &Signer) -> Self {
        let root = Base64::encode_string(&head.root.0);
        let origin = origin(site);
        let mut note = Note::new(format!("{origin}\n{}\n{root}\ntime {}\n", head.size, time.micros()));
        note.sign(&origin, signer);
        Self { site, head, time: Some(time), note }
    }

    /// Reads the text form. Signatures are read, not checked. Errors: a text of another form.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let note = Note::parse(text)?;
        let mut lines = note.text.split_terminator('\n');
        let site = lines.next().and_then(|line| line.strip_prefix(ORIGIN)).and_then(|site| site.parse().ok());
        let size = lines.next().and_then(number);
        let root = lines.next().and_then(|root| Base64::decode_vec(root).ok()).and_then(|root| Hash::from_slice(&root));
        let (size, root) = size.zip(root).ok_or(NoteError::Head)?;
        let mut time = None;
        for line in lines {
            match line.strip_prefix("time ") {
                Some(micros) => time = Some(Time::from_micros(micros.parse().map_err(|_| NoteError::Head)?)),
                None if line.is_empty() => return Err(NoteError::Head),
                None => {}
            }
        }
        Ok(Self { site: site.ok_or(NoteError::Origin)?, head: Head { size, root }, time, note })
    }

    /// Reads the checkpoints that stand one behind another in the text of a file, such as a witness's.
    pub fn parse_all(text: &str) -> Vec<Result<Self, NoteError>> {
        split(text).into_iter().map(Self::parse).collect()
    }

    /// Adds the signature of a witness who saw it at `seconds` since 1970 (C2SP tlog-cosignature).
    pub fn cosign(&mut self, name: &str, witness: &Signer, seconds: u64) {
        self.note.cosign(name, witness, seconds);
    }

    /// Whether the ledger's key `key` signed it.
    #[must_use]
    pub fn is_signed_by(&self, key: PublicKey) -> bool {
        self.signed(key) == Signed::Yes
    }

    /// Whether the witness of this name and key signed it.
    #[must_use]
    pub fn is_cosigned_by(&self, name: &str, key: PublicKey) -> bool {
        self.note.cosigned(name, key) == Signed::Yes
    }

    pub(crate) fn signed(&self, key: PublicKey) -> Signed {
        self.note.signed(&origin(self.site), key)
    }
}

/// The name of a site's ledger, and of its keys.
#[must_use]
pub fn origin(site: Site) -> String {
    format!("{ORIGIN}{site}")
}

/// A decimal number without sign or leading zeros.
fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Checkpoint {
        let head = Head { size: 1024, root: Hash::of(b"root") };
        Checkpoint::sign(Site([3; 16]), head, Time::from_micros(1_700_000_000_000_000), &Signer::from_seed(&[1; 32]))
    }

    #[test]
    fn a_checkpoint_comes_back_as_it_was_signed() {
        let text = sample().to_string();
        let read = Checkpoint::parse(&text).unwrap();
        assert_eq!(read, sample());
        assert!(read.is_signed_by(Signer::from_seed(&[1; 32]).public()));
        assert!(!read.is_signed_by(Signer::from_seed(&[2; 32]).public()));
        assert_eq!(Checkpoint::parse_all(&format!("{text}\n{text}")), [Ok(sample()), Ok(sample())]);
    }

    #[test]
    fn another_size_root_time_or_site_breaks_the_signature() {
        let text = sample().to_string();
        let changes = [("\n1024\n", "\n1025\n"), ("time 17", "time 18"), ("\nT", "\nU")];
        let other_site = |text: &str| text.replacen("03030303", "04030303", 1);
        let texts = changes.iter().map(|(from, to)| text.replacen(from, to, 1)).chain([other_site(&text)]);
        for changed in texts.filter(|changed| *changed != text) {
            let read = Checkpoint::parse(&changed).unwrap();
            assert!(!read.is_signed_by(Signer::from_seed(&[1; 32]).public()), "{changed}");
        }
    }

    #[test]
    fn what_is_no_checkpoint_is_told() {
        let text = sample().to_string();
        let check = |from, to, error| assert_eq!(Checkpoint::parse(&text.replacen(from, to, 1)), Err(error));
        check("wardlight/ledger/", "example.com/", NoteError::Origin);
        check("\n1024\n", "\n01024\n", NoteError::Head);
        check("\n1024\n", "\n+1024\n", NoteError::Head);
        check("time 1", "time x", NoteError::Head);
    }

    #[test]
    fn a_witness_can_sign_too() {
        let mut checkpoint = sample();
        let witness = Signer::from_seed(&[9; 32]);
        checkpoint.cosign("witness.example/w1", &witness, 1_700_000_100);
        let read = Checkpoint::parse(&checkpoint.to_string()).unwrap();
        assert!(read.is_cosigned_by("witness.example/w1", witness.public()));
        assert!(!read.is_cosigned_by("witness.example/w2", witness.public()));
        assert!(read.is_signed_by(Signer::from_seed(&[1; 32]).public()));
    }

    proptest! {
        #[test]
        fn any_text_is_fine(text: String, size: String, root: String, time: String) {
            let _ = Checkpoint::parse(&text);
            let _ = Checkpoint::parse(&format!("{ORIGIN}{}\n{size}\n{root}\ntime {time}\n\n\u{2014} a AAAAAAA=\n", Site([1; 16])));
        }
    }
}
