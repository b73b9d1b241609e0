//! The transport between a client and a server.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, HashSet};
use std::io::{BufReader, Write};
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use alfine_lsp::transport::{EndedBy, Limits, Options};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::client::{Bare, Client, client_of, client_of_process, frame, read_message};
use support::server;

const PATIENCE: Duration = Duration::from_secs(20);

fn client() -> Client {
    client_of(server::service, server::options())
}

/// A client of a server that takes its time to end, for what happens before the end.
fn patient_client() -> Client {
    let limits = Limits { grace: PATIENCE, ..Limits::default() };
    client_of(server::service, Options { limits, ..server::options() })
}

fn process() -> Client {
    client_of_process(&mut Command::new(env!("CARGO_BIN_EXE_transport-test-server")))
}

fn code(response: &Value) -> i64 {
    response["error"]["code"].as_i64().unwrap_or(0)
}

fn open(uri: &str) -> Value {
    json!({"textDocument": {"uri": uri, "languageId": "x", "version": 1, "text": ""}})
}

/// Sends `count` requests whose handlers wait or keep their thread, and waits until each of them runs.
fn hold(client: &mut Client, method: &str, count: usize) -> Vec<i64> {
    let ids = (0..count).map(|_| client.request(method, json!({}))).collect();
    (0..count).for_each(|_| drop(client.incoming("window/logMessage")));
    ids
}

#[test]
#[should_panic(expected = "left unread")]
fn the_client_forgets_nothing() {
    let mut client = client().initialized();
    client.request("test/echo", json!({}));
    client.ask("test/log", json!({}));
}

#[test]
fn headers_in_any_case_with_a_content_type_are_understood() {
    let mut client = client().initialized();
    let body = r#"{"jsonrpc":"2.0","id":"a","method":"test/echo","params":{"x":"ü"}}"#;
    client.raw(format!(
        "content-type: application/vscode-jsonrpc; charset=utf8\r\nX-More: 1\r\nCONTENT-LENGTH: {}\r\n\r\n{body}",
        body.len()
    ));
    assert_eq!(client.response("a")["result"], json!({"x": "ü"}));
}

#[test]
fn a_malformed_frame_is_answered_and_survived() {
    for (bytes, expected) in [
        (&b"Content-Length: x\r\n\r\n{}"[..], -32700),
        (b"Content-Length: 99999999999\r\n\r\n{}", -32700),
        (b"X: y\r\n\r\n{}", -32700),
        (b"garbage\r\n", -32700),
        (b"Content-Length: 3\r\n\r\n{x}", -32700),
        (b"Content-Length: 3\r\n\r\n\"\xff\"", -32700),
        (b"Content-Length: 0\r\n\r\n", -32700),
        (b"Content-Length: 2\r\n\r\n[]", -32600),
        (b"Content-Length: 2\r\n\r\n{}", -32600),
        (b"Content-Length: 30\r\n\r\n{\"method\":\"initialized\"}      ", -32600),
    ] {
        let mut client = client().initialized();
        client.raw(bytes);
        let response = client.response(Value::Null);
        assert_eq!(code(&response), expected, "{}", String::from_utf8_lossy(bytes));
        assert_eq!(client.ask("test/echo", json!({"a": 1}))["result"], json!({"a": 1}));
    }
}

#[test]
fn a_request_that_is_not_json_rpc_2_is_refused_under_its_id() {
    let mut client = client().initialized();
    client.send(&json!({"id": 7, "method": "test/echo"}));
    assert_eq!(code(&client.response(7)), -32600);
    client.send(&json!({"jsonrpc": "2.0", "id": 8}));
    assert_eq!(code(&client.response(8)), -32600);
}

#[test]
fn null_parameters_are_as_good_as_none() {
    let mut client = client().initialized();
    client.notify("initialized", Value::Null);
    let twice = json!(["initialized", "initialized"]);
    assert_eq!(client.ask("test/log", Value::Null)["result"], twice);
    client.send(&json!({"jsonrpc": "2.0", "id": "none", "method": "test/log"}));
    assert_eq!(client.response("none")["result"], twice);
    assert_eq!(client.ask("shutdown", Value::Null)["result"], Value::Null);
    client.notify("exit", Value::Null);
    assert_eq!(client.end(), 0);
}

#[test]
fn notifications_are_applied_in_order_and_before_the_requests_after_them() {
    let mut client = client().initialized();
    let mut expected = vec!["initialized".to_owned()];
    for number in 0..200 {
        client.notify("textDocument/didOpen", open(&format!("file:///{number}")));
        expected.push(format!("/{number}"));
        if number % 50 == 49 {
            assert_eq!(client.ask("test/log", json!({}))["result"], json!(expected));
        }
    }
}

