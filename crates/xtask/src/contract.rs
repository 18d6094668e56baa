//! Whether the API keeps what its description says, tried by schemathesis as each role: every answer documented, none a
//! server's error, nothing given without a token.
//!
//! The server is a real one with a small hospital in it; accounts and tokens are written into its state beside it.

mod house;

use crate::steps::Outcome;
use crate::tools::SCHEMATHESIS;
use crate::{shell, test};
use anyhow::{Result, bail};
use house::House;
use std::path::{Path, PathBuf};
use std::process::Command;
use wardlight_access::Role;

/// The configuration of schemathesis, in the folder of this file.
const CONFIG: &str = "crates/xtask/src/contract/schemathesis.toml";
/// Who is tried with few examples in a usual run: one who may do much, one bound to an area, one who may do little.
const FEW: [Role; 3] = [Role::Admin, Role::Vendor, Role::Executive];

/// How much to try.
#[derive(clap::Args, Debug, Clone)]
pub struct Plan {
    /// Examples of each operation for the clinical engineer, who may do most.
    #[arg(long, default_value_t = 200)]
    pub examples: u32,
    /// Examples of each operation for other roles.
    #[arg(long, default_value_t = 20)]
    pub others: u32,
    /// Every role, and not only those who differ most.
    #[arg(long)]
    pub all: bool,
    /// The program; built when none is named.
    #[arg(long, value_name = "FILE")]
    pub program: Option<PathBuf>,
}

impl Plan {
    /// What `cargo xtask test` tries.
    pub const fn usual() -> Self {
        Self { examples: 200, others: 20, all: false, program: None }
    }
}

/// Carries `plan` out. Errors: the API breaks its word.
pub fn run(root: &Path, plan: &Plan) -> Result<Outcome> {
    let tools = test::target(root)?.join("tools");
    let schemathesis = match SCHEMATHESIS.ready_with_all(&tools) {
        Ok(program) => program,
        Err(missing) => return Ok(Outcome::Skipped(missing)),
    };
    let program = plan.program.clone().map_or_else(|| test::program(root), Ok)?;
    let house = House::open(&program)?;
    let mut tried = Vec::new();
    for role in Role::ALL {
        let examples = match role {
            Role::ClinicalEngineer => plan.examples,
            _ if plan.all || FEW.contains(&role) => plan.others,
            _ => continue,
        };
        let token = house.token(role);
        let mut command = Command::new(&schemathesis);
        command
            .arg("--config-file")
            .arg(root.join(CONFIG))
            .args(["run", &format!("{}/api/v1/openapi.json", house.address())])
            .args(["--header", &format!("Authorization: Bearer {token}")])
            .args(["--max-examples", &examples.to_string()])
            .args(["--checks", "all", "--tls-verify", "false", "--no-color", "--seed", "1"])
            .current_dir(house.folder())
            .env("NO_PROXY", "*");
        println!("  {}: {examples} examples of each operation", role.name());
        if !shell::listen(&mut command, |_| ())? {
            let log = std::fs::read_to_string(house.folder().join("log")).unwrap_or_default();
            bail!("as {}, the API does not keep what it says; the server's log: {log}", role.name());
        }
        tried.push(role.name());
    }
    house.close()?;
    Ok(Outcome::Done(format!("as {}", tried.join(", "))))
}
