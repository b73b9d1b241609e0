//! The prompt of one iteration: what the agent is to do, where it stands, what failed, and how to end.
//!
//! Data in, Markdown out. It never knows where the data came from or which agent reads it. Text that Alfine did not
//! write cannot leave its place: whatever could be Markdown is fenced, behind a fence longer than any inside.

mod brief;
mod planning;
mod text;

pub use brief::Brief;
pub use planning::{Mending, Planning};

use crate::{
    gate::{Reading, Verdict},
    proof::Answer,
    text::one_line,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use text::{code, cut, item, paragraph};

/// The size a prompt is cut to, in bytes. Only criteria, titles and the gate's format may make it longer.
const MAX_BYTES: usize = 64 * 1024;

/// What the prompt of one iteration is made of. Empty texts and lists are left out of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct PromptInput<'a> {
    /// What the agent's session knows already.
    pub session: Session,
    /// The plan's title.
    pub plan_title: &'a str,
    /// The plan's goal, Markdown.
    pub goal: &'a str,
    /// The task's id.
    pub task_id: &'a str,
    /// The task's title.
    pub task_title: &'a str,
    /// The task's details, Markdown.
    pub details: &'a str,
    /// Files and folders of the plan's tool that say what the work is for, from the root.
    pub companions: &'a [&'a str],
    /// Which iteration this is, from one.
    pub iteration: u32,
    /// How many there may be.
    pub max_iterations: u32,
    /// The branch that is worked on.
    pub branch: Option<&'a str>,
    /// The folder the agent works in.
    pub folder: Option<&'a str>,
    /// What `git status --short` prints; `None` if that is not to be told.
    pub git_status: Option<&'a str>,
    /// The last checkpoint's commit id.
    pub checkpoint: Option<&'a str>,
    /// The last entries of the progress log, oldest first.
    pub progress: &'a [&'a str],
    /// What was learned in the repository that fits the task, each in one line of Markdown, the best first.
    pub learned: &'a [&'a str],
    /// The iteration before this one.
    pub last: Option<LastIteration<'a>>,
    /// What the agent's last run had put into the background, and lost when it ended.
    pub lost_work: &'a [&'a str],
    /// The task's acceptance criteria.
    pub criteria: &'a [CriterionLine<'a>],
    /// The folder that their commands run in, from the root; empty for the root.
    pub checks_in: &'a str,
    /// The verifiers that belong to no criterion.
    pub verifiers: &'a [VerifierLine<'a>],
    /// What failed last time.
    pub failures: &'a [Failure<'a>],
    /// The tasks of the plan that are worked on at the same time and touch the same files.
    pub alongside: &'a [Alongside],
    /// The user's notes, oldest first.
    pub steering: &'a [&'a str],
    /// Whether other tasks of the plan are out of bounds.
    pub single_task: bool,
}

/// What the agent's session knows already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Session {
    /// Nothing; it begins with this prompt.
    #[default]
    Fresh,
    /// An earlier prompt of this task: goal and details are not repeated.
    Resumed,
    /// A summary of an earlier prompt of this task: goal and details are repeated.
    Summarised,
    /// Nothing, and an earlier session's work is in the tree.
    Recovered(Loss),
}

/// Why an earlier session could not be resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The agent does not know it any more.
    NotFound,
    /// It no longer fits into the model's context.
    ContextFull,
    /// The model's service does not take it any more.
    Rejected,
    /// It failed again and again.
    Failing,
    /// The user set the tree back to an earlier iteration.
    Rewound,
    /// It grew too long, and was ended after a tool's result.
    HandedOff,
}

/// A task that is worked on at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alongside {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The files that both touch, from the root.
    pub files: Vec<String>,
}

/// How the last iteration went.
#[derive(Debug, Clone, Copy)]
pub struct LastIteration<'a> {
    /// How the agent's run ended, such as `ok` or `stopped after 15 minutes of silence`.
    pub outcome: &'a str,
    /// How the iteration's gate was read.
    pub reading: &'a Reading,
    /// How many files it changed.
    pub files_changed: usize,
}

