//! The SOAP envelope: which action it asks for and what its body holds. Of the header nothing else is read, since
//! security tokens stand there.
//!
//! Source: SOAP 1.2 part 1 §5, SOAP 1.1 §4; WS-Addressing 1.0 (2005/08) and its submission (2004/08).

use crate::codec::xml::{Element, Scanner};

/// An envelope that was opened.
pub struct Envelope<'a> {
    /// WS-Addressing action; empty when there is none.
    pub action: &'a [u8],
    /// The first element of the body; `None` when the bytes end before it, or the body is empty.
    pub body: Option<Element<'a>>,
    /// Stands within that element.
    pub scanner: Scanner<'a>,
}

impl<'a> Envelope<'a> {
    /// Opens the envelope that `bytes` are, perhaps cut short. `None` when they are none.
    #[must_use]
    pub fn open(bytes: &'a [u8]) -> Option<Self> {
        let mut scanner = Scanner::new(bytes);
        let root = scanner.child(0)?;
        if root.local != b"Envelope" || !is_soap(root.uri) {
            return None;
        }
        let mut action = &b""[..];
        while let Some(part) = scanner.child(1) {
            match part.local {
                b"Header" if part.uri == root.uri => action = action_in(&mut scanner),
                b"Body" if part.uri == root.uri => {
                    let body = scanner.child(2);
                    return Some(Self { action, body, scanner });
                }
                _ => {}
            }
        }
        Some(Self { action, body: None, scanner })
    }
}

fn is_soap(uri: &[u8]) -> bool {
    uri == b"http://www.w3.org/2003/05/soap-envelope" || uri == b"http://schemas.xmlsoap.org/soap/envelope/"
}

fn action_in<'a>(scanner: &mut Scanner<'a>) -> &'a [u8] {
    while let Some(part) = scanner.child(2) {
        if part.local == b"Action" && part.uri.ends_with(b"/addressing") {
            return scanner.value().map_or(&b""[..], |text| text.raw);
        }
    }
    &[]
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' \
        xmlns:a='http://www.w3.org/2005/08/addressing'><s:Header><a:Action>urn:x/Get</a:Action><s:Y/></s:Header>\
        <s:Body><Z xmlns='urn:z'/></s:Body></s:Envelope>";

    #[test]
    fn action_and_body_are_found() {
        let envelope = Envelope::open(MESSAGE.as_bytes()).expect("an envelope");
        assert_eq!(envelope.action, b"urn:x/Get");
        assert!(envelope.body.is_some_and(|body| body.is("urn:z", "Z")));
    }

    #[test]
    fn a_cut_envelope_still_has_its_action() {
        let cut = MESSAGE.find("<s:Body>").expect("body");
        let envelope = Envelope::open(&MESSAGE.as_bytes()[..cut]).expect("an envelope");
        assert_eq!(envelope.action, b"urn:x/Get");
        assert!(envelope.body.is_none());
        assert!(Envelope::open(b"<Envelope/>").is_none());
    }
}
