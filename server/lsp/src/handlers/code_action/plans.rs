//! Actions that fix the findings on a plan, and the action that turns a Markdown file into a plan.

use super::proposed::{ALFINE, Asked, Does, FIX_ALL, Proposed};
use crate::protocol::lsp_types::{CodeActionKind, Command, Diagnostic, Url};
use crate::{
    commands::{
        EditorCommand,
        arguments::{ContinuePlan, OfDocument, StartHere},
    },
    offers,
    picture::PlanView,
    to_proto::{new_file, replacement, touch, workspace_edit},
    wording,
};
use alfine_core::{
    lint::{self, Lint, LintCode},
    plan::{self, PlanFormat},
    text::TextEdit,
};
use std::path::Path;
use toml_edit::{Array, DocumentMut, Item, Value};

const TREAT: &str = "Treat this file as a plan";

pub(super) fn propose(asked: &Asked<'_>, out: &mut Vec<Proposed>) {
    match asked.picture.plan(&asked.params.text_document.uri) {
        Some(plan) => {
            let options = plan.checkout.map(|checkout| checkout.lint_options.clone()).unwrap_or_default();
            let lints = asked.document.lints(&options, &plan.checks());
            fixes(asked, &lints, out);
            fix_all(asked, &lints, out);
            found_dependencies(asked, &plan, out);
            budget(asked, &plan, out);
        }
        None => out.extend(treat_as_plan(asked)),
    }
}

fn fixes(asked: &Asked<'_>, lints: &[Lint], out: &mut Vec<Proposed>) {
    let encoding = asked.client().encoding;
    for lint in lints {
        let range = asked.document.range(lint.span, encoding);
        let told = |(diagnostic, code): &(&Diagnostic, &str)| {
            *code == lint.code.as_str() && diagnostic.range == range
        };
        let diagnostic = asked.ours().find(told).map(|(diagnostic, _)| diagnostic);
        if diagnostic.is_none() && !touch(range, asked.params.range) {
            continue;
        }
        for (at, fix) in lint.fixes.iter().filter(|fix| !fix.edits.is_empty()).enumerate() {
            let edit = workspace_edit(asked.client(), asked.document, &fix.edits);
            let action = Proposed::edit(CodeActionKind::QUICKFIX, fix.title.clone(), edit);
            out.push(action.mends(diagnostic).preferred(at == 0 && lint.is_mended_unasked()));
        }
        if lint.code == LintCode::CriterionGreenAlready
            && let Some(check) = check_at(asked, lint)
        {
            out.push(Proposed::command(CodeActionKind::QUICKFIX, check, None).mends(diagnostic));
        }
        let prompts = lint.fixes.iter().filter(|fix| fix.edits.is_empty()).map(|fix| fix.title.clone());
        let split =
            (lint.code == LintCode::TaskTooLarge).then(|| "Ask the agent to split this task".to_owned());
        for title in prompts.chain(split) {
            let argument = StartHere {
                uri: asked.document.uri.clone(),
                range,
                diagnostic: diagnostic.cloned(),
                prompt: Some(format!("{title}. {}.", lint.message)),
            };
            let start = EditorCommand::StartHere(argument).titled(title);
            out.push(Proposed::command(CodeActionKind::QUICKFIX, start, None).mends(diagnostic));
        }
    }
}

/// Writes down what a task was found to depend on, or that it is not so. A task that says what it depends on is asked nothing,
/// so that the answer lasts, stands where everybody reads it, and is the one of the plan's own tool, too.
fn found_dependencies(asked: &Asked<'_>, plan: &PlanView<'_>, out: &mut Vec<Proposed>) {
    let offset = asked.document.offset(asked.params.range.start, asked.client().encoding);
    let Some(task) = plan.task_at(offset).map(|seen| seen.task) else { return };
    let detection = plan.detection();
    let found: Vec<String> = detection.of(&task.id).iter().map(|found| found.on.0.clone()).collect();
    let mut propose = |title: String, on: &[String]| {
        let on: Vec<&str> = on.iter().map(String::as_str).collect();
        let edit = plan.plan().format.say_dependencies(&asked.document.text, task, &on);
        out.extend(edit.map(|edit| {
            let edit = workspace_edit(asked.client(), asked.document, &[edit]);
            Proposed::edit(CodeActionKind::QUICKFIX, title, edit)
        }));
    };
    if !found.is_empty() {
        propose(format!("Write it down: {} depends on {}", task.id, wording::listed(&found)), &found);
    }
    for on in &found {
        let others: Vec<String> = found.iter().filter(|other| *other != on).cloned().collect();
        let but =
            if others.is_empty() { String::new() } else { format!(", only on {}", wording::listed(&others)) };
        propose(format!("Not so: {} does not depend on {on}{but}", task.id), &others);
    }
}

/// Runs the checks of the task that a finding is in.
fn check_at(asked: &Asked<'_>, lint: &Lint) -> Option<Command> {
    let plan = asked.picture.plan(&asked.document.uri)?;
    offers::check(&plan, &plan.task_at(lint.span.start)?)
}

/// Raises the budget that holds the plan up, goes on after it was raised in the settings, or stops the plan.
fn budget(asked: &Asked<'_>, plan: &PlanView<'_>, out: &mut Vec<Proposed>) {
    let Some(short) = plan.short() else { return };
    let Some((diagnostic, _)) = asked.ours().find(|(_, code)| *code == "budget") else { return };
    let uri = || asked.document.uri.clone();
    let go_on =
        || EditorCommand::ContinuePlan(ContinuePlan { uri: uri(), budget: None }).titled("Continue all");
    let stop = EditorCommand::StopPlan(OfDocument { uri: uri() }).titled("Stop all");
    let raise = offers::raise_budget(uri(), &short).unwrap_or_else(go_on);
    for (at, command) in [raise, stop].into_iter().enumerate() {
        let action = Proposed::command(CodeActionKind::QUICKFIX, command, None);
        out.push(action.mends(Some(diagnostic)).preferred(at == 0));
    }
}

