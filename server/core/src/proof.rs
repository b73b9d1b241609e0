//! When a check proves something: what it answered on the tree that lands, beside what it answers where its answer is
//! known if it means anything (its *controls*).
//!
//! A green check may be green without the work, because it was weakened, or because it ran nothing. So it is run on the
//! *base*, the tree that the loop started from; on the base with the loop's *material* (see [`crate::material`]); and
//! on the loop's work with the base's material. Pure: the answers come in as data.

use crate::judge::{Opinion, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// What a check answered on one tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "CheckAnswer")]
pub enum Answer {
    /// What it checks holds.
    Passed,
    /// It does not hold.
    Failed,
    /// Nothing was tested: a test runner ran no test, or ended well without saying which it ran.
    Empty,
    /// It says nothing: it could not start, took too long, or was ended from outside.
    NotRun,
}

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    /// It did not run, or nothing was expected of it: skipped, ignored, pending, to do, expected to fail.
    Skipped,
    /// It passed.
    Passed,
    /// It failed, or it could not be run.
    Failed,
}

/// An answer with the tests that were read out of the check's output, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The answer.
    pub answer: Answer,
    /// The tests by name, as far as the output names them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tests: BTreeMap<String, TestOutcome>,
    /// How many tests were executed, where the output says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran: Option<u64>,
    /// The exit status, where its process ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// How long it took, in milliseconds, where that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub millis: Option<u64>,
    /// Whether it names every test that ran.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub names_all: bool,
    /// What it found, each without its line, and how often.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub findings: BTreeMap<String, u32>,
    /// Whether it failed twice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_confirmed: bool,
}

/// What a check that fails says beside what it said before the work, when it failed, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// Nothing fails that did not fail before.
    Same,
    /// This fails that did not.
    New(Vec<String>),
    /// Nobody can tell.
    Unknown,
}

impl Said {
    /// The run of the check on a tree that this came of.
    pub fn on(&self, tree: &str) -> CheckRun {
        CheckRun {
            tree: tree.to_owned(),
            answer: self.answer,
            exit: self.exit,
            tests: self.ran,
            millis: self.millis,
        }
    }

    /// The same answer, had these tests passed; of a check that names none, had it passed.
    pub fn had_passed(mut self, tests: &[String]) -> Self {
        for test in tests {
            self.tests.insert(test.clone(), TestOutcome::Passed);
        }
        if self.failing().next().is_none() {
            self.answer = Answer::Passed;
            self.exit = Some(0);
        }
        self
    }

    /// The tests that failed.
    pub fn failing(&self) -> impl Iterator<Item = &str> {
        self.tests
            .iter()
            .filter(|(_, outcome)| **outcome == TestOutcome::Failed)
            .map(|(name, _)| name.as_str())
    }

    /// Whether what fails is named, so that what else fails later can be told from it.
    pub fn is_comparable(&self) -> bool {
        self.failing().next().is_some() || !self.findings.is_empty()
    }

    /// What fails beside `base`, which failed before the work.
    pub fn since(&self, base: &Self) -> Since {
        if !base.is_comparable() {
            return Since::Unknown;
        }
        let is_new = |test: &&str| base.of(test) != Some(TestOutcome::Failed);
        let new: Vec<String> = match self.failing().next() {
            Some(_) => self.failing().filter(is_new).map(str::to_owned).collect(),
            None if self.findings.is_empty() || base.findings.is_empty() => {
                vec!["it fails in another way".to_owned()]
            }
            None => {
                let is_more =
                    |(what, times): &(&String, &u32)| base.findings.get(*what).is_none_or(|was| was < *times);
                self.findings.iter().filter(is_more).map(|(what, _)| what.clone()).collect()
            }
        };
        if new.is_empty() { Since::Same } else { Since::New(new.into_iter().take(MOST_TESTS).collect()) }
    }

    /// How a test ended; `None` if the output does not name it.
    pub fn of(&self, test: &str) -> Option<TestOutcome> {
        self.tests.get(test).copied()
    }

    fn executed(&self) -> impl Iterator<Item = (&str, TestOutcome)> {
        let all = self.tests.iter().map(|(name, outcome)| (name.as_str(), *outcome));
        all.filter(|(_, outcome)| *outcome != TestOutcome::Skipped)
    }
}

/// What a check answered before any work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseAnswer {
    /// The check's name.
    pub check: String,
    /// The index of the criterion it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criterion: Option<usize>,
    /// What it answered.
    pub answer: Answer,
}

/// What is known of all checks before any work.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BaseKnown {
    /// What each of them answered.
    pub answers: Vec<BaseAnswer>,
    /// Whether every criterion has a check, and each of them passed.
    pub all_hold: bool,
    /// Required checks that failed, and whose output does not say what of it is new.
    pub incomparable: Vec<String>,
}

