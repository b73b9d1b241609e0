//! Kills at random moments, of whichever process: nothing is lost, nothing is left, nobody is asked, and the loop goes on
//! to its end. `ALFINE_TEST_KILLS` says how many (300 if not set), `ALFINE_TEST_SEED` repeats what a failure printed.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use alfine_process::{ProcessIdentity, is_alive};
use alfine_tests::{
    records::check_records,
    sandbox::{PATIENCE, Running, Sandbox, wait_until},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

const KEY: &str = "PLAN.md#US-001";
const PLAN: &str = "# Shop\n\n### US-001: Greet\n\nWrite it.\n\n**Acceptance Criteria:**\n\n- [ ] It greets: `test -f greeting.txt`\n- [ ] Slowly: `sh check.sh`\n";
/// A check with children of its own, so that a kill meets those, too.
const CHECK: &str = "(sh -c 'sleep 0.02; :' &) ; sleep 0.03; grep -q hello greeting.txt\n";
/// About how long one start goes on until its loop is done, on an idle machine.
const NORMAL: Duration = Duration::from_millis(500);
/// How many kills one loop lives through before it may end.
const KILLS_OF_A_LOOP: usize = 12;
/// How many crashes in a row the loop bears by itself before it rightly asks the user.
const CRASHES_BORNE: usize = 2;

/// A generator whose numbers follow from its seed, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit.max(1)
    }
}

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Victim {
    Runner,
    RunnerAndGuards,
    All,
    Guard,
    Agent,
}

impl Victim {
    /// Of the last two there is one only at times, so they are drawn more often.
    const DRAWN: [Self; 7] =
        [Self::Runner, Self::RunnerAndGuards, Self::All, Self::Guard, Self::Guard, Self::Agent, Self::Agent];

    fn takes_the_runner(self) -> bool {
        matches!(self, Self::Runner | Self::RunnerAndGuards | Self::All)
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().expect("a number"))
}

/// Kills a process that may have ended meanwhile.
fn kill(pid: u32) {
    let _ = kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL);
}

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN), ("check.sh", CHECK)]);
    sandbox.settings("[limits]\nretry_backoff = \"10ms\"\n");
    let work = |n: u32| {
        json!([{"text": format!("step {n}")}, {"write": {"path": format!("{n}.txt"), "content": "1\n"}},
            {"shell": format!("(setsid sh -c 'sh -c \"sleep 30\" & sleep 0.0{n}' &); sleep 0.03")},
            {"gate": {"ready": false, "progress": format!("step {n}")}}, {"result": {"input": 3, "output": 4, "cost": 0.02}}])
    };
    let last = json!([{"write": {"path": "greeting.txt", "content": "hello\n"}},
        {"gate": {"ready": true, "progress": "wrote it"}}, {"result": {"input": 10, "output": 5, "cost": 0.01}}]);
    sandbox.fake_agent(&json!({"runs": [work(1), work(2), work(3), last]}));
    sandbox
}

/// A loop of one iteration whose checks take longest: the agent changes one of them, so that all controls are made.
fn compared() -> Sandbox {
    let check = |what: &str| format!("(sh -c 'sleep 0.1; :' &) ; sleep 0.1; {what}\n");
    let mut sandbox = Sandbox::with_repository(&[
        ("PLAN.md", "# Shop\n\n### US-001: Greet\n\n- [ ] It greets: `sh tests/greets.sh`\n"),
        ("tests/greets.sh", &check("grep -q hello greeting.txt")),
        ("tests/all.sh", &check("grep -q hello greeting.txt")),
    ]);
    sandbox.settings(
        "[limits]\nretry_backoff = \"10ms\"\n[[verifiers]]\nname = \"all\"\ncommand = \"sh tests/all.sh\"\n",
    );
    sandbox.fake_agent(&json!({"runs": [[
        {"write": {"path": "greeting.txt", "content": "hello\n"}},
        {"write": {"path": "tests/all.sh", "content": check("grep -q hello greeting.txt && test -s greeting.txt")}},
        {"gate": {"ready": true, "progress": "wrote it"}},
    ]]}));
    sandbox
}

/// What proves the task, without when and how long, and the commits, which have a time in them.
fn verdict(sandbox: &Sandbox) -> Value {
    let ran = sandbox.alfine(&["proof", KEY, "--json"]);
    let mut proof: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
    without_times(&mut proof);
    proof
}

