//! Settings under the names of other tools that run agents in loops, in one table: what each name stands for here.
//!
//! A name of this table is checked, documented and completed like any other setting, since it is in the schema. Once a
//! layer is checked, what it says by such a name is said by the setting's own.

use serde_json::{Map, Value, json};

/// A name that stands for other settings.
struct Alias {
    /// The dotted path of the name; its table may be one that has settings of its own, too.
    name: &'static str,
    means: Means,
}

/// What a name stands for.
enum Means {
    /// The setting of this path, whose values it takes.
    Is(&'static str),
    /// A switch: `false` switches the settings of these paths off, whatever its own table says of them; `true` says nothing. With
    /// what it is that is switched, as its documentation.
    Switch(&'static [&'static str], &'static str),
    /// The same, of a list: `false` empties it.
    Empties(&'static str, &'static str),
}

use Means::{Empties, Is, Switch};

/// In this order they are taken: a switch after what it switches off.
const ALIASES: [Alias; 10] = [
    Alias { name: "learn", means: Is("learning.enabled") },
    Alias { name: "autonomous_loop.default_max_iterations", means: Is("limits.iterations") },
    Alias { name: "autonomous_loop.hard_limit", means: Is("limits.hard_limit") },
    Alias { name: "dependency_ordering.auto_detect", means: Is("dependencies.detect") },
    Alias { name: "dependency_ordering.warn_on_violation", means: Is("lint.order") },
    Alias {
        name: "dependency_ordering.enabled",
        means: Switch(
            &["dependencies.detect", "lint.order"],
            "Whether tasks are put into an order that their plan does not say.",
        ),
    },
    Alias { name: "task_sizing.max_files_mentioned", means: Is("lint.max_files") },
    Alias { name: "task_sizing.max_plan_words", means: Is("lint.max_words") },
    Alias {
        name: "task_sizing.warn_on_scope_words",
        means: Empties("lint.scope_words", "Whether words such as “entire” mark a task as too large."),
    },
    Alias {
        name: "task_sizing.enabled",
        means: Switch(&["lint.size"], "Whether a task that is too large is reported."),
    },
];

impl Alias {
    fn targets(&self) -> &[&'static str] {
        match &self.means {
            Is(target) | Empties(target, _) => std::slice::from_ref(target),
            Switch(targets, _) => targets,
        }
    }
}

/// The other names of a setting.
pub(super) fn names_of(path: &str) -> impl Iterator<Item = &'static str> {
    ALIASES.iter().filter(move |alias| alias.targets().contains(&path)).map(|alias| alias.name)
}

/// Whether a name, or its table, is where other names of limits stand.
pub(super) fn name_limits(name: &str) -> bool {
    let tables = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let of_limits = |alias: &&Alias| alias.targets().iter().any(|target| target.starts_with("limits."));
    ALIASES.iter().filter(of_limits).any(|alias| tables(alias.name) == tables(name))
}

/// Adds the names to the schema of the settings.
pub(super) fn add_to(schema: &mut Value) {
    for alias in &ALIASES {
        let entry = match &alias.means {
            Is(target) => {
                let mut entry = at(schema, target).cloned().unwrap_or_default();
                let meaning = entry.get("description").and_then(Value::as_str).unwrap_or_default();
                let summary = meaning.split_inclusive(". ").next().unwrap_or_default().trim_end();
                entry["description"] = format!("Another name of `{target}`. {summary}").into();
                entry["aliasOf"] = json!([target]);
                entry
            }
            Switch(_, meaning) | Empties(_, meaning) => {
                let targets = alias.targets();
                let off: Vec<String> = targets.iter().map(|target| format!("`{target}`")).collect();
                let meaning = format!("{meaning} `false` switches {} off.", off.join(" and "));
                json!({ "type": "boolean", "default": true, "description": meaning, "aliasOf": targets })
            }
        };
        let Some((table, key)) = alias.name.split_once('.') else {
            schema["properties"][alias.name] = entry;
            continue;
        };
        let tables = &mut schema["properties"];
        if tables.get(table).is_none() {
            tables[table] = json!({
                "type": "object",
                "description": "Names for settings of other tables, as other tools have them.",
            });
        }
        tables[table]["properties"][key] = entry;
    }
}

/// A setting that a layer says by both of its names.
pub(super) struct SaidTwice {
    /// The other name.
    pub(super) name: &'static str,
    /// What is wrong. A sentence without a full stop.
    pub(super) message: String,
}

/// Moves what a layer says by these names to the settings that they stand for. Where a layer says both, the setting's own
/// name wins, and that is told.
pub(super) fn resolve(tree: &mut Map<String, Value>) -> Vec<SaidTwice> {
    let own = tree.clone();
    let mut twice = Vec::new();
    for alias in &ALIASES {
        let Some(value) = take(tree, alias.name) else { continue };
        let value = match alias.means {
            Is(_) => value,
            _ if value == Value::Bool(true) => continue,
            Switch(..) => json!(false),
            Empties(..) => json!([]),
        };
        for &target in alias.targets() {
            match get(&own, target) {
                Some(_) => twice.push(SaidTwice::new(alias.name, target)),
                None => put(tree, target, value.clone()),
            }
        }
    }
    twice
}

impl SaidTwice {
    fn new(name: &'static str, target: &str) -> Self {
        let message = format!(
            "`{name}` stands for `{target}`, which is set here, too: `{target}` holds, so remove `{name}`"
        );
        Self { name, message }
    }
}

fn at<'s>(schema: &'s Value, path: &str) -> Option<&'s Value> {
    path.split('.').try_fold(schema, |schema, key| schema.get("properties")?.get(key))
}

