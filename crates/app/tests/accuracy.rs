//! How often the program is right about real devices: tables per corpus, and the figures they must reach.
//!
//! In: labels in `golden/accuracy/`, captures under `WARDLIGHT_CORPUS` (none of them is a source of any fingerprint).
//! An answer counts as given when its confidence is at least 0.9. Without the corpus nothing is tested.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail"
)]

use std::path::Path;
use std::process::Command;

/// Least confidence of an answer that must be right.
const SURE: f64 = 0.9;

/// One labelled device.
#[derive(serde::Deserialize)]
struct Labelled {
    directory: String,
    mac: Option<String>,
    maker: Vec<String>,
    r#type: String,
    model: String,
    own: bool,
    #[serde(default)]
    why: String,
}

#[derive(serde::Deserialize)]
struct Labels {
    device: Vec<Labelled>,
}

/// What came of one attribute, over all labelled devices.
#[derive(Default)]
struct Score {
    labelled: usize,
    given: usize,
    right: usize,
    /// The same for devices whose model no fingerprint names.
    others_given: usize,
    others_right: usize,
}

impl Score {
    fn add(&mut self, own: bool, given: bool, right: bool) {
        self.labelled += 1;
        self.given += usize::from(given);
        self.right += usize::from(given && right);
        self.others_given += usize::from(given && !own);
        self.others_right += usize::from(given && right && !own);
    }

    #[allow(clippy::cast_precision_loss, reason = "a few hundred devices")]
    fn line(&self, name: &str) -> String {
        let rate = |part: usize, whole: usize| if whole == 0 { 1.0 } else { part as f64 / whole as f64 };
        format!(
            "{name:8} labelled {:3}  given {:3} ({:3.0} %)  right {:3} ({:5.1} %)  without own fingerprint: {} of {} right\n",
            self.labelled,
            self.given,
            100.0 * rate(self.given, self.labelled),
            self.right,
            100.0 * rate(self.right, self.given),
            self.others_right,
            self.others_given,
        )
    }

    #[allow(clippy::cast_precision_loss, reason = "a few hundred devices")]
    fn reaches(&self, name: &str, least_given: f64) {
        assert!(self.right as f64 >= 0.97 * self.given as f64, "{name}: {} of {} right", self.right, self.given);
        let least = least_given * self.labelled as f64;
        assert!(self.given as f64 >= least, "{name}: only {} of {} given", self.given, self.labelled);
    }
}

/// Maker, type, model.
#[derive(Default)]
struct Table {
    found: usize,
    sought: usize,
    scores: [Score; 3],
    text: String,
}

fn corpus() -> Option<std::path::PathBuf> {
    let folder = std::env::var_os("WARDLIGHT_CORPUS").map(std::path::PathBuf::from);
    if folder.is_none() {
        eprintln!("WARDLIGHT_CORPUS is not set: accuracy is not measured");
    }
    folder
}

fn labels(name: &str) -> Vec<Labelled> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/accuracy").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    toml::from_str::<Labels>(&text).unwrap().device
}

/// The devices that the program sees in `captures`.
fn devices(captures: &Path) -> Vec<serde_json::Value> {
    let run = Command::new(env!("CARGO_BIN_EXE_wardlight")).args(["watch", "--json"]).arg(captures).output().unwrap();
    let whole: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    whole["devices"].as_array().unwrap().clone()
}

/// The best claim on `attribute`: value and confidence.
fn best<'a>(device: &'a serde_json::Value, attribute: &str) -> (&'a str, f64) {
    let claims = device["claims"].as_array().unwrap().iter().filter(|claim| claim["attribute"] == attribute);
    let rated = claims.map(|claim| (claim["value"].as_str().unwrap(), claim["confidence"].as_f64().unwrap()));
    rated.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or(("-", 0.0))
}

/// Letters and digits only, so that `DCS-930LB` holds `DCS-930L` and `iKettle 2.0` is `iKettle2.0`.
fn plain(text: &str) -> String {
    text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

fn holds(answer: &str, label: &str) -> bool {
    plain(answer).contains(&plain(label))
}

fn measure(name: &str, corpus: &Path) -> Table {
    let mut table = Table { text: format!("\n{name}\n"), ..Table::default() };
    for label in labels(name) {
        let captures = corpus.join(&label.directory);
        let mac = label.mac.clone().unwrap_or_else(|| {
            let text = std::fs::read_to_string(captures.join("_iotdevice-mac.txt")).unwrap();
            text.trim().to_lowercase()
        });
        let devices = devices(&captures);
        let has = |device: &&serde_json::Value| device["macs"].as_array().unwrap().iter().any(|held| *held == *mac);
        let device = devices.iter().find(has).cloned().unwrap_or_else(|| serde_json::json!({ "claims": [] }));
        table.sought += 1;
        table.found += usize::from(devices.iter().any(|device| has(&device)));
        table.judge(&label, &device);
    }
    let lines = ["maker", "type", "model"].iter().zip(&table.scores).map(|(name, score)| score.line(name));
    let lines: String = lines.collect();
    table.text += &format!("found    {} of {}\n{lines}", table.found, table.sought);
    table
}

impl Table {
    fn judge(&mut self, label: &Labelled, device: &serde_json::Value) {
        let (maker, kind, model) = (best(device, "maker"), best(device, "type"), best(device, "model"));
        let answers = [
            (!label.maker.is_empty(), maker, label.maker.iter().any(|name| holds(maker.0, name))),
            (!label.r#type.is_empty(), kind, kind.0 == label.r#type),
            (!label.model.is_empty(), model, holds(model.0, &label.model)),
        ];
        let shown = label.directory.rsplit('/').next().unwrap_or_default();
        self.text += &format!("{shown:26.26}");
        for ((is_labelled, (value, confidence), right), score) in answers.into_iter().zip(&mut self.scores) {
            if is_labelled {
                score.add(label.own, confidence >= SURE, right);
            }
            let mark = if !is_labelled {
                ' '
            } else if right {
                '+'
            } else if confidence >= SURE {
                '!'
            } else {
                '.'
            };
            self.text += &format!("  {mark} {value:22.22} {confidence:4.2}");
        }
        self.text += &format!("  {}\n", label.why);
    }
}

/// Measures the devices of one file of labels and asks for the figures that were set.
#[track_caller]
fn reaches_its_figures(labels: &str) {
    let Some(corpus) = corpus() else { return };
    let table = measure(labels, &corpus);
    println!("{}", table.text);
    assert_eq!(table.found, table.sought);
    let [maker, kind, model] = &table.scores;
    maker.reaches("maker", 0.75);
    kind.reaches("type", 0.65);
    model.reaches("model", 0.45);
}

#[test]
fn iot_sentinel() {
    reaches_its_figures("iot_sentinel.toml");
}

#[test]
fn medical() {
    reaches_its_figures("medical.toml");
}
