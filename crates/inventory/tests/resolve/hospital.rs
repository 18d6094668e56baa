//! An invented hospital whose truth is known: what stands there, what the network shows of it, and what four systems
//! list, with the mistakes that people make. By seed; the same seed gives the same hospital.

use crate::house::{Book, House, Met, SITE, asset_field, device_id, time};
use std::collections::BTreeMap;
use wardlight_inventory::resolve::{SourceKind, Stay, record_id};
use wardlight_model::{AssetField, AssetRecord, Id, Mac};

/// How large, and how badly kept.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub seed: u64,
    /// Devices on the network.
    pub networked: usize,
    /// Rows of the maintenance system, near enough.
    pub cmms: usize,
    /// Share of typed values with a slip.
    pub slips: f64,
}

/// The hospital, and which rows are which device.
#[derive(Debug, Default)]
pub struct Hospital {
    pub house: House,
    /// Each row's true device.
    pub truth: BTreeMap<Id, Id>,
    /// The same, but rows of one device that no identifier links count as two: nobody could know.
    pub knowable: BTreeMap<Id, Id>,
}

/// Model, as a maker sells it: maker, its other writing, model, other writing, type, what technicians call it, serial
/// number's form, prefix of addresses, share of all devices, share that tells its serial number, share with a host name.
struct Make(
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    u32,
    u32,
    f64,
    f64,
);

const MAKES: &[Make] = &[
    Make(
        "Philips",
        "Philips Medical Systems",
        "IntelliVue MX800",
        "MX800",
        "patient monitor",
        "Monitor, Physiologic, Bedside",
        "DE4",
        0x0009fb,
        12,
        0.7,
        0.1,
    ),
    Make(
        "Philips",
        "PHILIPS",
        "IntelliVue MP5",
        "MP5",
        "patient monitor",
        "Monitor, Physiologic",
        "DE6",
        0x0009fb,
        6,
        0.7,
        0.1,
    ),
    Make(
        "B. Braun",
        "B Braun Medical",
        "Infusomat Space",
        "INFUSOMAT SPACE",
        "infusion pump",
        "Pump, Infusion, General Purpose",
        "",
        0x001e8c,
        18,
        0.5,
        0.0,
    ),
    Make(
        "Becton Dickinson",
        "BD",
        "Alaris 8015",
        "8015",
        "infusion pump",
        "Pump, Infusion",
        "",
        0x00c0b7,
        14,
        0.6,
        0.0,
    ),
    Make(
        "Dräger",
        "Draeger Medical",
        "Evita V500",
        "Evita V500",
        "ventilator",
        "Ventilator, Intensive Care",
        "ASD",
        0x003018,
        4,
        0.8,
        0.2,
    ),
    Make(
        "GE Healthcare",
        "GE Medical Systems",
        "Carescape B850",
        "B850",
        "patient monitor",
        "Monitor, Physiologic",
        "SGA",
        0x00a0f8,
        6,
        0.6,
        0.2,
    ),
    Make(
        "GE Healthcare",
        "GE",
        "MAC 5500",
        "MAC5500",
        "electrocardiograph",
        "Electrocardiograph, Multichannel",
        "SHQ",
        0x00a0f8,
        3,
        0.3,
        0.3,
    ),
    Make(
        "Siemens Healthineers",
        "Siemens",
        "Somatom Force",
        "SOMATOM",
        "ct scanner",
        "Scanner, Computed Tomography",
        "7",
        0x0001e3,
        1,
        0.8,
        0.9,
    ),
    Make(
        "Canon Medical Systems",
        "Toshiba Medical",
        "Aplio i800",
        "APLIO I800",
        "ultrasound",
        "Scanner, Ultrasonic",
        "A5",
        0x00a0de,
        3,
        0.6,
        0.8,
    ),
    Make(
        "Abbott",
        "Abbott Point of Care",
        "i-STAT 1",
        "i-STAT",
        "blood gas analyser",
        "Analyzer, Point-of-Care, Blood Gas",
        "3",
        0x000423,
        3,
        0.9,
        0.1,
    ),
    Make(
        "Dell",
        "Dell Inc.",
        "OptiPlex 7090",
        "OptiPlex",
        "desktop",
        "Workstation, Computer",
        "",
        0x001422,
        16,
        0.0,
        1.0,
    ),
    Make(
        "HP",
        "Hewlett-Packard",
        "EliteDesk 800",
        "EliteDesk",
        "desktop",
        "Personal Computer",
        "CZC",
        0x3024a9,
        8,
        0.0,
        1.0,
    ),
    Make("Zebra", "Zebra Technologies", "ZD420", "ZD420", "printer", "Printer, Label", "D2J", 0x00074d, 6, 0.5, 0.4),
];