fn without_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !["at", "millis", "base", "commit"].contains(&name.as_str()));
            fields.values_mut().for_each(without_times);
        }
        Value::Array(items) => items.iter_mut().for_each(without_times),
        _ => {}
    }
}

/// One loop, killed again and again, and what was done to it, for whoever reads a failure.
struct Life {
    sandbox: Sandbox,
    told: String,
}

impl Life {
    fn tell(&mut self, what: &str) {
        let _ = writeln!(self.told, "{what}");
    }

    /// Fails with all that was done, and the loop's own log.
    fn fail(&self, what: &str) -> ! {
        let log = self.sandbox.alfine(&["log", KEY]);
        panic!("{what}\n\n{}\n{}\n{}", self.told, log.stdout, log.stderr);
    }

    /// Looks once, as a user would: the row says no more that it runs, and nothing of the agent is left. Returns the
    /// status, and how many crashes in a row the loop has borne.
    fn look(&mut self) -> (String, usize) {
        let mut task = Value::Null;
        // A child that was just being started can hold the lock until it becomes another program.
        wait_until(PATIENCE, "nobody says that it runs", || {
            task = self.sandbox.task(KEY);
            !["running", "rework", "evaluating"].contains(&task["status"].as_str().unwrap_or_default())
        });
        let status = task["status"].as_str().unwrap_or("none").to_owned();
        let expected = ["pending", "ready", "interrupted", "done", "needs_input", "merged", "none"];
        if !expected.contains(&status.as_str()) {
            self.fail(&format!("after a kill it is {task}"));
        }
        let left = self.sandbox.agent_processes();
        if !left.is_empty() {
            self.fail(&format!("left after a look at a loop that is {status}: {left:?}"));
        }
        check_records(&self.sandbox);
        self.tell(&format!("  it is {status}"));
        let crashes =
            task["breaker"].as_array().into_iter().flatten().find(|rule| rule["rule"] == "agent-failing");
        let borne = crashes.and_then(|rule| rule["count"].as_f64()).unwrap_or_default();
        (status, borne as usize)
    }

    /// Kills one of these; whether one was there.
    fn kill(&self, victim: Victim, runner: u32) -> bool {
        if !ProcessIdentity::of(runner).is_some_and(|runner| is_alive(&runner)) {
            return false;
        }
        let below = self.sandbox.agent_processes();
        let is_guard = |(_, line): &&(u32, String)| line.contains(" guard ");
        match victim {
            Victim::Runner => kill(runner),
            Victim::RunnerAndGuards => {
                below.iter().filter(is_guard).for_each(|(pid, _)| kill(*pid));
                kill(runner);
            }
            Victim::All => {
                kill(runner);
                below.iter().for_each(|(pid, _)| kill(*pid));
            }
            Victim::Guard => {
                let Some((guard, _)) = below.iter().find(is_guard) else { return false };
                kill(*guard);
            }
            Victim::Agent => {
                let Some((agent, _)) = below.iter().find(|process| !is_guard(process)) else { return false };
                kill(*agent);
            }
        }
        true
    }
}

/// Lives one loop to its end; returns how often it was killed.
fn live(dice: &mut Dice, seen: &Mutex<BTreeMap<String, usize>>) -> usize {
    let mut life = Life { sandbox: sandbox(), told: String::new() };
    let count = |what: String| *seen.lock().unwrap().entry(what).or_default() += 1;
    let mut kills = 0;
    let mut borne = 0;
    while kills < KILLS_OF_A_LOOP {
        let running = life.sandbox.start(&["run", KEY, "--trust", "--json"]);
        loop {
            let delay = Duration::from_millis(dice.below(u64::try_from(NORMAL.as_millis()).unwrap()));
            // The moment itself is what is tried out; nothing is waited for.
            std::thread::sleep(delay);
            let drawn = Victim::DRAWN[usize::try_from(dice.below(7)).unwrap()];
            let victim = if borne >= CRASHES_BORNE { Victim::Runner } else { drawn };
            let met = life.kill(victim, running.pid());
            if met {
                kills += 1;
                count(format!("{victim:?}"));
                life.tell(&format!("after {delay:?}: {victim:?}"));
            }
            if victim.takes_the_runner() {
                break;
            }
            borne += usize::from(met);
        }
        let ran = running.finish();
        if let Some(code) = ran.status.code() {
            life.tell(&format!("  it ended by itself with exit status {code}"));
            if code != 0 {
                life.fail(&format!("{}\n{}", ran.stdout, ran.stderr));
            }
        }
        // Those of an iteration are in a row whoever ran it.
        let (status, crashes) = life.look();
        borne = crashes;
        count(status.clone());
        if status == "done" {
            break;
        }
    }
    let ran = life.sandbox.alfine(&["run", KEY, "--trust", "--json"]);
    if ran.code() != 0 || life.sandbox.task(KEY)["status"] != "done" {
        life.fail(&format!("it does not end:\n{}\n{}", ran.stdout, ran.stderr));
    }
    check_records(&life.sandbox);
    let branch = life.sandbox.task(KEY)["branch"].as_str().unwrap().to_owned();
    assert_eq!(life.sandbox.git(&["show", &format!("{branch}:greeting.txt")]), "hello");
    assert_eq!(life.sandbox.git(&["status", "--porcelain", "-uall"]), "", "the user's tree was touched");
    kills
}

