//! A site to ask: some devices, a state on disk, an account for each role.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tower::ServiceExt as _;
use wardlight_access::Role;
use wardlight_access::seal::Key;
use wardlight_access::session::Token;
use wardlight_engine::{Bounds, Effect, Entry, Held as Kept, Input, Site as Engine};
use wardlight_inventory::Alike;
use wardlight_inventory::resolve::{
    Answer, Asset, Held, Member, Onboarding, Owners, Question, Resolution, Score, SourceKind, Stay, Whereabouts, Why,
};
use wardlight_model::change::{Change, Known};
use wardlight_model::journal::{BodyKind, Command, Decision, FORMAT, encode};
use wardlight_model::{
    Area, AssetField, Attribute, Claim, Device, Endpoint, Feature, Field, Id, Level, Peer, Scope, Time,
};
use wardlight_store::database::{Account, Database, Settings, StoredGrant, StoredSession};
use wardlight_store::history;
use wardlight_store::projection::Projection;
use wardlight_web::host::Host;
use wardlight_web::house::{
    Cluster, Conversations, Document, House, Matrix, Noted, Outcome, Pairs, PairsWanted, Refused, Report, Soon,
    Standing,
};
use wardlight_web::site::{Assets, Parts, Site};

/// Microseconds since 1970, moved on by tests.
static CLOCK: AtomicI64 = AtomicI64::new(1_790_000_000_000_000);

pub fn now() -> Time {
    Time::from_micros(CLOCK.load(Ordering::Relaxed))
}

/// A server without journal and ledger: the engine over the state.
struct Small(Arc<tokio::sync::Mutex<(Engine, Database)>>, Deeds);

/// Who did what, in words.
type Deeds = Arc<std::sync::Mutex<Vec<String>>>;

impl Small {
    fn over(database: Database, deeds: Deeds) -> Self {
        let bounds = Bounds { facts: 1000, presences: 1000 };
        Self(Arc::new(tokio::sync::Mutex::new((Engine::new(Id([7; 16]), 1, bounds, Kept::default()), database))), deeds)
    }
}

impl House for Small {
    fn decide(&self, asked: Option<Id>, decision: Decision) -> Soon<Result<Id, Refused>> {
        if let Command::Witness(deed) = &decision.command {
            let text = format!("{}: {} {}", decision.by, deed.kind.name(), deed.detail);
            self.1.lock().unwrap().push(text.trim_end().to_owned());
        }
        let own = Arc::clone(&self.0);
        Box::pin(async move {
            let mut own = own.lock().await;
            let (sequence, body) = (own.0.sequence() + 1, encode(&decision));
            let id = asked.unwrap_or_else(|| Id::at(sequence, [8; 10]));
            let entry = Entry { sequence, id, format: FORMAT, kind: BodyKind::Decision.number(), body: &body };
            let (mut changes, mut refused) = (Vec::new(), None);
            for effect in own.0.step(Input::Record(entry)) {
                match effect {
                    Effect::Change(change) => changes.push(change),
                    Effect::Decided { outcome, .. } => refused = outcome.err(),
                    _ => {}
                }
            }
            own.1.put(&changes).await.unwrap();
            refused.map_or(Ok(id), |why| Err(Refused::Senseless(why.to_string())))
        })
    }

    /// The first device talks to the third.
    fn peers(&self, device: Id) -> Vec<Peer> {
        let endpoint = Endpoint { scope: Scope(0), mac: None, ip: Some(address(2)) };
        let peer = Peer { endpoint, service: "hl7".to_owned(), ip_bytes: 1000, flows: 1 };
        if device == id(0) { vec![peer] } else { Vec::new() }
    }

    fn unknown(&self) -> Soon<Arc<Vec<Cluster>>> {
        let found = alike().clusters();
        Box::pin(async { found })
    }

    fn outcome(&self, shows: Vec<Feature>, attribute: Attribute, value: String) -> Soon<Outcome> {
        let found = alike().outcome(&shows, attribute, &value);
        Box::pin(async { found })
    }

    fn features(&self, device: Id) -> Vec<Feature> {
        alike().features(device).to_vec()
    }

    fn matrix(&self) -> Soon<Arc<Matrix>> {
        Box::pin(async { Arc::default() })
    }

    fn pairs(&self, _: PairsWanted) -> Soon<Pairs> {
        Box::pin(async { Pairs::default() })
    }

    fn flows(&self, _: history::Query) -> Soon<Result<Conversations, Refused>> {
        Box::pin(async { Ok(Conversations::default()) })
    }

    fn entries(&self, _: Option<u64>, _: usize) -> Soon<Result<Vec<Noted>, Refused>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn proof(&self) -> Soon<Result<(bool, String), Refused>> {
        Box::pin(async { Ok((true, String::new())) })
    }

    fn standing(&self) -> Standing {
        Standing::default()
    }

    fn read(&self, _: Document) -> Soon<Result<Report, Refused>> {
        Box::pin(async { Err(Refused::Later("nobody reads here".to_owned())) })
    }
}

