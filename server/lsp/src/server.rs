//! The protocol's methods, each handed to whoever does it.

use crate::lock::lock;
use crate::protocol::{
    Client, ClientSocket, LanguageServer, LspService, async_trait,
    jsonrpc::{self, Result},
    lsp_types as lsp,
};
use crate::{
    commands::{self, Commands, EditorCommand, arguments::OfTask, unsaved_hold::Holder},
    editor::Editor,
    handlers,
    keeper::Keeper,
    publisher::Publisher,
    session::Session,
    snapshot::Snapshot,
    to_client::{ToEditor, message},
    transport,
    within::within,
};
use alfine_config::{Layers, Partial};
use alfine_core::plan::{self, PlanFormat};
use alfine_files::UserDirs;
use futures::FutureExt;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    io,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{sync::watch, task::JoinHandle};

/// The section of a client's settings that is ours.
const SECTION: &str = "alfine";

/// How long a client has to send its settings.
const SETTINGS: Duration = Duration::from_secs(10);

/// The request for all tasks, for clients that asked for it.
const TASKS: &str = "alfine/tasks";

/// The request for what an agent said.
const TRANSCRIPT: &str = "alfine/transcript";

/// How long what was begun has to be ended before `shutdown` is answered.
const FAREWELL: Duration = Duration::from_millis(200);

/// The language server of one client.
#[derive(Debug)]
struct Server {
    client: Client,
    session: Arc<Session>,
    editor: Arc<ToEditor>,
    commands: Arc<Commands>,
    holder: Arc<Holder>,
    publisher: Mutex<Option<(watch::Sender<bool>, JoinHandle<()>)>>,
    /// Rings when the client says that its settings changed.
    settings_changed: watch::Sender<()>,
}

/// Serves a language client on standard input and output until it leaves. `program` is Alfine's own binary, which
/// runners are started from.
///
/// Fails where no thread can be started.
pub fn serve_stdio(user: UserDirs, program: PathBuf) -> io::Result<transport::Ended> {
    let (publish, snapshots) = watch::channel(Arc::new(Snapshot::default()));
    let keeper = Keeper::start(publish, user)?;
    let options = transport::Options { without_params: &[TASKS], ..Default::default() };
    transport::serve_stdio(move || service(Session::new(keeper, snapshots), program), options)
}

fn service(session: Session, program: PathBuf) -> (LspService<Server>, ClientSocket) {
    let session = Arc::new(session);
    LspService::build(|client| {
        let editor = Arc::new(ToEditor::new(client.clone(), session.clone()));
        let (of_pictures, of_looks) = (session.clone(), session.clone());
        let commands = Arc::new(Commands::new(
            program,
            Arc::new(move || of_pictures.picture()),
            editor.clone(),
            Arc::new(move || of_looks.keeper().look().map(drop).boxed()),
            None,
        ));
        let holder = Arc::new(Holder::new(commands.clone()));
        Server {
            client,
            session,
            editor,
            commands,
            holder,
            publisher: Mutex::new(None),
            settings_changed: watch::Sender::new(()),
        }
    })
    .custom_method("window/workDoneProgress/cancel", Server::cancel_progress)
    .custom_method(TASKS, Server::tasks)
    .custom_method(TRANSCRIPT, Server::transcript)
    .finish()
}

impl Server {
    /// The user's cross at a progress: checks are ended, a loop is stopped.
    async fn cancel_progress(&self, params: lsp::WorkDoneProgressCancelParams) {
        if self.editor.cancel(&params.token) {
            return;
        }
        let Some((id, key)) = crate::publisher::progress::loop_of(&params.token) else { return };
        let picture = self.session.picture();
        let of_it = picture.snapshot.live().find(|(_, _, live)| live.row.id.as_str() == id);
        let plan = of_it.and_then(|(checkout, ..)| checkout.uri_of(&key.plan));
        let (commands, editor) = (self.commands.clone(), self.editor.clone());
        tokio::spawn(async move {
            let stop = EditorCommand::Stop(OfTask { task: key, uri: plan });
            if let Err(error) = commands.perform(stop).await {
                editor.tell(lsp::MessageType::WARNING, &error.message).await;
            }
        });
    }

    async fn tasks(&self) -> Result<handlers::tasks::Tasks> {
        Ok(self.session.tasks(&self.session.looked().await))
    }

    async fn transcript(&self, params: Value) -> Result<commands::TranscriptPage> {
        self.commands.transcript(params).await
    }