fn fix_all(asked: &Asked<'_>, lints: &[Lint], out: &mut Vec<Proposed>) {
    // A large edit is not made for every move of the cursor, only where it was asked for.
    if asked.is_automatic() && asked.params.context.only.is_none() {
        return;
    }
    // Edits of one document must not overlap.
    let fixes = lint::fixes_at_once(lints);
    let edits: Vec<TextEdit> = fixes.into_iter().flat_map(|fix| fix.edits.iter().cloned()).collect();
    if edits.is_empty() {
        return;
    }
    let edit = workspace_edit(asked.client(), asked.document, &edits);
    out.push(Proposed::edit(FIX_ALL, "Fix all findings on this plan that need no answer", edit));
}

fn treat_as_plan(asked: &Asked<'_>) -> Option<Proposed> {
    let (checkout, name) = asked.picture.snapshot.place(&asked.params.text_document.uri)?;
    let extension = Path::new(&name).extension()?.to_str()?.to_ascii_lowercase();
    let mut endings = plan::formats().flat_map(PlanFormat::other_files);
    if !endings.any(|ending| *ending == extension) {
        return None;
    }
    let uri = Url::from_file_path(checkout.place.root.join("alfine.toml")).ok()?;
    let Some(settings) = asked.picture.document(&uri) else {
        if !asked.client().creates_files || !asked.client().versioned_edits {
            return None;
        }
        let text = with_plan("", &name).ok()?;
        return Some(Proposed::edit(ALFINE, TREAT, new_file(uri, text)));
    };
    Some(match with_plan(&settings.text, &name) {
        Ok(text) => {
            let edit = replacement(&settings.text, &text);
            Proposed::edit(ALFINE, TREAT, workspace_edit(asked.client(), settings, &[edit]))
        }
        Err(why) => Proposed::new(ALFINE, TREAT, Does::Nothing(why)),
    })
}

/// The text of `alfine.toml` with one more plan. Comments and formatting stay.
fn with_plan(text: &str, name: &str) -> Result<String, String> {
    let (mark, body) = match text.strip_prefix('\u{feff}') {
        Some(body) => ("\u{feff}", body),
        None => ("", text),
    };
    let is_windows = body.contains("\r\n");
    let body = body.replace("\r\n", "\n");
    let mut settings: DocumentMut = body.parse().map_err(|_| {
        "the file alfine.toml is not valid TOML, so nothing can be added to it: fix it first".to_owned()
    })?;
    let plans = settings.entry("plans").or_insert_with(|| Item::Value(Value::Array(Array::new())));
    let Some(plans) = plans.as_array_mut() else {
        return Err("the `plans` of alfine.toml is not a list: fix it first".to_owned());
    };
    // A file's name is a pattern of its own only once its stars and brackets are.
    let pattern = globset::escape(name);
    // In a list of one name a line, the new one gets its own; a comment behind the last comma stays with what it is
    // about.
    let before = plans.iter().last().and_then(|last| last.decor().prefix()?.as_str());
    let indent = before.and_then(|before| before.rsplit_once('\n')).map(|(_, indent)| indent.to_owned());
    plans.push(pattern);
    if let Some(indent) = indent {
        let trailing = plans.trailing().as_str().unwrap_or_default().to_owned();
        let (about_last, end) = trailing.rsplit_once('\n').unwrap_or_default();
        let last = plans.len().saturating_sub(1);
        if let Some(added) = plans.get_mut(last) {
            added.decor_mut().set_prefix(format!("{about_last}\n{indent}"));
        }
        plans.set_trailing(format!("\n{end}"));
    }
    let body = settings.to_string();
    Ok(format!("{mark}{}", if is_windows { body.replace('\n', "\r\n") } else { body }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_added_to_the_settings_and_the_rest_stays() {
        for (text, expected) in [
            ("", "plans = [\"docs/a.md\"]\n"),
            (
                "# Ours.\nagent = \"claude\" # the one\n",
                "# Ours.\nagent = \"claude\" # the one\nplans = [\"docs/a.md\"]\n",
            ),
            ("plans = [ \"x.md\" ] # two\n", "plans = [ \"x.md\" , \"docs/a.md\"] # two\n"),
            ("plans = [\n  \"x.md\", # x\n]\n", "plans = [\n  \"x.md\", # x\n  \"docs/a.md\",\n]\n"),
            ("[limits]\niterations = 5\n", "plans = [\"docs/a.md\"]\n[limits]\niterations = 5\n"),
            ("\u{feff}a = 1\r\nb = 2\r\n", "\u{feff}a = 1\r\nb = 2\r\nplans = [\"docs/a.md\"]\r\n"),
        ] {
            assert_eq!(with_plan(text, "docs/a.md").as_deref(), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn a_name_with_stars_and_brackets_names_only_itself() {
        assert_eq!(with_plan("", "a[1]*.md").as_deref(), Ok("plans = [\"a[[]1[]][*].md\"]\n"));
    }

    #[test]
    fn settings_that_cannot_be_read_are_left_alone() {
        assert!(with_plan("plans = [", "a.md").is_err());
        assert!(with_plan("plans = 3", "a.md").is_err());
    }
}
