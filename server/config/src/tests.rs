//! The whole way from files to settings.

use super::{catalogue::Format, *};
use alfine_agents::Permissions;
use alfine_core::breaker::{self, Rule};
use alfine_core::lint::LintCode;
use alfine_core::plan::{Autonomy, Fields, Isolation, Placed};
use alfine_core::text::Span;
use proptest::prelude::*;
use serde_json::json;
use std::{fs, path::Path, time::Duration};

fn repository(text: impl Into<Vec<u8>>) -> Layers {
    Layers { repository: Some(Source::of_text("alfine.toml", text)), ..Layers::default() }
}

fn problems(text: impl Into<Vec<u8>>) -> Vec<String> {
    load_what_is_valid(&repository(text)).problems.iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_said_is_the_defaults() {
    let loaded = load(&Layers::default()).unwrap();
    assert_eq!(loaded.config, Config::default());
    assert_eq!(loaded.origin("limits.iterations"), Layer::Default);
    let limits = loaded.config.limits;
    assert_eq!((limits.iterations, limits.no_change, limits.same_error, limits.rework), (10, 3, 5, 3));
    assert_eq!(limits.wall_time.get(), Duration::from_secs(4 * 3600));
    assert_eq!(limits.stall.get(), Duration::from_secs(900));
}

#[test]
fn a_whole_file_is_read() {
    let loaded = load(&repository(
        r#"
        agent = "rehearsal"
        plans = ["docs/*.md"]
        [limits]
        iterations = 20
        cost_usd = 5
        wall_time = "90m"
        [worktree]
        copy = [".env*"]
        link = ["node_modules"]
        setup = "npm ci"
        [[verifiers]]
        name = "test"
        command = "npm test"
        [[verifiers]]
        name = "clean"
        kind = "clean-tree"
        weight = 0.5
        required = false
        timeout = "10s"
        [agents.rehearsal]
        args = ["--oss"]
        env = { A_B = "1", "odd.name" = "2" }
        permissions = "edits"
        [gate]
        promise = "COMPLETE"
        [safety]
        mask = ["internal-[0-9]+"]
        "#,
    ))
    .unwrap();
    assert_eq!(loaded.problems, []);
    let config = loaded.config;
    assert_eq!(config.agent, "rehearsal");
    assert_eq!(config.limits.cost_usd, Some(5.0));
    assert_eq!(config.limits.wall_time.get(), Duration::from_secs(5400));
    assert_eq!(config.limits.stall, Config::default().limits.stall);
    assert_eq!(config.verifiers[0].timeout.get(), Duration::from_secs(300));
    assert!(config.verifiers[0].required);
    assert_eq!(config.verifiers[1].kind, VerifierKind::CleanTree);
    assert_eq!(config.agents["rehearsal"].permissions, Some(Permissions::Edits));
    assert_eq!(config.agents["rehearsal"].env["odd.name"], "2");
}

#[test]
fn the_later_layer_wins_setting_by_setting() {
    let mut layers =
        repository("model = \"b\"\n[limits]\niterations = 20\nrework = 4\n[verification]\nauto = false");
    layers.user =
        Some(Source::of_text("config.toml", "model = \"a\"\ncontext = \"fresh\"\n[limits]\nno_change = 7"));
    layers.editor =
        Partial::of_json(json!({ "limits": { "iterations": 30, "cost_usd": null }, "model": null }));
    layers.command_line.set("limits.iterations", 5);
    let fields = Fields {
        max_iterations: Some(Placed { value: 6, span: Span::default() }),
        max_cost: Some(Placed { value: 2.5, span: Span::default() }),
        isolation: Some(Placed { value: Isolation::InPlace, span: Span::default() }),
        autonomy: Some(Placed { value: Autonomy::FullAuto, span: Span::default() }),
        ..Fields::default()
    };
    layers.task = vec![Partial::from(&Fields::default()), Partial::from(&fields)];

    let loaded = load(&layers).unwrap();
    assert_eq!(loaded.config.limits.iterations, 5, "what is typed goes before the plan");
    assert_eq!(loaded.config.limits.cost_usd, Some(2.5));
    assert_eq!(loaded.config.limits.no_change, 7);
    assert_eq!(loaded.config.limits.rework, 4);
    assert_eq!(loaded.config.model.as_deref(), Some("b"));
    assert_eq!(loaded.config.isolation, Isolation::InPlace);
    assert_eq!(loaded.config.autonomy, Autonomy::FullAuto);
    assert!(!loaded.config.verification.auto);
    assert_eq!(loaded.origin("limits.iterations"), Layer::CommandLine);
    assert_eq!(loaded.origin("limits.cost_usd"), Layer::Task);
    assert_eq!(loaded.origin("model"), Layer::Repository);
    assert_eq!(loaded.origin("context"), Layer::User);
    assert_eq!(loaded.origin("verification"), Layer::Repository);
    assert_eq!(loaded.origin("limits.stall"), Layer::Default);
    assert!(loaded.any_from("limits", Layer::User));
    assert!(!loaded.any_from("limit", Layer::User), "a name's beginning is not the name");
}

#[test]
fn the_agents_own_model_gives_way_to_what_is_said_later() {
    let mut layers = repository("model = \"b\"");
    layers.user = Some(Source::of_text(
        "config.toml",
        "model = \"a\"\npermissions = \"edits\"\n[agents.claude]\nmodel = \"own\"\npermissions = \"all\"",
    ));
    assert_eq!(load(&layers).unwrap().model(), Some("b"));
    layers.repository = None;
    let loaded = load(&layers).unwrap();
    assert_eq!((loaded.model(), loaded.permissions()), (Some("own"), Permissions::All));
    layers.task = vec![Partial::of_json(json!({ "agent": "rehearsal" }))];
    let loaded = load(&layers).unwrap();
    assert_eq!((loaded.model(), loaded.permissions()), (Some("a"), Permissions::Edits));
    assert_eq!(load(&Layers::default()).unwrap().model(), None);
}

#[test]
fn lists_replace_but_a_repository_cannot_unmask_what_the_user_masks() {
    let mut layers = repository("plans = []\n[safety]\nmask = [\"b+\"]");
    layers.user = Some(Source::of_text("config.toml", "plans = [\"x.md\"]\n[safety]\nmask = [\"a+\"]"));
    let config = load(&layers).unwrap().config;
    assert_eq!(config.plans, [""; 0]);
    assert_eq!(config.safety.mask, ["a+", "b+"]);
}

#[test]
fn an_unknown_setting_is_a_warning_with_the_nearest_name_at_its_place() {
    let loaded = load(&repository("agnet = \"rehearsal\"\n\n[lint]\n  max_fils = 3\n")).unwrap();
    let shown: Vec<_> = loaded.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "alfine.toml:1:1: unknown setting `agnet`; did you mean agent?",
            "alfine.toml:4:3: unknown setting `lint.max_fils`; did you mean lint.max_files?",
        ]
    );
    assert_eq!(loaded.problems[0].span, Some(Span::new(0, 5)));
    assert!(loaded.problems.iter().all(|problem| !problem.error));
    assert_eq!(problems("xyzzy = 3"), ["alfine.toml:1:1: unknown setting `xyzzy`"]);
}

