//! The names of the fields that a plan may give for its tasks.

use crate::worded::worded;

worded! {
    /// A field that a task or a front matter may have.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum FieldName {
        /// The ids this task waits for.
        DependsOn = "Depends on",
        /// Lower first.
        Priority = "Priority",
        /// The agent.
        Agent = "Agent",
        /// The agent's model.
        Model = "Model",
        /// The limit of iterations.
        MaxIterations = "Max iterations",
        /// The limit of cost, in USD.
        MaxCost = "Max cost",
        /// What one run of the plan may cost, in USD.
        Budget = "Budget",
        /// How many tasks are worked on at a time, for the plan as a whole.
        MaxParallel = "Max parallel",
        /// Which branch finished work lands on when the plan is run as a whole.
        Lands = "Lands",
        /// Where the agent works.
        Isolation = "Isolation",
        /// Whether iterations share a session.
        Context = "Context",
        /// How much is decided without the user.
        Autonomy = "Autonomy",
        /// Whether the agent is told to do this task alone.
        SingleTask = "Single task",
        /// Commands that must pass.
        Verify = "Verify",
        /// Where checks run.
        Folder = "Checks run in",
        /// What proves the task.
        Proof = "Proof",
        /// The material that the task is meant to change.
        MayChange = "May change",
        /// Whether the task is done.
        Status = "Status",
    }
}

/// Words close to a field's name that mean something else in a plan's prose.
const OTHER_WORDS: [&str; 22] = [
    "content",
    "contents",
    "contact",
    "hands",
    "land",
    "lane",
    "lanes",
    "mode",
    "modes",
    "modal",
    "models",
    "priorities",
    "proofs",
    "proved",
    "proven",
    "roof",
    "stages",
    "state",
    "states",
    "static",
    "stats",
    "statue",
];
/// Other names of `Depends on`. They mean many things, and count where their values name tasks.
const WAITS: [&str; 50] = [
    "after",
    "blocked by",
    "blocked on",
    "blockers",
    "dependencies",
    "dependency",
    "dependent on",
    "depends",
    "depends upon",
    "follows",
    "needs",
    "prereq",
    "prereqs",
    "prerequisite",
    "prerequisites",
    "pre requisites",
    "required tasks",
    "requires",
    "waits for",
    "waits on",
    "waiting for",
    "abhängig von",
    "abhängigkeit",
    "abhängigkeiten",
    "hängt ab von",
    "benötigt",
    "blockiert durch",
    "voraussetzung",
    "voraussetzungen",
    "nach",
    "dépend de",
    "dépendances",
    "nécessite",
    "prérequis",
    "depende de",
    "dependencias",
    "requiere",
    "bloqueado por",
    "dependências",
    "requer",
    "pré requisitos",
    "зависит от",
    "зависимости",
    "依赖",
    "依赖于",
    "依赖项",
    "前置任务",
    "依存",
    "依存関係",
    "前提タスク",
];
/// Names of lines that say which tasks wait for this one. That is said at those tasks.
const BLOCKS: [&str; 4] = ["blocks", "blocking", "enables", "unblocks"];

/// Whether a name may say what a task waits for.
pub(super) fn may_say_waits(name: &str) -> bool {
    let name = folded(name).to_lowercase();
    WAITS.contains(&name.trim())
}

/// Whether a name may say what waits for a task.
pub(super) fn may_say_blocks(name: &str) -> bool {
    BLOCKS.contains(&folded(name).trim())
}

impl FieldName {
    /// Finds the field of a name in any case, words joined by blanks, `-`, `_` or capitals.
    pub fn named(name: &str) -> Option<Self> {
        let spelled =
            |name: &str| Self::ALL.into_iter().find(|field| field.as_str().eq_ignore_ascii_case(name));
        spelled(name.trim()).or_else(|| spelled(&folded(name)))
    }

    /// Finds the field whose name is one or two typing mistakes away; `None` if the name is a field's own.
    pub(crate) fn near(name: &str) -> Option<Self> {
        let name = folded(name);
        if OTHER_WORDS.contains(&name.as_str()) {
            return None;
        }
        Self::ALL
            .into_iter()
            .filter(|field| field.as_str().len().abs_diff(name.len()) <= field.as_str().len() / 3)
            .map(|field| (strsim::damerau_levenshtein(&name, &field.as_str().to_ascii_lowercase()), field))
            .filter(|&(distance, field)| distance > 0 && distance <= field.as_str().len() / 3)
            .min_by_key(|&(distance, _)| distance)
            .map(|(_, field)| field)
    }
}

/// Lower case, words joined by one blank: `max_iterations`, `maxIterations` and `Max Iterations` are one.
fn folded(name: &str) -> String {
    let mut folded = String::with_capacity(name.len() + 2);
    let mut after_lower = false;
    for c in name.trim().chars() {
        let separates = c.is_whitespace() || matches!(c, '_' | '-');
        if (separates || (after_lower && c.is_ascii_uppercase())) && !folded.ends_with(' ') {
            folded.push(' ');
        }
        if !separates {
            folded.push(c.to_ascii_lowercase());
        }
        after_lower = c.is_ascii_lowercase();
    }
    folded
}