/// One device as it is.
struct Real {
    make: usize,
    serial: String,
    tag: String,
    mac: Mac,
    host: Option<String>,
    title: Option<String>,
    site: usize,
    department: usize,
    room: usize,
    ip: [u8; 4],
}

const SITES: [&str; 2] = ["North Hospital", "South Hospital"];

pub fn hospital(plan: Plan) -> Hospital {
    let mut chance = Chance(plan.seed);
    let mut made = Hospital::default();
    for (name, kind, scope) in [
        ("cmms", SourceKind::Cmms, None),
        ("directory", SourceKind::Directory, None),
        ("nac", SourceKind::Nac, None),
        ("purchasing", SourceKind::Procurement, None),
    ] {
        made.house.books.push(Book { name: name.into(), kind, scope, site: None, records: Vec::new() });
    }
    // A tenth of what the maintenance system lists is never met.
    let listed = plan.cmms as f64 / (plan.networked as f64 * 1.1);
    let reals = reals(plan.networked + plan.cmms / 10, &mut chance);
    for (n, real) in reals.iter().enumerate() {
        let mut links = Links::default();
        let is_networked = n < plan.networked;
        if is_networked {
            meet(&mut made.house, n, real, &mut chance, &mut links);
        }
        let maker = MAKES[real.make].0;
        let is_pc = matches!(maker, "Dell" | "HP");
        if !is_networked || chance.is(listed.min(0.97)) {
            list(&mut made.house, n, real, &mut chance, plan.slips, &mut links);
        }
        if is_pc && is_networked && chance.is(0.95) {
            enrol(&mut made.house, real, &mut links);
        }
        if is_networked && chance.is(0.8) {
            admit(&mut made.house, n, real, &mut chance, &mut links);
        }
        if chance.is(0.3) {
            buy(&mut made.house, n, real, &mut chance, plan.slips, &mut links);
        }
        links.settle(n, &mut made);
    }
    made
}

fn reals(count: usize, chance: &mut Chance) -> Vec<Real> {
    let mut next = [0_u32; MAKES.len()];
    let shares: u32 = MAKES.iter().map(|make| make.8).sum();
    let mut reals = Vec::new();
    for n in 0..count {
        let mut pick = chance.below(u64::from(shares)) as u32;
        let make = MAKES.iter().position(|make| {
            let is_here = pick < make.8;
            pick = pick.wrapping_sub(if is_here { 0 } else { make.8 });
            is_here
        });
        let make = make.unwrap();
        // Deliveries are consecutive, with gaps between them.
        next[make] += if chance.is(0.9) { 1 } else { 1 + chance.below(40) as u32 };
        let number = next[make];
        let of = &MAKES[make];
        let serial = match of.0 {
            "Dell" => service_tag(number),
            _ => format!("{}{:06}", of.6, 200_000 + number),
        };
        let (site, department, room) = (chance.below(2) as usize, chance.below(40) as usize, chance.below(25) as usize);
        let [_, a, b, c] = of.7.to_be_bytes();
        let [_, d, e, f] = (0x10_0000 + (make as u32) * 0x8000 + number).to_be_bytes();
        let tag = format!("{}{:06}", ["N", "S"][site], 100_000 + n);
        let host = match of.4 {
            "desktop" if n % 3 == 0 => Some(format!("pc-{}", tag.to_lowercase())),
            "desktop" => Some(format!("ws{department:02}-{n:05}")),
            _ if !chance.is(of.10) => None,
            "printer" => Some(format!("prt-{n:05}")),
            _ if chance.is(0.3) => Some(of.3.to_lowercase().replace(' ', "-")),
            _ => Some(format!("{}-{}", of.3.to_lowercase().replace(' ', ""), serial.to_lowercase())),
        };
        let title = matches!(of.4, "ct scanner" | "ultrasound")
            .then(|| format!("{}{department:02}_{n}", &of.3[..2].to_uppercase()));
        // Both hospitals use the same addresses.
        let ip = [10, (n >> 15) as u8, (n >> 8) as u8 & 0x7f, n as u8];
        reals.push(Real { make, serial, tag, mac: Mac([a, b, c, d, e, f]), host, title, site, department, room, ip });
    }
    reals
}

/// Dell's service tags: seven signs of 36, not consecutive.
fn service_tag(number: u32) -> String {
    let mut rest = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24;
    let sign = |n: u64| b"0123456789BCDFGHJKLMNPQRSTVWXYZ"[(n % 31) as usize] as char;
    (0..7)
        .map(|_| {
            let of = sign(rest);
            rest /= 31;
            of
        })
        .collect()
}

/// Rows of one device with the identifiers that they really have, before slips.
#[derive(Default)]
struct Links(Vec<(Id, Vec<String>)>);