#[test]
fn a_limit_that_is_misspelt_is_an_error_since_it_would_be_none() {
    for (text, expected) in [
        (
            "[limits]\niteratons = 3",
            "2:1: unknown setting `limits.iteratons`; did you mean limits.iterations?",
        ),
        ("limits.max_cost = 1.0", "1:8: unknown setting `limits.max_cost`; did you mean limits.cost_usd?"),
        ("[limits]\ncost-usd = 1", "2:1: unknown setting `limits.cost-usd`; did you mean limits.cost_usd?"),
        ("[limits]\nxyzzy = 1", "2:1: unknown setting `limits.xyzzy`"),
        ("cost_usd = 1.0", "1:1: unknown setting `cost_usd`; did you mean limits.cost_usd?"),
        ("[limit]\ncost_usd = 1.0", "1:2: unknown setting `limit`; did you mean limits?"),
    ] {
        let layers = Layers { user: Some(Source::of_text("config.toml", text)), ..Layers::default() };
        assert_eq!(load(&layers).unwrap_err().to_string(), format!("config.toml:{expected}"));
    }
    let mut editor = Layers::default();
    editor.editor.set("limits.wall-clock", 1);
    assert!(load(&editor).is_err());
}

#[test]
fn a_limit_of_the_users_is_raised_by_others_and_lowered_by_nobody_unseen() {
    let raised = |layers: &Layers| -> Vec<String> {
        let raised = load(layers).unwrap().raised_limits().into_iter();
        raised.map(|raised| format!("{}: {}", raised.by, raised.text)).collect()
    };
    let theirs =
        "[limits]\niterations = 20\ncost_usd = 100000.0\ntokens = 200\nwall_time = \"1h 30m\"\nno_change = 9";
    let mut layers = repository(theirs);
    assert_eq!(raised(&layers), [""; 0], "nobody's limit");
    let own = "[limits]\niterations = 10\ncost_usd = 1\ntokens = 100\nwall_time = \"1h\"\nno_change = 2";
    layers.user = Some(Source::of_text("config.toml", own));
    assert_eq!(
        raised(&layers),
        [
            "the repository's settings: limits.iterations = 20",
            "the repository's settings: limits.cost_usd = 100000",
            "the repository's settings: limits.tokens = 200",
            "the repository's settings: limits.wall_time = \"1h 30m\"",
        ]
    );
    layers.editor = Partial::of_json(json!({ "limits": { "tokens": 300, "wall_time": "59m" } }));
    let fields = Fields {
        max_iterations: Some(Placed { value: 10, span: Span::default() }),
        max_cost: Some(Placed { value: 1.5, span: Span::default() }),
        ..Fields::default()
    };
    layers.task = vec![Partial::from(&fields)];
    assert_eq!(
        raised(&layers),
        ["the task: limits.cost_usd = 1.5", "the editor's settings: limits.tokens = 300"]
    );
    layers.command_line.set("limits.cost_usd", 50.0);
    assert_eq!(raised(&layers), ["the editor's settings: limits.tokens = 300"]);
}

