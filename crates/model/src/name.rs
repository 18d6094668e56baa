//! Names that people type.

/// `name` without regard to case: what is the same in capitals or in small letters is the same.
#[must_use]
pub fn folded(name: &str) -> String {
    name.to_lowercase().to_uppercase().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn no_letter_in_another_case_is_another_name() {
        for letter in '\0'..=char::MAX {
            let name = format!("a{letter}");
            let (small, large) = (name.to_lowercase(), name.to_uppercase());
            assert_eq!([folded(&small), folded(&large)], [folded(&name), folded(&name)], "{letter:?}");
        }
        assert_eq!(folded("ΟΔΟΣ"), folded("οδοσ"));
        assert_ne!(folded("anna"), folded("anne"));
    }
}