impl Links {
    fn settle(self, n: usize, made: &mut Hospital) {
        let truth = record_id(SITE, "truth", &n.to_string());
        let mut group: Vec<usize> = (0..self.0.len()).collect();
        for _ in 0..self.0.len() {
            for (a, (_, own)) in self.0.iter().enumerate() {
                for (b, (_, other)) in self.0.iter().enumerate() {
                    if own.iter().any(|one| other.contains(one)) {
                        let least = group[a].min(group[b]);
                        (group[a], group[b]) = (least, least);
                    }
                }
            }
        }
        for ((id, _), part) in self.0.iter().zip(group) {
            made.truth.insert(*id, truth);
            made.knowable.insert(*id, record_id(SITE, "part", &format!("{n} {part}")));
        }
    }
}

fn meet(house: &mut House, n: usize, real: &Real, chance: &mut Chance, links: &mut Links) {
    let make = &MAKES[real.make];
    let name = format!("d{n}");
    let mut words =
        format!("scope={} maker={}@{}", real.site, make.0.replace(' ', "_"), if chance.is(0.8) { 0.95 } else { 0.7 });
    let mut has = Vec::new();
    if chance.is(0.92) {
        words += &format!(" mac={}", real.mac);
        has.push(real.mac.to_string());
    }
    if chance.is(0.8) {
        words += &format!(" type={}@0.93", make.4.replace(' ', "_"));
    }
    if chance.is(make.9) {
        words += &format!(" serial={} model={}", real.serial, make.2.replace(' ', "_"));
        has.push(real.serial.clone());
    }
    if let Some(host) = real.host.as_deref().filter(|_| chance.is(0.9)) {
        words += &format!(" dhcp.hostname={host}");
        has.extend(
            [host.to_owned(), real.serial.clone(), real.tag.clone()]
                .into_iter()
                .filter(|one| one == host && is_own(host) || host.contains(&one.to_lowercase())),
        );
    }
    if let Some(title) = &real.title {
        words += &format!(" dicom.ae_title={title}");
        has.push(title.clone());
    }
    let [a, b, c, d] = real.ip;
    words += &format!(" ip={a}.{b}.{c}.{d}");
    let before = std::mem::take(house);
    *house = before.device(&name, &words);
    let met: &mut Met = house.met.last_mut().unwrap();
    met.site = Some(SITES[real.site].to_owned());
    if chance.is(0.4) {
        let place = vec![(AssetField::Department, department(real)), (AssetField::Room, room(real))];
        met.stays.push(Stay { first: time(20), last: time(0), place });
    }
    links.0.push((device_id(&name), has));
}

/// A host name that a maker gives to each of its devices tells none of them.
fn is_own(host: &str) -> bool {
    host.contains(|c: char| c.is_ascii_digit())
        && !MAKES.iter().any(|make| make.3.to_lowercase().replace(' ', "-") == host)
}

fn list(house: &mut House, n: usize, real: &Real, chance: &mut Chance, slips: f64, links: &mut Links) {
    let make = &MAKES[real.make];
    let copies = if chance.is(0.01) { 2 } else { 1 };
    for copy in 0..copies {
        let (mut says, mut has) = (Vec::new(), Vec::new());
        let mut say = |word: &str, value: String| says.push((asset_field(word), value));
        say("maker", if chance.is(0.5) { make.0 } else { make.1 }.to_owned());
        say("model", if chance.is(0.5) { make.2 } else { make.3 }.to_owned());
        say("type", make.5.to_owned());
        say("site", SITES[real.site].to_owned());
        say("department", department(real));
        say("room", if chance.is(0.25) { format!("{}", chance.below(25)) } else { room(real) });
        if chance.is(0.99) {
            say("asset_tag", chance.typed(&real.tag, slips / 4.0));
            has.push(real.tag.clone());
        }
        if chance.is(0.03) {
            say("serial", ["N/A", "unknown", "0000"][chance.below(3) as usize].to_owned());
        } else {
            say("serial", chance.typed(&real.serial, slips));
            has.push(real.serial.clone());
        }
        if chance.is(0.7) {
            say("mac", chance.mac(real.mac, slips / 2.0));
            has.push(real.mac.to_string());
        }
        if let Some(host) = real.host.as_deref().filter(|_| chance.is(0.5)) {
            say("hostname", host.to_owned());
            has.extend(Some(host.to_owned()).filter(|host| is_own(host)));
        }
        if let Some(title) = &real.title {
            say("ae_title", title.clone());
            has.push(title.clone());
        }
        let as_of = Some(time(chance.below(1200) as i64));
        let key = format!("{n}-{copy}");
        links.0.push((push(house, 0, &key, says, as_of), has));
    }
}