#[test]
fn what_cannot_be_is_an_error_at_its_place_that_says_what_is_expected() {
    for (text, expected) in [
        ("[limits]\niterations = 0", "2:14: `limits.iterations` is 0, below 1, the least it can be"),
        ("[limits]\niterations = 80", "2:14: `limits.iterations` is 80, above the hard limit of 50"),
        ("[limits]\niterations = -1", "2:14: `limits.iterations` is -1, below 1, the least it can be"),
        (
            "[limits]\niterations = 3.5",
            "2:14: `limits.iterations` must be a whole number from 1 to 50, not 3.5",
        ),
        (
            "[limits]\niterations = \"ten\"",
            "2:14: `limits.iterations` must be a whole number from 1 to 50, not \"ten\"",
        ),
        ("[limits]\ncost_usd = -0.5", "2:12: `limits.cost_usd` is -0.5, below 0.01, the least it can be"),
        (
            "[limits]\ncost_usd = inf",
            "2:12: `limits.cost_usd` must be a number from 0.01 to 1000000.0, not \"inf\"",
        ),
        ("limits = 3", "1:10: `limits` must be a table, not 3"),
        ("[limits]\nstall = 15", "2:9: `limits.stall` must be a length of time such as \"15m\", not 15"),
        ("gate.loop_complete = \"yes\"", "1:22: `gate.loop_complete` must be true or false, not \"yes\""),
        ("plans = \"x.md\"", "1:9: `plans` must be a list in [ ], not \"x.md\""),
        ("plans = [\"a\", 3]", "1:15: `plans[1]` must be a text in quotes, not 3"),
        (
            "context = \"frehs\"",
            "1:11: `context` must be \"resume\" or \"fresh\", not \"frehs\"; did you mean \"fresh\"?",
        ),
        ("on_done = true", "1:11: `on_done` must be \"ask\", \"merge\" or \"pr\", not true"),
        (
            "agent = \"cluade\"",
            "1:9: `agent` must be \"claude\", \"command\" or \"rehearsal\", not \"cluade\"; did you mean \"claude\"?",
        ),
        (
            "[agents.cluade]\nmodel = \"x\"",
            "1:9: no such agent `agents.cluade`: it must be \"claude\", \"command\" or \"rehearsal\"; did you mean claude?",
        ),
        ("[agents.claude]\nmodel = \"--danger\"", "2:9: `agents.claude.model`: \"--danger\" begins with “-”"),
        ("plans = [\"a[\"]", "1:10: `plans[0]`: \"a[\" is not a glob: unclosed character class"),
        ("[worktree]\ncopy = [\"../x\"]", "2:9: `worktree.copy[0]`: \"../x\" is not a path below"),
        ("[worktree]\nlink = [\"/etc\"]", "2:9: `worktree.link[0]`: \"/etc\" is not a path below"),
        ("[worktree]\nsetup = \" \"", "2:9: `worktree.setup` is empty"),
        ("[proof]\nbefore = \" \"", "2:10: `proof.before` is empty"),
        (
            "[safety]\nmask = [\"(\"]",
            "2:9: `safety.mask[0]`: \"(\" is not a regular expression: unclosed group",
        ),
        ("[safety]\nmask = [\"x*\"]", "2:9: `safety.mask[0]`: \"x*\" matches an empty text"),
        ("[safety]\nmask = ['(\\w{900}){900}']", "2:9: `safety.mask[0]`: \"(\\\\w{900}){900}\" is too large"),
        ("[verification]\ngreen = 0.5", "2:9: `verification.green` is 0.5, below `verification.yellow`, 0.6"),
        (
            "[verification]\nyellow = 0.95",
            "2:10: `verification.green` is 0.9, below `verification.yellow`, 0.95",
        ),
        ("[[verifiers]]\ncommand = \"x\"", "1:1: `verifiers[0]` needs `name`"),
        ("[[verifiers]]\nname = \"x\"", "1:1: `verifiers[0]` needs `command`, or another `kind`"),
        (
            "[[verifiers]]\nname = \"x\"\nkind = \"llm\"",
            "1:1: `verifiers[0]` needs `question`, or another `kind`",
        ),
        (
            "[[verifiers]]\nname = \"x\"\ncommand = \"make\"\nquestion = \"Is it?\"",
            "4:12: a verifier of the kind \"command\" has no `question`",
        ),
        (
            "verifiers = [{name=\"a\",kind=\"clean-tree\",command=\"x\"}]",
            "1:50: a verifier of the kind \"clean-tree\" has no",
        ),
        (
            "verifiers = [{name=\"a\",command=\"x\"},{name=\"a\",command=\"y\"}]",
            "1:43: two verifiers have the name \"a\"",
        ),
        ("agent = \"command\"", "1:9: the agent \"command\" needs `agents.command.command`"),
    ] {
        let error = load(&repository(text)).expect_err(text);
        let shown = error.to_string();
        assert!(shown.starts_with(&format!("alfine.toml:{expected}")), "{text}\n{shown}");
        assert!(!shown.contains('\n'), "one mistake, one message: {shown}");
        let mut valid = load_what_is_valid(&repository(text)).config;
        valid.agents.clear();
        if !text.starts_with("agent = \"command\"") {
            assert_eq!(valid, Config::default(), "{text}");
        }
    }
}