/// The site, and the folder it lies in.
pub struct Trial {
    pub site: Site,
    pub database: Database,
    pub invitation: Token,
    assets: Assets,
    pub deeds: Deeds,
    _folder: tempfile::TempDir,
}

impl Trial {
    /// One with `count` devices and no account.
    pub async fn with(count: u32) -> Self {
        Self::of(&(0..count).collect::<Vec<_>>()).await
    }

    /// One with the devices of these numbers and no account.
    pub async fn of(numbers: &[u32]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/state.db", folder.path().display());
        let settings = Settings { url, site: Id([7; 16]), now: now(), patience: Duration::from_secs(5) };
        let database = Database::open(&settings).await.unwrap();
        let devices = Arc::new(Projection::default());
        let mut changes: Vec<Change> = numbers.iter().copied().map(device).collect();
        devices.apply(&changes);
        changes.push(Change::Area(Area {
            id: id(0),
            parent: None,
            level: Level::Site,
            name: "St. Anna".to_owned(),
            zone: Some("Europe/Berlin".to_owned()),
        }));
        database.put(&changes).await.unwrap();
        let invitation = Token::new([9; 32]);
        let assets = Assets::default();
        let deeds = Deeds::default();
        let parts = Parts {
            devices,
            assets: assets.clone(),
            database: database.clone(),
            key: Key::new([3; 32]),
            clock: now,
            chance: |bytes| getrandom::fill(bytes).is_ok(),
            house: Arc::new(Small::over(database.clone(), Arc::clone(&deeds))),
            invitation: invitation.hash(),
            provider: None,
            host: Some(Host::read("ward.example", 443).unwrap()),
        };
        Self { site: Site::new(parts).unwrap(), database, invitation, assets, deeds, _folder: folder }
    }

    /// From now on assets are known: each of the first `count` devices is one, and the first two may be the same.
    pub fn settle(&self, count: u32) {
        let score = Score { sum: 0, probability: 0.6, reasons: Vec::new() };
        let question = Question { a: id(0), b: id(1), why: Why::Unsure, score };
        let assets = (0..count).map(asset).collect();
        self.assets.put(Arc::new(Resolution { assets, questions: vec![question], ..Resolution::default() }));
    }

    /// From now on there are two wards; of `all` devices each stands in the one named beside it, and each pair may be one.
    pub async fn settle_in(&self, all: &[(u32, Option<&str>)]) {
        let ward = |number, name: &str| Area {
            id: id(number),
            parent: Some(id(0)),
            level: Level::CareArea,
            name: name.to_owned(),
            zone: None,
        };
        let wards = [Change::Area(ward(WARDS[0], "East")), Change::Area(ward(WARDS[1], "West"))];
        self.database.put(&wards).await.unwrap();
        let score = || Score { sum: 0, probability: 0.6, reasons: Vec::new() };
        let pairs = all.iter().enumerate().flat_map(|(at, (a, _))| all[at + 1..].iter().map(move |(b, _)| (*a, *b)));
        let questions = pairs.map(|(a, b)| Question { a: id(a), b: id(b), why: Why::Unsure, score: score() }).collect();
        let assets = all.iter().map(|(number, ward)| standing(*number, *ward)).collect();
        self.assets.put(Arc::new(Resolution { assets, questions, ..Resolution::default() }));
    }

    /// Everything that is served.
    pub fn router(&self) -> Router {
        wardlight_web::router(&self.site)
    }

    /// An account with `role` for the whole site, or none; the cookie of its session.
    pub async fn visitor(&self, role: Option<Role>) -> String {
        self.visitor_in(role, None).await
    }

    /// The cookie of another session of account `id`.
    pub async fn visitor_again(&self, id: Id) -> String {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).unwrap();
        let token = Token::new(bytes);
        let (hash, at) = (token.hash(), now());
        // As after a second factor.
        let stepped_up = Some(at);
        let kept = StoredSession { hash, account: id, begun: at, seen: at, stepped_up, is_break_glass: false };
        self.database.put_session(&kept).await.unwrap();
        format!("{}={}", wardlight_web::COOKIE_NAME, token.text())
    }

    /// The same with the role in `area` alone.
    pub async fn visitor_in(&self, role: Option<Role>, area: Option<u32>) -> String {
        let mut own = [role.map_or(200, |role| role as u8 + 1); 16];
        own[15] ^= area.map_or(0, |area| u8::try_from(area).unwrap());
        let (id, area) = (Id(own), area.map(id));
        let place = area.map_or_else(String::new, |area| format!("-{area}"));
        let name = role.map_or("nobody", Role::name).to_owned() + &place;
        let account = Account {
            id,
            shown: format!("A {name}"),
            name,
            password: None,
            is_disabled: false,
            is_break_glass: false,
            made: now(),
        };
        assert!(self.database.put_account(&account).await.unwrap());
        let until = Some(now().plus(86_400_000_000));
        let grants =
            role.map(|role| StoredGrant { account: id, role: role.name().to_owned(), area, from: now(), until });
        self.database.put_grants(id, grants.as_slice()).await.unwrap();
        self.visitor_again(id).await
    }
}

