//! Lists whose entries are one file or folder each: every entry is complete, and none knows another.

use super::source::Source;
use super::tree::Tree;
use super::{Breach, Check};
use syn::visit::{self, Visit};
use syn::{Expr, Item, Member, UseTree};

pub(super) const CHECK: Check = Check {
    name: "lists",
    keeps: "every protocol, importer, target and page stands in its list, with source and golden cases",
    run,
};

/// One kind of entry.
struct List {
    /// Where the list stands; entries lie in the folder of the same name.
    file: &'static str,
    /// Where their golden cases lie; `None` when tested otherwise.
    golden: Option<&'static str>,
    /// Whether each entry names the specification it is read by.
    has_source: bool,
}

const LISTS: &[List] = &[
    List { file: "crates/dissect/src/proto.rs", golden: Some("golden/proto"), has_source: true },
    List { file: "crates/ingest/src/source.rs", golden: Some("golden/source"), has_source: true },
    List { file: "crates/segment/src/target.rs", golden: Some("golden/target"), has_source: true },
    List { file: "crates/web/src/page.rs", golden: None, has_source: false },
];

fn run(tree: &Tree) -> Vec<Breach> {
    LISTS.iter().filter(|list| tree.has(list.file)).flat_map(|list| list.check(tree)).collect()
}

impl List {
    fn folder(&self) -> &'static str {
        self.file.trim_end_matches(".rs")
    }

    /// The list's own name, such as `proto`.
    fn name(&self) -> &'static str {
        self.folder().rsplit('/').next().unwrap_or_default()
    }

    fn check(&self, tree: &Tree) -> Vec<Breach> {
        let children = tree.children(self.folder());
        let mut entries: Vec<&str> = children.iter().map(|child| child.trim_end_matches(".rs")).collect();
        entries.dedup();
        let mut found = Vec::new();
        for entry in &entries {
            found.extend(self.unlisted(tree, entry));
            found.extend(self.untested(tree, entry));
            let own: Vec<&Source> =
                tree.sources().iter().filter(|source| self.owner(&source.path) == Some(entry)).collect();
            if self.has_source && !own.iter().any(|source| names_its_source(source)) {
                found.push(Breach::new("source", self.at(entry), "names no specification in its `source`"));
            }
            for source in own {
                found.extend(self.siblings(source, &entries, entry));
            }
        }
        for case in
            self.golden.into_iter().flat_map(|golden| tree.children(golden)).filter(|case| !entries.contains(case))
        {
            found.push(Breach::new(
                "list",
                format!("{}/{case}", self.golden.unwrap_or_default()),
                "belongs to no entry",
            ));
        }
        found
    }

    fn at(&self, entry: &str) -> String {
        format!("{}/{entry}", self.folder())
    }

    /// The entry that the file at `path` is part of.
    fn owner<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(self.folder())?.strip_prefix('/')?.split('/').next().map(|name| name.trim_end_matches(".rs"))
    }

    /// Which of its two lines `entry` lacks.
    fn unlisted(&self, tree: &Tree, entry: &str) -> Option<Breach> {
        let list = tree.sources().iter().find(|source| source.path == self.file)?;
        let is_declared =
            list.syntax.items.iter().any(|item| matches!(item, Item::Mod(module) if module.ident == entry));
        let mut walk = Paths { found: Vec::new() };
        walk.visit_file(&list.syntax);
        let is_listed = walk.found.iter().any(|path| *path == [entry, "ENTRY"]);
        let missing = match (is_declared, is_listed) {
            (true, true) => return None,
            (true, false) => format!("`&{entry}::ENTRY,`"),
            (false, true) => format!("`mod {entry};`"),
            (false, false) => format!("`mod {entry};` and `&{entry}::ENTRY,`"),
        };
        Some(Breach::new("list", self.at(entry), format!("{} lacks {missing}", self.file)))
    }

    fn untested(&self, tree: &Tree, entry: &str) -> Vec<Breach> {
        let Some(golden) = self.golden else { return Vec::new() };
        let folder = format!("{golden}/{entry}");
        let cases = tree.children(&folder);
        if cases.is_empty() {
            return vec![Breach::new("golden", folder, "has no case")];
        }
        let parts = |case: &str| ["README.md", "expect.json"].map(|part| format!("{folder}/{case}/{part}"));
        let missing = cases
            .iter()
            .flat_map(|case| parts(case))
            .filter(|path| tree.text(path).is_none_or(|text| text.trim().is_empty()));
        missing.map(|path| Breach::new("golden", path, "is missing or empty")).collect()
    }

    /// Where `source`, a file of `entry`, names another entry.
    fn siblings(&self, source: &Source, entries: &[&str], entry: &str) -> Vec<Breach> {
        let depth = source.path.strip_prefix(self.folder()).map_or(0, |rest| rest.matches('/').count());
        let depth = if source.path.ends_with("/mod.rs") { depth.saturating_sub(1) } else { depth };
        let mut walk = Paths { found: Vec::new() };
        walk.visit_file(&source.syntax);
        let sibling = |path: &Vec<String>| {
            let ups = path.iter().take_while(|part| *part == "super").count();
            let behind = match path.iter().position(|part| part == self.name()) {
                Some(at) if at <= 2 && ups <= depth + 1 => path.get(at + 1),
                _ if ups >= depth && ups > 0 => path.get(ups),
                _ => None,
            };
            behind.filter(|name| entries.contains(&name.as_str()) && *name != entry).cloned()
        };
        let mut named: Vec<String> = walk.found.iter().filter_map(sibling).collect();
        named.sort();
        named.dedup();
        let told = |name: String| {
            Breach::new("sibling", &source.path, format!("names the entry {name}: what both need belongs outside"))
        };
        named.into_iter().map(told).collect()
    }
}