/// One acceptance criterion.
#[derive(Debug, Clone, Copy)]
pub struct CriterionLine<'a> {
    /// As the plan says it.
    pub text: &'a str,
    /// Whether a judge, another agent, looks at it.
    pub judged: bool,
    /// The command that verifies it; without one it is judged.
    pub command: Option<&'a str>,
    /// What is known of it.
    pub state: CriterionState,
    /// What its command answered before any work, if that is known.
    pub before: Option<Answer>,
}

/// What is known of a criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CriterionState {
    /// There is no evidence for it.
    #[default]
    Open,
    /// No evidence, but its box is ticked in the plan.
    Checked,
    /// The tree as it is was seen to fulfil it.
    Proven,
    /// An earlier tree was seen to fulfil it.
    Stale,
    /// Its check passes, and did so before the work.
    Guard,
    /// Its check passes, and no control says more.
    Unproven,
    /// Its check passes, and so it does without the work.
    Weak,
    /// The user took the tree as it is.
    Approved,
    /// The last look said no.
    Failed,
}

/// A verifier that belongs to no criterion.
#[derive(Debug, Clone, Copy)]
pub struct VerifierLine<'a> {
    /// The verifier's name.
    pub name: &'a str,
    /// Its command, if it has one.
    pub command: Option<&'a str>,
    /// The folder that it runs in, from the root; empty for the root.
    pub folder: &'a str,
    /// Whether nothing is done without it.
    pub required: bool,
    /// What it answered before any work, if that is known.
    pub before: Option<Answer>,
}

/// A check that failed last time.
#[derive(Debug, Clone)]
pub struct Failure<'a> {
    /// The verifier's name, or the criterion.
    pub name: &'a str,
    /// Its command, if it has one.
    pub command: Option<&'a str>,
    /// How it ended, such as `exit status 101` or `no end after 300 s`.
    pub exit: String,
    /// What it printed.
    pub output: &'a str,
}

/// The format of the gate. As it stands it is malformed, so that an echo of it is never a claim.
const GATE_FORMAT: &str = "<COMPLETION_GATE>
ready: true|false
reason: \"why\"
progress: \"what was done\"
blockers: []
question: \"\"
</COMPLETION_GATE>
";

/// How much of each section there may be, in bytes.
#[derive(Debug, Clone, Copy)]
struct Room {
    goal: usize,
    details: usize,
    git_status: usize,
    progress: usize,
    learned: usize,
    verifiers: usize,
    failures: usize,
    steering: usize,
    lost_work: usize,
}

impl Room {
    const PLENTY: Self = Self {
        goal: 8 << 10,
        details: 16 << 10,
        git_status: 2 << 10,
        progress: 8 << 10,
        learned: 8 << 10,
        verifiers: 4 << 10,
        failures: 32 << 10,
        steering: 8 << 10,
        lost_work: 2 << 10,
    };

    /// What is given up, one after the other, until the prompt fits: the least important first.
    const CUTS: [fn(&mut Self); 8] = [
        |room| room.progress = 2 << 10,
        |room| room.learned = 2 << 10,
        |room| room.git_status = 1 << 10,
        |room| room.progress = 1 << 10,
        |room| room.goal = 2 << 10,
        |room| room.failures = 16 << 10,
        |room| (room.details, room.verifiers) = (8 << 10, 2 << 10),
        |room| (room.failures, room.steering) = (8 << 10, 4 << 10),
    ];
}

/// One failure's output is cut to this many lines.
const FAILURE_LINES: usize = 120;
/// One failure's output is cut to this many bytes, or less if there are many failures.
const FAILURE_BYTES: usize = 8 << 10;

/// Names and commands are cut to this many bytes; titles and criteria are not.
const NAME_BYTES: usize = 1 << 10;

