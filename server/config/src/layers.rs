//! The layers of settings: each key is taken from the last layer that has it.

use super::{
    Config, Limits, Verification, VerifierKind, aliases,
    check::{Flaw, check},
    duration::amount,
    source::{Places, Source, Values, child},
};
use alfine_agents::Permissions;
use alfine_core::{
    breaker::{Rule, Scope},
    lint::LintCode,
    plan::{Fields, Placed},
    printable::printable,
    text::Span,
};
use alfine_files::UserDirs;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

/// The lists of this setting in all layers are added together, so that no repository can undo what the user masks.
const ADDS_UP: &str = "safety.mask";

/// What demands more of the work, and the switches without which it does not.
const DEMANDS: [&str; 10] = [
    "acceptance_criteria.enabled",
    "acceptance_criteria.auto_append_standard",
    "acceptance_criteria.require_verifiable",
    "quality_gates.require_tests",
    "commit_discipline.enabled",
    "commit_discipline.require_tests",
    "commit_discipline.require_lint",
    "browser_verify.enabled",
    NARROWS,
    UI_WORDS,
];

/// The switch that demands less where it is on.
const NARROWS: &str = "browser_verify.auto_detect_ui_tasks";
/// The words by which it does so.
const UI_WORDS: &str = "lint.ui_words";

/// Where a setting comes from. A later layer overrides an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Nobody set it, so the default holds.
    Default,
    /// The user's `config.toml`.
    User,
    /// The repository's `alfine.toml`. Not to be trusted.
    Repository,
    /// The editor's settings.
    Editor,
    /// The task's own fields and its plan's.
    Task,
    /// The command line: what is typed now is meant now.
    CommandLine,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "the defaults",
            Self::User => "the user's settings",
            Self::Repository => "the repository's settings",
            Self::Editor => "the editor's settings",
            Self::Task => "the task",
            Self::CommandLine => "the command line",
        })
    }
}

/// Some settings, in the shape of the configuration file. What is `null` is not said.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Partial(pub(super) Map<String, Value>);

impl Partial {
    /// Takes settings as an editor sends them; anything but an object says nothing.
    pub fn of_json(value: Value) -> Self {
        match value {
            Value::Object(mut map) => {
                drop_nulls(&mut map);
                Self(map)
            }
            _ => Self::default(),
        }
    }

    /// Sets one setting by its dotted path, such as `limits.iterations`; `null` says nothing.
    pub fn set(&mut self, path: &str, value: impl Into<Value>) {
        let value = value.into();
        if value.is_null() {
            return;
        }
        let (tables, key) = path.rsplit_once('.').unwrap_or(("", path));
        let mut map = &mut self.0;
        for table in tables.split('.').filter(|name| !name.is_empty()) {
            let entry = map.entry(table).or_insert_with(|| Value::Object(Map::new()));
            if !entry.is_object() {
                *entry = Value::Object(Map::new());
            }
            let Value::Object(inner) = entry else { return };
            map = inner;
        }
        map.insert(key.to_owned(), value);
    }
}

fn drop_nulls(map: &mut Map<String, Value>) {
    map.retain(|_, value| {
        if let Value::Object(inner) = value {
            drop_nulls(inner);
        }
        !value.is_null()
    });
}

impl From<&Fields> for Partial {
    fn from(fields: &Fields) -> Self {
        fn said<T: Serialize>(field: &Option<Placed<T>>) -> Value {
            serde_json::to_value(field.as_ref().map(|field| &field.value)).unwrap_or_default()
        }
        let mut partial = Self::default();
        partial.set("agent", said(&fields.agent));
        partial.set("model", said(&fields.model));
        partial.set("limits.iterations", said(&fields.max_iterations));
        partial.set("limits.cost_usd", said(&fields.max_cost));
        partial.set("max_parallel", said(&fields.max_parallel));
        partial.set("lands", said(&fields.lands));
        partial.set("budget.plan_usd", said(&fields.budget));
        partial.set("isolation", said(&fields.isolation));
        partial.set("context", said(&fields.context));
        partial.set("autonomy", said(&fields.autonomy));
        // A plan says the root by nothing, a settings file by a dot.
        let folder =
            fields.folder.as_ref().map(|folder| if folder.value.is_empty() { "." } else { &folder.value });
        partial.set("verification.folder", folder);
        partial
    }
}

/// All that is said, by whom.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    /// The user's `config.toml`.
    pub user: Option<Source>,
    /// The repository's `alfine.toml`.
    pub repository: Option<Source>,
    /// The editor's settings.
    pub editor: Partial,
    /// The plan's defaults, then the task's fields.
    pub task: Vec<Partial>,
    /// The command line's.
    pub command_line: Partial,
}

