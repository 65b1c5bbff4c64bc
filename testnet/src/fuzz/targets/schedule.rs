//! What happens to a whole network, and when: two bytes for each choice that a seed of the simulator would make. The
//! network survives it, by the rules of the simulator (one history, nobody goes back, nothing final is lost, it comes to rest).

use super::Target;
use crate::dice::Dice;
use crate::sim;

/// Schedules to begin with, and their lengths in bytes.
const SCHEDULES: u64 = 8;
const LENGTH: usize = 160;

pub(super) struct Schedules;

impl Target for Schedules {
    fn seeds(&self) -> Vec<Vec<u8>> {
        let schedule = |seed| {
            let mut dice = Dice::new(seed);
            (0..LENGTH).map(|_| dice.throw().to_le_bytes()[0]).collect()
        };
        (0..SCHEDULES).map(schedule).collect()
    }

    fn take(&self, bytes: &[u8]) {
        let script = sim::chosen(bytes);
        assert_eq!(script.to_string().parse().as_ref(), Ok(&script), "a script that is not read as it is written");
        let outcome = sim::play(&script, false).expect("the machines have a place");
        let found = outcome.violation.map(|violation| violation.to_string());
        // The script is what the simulator can play again and shorten.
        assert_eq!(found, None, "what must not be, in\n{script}");
    }
}
