//! Clients that do what no client should: the server stays, answers, and harms nothing.

use super::*;
use alfine_tests::client::{Client, frame};
use std::{io::Write, process::Stdio};

#[test]
fn a_client_that_never_answers_anything_still_gets_everything() {
    let sandbox = playing(json!([done()]));
    let mut editor = Setup::default().mute().open(&sandbox);
    editor.open_file("PLAN.md");
    editor.click("PLAN.md", "Start loop").unwrap();
    editor.lens("PLAN.md", "done");
    editor.close("PLAN.md");
    editor.click("PLAN.md", "Merge").unwrap();
    assert_eq!(sandbox.read("work.txt"), "done\n");
    assert!(editor.progress.values().all(|progress| progress.values.is_empty()), "none was accepted");
    assert_eq!(editor.leave(), 0);
}

#[test]
fn ten_thousand_requests_at_once_are_each_answered_once() {
    let sandbox = playing(json!([done()]));
    let mut editor = reading(&sandbox);
    let params = json!({"textDocument": {"uri": editor.uri("PLAN.md")}});
    let methods = ["codeLens", "documentSymbol", "foldingRange"];
    let ids: Vec<i64> = (0..10_000)
        .map(|n| editor.request(&format!("textDocument/{}", methods[n % 3]), params.clone()))
        .collect();
    let mut refused = 0;
    for id in ids {
        // A server may say that it has too much to do; silence is what it may not do.
        refused += usize::from(editor.response(id).is_err());
    }
    assert!(refused < 10_000);
    assert_eq!(editor.lens_titles("PLAN.md"), ["Start loop"]);
}

