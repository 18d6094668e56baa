//! Which devices there are and where each begins: counts by share, areas, switches, names, numbers, addresses of boards.

use super::Size;
use super::chance::{Chance, narrow, wide};
use super::device::{Device, mac_text};
use super::model::{Link, Model};
use super::noise::Noise;
use super::place::{Area, CAPACITY, SCOPES, Spot};
use std::collections::BTreeMap;

/// What stands where at the beginning.
#[derive(Debug, Default)]
pub(crate) struct Census {
    pub(crate) areas: Vec<Area>,
    pub(crate) devices: Vec<Device>,
    /// The first spot of each device.
    pub(crate) spots: Vec<Spot>,
    /// Devices that do something for a scope, by its place and role.
    pub(crate) roles: BTreeMap<(u16, String), usize>,
    /// Switches and access points that reach an area.
    pub(crate) access: BTreeMap<(u32, bool), Vec<usize>>,
}

/// What every hospital has in its main scope, and what the clinic has of its own.
const MAIN: [&str; 11] = [
    "router",
    "directory",
    "engine",
    "pacs",
    "laboratory",
    "orders",
    "files",
    "monitoring",
    "pumps",
    "central",
    "serial",
];
const CLINIC: [&str; 5] = ["router", "directory", "engine", "pacs", "laboratory"];
/// What comes and goes without anybody's records.
const ON_LOAN: &str = "on loan";
/// Devices at one switch, and at one access point.
const AT_SWITCH: usize = 36;
const AT_RADIO: usize = 22;
/// Share of devices in the clinic.
const CLINIC_SHARE: f64 = 0.14;
/// From this size on there is a practice behind address translation.
const WITH_PRACTICE: u32 = 200;

/// Takes the census of a hospital of this size.
pub(crate) fn take(chance: Chance, size: &Size, models: &[Model], noise: &Noise) -> Census {
    let mut taking = Taking {
        chance,
        models,
        noise,
        census: Census::default(),
        open: BTreeMap::new(),
        made: vec![0; models.len()],
        boards: BTreeMap::new(),
        indices: [0; 2],
    };
    for scope in [0u16, 1] {
        taking.area(scope, "data centre");
    }
    taking.infrastructure(size.devices);
    let stock = usize::try_from(size.devices).unwrap_or(usize::MAX);
    let reserve = stock / 20 + 3;
    let fill = stock.saturating_sub(taking.census.devices.len() + reserve);
    taking.fill(&apportion(models, fill));
    taking.access();
    taking.on_loan(size.on_loan);
    taking.rest(stock);
    taking.census
}

/// How many of each model: the largest remainders of their shares.
fn apportion(models: &[Model], count: usize) -> Vec<usize> {
    let total: u64 = models.iter().map(|model| u64::from(model.share)).sum::<u64>().max(1);
    let exact = |model: &Model| u64::from(model.share) * wide(count);
    let mut counts: Vec<usize> = models.iter().map(|model| narrow(exact(model) / total)).collect();
    let mut order: Vec<usize> = (0..models.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse(models.get(*place).map_or(0, |model| exact(model) % total)));
    let missing = count.saturating_sub(counts.iter().sum());
    for place in order.into_iter().take(missing) {
        if let Some(count) = counts.get_mut(place) {
            *count += 1;
        }
    }
    counts
}

struct Taking<'a> {
    chance: Chance,
    models: &'a [Model],
    noise: &'a Noise,
    census: Census,
    /// The area of a scope and kind that has room left, and how many are in it.
    open: BTreeMap<(u16, String), (u32, usize, usize)>,
    made: Vec<u64>,
    boards: BTreeMap<[u8; 3], u64>,
    indices: [usize; 2],
}