/// A run of a check where its answer is known if it means anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlKind {
    /// On the tree that the loop started from.
    Base,
    /// On that tree with the loop's material.
    MaterialAlone,
    /// On the loop's work with the material of before.
    WorkAlone,
}

/// A run of a check on one tree: the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckRun {
    /// The tree, as hex.
    pub tree: String,
    /// What it answered.
    pub answer: Answer,
    /// The exit status; missing where no process ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// How many tests it executed, where its output says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<u64>,
    /// How long it took, in milliseconds, where that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub millis: Option<u64>,
}

/// What it rests on that a task is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskProof {
    /// At least one check was red without the work, and none says less than before.
    Proven,
    /// The user took this tree.
    Approved,
    /// The task is one where all only has to stay as it was, and it did.
    Guard,
    /// Its checks pass, and none of them proves the work.
    Unproven,
    /// No control was made of its checks.
    Uncontrolled,
    /// The work was changed after it was proven or taken.
    Stale,
}

/// A control of a check, as it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// Which one.
    pub control: ControlKind,
    /// What came of it.
    #[serde(flatten)]
    pub run: CheckRun,
}

/// A file that decides what a check says, and that the loop made other than it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedMaterial {
    /// The file, from the root.
    pub path: String,
    /// Whether it was there before the loop: changed or removed, and not new.
    pub was_there: bool,
}

/// What one check answered on each tree; `None` where it was not asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runs {
    /// On the tree that lands.
    pub work: Said,
    /// On the base.
    pub base: Option<Said>,
    /// On the base with the loop's material.
    pub material_alone: Option<Said>,
    /// On the loop's work with the base's material.
    pub work_alone: Option<Said>,
    /// Whether the task is meant to change tests that are changed.
    pub may_lose_tests: bool,
    /// Whether it fails on the tree that lands, and nothing of that is new: it counts as green, for what it is.
    pub is_relative: bool,
    /// Whether the checks are the task's work: then what they say with the loop's material alone is no objection.
    pub checks_are_work: bool,
    /// Whether some of the material of before has no place in the loop's work, and so is in no control.
    pub is_partial: bool,
    /// On the loop's tree without the code that it added to the tests: asked where nothing of before was changed.
    pub without_added: Option<Said>,
}

/// What a check's answer is worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    /// It is not green.
    Red,
    /// Red in its control, and green by the work alone.
    Proven,
    /// It was green at the base: it must stay so, and by itself proves no work.
    Guard,
    /// Green, and no control says more: it could not be run at the base, or nobody asked.
    Unproven,
    /// Green, but so it is without the work.
    Weak,
    /// It says less than it did before the loop: these tests fail as they were, or, where it names none, the whole
    /// check.
    Weakened {
        /// The tests, by name.
        tests: Vec<String>,
    },
    /// It says less than it did before the loop, and no file of its own tells why: these tests, which stand beside the work, are
    /// skipped, or fail and nobody hears of it, or are gone.
    Silenced {
        /// The tests, by name.
        tests: Vec<String>,
    },
    /// Its tests as they were before the loop cannot be run with the work, so nobody knows whether they would still pass.
    Incomparable,
    /// The judge cannot tell.
    Undecided,
    /// The judge says that it holds, and said the same of what was there before the work: its word counts for nothing.
    Credulous,
}

/// The most tests that a standing names.
const MOST_TESTS: usize = 50;

impl Runs {
    /// A check of which nothing else is known: no control of its material was made.
    pub fn new(work: Said, base: Option<Said>) -> Self {
        Self {
            work,
            base,
            material_alone: None,
            work_alone: None,
            may_lose_tests: false,
            is_relative: false,
            checks_are_work: false,
            is_partial: false,
            without_added: None,
        }
    }

    /// What the check's answer is worth.
    pub fn standing(&self) -> Standing {
        if self.work.answer != Answer::Passed && !self.is_relative {
            return Standing::Red;
        }
        let Some(base) = &self.base else { return Standing::Unproven };
        let worse = self.weakened(base).or_else(|| self.hidden(base)).or_else(|| self.silenced(base));
        if let Some(standing) = worse {
            return standing;
        }
        if self.is_partial && !self.checks_are_work && !matches!(base.answer, Answer::Empty | Answer::NotRun)
        {
            return Standing::Incomparable;
        }
        let passes = |said: &Option<Said>| said.as_ref().is_some_and(|said| said.answer == Answer::Passed);
        match base.answer {
            Answer::NotRun => Standing::Unproven,
            Answer::Passed if self.checks_are_work && self.gained_tests(base) && self.lost_none(base) => {
                Standing::Proven
            }
            Answer::Passed if self.new_tests_prove(base) => Standing::Proven,
            Answer::Passed => Standing::Guard,
            Answer::Failed if self.is_relative => match self.mended(base) {
                true => Standing::Proven,
                false => Standing::Guard,
            },
            Answer::Failed | Answer::Empty if self.checks_are_work => match self.lost_none(base) {
                true => Standing::Proven,
                false => Standing::Unproven,
            },
            // The work turns it green with the material of before, whatever the loop's material does alone.
            Answer::Failed | Answer::Empty if passes(&self.work_alone) => Standing::Proven,
            Answer::Failed | Answer::Empty if passes(&self.material_alone) => Standing::Weak,
            Answer::Failed | Answer::Empty => Standing::Proven,
        }
    }

