//! The one configuration file: TOML, in which an unknown key is an error and every default is safe.
//!
//! Each section is a struct whose comments are the reference page: `wardlight config explain` prints them.

mod outlet;
mod section;
mod source;

pub use outlet::{Syslog, Webhook};
pub use source::Source;

use section::{Section, section};
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

section! {
    /// Where things are kept.
    pub struct Files = "files" {
        /// Folder of all that must not be lost: journal, state, flow history, ledger. Made when it is not there.
        data: PathBuf = "/var/lib/wardlight".into(),
        /// Folder of the keys that sign the ledger and hide names. Never in a backup: keep a copy of it elsewhere.
        keys: PathBuf = "/var/lib/wardlight-keys".into(),
    }
}

section! {
    /// The state: one SQLite file, or PostgreSQL when one machine is outgrown.
    pub struct Store = "store" {
        /// `sqlite:` for `state.db` in the data folder, `sqlite:PATH`, or `postgres://USER@HOST/NAME`.
        url: String = "sqlite:".to_owned(),
        /// Longest time from a durable record to the state that shows it, in milliseconds.
        commit_ms: u64 = 1000,
        /// Most facts kept in memory; what is beyond is counted and shown, and stays in the journal.
        most_facts: usize = 4_000_000,
        /// Shortest time between two looks at which facts belong to which device, in seconds.
        settle_s: u64 = 10,
    }
}

section! {
    /// What the sensor reads. It transmits nothing.
    pub struct Sensor = "sensor" {
        /// Network interfaces to listen to. The sensor sends nothing by them; `wardlight doctor` says what else could.
        interfaces: Vec<String> = Vec::new(),
        /// Readers of each interface, among which conversations are divided: at most as many as there are processors.
        readers: u32 = 1,
        /// Memory in which frames of an interface wait to be read, in MiB.
        ring_mib: u32 = 64,
        /// Captures to read once: files, or folders in the order of their first packets.
        captures: Vec<PathBuf> = Vec::new(),
        /// Folders in which captures appear; each file is read once it is complete.
        folders: Vec<PathBuf> = Vec::new(),
        /// Shortest time between two looks at these folders, in seconds.
        look_s: u64 = 5,
        /// Number of the routing domain that the addresses belong to.
        scope: u32 = 0,
        /// Most conversations at one time.
        most_flows: usize = 1_000_000,
        /// Longest time that something seen waits before it is sent on, in seconds of the capture's clock.
        flush_s: u64 = 5,
        /// Most disk that unsent batches may take, in MiB; beyond it, reading waits.
        spool_mib: u64 = 1024,
    }
}

section! {
    /// How long flows are kept. Facts, decisions and the ledger are not flows.
    pub struct History = "history" {
        /// Days after which a flow is deleted; 0 keeps all.
        keep_days: u64 = 400,
        /// Most disk that flows take, in MiB; the oldest go first; 0 sets no limit.
        keep_mib: u64 = 0,
        /// Shortest time between two looks at what may be deleted or merged, in seconds; also for the journal.
        tidy_s: u64 = 60,
    }
}

section! {
    /// The journal, from which everything else can be made again.
    pub struct Journal = "journal" {
        /// Size of one file, in MiB.
        segment_mib: u64 = 64,
        /// Disk set aside for decisions when it is full otherwise, in MiB: as much for each of journal, ledger and state.
        reserve_mib: u64 = 8,
    }
}

section! {
    /// Copies to restore from.
    pub struct Backup = "backup" {
        /// Folder for copies; best on another disk.
        folder: PathBuf = "/var/lib/wardlight-backup".into(),
        /// Hours after which `doctor` calls the newest copy too old.
        stale_h: u64 = 26,
    }
}

section! {
    /// The pages, for people with a browser.
    pub struct Web = "web" {
        /// Where to listen, such as `127.0.0.1:8443`; empty for no pages.
        listen: String = String::new(),
        /// The name by which browsers reach the pages, with the port where it is another than the one listened at, such as
        /// `wardlight.example.org`. Security keys and the log-in by another house need it.
        host: String = String::new(),
        /// The certificate's file, in PEM with its chain; empty to have one made that nobody vouches for.
        certificate: PathBuf = PathBuf::new(),
        /// The file of its private key, in PEM.
        certificate_key: PathBuf = PathBuf::new(),
    }
}

