//! Who may use whom: a crate uses only lower layers, and only the outer crates touch the world.

use super::tree::{Dependency, Package, Tree, short};
use super::{Breach, Check};
use syn::visit::{self, Visit};

pub(super) const CHECK: Check =
    Check { name: "layers", keeps: "a crate uses only lower layers; input, output and async stay outside", run };

/// Lowest first; crates of one layer never see each other.
const LAYERS: &[&[&str]] = &[
    &["model"],
    &[
        "dissect",
        "ingest",
        "inventory",
        "risk",
        "detect",
        "segment",
        "respond",
        "comply",
        "report",
        "access",
        "ledger",
        "lab",
        "store",
        "capture",
    ],
    &["engine"],
    &["web"],
    &["app"],
    &["xtask"],
];

/// What opens sockets, files or threads.
const IO_CRATES: &[&str] =
    &["tokio", "hyper", "axum", "sqlx", "reqwest", "libc", "memmap2", "rustix", "socket2", "nix", "async-nats"];
/// Who may use it.
const IO_USERS: &[&str] = &["store", "capture", "web", "app", "xtask"];
/// Who may be async.
const ASYNC_USERS: &[&str] = &["store", "web", "app"];
/// Who may leave out the workspace's lints, `unsafe_code = "forbid"` among them.
const LINT_FREE: &[&str] = &["capture"];
/// Most crates beside this one, and most crates in one chain of dependencies.
const MOST_CRATES: usize = 20;
const LONGEST_CHAIN: usize = 5;

fn run(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for package in &tree.packages {
        let user = package.short();
        if layer(user).is_none() {
            found.push(Breach::new("layer", user, "has no layer: add it to LAYERS in tidy/layers.rs"));
        }
        found.extend(package.dependencies.iter().filter_map(|used| edge(user, used)));
        found.extend(lints(tree, user));
    }
    found.extend(Breach::over("crates", "workspace", tree.packages.len().saturating_sub(1), MOST_CRATES, "crates"));
    let chain =
        tree.packages.iter().filter(|package| package.short() != "xtask").map(|package| chain(tree, package, 1));
    found.extend(Breach::over(
        "chain",
        "workspace",
        chain.max().unwrap_or(0),
        LONGEST_CHAIN,
        "crates in its longest chain",
    ));
    found.extend(async_functions(tree));
    found
}

/// Whether the crate `name` never touches the world: it lies no higher than the engine, and is no way to a disk or a wire.
pub fn is_pure(name: &str) -> bool {
    layer(name) <= layer("engine") && layer(name).is_some() && !IO_USERS.contains(&name)
}

fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&name))
}

/// What is wrong with `user` using `used`.
fn edge(user: &str, used: &Dependency) -> Option<Breach> {
    let name = short(&used.name);
    let is_dev = used.kind.as_deref() == Some("dev");
    if IO_CRATES.contains(&name) && !IO_USERS.contains(&user) {
        return Some(Breach::new("io", user, format!("does no input or output: drop {name}")));
    }
    if name == "lab" && !is_dev && !["app", "xtask"].contains(&user) {
        return Some(Breach::new("layer", user, "may use lab only in tests; app shows it, xtask measures with it"));
    }
    let used_layer = layer(name).filter(|_| used.name.starts_with("wardlight-"))?;
    let is_fine = layer(user).is_none_or(|own| used_layer < own) || (is_dev && name == "lab");
    (!is_fine).then(|| Breach::new("layer", user, format!("may not use {name}: it is no lower layer")))
}

fn lints(tree: &Tree, user: &str) -> Option<Breach> {
    let manifest: toml::Table = toml::from_str(tree.text(&format!("crates/{user}/Cargo.toml"))?).ok()?;
    let inherits = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
    (inherits != Some(true) && !LINT_FREE.contains(&user))
        .then(|| Breach::new("lints", user, "does not inherit the workspace's lints, which forbid unsafe code"))
}

/// Crates in the longest chain that begins with `package`. Stops at the number of layers: layers have no cycles.
fn chain(tree: &Tree, package: &Package, depth: usize) -> usize {
    if depth > LAYERS.len() {
        return depth;
    }
    let normal = package.dependencies.iter().filter(|used| used.kind.as_deref() != Some("dev"));
    let used = normal.filter_map(|used| tree.packages.iter().find(|package| package.name == used.name));
    1 + used.map(|used| chain(tree, used, depth + 1)).max().unwrap_or(0)
}