/// The id of device `number`.
pub fn id(number: u32) -> Id {
    let mut bytes = [0; 16];
    bytes[12..].copy_from_slice(&number.to_be_bytes());
    Id(bytes)
}

/// The wards' numbers.
pub const WARDS: [u32; 2] = [100, 101];

/// The address of device `number`.
fn address(number: u32) -> IpAddr {
    IpAddr::from([10, 0, u8::try_from(number / 250).unwrap(), u8::try_from(number % 250).unwrap()])
}

/// An asset that stands in `ward`, and on whose serial number two sources differ.
fn standing(number: u32, ward: Option<&str>) -> Asset {
    let place = ward.map(|ward| (AssetField::Department, ward.to_owned()));
    let stay = Stay { first: now(), last: now(), place: place.into_iter().collect() };
    let kind = SourceKind::Cmms;
    let answer = |value: String| Answer {
        value,
        source: "cmms".to_owned(),
        kind,
        member: id(number),
        time: now(),
        confidence: 0.9,
        worth: 0.9,
    };
    let answers = vec![answer(format!("SN-{number}-A")), answer(format!("SN-{number}-B"))];
    let beds = vec![answer("Bed 7".to_owned()), answer("Bed 8".to_owned())];
    Asset {
        fields: vec![
            Held { field: AssetField::Serial, answers, is_disputed: true },
            Held { field: AssetField::Bed, answers: beds, is_disputed: true },
        ],
        whereabouts: vec![Whereabouts { stay, source: "cmms".to_owned(), kind, worth: 1.0 }],
        stands: Some(0),
        owners: Owners::default(),
        ..asset(number)
    }
}

fn asset(number: u32) -> Asset {
    let member = Member {
        id: id(number),
        source: "network".to_owned(),
        kind: SourceKind::Network,
        key: String::new(),
        link: None,
    };
    Asset {
        id: id(number),
        members: vec![member],
        fields: Vec::new(),
        kind: None,
        whereabouts: Vec::new(),
        stands: None,
        owners: Owners { technical: Some("Biomed".to_owned()), ..Owners::default() },
        onboarding: Onboarding::Found,
        is_confirmed: false,
        seen: Some((now(), now())),
    }
}

/// Every third is a ventilator that is surely one, every third likely a pump, the others nobody knows.
fn device(number: u32) -> Change {
    let claim = |attribute, value: &str, confidence| Claim {
        attribute,
        value: value.to_owned(),
        confidence,
        rule: "trial".to_owned(),
        evidence: Vec::new(),
    };
    let mut claims = vec![claim(Attribute::Name, &format!("bed-{number}"), 0.9)];
    claims.extend(match number % 3 {
        0 => Some(claim(Attribute::Type, "ventilator", 0.97)),
        1 => Some(claim(Attribute::Type, "infusion pump", 0.7)),
        _ => None,
    });
    let device = Device {
        id: format!("ip:10.0.{}.{}", number / 250, number % 250),
        macs: Vec::new(),
        addresses: vec![address(number)],
        keys: Vec::new(),
        via: None,
        claims,
        labels: Vec::new(),
        peers: Vec::new(),
        first: now(),
        last: now(),
        origins: Vec::new(),
    };
    Change::Device(Box::new(Known { id: id(number), device, features: Vec::new() }))
}

/// The first six devices show the same; two of them nobody knows.
fn alike() -> Alike {
    let shows = ["ipp", "telnet"].map(|value| Feature { field: Field::ServiceOffered, value: value.to_owned() });
    let mut alike = Alike::default();
    for number in 0..6 {
        if let Change::Device(known) = device(number) {
            alike.put(known.id, &known.device, &shows);
        }
    }
    alike
}

/// What is answered to `method` of `path` for who bears `cookie`.
pub async fn ask(router: &Router, (method, path): (&str, &str), cookie: &str, form: &str) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path).header("sec-fetch-site", "same-origin");
    if !cookie.is_empty() {
        request = request.header(header::COOKIE, cookie);
    }
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    router.clone().oneshot(request.body(Body::from(form.to_owned())).unwrap()).await.unwrap()
}

/// The answer's text.
pub async fn text(response: Response<Body>) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Status and text of a page that is got.
pub async fn page(router: &Router, path: &str, cookie: &str) -> (StatusCode, String) {
    let response = ask(router, ("GET", path), cookie, "").await;
    (response.status(), text(response).await)
}

/// What goes with every form of who bears `cookie`.
pub async fn csrf(router: &Router, cookie: &str) -> String {
    let (_, account) = page(router, "/account", cookie).await;
    field(&account, "csrf")
}

/// The hidden field `name` of a page.
pub fn field(page: &str, name: &str) -> String {
    let begin = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
    begin.split('"').next().unwrap().to_owned()
}

/// Moves the clock on.
pub fn wait(seconds: i64) {
    CLOCK.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
}