section! {
    /// Another house that vouches for people: an OpenID provider. It gives no rights; those come from here. web.host must
    /// be set, and the provider must know `https://HOST/log-in/back` as an address to lead back to.
    pub struct Oidc = "oidc" {
        /// The provider's address, such as `https://id.example.org/realms/house`; empty for none.
        issuer: String = String::new(),
        /// What Wardlight is called there.
        client_id: String = String::new(),
        /// The file of the secret that Wardlight shows there, for its owner alone; empty for none.
        client_secret: PathBuf = PathBuf::new(),
        /// What stands on the button of the log-in page.
        button: String = "Log in with your hospital account".to_owned(),
        /// How an account that was made beforehand is found when its owner comes for the first time: `preferred_username`,
        /// `email` when the provider has verified it, or empty for not at all.
        claim: String = String::new(),
        /// A file of certificates in PEM to trust beside those of the system, such as of the house's own authority.
        certificates: PathBuf = PathBuf::new(),
    }
}

/// All sections.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where things are kept.
    pub files: Files,
    /// The state.
    pub store: Store,
    /// What the sensor reads.
    pub sensor: Sensor,
    /// How long flows are kept.
    pub history: History,
    /// The journal.
    pub journal: Journal,
    /// Copies.
    pub backup: Backup,
    /// The pages.
    pub web: Web,
    /// Who vouches for people.
    pub oidc: Oidc,
    /// Sources of records that are read by themselves.
    #[serde(rename = "source")]
    pub sources: Vec<Source>,
    /// Who is told of events by HTTP.
    #[serde(rename = "webhook")]
    pub webhooks: Vec<Webhook>,
    /// Who is told of events by syslog.
    #[serde(rename = "syslog")]
    pub syslogs: Vec<Syslog>,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is no TOML, has a key that is not known, or a value of the wrong kind.
    #[error("{}: {what}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        what: String,
    },
    /// A value makes no sense.
    #[error("{}: {key}: {what}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// What is wrong, and what would be right.
        what: &'static str,
    },
}

impl Config {
    /// The configuration in the file at `path`, or the defaults when none is named. Errors: [`ConfigError`].
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        let Some(path) = path else { return Ok(Self::default()) };
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let config = Self::read(&text).map_err(|what| ConfigError::Form { path: path.to_owned(), what })?;
        config.check().map_err(|(key, what)| ConfigError::Value { path: path.to_owned(), key, what })?;
        Ok(config)
    }

    fn read(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())
    }

    fn check(&self) -> Result<(), (String, &'static str)> {
        self.check_sections().map_err(|(key, what)| (key.to_owned(), what))?;
        let mut names = BTreeSet::new();
        for (number, source) in (1..).zip(&self.sources) {
            let key = |key: &str| format!("source {number} `{}`: {key}", source.name.escape_default());
            source.check().map_err(|(wrong, what)| (key(wrong), what))?;
            if !names.insert(source.name.to_ascii_lowercase()) {
                return Err((key("name"), "another source is called so: give each a name of its own"));
            }
        }
        self.check_outlets()
    }

    fn check_outlets(&self) -> Result<(), (String, &'static str)> {
        let webhooks = (1..).zip(&self.webhooks).map(|(n, one)| ("webhook", n, &one.name, one.check()));
        let syslogs = (1..).zip(&self.syslogs).map(|(n, one)| ("syslog", n, &one.name, one.check()));
        let mut names = BTreeSet::new();
        for (section, number, name, outcome) in webhooks.chain(syslogs) {
            let key = |key: &str| format!("{section} {number} `{}`: {key}", name.escape_default());
            outcome.map_err(|(wrong, what)| (key(wrong), what))?;
            if !names.insert(name.to_ascii_lowercase()) {
                return Err((key("name"), "another one is called so: give each a name of its own"));
            }
        }
        Ok(())
    }

    fn check_sections(&self) -> Result<(), (&'static str, &'static str)> {
        let positive = [
            ("store.commit_ms", self.store.commit_ms),
            ("sensor.look_s", self.sensor.look_s),
            ("sensor.flush_s", self.sensor.flush_s),
            ("sensor.spool_mib", self.sensor.spool_mib),
            ("history.tidy_s", self.history.tidy_s),
            ("journal.segment_mib", self.journal.segment_mib),
        ];
        if let Some((key, _)) = positive.into_iter().find(|(_, value)| *value == 0) {
            return Err((key, "it must be at least 1"));
        }
        let readers = usize::try_from(self.sensor.readers).unwrap_or(usize::MAX);
        if readers == 0 || readers.saturating_mul(self.sensor.interfaces.len().max(1)) > 32 {
            return Err(("sensor.readers", "at least 1, and at most 32 for all interfaces together"));
        }
        if !(2..=4096).contains(&self.sensor.ring_mib) {
            return Err(("sensor.ring_mib", "from 2 to 4096"));
        }
        if self.sensor.flush_s > 10 {
            return Err(("sensor.flush_s", "at most 10: no more than ten seconds of flow counters may be lost"));
        }
        if self.files.keys.starts_with(&self.files.data) {
            return Err(("files.keys", "the keys must lie outside the data folder, so that no copy of it holds them"));
        }
        if self.backup.folder.starts_with(&self.files.data) {
            return Err((
                "backup.folder",
                "copies must lie outside the data folder: what takes the one takes the other",
            ));
        }
        if !["", "preferred_username", "email"].contains(&self.oidc.claim.as_str()) {
            return Err(("oidc.claim", "one of preferred_username and email, or empty"));
        }
        let is_near = ["http://127.0.0.1:", "http://localhost:"].iter().any(|near| self.oidc.issuer.starts_with(near));
        if !self.oidc.issuer.is_empty() && !self.oidc.issuer.starts_with("https://") && !is_near {
            return Err(("oidc.issuer", "an address that begins with https://"));
        }
        if !self.oidc.issuer.is_empty() && (self.oidc.client_id.is_empty() || self.web.host.is_empty()) {
            return Err(("oidc.issuer", "also oidc.client_id and web.host: the provider leads back there"));
        }
        Ok(())
    }

    /// Every key with its value here, its default and its meaning.
    pub fn explain(&self) -> Explained<'_> {
        Explained(self)
    }

    fn sections(&self) -> [&dyn Section; 8] {
        [&self.files, &self.store, &self.sensor, &self.history, &self.journal, &self.backup, &self.web, &self.oidc]
    }
}

