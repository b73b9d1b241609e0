//! What coding agents can read of how plans are written: a skill of the open format (`SKILL.md`).

/// The name of the skill, and of its folder.
pub const NAME: &str = "alfine-plans";

/// The text of the skill.
pub fn text() -> String {
    include_str!("skill.md").replace("RULES\n", &format!("{}\n", include_str!("rules.md")))
}

#[cfg(test)]
mod tests {
    use crate::lint::{Checks, LintOptions, lint};
    use crate::plan;

    #[test]
    fn the_plan_that_the_skill_shows_has_no_finding() {
        let text = super::text();
        assert!(
            text.starts_with(&format!("---\nname: {}\ndescription: ", super::NAME))
                && !text.contains("RULES"),
            "{text}"
        );
        let shown = text.split("```markdown\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let read = plan::read("a.plan.md", shown);
        let commands =
            read.tasks.iter().flat_map(|task| &task.criteria).filter(|criterion| criterion.command.is_some());
        assert_eq!((read.tasks.len(), commands.count()), (2, 3));
        let found = lint(shown, &read, &LintOptions::default(), &Checks::default());
        assert!(found.is_empty(), "{found:?}");
    }
}
