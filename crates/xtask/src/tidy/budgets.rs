//! How large things may be, so that each can be read in one go.

use super::source::Source;
use super::tree::Tree;
use super::{Breach, Check};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Item, UseTree, Visibility};

pub(super) const CHECK: Check =
    Check { name: "budgets", keeps: "files, functions, crates, surfaces and parameter lists stay small", run };

/// Most production lines of a file, and what all but one file in twenty must keep.
const FILE: usize = 600;
const FILE_P95: usize = 400;
/// Most lines of a function from `fn` to its brace.
const FUNCTION: usize = 60;
/// Most parameters of a function beside `self`.
const PARAMETERS: usize = 5;
/// Most variants of an error type.
const VARIANTS: usize = 8;
/// Most rows of a table written as Rust; larger ones belong in `data/`.
const ROWS: usize = 40;
/// Most public items of a crate, methods and fields not counted.
const PUBLIC: usize = 150;

/// Most production lines of a crate.
fn largest(krate: &str) -> usize {
    match krate {
        "dissect" => 45_000,
        "model" | "engine" => 3_000,
        _ => 15_000,
    }
}

fn run(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for source in tree.sources() {
        found.extend(Breach::over("file", &source.path, source.lines, FILE, "production lines"));
        found.extend(
            source.error.as_ref().map(|error| Breach::new("rust", &source.path, format!("cannot be read: {error}"))),
        );
        let mut walk = Walk { path: &source.path, found: &mut found };
        walk.visit_file(&source.syntax);
    }
    let mut lines: Vec<usize> = tree.sources().iter().map(|source| source.lines).collect();
    lines.sort_unstable();
    let p95 = lines.get((lines.len() * 95).div_ceil(100).saturating_sub(1)).copied().unwrap_or(0);
    found.extend(Breach::over("file-p95", "workspace", p95, FILE_P95, "lines in the file at the 95th percentile"));
    for krate in tree.crates() {
        let own = || tree.sources().iter().filter(|source| source.krate() == krate);
        let lines = own().map(|source| source.lines).sum();
        found.extend(Breach::over("crate", krate, lines, largest(krate), "production lines"));
        let root = own().find(|source| source.path.ends_with("/src/lib.rs"));
        let public = root.map_or(0, |root| surface(tree, root, &root.syntax.items));
        found.extend(Breach::over("public", krate, public, PUBLIC, "public items"));
    }
    found
}

/// Public items that `items` of `source` show to other crates: those of public modules, and what is re-exported.
fn surface(tree: &Tree, source: &Source, items: &[Item]) -> usize {
    items.iter().map(|item| seen(tree, source, item)).sum()
}

fn seen(tree: &Tree, source: &Source, item: &Item) -> usize {
    let visibility = match item {
        Item::Mod(module) if matches!(module.vis, Visibility::Public(_)) => {
            return match &module.content {
                Some((_, items)) => surface(tree, source, items),
                None => {
                    let stem = format!("{}/{}", source.folder(), module.ident);
                    let paths = [format!("{stem}.rs"), format!("{stem}/mod.rs")];
                    let file = tree.sources().iter().find(|source| paths.contains(&source.path));
                    file.map_or(0, |file| surface(tree, file, &file.syntax.items))
                }
            };
        }
        Item::Use(item) if matches!(item.vis, Visibility::Public(_)) => return leaves(&item.tree),
        Item::Const(item) => &item.vis,
        Item::Enum(item) => &item.vis,
        Item::Fn(item) => &item.vis,
        Item::Static(item) => &item.vis,
        Item::Struct(item) => &item.vis,
        Item::Trait(item) => &item.vis,
        Item::Type(item) => &item.vis,
        _ => return 0,
    };
    usize::from(matches!(visibility, Visibility::Public(_)))
}

fn leaves(tree: &UseTree) -> usize {
    match tree {
        UseTree::Path(path) => leaves(&path.tree),
        UseTree::Group(group) => group.items.iter().map(leaves).sum(),
        UseTree::Name(_) | UseTree::Rename(_) | UseTree::Glob(_) => 1,
    }
}

/// Measures what stands inside a file.
struct Walk<'a> {
    path: &'a str,
    found: &'a mut Vec<Breach>,
}

