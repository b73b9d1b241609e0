//! The settings that hold for the loop of one task: those of the user and the repository, below what its plan says of it, below
//! what was said at the start.

use crate::{Error, ErrorKind, Result, project::PlanFile, start_options::StartOptions};
use alfine_config::{Layers, Loaded, Partial};
use alfine_core::{
    plan::{ContextMode, FieldName, Plan, ProblemKind, Task},
    printable::printable,
    text::LineIndex,
};

/// The settings that hold for the loop of a task.
pub(crate) fn settings(
    layers: &Layers,
    file: &PlanFile,
    task: &Task,
    options: &StartOptions,
) -> Result<Loaded> {
    check_limit_fields(file, task)?;
    let fields = [&file.plan.defaults, &task.fields].map(Partial::from).to_vec();
    Ok(alfine_config::load(&Layers { command_line: flags(options), task: fields, ..layers.clone() })?)
}

/// The settings that hold for a plan as a whole.
pub(crate) fn of_plan(layers: &Layers, file: &PlanFile, options: &StartOptions) -> Result<Loaded> {
    let fields = vec![Partial::from(&file.plan.defaults)];
    Ok(alfine_config::load(&Layers { command_line: flags(options), task: fields, ..layers.clone() })?)
}

pub(crate) fn flags(options: &StartOptions) -> Partial {
    let mut flags = Partial::default();
    flags.set("limits.iterations", options.max_iterations);
    flags.set("agent", options.agent.clone());
    flags.set("model", options.model.clone());
    flags.set("isolation", options.in_place.then_some("in-place"));
    let context = options.context.map(|context| match context {
        ContextMode::Resume => "resume",
        ContextMode::Fresh => "fresh",
    });
    flags.set("context", context);
    flags.set("limits.cost_usd", options.max_cost);
    flags.set("on_done", options.on_done.and_then(|on_done| serde_json::to_value(on_done).ok()));
    flags.set("lands", options.lands.and_then(|lands| serde_json::to_value(lands).ok()));
    flags.set("budget.plan_usd", options.plan_budget);
    flags.set("permissions", options.permissions.clone());
    flags.set("learning.enabled", options.learn.then_some(true));
    flags.set("archive", options.archive.then_some(true));
    flags.set("quality_gates.require_tests", options.demands.require_tests.then_some(true));
    flags.set("context_recovery.auto_handoff", options.demands.auto_handoff);
    if options.demands.browser_verify {
        flags.set("browser_verify.enabled", true);
        flags.set("browser_verify.auto_detect_ui_tasks", false);
    }
    flags
}

/// Refuses a task whose own limits, or those of its plan, are written so that they say nothing: it would run without
/// them.
fn check_limit_fields(file: &PlanFile, task: &Task) -> Result<()> {
    let PlanFile { name: plan, text, plan: Plan { tasks, problems, .. }, .. } = file;
    let limits = [FieldName::MaxIterations, FieldName::MaxCost, FieldName::Budget];
    let bad = problems.iter().find_map(|problem| {
        let ProblemKind::InvalidField { name, expected, .. } = &problem.kind else { return None };
        let holds = |task: &&Task| (task.span.start..task.span.end).contains(&problem.span.start);
        // A field outside every task applies to all tasks.
        let concerns = tasks.iter().rfind(holds).is_none_or(|owner| owner.id == task.id);
        let is_limit = limits.iter().any(|limit| limit.as_str() == name);
        (is_limit && concerns).then_some((problem.span, name, expected))
    });
    let Some((span, name, expected)) = bad else { return Ok(()) };
    let (line, column) = LineIndex::new(text).line_column(text, span.start);
    let written: String = span.of(text).chars().take(80).collect();
    Err(Error::new(
        ErrorKind::Config,
        format!(
            "{plan}:{line}:{column}: “{}” is not a valid value for {name}, so there would be no limit",
            printable(&written)
        ),
    )
    .hint(format!("write {expected}, or remove the line")))
}
