use super::*;
use proptest::prelude::*;

const SITE: Id = Id([1; 16]);
const WARD: Id = Id([2; 16]);
const ROOM: Id = Id([3; 16]);
const OTHER: Id = Id([4; 16]);
const NOW: Time = Time::from_seconds(1_000);
const LATER: Option<Time> = Some(Time::from_seconds(2_000));

fn rights() -> Rights {
    Rights::shipped().unwrap()
}

fn grant(role: Role, reach: Reach) -> Grant {
    Grant { role, reach, from: Time::from_seconds(0), until: LATER }
}

#[track_caller]
fn refused(text: &str) -> RightsError {
    Rights::load(&format!("source = \"x\"\nlicence = \"facts\"\n{text}")).unwrap_err()
}

#[test]
fn the_shipped_table_names_every_action_and_gives_each_to_somebody() {
    let rights = rights();
    for action in Action::ALL {
        assert!(rights.rights.contains_key(&action), "{} is missing", action.name());
        assert!(!rights.roles(action, Some(&[SITE])).is_empty(), "{} is nobody's", action.name());
    }
}

#[test]
fn an_action_that_the_table_does_not_name_is_nobodys() {
    let empty = Rights::load("source = \"x\"\nlicence = \"facts\"").unwrap();
    for (role, action) in Role::ALL.into_iter().flat_map(|role| Action::ALL.map(|action| (role, action))) {
        let grants = [grant(role, Reach::Site), grant(role, Reach::Area(WARD))];
        for at in [None, Some(&[][..]), Some(&[SITE, WARD][..])] {
            assert_ne!(empty.may(&grants, action, at, NOW), Verdict::Granted);
        }
        assert_eq!(empty.extent(&grants, action, NOW), Extent::Nowhere);
        assert!(empty.needs_step_up(action));
    }
}

#[test]
fn an_auditor_reads_and_changes_nothing_but_the_own_account() {
    let (rights, auditor) = (rights(), [grant(Role::Auditor, Reach::Site)]);
    for action in Action::ALL.into_iter().filter(|action| !action.only_reads() && *action != Action::ManageOwnAccount) {
        assert_ne!(rights.may(&auditor, action, None, NOW), Verdict::Granted, "{}", action.name());
    }
    assert_eq!(rights.may(&auditor, Action::SeeLedger, None, NOW), Verdict::Granted);
    let sensitive = rights.may(&auditor, Action::SeeSensitive, Some(&[SITE]), NOW);
    assert!(matches!(sensitive, Verdict::Forbidden { .. }), "proof needs no patient");
}

#[test]
fn a_vendor_sees_its_area_and_nothing_of_the_site() {
    let rights = rights();
    let vendor = [grant(Role::Vendor, Reach::Area(WARD)), grant(Role::Vendor, Reach::Site)];
    for action in Action::ALL.into_iter().filter(|action| *action != Action::ManageOwnAccount) {
        for at in [None, Some(&[][..]), Some(&[SITE, OTHER][..])] {
            assert_eq!(rights.may(&vendor, action, at, NOW), Verdict::Hidden, "{} at {at:?}", action.name());
        }
    }
    assert_eq!(rights.may(&vendor, Action::SeeDevices, Some(&[SITE, WARD, ROOM]), NOW), Verdict::Granted);
    assert_eq!(rights.extent(&vendor, Action::SeeDevices, NOW), Extent::Areas(BTreeSet::from([WARD])));
}

#[test]
fn what_is_not_granted_names_who_may_or_hides() {
    let rights = rights();
    let ward = [grant(Role::Clinician, Reach::Area(WARD))];
    let near = Some(&[SITE, WARD, ROOM][..]);
    let owners = vec![Role::ClinicalEngineer, Role::Admin];
    assert_eq!(
        rights.may(&ward, Action::SetOwners, near, NOW),
        Verdict::Forbidden { roles: owners },
        "who sees the device may know who names its owner"
    );
    assert_eq!(rights.may(&ward, Action::SetOwners, Some(&[SITE, OTHER]), NOW), Verdict::Hidden);
    assert_eq!(rights.may(&ward, Action::SeeDevices, Some(&[SITE, OTHER]), NOW), Verdict::Hidden);
    assert_eq!(rights.may(&ward, Action::SeeDevices, Some(&[]), NOW), Verdict::Hidden, "it may stand anywhere");
    let configure = rights.may(&ward, Action::Configure, None, NOW);
    assert_eq!(configure, Verdict::Forbidden { roles: vec![Role::Admin] }, "a page of the house is no secret to it");
    let whole = rights.may(&ward, Action::SeeDevices, None, NOW);
    assert!(matches!(whole, Verdict::Forbidden { roles } if !roles.contains(&Role::Vendor)));
}

#[test]
fn nobody_knows_anything_without_a_live_grant() {
    let past = Grant { until: Some(NOW), ..grant(Role::Admin, Reach::Site) };
    let future = Grant { from: NOW.plus(1), ..grant(Role::Admin, Reach::Site) };
    for grants in [vec![], vec![past, future]] {
        for action in Action::ALL {
            assert_eq!(rights().may(&grants, action, None, NOW), Verdict::Hidden);
            assert_eq!(rights().may(&grants, action, Some(&[SITE]), NOW), Verdict::Hidden);
        }
    }
}

