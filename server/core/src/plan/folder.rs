//! Where the checks of a plan run, if nobody says it.

use super::model::{Plan, Task};

/// Folders of documents: nobody builds or tests there, so a plan in one is about what holds the folder.
const DOCUMENTS: &str = "backlog doc docs documentation notes plan planning plans prd prds rfc rfcs roadmap spec specs stories tasks thoughts \
     todo";

/// The folder of a plan, from the repository's root: the one that its file is in, or, where that is a folder of
/// documents such as `docs` or `.alfine`, or below one, the folder that holds this. Empty for the root.
pub fn folder_of(plan: &str) -> &str {
    let folder = plan.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut start = 0;
    for part in folder.split('/') {
        let is_of_documents = DOCUMENTS.split(' ').any(|name| name.eq_ignore_ascii_case(part));
        if is_of_documents || part.starts_with('.') {
            return folder.get(..start).unwrap_or_default().trim_end_matches('/');
        }
        start += part.len() + 1;
    }
    folder
}

impl Task {
    /// The folder that the task's checks run in, from the root: what it or its plan says, or else `otherwise`.
    pub fn folder<'a>(&'a self, plan: &'a Plan, otherwise: &'a str) -> &'a str {
        let said = self.fields.folder.as_ref().or(plan.defaults.folder.as_ref());
        said.map_or(otherwise, |folder| &folder.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::parse_markdown;

    #[test]
    fn a_plan_is_about_the_folder_that_it_lies_in_or_that_holds_its_documents() {
        for (plan, folder) in [
            ("PLAN.md", ""),
            ("services/api/PLAN.md", "services/api"),
            ("newapp/PLAN.md", "newapp"),
            ("docs/plans/coupons.md", ""),
            ("docs/PLAN.md", ""),
            ("Docs/PLAN.md", ""),
            (".alfine/plans/coupons.md", ""),
            ("packages/api/docs/plans/x.md", "packages/api"),
            ("packages/api/.alfine/plans/x.md", "packages/api"),
            ("thoughts/shared/plans/p.md", ""),
            ("api/thoughts/plans/p.md", "api"),
            (".kiro/specs/x/tasks.md", ""),
            ("specs/001-x/tasks.md", ""),
            ("docs-site/PLAN.md", "docs-site"),
            ("a/b/c/specs/PLAN.md", "a/b/c"),
        ] {
            assert_eq!(folder_of(plan), folder, "{plan}");
        }
    }

    #[test]
    fn a_task_or_its_plan_says_where_its_checks_run() {
        let text = "---\nchecks_run_in: api\n---\n### T1: A\nChecks run in: `./web/`\n\n### T2: B\n\n### T3: C\nChecks run in: .\n\n### T4: D\nChecks run in: ../x\n";
        let plan = parse_markdown(text);
        let folders: Vec<_> = plan.tasks.iter().map(|task| task.folder(&plan, "else")).collect();
        assert_eq!(folders, ["web", "api", "", "api"]);
        let [problem] = &plan.problems[..] else { panic!("{:?}", plan.problems) };
        assert_eq!(problem.span.of(text), "../x");
        let silent = parse_markdown("### T1: A\n");
        assert_eq!(silent.tasks[0].folder(&silent, "else"), "else");
    }
}