#[test]
fn a_request_is_cancelled_at_once_while_every_handler_is_taken() {
    for method in ["test/wait", "test/busy"] {
        let mut client = client().initialized();
        let running = hold(&mut client, method, Limits::default().running_requests);
        let waiting = client.request(method, json!({}));
        for &id in [waiting].iter().chain(&running) {
            client.notify("$/cancelRequest", json!({"id": id}));
            assert_eq!(code(&client.response(id)), -32800);
        }
        client.notify("test/open", json!({"door": true}));
        assert_eq!(client.ask("test/echo", json!({"a": 1}))["result"], json!({"a": 1}), "none answers twice");
    }
}

#[test]
fn a_cancelled_handler_that_waits_gives_its_place_up() {
    let mut client = client().initialized();
    for id in hold(&mut client, "test/wait", Limits::default().running_requests) {
        client.notify("$/cancelRequest", json!({"id": id}));
        assert_eq!(code(&client.response(id)), -32800);
    }
    assert_eq!(client.ask("test/echo", json!({"a": 1}))["result"], json!({"a": 1}));
}

#[test]
fn the_id_of_a_cancelled_request_can_be_used_again() {
    let mut client = client().initialized();
    let id = hold(&mut client, "test/wait", 1)[0];
    client.notify("$/cancelRequest", json!({"id": id}));
    assert_eq!(code(&client.response(id)), -32800);
    client.send(&json!({"jsonrpc": "2.0", "id": id, "method": "test/echo", "params": {"again": true}}));
    assert_eq!(client.response(id)["result"], json!({"again": true}));
}

#[test]
fn a_cancelled_handler_does_not_answer_the_request_that_has_its_id_now() {
    let limits = Limits { running_requests: 2, ..Limits::default() };
    let mut client = client_of(server::service, Options { limits, ..server::options() }).initialized();
    let id = hold(&mut client, "test/busy", 1)[0];
    client.notify("$/cancelRequest", json!({"id": id}));
    assert_eq!(code(&client.response(id)), -32800);
    client.send(&json!({"jsonrpc": "2.0", "id": id, "method": "test/wait", "params": {"again": true}}));
    client.incoming("window/logMessage");
    let queued = client.request("test/echo", json!({}));
    client.notify("test/open", json!({"door": true, "gate": false}));
    client.response(queued);
    client.notify("test/open", json!({}));
    assert_eq!(client.response(id)["result"], json!({"again": true}));
}

#[test]
fn cancelling_what_is_unknown_or_answered_is_harmless() {
    let mut client = client().initialized();
    let id = client.request("test/echo", json!({}));
    client.response(id);
    for id in [json!(id), json!("x"), json!(99), Value::Null, json!([])] {
        client.notify("$/cancelRequest", json!({"id": id}));
    }
    client.notify("$/cancelRequest", Value::Null);
    client.ask("test/echo", json!({}));
}

#[test]
fn an_id_that_is_in_use_is_refused_and_its_first_request_answered() {
    let mut client = client().initialized();
    let id = hold(&mut client, "test/wait", 1)[0];
    client.send(&json!({"jsonrpc": "2.0", "id": id, "method": "test/echo", "params": {}}));
    assert_eq!(code(&client.response(id)), -32600);
    client.notify("test/open", json!({}));
    assert_eq!(client.response(id)["result"], json!({}));
}

#[test]
fn a_panic_costs_one_request() {
    let mut client = client().initialized();
    for later in [false, true] {
        for _ in 0..20 {
            assert_eq!(code(&client.ask("test/panic", json!({"later": later}))), -32603);
        }
    }
    client.notify("test/panicHere", json!({}));
    assert_eq!(client.ask("test/echo", json!({"a": 1}))["result"], json!({"a": 1}));
}

#[test]
fn a_line_of_the_log_says_to_what_it_belongs() {
    static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    struct Log;
    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            LOG.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    tracing_subscriber::fmt().with_writer(|| Log).with_ansi(false).with_target(false).init();
    let mut client = client().initialized();
    let id = client.request("test/panic", json!({"later": true}));
    client.response(id);
    client.notify("test/panicHere", json!({}));
    client.ask("test/echo", json!({}));
    let log = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
    for line in [
        format!("request{{method=\"test/panic\" id={id}}}: the handler of test/panic panicked"),
        "notification{method=\"test/panicHere\"}: the handler of test/panicHere panicked".to_owned(),
    ] {
        assert!(log.contains(&line), "{line}: {log}");
    }
}

