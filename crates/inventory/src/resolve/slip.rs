//! How two serial numbers differ when a person typed one of them.

use super::rules::Mark;

/// Shorter ones are too much alike by chance.
const SHORTEST: usize = 5;

/// The one slip that makes `a` of `b`, both bare; `None` when it takes more, or they are the same.
pub(super) fn slip(a: &str, b: &str) -> Option<Mark> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a == b || a.len().min(b.len()) < SHORTEST {
        return None;
    }
    if a.len() == b.len() {
        return exchanged(&a, &b);
    }
    let (long, short) = if a.len() > b.len() { (a, b) } else { (b, a) };
    let same = long.iter().zip(&short).take_while(|(x, y)| x == y).count();
    (long.len() == short.len() + 1 && long.get(same + 1..) == short.get(same..)).then_some(Mark::SerialTyping)
}

fn exchanged(a: &[char], b: &[char]) -> Option<Mark> {
    if a.iter().zip(b).all(|(x, y)| plain(*x) == plain(*y)) {
        return Some(Mark::SerialLookAlike);
    }
    let apart: Vec<(usize, char, char)> =
        a.iter().zip(b).enumerate().filter(|(_, (x, y))| x != y).map(|(at, (x, y))| (at, *x, *y)).collect();
    match apart.as_slice() {
        [(_, x, y)] if x.is_ascii_digit() && y.is_ascii_digit() => Some(Mark::SerialDigit),
        [_] => Some(Mark::SerialTyping),
        [(first, x, y), (second, u, v)] if first + 1 == *second && x == v && y == u => Some(Mark::SerialSwapped),
        _ => None,
    }
}

/// The sign that one is taken for on a worn label.
const fn plain(sign: char) -> char {
    match sign {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    }
}

/// What a serial number has in common with every other that is one slip away: itself, and itself without each sign.
pub(super) fn neighbourhood(serial: &str) -> Vec<String> {
    let signs: Vec<char> = serial.chars().map(plain).collect();
    if signs.len() < SHORTEST {
        return Vec::new();
    }
    let without = |gone: usize| signs.iter().enumerate().filter(move |(at, _)| *at != gone).map(|(_, sign)| *sign);
    let mut near: Vec<String> = (0..=signs.len()).map(|gone| without(gone).collect()).collect();
    near.sort();
    near.dedup();
    near
}

/// `bare` without the `SN` that some write in front.
pub(super) fn undecorated(bare: &str) -> &str {
    let rest =
        bare.strip_prefix("SN").filter(|rest| rest.len() >= SHORTEST && rest.starts_with(|c: char| c.is_ascii_digit()));
    rest.map_or(bare, |rest| rest.trim_start_matches('0'))
}

/// A serial number without the label that was copied with it: `SN PMP0908169`, `S/N: PMP0908169`.
pub(super) fn unlabelled(text: &str) -> &str {
    const LABELS: [&str; 5] = ["serial number", "serial no", "serial", "s/n", "sn"];
    let text = text.trim();
    let rest = LABELS.iter().find_map(|label| {
        let (head, rest) = text.split_at_checked(label.len())?;
        head.eq_ignore_ascii_case(label).then_some(rest)
    });
    let is_apart = |rest: &&str| rest.starts_with([' ', ':', '.', '#', '=']);
    rest.filter(is_apart).map_or(text, |rest| rest.trim_start_matches([' ', ':', '.', '#', '=']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slips_are_told_apart() {
        let cases = [
            ("DE4521O77", "DE4521077", Some(Mark::SerialLookAlike)),
            ("KI10045", "K110045", Some(Mark::SerialLookAlike)),
            ("DE452107", "DE451207", Some(Mark::SerialSwapped)),
            ("DE452107", "DE452108", Some(Mark::SerialDigit)),
            ("DE452107", "DF452107", Some(Mark::SerialTyping)),
            ("DE452107", "DE45217", Some(Mark::SerialTyping)),
            ("DE452107", "DE4521077", Some(Mark::SerialTyping)),
            ("DE452107", "DE452107", None),
            ("DE452107", "DE453207X", None),
            ("1234", "1235", None),
        ];
        for (a, b, wanted) in cases {
            assert_eq!((slip(a, b), slip(b, a)), (wanted, wanted), "{a} {b}");
        }
    }

    #[test]
    fn a_sign_in_front_does_not_count() {
        assert_eq!(
            [undecorated("SN10045"), undecorated("SN0010045"), undecorated("SNOW77"), undecorated("SN12")],
            ["10045", "10045", "SNOW77", "SN12"]
        );
    }

    #[test]
    fn a_label_copied_with_the_number_does_not_count() {
        for typed in ["SN PMP0908169", "sn: PMP0908169", "S/N PMP0908169", "Serial No. PMP0908169", " PMP0908169"] {
            assert_eq!(unlabelled(typed), "PMP0908169", "{typed}");
        }
        assert_eq!([unlabelled("SNOW77"), unlabelled("SN-10045"), unlabelled("SN")], ["SNOW77", "SN-10045", "SN"]);
    }

    proptest! {
        #[test]
        fn whatever_is_one_slip_away_shares_a_neighbourhood(a in "[A-C0-3OIL]{5,9}", b in "[A-C0-3OIL]{5,9}") {
            let (near_a, near_b) = (neighbourhood(&a), neighbourhood(&b));
            if slip(&a, &b).is_some() {
                prop_assert!(near_a.iter().any(|one| near_b.contains(one)), "{} {}", a, b);
            }
        }
    }
}
