//! The composite score of verifiers: a number, and what it means.

use super::VerifierResult;
use serde::{Deserialize, Serialize};

/// What a score means for a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Done.
    Green,
    /// Good enough if somebody approves.
    Yellow,
    /// To be worked on again.
    Red,
}

/// The composite score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The weighted share that passed, 0 to 1.
    pub value: f64,
    /// What that means.
    pub verdict: Verdict,
}

/// Scores results: green from the share `green` on, yellow from `yellow` on, red below, and red wherever a required
/// verifier failed: nobody can approve away what was required. A weight that is no positive number counts as 0; where no weight counts, all count the same.
pub fn score(results: &[VerifierResult], green: f64, yellow: f64) -> Score {
    /// Sums of decimal weights miss a threshold by less than this.
    const ROUNDING: f64 = 1e-9;
    let weight = |result: &VerifierResult| {
        if result.weight.is_finite() { result.weight.max(0.0) } else { 0.0 }
    };
    let share = |weight: &dyn Fn(&VerifierResult) -> f64| {
        let total: f64 = results.iter().map(weight).sum();
        let passed: f64 = results.iter().filter(|result| result.passed).map(weight).sum();
        (total > 0.0 && total.is_finite()).then(|| passed / total)
    };
    let value = share(&weight).or_else(|| share(&|_| 1.0)).unwrap_or(1.0);
    let required_passed = results.iter().all(|result| result.passed || !result.required);
    let verdict = match value + ROUNDING {
        _ if results.is_empty() => Verdict::Green,
        _ if !required_passed => Verdict::Red,
        value if value >= green => Verdict::Green,
        value if value >= yellow => Verdict::Yellow,
        _ => Verdict::Red,
    };
    Score { value, verdict }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VerifierExit;
    use proptest::prelude::*;
    use std::time::Duration;

    fn result(passed: bool, weight: f64, required: bool) -> VerifierResult {
        VerifierResult {
            name: String::new(),
            criterion: None,
            passed,
            exit: VerifierExit::Code { code: i32::from(!passed) },
            duration: Duration::ZERO,
            output: String::new(),
            findings: vec![],
            weight,
            required,
        }
    }

    fn of(results: &[(bool, f64, bool)]) -> (f64, Verdict) {
        let results: Vec<_> = results.iter().map(|&(p, w, r)| result(p, w, r)).collect();
        let score = score(&results, 0.9, 0.6);
        (score.value, score.verdict)
    }

    #[test]
    fn nothing_to_check_is_green() {
        let score = score(&[], 0.9, 0.6);
        assert_eq!((score.value, score.verdict), (1.0, Verdict::Green));
        assert_eq!(super::score(&[], 2.0, 2.0).verdict, Verdict::Green);
    }

    #[test]
    fn the_share_is_weighted() {
        assert_eq!(of(&[(true, 1.0, true)]), (1.0, Verdict::Green));
        assert_eq!(of(&[(false, 1.0, true)]), (0.0, Verdict::Red));
        assert_eq!(of(&[(true, 3.0, true), (false, 1.0, false)]), (0.75, Verdict::Yellow));
        assert_eq!(of(&[(true, 1.0, true), (false, 1.0, false)]), (0.5, Verdict::Red));
    }

    #[test]
    fn a_share_of_exactly_the_threshold_reaches_it() {
        let mut tenths = vec![(true, 0.1, false); 9];
        tenths.push((false, 0.1, false));
        assert_eq!(of(&tenths).1, Verdict::Green);
        assert_eq!(of(&[(true, 3.0, false), (false, 2.0, false)]).1, Verdict::Yellow);
    }

    #[test]
    fn a_failed_required_verifier_is_red_whatever_the_share() {
        assert_eq!(of(&[(true, 99.0, true), (false, 1.0, true)]).1, Verdict::Red);
        assert_eq!(of(&[(true, 1.0, true), (false, 0.0, true)]), (1.0, Verdict::Red));
        assert_eq!(of(&[(true, 3.0, true), (false, 1.0, false)]).1, Verdict::Yellow);
        assert_eq!(of(&[(true, 99.0, true), (false, 1.0, false)]).1, Verdict::Green);
    }

    #[test]
    fn weights_that_say_nothing_count_the_same() {
        assert_eq!(of(&[(true, 0.0, false), (false, 0.0, false)]).0, 0.5);
        assert_eq!(of(&[(true, -5.0, false), (false, 1.0, false)]).0, 0.0);
        assert_eq!(of(&[(true, f64::MAX, false), (false, f64::MAX, false)]).0, 0.5);
    }

    proptest! {
        #[test]
        fn a_score_is_a_share_whatever_the_weights(
            results in prop::collection::vec((any::<bool>(), any::<f64>(), any::<bool>()), 0..8)
        ) {
            let (value, verdict) = of(&results);
            prop_assert!((0.0..=1.0).contains(&value), "{}", value);
            if results.iter().all(|&(passed, ..)| passed) {
                prop_assert_eq!(verdict, Verdict::Green);
            }
            if results.iter().any(|&(passed, _, required)| required && !passed) {
                prop_assert_eq!(verdict, Verdict::Red);
            }
        }
    }
}
