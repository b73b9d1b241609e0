//! Verifiers through real commands under a real guard.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use alfine_core::{finding::Severity, reason::Color};
use alfine_verify::{
    CancelToken, VerifierExit, VerifierKind, VerifierResult, VerifierSpec, VerifyContext, run, score,
};
use std::{
    ffi::OsString, fs, io::Read, os::unix::fs::PermissionsExt, path::Path, sync::mpsc, thread, time::Duration,
};
use tempfile::TempDir;

struct Scene {
    root: TempDir,
    env: Vec<(OsString, OsString)>,
    cancel: CancelToken,
}

impl Scene {
    fn new() -> Self {
        let env = vec![
            ("PATH".into(), std::env::var_os("PATH").unwrap()),
            ("NAMED".into(), "by the caller".into()),
        ];
        Self { root: tempfile::tempdir().unwrap(), env, cancel: CancelToken::default() }
    }

    fn context(&self) -> VerifyContext<'_> {
        VerifyContext {
            root: self.root.path(),
            claimed: None,
            not_work: &[],
            guard: Path::new(env!("CARGO_BIN_EXE_guard")),
            env: &self.env,
            marker: self.root.path().to_str().unwrap(),
            grace: Duration::from_secs(5),
            cancel: &self.cancel,
        }
    }

    fn run(&self, specs: &[VerifierSpec]) -> Vec<VerifierResult> {
        run(specs, &self.context(), &mut |_| {})
    }

    fn run_one(&self, command: &str) -> VerifierResult {
        self.run(&[VerifierSpec::command(command)]).remove(0)
    }
}

#[test]
fn a_command_passes_when_it_exits_with_0() {
    let scene = Scene::new();
    let result = scene.run_one("echo \"$NAMED\" >&2; pwd; echo 'error: only printed'");
    assert!(result.passed);
    assert_eq!(result.exit.to_string(), "exit status 0");
    let root = scene.root.path().canonicalize().unwrap();
    assert_eq!(result.output, format!("by the caller\n{}\nerror: only printed\n", root.display()));
    assert_eq!(result.findings, []);
}

#[test]
fn a_failure_brings_its_findings_and_what_was_asked_of_it() {
    let scene = Scene::new();
    let mut spec = VerifierSpec::command("printf '\\033[31ma.c:3:5: error: x\\033[0m\\n'; exit 101");
    spec.criterion = Some(2);
    spec.required = false;
    spec.weight = 3.0;
    let result = scene.run(&[spec]).remove(0);
    assert_eq!((result.passed, result.exit.to_string().as_str()), (false, "exit status 101"));
    assert_eq!((result.criterion, result.required, result.weight), (Some(2), false, 3.0));
    assert_eq!(result.output, "a.c:3:5: error: x\n");
    let [finding] = result.findings.as_slice() else { panic!("{:?}", result.findings) };
    assert_eq!(
        (finding.file.as_deref(), finding.line, finding.severity),
        (Some("a.c"), Some(3), Severity::Error)
    );
}

#[test]
fn a_failure_that_says_nothing_is_a_finding_all_the_same() {
    let scene = Scene::new();
    assert_eq!(
        scene.run_one("echo hm; kill -9 $$").findings[0].message,
        "“echo hm; kill -9 $$”: signal 9\nhm"
    );
    assert_eq!(
        scene.run_one("no-such-tool --all").findings[0].message,
        "“no-such-tool --all” cannot run here: “no-such-tool” is not on this machine"
    );
}

#[test]
fn what_cannot_run_has_failed() {
    let scene = Scene::new();
    let gone = scene.root.path().join("gone");
    let without_root = VerifyContext { root: &gone, ..scene.context() };
    let without_guard = VerifyContext { guard: Path::new("/no/such/guard"), ..scene.context() };
    for context in [without_root, without_guard] {
        let result = run(&[VerifierSpec::command("true")], &context, &mut |_| {}).remove(0);
        assert!(!result.passed);
        assert!(matches!(result.exit, VerifierExit::NotRun { .. }), "{:?}", result.exit);
        assert_eq!(result.findings.len(), 1);
    }
}

/// Whether a check was found to be one that cannot run here.
fn is_unable(scene: &Scene, command: &str) -> bool {
    let result = scene.run_one(command);
    assert!(!result.passed, "{command}");
    assert_eq!(result.findings.len(), 1, "{command}");
    result.is_unable()
}

#[test]
fn a_check_whose_program_is_missing_is_not_run() {
    let scene = Scene::new();
    for command in
        ["no-such-tool > made; true", "A=b no-such-tool || touch made", "! no-such-tool && touch made"]
    {
        assert!(is_unable(&scene, command), "{command}");
    }
    assert!(!scene.root.path().join("made").exists());
}