/// Builds the prompt of one iteration. Cut to [`MAX_BYTES`], but never by a criterion, the titles or the gate's format.
pub fn build(input: &PromptInput<'_>) -> String {
    let mut room = Room::PLENTY;
    let mut prompt = write(input, &room);
    for cut in Room::CUTS {
        if prompt.len() <= MAX_BYTES {
            break;
        }
        cut(&mut room);
        prompt = write(input, &room);
    }
    prompt
}

fn write(input: &PromptInput<'_>, room: &Room) -> String {
    let mut out = String::new();
    task(&mut out, input, room);
    position(&mut out, input, room);
    list(&mut out, "Progress so far", entries(input), room.progress);
    learned(&mut out, input, room.learned);
    last_iteration(&mut out, input);
    lost_work(&mut out, input.lost_work, room.lost_work);
    criteria(&mut out, input.criteria, input.checks_in);
    verifiers(&mut out, input.verifiers, room.verifiers);
    failures(&mut out, input.failures, room.failures);
    alongside(&mut out, input.alongside);
    list(&mut out, "Notes from the user", input.steering, room.steering);
    rules(&mut out, input);
    gate(&mut out);
    out
}

/// The progress log, unless the session has lived through it.
fn entries<'a>(input: &PromptInput<'a>) -> &'a [&'a str] {
    if input.session == Session::Resumed { &[] } else { input.progress }
}

/// What was learned, unless the session was told already.
fn learned(out: &mut String, input: &PromptInput<'_>, room: usize) {
    if input.learned.is_empty() || input.session == Session::Resumed {
        return;
    }
    heading(out, "Learned in this repository");
    out.push_str(
        "Alfine observed this in earlier work here. It may not hold any more: look before you rely on it.\n\n",
    );
    let mut lines = Bounded::new(out, room, input.learned.len());
    for line in input.learned {
        lines.push(&format!("- {}\n", one_line(line)));
    }
    lines.finish();
}

fn name(text: &str) -> String {
    one_line(&cut(text, usize::MAX, NAME_BYTES))
}

fn heading(out: &mut String, text: &str) {
    if !out.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "## {text}\n");
}

fn task(out: &mut String, input: &PromptInput<'_>, room: &Room) {
    if !input.plan_title.trim().is_empty() {
        let _ = writeln!(out, "# {}", one_line(input.plan_title));
    }
    let resumed = input.session == Session::Resumed;
    match input.session {
        Session::Recovered(loss) => recovery(out, loss),
        Session::Summarised => {
            out.push_str(
                "\nYour conversation on this task was cut down to a summary. So the goal and the details stand here again: \
                 go by them, and on with what is done.\n",
            );
        }
        Session::Fresh if input.iteration > 1 => {
            out.push_str(
                "\nEarlier iterations of this task worked in this tree. Look at what is there (`git status`, `git log`, \
                 `git diff`) before you change anything, and build on it.\n",
            );
        }
        Session::Fresh | Session::Resumed => {}
    }
    if !resumed && !input.goal.trim().is_empty() {
        heading(out, "Goal");
        paragraph(out, &cut(input.goal, usize::MAX, room.goal));
    }
    let title =
        [one_line(input.task_id), one_line(input.task_title)].into_iter().filter(|text| !text.is_empty());
    heading(out, &format!("Your task: {}", title.collect::<Vec<_>>().join(": ")));
    if resumed {
        out.push_str("Go on with this task. Its goal and details are the ones you were given before.\n");
    } else if !input.details.trim().is_empty() {
        paragraph(out, &cut(input.details, usize::MAX, room.details));
    }
    if !resumed && !input.companions.is_empty() {
        out.push_str("\nWhat this task is a part of stands in these files. Read what it refers to before you change anything:\n\n");
        for path in input.companions {
            let _ = writeln!(out, "- {}", code(path));
        }
    }
}