#[test]
fn every_mistake_is_told_and_the_rest_holds() {
    let loaded = load_what_is_valid(&repository(
        "agent = 1\nlearn = 2\nmodel = \"m\"\n[limits]\nrework = 99\nstall = \"1h\"",
    ));
    let keys: Vec<_> = loaded.problems.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["agent", "learn", "limits.rework"]);
    assert_eq!(loaded.config.model.as_deref(), Some("m"));
    assert_eq!(loaded.config.limits.stall.get(), Duration::from_secs(3600));
}

#[test]
fn what_is_not_toml_is_an_error_at_its_line_and_column() {
    for (text, start) in [
        (b"agent = ".to_vec(), "alfine.toml:1:9: is not TOML: "),
        (b"agent = \"x\"\nagent = \"y\"\n".to_vec(), "alfine.toml:2:1: is not TOML: duplicate key"),
        (b"a = 1\nmodel = \"x\0y\"\n".to_vec(), "alfine.toml:2:11: is not TOML: "),
        (b"a = 1\nmodel = \"\xff\"\n".to_vec(), "alfine.toml:2:10: is not UTF-8 here"),
        (b"\xff\xfea\0g\0".to_vec(), "alfine.toml:1:1: is not UTF-8 here"),
        ("\u{202e}= 1".into(), "alfine.toml:1:1: is not TOML: "),
        (vec![b'#'; 10 * 1024 * 1024], "alfine.toml: is larger than 1048576 bytes"),
        ([b"x = ".to_vec(), vec![b'['; 100_000]].concat(), "alfine.toml:1:"),
        ([b"x".to_vec(), b".x".repeat(100_000), b" = 1".to_vec()].concat(), "alfine.toml: is not TOML: "),
        ([b"x = ".to_vec(), b"{a=".repeat(100_000)].concat(), "alfine.toml:1:"),
    ] {
        let shown = problems(text.clone()).join("\n");
        assert!(
            shown.starts_with(start),
            "{}\n{shown}",
            String::from_utf8_lossy(&text[..text.len().min(40)])
        );
        assert!(load(&repository(text)).is_err());
    }
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_nothing_special() {
    let loaded = load(&repository("\u{feff}agent = \"rehearsal\"\r\n[limits]\r\nrework = 4\r\n")).unwrap();
    assert_eq!(loaded.config.agent, "rehearsal");
    let error = load(&repository("\u{feff}agent = 7\r\n[limits]\r\nrework = \"x\"\r\n")).unwrap_err();
    let places: Vec<_> = error.0.iter().map(|problem| (problem.span, problem.line_column)).collect();
    assert_eq!(places[0].0, Some(Span::new(8, 9)));
    assert_eq!(places[1].1, Some((3, 10)));
}

#[test]
fn a_file_full_of_mistakes_is_told_in_few_words() {
    let unknown: String = (0..50_000).map(|n| format!("key{n} = 1\n")).collect();
    let shown = problems(unknown);
    assert_eq!(shown.len(), 21);
    assert_eq!(shown[20], "alfine.toml: 49980 more settings are unknown or invalid");
    let invalid: String = (0..20_000).map(|n| format!("[[verifiers]]\nname = \"{n}\"\n")).collect();
    assert_eq!(problems(invalid).len(), 21);
    let on_one_line = format!("plans = [{}]", "1,".repeat(500_000));
    assert_eq!(problems(on_one_line).len(), 21);
}

#[test]
fn messages_carry_nothing_that_a_terminal_would_obey() {
    let shown = problems("\"\\u001b[2J\\u202e\" = 1\nagent = \"\\u001b]0;x\\u0007\"").join("");
    assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{shown:?}");
}

#[test]
fn files_are_read_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let user = alfine_files::UserDirs {
        config: folder.path().join("config"),
        data: folder.path().join("data"),
        state: folder.path().join("state"),
    };
    let root = folder.path().join("repository");
    fs::create_dir_all(&user.config).unwrap();
    fs::create_dir_all(&root).unwrap();
    assert_eq!(load(&Layers::read(&user, &root)).unwrap().config, Config::default());

    fs::write(user.config.join("config.toml"), "learn = false").unwrap();
    fs::create_dir(root.join("alfine.toml")).unwrap();
    let error = load(&Layers::read(&user, &root)).unwrap_err().to_string();
    assert!(error.ends_with("alfine.toml: cannot be read: not a plain file"), "{error}");

    fs::remove_dir(root.join("alfine.toml")).unwrap();
    let fifo = root.join("alfine.toml");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    assert!(load(&Layers::read(&user, &root)).is_err(), "a FIFO is refused, not waited for");
    fs::remove_file(&fifo).unwrap();
    std::os::unix::fs::symlink("alfine.toml", &fifo).unwrap();
    assert!(load(&Layers::read(&user, &root)).is_err(), "a link to itself");
}