/// Whether a struct literal has a field `source` that is a text with letters in it, or a constant.
fn names_its_source(source: &Source) -> bool {
    struct Walk(bool);
    impl<'ast> Visit<'ast> for Walk {
        fn visit_field_value(&mut self, field: &'ast syn::FieldValue) {
            let is_text = match &field.expr {
                Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => text.value().contains(char::is_alphabetic),
                Expr::Path(_) | Expr::Macro(_) => true,
                _ => false,
            };
            self.0 |= is_text && matches!(&field.member, Member::Named(name) if name == "source");
            visit::visit_field_value(self, field);
        }
    }
    let mut walk = Walk(false);
    walk.visit_file(&source.syntax);
    walk.0
}

/// Every path of a file, `use` trees taken apart.
struct Paths {
    found: Vec<Vec<String>>,
}

impl Paths {
    fn tree(&mut self, before: &[String], tree: &UseTree) {
        let with = |name: &syn::Ident| before.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
        match tree {
            UseTree::Path(path) => self.tree(&with(&path.ident), &path.tree),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(before, tree)),
            UseTree::Name(name) => self.found.push(with(&name.ident)),
            UseTree::Rename(name) => self.found.push(with(&name.ident)),
            UseTree::Glob(_) => self.found.push(before.to_vec()),
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.found.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&[], &item.tree);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::assert_finds;

    const ENTRY: &str = "const I: Info = Info { name: \"dns\", source: \"RFC 1035\" };";
    const LIST: &str = "mod dns;\nstatic ENTRIES: &[u8] = &[\n    &dns::ENTRY,\n];";

    /// A complete list with `dns`, `path` replaced by `text` (gone when `None`).
    #[track_caller]
    fn check(path: &str, text: Option<&str>, wanted: &[&str]) {
        let mut files = vec![
            ("crates/dissect/src/proto.rs", LIST),
            ("crates/dissect/src/proto/dns.rs", ENTRY),
            ("golden/proto/dns/query/README.md", "A query. Written by hand after RFC 1035 §4. Apache-2.0."),
            ("golden/proto/dns/query/expect.json", "{}"),
        ];
        files.retain(|(own, _)| *own != path);
        files.extend(text.map(|text| (path, text)));
        assert_finds(&CHECK, &files, wanted);
    }