    /// What comes of the tests of the base that the work does not pass as they were, though its own tree says nothing of
    /// it. `None` if there is nothing to find.
    fn weakened(&self, base: &Said) -> Option<Standing> {
        let control = self.work_alone.as_ref()?;
        if base.answer == Answer::Empty {
            return None;
        }
        match control.answer {
            Answer::Passed => return None,
            Answer::NotRun => return Some(Standing::Incomparable),
            Answer::Failed | Answer::Empty => {}
        }
        // It fails as it does on the loop's own tree, and did before.
        if self.is_relative && control.since(&self.work) == Since::Same {
            return None;
        }
        // Nobody knows what it said before.
        if base.answer == Answer::NotRun {
            return Some(Standing::Incomparable);
        }
        // Without names only the whole answer tells.
        if base.tests.is_empty() && control.tests.is_empty() {
            return Some(Standing::Weakened { tests: Vec::new() });
        }
        if control.tests.is_empty() {
            return Some(Standing::Incomparable);
        }
        // A runner that names only what fails does not name a test of before that passed.
        let ran = |test: &str| match base.of(test) {
            Some(outcome) => outcome != TestOutcome::Skipped,
            None => !base.names_all && !is_not_loaded(test),
        };
        let fails_here_too = |test: &str| self.work.of(test) == Some(TestOutcome::Failed);
        let hidden = control.failing().filter(|test| ran(test) && !fails_here_too(test));
        let tests: Vec<String> = hidden.take(MOST_TESTS).map(str::to_owned).collect();
        if !tests.is_empty() {
            return Some(Standing::Weakened { tests });
        }
        let mut failing = control.failing().peekable();
        if failing.peek().is_some() {
            // What fails as it does on the loop's own tree, or was skipped before, is not what the loop hides. Anything else is
            // no test of before: what holds them could not be loaded.
            let is_known = |test: &str| fails_here_too(test) || base.of(test) == Some(TestOutcome::Skipped);
            return (!failing.all(is_known)).then_some(Standing::Incomparable);
        }
        // The tests of before pass, and something else of the check does not.
        let all_pass = base.executed().all(|(test, _)| control.of(test) == Some(TestOutcome::Passed));
        Some(match all_pass && base.answer == Answer::Passed {
            true => Standing::Weakened { tests: Vec::new() },
            false => Standing::Incomparable,
        })
    }

    /// Tests that ran before the loop and fail with the work, unless what the loop added to the tests is there. That the check
    /// asks for what was added says nothing, so a test has to be named.
    pub fn hidden(&self, base: &Said) -> Option<Standing> {
        let control = self.without_added.as_ref().filter(|control| control.answer == Answer::Failed)?;
        if matches!(base.answer, Answer::Empty | Answer::NotRun) {
            return None;
        }
        let ran = |test: &str| match base.of(test) {
            Some(outcome) => outcome != TestOutcome::Skipped,
            None => !base.names_all,
        };
        let passes_here = |test: &str| self.work.of(test) != Some(TestOutcome::Failed);
        let hidden = control.failing().filter(|test| ran(test) && !is_not_loaded(test) && passes_here(test));
        let tests: Vec<String> = hidden.take(MOST_TESTS).map(str::to_owned).collect();
        (!tests.is_empty()).then_some(Standing::Weakened { tests })
    }

    /// Tests that ran before the loop and say nothing with the work, though nothing shows that they would pass as they were.
    fn silenced(&self, base: &Said) -> Option<Standing> {
        if self.checks_are_work
            || self.may_lose_tests
            || matches!(base.answer, Answer::Empty | Answer::NotRun)
        {
            return None;
        }
        // Some are called otherwise at every run, so a name alone is none that is missed.
        let are_fewer =
            base.names_all && self.work.names_all && self.work.executed().count() < base.executed().count();
        let passes_as_it_was = |test: &str| {
            self.work_alone.as_ref().is_some_and(|control| control.of(test) == Some(TestOutcome::Passed))
        };
        let is_silent = |test: &str, was: TestOutcome| match self.work.of(test) {
            Some(TestOutcome::Passed) => false,
            Some(TestOutcome::Skipped) => !passes_as_it_was(test),
            Some(TestOutcome::Failed) => {
                was == TestOutcome::Failed
                    && base.answer == Answer::Failed
                    && self.work.answer == Answer::Passed
            }
            None => are_fewer && !passes_as_it_was(test),
        };
        let silent = base.executed().filter(|(test, was)| is_silent(test, *was));
        let tests: Vec<String> = silent.map(|(test, _)| test.to_owned()).take(MOST_TESTS).collect();
        (!tests.is_empty()).then_some(Standing::Silenced { tests })
    }