impl Taking<'_> {
    /// The area of this kind with room left, opened when there is none.
    fn area(&mut self, scope: u16, kind: &str) -> u32 {
        let key = (scope, kind.to_owned());
        let (area, held, number) = self.open.get(&key).copied().unwrap_or((0, CAPACITY, 0));
        let found = if held < CAPACITY {
            (area, held + 1, number)
        } else {
            let index =
                self.indices.get_mut(usize::from(scope)).map_or(0, |index| std::mem::replace(index, *index + 1));
            let opened: u32 = narrow(wide(self.census.areas.len()));
            self.census.areas.push(Area::new(self.chance.of(0xa4ea), scope, kind, (number + 1, index)));
            (opened, 1, number + 1)
        };
        self.open.insert(key, found);
        found.0
    }

    fn infrastructure(&mut self, devices: u32) {
        for (scope, roles) in [(0u16, MAIN.as_slice()), (1, CLINIC.as_slice())] {
            for role in roles {
                let found = self.models.iter().position(|model| model.role == *role);
                self.install(found, scope, role);
            }
        }
        if devices >= WITH_PRACTICE {
            let found = self.models.iter().position(|model| model.role == "translation");
            self.install(found, 0, "translation");
        }
    }

    fn install(&mut self, model: Option<usize>, scope: u16, role: &str) {
        let Some(model) = model else { return };
        let kind = self.models.get(model).and_then(|model| model.areas.first()).cloned().unwrap_or_default();
        let device = self.device(model, scope, &kind);
        self.census.roles.insert((scope, role.to_owned()), device);
    }

    fn fill(&mut self, counts: &[usize]) {
        let translator = self.census.roles.get(&(0, "translation".to_owned())).copied();
        for (place, count) in counts.iter().enumerate() {
            let Some(model) = self.models.get(place) else { continue };
            for n in 0..*count {
                let own = self.chance.of(0xf111).of(wide(place)).of(wide(n));
                let is_practice = translator.is_some()
                    && model.link == Link::Wired
                    && (model.areas.iter().any(|area| area == "clinic" || area == "practice"))
                    && own.of(1).happens(self.noise.network.behind_translation * 4.0);
                let scope = u16::from(own.of(2).happens(CLINIC_SHARE) && model.link != Link::Nested && !is_practice);
                let kind = own.of(3).pick(&model.areas).cloned().unwrap_or_default();
                let device = self.device(place, scope, if is_practice { "practice" } else { &kind });
                self.put_behind(device, model, translator.filter(|_| is_practice));
            }
        }
    }

    fn put_behind(&mut self, device: usize, model: &Model, translator: Option<usize>) {
        let speaker = self.census.roles.get(&(0, model.through.clone())).copied();
        if let Some(device) = self.census.devices.get_mut(device) {
            device.is_translated = translator.is_some();
            device.behind = translator.or(speaker);
        }
    }

    /// Switches and access points for what there is, by scope, in the order of areas so that each reaches few of them.
    fn access(&mut self) {
        for scope in [0u16, 1] {
            for (role, is_radio, each) in [("switch", false, AT_SWITCH), ("access point", true, AT_RADIO)] {
                let mut served: Vec<u32> = Vec::new();
                for (device, spot) in self.census.devices.iter().zip(&self.census.spots) {
                    let link = self.models.get(device.model).map_or(Link::Wired, |model| model.link);
                    if device.scope == scope && link != Link::Nested && (link == Link::Wireless) == is_radio {
                        served.push(spot.area);
                    }
                }
                served.sort_unstable();
                for (n, areas) in served.chunks(each).enumerate() {
                    self.reach(scope, role, (is_radio, n), areas);
                }
            }
        }
    }

    fn reach(&mut self, scope: u16, role: &str, (is_radio, n): (bool, usize), areas: &[u32]) {
        let offered: Vec<usize> =
            self.models.iter().enumerate().filter(|(_, model)| model.role == role).map(|(place, _)| place).collect();
        let own = self.chance.of(0x5317).of(u64::from(scope)).of(u64::from(is_radio)).of(wide(n) / 7);
        let Some(model) = own.pick(&offered).copied() else { return };
        let device = self.device(model, scope, "data centre");
        for area in areas {
            let reaching = self.census.access.entry((*area, is_radio)).or_default();
            if reaching.last() != Some(&device) {
                reaching.push(device);
            }
        }
    }

    /// After all that is counted by share, so that a hospital without them is as it would be.
    fn on_loan(&mut self, count: u32) {
        let Some(model) = self.models.iter().position(|model| model.role == ON_LOAN) else { return };
        for _ in 0..count {
            self.device(model, 0, "icu");
        }
    }

    /// What is missing to the whole number are desktops, at switches that are there.
    fn rest(&mut self, stock: usize) {
        let Some(desktop) = self.models.iter().position(|model| model.kind == "desktop") else { return };
        let missing = stock.saturating_sub(self.census.devices.len());
        for _ in 0..missing {
            self.device(desktop, 0, "administration");
        }
        self.census.devices.truncate(stock);
        self.census.spots.truncate(stock);
    }

    /// One more device of `model` in an area of this kind; its place in the list.
    fn device(&mut self, place: usize, scope: u16, kind: &str) -> usize {
        let area = self.area(scope, kind);
        let index = self.census.devices.len();
        let own = self.chance.of(0xdef1).of(wide(index));
        let Some(model) = self.models.get(place) else { return index };
        let number = self.made.get_mut(place).map_or(1, |made| {
            *made += 1;
            *made
        });
        let first_mac = self.board(own, model);
        let serial = self.serial(place, model, number, first_mac);
        let firmware = own.of(4).pick(&model.firmware).cloned().unwrap_or_default();
        let copied = own.of(8).happens(self.noise.network.same_host_name) && model.role.is_empty();
        let called = if copied { 1 } else { number };
        let noisy_title = own.of(9).happens(self.noise.network.same_ae_title) && model.role.is_empty();
        let mut device = Device {
            model: place,
            serial,
            firmware,
            host: String::new(),
            ae: String::new(),
            number: called,
            first_mac,
            is_random: model.personal && own.of(5).happens(self.noise.network.randomised),
            speaks_v6: model.link != Link::Nested && own.of(6).happens(self.noise.network.ipv6),
            behind: None,
            is_translated: false,
            scope,
            stays: Vec::new(),
        };
        device.host = device.fill(model, &model.host);
        device.ae = model.says.dicom.as_ref().map(|dicom| device.fill(model, &dicom.ae)).unwrap_or_default();
        device.number = number;
        if noisy_title && !device.ae.is_empty() {
            device.ae = "STORESCU".to_owned();
        }
        let spot = self.census.areas.get(usize::try_from(area).unwrap_or(usize::MAX));
        self.census.spots.push(spot.map(|found| found.spot(own.of(7), area)).unwrap_or_default());
        self.census.devices.push(device);
        index
    }

    /// A hardware address that no other board bears.
    fn board(&mut self, own: Chance, model: &Model) -> [u8; 6] {
        let prefix = own.of(1).pick(&model.prefixes).map(|text| prefix(text)).unwrap_or_default();
        let count = self.boards.entry(prefix).or_default();
        *count += 1;
        let start =
            self.chance.of(0xb0a4).of(u64::from(prefix.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte))));
        let [.., d, e, f] = (start.bits().wrapping_add(*count * 0x0001_357b)).to_be_bytes();
        let [a, b, c] = prefix;
        [a, b, c, d, e, f]
    }

    /// A serial number that no other device of the model bears; others' models may.
    fn serial(&self, place: usize, model: &Model, number: u64, mac: [u8; 6]) -> String {
        if model.serial.contains('{') {
            return mac_text(mac).replace(':', "").to_uppercase();
        }
        let digits = model.serial.chars().filter(|letter| *letter == '#').count();
        let space = 10u64.saturating_pow(u32::try_from(digits).unwrap_or(1));
        let own = self.chance.of(0x5e41).of(wide(place));
        // Makers that only count begin alike, so that two devices of different makers may bear the same number.
        let is_plain = model.serial.chars().all(|letter| letter == '#');
        let start = if is_plain { 10_000 } else { own.below(space) };
        let mut counted = (start + number * 7) % space;
        let mut text: Vec<char> = Vec::new();
        for (at, letter) in model.serial.chars().rev().enumerate() {
            text.push(match letter {
                '#' => {
                    let digit = counted % 10;
                    counted /= 10;
                    char::from(b'0' + narrow::<u8>(digit))
                }
                '@' => char::from(b'A' + narrow::<u8>(own.of(wide(at)).below(26))),
                other => other,
            });
        }
        text.into_iter().rev().collect()
    }
}

impl Device {
    /// `text` with the device's own words for those in braces.
    pub(crate) fn fill(&self, model: &Model, text: &str) -> String {
        if !text.contains('{') {
            return text.to_owned();
        }
        let mac = mac_text(self.first_mac).replace(':', "").to_uppercase();
        let filled = text.replace("{serial}", &self.serial).replace("{firmware}", &self.firmware);
        let filled = filled.replace("{n}", &self.number.to_string()).replace("{mac}", &mac);
        filled.replace("{host}", &self.host).replace("{model}", &model.name).replace("{maker}", &model.maker)
    }
}

/// The three bytes of a prefix such as `00:03:b1`.
fn prefix(text: &str) -> [u8; 3] {
    let mut bytes = text.split(':').map(|byte| u8::from_str_radix(byte, 16).unwrap_or_default());
    std::array::from_fn(|_| bytes.next().unwrap_or_default())
}

/// The name of a scope.
pub(crate) fn scope_name(scope: u16) -> &'static str {
    SCOPES.get(usize::from(scope)).map_or("", |scope| scope.name)
}
