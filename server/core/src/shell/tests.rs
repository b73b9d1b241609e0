//! What command lines say, over a table of them.

use super::*;
use proptest::prelude::*;

/// What the status of this says, in one letter: `d` decides, `p` always passes, `h` hides a status, `?` is unreadable.
fn says(text: &str) -> &'static str {
    match verdict(text) {
        Ok(Verdict::Decides) => "d",
        Ok(Verdict::AlwaysPasses { .. }) => "p",
        Ok(Verdict::HidesStatus { .. }) => "h",
        Err(_) => "?",
    }
}

/// The command lines that are honest checks.
const HONEST: &[&str] = &[
    "cargo test",
    "cargo test && ! grep -rn TODO src",
    "cargo test && cargo clippy -- -D warnings",
    "test -f x || exit 1",
    "grep -q a f || { echo missing; exit 1; }",
    "diff <(a) <(b)",
    "diff <(sort a) <(sort b) || exit 3",
    "make -j4 check",
    "[ \"$(cat n)\" = 3 ]",
    "[ \"$(cat n | wc -l)\" -eq 3 ]",
    "test \"$(ls src | wc -l)\" -gt 3",
    "test -z \"$(git status --porcelain | head -1)\"",
    "cargo test 2>&1 | grep -q \"12 passed\"",
    "cargo test 2>&1 | tee log | grep -q ok",
    "x | diff - expected",
    "x | cmp - expected",
    "x | jq -e .ok",
    "x | wc -l | grep -qx 3",
    "echo x | xargs -r test -f",
    "find . -name '*.sh' | xargs shellcheck",
    "echo '{}' | ./validate",
    "x | sort -c",
    "x | awk '$1 > 3 { bad = 1 } END { exit bad }'",
    "x | sed -n '/bad/q1'",
    "bash -o pipefail -c \"a | tee b\"",
    "bash -euo pipefail -c 'a | tail; b'",
    "set -o pipefail; a | tee b",
    "set -o pipefail && a | tee b",
    "set -euo pipefail\na | tail -3\necho done",
    "set -e; cargo test; echo done",
    "set -o errexit; cargo test; true",
    "until curl -sf localhost:80; do sleep 1; done",
    "while ! test -f x; do sleep 1; done",
    "for f in *.py; do python -m py_compile \"$f\" || exit 1; done",
    "if cargo test; then echo ok; else echo no; exit 1; fi",
    "if ! cargo test; then exit 1; fi",
    "case \"$(uname)\" in Linux) cargo test;; *) exit 1;; esac",
    "cat <<EOF | diff - f\nhello $(date)\nEOF",
    "python - <<'E'\nimport x; assert x.f() == 1 # it's || true\nE",
    "cat <<-E > f && make\n\ta || true\n\tE\n",
    "(cd api && npm test)",
    "{ make; } 2>&1",
    "! grep -rn 'TODO' src",
    "! { make | grep -q warning; }",
    "! cargo run -- --bad",
    "cd x && make; status=$?; rm -rf y; exit $status",
    "a | tee log; test ${PIPESTATUS[0]} -eq 0",
    "a | tee log && grep -q ok log",
    "a | tee log && [ \"$(grep -c ok log)\" = 3 ]",
    "a > log 2>&1 && grep -q ok log",
    "a & pid=$!; b; kill $pid",
    "server & sleep 1; curl -f localhost",
    "a & wait $!",
    "f() { cargo test; }; f",
    "true() { false; }; true",
    "echo \"it's || true\" | grep -q it",
    "grep -q '|| true' f",
    "grep -q \"; true\" f",
    "test -f a -a -f b",
    "[[ -f a && -f b ]]",
    "[[ $x =~ ^(a|b)$ ]]",
    "(( $(cat n) > 3 ))",
    "true && cargo test",
    "true; cargo test",
    "false || cargo test",
    "false",
    "exit 1",
    "true && false",
    "! true",
    "x=$(cargo test)",
    "env CI=1 timeout 60 cargo test",
    "CI=1 RUST_LOG='a b' cargo test",
    "sh -c 'exit 1'",
    "eval \"$cmd\"",
    "trap 'rm -f x' EXIT; cargo test",
    "test ! -e build",
    "printf 'a\\nb\\n' | diff - f",
    "cat f",
    ": < needed.txt",
    "command -v jq",
    "grep -c 'café' ünïcode.txt",
    "grep 'a'\\''b' f",
    "a \\\n  --b",
    "[ -s out ] && [ $(wc -l < out) = 3 ]",
    "make 2>/dev/null||exit 1",
    "$CMD",
    "exec cargo test",
    "coproc a; b",
    "time -p cargo test",
    "time cargo test",
    "git diff --exit-code | cat; exit 1",
    "select x in a; do b; done",
    "if (a) then (b) fi",
    "( ( a ) )",
    "((a); (b))",
    "echo ${x:-$(a | tail)} | grep x",
];