#[test]
fn whichever_process_dies_at_whichever_moment_the_loop_goes_on_to_its_end() {
    let wanted = usize::try_from(number("ALFINE_TEST_KILLS").unwrap_or(300)).unwrap();
    let seed = number("ALFINE_TEST_SEED").unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        u64::try_from(now.as_nanos() % 1_000_000_007).unwrap()
    });
    println!("ALFINE_TEST_SEED={seed} ALFINE_TEST_KILLS={wanted}");
    let begun = Instant::now();
    let kills = AtomicUsize::new(0);
    let seen = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let (kills, seen) = (&kills, &seen);
            scope.spawn(move || {
                let mut dice = Dice(seed.wrapping_mul(2).wrapping_add(thread));
                while kills.load(Ordering::SeqCst) < wanted {
                    kills.fetch_add(live(&mut dice, seen), Ordering::SeqCst);
                }
            });
        }
    });
    println!("{} kills in {:?}: {:?}", kills.into_inner(), begun.elapsed(), seen.lock().unwrap());
}

#[test]
fn a_runner_that_dies_while_checks_are_compared_comes_to_the_same_verdict() {
    /// About how long the checks go on before the agent's work, and after it, on an idle machine, in milliseconds.
    const BEFORE: u64 = 600;
    const AFTER: u64 = 1200;
    let wanted = number("ALFINE_TEST_KILLS").map_or(10, |kills| kills / 50);
    let seed = number("ALFINE_TEST_SEED").unwrap_or(1);
    println!("ALFINE_TEST_SEED={seed}, {wanted} kills");
    let mut dice = Dice(seed);
    let alone = compared();
    alone.alfine(&["run", KEY, "--trust"]).expect(0);
    let expected = verdict(&alone);
    assert_eq!(expected["lines"][0]["state"], "proven", "{expected:#}");
    let refs = |sandbox: &Sandbox| {
        sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/heads", "refs/tags", "refs/stash"])
    };
    let mut kills = 0;
    while kills < wanted {
        let mut life = Life { sandbox: compared(), told: String::new() };
        for _ in 0..4 {
            let running = life.sandbox.start(&["run", KEY, "--trust", "--json"]);
            let is_after = dice.below(3) > 0;
            if is_after {
                wait_until(PATIENCE, "the agent has worked", || !life.sandbox.agent_runs().is_empty());
            }
            let delay = Duration::from_millis(dice.below(if is_after { AFTER } else { BEFORE }));
            // The moment itself is what is tried out; nothing is waited for.
            std::thread::sleep(delay);
            let victim = [Victim::Runner, Victim::RunnerAndGuards, Victim::All][dice.below(3) as usize];
            let met = life.kill(victim, running.pid());
            kills += u64::from(met);
            life.tell(&format!("after {delay:?}: {victim:?}"));
            drop(running.finish());
            if life.look().0 == "done" {
                break;
            }
        }
        let ran = life.sandbox.alfine(&["run", KEY, "--trust", "--json"]);
        if ran.code() != 0 || life.look().0 != "done" {
            life.fail(&format!("it does not end:\n{}\n{}", ran.stdout, ran.stderr));
        }
        let verdict = verdict(&life.sandbox);
        if verdict != expected {
            life.fail(&format!("another verdict: {verdict:#}\nthan {expected:#}"));
        }
        assert_eq!(refs(&life.sandbox), refs(&alone));
        assert_eq!(life.sandbox.git(&["status", "--porcelain", "-uall"]), "", "the user's tree was touched");
    }
    println!("{kills} kills");
}