#[test]
fn garbage_for_every_command_is_refused_and_changes_nothing() {
    let sandbox = playing(json!([done()]));
    let mut editor = reading(&sandbox);
    let commands = editor.server["capabilities"]["executeCommandProvider"]["commands"].clone();
    let commands: Vec<&str> = commands.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(commands.len(), 24);
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let garbage = [
        json!(null),
        json!([]),
        json!([null]),
        json!([1]),
        json!(["x"]),
        json!([[]]),
        json!([{}]),
        json!([{"task": null}]),
        json!([{"task": "#"}]),
        json!([{"task": "../../etc/passwd#x"}]),
        json!([{"task": "\u{0}#\u{0}"}]),
        json!([{"uri": ""}]),
        json!([{"uri": "file://"}]),
        json!([{"uri": "file:///%ff%00"}]),
        json!([{"uri": "http://a/b"}]),
        json!([{"uri": "untitled:PLAN.md"}]),
        json!([{"task": TASK, "iteration": -1}]),
        json!([{"task": TASK, "iteration": 1e99}]),
        json!([{"task": TASK, "text": "x".repeat(100_000), "x": 1}]),
        json!([deep]),
    ];
    for command in commands {
        for arguments in &garbage {
            let answer =
                editor.ask("workspace/executeCommand", json!({"command": command, "arguments": arguments}));
            let error = answer.expect_err(&format!("{command} {arguments}"));
            let code = error["code"].as_i64().unwrap();
            assert!([-32602, -32803].contains(&code), "{command} {arguments}: {error}");
            assert!(error["message"].as_str().unwrap().len() > 10, "{command} {arguments}: {error}");
        }
    }
    editor.forget_messages();
    assert_eq!(sandbox.task(TASK)["status"], "ready");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn positions_and_documents_that_are_not_there_are_no_harm() {
    let sandbox = playing(json!([done()]));
    let mut editor = reading(&sandbox);
    let far = json!({"line": 2_000_000_000, "character": 2_000_000_000});
    let range = json!({"start": far, "end": {"line": 0, "character": 0}});
    for uri in [
        editor.uri("PLAN.md"),
        editor.uri("gone.md"),
        "untitled:Untitled-1".into(),
        "http://example.org/PLAN.md".into(),
        "file:///".into(),
        "file:///%C3%28/PLAN.md".into(),
        "vscode-notebook-cell:/a/b#c".into(),
        "git:/PLAN.md?{}".into(),
    ] {
        let document = json!({"uri": uri});
        let here = json!({"textDocument": document, "position": far});
        for (method, params) in [
            ("textDocument/codeLens", json!({"textDocument": document})),
            ("textDocument/documentSymbol", json!({"textDocument": document})),
            ("textDocument/foldingRange", json!({"textDocument": document})),
            ("textDocument/hover", here.clone()),
            ("textDocument/completion", here),
            ("textDocument/inlayHint", json!({"textDocument": document, "range": range})),
            (
                "textDocument/codeAction",
                json!({"textDocument": document, "range": range, "context": {"diagnostics": []}}),
            ),
        ] {
            if let Err(error) = editor.ask(method, params) {
                assert_eq!(error["code"], -32602, "{method} {uri}: {error}");
            }
        }
        editor.notify("textDocument/didSave", json!({"textDocument": document}));
        editor.notify("textDocument/didClose", json!({"textDocument": {"uri": "untitled:never-opened"}}));
        let changed = json!({"uri": "untitled:never-opened", "version": 2});
        editor.notify(
            "textDocument/didChange",
            json!({"textDocument": changed, "contentChanges": [{"text": "x"}]}),
        );
    }
    let text = "### T1: x\n".repeat(3);
    let item = json!({"uri": "untitled:PLAN.md", "languageId": "markdown", "version": 1, "text": text});
    editor.notify("textDocument/didOpen", json!({"textDocument": item}));
    let lenses = editor.ask("textDocument/codeLens", json!({"textDocument": {"uri": "untitled:PLAN.md"}}));
    assert_eq!(lenses, Ok(json!([])), "a plan that lies nowhere starts nothing");
    editor.open_file("PLAN.md");
    assert_eq!(editor.lens_titles("PLAN.md"), ["Start loop"], "opened twice is opened once");
}

#[test]
fn a_huge_document_is_a_document() {
    let sandbox = playing(json!([done()]));
    let mut editor = reading(&sandbox);
    let huge = "### US-001: x\n\n".to_owned() + &"- [ ] \u{202e}criterion with `code`\n".repeat(100_000);
    assert!(huge.len() > 2 << 20);
    editor.retype("PLAN.md", &huge);
    let one_line = "#".repeat(4 << 20);
    editor.ask_about("textDocument/codeLens", "PLAN.md");
    editor.retype("PLAN.md", &one_line);
    editor.ask_about("textDocument/documentSymbol", "PLAN.md");
    editor.retype("PLAN.md", PLAN);
    assert_eq!(editor.lens_titles("PLAN.md"), ["Start loop"]);
}

#[test]
fn a_client_that_closes_its_pipes_at_any_moment_leaves_no_server_behind() {
    let held = Held::new(PLAN, vec![], vec![]);
    let sandbox = &held.sandbox;
    let uri = alfine_tests::editor::file_uri(&sandbox.repo().join("PLAN.md"));
    let root = alfine_tests::editor::file_uri(&sandbox.repo());
    let request = |id: i64, method: &str, params: Value| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    let notify = |method: &str, params: Value| json!({"jsonrpc": "2.0", "method": method, "params": params});
    let item = json!({"uri": uri, "languageId": "markdown", "version": 1, "text": PLAN});
    let start = json!({"command": "alfine.start", "arguments": [{"uri": uri, "task": TASK}]});
    let said = [
        request(1, "initialize", json!({"capabilities": {}, "rootUri": root})),
        notify("initialized", json!({})),
        notify("textDocument/didOpen", json!({"textDocument": item})),
        request(2, "textDocument/codeLens", json!({"textDocument": {"uri": uri}})),
        request(3, "workspace/executeCommand", start),
        request(4, "textDocument/codeLens", json!({"textDocument": {"uri": uri}})),
        request(5, "shutdown", Value::Null),
    ];
    let whole: Vec<u8> = said.iter().flat_map(frame).collect();
    let mut ends: Vec<usize> = said
        .iter()
        .scan(0, |end, message| {
            *end += frame(message).len();
            Some(*end)
        })
        .collect();
    // And in the middle of a header, and of a body.
    ends.extend([0, 5, 30, whole.len() - 3]);
    for end in ends {
        for closes_output in [true, false] {
            let mut command = sandbox.command(alfine_tests::sandbox::alfine());
            let mut server = command
                .arg("lsp")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut input = server.stdin.take().unwrap();
            let mut output = server.stdout.take();
            input.write_all(&whole[..end]).unwrap();
            if closes_output {
                // It notices when it has something to say.
                drop(output.take());
                let _ = input.write_all(&frame(&request(9, "shutdown", Value::Null)));
            }
            drop(input);
            wait_until(PATIENCE, "the server leaves", || server.try_wait().unwrap().is_some());
            drop(output);
        }
    }
    held.release();
    wait_until(PATIENCE, "nothing of an agent is left", || {
        sandbox.task(TASK)["status"] != "running" && sandbox.agent_processes().is_empty()
    });
}

#[test]
fn rows_of_the_transport_hold_for_the_real_server_too() {
    let sandbox = playing(json!([]));
    let mut command = sandbox.command(alfine_tests::sandbox::alfine());
    let mut client = Client::of_process(command.arg("lsp").stderr(Stdio::null()));
    assert_eq!(client.ask("textDocument/codeLens", json!({}))["error"]["code"], -32002);
    client.raw(b"garbage\r\n");
    assert_eq!(client.response(Value::Null)["error"]["code"], -32700);
    let mut client = client.initialized();
    assert_eq!(client.ask("no/such", json!({}))["error"]["code"], -32601);
    client.notify("$/setTrace", json!({"value": "off"}));
    assert_eq!(client.ask("shutdown", Value::Null)["result"], Value::Null);
    assert_eq!(client.ask("textDocument/codeLens", json!({}))["error"]["code"], -32600);
    client.notify("exit", Value::Null);
    assert_eq!(client.end(), 0);
}
