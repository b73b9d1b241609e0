//! Pages in a browser: what can be said without one. The rest is in `real_tools`.

use super::*;

fn with_page(serve: &str, more: &str) -> Sandbox {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
    sandbox.fake_agent(&json!({"runs": [done()]}));
    sandbox.settings(&format!(
        "[[verifiers]]\nname = \"page\"\nkind = \"browser\"\nserve = {serve:?}\nurl = \"http://localhost:{{port}}/\"\n{more}\n"
    ));
    // It is there, and is not come to.
    sandbox.env.push(("CHROME_PATH".to_owned(), "/bin/sh".to_owned()));
    sandbox
}

#[test]
fn a_server_that_does_not_serve_is_red_with_what_it_printed() {
    for (serve, more, expected) in [
        ("echo $PORT {port} is odd; exit 3", "", "ended before it listened on its port"),
        ("tail -f /dev/null", "timeout = \"1s\"", "never listened on its port"),
    ] {
        let sandbox = with_page(serve, more);
        let ran = sandbox.alfine(&["run", TASK, "--trust", "--json", "--max-iterations", "2"]);
        assert_ne!(ran.task()["status"], "done", "{serve}: {}", ran.stdout);
        let told = prompt(&sandbox.agent_runs()[1]).to_owned();
        assert!(told.contains(expected), "{serve}: {told}");
        if serve.starts_with("echo") {
            let line = told.lines().find(|line| line.ends_with(" is odd")).expect("what it printed");
            let ports: Vec<&str> = line.split_whitespace().take(2).collect();
            assert!(ports[0].parse::<u16>().is_ok() && ports[0] == ports[1], "{line}");
        }
        assert_eq!(sandbox.agent_processes(), []);
    }
}

#[test]
fn a_program_that_is_not_there_to_serve_is_no_fault_of_the_work() {
    let task = run(&with_page("no-such-server {port}", "")).expect(4).task();
    let reason = task["reason"].as_str().unwrap();
    assert!(reason.contains("“no-such-server”, which serves the pages, is not on this machine"), "{reason}");
}