#[test]
fn the_committed_schema_is_the_generated_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("alfine.schema.json");
    let generated = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("ALFINE_WRITE_SCHEMA").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "{} is not what the settings say; regenerate it with\n  ALFINE_WRITE_SCHEMA=1 cargo test -p alfine-config schema",
        path.display()
    );
}

#[test]
fn every_setting_is_documented() {
    fn walk(path: &str, schema: &serde_json::Value) {
        for (key, schema) in schema.get("properties").and_then(|it| it.as_object()).into_iter().flatten() {
            let path = format!("{path}.{key}");
            let text = schema.get("description").and_then(|it| it.as_str()).unwrap_or_default();
            assert!(text.len() > 10, "{path} has no documentation");
            walk(&path, schema);
            for inner in ["items", "additionalProperties"] {
                schema.get(inner).into_iter().for_each(|schema| walk(&path, schema));
            }
        }
    }
    walk("", &schema());
}

#[test]
fn the_reference_has_a_row_for_every_setting() {
    let reference = reference_markdown();
    for row in [
        "| `agent` | `\"claude\"` | The agent that does the work. One of `claude`, `command`, `rehearsal`. |",
        "| `iterations` | `10` | How many iterations a loop may have. Only iterations that are judged count. The hard limit is 50. |",
        "| `cost_usd` |  | US dollars that the loop may cost. No limit unless it is set. |",
        "### `[limits]`",
        "### `[[verifiers]]`",
        "### `[agents.<name>]`",
        "| `timeout` | `\"5m\"` | How long the verifier may run. |",
        "| `scope_words` | `[\"entire\", \"all\", \"complete\", \"refactor\"]` |",
    ] {
        assert!(reference.contains(row), "{row}\n{reference}");
    }
}