#[test]
fn what_belongs_to_the_site_takes_a_grant_for_the_site() {
    let rights = rights();
    for reach in [Reach::Area(SITE), Reach::Area(WARD)] {
        let part = [grant(Role::Admin, reach)];
        assert_ne!(rights.may(&part, Action::ManageAccounts, None, NOW), Verdict::Granted);
        assert_ne!(rights.may(&part, Action::ManageAccounts, Some(&[SITE, WARD]), NOW), Verdict::Granted);
        assert_eq!(rights.extent(&part, Action::SeeSensors, NOW), Extent::Nowhere);
        assert_eq!(rights.may(&part, Action::ManageOwnAccount, None, NOW), Verdict::Granted);
    }
    let whole = [grant(Role::Admin, Reach::Site)];
    assert_eq!(rights.may(&whole, Action::ManageAccounts, None, NOW), Verdict::Granted);
    assert_eq!(rights.given_by(&whole, Action::ManageAccounts, None, NOW), whole.first());
}

#[test]
fn what_gives_rights_away_asks_for_the_second_factor_again() {
    let asked: Vec<Action> = Action::ALL.into_iter().filter(|action| rights().needs_step_up(*action)).collect();
    let wanted = [Action::ManageAccounts, Action::ManageTokens, Action::UseBreakGlass, Action::Configure];
    assert_eq!(asked, wanted);
}

#[test]
fn a_table_that_gives_too_much_is_refused() {
    let row = |action: &str, bound: &str, role: &str| {
        refused(&format!("[[right]]\naction = \"{action}\"\nbound = \"{bound}\"\nroles = [\"{role}\"]"))
    };
    let never = |role, action| RightsError::Never { role, action };
    assert_eq!(row("import", "site", "auditor"), never(Role::Auditor, Action::Import));
    assert_eq!(row("manage-tokens", "own", "auditor"), never(Role::Auditor, Action::ManageTokens));
    assert_eq!(row("see-ledger", "site", "vendor"), never(Role::Vendor, Action::SeeLedger));
    assert_eq!(row("use-break-glass", "own", "vendor"), never(Role::Vendor, Action::UseBreakGlass));
    assert_eq!(row("see-all", "site", "admin"), RightsError::NoAction("see-all".to_owned()));
    assert_eq!(row("import", "site", "root"), RightsError::NoRole { action: Action::Import, role: "root".to_owned() });
    assert!(matches!(row("import", "none", "admin"), RightsError::Malformed(_)));
    let twice = "[[right]]\naction = \"import\"\nbound = \"site\"\nroles = []\n".repeat(2);
    assert_eq!(refused(&twice), RightsError::Twice(Action::Import));
}

fn some_grant() -> impl Strategy<Value = Grant> {
    let reach =
        prop_oneof![Just(Reach::Site), proptest::sample::select(vec![SITE, WARD, ROOM, OTHER]).prop_map(Reach::Area)];
    (proptest::sample::select(Role::ALL.to_vec()), reach, 0_i64..100, proptest::option::of(0_i64..100)).prop_map(
        |(role, reach, from, until)| Grant {
            role,
            reach,
            from: Time::from_seconds(from),
            until: until.map(Time::from_seconds),
        },
    )
}

fn some_place() -> impl Strategy<Value = Option<Vec<Id>>> {
    let paths = vec![vec![], vec![SITE], vec![SITE, WARD], vec![SITE, WARD, ROOM], vec![SITE, OTHER]];
    proptest::option::of(proptest::sample::select(paths))
}

proptest! {
    #[test]
    fn more_grants_never_give_less(
        grants in proptest::collection::vec(some_grant(), 0..4),
        more in some_grant(),
        action in proptest::sample::select(Action::ALL.to_vec()),
        at in some_place(),
        now in (0_i64..100).prop_map(Time::from_seconds),
    ) {
        let rights = rights();
        let rank = |verdict: &Verdict| match verdict {
            Verdict::Hidden => 0,
            Verdict::Forbidden { .. } => 1,
            Verdict::Granted => 2,
        };
        let before = rights.may(&grants, action, at.as_deref(), now);
        let all: Vec<Grant> = grants.into_iter().chain([more]).collect();
        let after = rights.may(&all, action, at.as_deref(), now);
        prop_assert!(rank(&after) >= rank(&before), "{before:?} became {after:?}");
    }

    #[test]
    fn nothing_is_granted_before_or_after_its_time(
        grants in proptest::collection::vec(some_grant(), 0..4),
        action in proptest::sample::select(Action::ALL.to_vec()),
        at in some_place(),
        now in (0_i64..100).prop_map(Time::from_seconds),
    ) {
        let rights = rights();
        if let Some(giver) = rights.given_by(&grants, action, at.as_deref(), now) {
            prop_assert!(giver.from <= now && giver.until.is_none_or(|until| now < until));
        }
        let over: Vec<Grant> = grants.into_iter().map(|grant| Grant { until: Some(now), ..grant }).collect();
        prop_assert_eq!(rights.may(&over, action, at.as_deref(), now), Verdict::Hidden);
    }

    #[test]
    fn an_extent_holds_just_what_is_granted(
        grants in proptest::collection::vec(some_grant(), 0..4),
        action in proptest::sample::select(Action::ALL.to_vec()),
        at in some_place(),
        now in (0_i64..100).prop_map(Time::from_seconds),
    ) {
        let rights = rights();
        let path = at.unwrap_or_default();
        let is_granted = rights.may(&grants, action, Some(&path), now) == Verdict::Granted;
        prop_assert_eq!(rights.extent(&grants, action, now).holds(&path), is_granted);
    }
}
