//! One Rust file: its syntax without tests, and how many lines that leaves.

use syn::{Attribute, ImplItem, Item, TraitItem};

/// A Rust file of a crate's `src`.
pub struct Source {
    /// Path from the root.
    pub path: String,
    /// Lines that are no tests.
    pub lines: usize,
    /// The syntax, tests taken out.
    pub syntax: syn::File,
    /// Names of modules that only tests see, declared here.
    gated: Vec<String>,
    /// Why it could not be read, when it could not; its syntax is empty then.
    pub error: Option<String>,
}

impl Source {
    /// Reads `text`.
    pub fn parse(path: &str, text: &str) -> Self {
        let (mut syntax, error) = match syn::parse_file(text) {
            Ok(syntax) => (syntax, None),
            Err(error) => (syn::File { shebang: None, attrs: Vec::new(), items: Vec::new() }, Some(error.to_string())),
        };
        let mut cut = Cut::default();
        cut.items(&mut syntax.items);
        let lines = text.lines().count().saturating_sub(cut.lines);
        Self { path: path.to_owned(), lines, syntax, gated: cut.modules, error }
    }

    /// The crate's folder name.
    pub fn krate(&self) -> &str {
        self.path.split('/').nth(1).unwrap_or_default()
    }

    /// Where the file's child modules lie, and it itself when it is a folder's root.
    pub fn folder(&self) -> &str {
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_root = matches!(self.path.rsplit('/').next(), Some("lib.rs" | "main.rs" | "mod.rs"));
        if is_root { folder } else { self.path.strip_suffix(".rs").unwrap_or(folder) }
    }

    /// Paths, without `.rs`, of the modules declared here that only tests see.
    pub fn test_modules(&self) -> Vec<String> {
        self.gated.iter().map(|name| format!("{}/{name}", self.folder())).collect()
    }
}

/// Takes tests out of syntax and counts what went.
#[derive(Default)]
struct Cut {
    lines: usize,
    modules: Vec<String>,
}

impl Cut {
    fn items(&mut self, items: &mut Vec<Item>) {
        items.retain(|item| {
            let is_test = attributes(item).iter().any(is_test);
            if is_test {
                self.count(item);
                if let Item::Mod(module) = item
                    && module.content.is_none()
                {
                    self.modules.push(module.ident.to_string());
                }
            }
            !is_test
        });
        for item in items {
            match item {
                Item::Mod(module) => module.content.iter_mut().for_each(|(_, inner)| self.items(inner)),
                Item::Impl(block) => block.items.retain(|item| match item {
                    ImplItem::Fn(function) => self.keeps(&function.attrs, function),
                    _ => true,
                }),
                Item::Trait(block) => block.items.retain(|item| match item {
                    TraitItem::Fn(function) => self.keeps(&function.attrs, function),
                    _ => true,
                }),
                _ => {}
            }
        }
    }

    fn keeps(&mut self, attributes: &[Attribute], item: &impl syn::spanned::Spanned) -> bool {
        let is_test = attributes.iter().any(is_test);
        if is_test {
            self.count(item);
        }
        !is_test
    }

    fn count(&mut self, item: &impl syn::spanned::Spanned) {
        let span = item.span();
        self.lines += span.end().line.saturating_sub(span.start().line) + 1;
    }
}

fn is_test(attribute: &Attribute) -> bool {
    match &attribute.meta {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string().replace(' ', "");
            condition == "test" || condition.starts_with("all(test,")
        }
        _ => false,
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_no_production_lines() {
        let text = "//! Doc.\n\nfn one() {}\n\n#[cfg(test)]\nfn check() {\n}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn two() {}\n}\n";
        let source = Source::parse("crates/a/src/b.rs", text);
        assert_eq!(source.lines, 5);
        assert_eq!(source.syntax.items.len(), 1);
        assert_eq!(source.krate(), "a");
    }

    #[test]
    fn a_feature_is_no_test() {
        let text = "#[cfg(any(test, feature = \"trial\"))]\nmod trial;\n#[cfg(all(test, unix))]\nmod other;";
        let source = Source::parse("crates/a/src/lib.rs", text);
        assert_eq!(source.test_modules(), ["crates/a/src/other"]);
    }
}