/// A configuration as TOML with every key explained.
pub struct Explained<'a>(&'a Config);

impl fmt::Display for Explained<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, section) in self.0.sections().into_iter().enumerate() {
            let gap = if at == 0 { "" } else { "\n" };
            writeln!(out, "{gap}# {}\n[{}]", section.meaning(), section.name())?;
            for key in section.keys() {
                let changed =
                    if key.value == key.default { String::new() } else { format!(" (default: {})", key.default) };
                writeln!(out, "# {}{changed}\n{} = {}", key.meaning, key.name, key.value)?;
            }
        }
        listed(out, &self.0.sources)?;
        listed(out, &self.0.webhooks)?;
        listed(out, &self.0.syslogs)
    }
}

/// Each of `all`; as a comment what one would be when there is none: an empty one would be an error.
fn listed<S: Section + Default>(out: &mut fmt::Formatter<'_>, all: &[S]) -> fmt::Result {
    if all.is_empty() {
        return sample(out, &S::default());
    }
    for one in all {
        writeln!(out, "\n# {}\n[[{}]]", one.meaning(), one.name())?;
        for key in one.keys() {
            writeln!(out, "# {}\n{} = {}", key.meaning, key.name, key.value)?;
        }
    }
    Ok(())
}

fn sample(out: &mut fmt::Formatter<'_>, source: &dyn Section) -> fmt::Result {
    writeln!(out, "\n# {} There is none yet.\n# [[{}]]", source.meaning(), source.name())?;
    source.keys().iter().try_for_each(|key| writeln!(out, "# # {}\n# {} = {}", key.meaning, key.name, key.default))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_explained_can_be_read_again() {
        let mut config = Config::default();
        assert_eq!(Config::read(&config.explain().to_string()), Ok(config.clone()));
        config.sensor.folders = vec!["/srv/captures".into()];
        config.history.keep_days = 30;
        let text = config.explain().to_string();
        assert!(text.contains("\nkeep_days = 30\n") && text.contains("(default: 400)"), "{text}");
        assert_eq!(Config::read(&text), Ok(config));
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_the_line() {
        let error = Config::read("[store]\nurl = \"sqlite:\"\ncomit_ms = 5\n").expect_err("misspelt");
        assert!(error.contains("line 3") && error.contains("comit_ms") && error.contains("commit_ms"), "{error}");
        assert!(Config::read("[stor]\n").expect_err("misspelt").contains("`stor`"));
        assert!(Config::read("[store]\ncommit_ms = \"5\"\n").is_err());
    }

    #[test]
    fn values_that_make_no_sense_are_refused() {
        let wrong = |text: &str| Config::read(text).expect("reads").check().expect_err(text).0;
        assert_eq!(wrong("[sensor]\nflush_s = 11\n"), "sensor.flush_s");
        assert_eq!(wrong("[store]\ncommit_ms = 0\n"), "store.commit_ms");
        assert_eq!(wrong("[files]\nkeys = \"/var/lib/wardlight/keys\"\n"), "files.keys");
        assert_eq!(wrong("[backup]\nfolder = \"/var/lib/wardlight\"\n"), "backup.folder");
        assert_eq!(Config::default().check(), Ok(()));
    }

    #[test]
    fn a_source_is_explained_and_one_that_makes_no_sense_is_refused() {
        let text = Config::default().explain().to_string();
        assert!(text.contains("# [[source]]\n") && text.contains("\n# every_s = 60\n"), "{text}");
        let well = "[[source]]\nname = \"biomed\"\nkind = \"cmms\"\npath = \"/srv/biomed.csv\"\n\
            [[source]]\nname = \"flows\"\nkind = \"netflow\"\nlisten = \"127.0.0.1:2055\"\n";
        let config = Config::read(well).expect("reads");
        assert_eq!((config.check(), config.sources.len()), (Ok(()), 2));
        assert_eq!(Config::read(&config.explain().to_string()), Ok(config));
        for (from, to, key) in [
            ("name = \"biomed\"", "name = \"../x\"", "source 1 `../x`: name"),
            ("name = \"flows\"", "name = \"Biomed\"", "source 2 `Biomed`: name"),
            ("\"cmms\"", "\"cmss\"", "source 1 `biomed`: kind"),
            ("kind = \"netflow\"", "kind = \"zeek\"", "source 2 `flows`: kind"),
            ("127.0.0.1:2055", "localhost", "source 2 `flows`: listen"),
            ("path = \"/srv/biomed.csv\"", "", "source 1 `biomed`: path"),
            ("kind = \"cmms\"", "every_s = 0", "source 1 `biomed`: every_s"),
        ] {
            let config = Config::read(&well.replace(from, to)).expect("reads");
            assert_eq!(config.check().expect_err(to).0, key);
        }
        let error = Config::read("[[source]]\nevery = 5\n").expect_err("misspelt");
        assert!(error.contains("every") && error.contains("line 2"), "{error}");
    }

    #[test]
    fn who_is_told_is_explained_and_one_that_makes_no_sense_is_refused() {
        let text = Config::default().explain().to_string();
        assert!(text.contains("# [[webhook]]\n") && text.contains("# [[syslog]]\n"), "{text}");
        let well = "[[webhook]]\nname = \"siem\"\nurl = \"https://10.1.2.3/hook\"\nsecret = \"/k\"\nevents = [\"device.found\"]\n\
            [[syslog]]\nname = \"log\"\naddress = \"[fd00::1]:6514\"\ncertificates = \"/ca\"\n";
        let config = Config::read(well).expect("reads");
        assert_eq!((config.check(), config.syslogs[0].host()), (Ok(()), Some(("fd00::1", 6514))));
        assert_eq!(Config::read(&config.explain().to_string()), Ok(config));
        for (from, to, key) in [
            ("\"siem\"", "\"a b\"", "webhook 1 `a b`: name"),
            ("\"log\"", "\"Siem\"", "syslog 1 `Siem`: name"),
            ("https://10", "http://10", "webhook 1 `siem`: url"),
            ("https://10.1.2.3", "https://me:pw@10.1.2.3", "webhook 1 `siem`: url"),
            ("10.1.2.3", "127.0.0.1", "webhook 1 `siem`: url"),
            ("10.1.2.3", "169.254.169.254", "webhook 1 `siem`: url"),
            ("10.1.2.3", "2852039166", "webhook 1 `siem`: url"),
            ("10.1.2.3", "[::ffff:127.0.0.1]", "webhook 1 `siem`: url"),
            ("secret = \"/k\"", "secret = \"/k\"\nnear = true", "webhook 1 `siem`: url"),
            ("secret = \"/k\"", "", "webhook 1 `siem`: secret"),
            ("device.found", "device.lost", "webhook 1 `siem`: events"),
            ("[fd00::1]:6514", "fd00::1", "syslog 1 `log`: address"),
            ("certificates = \"/ca\"", "", "syslog 1 `log`: certificates"),
            ("certificates = \"/ca\"", "form = \"xml\"", "syslog 1 `log`: form"),
        ] {
            let config = Config::read(&well.replace(from, to)).expect("reads");
            assert_eq!(config.check().expect_err(to).0, key);
        }
        let near = well.replace("https://10.1.2.3/hook\"", "http://127.0.0.1:9/hook\"\nnear = true");
        assert_eq!(Config::read(&near).expect("reads").check(), Ok(()));
    }
}