fn recovery(out: &mut String, loss: Loss) {
    let lost = match loss {
        Loss::NotFound => "Your earlier session on this task is gone",
        Loss::ContextFull => "Your earlier session on this task grew too long to be resumed",
        Loss::HandedOff => {
            "Your earlier session on this task grew long, and was ended between two steps of this iteration"
        }
        Loss::Rejected => "Your earlier session on this task is not taken any more",
        Loss::Failing => "Your earlier session on this task failed again and again",
        Loss::Rewound => {
            "The user set this tree back to an earlier state of the task; later work on it was dropped on purpose"
        }
    };
    heading(out, "Read this first");
    let _ = writeln!(
        out,
        "{lost}. Its work is not lost: it is in this tree. Before you change anything, look at `git status`, `git log`, \
         `git diff` and the notes below, and find out what is done. Do not start over, and do not do again what is done."
    );
}

fn position(out: &mut String, input: &PromptInput<'_>, room: &Room) {
    heading(out, "Where it stands");
    let _ = writeln!(out, "- This is iteration {} of at most {}.", input.iteration, input.max_iterations);
    if let Some(branch) = input.branch {
        let _ = writeln!(out, "- Branch: {}", code(branch));
    }
    if let Some(folder) = input.folder {
        let _ = writeln!(out, "- Folder: {}. Work only in it.", code(folder));
    }
    if let Some(checkpoint) = input.checkpoint {
        let _ = writeln!(out, "- Last checkpoint: {}", code(checkpoint));
    }
    match input.git_status.map(str::trim_end) {
        None => {}
        Some("") => out.push_str("- `git status` shows no uncommitted change.\n"),
        Some(status) => {
            out.push_str("- `git status --short`:\n\n");
            text::fenced(out, "text", &cut(status, 40, room.git_status), "  ");
        }
    }
}

fn last_iteration(out: &mut String, input: &PromptInput<'_>) {
    let Some(last) = &input.last else { return };
    heading(out, "What happened last time");
    let _ = writeln!(out, "- Your run ended: {}", name(last.outcome));
    let reading = last.reading;
    let why = one_line(&reading.why);
    match reading.verdict {
        Verdict::Ready if input.failures.is_empty() => out.push_str("- Your gate said ready.\n"),
        Verdict::Ready => out.push_str("- Your gate said ready, but the checks below failed.\n"),
        Verdict::NotReady => out.push_str("- Your gate said not ready.\n"),
        Verdict::Contradictory => {
            let _ = writeln!(
                out,
                "- Your gate contradicted itself ({why}), so it counted as not ready. Say true only if nothing blocks you \
                 and you ask nothing."
            );
        }
        Verdict::Malformed => {
            let _ =
                writeln!(out, "- Your gate could not be read: {why}. Write it exactly as shown at the end.");
        }
        Verdict::Missing => {
            let _ = writeln!(out, "- No gate was found: {why}. End with one, exactly as shown at the end.");
        }
    }
    if let Some(gate) = &reading.gate {
        if let Some(reason) = &gate.reason {
            item(out, "Your reason: ", &cut(reason, 10, 1 << 10));
        }
        for blocker in gate.blockers.iter().take(10) {
            item(out, "Your blocker: ", &cut(blocker, 10, 512));
        }
    }
    match last.files_changed {
        0 => out.push_str(
            "- No file was changed. If the work was already there, say so in `reason`; otherwise do it now.\n",
        ),
        1 => out.push_str("- One file was changed.\n"),
        n => {
            let _ = writeln!(out, "- {n} files were changed.");
        }
    }
}

fn lost_work(out: &mut String, lost: &[&str], room: usize) {
    if lost.is_empty() {
        return;
    }
    heading(out, "Lost with your last run");
    out.push_str(
        "You had put this into the background. It ended with your run, and nobody tells you what came of it. Run it in the \
         foreground and wait for it.\n\n",
    );
    let mut lines = Bounded::new(out, room, lost.len());
    for what in lost {
        lines.push(&format!("- {}\n", code(&cut(what, usize::MAX, NAME_BYTES))));
    }
    lines.finish();
}