fn get<'t>(tree: &'t Map<String, Value>, path: &str) -> Option<&'t Value> {
    let (table, key) = path.split_once('.').unwrap_or(("", path));
    if table.is_empty() { tree.get(key) } else { tree.get(table)?.get(key) }
}

fn take(tree: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let Some((table, key)) = name.split_once('.') else { return tree.remove(name) };
    let inner = tree.get_mut(table)?.as_object_mut()?;
    let value = inner.remove(key);
    // A table of such names alone is none of the settings' types.
    if inner.is_empty() {
        tree.remove(table);
    }
    value
}

fn put(tree: &mut Map<String, Value>, path: &str, value: Value) {
    let Some((table, key)) = path.split_once('.') else {
        tree.insert(path.to_owned(), value);
        return;
    };
    let table = tree.entry(table).or_insert_with(|| json!({}));
    if let Some(table) = table.as_object_mut() {
        table.insert(key.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Layer, Layers, Source, load, load_what_is_valid};

    fn layers(text: &str) -> Layers {
        Layers { repository: Some(Source::of_text("alfine.toml", text)), ..Layers::default() }
    }

    fn at_path<'v>(value: &'v Value, path: &str) -> &'v Value {
        path.split('.').fold(value, |value, key| &value[key])
    }

    #[test]
    fn every_name_stands_for_settings_that_there_are_and_is_none_itself() {
        let defaults = serde_json::to_value(crate::Config::default()).unwrap();
        for (n, alias) in ALIASES.iter().enumerate() {
            assert!(at_path(&defaults, alias.name).is_null(), "{}", alias.name);
            assert!(ALIASES[..n].iter().all(|other| other.name != alias.name), "{}", alias.name);
            assert!(!alias.targets().is_empty(), "{}", alias.name);
            for target in alias.targets() {
                let setting = crate::Setting::at(target.split('.')).unwrap_or_else(|| panic!("{target}"));
                assert!(setting.table().is_none(), "{target}");
            }
        }
    }

    #[test]
    fn each_switch_switches_off_and_says_nothing_else() {
        for alias in ALIASES.iter().filter(|alias| !matches!(alias.means, Is(_))) {
            let (table, key) = alias.name.split_once('.').unwrap();
            let loaded = load(&layers(&format!("[{table}]\n{key} = true\n"))).unwrap();
            assert_eq!(
                (loaded.config, loaded.problems),
                (crate::Config::default(), vec![]),
                "{}",
                alias.name
            );
            let loaded = load(&layers(&format!("[{table}]\n{key} = false\n"))).unwrap();
            assert_eq!(loaded.problems, []);
            for target in alias.targets() {
                assert_eq!(loaded.origin(target), Layer::Repository);
                let now = serde_json::to_value(&loaded.config).unwrap();
                assert!([json!(false), json!([])].contains(at_path(&now, target)), "{target}");
            }
        }
    }

    #[test]
    fn a_name_has_the_values_bounds_and_place_of_its_setting() {
        let loaded = load(&layers(
            "learn = true\n[autonomous_loop]\ndefault_max_iterations = 7\n[task_sizing]\nmax_plan_words = 9\n",
        ));
        let config = loaded.unwrap().config;
        assert_eq!((config.limits.iterations, config.lint.max_words), (7, 9));
        assert!(config.learning.enabled);
        let wrong = load_what_is_valid(&layers("[autonomous_loop]\ndefault_max_iterations = 70\n"));
        assert_eq!(
            wrong.problems[0].to_string(),
            "alfine.toml:2:26: `autonomous_loop.default_max_iterations` is 70, above 50, the most it can be"
        );
        for (text, is_error) in
            [("[task_sizing]\nmax_files = 3\n", false), ("[autonomous_loop]\nmax_iteration = 3\n", true)]
        {
            let unknown = &load_what_is_valid(&layers(text)).problems[0];
            assert_eq!(
                (unknown.error, unknown.message.starts_with("unknown setting")),
                (is_error, true),
                "{unknown}"
            );
        }
    }

    #[test]
    fn a_later_layer_wins_whatever_name_it_says() {
        let user = Source::of_text("config.toml", "[limits]\niterations = 3\n");
        let both = Layers { user: Some(user), ..layers("[autonomous_loop]\ndefault_max_iterations = 7\n") };
        let loaded = load(&both).unwrap();
        assert_eq!((loaded.config.limits.iterations, loaded.problems), (7, vec![]));
    }

    #[test]
    fn both_names_in_one_file_are_told_and_the_settings_own_wins() {
        let loaded = load(&layers(
            "[limits]\niterations = 3\n[autonomous_loop]\ndefault_max_iterations = 7\n[dependencies]\ndetect = true\n\
             [dependency_ordering]\nenabled = false\nauto_detect = false\n",
        ))
        .unwrap();
        let config = &loaded.config;
        assert_eq!(
            (config.limits.iterations, config.dependencies.detect, config.lint.order),
            (3, true, false)
        );
        let told: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "alfine.toml:4:1: `autonomous_loop.default_max_iterations` stands for `limits.iterations`, which is set here, too: \
                 `limits.iterations` holds, so remove `autonomous_loop.default_max_iterations`",
                "alfine.toml:8:1: `dependency_ordering.enabled` stands for `dependencies.detect`, which is set here, too: \
                 `dependencies.detect` holds, so remove `dependency_ordering.enabled`",
                "alfine.toml:9:1: `dependency_ordering.auto_detect` stands for `dependencies.detect`, which is set here, too: \
                 `dependencies.detect` holds, so remove `dependency_ordering.auto_detect`",
            ]
        );
        assert!(loaded.problems.iter().all(|problem| !problem.error));
    }
}