#[test]
fn a_shell_s_word_for_a_missing_program_blames_no_work_unless_a_file_may_come() {
    let scene = Scene::new();
    for command in [
        "sh -c no-such-tool",
        "true && no-such-tool",
        "sh -c 'exit 126'",
        "/no/such/tool",
        "sh -c 'exit 127' -- --flag=a/b",
    ] {
        assert!(is_unable(&scene, command), "{command}");
    }
    for command in ["./check.sh", "bash scripts/check.sh", "scripts/check --all", "false", "sh -c 'exit 2'"] {
        assert!(!is_unable(&scene, command), "{command}");
    }
    fs::write(scene.root.path().join("check.sh"), "no-such-tool").unwrap();
    // It may still be made executable; and once it is, it is no more about the file.
    assert!(!is_unable(&scene, "./check.sh"));
    fs::set_permissions(scene.root.path().join("check.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(is_unable(&scene, "./check.sh"));
}

#[test]
fn a_check_runs_in_its_folder_and_what_it_finds_is_named_from_the_root() {
    let scene = Scene::new();
    fs::create_dir_all(scene.root.path().join("api/src")).unwrap();
    fs::write(scene.root.path().join("api/src/a.c"), "").unwrap();
    fs::write(scene.root.path().join("top.c"), "").unwrap();
    let command = "pwd | grep -q /api$; echo \"$?\"; echo 'src/a.c:3:5: error: x'; echo '../top.c:1:1: error: y'; \
         echo 'api/src/a.c:4:1: error: z'; exit 1";
    let result = scene.run(&[VerifierSpec::command(command).within("api")]).remove(0);
    assert!(result.output.starts_with("0\n"), "{}", result.output);
    let files: Vec<_> = result.findings.iter().filter_map(|finding| finding.file.as_deref()).collect();
    assert_eq!(files, ["api/src/a.c", "top.c", "api/src/a.c"]);
    let gone = scene.run(&[VerifierSpec::command("true").within("none")]).remove(0);
    assert!(gone.is_unable(), "{:?}", gone.exit);
}

#[test]
fn a_check_has_no_terminal_and_nothing_to_read() {
    let scene = Scene::new();
    for command in ["! read line", "! test -t 0", "! test -t 1", "! (exec 3< /dev/tty) 2> /dev/null"] {
        assert!(scene.run_one(command).passed, "{command}");
    }
}

#[test]
fn a_verifier_that_takes_too_long_is_ended_with_all_it_started() {
    let scene = Scene::new();
    let mut spec = VerifierSpec::command("setsid sleep 1000 & echo begun; echo $! > pid; sleep 1000");
    spec.timeout = Duration::from_millis(500);
    let result = scene.run(&[spec]).remove(0);
    assert_eq!(
        result.exit.to_string(),
        "timed out after 0.5 s: it may be waiting for changes (a watch mode) or for input"
    );
    assert_eq!(result.output, "begun\n");
    let pid = fs::read_to_string(scene.root.path().join("pid")).unwrap();
    assert!(!Path::new("/proc").join(pid.trim()).exists());
}

#[test]
fn what_a_verifier_leaves_running_delays_nobody() {
    let scene = Scene::new();
    // To wait for it would be a hang.
    assert!(scene.run_one("sleep 1000 & true").passed);
}

#[test]
fn an_interrupted_verification_ends_what_runs_and_starts_no_other() {
    let scene = Scene::new();
    let fifo = scene.root.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let specs = [
        VerifierSpec::command("true"),
        VerifierSpec::command("echo up > fifo; sleep 1000"),
        VerifierSpec::command("touch started"),
    ];
    let cancel = scene.cancel.clone();
    let canceller = thread::spawn(move || {
        let mut up = String::new();
        fs::File::open(fifo).unwrap().read_to_string(&mut up).unwrap();
        cancel.cancel();
        cancel.cancel();
    });
    let results = scene.run(&specs);
    canceller.join().unwrap();
    let exits: Vec<_> = results.iter().map(|result| result.exit.to_string()).collect();
    assert_eq!(exits, ["exit status 0", "interrupted"]);
    assert!(!scene.root.path().join("started").exists());
    assert!(scene.run(&specs).is_empty(), "a token cancels for good");
}

#[test]
fn the_verification_tells_what_it_does() {
    let scene = Scene::new();
    let (sender, receiver) = mpsc::channel();
    run(&["true", "false"].map(VerifierSpec::command), &scene.context(), &mut |result| {
        sender.send(format!("{}: {}", result.name, result.exit)).unwrap();
    });
    drop(sender);
    assert_eq!(receiver.iter().collect::<Vec<_>>(), ["true: exit status 0", "false: exit status 1"]);
}

#[test]
fn memory_stays_flat_whatever_a_verifier_prints() {
    let scene = Scene::new();
    let result = scene.run_one("echo first; yes | head -c 1000000000; echo last");
    assert!(result.passed);
    assert!(result.output.starts_with("first\ny\n") && result.output.ends_with("y\nlast\n"));
    assert!(result.output.len() < 300 << 10, "{}", result.output.len());
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 100 << 10, "{peak} KiB");
}

#[test]
fn results_score_as_one() {
    let scene = Scene::new();
    let clean = VerifierSpec::new("clean", VerifierKind::CleanTree { paths: vec![] });
    let optional = VerifierSpec { required: false, ..clean.clone() };
    let results = scene.run(&[VerifierSpec::command("true"), VerifierSpec::command("true"), clean]);
    // The folder is not a repository.
    assert!(matches!(results[2].exit, VerifierExit::NotRun { .. }));
    assert_eq!(score(&results, 0.9, 0.6), Color::Red);
    assert_eq!(score(&results[..2], 0.9, 0.6), Color::Green);
    let results = scene.run(&[VerifierSpec::command("true"), VerifierSpec::command("true"), optional]);
    assert_eq!(score(&results, 0.9, 0.6), Color::Yellow);
}