impl Layers {
    /// Reads the two files; a file that does not exist sets nothing.
    pub fn read(user: &UserDirs, repository: &Path) -> Self {
        Self {
            user: Source::read(&user.config.join("config.toml")),
            repository: Source::read(&repository.join("alfine.toml")),
            ..Self::default()
        }
    }
}

/// Something wrong in one layer, at its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfigProblem {
    /// Whether it keeps loops from starting; otherwise it is a warning.
    pub error: bool,
    /// The layer that set the value.
    pub layer: Layer,
    /// The setting's dotted path, such as `limits.iterations` or `verifiers[1].command`; empty for a whole file.
    pub key: String,
    /// The file, if a file said it.
    pub path: Option<PathBuf>,
    /// The bytes in the file; a byte order mark is not counted.
    pub span: Option<Span>,
    /// One-based line, and column in characters.
    pub line_column: Option<(usize, usize)>,
    /// What is wrong. A sentence without a full stop.
    pub message: String,
    /// What was probably meant: what the bytes of the span could be replaced with, or the whole path of a setting.
    pub suggestion: Option<String>,
    /// What kind of finding it is on a command, which is run all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lint: Option<LintCode>,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{}:", printable(&path.to_string_lossy()))?,
            None => write!(f, "{}:", self.layer)?,
        }
        if let Some((line, column)) = self.line_column {
            write!(f, "{line}:{column}:")?;
        }
        write!(f, " {}", self.message)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; did you mean {suggestion}?"),
            None => Ok(()),
        }
    }
}

/// Settings that cannot be; at least one problem is an error.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", .0.iter().filter(|problem| problem.error).map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ConfigError(pub Vec<ConfigProblem>);

/// The settings that hold, and who said them.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// What is wrong, in the order of layers and places.
    pub problems: Vec<ConfigProblem>,
    said: BTreeMap<String, Layer>,
    files: Vec<(Layer, PathBuf, Places)>,
    /// What the user's own file says.
    own: Map<String, Value>,
}

/// A limit that somebody else than the user set higher than the user's own file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RaisedLimit {
    /// The layer that raises the limit.
    pub by: Layer,
    /// The setting's dotted path, such as `limits.cost_usd`.
    pub key: String,
    /// The setting with its value, as the file would have it.
    pub text: String,
}

impl Loaded {
    /// Returns who set a setting, by its dotted path, such as `limits.iterations`. For a table (`agents.claude`): the
    /// latest of those who set anything in it.
    pub fn origin(&self, key: &str) -> Layer {
        self.within(key).map(|(_, layer)| layer).max().unwrap_or(Layer::Default)
    }

    /// Says whether a setting, or anything in a table, is what this layer said.
    pub(crate) fn any_from(&self, key: &str, layer: Layer) -> bool {
        self.within(key).any(|(_, from)| from == layer)
    }

    /// Returns the model that the chosen agent is asked to use. The later layer wins, whether it sets the model for all
    /// agents or for this one.
    pub fn model(&self) -> Option<&str> {
        let config = &self.config;
        let own = config.agents.get(&config.agent).and_then(|agent| agent.model.as_deref());
        self.later(own, config.model.as_deref(), "model")
    }

    /// Returns what the chosen agent may do. The later layer wins, whether it sets that for all agents or for this one.
    pub fn permissions(&self) -> Permissions {
        let config = &self.config;
        let own = config.agents.get(&config.agent).and_then(|agent| agent.permissions);
        self.later(own, Some(config.permissions), "permissions").unwrap_or_default()
    }

    /// Returns the limits on money and time that a repository, an editor or a plan raises above the user's own file.
    /// Limits given on the command line need no approval. A limit that the user's file does not set cannot be raised.
    pub fn raised_limits(&self) -> Vec<RaisedLimit> {
        let Ok(now) = serde_json::to_value(&self.config) else { return Vec::new() };
        let rules = Rule::ALL.map(Rule::info).into_iter().filter(|rule| rule.scope == Scope::Budget);
        let limits = rules.map(|rule| ("limits", rule.setting)).chain([("limits", "hard_limit")]);
        let budgets = ["plan_usd", "day_usd", "plan_time"].map(|name| ("budget", name));
        let raised = limits.chain(budgets).filter_map(|(table, name)| {
            let key = format!("{table}.{name}");
            let (own, now) = (self.own.get(table)?.get(name)?, now.get(table)?.get(name)?);
            let by = self.origin(&key);
            let is_others = matches!(by, Layer::Repository | Layer::Editor | Layer::Task);
            let text = format!(
                "{key} = {}",
                now.as_f64().map_or_else(|| now.to_string(), |number| number.to_string())
            );
            (is_others && amount(now)? > amount(own)?).then_some(RaisedLimit { by, key, text })
        });
        raised.collect()
    }

