//! What the fields of a plan mean and take, for people.

use alfine_config::Setting;
use alfine_core::plan::FieldName;

/// What a field does, in a sentence. A field that sets for one task what a setting sets for all has the setting's.
pub(crate) fn meaning(field: FieldName) -> String {
    let own = match field {
        FieldName::Agent => return of_setting("agent"),
        FieldName::Model => return of_setting("model"),
        FieldName::Isolation => return of_setting("isolation"),
        FieldName::Lands => return of_setting("lands"),
        FieldName::Context => return of_setting("context"),
        FieldName::Autonomy => return of_setting("autonomy"),
        FieldName::DependsOn => "The tasks that must be done before this one can start.",
        FieldName::Priority => {
            "The order of tasks that do not depend on each other: the lower number goes first."
        }
        FieldName::MaxIterations => "The most iterations; the loop then stops and asks you how to go on.",
        FieldName::Budget => {
            "The most US dollars that one run of the plan may cost; then nothing more is begun."
        }
        FieldName::MaxCost => "The most US dollars that the loop may cost; it stops when they are spent.",
        FieldName::MaxParallel => {
            "How many tasks of the plan are worked on at a time; only in the front matter."
        }
        FieldName::SingleTask => "Whether the agent is told to do this task alone.",
        FieldName::Verify => "Commands that must pass for this task, in addition to its criteria.",
        FieldName::Folder => return of_setting("verification.folder"),
        FieldName::Proof => "What proves the task, where that is not that its work turns a check green.",
        FieldName::MayChange => {
            "Tests, snapshots and other files that decide checks, and that this task is meant to change."
        }
        FieldName::Status => "Whether the task is done. What is done or dropped is not run.",
    };
    own.to_owned()
}

/// The first sentence of a setting's documentation: the rest is about the settings file.
fn of_setting(name: &str) -> String {
    Setting::at(name.split('.')).map(Setting::summary).unwrap_or_default().to_owned()
}

/// What a field takes, in words.
pub(crate) fn takes(field: FieldName) -> &'static str {
    match field {
        FieldName::DependsOn => "ids of other tasks of this plan, separated by commas",
        FieldName::Priority => "a whole number",
        FieldName::Agent => "the name of an agent",
        FieldName::Model => "a name that the agent knows",
        FieldName::MaxIterations => "a whole number from 1 to 50",
        FieldName::Budget | FieldName::MaxCost => "a number of US dollars",
        FieldName::MaxParallel => "a whole number from 1 to 16",
        FieldName::Isolation => "`worktree` or `in-place`",
        FieldName::Lands => "`target` or `branch`",
        FieldName::Context => "`resume` or `fresh`",
        FieldName::Autonomy => "`full_auto`, `guarded` or `manual`",
        FieldName::SingleTask => "`true` or `false`",
        FieldName::Verify => "a command in backticks",
        FieldName::Folder => "a folder, from the repository's root",
        FieldName::Proof => "`guard` or `checks`",
        FieldName::MayChange => {
            "globs of files, separated by commas; `tests` and `snapshots` are those of the repository"
        }
        FieldName::Status => "`todo`, `in progress`, `blocked`, `done` or `dropped`",
    }
}

/// The words that a field takes, each with what it means; nothing where it takes anything.
pub(crate) fn words(field: FieldName) -> &'static [(&'static str, &'static str)] {
    match field {
        FieldName::Isolation => {
            &[("worktree", "in a git worktree of its own"), ("in-place", "in your own tree")]
        }
        FieldName::Lands => &[
            ("target", "on the branch that was checked out when the run began"),
            ("branch", "on a branch of the run's own, until the whole is merged"),
        ],
        FieldName::Context => &[
            ("resume", "later iterations resume the agent's session"),
            ("fresh", "each iteration starts a new session"),
        ],
        FieldName::Autonomy => &[
            ("guarded", "asks you if the result is yellow"),
            ("full_auto", "treats yellow as done"),
            ("manual", "asks you even if the result is green"),
        ],
        FieldName::SingleTask => {
            &[("true", "the agent is told to do this task alone"), ("false", "the agent is not told so")]
        }
        FieldName::Proof => &[
            ("guard", "all checks stay green, and none has to turn: a refactoring"),
            ("checks", "the checks are the work: tests, a pipeline, a build file"),
        ],
        FieldName::MayChange => {
            &[("tests", "the tests of the repository"), ("snapshots", "what its tests compare with")]
        }
        FieldName::Status => &[
            ("todo", "it is to be done"),
            ("in progress", "somebody works on it"),
            ("blocked", "it cannot be worked on"),
            ("done", "nothing is left to do"),
            ("dropped", "it is given up"),
        ],
        _ => &[],
    }
}

/// A field's key in the front matter.
pub(crate) fn key(field: FieldName) -> String {
    field.as_str().to_lowercase().replace(' ', "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alfine_core::plan;

    #[test]
    fn every_word_that_is_offered_is_one_that_the_plan_takes() {
        for field in FieldName::ALL {
            for (word, _) in words(field) {
                let plan =
                    plan::read("PLAN.md", &format!("### T1: A\n{}: {word}\n- [ ] b\n", field.as_str()));
                assert_eq!(plan.problems, [], "{field:?} {word}");
            }
            assert_eq!(FieldName::named(&key(field)), Some(field));
            assert!(meaning(field).ends_with('.'), "{field:?}");
        }
    }
}