/// At most so many tasks and files are named: there are no more places in a run.
const MOST_ALONGSIDE: usize = 16;

fn alongside(out: &mut String, tasks: &[Alongside]) {
    if tasks.is_empty() {
        return;
    }
    heading(out, "Running beside you");
    out.push_str(
        "Other agents work on these tasks of the plan now, each in a worktree of its own, and on files that are yours, too. What \
         they do is theirs. Keep your changes to these files small and in their places: all of it is merged.\n\n",
    );
    for task in tasks.iter().take(MOST_ALONGSIDE) {
        let files: Vec<String> = task.files.iter().take(MOST_ALONGSIDE).map(|file| code(file)).collect();
        let _ = writeln!(out, "- {}: {} ({})", name(&task.id), name(&task.title), files.join(", "));
    }
}

fn criteria(out: &mut String, criteria: &[CriterionLine<'_>], folder: &str) {
    if criteria.is_empty() {
        return;
    }
    heading(out, "Acceptance criteria");
    for criterion in criteria {
        let (mark, state) = match criterion.state {
            CriterionState::Open => (' ', "not verified yet"),
            CriterionState::Checked => ('x', "ticked in the plan"),
            CriterionState::Proven => ('x', "proven"),
            CriterionState::Guard => ('x', "passes, as it did before the work: it must stay so"),
            CriterionState::Unproven => ('x', "passes; nothing shows that it needs the work"),
            CriterionState::Weak => (' ', "passes without the work, so it proves nothing"),
            CriterionState::Approved => ('x', "approved by the user"),
            CriterionState::Stale => (' ', "was proven, but the tree changed since: will be verified again"),
            CriterionState::Failed => (' ', "FAILED last time"),
        };
        let how = match criterion.command {
            Some(command) => format!("verified by running {}{}", code(command), inside(folder)),
            None if criterion.judged => {
                "judged by another agent, which sees your files and not your words, and has to quote them"
                    .to_owned()
            }
            None => "judged by what you changed".to_owned(),
        };
        let before = criterion.before.map(|answer| format!("; {}", before(answer))).unwrap_or_default();
        let _ = writeln!(out, "- [{mark}] {}\n  ({how}; {state}{before})", one_line(criterion.text));
    }
}

/// What a check answered before any work.
fn before(answer: Answer) -> &'static str {
    match answer {
        Answer::Passed => "it passed before any work, and has to go on doing so",
        Answer::Failed => "it failed before any work",
        Answer::Empty => "it ran no test before any work, which does not count as passed",
        Answer::NotRun => "it could not be run before any work",
    }
}

/// Says where a command runs, if not at the root.
fn inside(folder: &str) -> String {
    if folder.is_empty() { String::new() } else { format!(" in {}", code(folder)) }
}

