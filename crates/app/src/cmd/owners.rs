//! `wardlight owners`: who answers for devices that no source names an owner of.

use super::Configured;
use super::area::{decide, decide_as, told};
use crate::config::Config;
use crate::io::print::{self, Column, column};
use crate::role::{new_id, server};
use anyhow::Context as _;
use std::process::ExitCode;
use wardlight_inventory::Knowledge;
use wardlight_model::journal::{Command as Decided, OwnerRole, OwnerRule};
use wardlight_model::{Id, Scope};

/// Says who answers for which devices.
#[derive(clap::Args)]
pub struct Command {
    #[command(flatten)]
    config: Configured,
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Lists the rules.
    List,
    /// Says who answers for devices like these. The rule with the most conditions counts; what a source says counts more.
    Put {
        /// `clinical`, `technical` or `security`.
        role: String,
        /// Who: a department, a group, a function.
        owner: String,
        /// For devices of this type, or a kind of it.
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
        /// For devices of this department.
        #[arg(long)]
        department: Option<String>,
        /// For devices met in the routing domain with this number.
        #[arg(long, value_name = "NUMBER")]
        scope: Option<u32>,
        /// For devices that this source lists.
        #[arg(long, value_name = "NAME")]
        source: Option<String>,
    },
    /// Takes a rule back.
    Remove {
        /// The rule, as the list names it.
        id: Id,
    },
}

impl Command {
    /// Does it. Errors: no server answers, or the state cannot be read.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.config.load()?;
        match self.what {
            What::List => list(&config),
            What::Put { role, owner, kind, department, scope, source } => {
                let role = OwnerRole::named(&role).with_context(|| {
                    let known = OwnerRole::ALL.map(OwnerRole::name).join(", ");
                    format!("there is no role `{role}`: name one of {known}")
                })?;
                if let Some(kind) = &kind {
                    let types = Knowledge::shipped()?.types;
                    anyhow::ensure!(
                        types.knows(kind),
                        "there is no type `{kind}`: `wardlight assets list` shows types"
                    );
                }
                let rule = OwnerRule { role, owner, r#type: kind, department, scope: scope.map(Scope), source };
                let id = new_id()?;
                told(decide_as(&config, id, Decided::PutOwner(rule))?, &format!("{id}\n"))
            }
            What::Remove { id } => told(decide(&config, Decided::RemoveOwner(id))?, &format!("taken back: {id}\n")),
        }
    }
}

fn list(config: &Config) -> anyhow::Result<ExitCode> {
    const COLUMNS: [Column; 7] = [
        column("RULE", 0, 36),
        column("ROLE", 0, 8),
        column("OWNER", 0, 8),
        column("TYPE", 1, 8),
        column("DEPARTMENT", 1, 8),
        column("SCOPE", 2, 5),
        column("SOURCE", 2, 6),
    ];
    let runtime = server::runtime()?;
    let rules = runtime.block_on(async {
        let Some(database) = server::database_there(config).await? else { return Ok(Vec::new()) };
        anyhow::Ok(database.owners().await?)
    })?;
    if rules.is_empty() {
        print::out(
            "Nobody was named yet: `wardlight owners put technical \"Clinical engineering\" --type \"medical device\"`.\n",
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows = rules.into_iter().map(|(id, rule)| {
        let any = |text: Option<String>| text.unwrap_or_else(|| "any".to_owned());
        let scope = rule.scope.map(|scope| scope.0.to_string());
        let (kind, department, source) = (any(rule.r#type), any(rule.department), any(rule.source));
        [id.to_string(), rule.role.name().to_owned(), rule.owner, kind, department, any(scope), source]
    });
    print::out(&print::table(&COLUMNS, rows))?;
    Ok(ExitCode::SUCCESS)
}
