//! Bedside analysers and meters that speak POCT1-A: what they are, and which tests they report.
//!
//! In: both directions of a stream, XML documents one behind the other. Out: facts about the device that says hello,
//! the codes of the tests it reports, and one record a message. Never read: patients, operators, results, notes, lists of
//! patients and operators, directives.
//!
//! Source: CLSI POCT1-A2 appendix B (device messaging layer).

mod lane;
mod message;

use crate::codec::lanes::Lanes;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe};
use lane::{Lane, Root};
use wardlight_model::{FieldInfo, Kind, Privacy};

pub(super) const ENTRY: Poct1a = Poct1a;

/// POCT1-A.
pub(super) struct Poct1a;

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Device, meaning }
}

static INFO: Info = Info {
    name: "poct1a",
    title: "POCT1-A bedside analyser messages",
    source: "CLSI POCT1-A2 appendix B (device messaging layer)",
    carriers: &[Carrier::Tcp],
    ports: &[],
    record: &[
        field("message", Kind::Text, "Type of the message, such as `HEL.R01`"),
        field("version", Kind::Text, "HDR.version_id, such as `POCT1`"),
        field("device", Kind::Text, "Who said hello: EUI-64, or maker and serial number"),
        field("maker", Kind::Text, "DEV.manufacturer_name, else DEV.vendor_id"),
        field("model", Kind::Text, "DEV.model_id"),
        field("software", Kind::Text, "DEV.sw_version"),
        field("condition", Kind::Text, "DST.condition_cd: `R` ready, `B` busy, `L` locked, and so on"),
        field("ack", Kind::Text, "ACK.type_cd: `AA` or `AE`"),
        field("observations", Kind::Number, "How many observations the message holds; never what they found"),
        field(
            "tests",
            Kind::List,
            "Which tests were observed, each once with its unit, as far as the table of tests knows them",
        ),
    ],
    weirds: &[
        ("poct1a.document", "bytes between documents that begin none"),
        ("poct1a.xml", "a document is not well-formed"),
        ("poct1a.device", "a hello that names no device"),
    ],
    window: 128 * 1024,
};

impl Dissector for Poct1a {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match lane::root(hello.bytes) {
            Root::Named { name, .. } if lane::is_known(name) => Probe::Yes,
            Root::Cut if hello.bytes.len() < 1024 => Probe::More,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Lanes<Lane>>::default()
    }
}

#[cfg(test)]
mod tests {
    use crate::trial;

    fn conversation(text: &str) -> trial::Heard {
        trial::hear(&format!("tcp 10.0.0.5:40000 > 10.0.0.9:3500\n> {text}\nend"))
    }

    #[test]
    fn a_hello_is_known_on_any_port() {
        let heard = conversation(r#""<?xml version=\"1.0\"?><!-- x --><HEL.R01><HDR/></HEL.R01>""#);
        assert_eq!(heard.service, Some("poct1a"));
        assert_eq!(heard.weirds, ["poct1a.device"]);
    }

    #[test]
    fn other_documents_are_left_alone() {
        for text in [
            r#""<?xml version=\"1.0\"?><stream:stream to=\"a\">""#,
            r#""<ACK xmlns=\"urn:hl7-org:v2xml\"/>""#,
            r#""<HEL.R01x>""#,
            r#""<34>1 2024-01-01T00:00:00Z a b - - - x""#,
            r#""<html></html>""#,
        ] {
            assert_ne!(conversation(text).service, Some("poct1a"), "{text}");
        }
    }

    #[test]
    fn an_analyser_behind_another_station_is_named_by_its_own_address() {
        let hello =
            r#""<HEL.R01><DEV><DEV.device_id V=\"006019-FFFE-123456\"/><DEV.model_id V=\"Meter 2\"/></DEV></HEL.R01>""#;
        let own = trial::hear(&format!("tcp 10.0.0.5:4@00:60:19:12:34:56 > 10.0.0.9:3500\n> {hello}\nend"));
        own.says("10.0.0.5@00:60:19:12:34:56 self.model = Meter 2");
        let routed = trial::hear(&format!("tcp 10.0.0.5:4@00:00:5e:00:01:02 > 10.0.0.9:3500\n> {hello}\nend"));
        routed.says("10.0.0.5@00:00:5e:00:01:02>Eui64:006019fffe123456 self.model = Meter 2");
    }

    proptest::proptest! {
        #[test]
        fn bytes_of_any_kind_are_read_without_harm(tail in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let hex: String = tail.iter().map(|byte| format!("{byte:02x}")).collect();
            let hex = if hex.is_empty() { "00".to_owned() } else { hex };
            let whole = conversation(&format!(r#""<HEL.R01><DEV><DEV.device_id V=\"7\"/></DEV></HEL.R01>" {hex}"#));
            whole.says("10.0.0.5 poct1a.device = /7");
        }

        #[test]
        fn a_split_anywhere_changes_nothing(at in 1_usize..170) {
            let text = "<?xml version='1.0'?><HEL.R01><DEV><DEV.device_id V='7'/></DEV></HEL.R01> <KPA.R01 a='b'/>\
                <OBS.R02><SVC><CTC><OBS><OBS.observation_id V='GLU'/></OBS></CTC></SVC></OBS.R02>";
            let whole = conversation(&format!("\"{text}\""));
            let (one, other) = text.split_at(at);
            let parts = conversation(&format!("\"{one}\"\n> \"{other}\""));
            assert_eq!((whole.facts, whole.records, whole.weirds), (parts.facts, parts.records, parts.weirds));
        }
    }
}
