//! Names are the field's words: none that could stand for anything.

use super::tree::Tree;
use super::{Breach, Check};
use syn::visit::{self, Visit};

pub(super) const CHECK: Check =
    Check { name: "names", keeps: "no file, type or function has a name that says nothing", run };

/// Words that say nothing about what a thing is.
const BANNED: &[&str] = &[
    "manager",
    "managers",
    "helper",
    "helpers",
    "util",
    "utils",
    "utility",
    "utilities",
    "common",
    "misc",
    "process",
    "handle",
    "handler",
    "data",
    "info",
    "get",
];

/// Names that hold such a word and mean something: what is known of an entry before it reads a byte, and what FTP itself calls the
/// connection that files go through.
const MEANT: &[&str] = &["Info", "FieldInfo", "info", "ftp_data"];

fn run(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for source in tree.sources() {
        let file = source.path.split_once("/src/").map_or("", |(_, file)| file);
        for part in file.trim_end_matches(".rs").split('/') {
            found.extend(
                banned(part).map(|word| Breach::new("name", &source.path, format!("its name says nothing: {word}"))),
            );
        }
        let mut walk = Walk { path: &source.path, found: &mut found };
        walk.visit_file(&source.syntax);
    }
    found
}

/// The first banned word in `name`. `get` is one only in front.
fn banned(name: &str) -> Option<&'static str> {
    let words = words(name);
    let says_nothing = |(n, word): (usize, &String)| {
        BANNED.iter().copied().find(|banned| banned == word && (*banned != "get" || n == 0))
    };
    words
        .iter()
        .enumerate()
        .find_map(says_nothing)
        .filter(|_| !MEANT.contains(&name) && (words.len() > 1 || name != "get"))
}

/// The words of an identifier in `snake_case` or `CamelCase`, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && was_lower) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c != '_') {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase() || c.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

struct Walk<'a> {
    path: &'a str,
    found: &'a mut Vec<Breach>,
}

impl Walk<'_> {
    fn name(&mut self, name: &syn::Ident) {
        if let Some(word) = banned(&name.to_string()) {
            self.found.push(Breach::new(
                "name",
                format!("{}::{name}", self.path),
                format!("its name says nothing: {word}"),
            ));
        }
    }
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.name(&signature.ident);
        visit::visit_signature(self, signature);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.name(&item.ident);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.name(&item.ident);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.name(&item.ident);
        visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.name(&item.ident);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        // A trait's method names are the trait's, and that may be another crate's.
        if item.trait_.is_none() {
            visit::visit_item_impl(self, item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::assert_finds;

    #[test]
    fn names_that_say_nothing_are_found() {
        let text = "struct FlowManager; enum Misc {} fn get_port() {} trait T { fn process(&self); } impl A { fn handle_it() {} }";
        assert_finds(
            &CHECK,
            &[("crates/risk/src/utils.rs", text)],
            &[
                "name crates/risk/src/utils.rs",
                "name crates/risk/src/utils.rs::FlowManager",
                "name crates/risk/src/utils.rs::Misc",
                "name crates/risk/src/utils.rs::get_port",
                "name crates/risk/src/utils.rs::handle_it",
                "name crates/risk/src/utils.rs::process",
            ],
        );
    }

    #[test]
    fn names_that_mean_something_pass() {
        let text = "struct Info; struct Datagram; fn info() {} fn widget() {} fn target_gets() {} impl Index for A { fn get_it() {} }
            #[cfg(test)] mod tests { fn data_after_the_end() {} }";
        assert_finds(&CHECK, &[("crates/risk/src/flow.rs", text)], &[]);
    }

    #[test]
    fn identifiers_fall_into_words() {
        assert_eq!(words("HL7FlowKey"), ["hl7", "flow", "key"]);
        assert_eq!(words("take_at_most"), ["take", "at", "most"]);
    }
}
