//! SOP classes: which service a UID belongs to, and the role that follows from it.
//!
//! Rows stand in `data/dicom-sop-classes.tsv`; a row stands for its UID and those below it.

use std::sync::LazyLock;

/// A DICOM service, with the modality for storage of one sort of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Service {
    /// Such as `storage`, `query`, `worklist`.
    pub name: &'static str,
    /// Defined term such as `CT`; empty when the class is not one modality's.
    pub modality: &'static str,
}

/// One side's part in a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Service class user.
    User,
    /// Service class provider.
    Provider,
}

impl Part {
    const fn suffix(self) -> &'static str {
        match self {
            Self::User => "scu",
            Self::Provider => "scp",
        }
    }
}

impl Service {
    /// The role of a side that takes `part` in this service, such as `storage-scu:CT`.
    pub fn role(&self, part: Part) -> String {
        let (name, suffix) = (self.name, part.suffix());
        if self.modality.is_empty() { format!("{name}-{suffix}") } else { format!("{name}-{suffix}:{}", self.modality) }
    }

    /// Its name with the modality, such as `storage:CT`.
    pub fn label(&self) -> String {
        if self.modality.is_empty() { self.name.to_owned() } else { format!("{}:{}", self.name, self.modality) }
    }

    pub fn is_storage(&self) -> bool {
        self.name == "storage"
    }

    /// Whether who uses it looks for or fetches objects of others.
    pub fn is_query_retrieve(&self) -> bool {
        matches!(self.name, "query" | "retrieve")
    }
}

static CLASSES: LazyLock<Vec<(&'static str, Service)>> = LazyLock::new(|| {
    let text = include_str!("../../../../../data/dicom-sop-classes.tsv");
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    let mut rows: Vec<_> = rows.filter_map(row).collect();
    rows.sort_unstable_by_key(|(uid, _)| *uid);
    rows
});

fn row(line: &'static str) -> Option<(&'static str, Service)> {
    let mut columns = line.split('\t');
    let (uid, name, modality) = (columns.next()?, columns.next()?, columns.next().unwrap_or_default());
    Some((uid, Service { name, modality }))
}

/// The service that the SOP class `uid` belongs to; `None` for private and unknown classes.
pub(super) fn service(uid: &str) -> Option<Service> {
    let mut prefix = uid;
    loop {
        if let Ok(found) = CLASSES.binary_search_by_key(&prefix, |(uid, _)| uid) {
            return CLASSES.get(found).map(|(_, service)| *service);
        }
        prefix = prefix.rsplit_once('.')?.0;
    }
}

/// `raw` without padding, when it is a UID: 1 to 64 digits and dots (PS3.5 §9).
pub(super) fn uid(raw: &[u8]) -> Option<&str> {
    let text = raw.trim_ascii_end();
    let text = text.strip_suffix(&[0]).unwrap_or(text);
    let sound = (1..=64).contains(&text.len()) && text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    if sound { std::str::from_utf8(text).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(uid: &str, role: Option<&str>) {
        assert_eq!(service(uid).map(|service| service.role(Part::User)).as_deref(), role, "{uid}");
    }

    #[test]
    fn classes_and_those_below_them_have_a_service() {
        check("1.2.840.10008.1.1", Some("verification-scu"));
        check("1.2.840.10008.1.20.1", Some("storage-commitment-scu"));
        check("1.2.840.10008.5.1.4.1.1.2", Some("storage-scu:CT"));
        check("1.2.840.10008.5.1.4.1.1.2.1", Some("storage-scu:CT"));
        check("1.2.840.10008.5.1.4.1.1.12.1.1", Some("storage-scu:XA"));
        check("1.2.840.10008.5.1.4.1.1.66", Some("storage-scu"));
        check("1.2.840.10008.5.1.4.1.1.200.4", Some("protocol-query-scu"));
        check("1.2.840.10008.5.1.4.1.2.2.1", Some("query-scu"));
        check("1.2.840.10008.5.1.4.31", Some("worklist-scu"));
        check("1.2.840.10008.5.1.1.9", Some("print-scu"));
    }

    #[test]
    fn unknown_classes_have_none() {
        check("1.2.840.113619.4.26", None);
        check("1.2.840.10008.5.1.4.1.2", None);
        check("1.2.840.10008.11", None);
        check("", None);
    }

    #[test]
    fn rows_are_uids_with_a_service() {
        assert!(CLASSES.len() > 100);
        for (text, service) in CLASSES.iter() {
            assert_eq!(uid(text.as_bytes()), Some(*text));
            assert!(!service.name.is_empty(), "{text}");
        }
    }

    #[test]
    fn a_uid_is_digits_and_dots() {
        assert_eq!(uid(b"1.2.840\0"), Some("1.2.840"));
        assert_eq!(uid(b"1.2.840 "), Some("1.2.840"));
        assert_eq!(uid(b"1.2.DOE^JOHN"), None);
        assert_eq!(uid(b""), None);
        assert_eq!(uid(&[b'1'; 65]), None);
    }
}