    /// Asks the client for its settings each time they changed: one question at a time, so that no older answer comes
    /// last.
    fn follow_settings(&self) {
        let (client, mut changes) = (self.client.clone(), self.settings_changed.subscribe());
        let (session, commands, editor) = (self.session.clone(), self.commands.clone(), self.editor.clone());
        changes.mark_changed();
        tokio::spawn(async move {
            while changes.changed().await.is_ok() {
                let item = lsp::ConfigurationItem { scope_uri: None, section: Some(SECTION.to_owned()) };
                let asked = client.clone();
                let asking = async move { asked.configuration(vec![item]).await };
                if let Some(answers) = within(SETTINGS, "the settings", asking).await {
                    let settings = answers.into_iter().next().unwrap_or_default();
                    take_settings(&session, &commands, &editor, settings).await;
                }
            }
        });
    }

    /// Registers for the notifications that the client sends only on request.
    fn register(&self) {
        let view = self.session.client();
        let mut wanted = Vec::new();
        if view.watches_files {
            let watchers = watched().into_iter().map(|glob| lsp::FileSystemWatcher {
                glob_pattern: lsp::GlobPattern::String(glob),
                kind: None,
            });
            let options = lsp::DidChangeWatchedFilesRegistrationOptions { watchers: watchers.collect() };
            wanted.push(("workspace/didChangeWatchedFiles", serde_json::to_value(options).ok()));
        }
        if view.registers_configuration {
            let options = serde_json::json!({ "section": SECTION });
            wanted.push(("workspace/didChangeConfiguration", Some(options)));
        }
        if wanted.is_empty() {
            return;
        }
        let registrations = wanted
            .into_iter()
            .map(|(method, register_options)| lsp::Registration {
                id: format!("alfine {method}"),
                method: method.to_owned(),
                register_options,
            })
            .collect();
        let client = self.client.clone();
        tokio::spawn(async move {
            if let Err(error) = client.register_capability(registrations).await {
                tracing::warn!("the client registers nothing: {error}");
            }
        });
    }
}