fn async_functions(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for source in tree.sources().iter().filter(|source| !ASYNC_USERS.contains(&source.krate())) {
        let mut walk = Async { lines: Vec::new() };
        walk.visit_file(&source.syntax);
        found.extend(
            walk.lines.iter().map(|line| Breach::new("async", &source.path, format!("is async in line {line}"))),
        );
    }
    found
}

struct Async {
    lines: Vec<usize>,
}

impl<'ast> Visit<'ast> for Async {
    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.lines.extend(signature.asyncness.as_ref().map(|keyword| keyword.span.start().line));
        visit::visit_signature(self, signature);
    }

    fn visit_expr_async(&mut self, block: &'ast syn::ExprAsync) {
        self.lines.push(block.async_token.span.start().line);
        visit::visit_expr_async(self, block);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::assert_finds;

    #[track_caller]
    fn check(user: &str, dependencies: &str, wanted: &[&str]) {
        let manifest = format!("[package]\nname = \"wardlight-{user}\"\n[lints]\nworkspace = true\n{dependencies}");
        assert_finds(&CHECK, &[(&format!("crates/{user}/Cargo.toml"), &manifest)], wanted);
    }

    #[test]
    fn lower_layers_may_be_used() {
        check("engine", "[dependencies]\nwardlight-model = {}\nwardlight-inventory = {}\nregex = {}", &[]);
        check("dissect", "[dev-dependencies]\nwardlight-lab = {}", &[]);
        check("app", "[dependencies]\nwardlight-lab = {}\ntokio = {}", &[]);
        check("xtask", "[dependencies]\nwardlight-lab = {}", &[]);
    }

    #[test]
    fn the_same_layer_and_higher_ones_may_not() {
        check("inventory", "[dependencies]\nwardlight-dissect = {}", &["layer inventory"]);
        check("inventory", "[dev-dependencies]\nwardlight-dissect = {}", &["layer inventory"]);
        check("model", "[build-dependencies]\nwardlight-engine = {}", &["layer model"]);
        check("engine", "[dependencies]\nwardlight-lab = {}", &["layer engine"]);
    }

    #[test]
    fn a_crate_without_layer_is_named() {
        check("helper", "", &["layer helper"]);
    }

    #[test]
    fn stages_do_no_input_or_output() {
        check("dissect", "[dependencies]\nlibc = {}", &["io dissect"]);
        check("engine", "[dev-dependencies]\ntokio = {}", &["io engine"]);
        check("store", "[dependencies]\ntokio = {}", &[]);
    }

    #[test]
    fn lints_are_inherited_but_in_capture() {
        let manifest = |name: &str| format!("[package]\nname = \"wardlight-{name}\"\n");
        assert_finds(&CHECK, &[("crates/risk/Cargo.toml", &manifest("risk"))], &["lints risk"]);
        assert_finds(&CHECK, &[("crates/capture/Cargo.toml", &manifest("capture"))], &[]);
    }

    #[test]
    fn async_stays_outside() {
        let text = "async fn a() {}\nfn b() { let _ = async { 1 }; }\n#[cfg(test)]\nmod tests { async fn c() {} }";
        assert_finds(
            &CHECK,
            &[("crates/risk/src/lib.rs", text)],
            &["async crates/risk/src/lib.rs", "async crates/risk/src/lib.rs"],
        );
        assert_finds(&CHECK, &[("crates/store/src/lib.rs", text)], &[]);
    }

    #[test]
    fn a_chain_is_bounded() {
        let names = ["model", "risk", "engine", "web", "app", "xtask"];
        let manifests: Vec<(String, String)> = names
            .iter()
            .enumerate()
            .map(|(n, name)| {
                let used = n
                    .checked_sub(1)
                    .map(|n| format!("[dependencies]\nwardlight-{} = {{}}", names[n]))
                    .unwrap_or_default();
                let text = format!("[package]\nname = \"wardlight-{name}\"\n[lints]\nworkspace = true\n{used}");
                (format!("crates/{name}/Cargo.toml"), text)
            })
            .collect();
        let tree = |n: usize| {
            Tree::of(&manifests[..n].iter().map(|(path, text)| (path.as_str(), text.as_str())).collect::<Vec<_>>())
        };
        assert_eq!(run(&tree(6)), []);
        let five = tree(5);
        assert_eq!(chain(&five, &five.packages[4], 1), 5);
    }
}
