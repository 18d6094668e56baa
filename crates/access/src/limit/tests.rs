use super::*;
use proptest::prelude::*;

const NOW: Time = Time::from_seconds(1_000_000);

fn after(seconds: i64) -> Time {
    NOW.plus(seconds * SECOND)
}

fn who<'a>(account: &'a str, address: &str) -> Attempt<'a> {
    Attempt { account, address: address.parse().unwrap() }
}

/// Waits in seconds of misses, each as soon as it is let.
fn waits(log_ins: &mut LogIns, who: &Attempt<'_>, misses: usize) -> Vec<i64> {
    let mut now = NOW;
    let wait = |_| match log_ins.attempt(who, now) {
        Ok(()) => 0,
        Err(wait) => {
            now = now.plus(wait.micros);
            assert_eq!(log_ins.attempt(who, now), Ok(()), "it waited long enough");
            wait.seconds()
        }
    };
    (0..misses).map(wait).collect()
}

#[test]
fn a_bucket_gives_a_burst_and_then_one_at_a_time() {
    let mut buckets = Buckets::new(3, 10 * SECOND, 100);
    for _ in 0..3 {
        assert_eq!(buckets.take(&"a", NOW), Ok(()));
    }
    assert_eq!(buckets.take(&"a", NOW), Err(Wait { micros: 10 * SECOND }));
    assert_eq!(buckets.take(&"b", NOW), Ok(()), "each key has its own");
    assert_eq!(buckets.take(&"a", after(9)), Err(Wait { micros: SECOND }));
    assert_eq!(buckets.take(&"a", after(10)), Ok(()));
    assert_eq!(buckets.take(&"a", after(10)).map_err(Wait::seconds), Err(10));
    for _ in 0..3 {
        assert_eq!(buckets.take(&"a", after(60)), Ok(()));
    }
}

#[test]
fn a_clock_put_back_locks_no_bucket() {
    let mut buckets = Buckets::new(2, SECOND, 100);
    assert_eq!(buckets.take(&(), after(1_000_000)), Ok(()));
    assert_eq!(buckets.take(&(), NOW), Err(Wait { micros: SECOND }));
    assert_eq!(buckets.take(&(), after(1)), Ok(()));
    assert_eq!(buckets.take(&(), after(3)), Ok(()));
}

#[test]
fn a_clock_put_back_locks_no_account() {
    let (mut log_ins, ada) = (LogIns::new(100), who("ada", "10.0.0.1"));
    for _ in 0..5 {
        log_ins.attempt(&ada, after(1_000_000)).unwrap();
    }
    assert_eq!(log_ins.attempt(&ada, NOW), Err(Wait { micros: SECOND }));
    assert_eq!(log_ins.attempt(&ada, after(1)), Ok(()));
}

#[test]
fn the_emptiest_bucket_is_forgotten_last() {
    let mut buckets = Buckets::new(10, SECOND, 3);
    for _ in 0..10 {
        buckets.take(&0, NOW).unwrap();
    }
    for key in 1..1_000 {
        buckets.take(&key, NOW).unwrap();
    }
    assert!(buckets.take(&0, NOW).is_err(), "others do not wash away who took most");
    assert_eq!(buckets.held(), 3);
}

#[test]
fn waits_of_an_account_double_up_to_a_minute() {
    let wanted = [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60];
    assert_eq!(waits(&mut LogIns::new(100), &who("ada", "10.0.0.1"), 14), wanted);
}

#[test]
fn names_count_in_any_case_and_from_everywhere() {
    let mut log_ins = LogIns::new(100);
    for (name, address) in [("ada", "10.0.0.1"), ("Ada", "10.0.0.2"), ("ADA ", "10.0.0.3"), ("ada", "10.0.0.4")] {
        assert_eq!(log_ins.attempt(&who(name, address), NOW), Ok(()));
    }
    assert_eq!(log_ins.attempt(&who("adA", "10.0.0.5"), NOW), Ok(()));
    assert_eq!(log_ins.attempt(&who("aDa", "10.0.0.6"), NOW), Err(Wait { micros: SECOND }));
    assert_eq!(log_ins.attempt(&who("bob", "10.0.0.6"), NOW), Ok(()));
}

#[test]
fn an_address_that_tries_many_accounts_waits() {
    let names: Vec<String> = (0..40).map(|n| format!("user{n}")).collect();
    let mut log_ins = LogIns::new(100);
    for name in &names[..21] {
        assert_eq!(log_ins.attempt(&who(name, "2001:db8::1"), NOW), Ok(()));
    }
    assert_eq!(log_ins.attempt(&who(&names[21], "2001:db8::ffff"), NOW), Err(Wait { micros: SECOND }), "the same /64");
    assert_eq!(log_ins.attempt(&who(&names[21], "2001:db8:0:1::1"), NOW), Ok(()));
    let long = waits(&mut LogIns::new(100), &who("ada", "10.0.0.1"), 40);
    assert_eq!(long.last(), Some(&300));
}

#[test]
fn an_address_written_in_two_ways_is_one() {
    let mut log_ins = LogIns::new(100);
    for n in 0..21 {
        log_ins.attempt(&who(&n.to_string(), "::ffff:10.0.0.1"), NOW).unwrap();
    }
    assert!(log_ins.attempt(&who("x", "10.0.0.1"), NOW).is_err());
}

