//! Host names that carry a person's name, such as `Annas-iPhone`.

/// The product word in a personal host name, when `name` is one: a consumer product beside some other word.
///
/// `Annas-iPhone` gives `iPhone`, so that what the thing is stays known while whose it is does not. A bare `iPhone`,
/// and names of machines that say no product, are not personal.
#[must_use]
pub fn product_of_personal_name(name: &str) -> Option<&'static str> {
    const PRODUCTS: [&str; 14] = [
        "iPhone",
        "iPad",
        "iPod",
        "MacBook",
        "iMac",
        "Apple-Watch",
        "AppleWatch",
        "Galaxy",
        "Pixel",
        "OnePlus",
        "Huawei",
        "Redmi",
        "Laptop",
        "Phone",
    ];
    let possessive = name.contains("'s ") || name.contains('’') || name.contains("'s-");
    let lower = name.to_ascii_lowercase();
    for product in PRODUCTS {
        let Some(at) = lower.find(&product.to_ascii_lowercase()) else { continue };
        let around = lower.get(..at).into_iter().chain(lower.get(at + product.len()..));
        let other_words =
            around.flat_map(|part| part.split(|c: char| !c.is_alphabetic())).filter(|word| word.len() > 2);
        if other_words.filter(|word| !PLAIN.contains(word)).count() > 0 {
            return Some(product);
        }
    }
    possessive.then_some("personal device")
}

/// Words beside a product name that name no person.
const PLAIN: [&str; 20] = [
    "local", "pro", "air", "mini", "max", "plus", "ultra", "lite", "note", "tab", "android", "sip", "voip", "smart",
    "head", "micro", "mega", "desktop", "win", "ipphone",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_beside_a_product_is_personal() {
        for (name, product) in
            [("Annas-iPhone", "iPhone"), ("iPad-von-Jonas", "iPad"), ("Maria's MacBook Pro", "MacBook")]
        {
            assert_eq!(product_of_personal_name(name), Some(product), "{name}");
        }
        assert_eq!(product_of_personal_name("Dr. Lee's computer"), Some("personal device"));
    }

    #[test]
    fn device_names_are_not_personal() {
        for name in ["iPhone", "MacBook-Pro-2", "CT-SCANNER-3", "Philips-hue", "galaxy-tab-s7", "SIP-Phone-12"] {
            assert_eq!(product_of_personal_name(name), None, "{name}");
        }
    }
}
