//! Models of devices: the list `data/models.toml`, and what each does when.

use super::calendar::Rhythm;
use serde::Deserialize;

/// One model, as the list has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) maker: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) held_out: bool,
    /// What it does for others, for infrastructure.
    #[serde(default)]
    pub(crate) role: String,
    #[serde(default)]
    pub(crate) share: u32,
    pub(crate) areas: Vec<String>,
    pub(crate) prefixes: Vec<String>,
    pub(crate) firmware: Vec<String>,
    pub(crate) serial: String,
    #[serde(default)]
    pub(crate) host: String,
    #[serde(default)]
    pub(crate) link: Link,
    /// The role of what speaks for it when it is nested.
    #[serde(default)]
    pub(crate) through: String,
    #[serde(default)]
    pub(crate) portable: bool,
    /// Somebody's own: comes and goes, and bears random hardware addresses.
    #[serde(default)]
    pub(crate) personal: bool,
    #[serde(default)]
    pub(crate) windows: bool,
    pub(crate) ttl: u8,
    pub(crate) dhcp: Option<Dhcp>,
    #[serde(default)]
    pub(crate) says: Says,
}

/// How it is on the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Link {
    #[default]
    Wired,
    Wireless,
    /// Another device speaks for it.
    Nested,
}

/// How it asks for an address (RFC 2132 options 60 and 55).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dhcp {
    pub(crate) vendor: String,
    pub(crate) asks: Vec<u8>,
}

/// What it says, by protocol.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Says {
    pub(crate) agent: Option<String>,
    pub(crate) page: Option<Page>,
    pub(crate) snmp: Option<String>,
    pub(crate) mdns: Option<Mdns>,
    pub(crate) upnp: Option<Upnp>,
    pub(crate) tls: Option<String>,
    pub(crate) certificate: Option<Certificate>,
    pub(crate) lldp: Option<String>,
    pub(crate) cdp: Option<String>,
    pub(crate) syslog: Option<String>,
    pub(crate) sip: Option<String>,
    pub(crate) modbus: Option<String>,
    pub(crate) bacnet: Option<Bacnet>,
    pub(crate) dicom: Option<Dicom>,
    pub(crate) hl7: Option<Hl7>,
    pub(crate) pcd: Option<Pcd>,
    pub(crate) sdc: Option<Sdc>,
    pub(crate) astm: Option<Astm>,
    /// LOINC codes and units of the tests that it reports over POCT1-A, as `2339-0|mg/dL`.
    #[serde(default)]
    pub(crate) poct: Vec<String>,
    #[serde(default)]
    pub(crate) video: bool,
}

macro_rules! said {
    ($($(#[doc = $doc:literal])+ $name:ident { $($part:ident: $form:ty,)+ })+) => { $(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name { $(pub(crate) $part: $form,)+ }
    )+ };
}

said! {
    /// A page that its web server shows.
    Page { server: String, title: String, }
    /// A service that it announces (RFC 6763).
    Mdns { service: String, port: u16, texts: Vec<String>, }
    /// A device as UPnP describes it.
    Upnp { kind: String, server: String, }
    /// The certificate that it shows at a port.
    Certificate { organisation: String, serves: u16, }
    /// Vendor identifier and first instance (ANSI/ASHRAE 135 §12.11).
    Bacnet { vendor: u16, instance: u32, }
    /// Its code in IEEE 11073-10101.
    Sdc { code: String, }
    /// The sender field of its header record and its tests: name, value, unit.
    Astm { sender: String, tests: Vec<String>, }
    /// Its application and which messages it sends.
    Hl7 { application: String, sends: Vec<String>, }
}

/// Its application entity.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dicom {
    /// Implementation class UID and version name.
    pub(crate) class: String,
    pub(crate) version: String,
    pub(crate) ae: String,
    pub(crate) sop: String,
    /// Empty for what stores nothing.
    #[serde(default)]
    pub(crate) modality: String,
    #[serde(default)]
    pub(crate) images: u16,
    /// Rows and columns of one image.
    #[serde(default)]
    pub(crate) pixels: u16,
}