    /// The demands of the user's own file that do not hold: each key, with what holds in its place.
    pub(crate) fn loosened(&self) -> Vec<(&'static str, Value)> {
        let now = serde_json::to_value(&self.config).unwrap_or_default();
        let defaults = serde_json::to_value(Config::default()).unwrap_or_default();
        let loosened = DEMANDS.into_iter().filter_map(|key| {
            let (table, name) = key.split_once('.')?;
            // Only where the user demands anything of the kind.
            self.own.get(if key == UI_WORDS { "browser_verify" } else { table })?;
            let own = self.own.get(table).and_then(|own| own.get(name)).unwrap_or(&defaults[table][name]);
            let now = &now[table][name];
            let is_less = match (own, now) {
                (Value::Array(own), Value::Array(now)) => own.iter().any(|demand| !now.contains(demand)),
                (own, now) if key == NARROWS => own == false && now == true,
                (own, now) => own == true && now == false,
            };
            is_less.then(|| (key, now.clone()))
        });
        // Work that was to wait on a branch of its own would land on the user's.
        let lands = (self.own.get("lands").is_some_and(|own| own == "branch") && now["lands"] == "target")
            .then(|| ("lands", now["lands"].clone()));
        loosened.chain(lands).collect()
    }

    fn later<T>(&self, own: Option<T>, of_all: Option<T>, key: &str) -> Option<T> {
        let own_key = format!("agents.{}.{key}", self.config.agent);
        if of_all.is_none() || self.origin(&own_key) >= self.origin(key) { own.or(of_all) } else { of_all }
    }

