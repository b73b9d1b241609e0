//! The commands of an editor: what each is called, what it takes, and how a palette names it.
//!
//! Everything else that lists commands follows from this table: the capability, the shapes in messages, the types and
//! lists of both editors (see `editor_types`).

use super::{
    argument_reader::arguments,
    arguments::{
        Answer, AtIteration, Continue, ContinuePlan, OfDocument, OfTask, ShowDiff, ShowTranscript, Start,
        StartHere, Steer,
    },
    refusal::bad_arguments,
};
use crate::protocol::lsp_types::Command;
use alfine_engine::Result;
use serde_json::Value;

macro_rules! editor_commands {
    ($($(#[doc = $doc:literal])+ $variant:ident($argument:ty) = $name:literal, $title:literal, runs: $runs:literal;)+) => {
        /// A command with its argument.
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) enum EditorCommand {
            $($(#[doc = $doc])+ $variant($argument),)+
        }

        impl EditorCommand {
            /// The names of all commands, as a client sends them.
            pub(crate) const NAMES: &[&str] = &[$($name),+];

            /// Reads a command from its name and the list of its arguments, which is one object.
            pub(crate) fn read(name: &str, given: Vec<Value>) -> Result<Self> {
                match name {
                    $($name => arguments(name, given).map(Self::$variant),)+
                    unknown => Err(bad_arguments(format!(
                        "there is no command “{unknown}”; there are {}",
                        Self::NAMES.join(", ")
                    ))),
                }
            }

            /// The name and the argument, as a client sends them.
            pub(crate) fn sent(&self) -> (&'static str, Value) {
                // The arguments are plain structs of texts and numbers; the command refuses null with a message of its own.
                match self {
                    $(Self::$variant(argument) => ($name, serde_json::to_value(argument).unwrap_or_default()),)+
                }
            }

            /// What the generated files of the editors say of each command.
            #[cfg(test)]
            pub(crate) fn table(generator: &mut schemars::SchemaGenerator) -> Vec<Described> {
                vec![$(Described {
                    name: $name,
                    doc: [$($doc.trim()),+].join(" "),
                    title: $title,
                    runs: $runs,
                    argument: generator.subschema_for::<$argument>(),
                }),+]
            }
        }
    };
}

// `runs` says whether the command runs something of the folder, which an editor refuses in a folder that is not
// trusted.
editor_commands! {
    /// Starts a task's loop, or all loops of a plan.
    Start(Start) = "alfine.start", "Start Loop", runs: true;
    /// Writes a task about a place in a file, and starts its loop.
    StartHere(StartHere) = "alfine.startHere", "Start a Loop on the Selection…", runs: true;
    /// Holds a loop after its iteration.
    Pause(OfTask) = "alfine.pause", "Pause Loop", runs: false;
    /// Ends a loop.
    Stop(OfTask) = "alfine.stop", "Stop Loop", runs: false;
    /// Lets a loop go on.
    Continue(Continue) = "alfine.continue", "Continue Loop", runs: true;
    /// Sends a note to a loop's agent.
    Steer(Steer) = "alfine.steer", "Send Note to Agent…", runs: false;
    /// Answers what a loop asks.
    Answer(Answer) = "alfine.answer", "Answer…", runs: true;
    /// Sets a loop's tree back to where it was after an iteration.
    Rewind(AtIteration) = "alfine.rewind", "Rewind to an Iteration…", runs: true;
    /// Begins a new loop from where another loop was after an iteration.
    Fork(AtIteration) = "alfine.fork", "Fork from an Iteration…", runs: true;
    /// Merges the work of a done task.
    Merge(OfTask) = "alfine.merge", "Merge", runs: true;
    /// Merges the branch that finished work is to land on into it, and lets its agent go on from there.
    Rework(OfTask) = "alfine.rework", "Rework on Top of the Branch", runs: true;
    /// Throws a loop's work away; its checkpoints stay.
    Discard(OfTask) = "alfine.discard", "Discard Work…", runs: false;
    /// Brings back what changed in the user's checkout while a task's agent ran, after showing it.
    RestoreCheckout(OfTask) = "alfine.restoreCheckout", "Bring Back My Checkout…", runs: false;
    /// Takes what changed in the user's checkout while a task's agent ran for the user's own.
    KeepCheckout(OfTask) = "alfine.keepCheckout", "Keep the Changes of My Checkout", runs: false;
    /// Opens what the agent said.
    ShowTranscript(ShowTranscript) = "alfine.showTranscript", "Show Transcript", runs: false;
    /// Opens what a loop changed.
    ShowDiff(ShowDiff) = "alfine.showDiff", "Show Changes", runs: false;
    /// Opens what proves a task: its criteria, their checks, and the trees on which these were run.
    ShowProof(OfTask) = "alfine.showProof", "Show Proof", runs: false;
    /// Opens a loop's worktree.
    OpenWorktree(OfTask) = "alfine.openWorktree", "Open Worktree in New Window", runs: false;
    /// Runs the checks of a task on the last commit, as a loop would before its work, and shows what they answer.
    Check(OfTask) = "alfine.check", "Run the Checks Now", runs: true;
    /// Holds all loops of a plan after their iterations; no other task of it begins.
    PausePlan(OfDocument) = "alfine.pausePlan", "Pause All Loops of a Plan", runs: false;
    /// Ends all loops of a plan.
    StopPlan(OfDocument) = "alfine.stopPlan", "Stop All Loops of a Plan", runs: false;
    /// Lets a plan go on: its loops that were held or cut off, and then the tasks that can begin.
    ContinuePlan(ContinuePlan) = "alfine.continuePlan", "Continue All Loops of a Plan", runs: true;
    /// Merges the branch of its own that a plan was run on, once the checks of its tasks hold together.
    MergePlan(OfDocument) = "alfine.mergePlan", "Merge the Plan", runs: true;
    /// Allows the commands that a plan and its repository name, after showing them.
    Trust(OfDocument) = "alfine.trust", "Allow Commands of a Plan…", runs: true;
}

/// A command as the generated files of the editors describe it.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct Described {
    /// Its name, as a client sends it.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub doc: String,
    /// Its name in a palette.
    pub title: &'static str,
    /// Whether it runs something of the folder.
    pub runs: bool,
    /// The schema of its argument.
    pub argument: schemars::Schema,
}

impl EditorCommand {
    /// Makes what a lens or an action sends, with the title that it shows.
    pub(crate) fn titled(self, title: impl Into<String>) -> Command {
        let (name, argument) = self.sent();
        Command { title: title.into(), command: name.to_owned(), arguments: Some(vec![argument]) }
    }
}