/// What it observes, after IHE PCD-01.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pcd {
    #[serde(default)]
    pub(crate) mds: String,
    pub(crate) observes: Vec<String>,
    /// The role that it reports to; the interface engine by default.
    #[serde(default)]
    pub(crate) to: String,
}

/// One thing that a device does again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Habit {
    /// It is there for the first time, or again: neighbours, address, names.
    Arrive,
    Renew,
    Neighbour,
    Lookup,
    Clock,
    Announce,
    Discovered,
    Link,
    Polled,
    Page,
    Call,
    Sealed,
    Login,
    Names,
    Log,
    Register,
    Bus,
    Building,
    Video,
    Echo,
    Worklist,
    Store,
    Query,
    Observe,
    Offer,
    Send,
    Results,
    Meter,
    Router6,
    Neighbour6,
}

/// How often, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) habit: Habit,
    /// Seconds from one chance to the next.
    pub(crate) every_s: u32,
    pub(crate) rhythm: Rhythm,
    /// Whether it comes with the regularity of a clock.
    pub(crate) is_steady: bool,
}

impl Model {
    /// The committed list.
    #[expect(clippy::expect_used, reason = "the committed file is read by the tests")]
    pub(crate) fn committed() -> Vec<Self> {
        #[derive(Deserialize)]
        struct List {
            model: Vec<Model>,
        }
        toml::from_str::<List>(include_str!("../../data/models.toml")).expect("the committed models can be read").model
    }

    /// Whether it is of medical use: what clinical engineering looks after.
    pub(crate) fn is_medical(&self) -> bool {
        let says = &self.says;
        let speaks = says.dicom.is_some() || says.pcd.is_some() || says.sdc.is_some() || says.astm.is_some();
        let is_bedside = ["defibrillator", "hospital bed", "contrast injector", "infusion pump server"];
        let cares = ["medication cabinet", "nurse call system", "location gateway", "immunoassay analyser"];
        speaks
            || !says.poct.is_empty()
            || is_bedside.contains(&self.kind.as_str())
            || cares.contains(&self.kind.as_str())
    }

    /// What it does, in a fixed order.
    pub(crate) fn habits(&self) -> Vec<Plan> {
        let mut plans = self.basics();
        plans.extend(self.office());
        plans.extend(self.clinical());
        plans
    }

    fn basics(&self) -> Vec<Plan> {
        let mut plans = Vec::new();
        let mut add = |is: bool, habit, every_s, rhythm| {
            if is {
                plans.push(Plan { habit, every_s, rhythm, is_steady: matches!(rhythm, Rhythm::Always) });
            }
        };
        let has_address = self.link != Link::Nested;
        add(has_address && self.dhcp.is_some(), Habit::Renew, 4 * 3600, Rhythm::Always);
        add(has_address, Habit::Neighbour, 1_200, Rhythm::Always);
        add(has_address, Habit::Lookup, 1_800, Rhythm::Shifts);
        add(has_address, Habit::Clock, 1_024, Rhythm::Always);
        add(has_address, Habit::Neighbour6, 1_800, Rhythm::Always);
        add(self.says.lldp.is_some(), Habit::Link, 30, Rhythm::Always);
        add(self.role == "router", Habit::Router6, 200, Rhythm::Always);
        add(self.says.snmp.is_some(), Habit::Polled, 300, Rhythm::Always);
        add(self.says.mdns.is_some(), Habit::Announce, 900, Rhythm::Shifts);
        add(self.says.upnp.is_some(), Habit::Discovered, 1_800, Rhythm::Always);
        add(self.windows, Habit::Names, 720, Rhythm::Shifts);
        add(self.says.syslog.is_some(), Habit::Log, 120, Rhythm::Shifts);
        plans
    }