    fn within<'l>(&'l self, key: &'l str) -> impl Iterator<Item = (&'l str, Layer)> {
        self.said
            .range(key.to_owned()..)
            .map(|(path, layer)| (path.as_str(), *layer))
            .take_while(move |(path, _)| path.starts_with(key))
            .filter(move |(path, _)| {
                path.get(key.len()..).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
    }

    fn source(&mut self, tree: &mut Map<String, Value>, layer: Layer, source: &Source) {
        match source.parse() {
            Ok(Values { tree: said, places }) => {
                self.files.push((layer, source.path.clone(), places));
                self.layer(tree, layer, said);
            }
            Err(unreadable) => self.problems.push(ConfigProblem {
                error: true,
                layer,
                key: String::new(),
                path: Some(source.path.clone()),
                span: unreadable.place.as_ref().map(|place| place.span),
                line_column: unreadable.place.map(|place| place.line_column),
                message: printable(&unreadable.message),
                suggestion: None,
                lint: None,
            }),
        }
    }

    fn layer(&mut self, tree: &mut Map<String, Value>, layer: Layer, mut said: Map<String, Value>) {
        let mut flaws = check(&mut said);
        flaws.extend(aliases::resolve(&mut said).into_iter().map(|twice| Flaw {
            fatal: false,
            at_key: true,
            ..Flaw::of_value(twice.name, twice.message)
        }));
        let mut problems: Vec<_> = flaws.into_iter().map(|flaw| self.problem(layer, flaw)).collect();
        problems.sort_by_key(|problem| problem.span.map_or(usize::MAX, |span| span.start));
        self.problems.append(&mut problems);
        note(&said, "", layer, &mut self.said);
        merge(tree, said, "");
    }

    /// Finds the place of a flaw: its own, or else that of the table or list that it is in.
    fn problem(&self, layer: Layer, flaw: Flaw) -> ConfigProblem {
        let file = self.files.iter().find(|(from, ..)| *from == layer);
        let place = file.and_then(|(_, _, places)| {
            let by = |path: &str| if flaw.at_key { places.key(path) } else { places.value(path) };
            let exact = by(&flaw.path).or_else(|| aliases::names_of(&flaw.path).find_map(by));
            let mut outer = flaw.path.as_str();
            exact.or_else(|| {
                loop {
                    outer = outer.get(..outer.rfind(['.', '['])?)?;
                    if let Some(place) = places.key(outer) {
                        break Some(place);
                    }
                }
            })
        });
        ConfigProblem {
            error: flaw.fatal,
            layer,
            key: flaw.path,
            path: file.map(|(_, path, _)| path.clone()),
            span: place.map(|place| place.span),
            line_column: place.map(|place| place.line_column),
            message: flaw.message,
            suggestion: flaw.suggestion,
            lint: flaw.lint,
        }
    }

    fn wrong_together(&mut self, key: &str, message: String) {
        let problem = self.problem(self.origin(key), Flaw::of_value(key, message));
        self.problems.push(problem);
    }

    /// Checks what no layer can be blamed for alone.
    fn check_together(&mut self) {
        let Verification { green, yellow, .. } = self.config.verification;
        if green < yellow {
            let key = match self.origin("verification.green") >= self.origin("verification.yellow") {
                true => "verification.green",
                false => "verification.yellow",
            };
            self.wrong_together(
                key,
                format!("`verification.green` is {green}, below `verification.yellow`, {yellow}"),
            );
            let Verification { green, yellow, .. } = Verification::default();
            self.config.verification.green = green;
            self.config.verification.yellow = yellow;
        }
        let Limits { iterations, hard_limit, .. } = self.config.limits;
        if iterations > hard_limit {
            if self.origin("limits.iterations") != Layer::Default {
                let message =
                    format!("`limits.iterations` is {iterations}, above `limits.hard_limit`, {hard_limit}");
                self.wrong_together("limits.iterations", message);
            }
            self.config.limits.iterations = hard_limit;
        }
        let pages = &self.config.browser_verify;
        let looks = self.config.verifiers.iter().any(|verifier| verifier.kind == VerifierKind::Browser);
        if pages.enabled && pages.dev_server_command.is_none() && !looks {
            let message = "`browser_verify.enabled` needs `browser_verify.dev_server_command`: the command that serves the pages, \
                           on the port that it gets as {port}";
            self.wrong_together("browser_verify.enabled", message.to_owned());
        }
        let needs_command = |agent: &str| {
            let has_command = self.config.agents.get(agent).is_some_and(|agent| agent.command.is_some());
            agent == "command" && !has_command
        };
        let judge = self.config.judge.agent.as_deref();
        let named = [("agent", Some(self.config.agent.as_str())), ("judge.agent", judge)];
        let without: Vec<(&str, String)> = named
            .into_iter()
            .filter_map(|(key, agent)| Some((key, agent.filter(|agent| needs_command(agent))?.to_owned())))
            .collect();
        for (key, agent) in without {
            let message = format!("the agent \"{agent}\" needs `agents.{agent}.command`: the program to run");
            self.wrong_together(key, message);
        }
    }
}

/// Notes who said which setting; a list is one setting.
fn note(said: &Map<String, Value>, path: &str, layer: Layer, noted: &mut BTreeMap<String, Layer>) {
    for (key, value) in said {
        let path = child(path, key);
        match value {
            Value::Object(inner) => note(inner, &path, layer, noted),
            _ => {
                noted.insert(path, layer);
            }
        }
    }
}

/// Lays `over` over `base`: tables key by key, all else replaces.
pub(super) fn merge(base: &mut Map<String, Value>, over: Map<String, Value>, path: &str) {
    for (key, value) in over {
        let path = child(path, &key);
        match (base.get_mut(&key), value) {
            (Some(Value::Object(inner)), Value::Object(over)) => merge(inner, over, &path),
            (Some(Value::Array(list)), Value::Array(more)) if path == ADDS_UP => list.extend(more),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// Reads all layers. Any setting that cannot be is an error; unknown settings are warnings in `problems`.
pub fn load(layers: &Layers) -> Result<Loaded, ConfigError> {
    let loaded = load_what_is_valid(layers);
    if loaded.problems.iter().any(|problem| problem.error) {
        Err(ConfigError(loaded.problems))
    } else {
        Ok(loaded)
    }
}

/// Reads all layers and leaves out what cannot be, so that an editor can go on while a file is written. Never for
/// starting a loop.
pub fn load_what_is_valid(layers: &Layers) -> Loaded {
    let mut loaded = Loaded::default();
    let mut tree = Map::new();
    for (layer, source) in [(Layer::User, &layers.user), (Layer::Repository, &layers.repository)] {
        if let Some(source) = source {
            loaded.source(&mut tree, layer, source);
        }
        if layer == Layer::User {
            loaded.own = tree.clone();
        }
    }
    loaded.layer(&mut tree, Layer::Editor, layers.editor.0.clone());
    for task in &layers.task {
        loaded.layer(&mut tree, Layer::Task, task.0.clone());
    }
    loaded.layer(&mut tree, Layer::CommandLine, layers.command_line.0.clone());
    match serde_json::from_value(Value::Object(tree)) {
        Ok(config) => loaded.config = config,
        // The schema let something pass that the types do not accept. That is a defect, reported rather than hidden.
        Err(error) => loaded.wrong_together("", printable(&error.to_string())),
    }
    loaded.check_together();
    loaded
}