#[test]
fn an_answer_reaches_its_request_while_every_handler_is_taken() {
    let limits = Limits { running_requests: 4, ..Limits::default() };
    let mut client = client_of(server::service, Options { limits, ..server::options() }).initialized();
    hold(&mut client, "test/busy", 3);
    let asking = client.request("test/ask", json!({}));
    let question = client.incoming("workspace/configuration");
    let queued: Vec<_> = (0..50).map(|_| client.request("test/echo", json!({}))).collect();
    client.send(&json!({"jsonrpc": "2.0", "id": question["id"], "result": [1]}));
    assert_eq!(client.response(asking)["result"], json!([1]));
    queued.into_iter().for_each(|id| drop(client.response(id)));
    client.notify("test/open", json!({"door": true}));
    (2..5).for_each(|id| drop(client.response(id)));
}

#[test]
fn late_unknown_and_odd_answers_are_harmless() {
    let mut client = client().initialized();
    client.ask("test/askAndLeave", json!({}));
    let question = client.incoming("workspace/configuration");
    for _ in 0..2 {
        client.send(&json!({"jsonrpc": "2.0", "id": question["id"], "result": []}));
    }
    client.send(&json!({"jsonrpc": "2.0", "id": 99, "result": []}));
    client.send(&json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": "?"}}));
    let asking = client.request("test/ask", json!({}));
    let question = client.incoming("workspace/configuration");
    client.send(
        &json!({"jsonrpc": "2.0", "id": question["id"], "error": {"code": -32601, "message": "no", "x": 1}}),
    );
    assert_eq!(client.response(asking)["result"], json!({"code": -32601}));
}

#[test]
fn a_client_that_answers_nothing_costs_only_its_oldest_questions() {
    let mut client = client().initialized();
    for _ in 0..300 {
        client.ask("test/askAndLeave", json!({}));
        client.incoming("workspace/configuration");
    }
    let asking = client.request("test/ask", json!({}));
    let question = client.incoming("workspace/configuration");
    client.send(&json!({"jsonrpc": "2.0", "id": question["id"], "result": [2]}));
    assert_eq!(client.response(asking)["result"], json!([2]));
}

#[test]
fn what_a_handler_tells_comes_before_its_answer() {
    let mut client = client().initialized();
    for _ in 0..50 {
        let id = client.request("test/tell", json!({"count": 3}));
        for number in ["0", "1", "2"] {
            assert_eq!(client.next().unwrap()["params"]["message"], number);
        }
        assert_eq!(client.next().unwrap()["id"], id);
    }
}

#[test]
fn before_initialize_requests_are_refused_and_notifications_dropped() {
    let mut client = client();
    client.notify("initialized", json!({}));
    for method in ["test/echo", "shutdown", "no/such", "$/no/such"] {
        assert_eq!(code(&client.ask(method, json!({}))), -32002, "{method}");
    }
    let mut client = client.initialized();
    assert_eq!(client.ask("test/log", Value::Null)["result"], json!(["initialized"]));
    assert_eq!(code(&client.ask("initialize", json!({"capabilities": {}}))), -32600);
}

#[test]
fn messages_right_behind_initialize_wait_for_it() {
    let mut client = client();
    let first = client.request("initialize", json!({"capabilities": {}}));
    client.notify("initialized", json!({}));
    let second = client.request("test/log", json!({}));
    assert!(client.response(first)["result"].is_object());
    assert_eq!(client.response(second)["result"], json!(["initialized"]));
}

#[test]
fn an_initialize_that_hangs_can_be_cancelled_and_sent_again() {
    let mut client = client();
    let id = client.request("initialize", json!({"capabilities": {}, "initializationOptions": "wait"}));
    client.notify("$/cancelRequest", json!({"id": id}));
    assert_eq!(code(&client.response(id)), -32800);
    client.initialized();
}

#[test]
fn after_shutdown_requests_are_refused() {
    let mut client = client().initialized();
    assert_eq!(client.ask("shutdown", Value::Null)["result"], Value::Null);
    for method in ["shutdown", "initialize", "test/echo", "no/such"] {
        assert_eq!(code(&client.ask(method, json!({}))), -32600, "{method}");
    }
}

#[test]
fn unknown_requests_are_refused_and_unknown_notifications_ignored() {
    let mut client = client().initialized();
    for method in ["no/such", "$/no/such"] {
        client.notify(method, json!({}));
        assert_eq!(code(&client.ask(method, json!({}))), -32601, "{method}");
    }
    assert_eq!(code(&client.ask("textDocument/hover", json!({"x": 1}))), -32602);
    assert_eq!(code(&client.ask("initialized", json!({}))), -32600, "a notification is no request");
}

#[test]
fn exit_ends_the_server_whatever_its_handlers_do_and_whoever_holds_the_input() {
    for method in ["test/wait", "test/busy"] {
        for shut_down in [false, true] {
            for mut client in [client().initialized(), process().initialized()] {
                hold(&mut client, method, Limits::default().running_requests);
                if shut_down {
                    assert_eq!(client.ask("shutdown", Value::Null)["result"], Value::Null);
                }
                client.notify("exit", Value::Null);
                assert_eq!(client.end(), i32::from(!shut_down), "with handlers of {method}");
            }
        }
    }
}

#[test]
fn exit_without_initialize_is_obeyed() {
    for mut client in [client(), process()] {
        client.notify("exit", Value::Null);
        assert_eq!(client.end(), 1);
    }
}

#[test]
fn an_exit_right_behind_shutdown_leaves_it_its_answer() {
    let mut client = patient_client().initialized();
    let id = client.request("shutdown", Value::Null);
    client.notify("exit", Value::Null);
    assert_eq!(client.end(), 0);
    assert_eq!(client.response(id)["result"], Value::Null);
}

#[test]
fn the_end_of_input_leaves_requests_their_answers() {
    let mut client = patient_client().initialized();
    let ids: Vec<_> = (0..50).map(|_| client.request("test/echo", json!({}))).collect();
    client.close_input();
    assert_eq!(client.end(), 1);
    ids.into_iter().for_each(|id| drop(client.response(id)));
}

#[test]
fn the_end_of_input_ends_the_server_whatever_its_handlers_do() {
    for (shut_down, expected) in [(false, 1), (true, 0)] {
        for mut client in [client().initialized(), process().initialized()] {
            hold(&mut client, "test/busy", 3);
            if shut_down {
                client.ask("shutdown", Value::Null);
            }
            client.close_input();
            assert_eq!(client.end(), expected);
        }
    }
}

#[test]
fn a_closed_output_ends_the_server() {
    let Bare { mut input, output, ended } = Bare::serve(server::service, server::options());
    drop(output);
    input.write_all(&frame(&json!({"jsonrpc": "2.0", "id": 1, "method": "test/echo"}))).unwrap();
    let ended = ended.recv_timeout(PATIENCE).unwrap();
    assert_eq!((ended.by, ended.code()), (EndedBy::Output, 1));
}

#[test]
fn a_signal_ends_the_server() {
    for (shut_down, expected) in [(false, 1), (true, 0)] {
        let mut client = process().initialized();
        hold(&mut client, "test/busy", 3);
        if shut_down {
            client.ask("shutdown", Value::Null);
        }
        let id = client.process().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert_eq!(client.end(), expected);
    }
}

#[test]
fn stray_prints_do_not_reach_the_client() {
    let mut client = process().initialized();
    client.ask("test/print", json!({}));
    client.ask("test/echo", json!({}));
}

#[test]
fn a_flood_is_answered_request_by_request() {
    const COUNT: i64 = 12_000;
    let Bare { mut input, output, ended } = Bare::serve(server::service, server::options());
    let writer = thread::spawn(move || {
        let mut flood = frame(
            &json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"capabilities": {}}}),
        );
        for id in 1..=COUNT {
            flood.extend(frame(&json!({"jsonrpc": "2.0", "id": id, "method": "test/echo", "params": {}})));
        }
        input.write_all(&flood).unwrap();
        input
    });
    let mut output = BufReader::new(output);
    let mut answered = HashSet::new();
    while answered.len() <= COUNT as usize {
        let message = read_message(&mut output).unwrap();
        assert!([0, -32803].contains(&code(&message)), "{message}");
        assert!(answered.insert(message["id"].as_i64().unwrap()), "{message}");
    }
    drop(writer.join().unwrap());
    assert_eq!(ended.recv_timeout(PATIENCE).unwrap().by, EndedBy::Input);
}

