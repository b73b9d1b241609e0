//! Messages of errors that differ with the reader.

use crate::Reader;
use alfine_core::task::TaskKey;

/// Says that another process runs a loop: of a task, if that is known. `runner` is the process as the loop's lock names
/// it, with the loop's id: for a terminal only, since an editor has no processes to look for. It can be empty.
pub fn running(task: Option<&TaskKey>, runner: &str, reader: Reader) -> String {
    match (task, reader) {
        (Some(task), Reader::Terminal) if !runner.is_empty() => {
            format!("{task} is running already: {runner}")
        }
        (Some(task), _) => format!("{task} is running already"),
        (None, Reader::Terminal) => runner.to_owned(),
        (None, Reader::Editor { .. }) => "another process runs it".to_owned(),
    }
}

/// Says that so many commands of a repository may not run: the beginning of a sentence that lists them.
pub fn not_allowed(commands: u64) -> String {
    match commands {
        1 => "one of this repository’s commands may not run on this machine yet".to_owned(),
        all => format!("{all} of this repository’s commands may not run on this machine yet"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_named_for_a_terminal_only() {
        let task = TaskKey::new("PLAN.md", "US-001");
        let runner = "loop 01M7AAAAAAAAAAAAAAAAAAAAAA is run by another process (process 14264 on vm)";
        let editor = Reader::Editor { has_plugin: false };
        for (task, runner, reader, words) in [
            (
                Some(&task),
                runner,
                Reader::Terminal,
                "PLAN.md#US-001 is running already: loop 01M7AAAAAAAAAAAAAAAAAAAAAA is run by another process \
                 (process 14264 on vm)",
            ),
            (Some(&task), "", Reader::Terminal, "PLAN.md#US-001 is running already"),
            (Some(&task), runner, editor, "PLAN.md#US-001 is running already"),
            (None, runner, Reader::Terminal, runner),
            (None, runner, editor, "another process runs it"),
        ] {
            assert_eq!(running(task, runner, reader), words);
        }
    }
}