    /// Whether a test that failed before passes with the work, and not by the loop's material alone; of a check that names no
    /// tests, whether something is found no longer.
    fn mended(&self, base: &Said) -> bool {
        let passes = |said: &Said, test: &str| match said.of(test) {
            Some(outcome) => outcome == TestOutcome::Passed,
            // A runner that names only what fails ran no fewer.
            None => !said.names_all && base.ran.is_some() && said.ran >= base.ran,
        };
        let is_found_less =
            |said: &Said, what: &str, times: u32| said.findings.get(what).is_none_or(|now| *now < times);
        let alone = self.material_alone.as_ref();
        let has_mended_test = base
            .failing()
            .any(|test| passes(&self.work, test) && !alone.is_some_and(|control| passes(control, test)));
        let has_mended_finding = base.tests.is_empty()
            && self.work.tests.is_empty()
            && !self.work.findings.is_empty()
            && base.findings.iter().any(|(what, times)| {
                is_found_less(&self.work, what, *times)
                    && !alone.is_some_and(|control| is_found_less(control, what, *times))
            });
        has_mended_test || has_mended_finding
    }

    fn gained_tests(&self, base: &Said) -> bool {
        self.work.tests.keys().any(|test| !base.tests.contains_key(test))
    }

    /// Whether each new test ran, and each that passed before does, too.
    fn lost_none(&self, base: &Said) -> bool {
        let ran = |test: &str| self.work.of(test).is_some_and(|outcome| outcome != TestOutcome::Skipped);
        let mut passed = base.tests.iter().filter(|(_, outcome)| **outcome == TestOutcome::Passed);
        let mut added = self.work.tests.keys().filter(|test| !base.tests.contains_key(*test));
        passed.all(|(test, _)| ran(test)) && added.all(|test| ran(test))
    }

    /// Whether tests that the loop added, or of which it asks more, pass with its work, and fail or cannot be loaded without
    /// it.
    fn new_tests_prove(&self, base: &Said) -> bool {
        let Some(control) = &self.material_alone else { return false };
        if control.answer != Answer::Failed {
            return false;
        }
        if self.work.tests.is_empty() || !self.work.names_all {
            // Green before, red with the loop's tests, green with them and the work.
            return true;
        }
        let mut passed = self.work.executed().filter(|(_, outcome)| *outcome == TestOutcome::Passed);
        passed.any(|(test, _)| match base.of(test) {
            Some(_) => control.of(test) == Some(TestOutcome::Failed),
            None => control.of(test) != Some(TestOutcome::Passed),
        })
    }
}

/// Whether a name is that of a file or a package whose tests could not be loaded, and not that of a test.
fn is_not_loaded(name: &str) -> bool {
    const CODE: [&str; 12] = ["py", "js", "mjs", "cjs", "ts", "mts", "cts", "tsx", "jsx", "go", "rb", "php"];
    let is_code = || name.rsplit_once('.').is_some_and(|(_, extension)| CODE.contains(&extension));
    let is_path = || !name.starts_with("Test") && (name.contains('/') || is_code());
    name.contains("_FailedTest") || (!name.contains("::") && !name.contains(' ') && is_path())
}

/// What the word of a judge is worth. `before` is what it says of the tree before the work; `None` if it said nothing.
pub fn standing_of_verdict(verdict: Verdict, before: Option<Verdict>) -> Standing {
    match (verdict, before) {
        (Verdict::Refuted, _) => Standing::Red,
        (Verdict::CannotTell, _) => Standing::Undecided,
        (Verdict::Verified, None) => Standing::Unproven,
        (Verdict::Verified, Some(Verdict::Verified)) => Standing::Credulous,
        (Verdict::Verified, Some(Verdict::Refuted | Verdict::CannotTell)) => Standing::Proven,
    }
}

/// What a check's answer is worth, with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckProof {
    /// The check's name.
    pub check: String,
    /// What its answer is worth.
    #[serde(flatten)]
    pub standing: Standing,
    /// The run that decided, on the tree that lands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<CheckRun>,
    /// Its controls, in the order in which they were made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<Control>,
    /// The material of it that the loop made other than it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub material: Vec<ChangedMaterial>,
    /// What the judge says, where the check is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<Opinion>,
    /// Pictures that were kept of what it saw: their paths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<String>,
}

impl CheckProof {
    /// What it answered on the tree that the loop started from.
    pub fn base(&self) -> Option<&CheckRun> {
        let base = self.controls.iter().find(|made| made.control == ControlKind::Base);
        base.map(|made| &made.run)
    }

    /// Lets `rewrite` change every text that Alfine did not write itself.
    pub fn rewrite_texts(&mut self, rewrite: &mut dyn FnMut(&mut String)) {
        rewrite(&mut self.check);
        self.material.iter_mut().for_each(|file| rewrite(&mut file.path));
        if let Some(opinion) = &mut self.opinion {
            opinion.rewrite_texts(rewrite);
        }
        if let Standing::Weakened { tests } = &mut self.standing {
            tests.iter_mut().for_each(rewrite);
        }
    }

