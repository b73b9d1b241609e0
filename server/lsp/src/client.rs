//! What a client can, as it said at `initialize`; read once, so that handlers only ask yes or no.

use crate::position::Encoding;
use crate::protocol::lsp_types::{ClientCapabilities, InitializeParams, MarkupKind, ResourceOperationKind};
use alfine_words::Reader;
use jiff::tz::TimeZone;
use serde_json::Value;

/// The reader for whom errors are worded. What an editor can do beyond the protocol makes no difference to them.
pub(crate) const EDITOR: Reader = Reader::Editor { has_plugin: false };

/// What a client can do.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClientView {
    /// What it counts in a line.
    pub encoding: Encoding,
    /// Hover and completion may be Markdown.
    pub markdown: bool,
    /// Completion may have snippets.
    pub snippets: bool,
    /// Code actions may be more than commands.
    pub code_action_literals: bool,
    /// Code actions may say why they are not possible now.
    pub disabled_code_actions: bool,
    /// Code actions may be marked as preferred.
    pub preferred_code_actions: bool,
    /// Diagnostics may name other places.
    pub related_information: bool,
    /// Diagnostics and code actions may carry data.
    pub diagnostic_data: bool,
    /// Symbols may have children.
    pub symbol_tree: bool,
    /// Only whole lines fold.
    pub folds_lines_only: bool,
    /// It opens documents on request.
    pub show_document: bool,
    /// It shows progress that the server begins.
    pub progress: bool,
    /// It applies edits.
    pub apply_edit: bool,
    /// Edits may name the version that they are for.
    pub versioned_edits: bool,
    /// Edits may make files.
    pub creates_files: bool,
    /// It answers `workspace/configuration`.
    pub configuration: bool,
    /// It can be asked to watch files.
    pub watches_files: bool,
    /// It can be asked to send changes of settings.
    pub registers_configuration: bool,
    /// It requests code lenses again when the server asks it to.
    pub refreshes_lenses: bool,
    /// It requests inlay hints again when the server asks it to.
    pub refreshes_hints: bool,
    /// It asked for `alfine/tasks` and its notification.
    pub tasks: bool,
    /// Which fields of a task it reads.
    pub tasks_version: TasksVersion,
    /// Its hovers show the diagnostics of the place, too.
    pub hovers_diagnostics: bool,
    /// It saves a plan that the server ticked in it, as it knows whether the plan was saved before.
    pub saves_ticks: bool,
    /// Its name, for the log.
    pub name: String,
    /// The zone of its user's clock; none: this machine's.
    pub zone: Option<TimeZone>,
}

/// Which fields a client reads of a task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum TasksVersion {
    /// Those that say where the task is: of extensions that decide by themselves what can be done with it.
    #[default]
    First,
    /// What is shown of the task and what can be done with it, too.
    Second,
}

impl TasksVersion {
    /// Reads `tasksVersion`. A client that says nothing of it was shipped before there was a second version.
    fn of(options: Option<&Value>) -> Self {
        let version = options.and_then(|options| options.get("tasksVersion")).and_then(Value::as_u64);
        if version.is_some_and(|version| version >= 2) { Self::Second } else { Self::First }
    }
}

impl ClientView {
    /// Its user, for whom something is worded. Who asks for tasks has Alfine's plugin, with a box for text.
    pub(crate) fn reader(&self) -> Reader {
        Reader::Editor { has_plugin: self.tasks }
    }

    /// Reads what a client said of itself.
    pub(crate) fn of(params: &InitializeParams) -> Self {
        let ClientCapabilities { workspace, text_document, window, general, .. } = &params.capabilities;
        let workspace = workspace.clone().unwrap_or_default();
        let text = text_document.clone().unwrap_or_default();
        let window = window.clone().unwrap_or_default();
        let encodings = general.as_ref().and_then(|general| general.position_encodings.as_deref());
        let completion = text.completion.unwrap_or_default().completion_item.unwrap_or_default();
        let action = text.code_action.unwrap_or_default();
        let diagnostics = text.publish_diagnostics.unwrap_or_default();
        let hover = text.hover.unwrap_or_default().content_format.unwrap_or_default();
        let edit = workspace.workspace_edit.unwrap_or_default();
        let options = params.initialization_options.as_ref();
        let asks_for = |name: &str| {
            options.and_then(|options| options.get(name)).and_then(Value::as_bool).unwrap_or(false)
        };
        let yes = Some(true);
        let symbols = text.document_symbol.unwrap_or_default();
        let watched = workspace.did_change_watched_files.unwrap_or_default();
        let changed = workspace.did_change_configuration.unwrap_or_default();
        let creates = |known: Vec<ResourceOperationKind>| known.contains(&ResourceOperationKind::Create);
        Self {
            encoding: Encoding::agreed(encodings),
            markdown: hover.contains(&MarkupKind::Markdown),
            snippets: completion.snippet_support == yes,
            code_action_literals: action.code_action_literal_support.is_some(),
            disabled_code_actions: action.disabled_support == yes,
            preferred_code_actions: action.is_preferred_support == yes,
            related_information: diagnostics.related_information == yes,
            diagnostic_data: diagnostics.data_support == yes,
            symbol_tree: symbols.hierarchical_document_symbol_support == yes,
            folds_lines_only: text.folding_range.unwrap_or_default().line_folding_only == yes,
            show_document: window.show_document.is_some_and(|show| show.support),
            progress: window.work_done_progress == yes,
            apply_edit: workspace.apply_edit == yes,
            versioned_edits: edit.document_changes == yes,
            creates_files: edit.resource_operations.is_some_and(creates),
            configuration: workspace.configuration == yes,
            watches_files: watched.dynamic_registration == yes,
            registers_configuration: changed.dynamic_registration == yes,
            refreshes_lenses: workspace.code_lens.and_then(|lens| lens.refresh_support) == yes,
            refreshes_hints: workspace.inlay_hint.and_then(|hint| hint.refresh_support) == yes,
            tasks: asks_for("tasks"),
            tasks_version: TasksVersion::of(options),
            hovers_diagnostics: asks_for("hoversDiagnostics"),
            saves_ticks: asks_for("savesTicks"),
            name: params.client_info.as_ref().map(|info| info.name.clone()).unwrap_or_default(),
            zone: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_client_that_names_no_version_reads_the_first() {
        for (options, tasks, version) in [
            (json!(null), false, TasksVersion::First),
            (json!({ "tasks": true }), true, TasksVersion::First),
            (json!({ "tasks": true, "tasksVersion": "2" }), true, TasksVersion::First),
            (json!({ "tasks": true, "tasksVersion": 2 }), true, TasksVersion::Second),
            (json!({ "tasks": true, "tasksVersion": 3 }), true, TasksVersion::Second),
        ] {
            let view = ClientView::of(&InitializeParams {
                initialization_options: Some(options),
                ..InitializeParams::default()
            });
            assert_eq!((view.tasks, view.tasks_version), (tasks, version));
        }
    }
}