#[test]
fn a_client_that_reads_nothing_can_still_leave() {
    let Bare { mut input, output, ended } = Bare::serve(server::service, server::options());
    let send = |input: &mut std::io::PipeWriter, message: Value| input.write_all(&frame(&message)).unwrap();
    send(
        &mut input,
        json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"capabilities": {}}}),
    );
    let text = "x".repeat(100_000);
    for id in 1..500 {
        send(&mut input, json!({"jsonrpc": "2.0", "id": id, "method": "test/echo", "params": [text]}));
        send(&mut input, json!({"jsonrpc": "2.0", "method": "test/open", "params": {}}));
    }
    send(&mut input, json!({"jsonrpc": "2.0", "method": "exit"}));
    let ended = ended.recv_timeout(PATIENCE).unwrap();
    assert_eq!((ended.by, ended.code()), (EndedBy::Exit, 1));
    drop(output);
}

#[test]
fn a_client_that_reads_nothing_and_never_stops_is_given_up() {
    let limits = Limits { unread_pause: 10_000, unread: 100_000, waiting_messages: 10, ..Limits::default() };
    let Bare { mut input, output, ended } =
        Bare::serve(server::service, Options { limits, ..server::options() });
    let writer = thread::spawn(move || {
        let mut id = 0;
        loop {
            id += 1;
            if input.write_all(&frame(&json!({"jsonrpc": "2.0", "id": id, "method": "test/echo"}))).is_err() {
                break;
            }
        }
    });
    let ended = ended.recv_timeout(PATIENCE).unwrap();
    assert_eq!((ended.by, ended.code()), (EndedBy::Unread, 1));
    writer.join().unwrap();
    drop(output);
}

