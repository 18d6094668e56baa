//! One section: a struct that carries its own reference page.

/// One key of a section.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) meaning: String,
    pub(super) value: String,
    pub(super) default: String,
}

/// A section that can be explained.
pub(super) trait Section {
    /// Its name in the file.
    fn name(&self) -> &'static str;
    /// What it is about.
    fn meaning(&self) -> String;
    /// Its keys, in the order of declaration.
    fn keys(&self) -> Vec<Key>;
}

/// A value as TOML writes it.
pub(super) fn written(value: &impl serde::Serialize) -> String {
    toml::Value::try_from(value).map_or_else(|error| format!("# {error}"), |value| value.to_string())
}

/// Lines of a comment as one sentence.
pub(super) fn joined(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

/// Declares a section: a struct with defaults, whose comments become the reference page.
macro_rules! section {
    ($(#[doc = $about:literal])+ pub struct $struct:ident = $section:literal {
        $($(#[doc = $meaning:literal])+ $name:ident: $kind:ty = $default:expr,)+
    }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $struct { $($(#[doc = $meaning])+ pub $name: $kind,)+ }

        impl Default for $struct {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl $crate::config::section::Section for $struct {
            fn name(&self) -> &'static str {
                $section
            }
            fn meaning(&self) -> String {
                $crate::config::section::joined(&[$($about),+])
            }
            fn keys(&self) -> Vec<$crate::config::section::Key> {
                let default = Self::default();
                vec![$($crate::config::section::Key {
                    name: stringify!($name),
                    meaning: $crate::config::section::joined(&[$($meaning),+]),
                    value: $crate::config::section::written(&self.$name),
                    default: $crate::config::section::written(&default.$name),
                },)+]
            }
        }
    };
}

pub(super) use section;
