use super::*;

/// Two directories.
fn places() -> [Place; 2] {
    let (one, two) = (tempfile::tempdir().expect("directory"), tempfile::tempdir().expect("directory"));
    [&one, &two].map(|dir| Place::of(dir.path()).expect("a place"))
}

/// A node at height 7 that voted here and stopped in order.
fn sound(here: Place) -> Facts {
    Facts {
        provenance: Provenance::Unsaid,
        voice: Some(Voice::Speaking { place: here }),
        here,
        tip: Height(7),
        log: Some(Height(8)),
        first_ms: Some(1_000_000),
    }
}

#[test]
fn a_node_that_stopped_or_crashed_here_goes_on() {
    let [here, _] = places();
    assert_eq!(sound(here).doubt(), None);
    assert_eq!(Facts { log: Some(Height(7)), ..sound(here) }.doubt(), None, "killed between commit and rotation");
    let young = Facts { tip: Height(0), log: Some(Height(1)), first_ms: None, ..sound(here) };
    assert_eq!(Facts { voice: Some(Voice::Newborn { place: here, since_ms: 5 }), ..young }.doubt(), None);
}

#[test]
fn whoever_may_have_said_more_than_it_knows_is_silent() {
    let [here, there] = places();
    let doubt = |facts: Facts| facts.doubt();
    let elsewhere = Some(Voice::Speaking { place: there });
    assert_eq!(doubt(Facts { voice: elsewhere, ..sound(here) }), Some(Doubt::Elsewhere));
    for log in [None, Some(Height(0)), Some(Height(6)), Some(Height(9))] {
        assert_eq!(doubt(Facts { log, ..sound(here) }), Some(Doubt::Log), "{log:?}");
    }
    assert_eq!(doubt(Facts { provenance: Provenance::Restored, ..sound(here) }), Some(Doubt::Restored));
    for voice in [None, Some(Voice::Silent)] {
        assert_eq!(doubt(Facts { voice, ..sound(here) }), Some(Doubt::Unwitnessed), "{voice:?}");
    }
    let newborn = Some(Voice::Newborn { place: here, since_ms: 5 });
    let unlogged = Facts { voice: newborn, tip: Height(0), log: Some(Height(0)), first_ms: None, ..sound(here) };
    assert_eq!(doubt(unlogged), Some(Doubt::Log), "the log of height 1 was begun before this was written");
}

#[test]
fn a_new_store_speaks_until_the_network_proves_to_be_older() {
    let [here, there] = places();
    let new = Facts { voice: None, tip: Height(0), log: None, first_ms: None, ..sound(here) };
    assert_eq!(new.doubt(), None);
    assert_eq!(new.voice(9), Voice::Newborn { place: here, since_ms: 9 });
    let lost = Facts { log: Some(Height(8)), ..new };
    assert_eq!(lost.doubt(), Some(Doubt::Unwitnessed), "the log outlived its store");
    let newborn = |since_ms| Facts { voice: Some(Voice::Newborn { place: here, since_ms }), ..sound(here) };
    assert_eq!(newborn(1_000_000 + CLOCK_SKEW_MS).doubt(), None);
    assert_eq!(newborn(1_000_000 + CLOCK_SKEW_MS).voice(9), Voice::Speaking { place: here });
    assert_eq!(newborn(1_000_001 + CLOCK_SKEW_MS).doubt(), Some(Doubt::Newcomer));
    let again = Facts { tip: Height(0), log: Some(Height(1)), first_ms: None, ..newborn(5) };
    assert_eq!(again.voice(9), Voice::Newborn { place: here, since_ms: 5 }, "a crash makes nobody younger");
    let copied = Facts { voice: Some(Voice::Newborn { place: there, since_ms: 5 }), ..sound(here) };
    assert_eq!(copied.doubt(), Some(Doubt::Elsewhere));
}

#[test]
fn the_operators_word_settles_it() {
    let [here, there] = places();
    for voice in [None, Some(Voice::Silent), Some(Voice::Speaking { place: there })] {
        let facts = Facts { provenance: Provenance::Vouched, voice, log: None, ..sound(here) };
        assert_eq!((facts.doubt(), facts.voice(9)), (None, Voice::Speaking { place: here }));
    }
}