    #[test]
    fn a_complete_entry_passes() {
        check("unrelated.md", None, &[]);
    }

    #[test]
    fn an_entry_without_its_two_lines_is_found() {
        let wanted = &["list crates/dissect/src/proto/dns"];
        for list in [
            "mod dns;\nstatic ENTRIES: &[u8] = &[];",
            "// mod dns;\nstatic ENTRIES: &[u8] = &[&dns::ENTRY];",
            "mod dns;\n// &dns::ENTRY",
        ] {
            check("crates/dissect/src/proto.rs", Some(list), wanted);
        }
        check("crates/dissect/src/proto.rs", Some("mod dns;\nstatic ENTRIES: &[u8] = &[&dns::ENTRY];"), &[]);
    }

    #[test]
    fn an_entry_without_golden_case_is_found() {
        check("golden/proto/dns/query/README.md", None, &["golden golden/proto/dns/query/README.md"]);
        check("golden/proto/dns/query/expect.json", Some(" "), &["golden golden/proto/dns/query/expect.json"]);
        assert_finds(
            &CHECK,
            &[("crates/dissect/src/proto.rs", LIST), ("crates/dissect/src/proto/dns.rs", ENTRY)],
            &["golden golden/proto/dns"],
        );
        check("golden/proto/gone/case/README.md", Some("x"), &["list golden/proto/gone"]);
    }

    #[test]
    fn an_entry_without_source_is_found() {
        check(
            "crates/dissect/src/proto/dns.rs",
            Some("const I: Info = Info { source: \"\" };"),
            &["source crates/dissect/src/proto/dns"],
        );
        check("crates/dissect/src/proto/dns.rs", Some("fn read() {}"), &["source crates/dissect/src/proto/dns"]);
    }

    #[test]
    fn an_entry_that_names_another_is_found() {
        let list = "mod dns;\nmod mdns;\nstatic E: &[u8] = &[\n&dns::ENTRY,\n&mdns::ENTRY,\n];";
        let case = [
            ("golden/proto/dns/q/README.md", "x"),
            ("golden/proto/dns/q/expect.json", "{}"),
            ("golden/proto/mdns/q/README.md", "x"),
            ("golden/proto/mdns/q/expect.json", "{}"),
        ];
        for (path, uses) in [
            ("crates/dissect/src/proto/mdns.rs", "use super::dns::name;"),
            ("crates/dissect/src/proto/mdns.rs", "use crate::proto::{dns};"),
            ("crates/dissect/src/proto/mdns.rs", "fn f() { super::dns::name() }"),
            ("crates/dissect/src/proto/mdns/mod.rs", "use super::dns;"),
            ("crates/dissect/src/proto/mdns/deep.rs", "fn f() { super::super::dns::name() }"),
        ] {
            let text = format!("{uses}\n{ENTRY}");
            let mut files =
                vec![("crates/dissect/src/proto.rs", list), ("crates/dissect/src/proto/dns.rs", ENTRY), (path, &text)];
            files.extend(case);
            assert_finds(&CHECK, &files, &[&format!("sibling {path}")]);
        }
        let own = format!("use super::Deep;\nuse crate::codec::dns;\nuse crate::proto::named;\n{ENTRY}");
        let deep = "use super::dns;\nfn dns() {}";
        let mut files = vec![
            ("crates/dissect/src/proto.rs", list),
            ("crates/dissect/src/proto/dns.rs", ENTRY),
            ("crates/dissect/src/proto/mdns.rs", &own),
            ("crates/dissect/src/proto/mdns/deep.rs", deep),
        ];
        files.extend(case);
        assert_finds(&CHECK, &files, &[]);
    }
}