#[test]
fn a_setting_is_found_by_its_path() {
    let takes = |path: &str| Setting::at(path.split('.')).map(|setting| setting.takes.to_string());
    assert_eq!(takes("limits.iterations").unwrap(), "a whole number from 1 to 50");
    assert_eq!(takes("limits.wall_time").unwrap(), "a duration such as \"90s\" or \"4h\"");
    assert_eq!(
        takes("verifiers.kind").unwrap(),
        "one of \"command\", \"clean-tree\", \"llm\", \"browser\", \"diagnostics\""
    );
    assert_eq!(takes("agents.claude.permissions").unwrap(), "one of \"edits\", \"commands\", \"all\"");
    assert_eq!(takes("agents.claude.env.PATH").unwrap(), "a text");
    for nothing in ["limits.nothing", "agents.gpt", "agent.x", "limits.iterations.x", "agents.<name>"] {
        assert_eq!(takes(nothing), None, "{nothing}");
    }
    let setting = |path: &str| Setting::at(path.split('.')).unwrap();
    assert_eq!(setting("limits.iterations").default_toml().as_deref(), Some("10"));
    assert_eq!(setting("limits.iterations").summary(), "How many iterations a loop may have.");
    assert_eq!(setting("model").default_toml(), None);
    assert_eq!(setting("model").examples_toml().collect::<Vec<_>>(), ["\"sonnet\""]);
}

#[test]
fn the_settings_of_a_name_are_found_and_a_misspelt_name_has_a_nearest_one() {
    let names = |name: &str| Setting::named(name).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names("limits.iterations"), ["limits.iterations"]);
    let of_verification =
        ["green", "yellow", "auto", "folder", "ci"].map(|name| format!("verification.{name}"));
    assert_eq!(names("verification"), of_verification);
    assert_eq!(names("verifiers.name"), ["verifiers.name"]);
    assert_eq!(names("agents.claude.model"), ["agents.claude.model"]);
    assert_eq!(names("agents.<name>.model"), ["agents.<name>.model"]);
    assert_eq!(names("agents.claude.env"), ["agents.claude.env"]);
    for nothing in ["limits.iteration", "agents.gpt", ".", "limits.", "<name>"] {
        assert_eq!(names(nothing), [""; 0], "{nothing}");
    }
    let all = names("");
    assert!(all.len() > 40 && all.contains(&"agents.<name>.model".to_owned()), "{all:?}");
    for name in all {
        assert_eq!(names(&name), [name]);
    }
    assert_eq!(Setting::nearest("limits.iteration").as_deref(), Some("limits.iterations"));
    assert_eq!(Setting::nearest("iterations").as_deref(), Some("limits.iterations"));
    assert_eq!(Setting::nearest("limit.stall").as_deref(), Some("limits.stall"));
    assert_eq!(Setting::nearest("xyzzy"), None);
}

