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
    }
}

/// Words close to a field's name that mean something else in a plan's prose.
const OTHER_WORDS: [&str; 8] =
    ["content", "contents", "contact", "mode", "modes", "modal", "models", "priorities"];
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