/// One message of a random conversation.
#[derive(Debug, Clone)]
enum Step {
    Request(&'static str),
    Notification(&'static str),
    Cancel(usize),
    Again(usize),
    Garbage(&'static [u8]),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::sample::select(vec![
            "test/echo", "test/log", "test/panic", "test/wait", "no/such", "$/no/such", "textDocument/hover",
            "initialize", "initialized",
        ]).prop_map(Step::Request),
        2 => prop::sample::select(vec!["test/open", "test/panicHere", "no/such", "$/x", "textDocument/didOpen"])
            .prop_map(Step::Notification),
        3 => (0usize..40).prop_map(Step::Cancel),
        1 => (0usize..40).prop_map(Step::Again),
        1 => prop::sample::select(vec![&b"Content-Length: x\r\n\r\n{}"[..], b"Content-Length: 1\r\n\r\n{", b"?\r\n"])
            .prop_map(Step::Garbage),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_request_of_any_conversation_gets_exactly_one_response(
        steps in prop::collection::vec(step(), 0..40),
        initialized in any::<bool>(),
        cuts in prop::collection::vec(1usize..200, 1..10),
    ) {
        let mut bytes = Vec::new();
        let mut expected = BTreeMap::<i64, usize>::new();
        if initialized {
            bytes.extend(frame(&json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"capabilities": {}}})));
            expected.insert(0, 1);
        }
        let mut request = |bytes: &mut Vec<u8>, id: usize, method: &str| {
            *expected.entry(id as i64).or_default() += 1;
            bytes.extend(frame(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": {}})));
        };
        for (index, step) in steps.iter().enumerate() {
            match *step {
                Step::Request(method) => request(&mut bytes, index + 1, method),
                Step::Again(id) => request(&mut bytes, id, "test/echo"),
                Step::Notification(method) => {
                    bytes.extend(frame(&json!({"jsonrpc": "2.0", "method": method, "params": {}})));
                }
                Step::Cancel(id) => {
                    bytes.extend(frame(&json!({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": id}})));
                }
                Step::Garbage(garbage) => bytes.extend(garbage),
            }
        }
        bytes.extend(frame(&json!({"jsonrpc": "2.0", "method": "test/open", "params": {"door": true}})));

        let Bare { mut input, output, ended } = Bare::serve(server::service, server::options());
        let mut rest = &bytes[..];
        for cut in cuts.into_iter().cycle() {
            let (now, later) = rest.split_at(cut.min(rest.len()));
            input.write_all(now).unwrap();
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        let mut output = BufReader::new(output);
        let mut answered = BTreeMap::<i64, usize>::new();
        let mut count = 0;
        let all = expected.values().sum::<usize>();
        let mut read = |answered: &mut BTreeMap<i64, usize>| -> Option<()> {
            let message = read_message(&mut output)?;
            if message.get("method").is_none() && let Some(id) = message["id"].as_i64() {
                *answered.entry(id).or_default() += 1;
                count += 1;
            }
            Some(())
        };
        while answered.values().sum::<usize>() < all && read(&mut answered).is_some() {}
        input.write_all(&frame(&json!({"jsonrpc": "2.0", "method": "exit"}))).unwrap();
        ended.recv_timeout(PATIENCE).unwrap();
        while read(&mut answered).is_some() {}
        prop_assert_eq!(answered, expected);
        prop_assert_eq!(count, all);
    }
}