fn verifiers(out: &mut String, verifiers: &[VerifierLine<'_>], room: usize) {
    if verifiers.is_empty() {
        return;
    }
    heading(out, "Also checked, once you say that you are ready");
    let mut lines = Bounded::new(out, room, verifiers.len());
    for verifier in verifiers {
        let command = verifier
            .command
            .map(|command| {
                format!(": {}{}", code(&cut(command, usize::MAX, NAME_BYTES)), inside(verifier.folder))
            })
            .unwrap_or_default();
        let required = verifier.required.then_some("required");
        let notes: Vec<&str> = required.into_iter().chain(verifier.before.map(before)).collect();
        let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
        lines.push(&format!("- {}{command}{notes}\n", name(verifier.name)));
    }
    lines.finish();
}

fn failures(out: &mut String, failures: &[Failure<'_>], room: usize) {
    if failures.is_empty() {
        return;
    }
    heading(out, "What failed last time");
    out.push_str("Fix the cause of each, not the check.\n");
    let share = (room / failures.len()).clamp(512, FAILURE_BYTES);
    let mut sections = Bounded::new(out, 2 * room, failures.len());
    for failure in failures {
        let mut section = format!("\n### {}: {}\n\n", name(failure.name), name(&failure.exit));
        if let Some(command) = failure.command {
            let _ = writeln!(section, "{}\n", code(&cut(command, usize::MAX, NAME_BYTES)));
        }
        let output = crate::signature::without_ansi(failure.output);
        if output.trim().is_empty() {
            section.push_str("It printed nothing.\n");
        } else {
            text::fenced(&mut section, "text", &cut(output.trim_end(), FAILURE_LINES, share), "");
        }
        sections.push(&section);
    }
    sections.finish();
}

fn list(out: &mut String, title: &str, texts: &[&str], room: usize) {
    let texts: Vec<&str> = texts.iter().copied().filter(|text| !text.trim().is_empty()).collect();
    if texts.is_empty() {
        return;
    }
    heading(out, title);
    let share = (room / texts.len()).max(256);
    let mut items = Bounded::new(out, 2 * room, texts.len());
    for text in texts {
        let mut written = String::new();
        item(&mut written, "", &cut(text.trim_end(), usize::MAX, share));
        items.push(&written);
    }
    items.finish();
}

/// Appends parts as long as there is room, one at least, and says how many were left out.
struct Bounded<'o> {
    out: &'o mut String,
    end: usize,
    parts: usize,
    left: usize,
}

impl<'o> Bounded<'o> {
    fn new(out: &'o mut String, room: usize, parts: usize) -> Self {
        let end = out.len() + room;
        Self { out, end, parts, left: parts }
    }

    fn push(&mut self, part: &str) {
        if self.left == self.parts || self.out.len() + part.len() <= self.end {
            self.out.push_str(part);
            self.left -= 1;
        } else {
            self.end = 0;
        }
    }

    fn finish(self) {
        if self.left > 0 {
            let _ = writeln!(self.out, "\n… {} more left out …", self.left);
        }
    }
}

fn rules(out: &mut String, input: &PromptInput<'_>) {
    heading(out, "Rules");
    if input.single_task {
        out.push_str("- Do this task only. The plan's other tasks are not yours.\n");
    }
    out.push_str("- Leave the plan alone: do not tick its boxes or edit its tasks. Alfine does, once the work is proven.\n");
    out.push_str(
        "- Do not commit, push or switch branches: Alfine commits your work once the checks pass.\n\
         - Do not weaken, skip or delete a test or a check to make it pass: the checks are run again with the tests, the \
         scripts and the configuration that were there before you.\n\
         - A new test counts where it fails without your work. A check that runs no test has failed.\n\
         - Nobody is watching: never wait for input, and start nothing that waits for it or runs on in the background.\n\
         - Where only a human can decide, say `question` in the gate and end; the answer comes with the next prompt.\n",
    );
}

fn gate(out: &mut String) {
    heading(out, "How to end");
    out.push_str(
        "End your last message with this block. Its tags begin a line, outside of code fences, lists and quotes. \
         `ready` is one word: `true` or `false`.\n\n\
         - `ready: true` only when all of this holds: the task is finished, every acceptance criterion is met, you ran \
         the commands above yourself and they passed, `blockers` is empty and `question` too. Alfine then checks it.\n\
         - `ready: false` in every other case. There is no harm in it: you get another iteration.\n\
         - `reason`: why it is so. Where nothing had to be changed because the work was there already, say that here.\n\
         - `progress`: what you did in this iteration, in one or two sentences.\n\
         - `blockers`: what stands in the way, a list of short texts; where only a human can remove one, say so.\n\
         - `question`: only where a human must answer before you can go on. The loop stops and asks.\n\
         - `checks_changed`: only where the task made you change a test or a check that was there before: which, and why. \
         The user then looks at it.\n\
         - `confidence`, from 0 to 1, and `milestones`, a list of short texts: how sure you are, and what is reached. Both may be \
         left out; they decide nothing.\n\n",
    );
    out.push_str(GATE_FORMAT);
}

#[cfg(test)]
mod tests;