/// A loop that waits for the user's word on its work, and a branch that has moved: the checks run before it lands.
fn waits_to_land() -> Sandbox {
    let check = |what: &str| format!("(sh -c 'sleep 0.1; :' &) ; sleep 0.1; {what}\n");
    let mut sandbox = Sandbox::with_repository(&[
        ("PLAN.md", "# Shop\n\n### US-001: Greet\n\n- [ ] It greets: `sh tests/greets.sh`\n"),
        ("tests/greets.sh", &check("grep -q hello greeting.txt")),
        ("tests/all.sh", &check("true")),
    ]);
    sandbox.settings("autonomy = \"manual\"\n[[verifiers]]\nname = \"all\"\ncommand = \"sh tests/all.sh\"\n");
    sandbox.fake_agent(&json!({"runs": [[
        {"write": {"path": "greeting.txt", "content": "hello\n"}},
        {"gate": {"ready": true, "progress": "wrote it"}},
    ]]}));
    sandbox.alfine(&["run", KEY, "--trust"]).expect(4);
    sandbox.write("mine.txt", "mine\n");
    sandbox.git(&["add", "mine.txt"]);
    sandbox.git(&["commit", "-qm", "meanwhile"]);
    sandbox
}

/// Has the work land: by a process of its own, where somebody is still to say so, else by the one that is returned.
fn land(sandbox: &Sandbox, status: &str) -> Option<Running> {
    match status {
        "needs_input" => {
            let ran = sandbox.alfine(&["answer", KEY, "--approve", "--merge"]);
            // The answer of before may have been kept, and no runner has taken it yet.
            match ran.code() {
                0 => None,
                _ => Some(sandbox.start(&["continue", KEY, "--json"])),
            }
        }
        "interrupted" => Some(sandbox.start(&["continue", KEY, "--json"])),
        _ => Some(sandbox.start(&["merge", KEY, "--json"])),
    }
}

#[test]
fn whoever_dies_while_work_lands_it_lands_whole_or_not_at_all() {
    /// About how long a landing goes on, on an idle machine, in milliseconds.
    const LANDS: u64 = 900;
    let wanted = number("ALFINE_TEST_KILLS").map_or(10, |kills| kills / 50);
    let seed = number("ALFINE_TEST_SEED").unwrap_or(1);
    println!("ALFINE_TEST_SEED={seed}, {wanted} kills");
    let mut dice = Dice(seed);
    let seen = Mutex::new(BTreeMap::<String, usize>::new());
    let state_of = |sandbox: &Sandbox| {
        let refs =
            sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/heads", "refs/tags", "refs/stash"]);
        (refs, sandbox.git(&["rev-parse", "main^{tree}"]), sandbox.git(&["worktree", "list"]).lines().count())
    };
    let alone = waits_to_land();
    alone.alfine(&["answer", KEY, "--approve", "--merge"]).expect(0);
    wait_until(PATIENCE, "it is merged", || {
        alone.task(KEY)["status"] == "merged" && alone.detached_runners().is_empty()
    });
    let (expected, landed) = (verdict(&alone), state_of(&alone));
    assert_eq!(expected["landed"]["checks"].as_array().map(Vec::len), Some(2), "{expected:#}");
    let mut kills = 0;
    while kills < wanted {
        let mut life = Life { sandbox: waits_to_land(), told: String::new() };
        let before = life.sandbox.git(&["rev-parse", "main"]);
        let mut status = "needs_input".to_owned();
        for round in 0..20 {
            let running = land(&life.sandbox, &status);
            let runner = match &running {
                Some(running) => Some(running.pid()),
                None => {
                    let mut found = Vec::new();
                    // Until it is another program than the one that began it, it is not seen.
                    wait_until(PATIENCE, "the detached runner", || {
                        found = life.sandbox.detached_runners();
                        !found.is_empty() || life.sandbox.task(KEY)["status"] != "needs_input"
                    });
                    found.first().copied()
                }
            };
            // After some deaths it may end.
            if let Some(runner) = runner.filter(|_| round < 4) {
                let delay = Duration::from_millis(dice.below(LANDS));
                // The moment itself is what is tried out; nothing is waited for.
                std::thread::sleep(delay);
                let victim = [Victim::Runner, Victim::RunnerAndGuards, Victim::All][dice.below(3) as usize];
                let met = life.kill(victim, runner);
                kills += u64::from(met);
                life.tell(&format!("{status}, after {delay:?}: {victim:?}, {met}"));
            }
            drop(running.map(Running::finish));
            wait_until(PATIENCE, "no detached runner", || life.sandbox.detached_runners().is_empty());
            status = life.look().0;
            *seen.lock().unwrap().entry(status.clone()).or_default() += 1;
            // Files may be ahead of the branch, the branch never of files, and nothing is half of each.
            let head = life.sandbox.git(&["rev-parse", "main"]);
            let ahead = life.sandbox.git(&["status", "--porcelain", "-uall"]);
            if head == before {
                let known = [" M PLAN.md", "M  PLAN.md", "MM PLAN.md", "?? greeting.txt", "A  greeting.txt"];
                if let Some(strange) = ahead.lines().find(|line| !known.contains(line)) {
                    life.fail(&format!("in the user's tree: {strange}"));
                }
            } else if !ahead.is_empty() || life.sandbox.git(&["rev-parse", "main^{tree}"]) != landed.1 {
                life.fail(&format!("main is at {head}, and in the tree there is {ahead:?}"));
            }
            let git = life.sandbox.repo().join(".git");
            for left in ["index.lock", "HEAD.lock", "refs/heads/main.lock"] {
                if git.join(left).exists() {
                    life.fail(&format!("{left} is left"));
                }
            }
            if status == "merged" {
                break;
            }
        }
        if status != "merged" {
            life.fail("it does not land");
        }
        // What a runner that died after its merge did not remove any more.
        life.sandbox.alfine(&["gc", "--remove"]).expect(0);
        let (verdict, state) = (verdict(&life.sandbox), state_of(&life.sandbox));
        if verdict != expected || state != landed {
            life.fail(&format!("another end: {verdict:#} {state:?}\nthan {expected:#} {landed:?}"));
        }
        assert_eq!(life.sandbox.git(&["status", "--porcelain", "-uall"]), "");
    }
    println!("{kills} kills, and then it was {:?}", seen.lock().unwrap());
}