#[test]
fn every_format_and_type_of_the_schema_is_known_to_the_catalogue() {
    fn walk(name: &str, schema: &serde_json::Value) {
        let text = schema["type"] == "string" || schema["type"][0] == "string";
        if let Some(format) = schema["format"].as_str().filter(|_| text) {
            assert!(Format::named(format).is_some(), "{name} has the format {format}");
        }
        for (key, schema) in schema.as_object().into_iter().flatten() {
            walk(&format!("{name}/{key}"), schema);
        }
    }
    walk("", &schema());
    for (name, setting) in Setting::named("") {
        assert!(!setting.meaning.is_empty() && !setting.takes.to_string().is_empty(), "{name}");
        // A default is one of the values that are taken.
        if let (Takes::Words(words), Some(default)) = (&setting.takes, &setting.default) {
            assert!(words.iter().any(|it| *default == it.word), "{name}");
        }
    }
}

/// Any value of any shape, often one that a setting could have.
fn any_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|it| json!(it)),
        (-5_i64..100).prop_map(|it| json!(it)),
        any::<i64>().prop_map(|it| json!(it)),
        any::<u64>().prop_map(|it| json!(it)),
        (-1.0..2.0_f64).prop_map(|it| json!(it)),
        prop_oneof!["[a-z]{0,8}", "claude|rehearsal|fresh|all|15m|clean-tree|.*"].prop_map(|it| json!(it)),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|it| json!(it)),
            prop::collection::btree_map(any_key(), inner, 0..4).prop_map(|it| json!(it)),
        ]
    })
}

fn any_key() -> impl Strategy<Value = String> {
    let mut keys = Vec::new();
    fn collect(schema: &serde_json::Value, keys: &mut Vec<String>) {
        for (key, schema) in schema.get("properties").and_then(|it| it.as_object()).into_iter().flatten() {
            keys.push(key.clone());
            for inner in [Some(schema), schema.get("items"), schema.get("additionalProperties")] {
                inner.into_iter().for_each(|schema| collect(schema, keys));
            }
        }
    }
    collect(&schema(), &mut keys);
    keys.extend(alfine_agents::KNOWN.map(str::to_owned));
    prop_oneof![9 => prop::sample::select(keys), 1 => ".{0,5}"]
}

fn any_partial() -> impl Strategy<Value = serde_json::Value> {
    prop::collection::btree_map(any_key(), any_value(), 0..6).prop_map(|it| json!(it))
}

/// Settings that are valid together in any mixture.
fn valid_partial() -> impl Strategy<Value = serde_json::Value> {
    let iterations = prop::option::of(1..=50_u32);
    let list = prop::option::of(prop::collection::vec("[a-z]{1,3}", 0..3));
    let variables = prop::option::of(prop::collection::btree_map("[A-C]", "[a-z]{0,3}", 0..3));
    (iterations, list.clone(), list, variables, prop::option::of(any::<bool>())).prop_map(
        |(iterations, plans, mask, env, auto)| {
            json!({
                "limits": { "iterations": iterations, "rework": iterations },
                "plans": plans,
                "safety": { "mask": mask },
                "agents": { "claude": { "env": env } },
                "verification": { "auto": auto },
            })
        },
    )
}

