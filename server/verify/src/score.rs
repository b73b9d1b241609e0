//! The composite score of verifiers, and what it means.

use super::VerifierResult;
use alfine_core::reason::Color;

/// Scores results: green from the share `green` on, yellow from `yellow` on, red below, and red wherever a required
/// verifier failed: nobody can approve away what was required.
pub fn score(results: &[VerifierResult], green: f64, yellow: f64) -> Color {
    /// Sums of decimal weights miss a threshold by less than this.
    const ROUNDING: f64 = 1e-9;
    let required_passed = results.iter().all(|result| result.passed || !result.required);
    match share_of_passed(results) + ROUNDING {
        _ if results.is_empty() => Color::Green,
        _ if !required_passed => Color::Red,
        share if share >= green => Color::Green,
        share if share >= yellow => Color::Yellow,
        _ => Color::Red,
    }
}

/// The weighted share that passed, 0 to 1. A weight that is no positive number counts as 0; where no weight counts, all
/// count the same.
fn share_of_passed(results: &[VerifierResult]) -> f64 {
    let weight = |result: &VerifierResult| {
        if result.weight.is_finite() { result.weight.max(0.0) } else { 0.0 }
    };
    let share = |weight: &dyn Fn(&VerifierResult) -> f64| {
        let total: f64 = results.iter().map(weight).sum();
        let passed: f64 = results.iter().filter(|result| result.passed).map(weight).sum();
        (total > 0.0 && total.is_finite()).then(|| passed / total)
    };
    share(&weight).or_else(|| share(&|_| 1.0)).unwrap_or(1.0)
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
            tests: None,
            findings: vec![],
            weight,
            required,
        }
    }

    fn of(results: &[(bool, f64, bool)]) -> (f64, Color) {
        let results: Vec<_> = results.iter().map(|&(p, w, r)| result(p, w, r)).collect();
        (share_of_passed(&results), score(&results, 0.9, 0.6))
    }

    #[test]
    fn nothing_to_check_is_green() {
        assert_eq!(of(&[]), (1.0, Color::Green));
        assert_eq!(score(&[], 2.0, 2.0), Color::Green);
    }

    #[test]
    fn the_share_is_weighted() {
        assert_eq!(of(&[(true, 1.0, true)]), (1.0, Color::Green));
        assert_eq!(of(&[(false, 1.0, true)]), (0.0, Color::Red));
        assert_eq!(of(&[(true, 3.0, true), (false, 1.0, false)]), (0.75, Color::Yellow));
        assert_eq!(of(&[(true, 1.0, true), (false, 1.0, false)]), (0.5, Color::Red));
    }

    #[test]
    fn a_share_of_exactly_the_threshold_reaches_it() {
        let mut tenths = vec![(true, 0.1, false); 9];
        tenths.push((false, 0.1, false));
        assert_eq!(of(&tenths).1, Color::Green);
        assert_eq!(of(&[(true, 3.0, false), (false, 2.0, false)]).1, Color::Yellow);
    }

    #[test]
    fn a_failed_required_verifier_is_red_whatever_the_share() {
        assert_eq!(of(&[(true, 99.0, true), (false, 1.0, true)]).1, Color::Red);
        assert_eq!(of(&[(true, 1.0, true), (false, 0.0, true)]), (1.0, Color::Red));
        assert_eq!(of(&[(true, 3.0, true), (false, 1.0, false)]).1, Color::Yellow);
        assert_eq!(of(&[(true, 99.0, true), (false, 1.0, false)]).1, Color::Green);
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
            let (value, color) = of(&results);
            prop_assert!((0.0..=1.0).contains(&value), "{}", value);
            if results.iter().all(|&(passed, ..)| passed) {
                prop_assert_eq!(color, Color::Green);
            }
            if results.iter().any(|&(passed, _, required)| required && !passed) {
                prop_assert_eq!(color, Color::Red);
            }
        }
    }
}