    /// Whether what makes it say less was there before the loop.
    fn changed_what_was_there(&self) -> bool {
        self.material.iter().any(|file| file.was_there)
    }

    /// Whether nothing can be said for it: the agent has to take back or explain what it did.
    pub fn is_refused(&self) -> bool {
        match self.standing {
            Standing::Weakened { .. } | Standing::Silenced { .. } => true,
            Standing::Weak => self.changed_what_was_there(),
            Standing::Red
            | Standing::Proven
            | Standing::Guard
            | Standing::Unproven
            | Standing::Incomparable
            | Standing::Undecided
            | Standing::Credulous => false,
        }
    }

    /// Whether the user has to see what was changed before the work can be taken, however much a loop decides itself.
    pub(crate) fn is_to_be_seen(&self) -> bool {
        self.standing == Standing::Incomparable
    }
}

/// Why a check proves nothing, for the agent and the user: what happened and where.
impl fmt::Display for CheckProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let check = &self.check;
        let files: Vec<&str> = self.material.iter().map(|file| file.path.as_str()).collect();
        let files = shortened(&files);
        if let Some(opinion) = &self.opinion {
            write!(f, "`{check}`: {opinion}")?;
            return f.write_str(match &self.standing {
                Standing::Credulous => ", which says the same of what was there before the work",
                Standing::Unproven => ", which said nothing of what was there before the work",
                Standing::Red
                | Standing::Proven
                | Standing::Guard
                | Standing::Weak
                | Standing::Weakened { .. }
                | Standing::Silenced { .. }
                | Standing::Incomparable
                | Standing::Undecided => "",
            });
        }
        match &self.standing {
            Standing::Red => write!(f, "`{check}` does not pass"),
            Standing::Proven => write!(f, "`{check}` failed before the work and passes with it"),
            Standing::Guard if self.base().is_some_and(|base| base.answer == Answer::Failed) => {
                write!(f, "`{check}` fails as it did before the work")
            }
            Standing::Guard => write!(f, "`{check}` passed before the work, too"),
            Standing::Unproven => write!(f, "`{check}` could not be run on what was there before the work"),
            Standing::Weak => write!(
                f,
                "`{check}` passes without the work, by what was changed in {files}: on the tree before the loop, with only \
                 that, it passes as well"
            ),
            Standing::Undecided => write!(f, "nobody can tell whether `{check}` holds"),
            Standing::Credulous => {
                write!(f, "`{check}` holds before the work, too, as far as the judge can tell")
            }
            Standing::Incomparable => write!(
                f,
                "`{check}` cannot be compared with what it said before: with {files} as before the loop, its tests do not \
                 run with this work"
            ),
            Standing::Silenced { tests } => {
                let tests: Vec<&str> = tests.iter().map(String::as_str).collect();
                write!(
                    f,
                    "`{check}` says less than before the loop, when {}: skipped, unheard or gone with this work: {}",
                    if tests.len() == 1 { "this test ran" } else { "these tests ran" },
                    shortened(&tests)
                )
            }
            Standing::Weakened { tests } if tests.is_empty() => write!(
                f,
                "`{check}` fails with {files} as before the loop: it passes only because that was changed"
            ),
            Standing::Weakened { tests } => {
                let tests: Vec<&str> = tests.iter().map(String::as_str).collect();
                write!(
                    f,
                    "`{check}` says less than before the loop: with {files} as before, {} with this work: {}",
                    if tests.len() == 1 { "this test fails" } else { "these tests fail" },
                    shortened(&tests)
                )
            }
        }
    }
}