#[test]
fn nobody_can_keep_an_owner_out() {
    let (mut log_ins, owner) = (LogIns::new(1_000), who("ada", "10.0.0.1"));
    log_ins.attempt(&owner, NOW).unwrap();
    log_ins.succeeded(&owner, NOW);
    let attackers: Vec<String> = (0..40).map(|n| format!("192.0.2.{n}")).collect();
    let mut now = NOW;
    for attacker in &attackers {
        if let Err(wait) = log_ins.attempt(&who("ada", attacker), now) {
            assert!(wait.seconds() <= 60, "an end is always near");
            now = now.plus(wait.micros);
            log_ins.attempt(&who("ada", attacker), now).unwrap();
        }
    }
    assert!(log_ins.attempt(&who("ada", "203.0.113.1"), now).is_err(), "from anywhere else it waits");
    assert_eq!(log_ins.attempt(&owner, now), Ok(()), "from where it was logged in to before it does not");
}

#[test]
fn success_clears_the_account_but_not_the_address() {
    let mut log_ins = LogIns::new(100);
    let own = who("mallory", "10.0.0.1");
    for n in 0..10 {
        log_ins.attempt(&who(&n.to_string(), "10.0.0.1"), NOW).unwrap();
        log_ins.attempt(&own, NOW).unwrap();
        log_ins.succeeded(&own, NOW);
    }
    for n in 10..21 {
        assert_eq!(log_ins.attempt(&who(&n.to_string(), "10.0.0.1"), NOW), Ok(()), "{n}");
    }
    assert!(log_ins.attempt(&who("21", "10.0.0.1"), NOW).is_err(), "an account of one's own buys no guesses");
}

#[test]
fn success_ends_the_wait_everywhere() {
    let (mut log_ins, owner) = (LogIns::new(100), who("ada", "10.0.0.1"));
    for _ in 0..5 {
        log_ins.attempt(&owner, NOW).unwrap();
    }
    assert!(log_ins.attempt(&who("ada", "10.0.0.2"), NOW).is_err());
    log_ins.succeeded(&owner, NOW);
    assert_eq!(log_ins.attempt(&who("ada", "10.0.0.2"), NOW), Ok(()));
}

#[test]
fn names_that_the_store_holds_for_one_count_as_one() {
    let mut log_ins = LogIns::new(100);
    for name in ["straßenbiſ", "STRASSENBIS", "strassenbis", "Straßenbis", "ſtraſſenbis"] {
        assert_eq!(log_ins.attempt(&who(name, "10.0.0.1"), NOW), Ok(()));
    }
    assert!(log_ins.attempt(&who("STRAẞENBIS", "10.0.0.1"), NOW).is_err());
}

#[test]
fn misses_are_forgotten_after_an_hour() {
    let mut log_ins = LogIns::new(100);
    let ada = who("ada", "10.0.0.1");
    waits(&mut log_ins, &ada, 10);
    let last = after(1 + 2 + 4 + 8 + 16);
    assert_eq!(log_ins.attempt(&ada, last.plus(SECOND)).map_err(Wait::seconds), Err(31));
    for _ in 0..5 {
        assert_eq!(log_ins.attempt(&ada, last.plus(FORGOTTEN)), Ok(()));
    }
    assert!(log_ins.attempt(&ada, last.plus(FORGOTTEN)).is_err(), "and counted anew");
}

#[test]
fn a_wait_is_said_in_whole_seconds() {
    assert_eq!(Wait { micros: 1 }.seconds(), 1);
    assert_eq!(Wait { micros: 1_000_001 }.to_string(), "tried too often: wait 2 s");
}

proptest! {
    #[test]
    fn memory_is_bounded_whoever_tries(
        tries in proptest::collection::vec(("[a-z]{1,3}", any::<u32>(), 0_i64..100, any::<bool>()), 0..200),
    ) {
        let (mut log_ins, mut buckets) = (LogIns::new(16), Buckets::new(3, SECOND, 16));
        for (name, address, seconds, succeeds) in tries {
            let who = Attempt { account: &name, address: IpAddr::V4(address.into()) };
            let begun = log_ins.attempt(&who, after(seconds));
            if succeeds && begun.is_ok() {
                log_ins.succeeded(&who, after(seconds));
            }
            let _counted = buckets.take(&address, after(seconds));
            prop_assert!(log_ins.held() <= 48 && buckets.held() <= 16);
        }
    }

    #[test]
    fn every_wait_has_an_end_that_holds(
        tries in proptest::collection::vec((0_u8..4, 0_u8..4, -1_000_i64..1_000), 0..100),
    ) {
        let mut log_ins = LogIns::new(16);
        for (name, address, seconds) in tries {
            let (account, address) = (name.to_string(), IpAddr::from([10, 0, 0, address]));
            let who = Attempt { account: &account, address };
            if let Err(wait) = log_ins.attempt(&who, after(seconds)) {
                prop_assert!((1..=300).contains(&wait.seconds()), "{wait:?}");
                prop_assert_eq!(log_ins.attempt(&who, after(seconds).plus(wait.micros)), Ok(()));
            }
        }
    }

    #[test]
    fn no_window_lets_more_through_than_it_should(steps in proptest::collection::vec(0_i64..3_000_000, 1..200)) {
        let (mut buckets, mut now, mut passed) = (Buckets::new(5, SECOND, 4), NOW, Vec::new());
        for step in steps {
            now = now.plus(step);
            if buckets.take(&(), now).is_ok() {
                passed.push(now);
            }
        }
        for (n, begin) in passed.iter().enumerate() {
            let within = passed[n..].iter().filter(|at| at.since(*begin) < 10 * SECOND).count();
            prop_assert!(within <= 15, "{within} in ten seconds");
        }
    }
}