fn enrol(house: &mut House, real: &Real, links: &mut Links) {
    let host = real.host.clone().unwrap();
    let mut says = vec![
        (AssetField::Hostname, format!("{host}.clinic.example")),
        (AssetField::OperatingSystem, "Windows 10".into()),
    ];
    says.push((AssetField::DistinguishedName, format!("CN={host},OU=Workstations,DC=clinic,DC=example")));
    let mut has = vec![host.clone()];
    has.extend(Some(real.tag.clone()).filter(|tag| host.contains(&tag.to_lowercase())));
    links.0.push((push(house, 1, &host, says, Some(time(1))), has));
}

fn admit(house: &mut House, n: usize, real: &Real, chance: &mut Chance, links: &mut Links) {
    let mut says = vec![(AssetField::Mac, real.mac.to_string()), (AssetField::NacProfile, "Medical".into())];
    let mut has = vec![real.mac.to_string()];
    if let Some(host) = real.host.as_deref().filter(|_| chance.is(0.6)) {
        says.push((AssetField::Hostname, host.to_owned()));
        has.extend(Some(host.to_owned()).filter(|host| is_own(host)));
        has.extend(Some(real.serial.clone()).filter(|serial| host.contains(&serial.to_lowercase())));
        has.extend(Some(real.tag.clone()).filter(|tag| host.contains(&tag.to_lowercase())));
    }
    links.0.push((push(house, 2, &format!("nac{n}"), says, Some(time(0))), has));
}

fn buy(house: &mut House, n: usize, real: &Real, chance: &mut Chance, slips: f64, links: &mut Links) {
    let make = &MAKES[real.make];
    let maker = if chance.is(0.1) { "Medical Supplies Ltd" } else { make.1 };
    let mut says = vec![(AssetField::Maker, maker.to_owned()), (AssetField::Model, make.2.to_owned())];
    says.push((AssetField::Serial, chance.typed(&real.serial, slips / 3.0)));
    says.push((AssetField::PurchaseOrder, format!("45{:06}", n / 7)));
    let mut has = vec![real.serial.clone()];
    if chance.is(0.5) {
        says.push((AssetField::AssetTag, real.tag.clone()));
        has.push(real.tag.clone());
    }
    says.push((AssetField::Site, SITES[real.site].to_owned()));
    links.0.push((push(house, 3, &format!("po{n}"), says, Some(time(900))), has));
}

fn push(
    house: &mut House,
    book: usize,
    key: &str,
    mut says: Vec<(AssetField, String)>,
    as_of: Option<wardlight_model::Time>,
) -> Id {
    says.sort();
    let book = &mut house.books[book];
    let row = book.records.len() as u64 + 2;
    book.records.push(AssetRecord { key: key.to_owned(), row, says, as_of });
    let id = record_id(SITE, &book.name, key);
    house.names.insert(id, format!("{}:{key}", book.name));
    id
}

fn department(real: &Real) -> String {
    format!("Ward {}", real.department)
}

fn room(real: &Real) -> String {
    format!("{}", real.room)
}

/// The same house with everything in another order.
pub fn shuffled(house: &House, chance: &mut Chance) -> House {
    let mut house = house.clone();
    chance.shuffle(&mut house.met);
    chance.shuffle(&mut house.books);
    house.books.iter_mut().for_each(|book| chance.shuffle(&mut book.records));
    house.met.iter_mut().for_each(|met| {
        chance.shuffle(&mut met.facts);
        chance.shuffle(&mut met.stays);
        chance.shuffle(&mut met.device.macs);
    });
    chance.shuffle(&mut house.decisions);
    house
}

/// SplitMix64: the same everywhere.
#[derive(Debug, Clone, Copy)]
pub struct Chance(pub u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn is(&mut self, share: f64) -> bool {
        ((self.next() >> 11) as f64) < share * (1_u64 << 53) as f64
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at as u64 + 1) as usize);
        }
    }

    /// `text` with a slip, with the probability `slips`.
    fn typed(&mut self, text: &str, slips: f64) -> String {
        let mut signs: Vec<char> = text.chars().collect();
        if signs.len() < 3 || !self.is(slips) {
            return text.to_owned();
        }
        let at = 1 + self.below(signs.len() as u64 - 2) as usize;
        match self.below(5) {
            0 => drop(signs.remove(at)),
            1 => signs.swap(at, at + 1),
            2 => signs[at] = (b'0' + self.below(10) as u8) as char,
            3 => signs.iter_mut().for_each(|sign| *sign = if *sign == '0' { 'O' } else { *sign }),
            _ => signs.insert(at, signs[at]),
        }
        signs.into_iter().collect()
    }

    fn mac(&mut self, mac: Mac, slips: f64) -> String {
        let Mac(mut bytes) = mac;
        if self.is(slips) {
            bytes[5] = bytes[5].wrapping_add(1 + self.below(254) as u8);
        }
        Mac(bytes).to_string()
    }
}
