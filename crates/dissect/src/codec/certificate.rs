//! The leaf certificate of one end (RFC 5280), and whether it names a person.

use crate::codec::cursor::Cursor;
use crate::codec::person::{is_own_computer, product_of_personal_name};
use crate::codec::text;
use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension, X509Certificate, X509Name};
use x509_parser::public_key::PublicKey;

/// Object identifiers of the name attributes that describe devices and organisations (RFC 4519, RFC 4524).
const DESCRIBING: [(&str, &str); 8] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("0.9.2342.19200300.100.1.25", "DC"),
];
/// Surname, given name, pseudonym.
const PERSONAL: [&str; 3] = ["2.5.4.4", "2.5.4.42", "2.5.4.65"];
/// E-mail address, user id.
const ACCOUNT: [&str; 2] = ["1.2.840.113549.1.9.1", "0.9.2342.19200300.100.1.1"];
/// Microsoft user principal name, as an other name.
const PRINCIPAL: &str = "1.3.6.1.4.1.311.20.2.3";
/// Most alternative names handed on.
const NAMES: usize = 16;

/// What is kept of a certificate while its message is read.
pub struct Leaf<'a> {
    /// Subject by RFC 4514, describing attributes only.
    pub subject: String,
    /// Where the subject stands.
    pub subject_raw: &'a [u8],
    /// Issuer by RFC 4514, describing attributes only.
    pub issuer: String,
    /// Where the issuer stands.
    pub issuer_raw: &'a [u8],
    /// DNS names among the subject's alternative names.
    pub names: Vec<&'a str>,
    /// Seconds since 1970, first and last.
    pub validity: [i64; 2],
    /// `rsa`, `ec`, `dsa`, `ed25519`, or empty.
    pub key_kind: &'static str,
    /// Length of the key in bits; 0 when unknown.
    pub key_bits: usize,
    /// It names a person, or may.
    pub is_personal: bool,
}

/// How much of a certificate message of `length` bytes holds the leaf; 0 when there is none. `None` when fewer than the
/// first 6 bytes of its content are there; of `rest` the first `available` bytes belong to it.
#[must_use]
pub fn wanted(rest: &[u8], available: usize, length: usize) -> Option<usize> {
    if length < 6 {
        return Some(0);
    }
    let mut cursor = Cursor::new(rest.get(..available.min(rest.len())).unwrap_or_default());
    cursor.u24().ok()?;
    let leaf = usize::try_from(cursor.u24().ok()?).ok()?;
    Some(if leaf + 6 <= length { leaf + 6 } else { 0 })
}

/// Reads a certificate that a client (`is_client`) or a server presents. `None` when it is malformed.
#[must_use]
pub fn read(der: &[u8], is_client: bool) -> Option<Leaf<'_>> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let key = certificate.public_key();
    let (key_kind, key_bits) = match key.parsed().ok() {
        Some(PublicKey::RSA(rsa)) => ("rsa", rsa.key_size()),
        Some(PublicKey::EC(point)) => ("ec", point.key_size()),
        Some(PublicKey::DSA(_)) => ("dsa", 0),
        _ if key.algorithm.algorithm.to_id_string() == "1.3.101.112" => ("ed25519", 256),
        _ => ("", 0),
    };
    let validity = certificate.validity();
    let mut names = Vec::new();
    let purpose = purpose(&certificate, &mut names);
    let is_personal = is_personal(certificate.subject(), purpose, is_client);
    // What may name a person is not even written down.
    let describe = |name| if is_personal { String::new() } else { describe(name) };
    Some(Leaf {
        subject: describe(certificate.subject()),
        subject_raw: certificate.tbs_certificate.subject.as_raw(),
        issuer: describe(certificate.issuer()),
        issuer_raw: certificate.tbs_certificate.issuer.as_raw(),
        names,
        validity: [validity.not_before.timestamp(), validity.not_after.timestamp()],
        key_kind,
        key_bits,
        is_personal,
    })
}

/// What the extensions say of whom a certificate is for.
#[derive(Debug, Clone, Copy, Default)]
struct Purpose {
    serves: bool,
    mails: bool,
    has_mail_name: bool,
    has_principal: bool,
    has_host_name: bool,
}

