//! What differs between the tools that keep plans in JSON.

/// What a tool writes into a task once it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plan) enum Done {
    /// `"passes": true`.
    Passes,
    /// `"status": "done"`.
    Status,
}

/// How a tool writes its plans in JSON.
#[derive(Debug)]
pub(in crate::plan) struct Dialect {
    pub(in crate::plan) name: &'static str,
    pub(in crate::plan) folders: &'static [&'static str],
    /// Whether a file can be one by its path.
    pub(in crate::plan) is_plan_path: fn(&str) -> bool,
    /// Whether a text is one, whatever it is called.
    pub(in crate::plan) recognises: fn(&str) -> bool,
    /// Folders of this tool alone: JSON of that name in there is one, whatever is in it.
    pub(in crate::plan) own_folders: &'static [&'static str],
    pub(in crate::plan) done: Done,
    /// The keys of a task's criteria, the usual one first.
    pub(in crate::plan) criteria: &'static [&'static str],
    /// The keys of what a task waits for, the usual one first.
    pub(in crate::plan) waits: &'static [&'static str],
}
