//! `wardlight demo`: a made-up hospital to look at, ready in seconds, and moving.

use super::run::end_on_signals;
use crate::config::Config;
use crate::role::demo::Demo;
use crate::role::keeper::Standing;
use crate::role::places::Places;
use crate::role::{Stop, now, server};
use anyhow::Context as _;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use wardlight_lab::hospital::{Hospital, Size};
use wardlight_model::Time;

/// How long the server may take to start, or to look at everything once.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two lines about how things stand.
const TELL: Duration = Duration::from_secs(10);
/// Ventilators of a maker that nobody knows: something for people to find out.
const ON_LOAN: u32 = 1;
const SECOND: i64 = 1_000_000;

/// Shows a made-up hospital, with its devices talking and its records taken in. No network is touched.
#[derive(clap::Args)]
pub struct Command {
    /// Devices of the hospital.
    #[arg(long, value_name = "NUMBER", default_value_t = 2_000)]
    devices: u32,
    /// Where to keep everything; without one, a folder that is removed at the end.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Minutes of the hospital's life that are played at once, up to now.
    #[arg(long, value_name = "MINUTES", default_value_t = 5)]
    minutes: u32,
    /// How fast the hospital's clock goes from then on.
    #[arg(long, value_name = "TIMES", default_value_t = 1)]
    speed: u32,
    /// Ends once these minutes were played and everything is kept.
    #[arg(long)]
    once: bool,
    /// Where to show pages, by an address of this machine; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", conflicts_with = "once")]
    pages: String,
    /// Where chance begins: the same number makes the same hospital.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

/// The server beside the hospital, and how it stands.
struct Beside {
    stop: Stop,
    standing: Arc<Mutex<Standing>>,
    thread: JoinHandle<anyhow::Result<()>>,
}

impl Command {
    /// Shows it until told to stop. Errors: the folder cannot be written, or the server ends.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let scratch = tempfile::Builder::new().prefix("wardlight-demo-").tempdir()?;
        let folder = self.folder.clone().unwrap_or_else(|| scratch.path().to_owned());
        let (path, config) = configured(&folder, if self.once { "" } else { &self.pages })?;
        let beside = Beside::start(&config)?;
        let outcome = self.show(&path, &config, &beside);
        beside.stop.now();
        let served = beside.thread.join().map_err(|_| anyhow::anyhow!("the server broke off"))?;
        outcome.and(served)?;
        Ok(ExitCode::SUCCESS)
    }

    fn show(&self, path: &Path, config: &Config, beside: &Beside) -> anyhow::Result<()> {
        let begun = Instant::now();
        eprintln!("making up a hospital with {} devices …", self.devices);
        let hospital = Hospital::plan(self.seed, Size { on_loan: ON_LOAN, ..Size::devices(self.devices) });
        beside.until("answer", |_| Places::of(config).socket().exists())?;
        let start = now();
        let mut demo = Demo::new(&hospital, config, start.plus(-i64::from(self.minutes) * 60 * SECOND))?;
        demo.record(&hospital)?;
        eprintln!("taken in: the records of maintenance, purchasing and directory; {} s", begun.elapsed().as_secs());
        for minute in (0..i64::from(self.minutes)).rev() {
            if beside.stop.is_wanted() {
                return Ok(());
            }
            demo.play(start.plus(-minute * 60 * SECOND))?;
        }
        beside.until("find devices", |standing| standing.devices > 0)?;
        eprintln!(
            "ready after {} s. Open the pages named above, or ask it from another terminal, such as:",
            begun.elapsed().as_secs()
        );
        for words in ["assets list", "assets review", "devices", "import list", "doctor"] {
            eprintln!("  wardlight {words} --config {}", path.display());
        }
        if self.once {
            beside.until("look at everything", |standing| {
                standing.journal > 0 && standing.committed == standing.journal && standing.is_settled
            })?;
            beside.tell(&demo);
            return Ok(());
        }
        eprintln!("Ctrl-C ends it.");
        self.live(&mut demo, beside, start)
    }

    fn live(&self, demo: &mut Demo<'_>, beside: &Beside, start: Time) -> anyhow::Result<()> {
        let begun = Instant::now();
        let mut told = Instant::now();
        loop {
            beside.stop.wait(Duration::from_millis(500));
            if beside.stop.is_wanted() {
                return Ok(());
            }
            let lived = i64::try_from(begun.elapsed().as_micros()).unwrap_or(i64::MAX);
            if !demo.play(start.plus(lived.saturating_mul(self.speed.into())))? {
                eprintln!("the hospital's week is over");
                return Ok(());
            }
            if told.elapsed() >= TELL {
                beside.tell(demo);
                told = Instant::now();
            }
        }
    }
}

/// The configuration below `folder`, made when there is none. Errors: the folder cannot be made or written.
fn configured(folder: &Path, pages: &str) -> anyhow::Result<(PathBuf, Config)> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(|| folder.display().to_string())?;
    let folder = folder.canonicalize().with_context(|| folder.display().to_string())?;
    let path = folder.join("wardlight.toml");
    if !path.exists() {
        let at = |name: &str| folder.join(name);
        let text = format!(
            "[files]\ndata = {:?}\nkeys = {:?}\n[backup]\nfolder = {:?}\n[store]\nsettle_s = 2\n",
            at("data"),
            at("keys"),
            at("backup")
        );
        fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    let mut config = Config::load(Some(&path))?;
    pages.clone_into(&mut config.web.listen);
    Places::of(&config).make()?;
    // A socket that an earlier server left would be taken for this one's.
    let _ = fs::remove_file(Places::of(&config).socket());
    Ok((path, config))
}

impl Beside {
    fn start(config: &Config) -> anyhow::Result<Self> {
        let stop = Stop::default();
        end_on_signals(&stop)?;
        let standing = Arc::new(Mutex::new(Standing::default()));
        let (told, ends, config) = (Arc::clone(&standing), stop.clone(), config.clone());
        let thread = thread::Builder::new().name("server".to_owned()).spawn(move || {
            let outcome = server::run(&config, false, &ends, |now, _| {
                told.lock().unwrap_or_else(PoisonError::into_inner).clone_from(now);
            });
            ends.now();
            outcome
        })?;
        Ok(Self { stop, standing, thread })
    }

    fn standing(&self) -> Standing {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until it `is_so`. Errors: the server ends, or it takes too long.
    fn until(&self, what: &str, is_so: impl Fn(&Standing) -> bool) -> anyhow::Result<()> {
        let begun = Instant::now();
        while !is_so(&self.standing()) {
            anyhow::ensure!(!self.stop.is_wanted(), "the server ended before it could {what}");
            anyhow::ensure!(begun.elapsed() < PATIENCE, "the server takes too long to {what}");
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn tell(&self, demo: &Demo<'_>) {
        let standing = self.standing();
        let assets = standing.assets.unwrap_or_default();
        println!(
            "{} frames; {} devices met, {} of them in a record, {} unknown, {} without an owner; {} in the records and never \
             met",
            demo.packets(),
            assets.networked,
            assets.confirmed,
            assets.unknown,
            assets.ownerless,
            assets.missing
        );
    }
}