/// Twelve tasks in a diamond: one, four, four that wait for two of these each, two, one.
const DIAMOND: [&[usize]; 12] =
    [&[], &[1], &[1], &[1], &[1], &[2, 3], &[3, 4], &[4, 5], &[5, 2], &[6, 7], &[8, 9], &[10, 11]];

/// A repository with that plan, four of whose tasks are worked on at a time. An agent does nothing if it does not find what the
/// ones before it wrote.
fn diamond() -> Sandbox {
    let (mut plan, mut parts) = ("# Plan\n".to_owned(), Vec::new());
    for (at, waits_for) in DIAMOND.iter().enumerate() {
        let n = at + 1;
        let ids: Vec<String> = waits_for.iter().map(|n| format!("T{n}")).collect();
        let depends =
            if ids.is_empty() { String::new() } else { format!("Depends on: {}\n", ids.join(", ")) };
        let _ =
            write!(plan, "\n### T{n}: Write number {n}.\n{depends}\n- [ ] It is there: `test -f {n}.txt`\n");
        let files: Vec<String> = waits_for.iter().map(|n| format!("{n}.txt")).collect();
        let shell = format!("sleep 0.1; cat /dev/null {} > all && mv all {n}.txt", files.join(" "));
        parts.push(json!({"prompt": format!("Write number {n}.\n"), "runs": [[
            {"shell": format!("{shell} && echo {n} >> {n}.txt")},
            {"gate": {"ready": true, "progress": "wrote it"}},
            {"result": {"cost": 0.01, "input": 10}},
        ]]}));
    }
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", &plan)]);
    sandbox.fake_agent(&json!({"parts": parts}));
    sandbox.settings("on_done = \"merge\"\nmax_parallel = 4\n[limits]\nretry_backoff = \"10ms\"\n");
    sandbox
}