/// The first few, and how many more.
pub fn shortened(names: &[&str]) -> String {
    const NAMED: usize = 5;
    let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Answer::{Empty, Failed, NotRun, Passed};

    fn said(answer: Answer, tests: &str) -> Said {
        let tests = tests.split_whitespace().map(|test| match test.split_at(1) {
            ("+", name) => (name.to_owned(), TestOutcome::Passed),
            ("-", name) => (name.to_owned(), TestOutcome::Failed),
            (_, name) => (name.to_owned(), TestOutcome::Skipped),
        });
        Said {
            answer,
            tests: tests.collect(),
            names_all: true,
            ran: None,
            exit: None,
            millis: None,
            findings: BTreeMap::new(),
            is_confirmed: false,
        }
    }

    fn standing(
        work: Said,
        base: Option<Said>,
        material_alone: Option<Said>,
        work_alone: Option<Said>,
    ) -> Standing {
        Runs { material_alone, work_alone, ..Runs::new(work, base) }.standing()
    }

    #[test]
    fn red_before_and_green_with_the_work_is_proven() {
        assert_eq!(standing(said(Passed, ""), Some(said(Failed, "")), None, None), Standing::Proven);
        assert_eq!(standing(said(Passed, "+a"), Some(said(Empty, "")), None, None), Standing::Proven);
        assert_eq!(standing(said(Passed, ""), Some(said(Passed, "")), None, None), Standing::Guard);
        assert_eq!(standing(said(Passed, ""), Some(said(NotRun, "")), None, None), Standing::Unproven);
        assert_eq!(standing(said(Passed, ""), None, None, None), Standing::Unproven);
        for answer in [Failed, Empty, NotRun] {
            assert_eq!(standing(said(answer, ""), Some(said(Failed, "")), None, None), Standing::Red);
        }
    }

    #[test]
    fn green_by_the_material_alone_is_weak() {
        let red = || Some(said(Failed, ""));
        assert_eq!(standing(said(Passed, ""), red(), Some(said(Passed, "")), None), Standing::Weak);
        assert_eq!(standing(said(Passed, ""), red(), Some(said(Failed, "")), None), Standing::Proven);
        let both = standing(said(Passed, ""), red(), Some(said(Passed, "")), Some(said(Passed, "")));
        assert_eq!(both, Standing::Proven, "so it is by the work alone");
        assert_eq!(
            standing(said(Passed, "+a"), Some(said(Empty, "")), Some(said(Passed, "+a")), None),
            Standing::Weak
        );
    }

    #[test]
    fn a_guard_is_proven_by_new_tests_that_need_the_work() {
        let base = || Some(said(Passed, "+a"));
        let work = || said(Passed, "+a +b");
        assert_eq!(standing(work(), base(), Some(said(Failed, "+a -b")), None), Standing::Proven);
        // It cannot even be loaded.
        assert_eq!(standing(work(), base(), Some(said(Failed, "")), None), Standing::Proven);
        assert_eq!(standing(work(), base(), Some(said(Passed, "+a +b")), None), Standing::Guard);
        // One that was there asks for more.
        assert_eq!(standing(said(Passed, "+a"), base(), Some(said(Failed, "-a")), None), Standing::Proven);
        assert_eq!(standing(said(Passed, "+a"), base(), Some(said(Failed, "")), None), Standing::Guard);
        // Only the package is told.
        let unnamed = || Said { names_all: false, ..said(Passed, "+package") };
        assert_eq!(standing(unnamed(), Some(unnamed()), Some(said(Failed, "-a")), None), Standing::Proven);
        assert_eq!(
            standing(said(Passed, "+a /b"), base(), Some(said(Failed, "+a -b")), None),
            Standing::Guard
        );
        assert_eq!(standing(work(), base(), Some(said(NotRun, "")), None), Standing::Guard);
    }

    #[test]
    fn a_control_that_is_red_is_explained_or_stands_in_the_way() {
        let quiet = |answer, tests| Said { names_all: false, ..said(answer, tests) };
        let named = |tests: &[&str]| Standing::Weakened {
            tests: tests.iter().map(|test| (*test).to_owned()).collect(),
        };
        // What holds the tests of before cannot be loaded: only its file is named.
        let all = || said(Passed, "+a +b");
        assert_eq!(
            standing(all(), Some(all()), None, Some(said(Failed, "-test_file"))),
            Standing::Incomparable
        );
        let red = || Some(said(Failed, "+a -b"));
        assert_eq!(standing(all(), red(), None, Some(said(Failed, "-test_file"))), Standing::Incomparable);
        // A runner that names only failures, or only packages.
        assert_eq!(
            standing(quiet(Passed, ""), Some(quiet(Passed, "")), None, Some(quiet(Failed, "-a"))),
            named(&["a"])
        );
        let mended =
            standing(quiet(Passed, ""), Some(quiet(Failed, "-b")), None, Some(quiet(Failed, "-t.py::a")));
        assert_eq!(mended, named(&["t.py::a"]), "what a red suite does not name has passed");
        for load in ["-tests/t.py", "-unittest.loader._FailedTest.t", "-example.com/calc", "-a.test.ts"] {
            let control = Some(quiet(Failed, load));
            let standing = standing(quiet(Passed, ""), Some(quiet(Passed, "")), None, control);
            assert_eq!(standing, Standing::Incomparable, "{load}");
        }
        let package = || quiet(Passed, "+package");
        assert_eq!(
            standing(package(), Some(package()), None, Some(quiet(Failed, "-a -package"))),
            named(&["a", "package"])
        );
        // The tests pass, and the rest of the command does not.
        assert_eq!(standing(all(), Some(all()), None, Some(said(Failed, "+a +b"))), named(&[]));
        // A test that was skipped before is none that ran.
        let skips = || said(Passed, "+a /b");
        assert_eq!(standing(skips(), Some(skips()), None, Some(said(Failed, "+a -b"))), Standing::Guard);
        // Nobody knows what it said before.
        assert_eq!(
            standing(all(), Some(said(NotRun, "")), None, Some(said(Failed, "-a"))),
            Standing::Incomparable
        );
    }

    #[test]
    fn what_was_added_to_the_tests_hides_no_test_that_ran() {
        let standing = |base: Said, work: Said, control: Said| {
            Runs { without_added: Some(control), ..Runs::new(work, Some(base)) }.standing()
        };
        let hidden = |name: &str| Standing::Weakened { tests: vec![name.to_owned()] };
        let all = || said(Passed, "+a +b +new");
        assert_eq!(standing(said(Passed, "+a +b"), all(), said(Failed, "-a +b")), hidden("a"));
        assert_eq!(standing(said(Failed, "-a +b"), all(), said(Failed, "-a +b")), hidden("a"));
        let quiet = |answer, tests| Said { names_all: false, ..said(answer, tests) };
        assert_eq!(standing(quiet(Passed, ""), quiet(Passed, ""), quiet(Failed, "-a")), hidden("a"));
        // The check asks for what was added, or the tests cannot be loaded without it.
        assert_eq!(standing(said(Failed, "+a"), all(), said(Failed, "+a +b")), Standing::Proven);
        assert_eq!(standing(said(Failed, ""), said(Passed, ""), said(Failed, "")), Standing::Proven);
        assert_eq!(
            standing(said(Failed, "-tests/t.py"), all(), said(Failed, "-tests/t.py")),
            Standing::Proven
        );
        assert_eq!(standing(said(Passed, "+a /b"), all(), said(Failed, "+a -b")), Standing::Guard);
        assert_eq!(standing(said(Passed, "+a"), all(), said(Passed, "+a")), Standing::Guard);
    }

    #[test]
    fn one_of_several_failures_that_goes_is_proof() {
        let standing = |base: Said, work: Said, alone: Option<Said>| {
            Runs { is_relative: true, material_alone: alone, ..Runs::new(work, Some(base)) }.standing()
        };
        let found = |findings: &[(&str, u32)]| Said {
            findings: findings.iter().map(|(what, times)| ((*what).to_owned(), *times)).collect(),
            ..said(Failed, "")
        };
        let two = || found(&[("a.py", 1), ("b.py", 2)]);
        assert_eq!(standing(two(), found(&[("b.py", 2)]), None), Standing::Proven);
        assert_eq!(standing(two(), found(&[("a.py", 1), ("b.py", 1)]), None), Standing::Proven);
        assert_eq!(standing(two(), two(), None), Standing::Guard);
        assert_eq!(standing(two(), found(&[]), None), Standing::Guard, "it fails, and says no more why");
        let by_itself = Some(found(&[("b.py", 2)]));
        assert_eq!(standing(two(), found(&[("b.py", 2)]), by_itself), Standing::Guard);
        let quiet = |tests, ran| Said { names_all: false, ran: Some(ran), ..said(Failed, tests) };
        assert_eq!(standing(quiet("-a -b", 3), quiet("-b", 3), None), Standing::Proven);
        assert_eq!(standing(quiet("-a -b", 3), quiet("-b", 2), None), Standing::Guard, "it may be gone");
    }

    #[test]
    fn a_failure_by_chance_is_taken_back() {
        let before = said(Failed, "+a -b -c");
        let one = before.clone().had_passed(&["b".to_owned()]);
        assert_eq!((one.answer, one.failing().collect::<Vec<_>>()), (Failed, vec!["c"]));
        let all = before.had_passed(&["b".to_owned(), "c".to_owned()]);
        assert_eq!((all.answer, all.failing().count()), (Passed, 0));
        assert_eq!(said(Failed, "").had_passed(&[]).answer, Passed);
    }

    #[test]
    fn where_tests_are_the_work_they_have_to_run_and_none_may_go() {
        let standing = |work: &str, base: Said| {
            Runs { checks_are_work: true, ..Runs::new(said(Passed, work), Some(base)) }.standing()
        };
        let green = || said(Passed, "+a");
        assert_eq!(standing("+a +b", green()), Standing::Proven);
        assert_eq!(standing("+a", green()), Standing::Guard);
        assert_eq!(standing("+a /b", green()), Standing::Guard, "a new one that does not run");
        assert_eq!(standing("+b", green()), Standing::Guard, "one is gone");
        // What could not even be loaded is no test that is missed.
        assert_eq!(standing("+b", said(Failed, "-tests.b")), Standing::Proven);
        assert_eq!(standing("", said(Failed, "")), Standing::Proven);
        assert_eq!(standing("+b", said(Failed, "+a -c")), Standing::Unproven, "one that passed is gone");
    }

    #[test]
    fn tests_that_fail_as_they_were_are_weakened() {
        let base = || Some(said(Failed, "+a -b"));
        let control = || Some(said(Failed, "+a -b"));
        let weakened = |work: &str| standing(said(Passed, work), base(), Some(said(Failed, "")), control());
        let b = || Standing::Weakened { tests: vec!["b".to_owned()] };
        assert_eq!(weakened("+a"), b(), "gone");
        assert_eq!(weakened("+a /b"), b(), "skipped");
        assert_eq!(weakened("+a +b"), b(), "emptied");
        let honest =
            standing(said(Passed, "+a +b +c"), base(), Some(said(Failed, "")), Some(said(Passed, "+a +b")));
        assert_eq!(honest, Standing::Proven, "the tests as they were pass, too");
        // A test that never ran at the base is not missed.
        let new =
            standing(said(Passed, "+a"), Some(said(Failed, "-a /c")), None, Some(said(Failed, "+a -c")));
        assert_eq!(new, Standing::Proven);
    }

    #[test]
    fn tests_that_stand_beside_the_work_are_silenced() {
        let silenced = |tests: &[&str]| Standing::Silenced {
            tests: tests.iter().map(|&test| test.to_owned()).collect(),
        };
        let red = |work: &str| standing(said(Passed, work), Some(said(Failed, "+a -b")), None, None);
        assert_eq!(red("+a"), silenced(&["b"]), "gone");
        assert_eq!(red("+a /b"), silenced(&["b"]), "skipped");
        assert_eq!(red("+a -b"), silenced(&["b"]), "unheard");
        assert_eq!(red("+b +x"), Standing::Proven, "another name, and no fewer");
        assert_eq!(red("+a +b"), Standing::Proven);
        let green = |work: &str| standing(said(Passed, work), Some(said(Passed, "+a +b")), None, None);
        assert_eq!(green("+a"), silenced(&["b"]));
        assert_eq!(green("+a /b +c"), silenced(&["b"]));
        // A check that is always green is no worse than it was.
        let always = standing(said(Passed, "+a -b"), Some(said(Passed, "+a -b")), None, None);
        assert_eq!(always, Standing::Guard);
        // They pass as they were.
        let moved =
            standing(said(Passed, "+a"), Some(said(Failed, "+a -b")), None, Some(said(Passed, "+a +b")));
        assert_eq!(moved, Standing::Proven);
        // Not all that ran is named.
        let unnamed = Said { names_all: false, ..said(Passed, "") };
        assert_eq!(standing(unnamed, Some(said(Failed, "-b")), None, None), Standing::Proven);
        let runs =
            Runs { may_lose_tests: true, ..Runs::new(said(Passed, "+a"), Some(said(Failed, "+a -b"))) };
        assert_eq!(runs.standing(), Standing::Proven);
    }

    #[test]
    fn tests_that_cannot_be_loaded_with_the_work_are_compared_with_nothing() {
        let base = || Some(said(Passed, "+a"));
        let loaded = standing(said(Passed, "+a"), base(), None, Some(said(Failed, "")));
        assert_eq!(loaded, Standing::Incomparable);
        assert_eq!(
            standing(said(Passed, "+a"), base(), None, Some(said(NotRun, ""))),
            Standing::Incomparable
        );
    }

    #[test]
    fn what_has_no_place_in_the_work_is_compared_with_nothing() {
        let runs =
            |base: Said, work: &str| Runs { is_partial: true, ..Runs::new(said(Passed, work), Some(base)) };
        assert_eq!(runs(said(Failed, "+a -b"), "+a +b").standing(), Standing::Incomparable);
        assert_eq!(
            runs(said(Failed, "+a -b"), "+a").standing(),
            Standing::Silenced { tests: vec!["b".to_owned()] }
        );
        assert_eq!(runs(said(Empty, ""), "+a").standing(), Standing::Proven, "nothing ran of it");
        let checks = Runs { checks_are_work: true, ..runs(said(Failed, "+a"), "+a") };
        assert_eq!(checks.standing(), Standing::Proven);
    }

    #[test]
    fn what_fails_as_before_fails_no_more_with_the_material_of_before() {
        let found = |answer, what: &[&str]| Said {
            findings: what.iter().map(|what| ((*what).to_owned(), 1)).collect(),
            ..said(answer, "")
        };
        let runs = |control: &[&str]| Runs {
            work_alone: Some(found(Failed, control)),
            is_relative: true,
            ..Runs::new(found(Failed, &["a"]), Some(found(Failed, &["a"])))
        };
        assert_eq!(runs(&["a"]).standing(), Standing::Guard);
        assert_eq!(runs(&["a", "b"]).standing(), Standing::Weakened { tests: vec![] });
    }

    #[test]
    fn without_names_the_whole_answer_tells() {
        let red = || Some(said(Failed, ""));
        let all = Standing::Weakened { tests: vec![] };
        assert_eq!(standing(said(Passed, ""), red(), None, red()), all);
        assert_eq!(standing(said(Passed, ""), Some(said(Passed, "")), None, red()), all);
        assert_eq!(standing(said(Passed, ""), red(), red(), Some(said(Passed, ""))), Standing::Proven);
        assert_eq!(standing(said(Passed, ""), Some(said(Empty, "")), None, red()), Standing::Proven);
    }
}