/// Those that are green whatever the work is, each with what is left if its tail is dropped.
const ALWAYS: &[(&str, Option<&str>)] = &[
    ("true", None),
    (":", None),
    ("exit 0", None),
    ("exit 256", None),
    ("echo ok", None),
    ("printf 'ok\\n'", None),
    ("echo \"$(cargo test)\"", None),
    ("! false", None),
    ("true && true", None),
    ("(true)", None),
    ("{ :; }", None),
    ("((1))", None),
    ("[ 1 = 1 ]", None),
    ("test 1 -eq 1", None),
    ("test -d .", None),
    ("[[ a == a ]]", None),
    ("[ ! '' ]", None),
    ("if cargo test; then :; fi", None),
    ("if cargo test; then echo yes; else echo no; fi", None),
    ("for x in; do cargo test; done", None),
    ("case x in esac", None),
    ("case x in y) true;; esac", None),
    ("while false; do cargo test; done", None),
    ("sh -c 'exit 0'", None),
    ("bash -c 'cargo test || true'", None),
    ("eval true", None),
    ("env true", None),
    ("timeout 5 true", None),
    ("trap 'exit 0' EXIT; cargo test", None),
    ("cargo() { :; }; cargo test", None),
    ("export X=$(cargo test)", None),
    ("/bin/true", None),
    ("t\"ru\"e", None),
    ("'true'", None),
    ("\\true", None),
    ("exec true; cargo test", None),
    ("exit 0; cargo test", None),
    ("cargo test || true", Some("cargo test")),
    ("cargo test ||true", Some("cargo test")),
    ("cargo test || :", Some("cargo test")),
    ("cargo test || echo failed", Some("cargo test")),
    ("cargo test || exit 0", Some("cargo test")),
    ("cargo test; true", Some("cargo test")),
    ("cargo test; echo $?", Some("cargo test")),
    ("cargo test; exit 0", Some("cargo test")),
    ("cargo test\ntrue\n", Some("cargo test\n")),
    ("cargo test &", Some("cargo test")),
    ("cargo test & wait", Some("cargo test")),
    ("cargo test & true", Some("cargo test")),
    ("cargo test || true && true", Some("cargo test")),
    ("cargo test || make || true", Some("cargo test || make")),
    ("(cargo test || true)", Some("(cargo test)")),
    ("{ cargo test; true; }", Some("{ cargo test; }")),
    ("(cargo test || true) && echo ok", Some("(cargo test)")),
    ("(cargo test || true); true", Some("(cargo test)")),
    ("cd api && cargo test || true", Some("cd api && cargo test")),
    ("cargo test | echo done", Some("cargo test")),
    ("cargo test | true", Some("cargo test")),
    ("! cargo test && false || true", Some("! cargo test && false")),
    ("cargo test -- 'é || true' || true # später", Some("cargo test -- 'é || true' # später")),
    ("set +e; cargo test; true", Some("set +e; cargo test")),
    ("a=1 cargo test || true", Some("a=1 cargo test")),
];

/// Those in which a pipe hides a status, with what hides what, and the ways to write it.
const HIDES: &[(&str, &str, &str, &[&str])] = &[
    ("cargo test | tail", "cargo", "tail", &["cargo test", "bash -o pipefail -c 'cargo test | tail'"]),
    (
        "cargo test 2>&1 | tee log",
        "cargo",
        "tee",
        &["cargo test > log 2>&1", "bash -o pipefail -c 'cargo test 2>&1 | tee log'"],
    ),
    ("make | tee -a log", "make", "tee", &["make >> log", "bash -o pipefail -c 'make | tee -a log'"]),
    ("make | head -5", "make", "head", &["make"]),
    (
        "make | grep x | sort | uniq",
        "grep",
        "uniq",
        &["make | grep x", "bash -o pipefail -c 'make | grep x | sort | uniq'"],
    ),
    ("cd a && make | cat", "make", "cat", &["cd a && make", "bash -o pipefail -c 'cd a && make | cat'"]),
    (
        "make | cat && npm test",
        "make",
        "cat",
        &["make && npm test", "bash -o pipefail -c 'make | cat && npm test'"],
    ),
    (
        "set -e; make | cat; npm test",
        "make",
        "cat",
        &["set -e; make; npm test", "bash -o pipefail -c 'set -e; make | cat; npm test'"],
    ),
    ("(make | cat)", "make", "cat", &["(make)", "bash -o pipefail -c '(make | cat)'"]),
    ("make |& tail", "make", "tail", &["make", "bash -o pipefail -c 'make |& tail'"]),
    ("ls | wc -l", "ls", "wc", &["ls", "bash -o pipefail -c 'ls | wc -l'"]),
    (
        "make | sed 's/a/b/' | sort",
        "make",
        "sort",
        &["make", r"bash -o pipefail -c 'make | sed '\''s/a/b/'\'' | sort'"],
    ),
    (
        "make | awk '{print $1}'",
        "make",
        "awk",
        &["make", r"bash -o pipefail -c 'make | awk '\''{print $1}'\'''"],
    ),
    ("make | env LC_ALL=C sort", "make", "env", &["make", "bash -o pipefail -c 'make | env LC_ALL=C sort'"]),
    (
        "if make | tail; then echo; else exit 1; fi",
        "make",
        "tail",
        &[
            "if make; then echo; else exit 1; fi",
            "bash -o pipefail -c 'if make | tail; then echo; else exit 1; fi'",
        ],
    ),
    ("sh -c 'make | tail'", "make", "tail", &[]),
    (
        "set -o pipefail; set +o pipefail; make | tail",
        "make",
        "tail",
        &["set -o pipefail; set +o pipefail; make"],
    ),
    (
        "f() { make | tail; }; f",
        "make",
        "tail",
        &["f() { make; }; f", "bash -o pipefail -c 'f() { make | tail; }; f'"],
    ),
];

