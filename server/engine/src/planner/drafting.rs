//! A plan out of an agent: its answer is read, linted as any plan is, and goes back to it with what was found.

use super::Planner;
use crate::{Error, ErrorKind, Result, checks, project::Project};
use alfine_config::Config;
use alfine_core::{
    finding::Severity,
    lint::{self, Lint},
    plan,
    planning::{self, Asked, Draft, Refusal},
    prompt::{Mending, Planning},
    text::{end_of, one_line, start_of},
};
use std::path::Path;

/// How often findings go back to the agent.
const MENDINGS: u32 = 2;
/// How much of an answer goes back with them, in bytes.
const ANSWER: usize = 48 << 10;
/// How many findings go back.
const MOST_FINDINGS: usize = 40;
/// How much of the place that a finding is about is quoted, in bytes.
const QUOTED: usize = 120;

/// A plan that an agent wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct Drafted {
    /// The plan.
    pub draft: Draft,
    /// What is wrong with it still, for who reads it: what no lint can know.
    pub findings: Vec<String>,
}

impl Planner<'_> {
    /// Asks what the user has to say about an idea. Few agents answer otherwise than they should, so this is asked once more
    /// at most.
    ///
    /// # Errors
    ///
    /// It did not answer, or not with questions.
    pub fn questions(&mut self, idea: &str) -> Result<Vec<Asked>> {
        let planning = Planning::Questions { idea };
        let first = planning::read_questions(&self.ask(&planning, None)?);
        let read = match first {
            Ok(asked) => return Ok(asked),
            Err(_) => planning::read_questions(&self.ask(&planning, None)?),
        };
        read.map_err(|refusal| no_answer(&refusal, "leave the questions out with --no-questions"))
    }

    /// Has a plan written, and mended where something is found in it. `read` reads an answer, `find` what is wrong with a plan
    /// beside what lints find in `written`.
    ///
    /// # Errors
    ///
    /// It did not answer, or never with a plan.
    pub fn draft(
        &mut self,
        planning: &Planning<'_>,
        read: &dyn Fn(&str) -> Result<Draft, Refusal>,
        find: &dyn Fn(&Draft) -> Vec<String>,
    ) -> Result<Drafted> {
        let mut best: Option<Drafted> = None;
        let mut before: Option<(String, Vec<String>)> = None;
        for round in 0..=MENDINGS {
            let mending = before.as_ref().map(|(answer, findings)| (round, Mending { answer, findings }));
            let said = match (self.ask(planning, mending), &best) {
                (Ok(said), _) => said,
                // What there is, is a plan.
                (Err(error), Some(_)) if !self.cancel.is_cancelled() => {
                    tracing::warn!("it was not mended: {}", error.message);
                    break;
                }
                (Err(error), _) => return Err(error),
            };
            let findings = match read(&said) {
                Ok(draft) => {
                    let own = find(&draft);
                    let mut all = own.clone();
                    all.extend(self.worth_mending(&draft));
                    best = Some(Drafted { draft, findings: own });
                    all
                }
                Err(refusal) if round == MENDINGS && best.is_none() => {
                    return Err(no_answer(&refusal, "try again, or say more of what is to be done"));
                }
                Err(refusal) => vec![refusal.to_string()],
            };
            if findings.is_empty() {
                break;
            }
            before = Some((end_of(&said, ANSWER).to_owned(), findings));
        }
        best.ok_or_else(|| Error::new(ErrorKind::Agent, "no plan came of it"))
    }

    /// What lints find in a plan, each with the task and the place, if it is worth another run of the agent.
    fn worth_mending(&self, draft: &Draft) -> Vec<String> {
        let text = draft.to_markdown();
        let plan = plan::read(self.plan(), &text);
        let found = findings(&self.config, self.root(), self.plan(), &text);
        if found.iter().all(|lint| lint.severity == Severity::Information) {
            return Vec::new();
        }
        let told = |lint: &Lint| {
            let holds = |task: &&plan::Task| {
                (task.span.start..task.span.end.max(task.span.start + 1)).contains(&lint.span.start)
            };
            let of = plan.tasks.iter().find(holds).map_or_else(String::new, |task| format!("{}: ", task.id));
            let place = one_line(start_of(lint.span.of(&text), QUOTED));
            format!("{of}“{place}”: {}", lint.message)
        };
        found.iter().take(MOST_FINDINGS).map(told).collect()
    }
}

/// What lints find in a plan of a repository, by the plan's path from the root.
pub fn lints(project: &Project, name: &str, text: &str) -> Result<Vec<Lint>> {
    let config = project.settings(alfine_config::Partial::default(), Vec::new())?.config;
    Ok(findings(&config, project.repository.workdir(), name, text))
}

fn findings(config: &Config, root: &Path, name: &str, text: &str) -> Vec<Lint> {
    let plan = plan::read(name, text);
    let checks = checks::Repository::look(root).checks(config, name, &plan);
    lint::lint(text, &plan, &config.lint, &checks)
}

/// The checks of a task that no task of a draft has.
pub fn checks_lost(task: &plan::Task, draft: &Draft) -> Vec<String> {
    let has = |command: &str| {
        let criteria = draft.tasks.iter().flat_map(|task| &task.criteria);
        let mut commands = criteria.filter_map(|criterion| criterion.command.as_deref());
        commands.any(|known| known.trim() == command)
    };
    // A line such as `Run:` may stand in a text again.
    let says = |command: &str| draft.tasks.iter().any(|task| task.details.contains(&format!("`{command}`")));
    let runs = task.runs.iter().map(|run| run.value.as_str()).filter(|command| !says(command));
    let commands = task.criteria.iter().filter_map(|criterion| criterion.command.as_deref());
    let lost = commands.chain(runs).filter(|command| !has(command));
    lost.map(|command| format!("the check `{command}` of the task is in none of the new ones")).collect()
}

/// What else a task says of its work that no task of a draft does: whoever reads the draft decides about it.
pub fn words_lost(task: &plan::Task, draft: &Draft) -> Vec<String> {
    let said = |text: &str| one_line(text).to_lowercase();
    let has = |text: &str| {
        let mut criteria = draft.tasks.iter().flat_map(|task| &task.criteria);
        criteria.any(|criterion| said(&criterion.text).contains(&said(text)))
    };
    let words = task.criteria.iter().filter(|criterion| criterion.command.is_none() && !has(&criterion.text));
    let words = words.map(|criterion| {
        format!("the criterion “{}” of the task is in none of the new ones", one_line(&criterion.text))
    });
    let ticked = task.criteria.iter().filter(|criterion| criterion.checked);
    let ticked = ticked.map(|criterion| {
        format!("the criterion “{}” was ticked, and nothing of the new ones is", one_line(&criterion.text))
    });
    let begun = (task.mark == plan::Mark::Begun)
        .then(|| "the task was in progress, and the new ones are open".to_owned());
    words.chain(ticked).chain(begun).collect()
}

fn no_answer(refusal: &Refusal, hint: &str) -> Error {
    Error::new(ErrorKind::Agent, format!("the agent's answer is of no use: {refusal}")).hint(hint)
}