fn purpose<'a>(certificate: &X509Certificate<'a>, names: &mut Vec<&'a str>) -> Purpose {
    let mut purpose = Purpose::default();
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::ExtendedKeyUsage(usage) => {
                (purpose.serves, purpose.mails) = (usage.server_auth, usage.email_protection);
            }
            ParsedExtension::SubjectAlternativeName(alternatives) => {
                for name in &alternatives.general_names {
                    match name {
                        GeneralName::DNSName(dns) => {
                            purpose.has_host_name = true;
                            if names.len() < NAMES && !dns.split('.').any(names_someone) && !dns.contains('@') {
                                names.push(dns);
                            }
                        }
                        GeneralName::IPAddress(_) | GeneralName::URI(_) => purpose.has_host_name = true,
                        GeneralName::RFC822Name(_) => purpose.has_mail_name = true,
                        GeneralName::OtherName(oid, _) => purpose.has_principal |= oid.to_id_string() == PRINCIPAL,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    purpose
}

fn is_personal(subject: &X509Name<'_>, purpose: Purpose, is_client: bool) -> bool {
    let has = |wanted: &[&str]| subject.iter_attributes().any(|one| wanted.contains(&&*one.attr_type().to_id_string()));
    // A name that is no UTF-8 or has zero bytes (two-byte text) is not decoded here, where it could be a person's.
    let common = subject.iter_common_name().next().map(|name| std::str::from_utf8(name.as_slice()));
    let is_readable = common.is_none_or(|name| name.is_ok_and(|name| !name.contains('\0')));
    let common = common.and_then(Result::ok).unwrap_or_default().trim();
    let for_account = has(&ACCOUNT) || purpose.has_mail_name || purpose.has_principal;
    let stands_alone = subject.iter_attributes().count() == 1;
    has(&PERSONAL)
        || common.contains('@')
        || (purpose.mails && !purpose.serves)
        || (is_client && for_account && !purpose.serves)
        || (is_client && !purpose.serves && !purpose.has_host_name && (!is_readable || reads_as_person(common)))
        || (stands_alone && common.split('.').any(names_someone))
}

/// Whether a label of a host name says whose computer it is.
fn names_someone(label: &str) -> bool {
    product_of_personal_name(label).is_some() || is_own_computer(label)
}

/// Whether a common name is written as people's names are: two to four words, letters only, each with a capital.
fn reads_as_person(name: &str) -> bool {
    let words = || name.split([' ', ',', '.']).filter(|word| !word.is_empty());
    let is_name = |word: &str| {
        word.starts_with(char::is_uppercase) && word.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\''))
    };
    (2..=4).contains(&words().count()) && words().all(is_name)
}

/// A name by RFC 4514, the last attribute first, without attributes that name people.
fn describe(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for attribute in name.iter_attributes() {
        let oid = attribute.attr_type().to_id_string();
        let Some((_, short)) = DESCRIBING.iter().find(|(known, _)| *known == oid) else { continue };
        // Tag 30 is a BMPString: UTF-16, high byte first.
        let value = if attribute.attr_value().tag().0 == 30 {
            let swapped: Vec<u8> =
                attribute.as_slice().chunks_exact(2).flat_map(|pair| pair.iter().rev().copied()).collect();
            text::utf16(&swapped)
        } else {
            text::clean(attribute.as_slice()).into_owned()
        };
        if !value.is_empty() && !value.contains('@') {
            parts.push(format!("{short}={}", value.replace(',', "\\,")));
        }
    }
    parts.reverse();
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_are_told_from_names_of_things() {
        for name in ["Anna Meier", "Meier, Anna", "Dr. Jean-Luc Picard"] {
            assert!(reads_as_person(name), "{name}");
        }
        for name in ["ct-scanner-3", "MX800 4711", "pump.example.org", "Monitor", "axis-accc8e000001"] {
            assert!(!reads_as_person(name), "{name}");
        }
    }

    #[test]
    fn only_the_leaf_of_a_chain_is_wanted() {
        assert_eq!(wanted(&[0, 1, 0, 0, 0, 9, 1], 7, 600), Some(15));
        assert_eq!(wanted(&[0, 1, 0, 0, 0, 9, 1], 5, 600), None);
        assert_eq!(wanted(&[0, 0, 0], 3, 3), Some(0));
        assert_eq!(wanted(&[0, 1, 0, 9, 9, 9, 1], 7, 600), Some(0));
    }
}