#[async_trait]
impl LanguageServer for Server {
    async fn initialize(&self, params: lsp::InitializeParams) -> Result<lsp::InitializeResult> {
        let client = self.session.initialize(&params);
        tracing::info!("serves “{}”", client.name);
        Ok(lsp::InitializeResult {
            capabilities: capabilities(&client),
            server_info: Some(lsp::ServerInfo {
                name: "alfine".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
        })
    }

    async fn initialized(&self, _: lsp::InitializedParams) {
        let publisher = Publisher::new(
            self.client.clone(),
            self.session.clone(),
            self.editor.clone(),
            &self.commands,
            self.holder.clone(),
        );
        let stop = watch::Sender::new(false);
        let running = tokio::spawn(publisher.run(stop.subscribe()));
        lock(&self.publisher).replace((stop, running));
        self.register();
        if self.session.client().configuration {
            self.follow_settings();
        }
    }

    async fn shutdown(&self) -> Result<()> {
        let publisher = lock(&self.publisher).take();
        if let Some((stop, ended)) = publisher {
            stop.send_replace(true);
            // Not waiting for a client that reads nothing.
            let _ = tokio::time::timeout(FAREWELL, ended).await;
        }
        Ok(())
    }

    async fn did_open(&self, params: lsp::DidOpenTextDocumentParams) {
        self.session.open(params.text_document);
        self.holder.documents_changed();
    }

    async fn did_change(&self, params: lsp::DidChangeTextDocumentParams) {
        self.session.change(&params.text_document, params.content_changes);
        self.holder.documents_changed();
    }

    async fn did_save(&self, params: lsp::DidSaveTextDocumentParams) {
        self.commands.saved(&params.text_document.uri);
        self.session.saved(params.text_document.uri);
        self.holder.documents_changed();
    }

    async fn did_close(&self, params: lsp::DidCloseTextDocumentParams) {
        self.session.close(&params.text_document.uri);
        self.holder.documents_changed();
    }

    async fn did_change_workspace_folders(&self, params: lsp::DidChangeWorkspaceFoldersParams) {
        self.session.change_folders(params.event);
    }

    async fn did_change_watched_files(&self, params: lsp::DidChangeWatchedFilesParams) {
        self.session.keeper().touched(params.changes.into_iter().map(|change| change.uri).collect());
    }

    async fn did_change_configuration(&self, params: lsp::DidChangeConfigurationParams) {
        if self.session.client().configuration {
            self.settings_changed.send_replace(());
            return;
        }
        let mut settings = params.settings;
        let own = settings.get_mut(SECTION).map(Value::take);
        take_settings(&self.session, &self.commands, &self.editor, own.unwrap_or(settings)).await;
    }

    async fn code_lens(&self, params: lsp::CodeLensParams) -> Result<Option<Vec<lsp::CodeLens>>> {
        let picture = self.session.looked().await;
        Ok(Some(handlers::code_lens::code_lens(&picture, &params.text_document.uri)))
    }

    async fn code_action(&self, params: lsp::CodeActionParams) -> Result<Option<lsp::CodeActionResponse>> {
        let picture = self.session.looked().await;
        Ok(Some(handlers::code_action::code_action(&picture, &params)))
    }

    async fn hover(&self, params: lsp::HoverParams) -> Result<Option<lsp::Hover>> {
        Ok(handlers::hover::handle(&self.session.looked().await, &params))
    }

    async fn inlay_hint(&self, params: lsp::InlayHintParams) -> Result<Option<Vec<lsp::InlayHint>>> {
        Ok(handlers::inlay_hint::handle(&self.session.looked().await, &params))
    }

    async fn document_symbol(
        &self,
        params: lsp::DocumentSymbolParams,
    ) -> Result<Option<lsp::DocumentSymbolResponse>> {
        Ok(handlers::document_symbol::handle(&self.session.looked().await, &params))
    }

    async fn folding_range(&self, params: lsp::FoldingRangeParams) -> Result<Option<Vec<lsp::FoldingRange>>> {
        Ok(handlers::folding_range::handle(&self.session.looked().await, &params))
    }

    async fn completion(&self, params: lsp::CompletionParams) -> Result<Option<lsp::CompletionResponse>> {
        Ok(handlers::completion::handle(&self.session.looked().await, &params))
    }

    async fn execute_command(&self, params: lsp::ExecuteCommandParams) -> Result<Option<Value>> {
        let done = self.commands.execute(&params.command, params.arguments).await;
        done.map_err(|error| jsonrpc::Error { message: message(&error.message).into(), ..error })
    }
}

/// Takes the editor's settings, and shows what is wrong with them in a message: they are in no file that could have
/// diagnostics.
async fn take_settings(session: &Session, commands: &Commands, editor: &ToEditor, settings: Value) {
    let said = Partial::of_json(settings.clone());
    commands.set_settings(said.clone());
    session.keeper().set_settings(settings);
    let problems = alfine_config::load_what_is_valid(&Layers { editor: said, ..Layers::default() }).problems;
    if !problems.is_empty() {
        let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
        editor.tell(lsp::MessageType::WARNING, &all.join("\n")).await;
    }
}

/// The globs of the files whose changes the client is asked to report: settings, and whatever could be a plan.
fn watched() -> BTreeSet<String> {
    let endings = plan::formats().flat_map(PlanFormat::endings);
    let plans = endings.map(|ending| format!("**/*.{ending}"));
    plans.chain(["**/alfine.toml".to_owned()]).collect()
}

fn capabilities(client: &crate::client::ClientView) -> lsp::ServerCapabilities {
    let actions = lsp::CodeActionOptions {
        code_action_kinds: Some(handlers::code_action::KINDS.to_vec()),
        ..Default::default()
    };
    lsp::ServerCapabilities {
        position_encoding: Some(client.encoding.kind()),
        text_document_sync: Some(lsp::TextDocumentSyncCapability::Options(lsp::TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(lsp::TextDocumentSyncKind::INCREMENTAL),
            save: Some(lsp::TextDocumentSyncSaveOptions::SaveOptions(lsp::SaveOptions {
                include_text: Some(false),
            })),
            ..Default::default()
        })),
        code_lens_provider: Some(lsp::CodeLensOptions { resolve_provider: Some(false) }),
        code_action_provider: Some(if client.code_action_literals {
            lsp::CodeActionProviderCapability::Options(actions)
        } else {
            lsp::CodeActionProviderCapability::Simple(true)
        }),
        hover_provider: Some(lsp::HoverProviderCapability::Simple(true)),
        inlay_hint_provider: Some(lsp::OneOf::Left(true)),
        document_symbol_provider: Some(lsp::OneOf::Left(true)),
        folding_range_provider: Some(lsp::FoldingRangeProviderCapability::Simple(true)),
        completion_provider: Some(lsp::CompletionOptions {
            trigger_characters: Some(handlers::completion::TRIGGERS.map(str::to_owned).to_vec()),
            ..Default::default()
        }),
        execute_command_provider: Some(lsp::ExecuteCommandOptions {
            commands: EditorCommand::NAMES.iter().map(|&name| name.to_owned()).collect(),
            ..Default::default()
        }),
        workspace: Some(lsp::WorkspaceServerCapabilities {
            workspace_folders: Some(lsp::WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(lsp::OneOf::Left(true)),
            }),
            file_operations: None,
        }),
        ..Default::default()
    }
}
