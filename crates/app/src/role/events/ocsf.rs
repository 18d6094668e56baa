//! An event as JSON in the Open Cybersecurity Schema Framework.
//!
//! In: an event. Out: one JSON object. Classes (OCSF 1.3.0): Device Inventory Info (5001), Authentication (3002),
//! Application Error (6008); what fits none is a Base Event (0) with the activity named. `type_uid` is the class times 100
//! plus the activity.

use super::{Event, Kind, Severity};
use serde_json::{Map, Value, json};

/// The version of the schema.
const VERSION: &str = "1.3.0";
/// Activity of an event whose class has none for it.
const OTHER: u64 = 99;

/// Category, class, activity and the activity's name.
const fn class(kind: Kind) -> (u64, u64, u64, &'static str) {
    match kind {
        Kind::DeviceFound | Kind::DeviceRetyped => (5, 5001, 2, "Collect"),
        Kind::EmergencyUsed | Kind::LogInsRefused => (3, 3002, 1, "Logon"),
        Kind::SensorSilent | Kind::StorageFull => (6, 6008, 1, "General Error"),
        Kind::MatchWaits | Kind::ImportRead | Kind::ImportUndone | Kind::SensorBack | Kind::StorageFree => {
            (0, 0, OTHER, kind.title())
        }
    }
}

const fn severity(severity: Severity) -> (u64, &'static str) {
    match severity {
        Severity::Info => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

/// The object.
pub fn object(event: &Event) -> Value {
    let (category, class, activity, activity_name) = class(event.kind);
    let (severity_id, severity) = severity(event.kind.severity());
    let mut object = json!({
        "activity_id": activity,
        "activity_name": activity_name,
        "category_uid": category,
        "class_uid": class,
        "type_uid": class * 100 + activity,
        "severity_id": severity_id,
        "severity": severity,
        "time": event.at.micros().div_euclid(1000),
        "count": event.count,
        "message": event.words,
        "metadata": {
            "version": VERSION,
            "uid": event.id,
            "event_code": event.kind.name(),
            "product": { "name": "Wardlight", "vendor_name": "Wardlight", "version": env!("CARGO_PKG_VERSION") },
        },
    });
    if let Some(object) = object.as_object_mut() {
        object.extend(particulars(event));
    }
    object
}

/// What only events of its class have.
fn particulars(event: &Event) -> Map<String, Value> {
    // An event about several names none of them; the schema asks for one of some kind.
    let subject = event.subject.map_or_else(|| "several".to_owned(), |id| id.to_string());
    let more = match event.kind {
        Kind::DeviceFound | Kind::DeviceRetyped => json!({ "device": { "uid": subject, "type_id": 0 } }),
        Kind::EmergencyUsed | Kind::LogInsRefused => {
            let (id, word) = if event.kind == Kind::EmergencyUsed { (1, "Success") } else { (2, "Failure") };
            json!({
                "user": { "uid": subject, "type_id": 0 },
                "service": { "name": "Wardlight" },
                "status_id": id,
                "status": word,
            })
        }
        _ => event.subject.map_or_else(|| json!({}), |id| json!({ "unmapped": { "subject": id } })),
    };
    more.as_object().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::tests_sample::sample;
    use super::*;

    #[test]
    fn every_kind_has_what_the_schema_asks_for() {
        for kind in Kind::ALL {
            let object = object(&sample(*kind));
            let number = |name: &str| object[name].as_u64().unwrap_or_else(|| panic!("{name} of {object}"));
            assert_eq!(number("type_uid"), number("class_uid") * 100 + number("activity_id"), "{object}");
            assert_eq!(number("class_uid") / 1000, number("category_uid"), "{object}");
            assert!((1..=6).contains(&number("severity_id")), "{object}");
            assert_eq!(number("time"), 1_790_000_000_123, "milliseconds");
            let required: &[&str] = match number("class_uid") {
                5001 => &["/device/uid", "/device/type_id"],
                3002 => &["/user/uid", "/service/name"],
                _ => &["/message"],
            };
            for path in required.iter().chain(&["/metadata/version", "/metadata/product/vendor_name"]) {
                assert!(object.pointer(path).is_some(), "{path} of {object}");
            }
        }
    }

    #[test]
    fn an_object_is_as_it_was_looked_at() {
        let text = object(&sample(Kind::EmergencyUsed)).to_string();
        let version = env!("CARGO_PKG_VERSION");
        let golden = json!({
            "activity_id": 1, "activity_name": "Logon", "category_uid": 3, "class_uid": 3002, "type_uid": 300_201,
            "severity_id": 5, "severity": "Critical", "time": 1_790_000_000_123_u64, "count": 1,
            "message": "A device was found: infusion pump.",
            "metadata": {
                "version": "1.3.0", "uid": "01010101-0101-0101-0101-010101010101", "event_code": "emergency.used",
                "product": { "name": "Wardlight", "vendor_name": "Wardlight", "version": version },
            },
            "user": { "uid": "02020202-0202-0202-0202-020202020202", "type_id": 0 },
            "service": { "name": "Wardlight" }, "status_id": 1, "status": "Success",
        });
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), golden);
    }
}