#[test]
fn honest_checks_decide() {
    for text in HONEST {
        assert_eq!(says(text), "d", "{text}: {:?}", verdict(text));
    }
}

#[test]
fn what_is_green_whatever_the_work_is_always_passes() {
    for (text, left) in ALWAYS {
        match verdict(text) {
            Ok(Verdict::AlwaysPasses { without, .. }) => assert_eq!(without.as_deref(), *left, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn a_pipe_into_what_only_shows_hides_a_status() {
    for (text, hidden, shows, expected) in HIDES {
        match verdict(text) {
            Ok(Verdict::HidesStatus { of, by, plain, pipefail }) => {
                let ways: Vec<_> = plain.into_iter().chain(pipefail).collect();
                assert_eq!((of.as_str(), by.as_str()), (*hidden, *shows), "{text}");
                assert_eq!(ways, *expected, "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn what_no_shell_takes_is_unreadable() {
    for text in [
        "it's",
        "echo \"",
        "a && ",
        "a | ",
        "(a",
        "a)",
        "if a; then b",
        "fi",
        "$(",
        "`a",
        "a ;; b",
        "case x in",
        "{ a",
        "for",
        "a >",
        "<<",
        "f() ",
        "[[ a",
        "${a",
        "a=(1",
        "& a",
        "; a",
        "| a",
        "a && && b",
        "$((",
        "done",
        "()",
    ] {
        assert_eq!(says(text), "?", "{text}: {:?}", verdict(text));
    }
}

#[test]
fn a_megabyte_and_what_is_nested_without_end_are_read_or_refused_in_time() {
    for unit in [
        "(",
        "$(",
        "`",
        "\"$(",
        "{ ",
        "if a; then ",
        "a && ",
        "a | ",
        "! ",
        "a;",
        "<<E\n",
        "<<E$[\t\t",
        "$((",
        "((",
        "[[ ",
        "${",
        "case a in ",
        "\"",
        "'",
        "a=(",
        "\\\n",
        ">",
        "a b c\n",
        "é",
        "\0",
        "for x in ",
        "f() ",
        "<(",
        "@(",
        "$'",
        "a=",
        "\n",
        "eval ",
        "env ",
        "true || ",
        "f() { f; f; };",
        "$((# ((((\n a) )",
        "a | nice cat;",
        "trap ",
        "\\é",
        "a || true;",
        "sh -c 'a' ",
    ] {
        let text = unit.repeat(50_000 / unit.len());
        let _ = verdict(&text);
        let _ = verdict(&format!("{text}a"));
    }
    for unit in ["(", "'", "é", "a || true;"] {
        let _ = verdict(&unit.repeat(1_000_000 / unit.len()));
    }
    assert_eq!(verdict(&"a".repeat(2_000_000)), Err(Unreadable::TooLarge));
    let calls: String = (1..40).map(|n| format!("f{n}() {{ f{0}; f{0}; }};", n - 1)).collect();
    assert_eq!(says(&format!("f0() {{ true; }};{calls} f39")), "d");
}

proptest! {
    #[test]
    fn every_text_is_read_or_refused(text in "[ -~é\n]{0,60}") {
        let _ = verdict(&text);
    }

    #[test]
    fn every_mix_of_signs_is_read_or_refused(
        words in prop::collection::vec(prop::sample::select(vec![
            "a", "true", "|", "||", "&&", "&", ";", "(", ")", "{", "}", "!", "if", "then", "fi", "$(", "`", "\"", "'",
            "<<E", "\n", "E", "for", "in", "do", "done", "case", "esac", ";;", "[[", "]]", "((", "))", "${", "\\", "#",
            "tail", "é", ">", "x=", "=(", " ",
        ]), 0..24),
    ) {
        let _ = verdict(&words.concat());
        let spaced = words.join(" ");
        if let Ok(Verdict::AlwaysPasses { without: Some(without), .. }) = verdict(&spaced) {
            prop_assert!(!matches!(verdict(&without), Ok(Verdict::AlwaysPasses { .. }) | Err(_)), "{spaced} -> {without}");
        }
    }
}
