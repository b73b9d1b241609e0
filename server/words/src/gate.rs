//! What a gate says, item by item.

use alfine_core::gate::Gate;

/// How many entries of a list are named.
const NAMED: usize = 10;

/// What a gate says, each with what it is: `("reason", "it works")`. Nothing of it was checked.
pub fn gate_items(gate: &Gate) -> Vec<(&'static str, String)> {
    let texts = [("reason", &gate.reason), ("progress", &gate.progress), ("question", &gate.question)];
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name, text.clone()?)));
    let listed = |name: &'static str, list: &[String]| {
        list.iter().take(NAMED).map(move |text| (name, text.clone())).collect::<Vec<_>>()
    };
    let confidence = gate.confidence.map(|share| ("confidence", format!("{:.0} %", share * 100.0)));
    texts
        .chain(listed("blocker", &gate.blockers))
        .chain(confidence)
        .chain(listed("milestone", &gate.milestones))
        .filter(|(_, text)| !text.trim().is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_listed_and_nothing_else() {
        let gate = Gate {
            reason: Some("it works".to_owned()),
            progress: Some(" ".to_owned()),
            confidence: Some(0.8),
            milestones: vec!["table".to_owned()],
            ..Gate::default()
        };
        let items = gate_items(&gate);
        let items: Vec<_> = items.iter().map(|(name, text)| (*name, text.as_str())).collect();
        assert_eq!(items, [("reason", "it works"), ("confidence", "80 %"), ("milestone", "table")]);
        assert_eq!(gate_items(&Gate::default()), []);
    }
}