    fn office(&self) -> Vec<Plan> {
        let mut plans = Vec::new();
        let mut add = |is: bool, habit, every_s, rhythm, is_steady| {
            if is {
                plans.push(Plan { habit, every_s, rhythm, is_steady });
            }
        };
        let is_client = self.dhcp.is_some() && self.windows;
        add(self.says.page.is_some(), Habit::Page, 3_600, Rhythm::Office, false);
        add(self.says.agent.is_some(), Habit::Call, 600, Rhythm::Shifts, false);
        add(self.says.tls.is_some(), Habit::Sealed, 300, Rhythm::Shifts, false);
        add(self.says.certificate.is_some(), Habit::Sealed, 400, Rhythm::Shifts, false);
        add(is_client, Habit::Login, 1_800, Rhythm::Shifts, false);
        add(self.says.sip.is_some(), Habit::Register, 600, Rhythm::Always, true);
        add(self.says.modbus.is_some(), Habit::Bus, 60, Rhythm::Always, true);
        add(self.says.bacnet.is_some(), Habit::Building, 300, Rhythm::Always, true);
        add(self.says.video, Habit::Video, 1, Rhythm::Always, true);
        plans
    }

    fn clinical(&self) -> Vec<Plan> {
        let mut plans = Vec::new();
        let mut add = |is: bool, habit, every_s, rhythm, is_steady| {
            if is {
                plans.push(Plan { habit, every_s, rhythm, is_steady });
            }
        };
        let says = &self.says;
        let stores = says.dicom.as_ref().is_some_and(|dicom| !dicom.modality.is_empty());
        let reads = says.dicom.is_some() && !stores && self.role.is_empty();
        add(stores, Habit::Echo, 3_600, Rhythm::Always, true);
        add(stores, Habit::Worklist, 900, Rhythm::Exams, false);
        add(stores, Habit::Store, 1_200, Rhythm::Exams, false);
        add(reads, Habit::Query, 300, Rhythm::Exams, false);
        add(says.pcd.is_some(), Habit::Observe, 60, Rhythm::Care, true);
        add(says.sdc.is_some(), Habit::Offer, 600, Rhythm::Care, false);
        add(says.hl7.is_some(), Habit::Send, if self.role.is_empty() { 240 } else { 20 }, Rhythm::Shifts, false);
        add(says.astm.is_some(), Habit::Results, 180, Rhythm::Exams, false);
        add(!says.poct.is_empty(), Habit::Meter, 1_800, Rhythm::Shifts, false);
        plans
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_list_is_wide_and_half_of_it_is_held_out() {
        let models = Model::committed();
        let kinds: BTreeSet<&str> = models.iter().map(|model| model.kind.as_str()).collect();
        assert!(models.len() >= 60 && kinds.len() >= 25, "{} models of {} types", models.len(), kinds.len());
        // What is lent is asked for by name, and in no judged hospital.
        let judged = models.iter().filter(|model| model.role != "on loan");
        let held_out = judged.clone().filter(|model| model.held_out).count();
        assert_eq!(held_out * 2, judged.count());
        let names: BTreeSet<(&str, &str)> =
            models.iter().map(|model| (model.maker.as_str(), model.name.as_str())).collect();
        assert_eq!(names.len(), models.len(), "a maker's models have names of their own");
    }

    #[test]
    fn makers_of_held_out_models_make_nothing_else() {
        let models = Model::committed();
        let makers = |held_out| -> BTreeSet<String> {
            models.iter().filter(|model| model.held_out == held_out).map(|model| model.maker.clone()).collect()
        };
        assert!(makers(true).is_disjoint(&makers(false)));
    }

    #[test]
    fn every_model_does_something_and_has_what_it_needs() {
        for model in Model::committed() {
            assert!(!model.habits().is_empty(), "{}", model.name);
            assert!(model.share > 0 || !model.role.is_empty(), "{} is never there", model.name);
            assert_eq!(model.link == Link::Nested, !model.through.is_empty(), "{}", model.name);
            assert!(model.areas.len() + model.prefixes.len() + model.firmware.len() >= 3, "{}", model.name);
        }
    }
}