impl Walk<'_> {
    fn over(&mut self, rule: &'static str, name: &syn::Ident, has: usize, limit: usize, of: &str) {
        let at = format!("{}::{name}", self.path);
        self.found.extend(Breach::over(rule, at, has, limit, of));
    }

    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let (begin, end) = (signature.span().start().line, block.span().end().line);
        self.over("function", &signature.ident, end.saturating_sub(begin) + 1, FUNCTION, "lines");
    }

    fn table(&mut self, name: &syn::Ident, value: &syn::Expr) {
        let value = match value {
            syn::Expr::Reference(reference) => &*reference.expr,
            value => value,
        };
        // The list of entries is code: each row is a file of its own.
        if let syn::Expr::Array(array) = value
            && name != "ENTRIES"
        {
            self.over("table", name, array.elems.len(), ROWS, "rows: tables stand in data/");
        }
    }
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        let inputs = signature.inputs.iter().filter(|input| matches!(input, syn::FnArg::Typed(_))).count();
        self.over("parameters", &signature.ident, inputs, PARAMETERS, "parameters");
        visit::visit_signature(self, signature);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        if item.ident.to_string().ends_with("Error") {
            self.over("variants", &item.ident, item.variants.len(), VARIANTS, "variants");
        }
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.table(&item.ident, &item.expr);
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.table(&item.ident, &item.expr);
    }

    fn visit_expr_match(&mut self, choice: &'ast syn::ExprMatch) {
        let is_row = |arm: &syn::Arm| matches!((&arm.pat, &*arm.body), (syn::Pat::Lit(_), syn::Expr::Lit(_)));
        let rows = choice.arms.iter().filter(|arm| is_row(arm)).count();
        let at = format!("{}::match", self.path);
        self.found.extend(Breach::over("table", at, rows, ROWS, "rows: tables stand in data/"));
        visit::visit_expr_match(self, choice);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::assert_finds;

    const MANIFEST: (&str, &str) = ("crates/risk/Cargo.toml", "[package]\nname = \"wardlight-risk\"");

    #[track_caller]
    fn check(text: &str, wanted: &[&str]) {
        assert_finds(&CHECK, &[MANIFEST, ("crates/risk/src/lib.rs", text)], wanted);
    }

    #[test]
    fn a_file_is_bounded_without_its_tests() {
        let line = "// …\n";
        check(&line.repeat(400), &[]);
        check(&line.repeat(601), &["file crates/risk/src/lib.rs", "file-p95 workspace"]);
        check(&format!("#[cfg(test)]\nmod tests {{\n{}\n}}", line.repeat(700)), &[]);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        check("fn {", &["rust crates/risk/src/lib.rs"]);
    }

    #[test]
    fn a_function_is_bounded() {
        let function = |lines: usize| {
            format!("struct S;\nimpl S {{\n    /// Doc.\n    fn long() {{\n{}    }}\n}}", "let _ = 1;\n".repeat(lines))
        };
        check(&function(58), &[]);
        check(&function(59), &["function crates/risk/src/lib.rs::long"]);
        check(&format!("#[cfg(test)]\nmod tests {{ {} }}", function(90)), &[]);
    }

    #[test]
    fn parameters_and_error_variants_are_bounded() {
        check("trait T { fn five(&self, a: u8, b: u8, c: u8, d: u8, e: u8); }", &[]);
        check("fn six(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8) {}", &["parameters crates/risk/src/lib.rs::six"]);
        check("enum ReadError { A, B, C, D, E, F, G, H, I }", &["variants crates/risk/src/lib.rs::ReadError"]);
        check("enum Kind { A, B, C, D, E, F, G, H, I }", &[]);
    }

    #[test]
    fn tables_stand_in_data() {
        check(&format!("const NAMES: &[u8] = &[{}];", "1,".repeat(41)), &["table crates/risk/src/lib.rs::NAMES"]);
        check(&format!("static ENTRIES: &[u8] = &[{}];", "1,".repeat(41)), &[]);
        let arms: String = (0..41).map(|n| format!("{n} => \"x\",")).collect();
        check(
            &format!("fn name(n: u8) -> &'static str {{ match n {{ {arms} _ => \"\" }} }}"),
            &["table crates/risk/src/lib.rs::match"],
        );
    }

    #[test]
    fn a_surface_counts_what_others_can_see() {
        let hidden: String = (0..151).map(|n| format!("pub struct S{n};")).collect();
        check(&format!("mod inner {{ {hidden} }}"), &[]);
        check(&format!("pub mod inner {{ {hidden} }}"), &["public risk"]);
        let names: String = (0..151).map(|n| format!("S{n},")).collect();
        check(&format!("mod inner; pub use inner::{{{names}}};"), &["public risk"]);
        assert_finds(
            &CHECK,
            &[MANIFEST, ("crates/risk/src/lib.rs", "pub mod inner;"), ("crates/risk/src/inner.rs", &hidden)],
            &["public risk"],
        );
    }

    #[test]
    fn a_crate_is_bounded() {
        let manifest = ("crates/engine/Cargo.toml", "[package]\nname = \"wardlight-engine\"");
        let text = "// …\n".repeat(300);
        let paths: Vec<String> = (0..11).map(|n| format!("crates/engine/src/m{n}.rs")).collect();
        let files: Vec<(&str, &str)> =
            paths.iter().map(|path| (path.as_str(), text.as_str())).chain([manifest]).collect();
        assert_finds(&CHECK, &files, &["crate engine"]);
        assert_finds(&CHECK, &files[1..], &[]);
    }
}