#[test]
fn whoever_dies_while_a_plan_is_run_side_by_side_it_ends_the_same() {
    /// About how long the plan goes on, on an idle machine, in milliseconds.
    const GOES_ON: u64 = 6000;
    let stories = number("ALFINE_TEST_KILLS").map_or(6, |kills| kills / 50);
    let seed = number("ALFINE_TEST_SEED").unwrap_or(1);
    println!("ALFINE_TEST_SEED={seed}, {stories} stories");
    let mut dice = Dice(seed);
    let (mut kills, mut continued) = (0, 0);
    for story in 0..stories {
        let mut life = Life { sandbox: diamond(), told: String::new() };
        // Each second one lands on a branch of its own first.
        let own_branch: &[&str] = if story % 2 == 1 { &["--branch"] } else { &[] };
        life.sandbox.alfine(&[&["start", "PLAN.md", "--trust"], own_branch].concat()).expect(0);
        let delay = Duration::from_millis(dice.below(GOES_ON));
        // The moment itself is what is tried out; nothing is waited for.
        std::thread::sleep(delay);
        let runners = life.sandbox.detached_runners();
        // All of them at times: then nobody is left who could go on.
        let dying = match (dice.below(4), &runners[..]) {
            (_, []) => Vec::new(),
            (0, all) => all.to_vec(),
            (_, all) => vec![all[usize::try_from(dice.below(all.len() as u64)).unwrap()]],
        };
        for pid in &dying {
            let victim = [Victim::Runner, Victim::RunnerAndGuards, Victim::All][dice.below(3) as usize];
            let met = life.kill(victim, *pid);
            kills += u64::from(met);
            life.tell(&format!("after {delay:?}, of {}: {victim:?}, {met}", runners.len()));
        }
        let statuses = |life: &Life| -> Vec<String> {
            let all = life.sandbox.alfine(&["status", "--json"]).json();
            let tasks = all[0]["tasks"].as_array().unwrap();
            tasks.iter().map(|task| task["status"].as_str().unwrap_or_default().to_owned()).collect()
        };
        wait_until(PATIENCE * 2, "nobody is at work", || life.sandbox.detached_runners().is_empty());
        let rests = statuses(&life);
        life.tell(&format!("{rests:?}"));
        if rests.iter().any(|status| status != "merged") {
            continued += 1;
            let went_on = life.sandbox.alfine(&["continue", "PLAN.md"]);
            let then = statuses(&life);
            if then.iter().any(|status| status != "merged") {
                let graph = life.sandbox.git(&["log", "--graph", "--oneline", "--all"]);
                let stuck = then.iter().position(|status| status != "merged").unwrap_or_default() + 1;
                let log = life.sandbox.alfine(&["log", &format!("PLAN.md#T{stuck}")]).stdout;
                life.fail(&format!("it does not end: {then:?}\n{graph}\n{log}\n{went_on:?}"));
            }
        }
        if !own_branch.is_empty() {
            let untouched = life.sandbox.git(&["log", "--format=%s", "main"]);
            let merged = life.sandbox.alfine(&["merge", "PLAN.md"]);
            if untouched != "first" || merged.code() != 0 {
                life.fail(&format!("main had {untouched}, and then {merged:?}"));
            }
        }
        let subjects = life.sandbox.git(&["log", "--format=%s", "main"]);
        for n in 1..=DIAMOND.len() {
            let of_it = subjects.lines().filter(|subject| subject.contains(&format!("[T{n}]"))).count();
            if of_it == 0 || !life.sandbox.read(&format!("{n}.txt")).ends_with(&format!("{n}\n")) {
                life.fail(&format!("task {n} is {of_it} times in:\n{subjects}"));
            }
        }
        // What a runner that died after its merge did not remove any more.
        life.sandbox.alfine(&["gc", "--remove"]).expect(0);
        let left = life.sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/heads/alfine"]);
        let (dirty, plan) = (life.sandbox.git(&["status", "--porcelain"]), life.sandbox.read("PLAN.md"));
        if !(left.is_empty() && dirty.is_empty()) || plan.contains("[ ]") {
            life.fail(&format!("left: {left}; {dirty}; {plan}"));
        }
        if !life.sandbox.agent_processes().is_empty() {
            life.fail("a process is left");
        }
        let cost = |value: &Value| value["costUsd"].as_f64().unwrap_or_default();
        let tasks = &life.sandbox.alfine(&["status", "--json"]).json()[0]["tasks"];
        let of_loops: f64 = tasks.as_array().unwrap().iter().map(cost).sum();
        let ledger = cost(&life.sandbox.alfine(&["cost", "--json"]).json()[0]);
        if (of_loops - ledger).abs() > 1e-6 || of_loops == 0.0 {
            life.fail(&format!("the loops cost {of_loops}, and the ledger says {ledger}"));
        }
    }
    println!("{kills} kills, {continued} plans were continued by hand");
}