proptest! {
    #[test]
    fn what_the_checks_let_pass_the_types_take(partial in any_partial()) {
        let layers = Layers { editor: Partial::of_json(partial), ..Layers::default() };
        for problem in load_what_is_valid(&layers).problems {
            prop_assert!(!problem.key.is_empty() || problem.message.contains("more settings"), "{}", problem);
        }
    }

    #[test]
    fn no_file_panics(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "[\\[\\]{}=.\"'\n a-c#0-9]{0,80}") {
        let _ = load(&repository(bytes));
        let _ = load(&repository(text));
    }

    #[test]
    fn layers_merge_the_same_however_they_are_grouped(a in valid_partial(), b in valid_partial(), c in valid_partial()) {
        let tree = |value: &serde_json::Value| Partial::of_json(value.clone()).0;
        let merged = |mut base: serde_json::Map<_, _>, over: serde_json::Map<_, _>| {
            layers::merge(&mut base, over, "");
            base
        };
        let left = merged(merged(tree(&a), tree(&b)), tree(&c));
        let right = merged(tree(&a), merged(tree(&b), tree(&c)));
        prop_assert_eq!(&left, &right);

        let mut layers = Layers { editor: Partial::of_json(a), ..Layers::default() };
        layers.task = vec![Partial::of_json(b)];
        layers.command_line = Partial::of_json(c);
        let loaded = load(&layers).unwrap();
        prop_assert_eq!(loaded.config, serde_json::from_value(left.into()).unwrap());
    }
}

#[test]
fn a_verifier_that_says_nothing_is_told_and_runs_all_the_same() {
    let said = "[[verifiers]]\nname = \"a\"\ncommand = \"make | tail\"\n\n[[verifiers]]\nname = \"b\"\ncommand = \"make && ! grep x y\"\n\n\
                [[verifiers]]\nname = \"c\"\ncommand = \"true\"\n";
    let loaded = load(&repository(said)).unwrap();
    assert_eq!(loaded.config.verifiers.len(), 3);
    let told: Vec<_> =
        loaded.problems.iter().map(|told| (told.error, told.key.as_str(), told.lint)).collect();
    assert_eq!(
        told,
        [
            (false, "verifiers[0].command", Some(LintCode::CriterionHidesStatus)),
            (false, "verifiers[2].command", Some(LintCode::CriterionAlwaysPasses)),
        ]
    );
    assert_eq!(loaded.problems[0].suggestion.as_deref(), Some("\"make\""));
    assert_eq!(loaded.problems[1].suggestion, None);
}

#[test]
fn no_loop_is_given_more_iterations_than_the_settings_allow() {
    let told = |text: &str| {
        let loaded = load_what_is_valid(&repository(text));
        let told: Vec<String> = loaded.problems.iter().map(|problem| problem.message.clone()).collect();
        (loaded.config.limits.iterations, told)
    };
    assert_eq!(told("[autonomous_loop]\nhard_limit = 5\n"), (5, vec![]), "the default is nobody's wish");
    let (iterations, told) = told("[autonomous_loop]\nhard_limit = 5\ndefault_max_iterations = 6\n");
    assert_eq!((iterations, told.len()), (5, 1));
    assert_eq!(told[0], "`limits.iterations` is 6, above `limits.hard_limit`, 5");
}

#[test]
fn every_limit_of_a_rule_is_the_setting_of_its_name() {
    let config = Config::default();
    assert_eq!(config.limits.of_rules(), breaker::Limits::default());
    let limits = serde_json::to_value(&config.limits).unwrap();
    for rule in Rule::ALL {
        // A chain is not planned again yet, so how often it may be is no setting.
        assert_eq!(limits.get(rule.info().setting).is_some(), rule != Rule::Regenerations, "{rule}");
    }
    let said = "[limits]\nhard_limit = 20\nno_change = 7\ncost_usd = 2.5\nstall = \"700ms\"\nstartup_warning = \"5s\"\n";
    let config = load(&repository(said)).unwrap().config;
    let mut expected = breaker::Limits::default();
    expected.startup_warning = Duration::from_secs(5);
    expected.hard = 20;
    expected[Rule::NoChange] = Some(7.0);
    expected[Rule::Cost] = Some(2.5);
    expected[Rule::Stall] = Some(0.7);
    assert_eq!(config.limits.of_rules(), expected);
}
