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
        let text = unit.repeat(20_000 / unit.len());
        let _ = verdict(&text);
        let _ = (verdict(&format!("{text}a")), uses(&text, "a"));
    }
    for unit in ["(", "'", "é"] {
        let _ = verdict(&unit.repeat(1_000_000 / unit.len()));
    }
    assert_eq!(verdict(&"a".repeat(2_000_000)), Err(Unreadable::TooLarge));
    let calls: String = (1..40).map(|n| format!("f{n}() {{ f{0}; f{0}; }};", n - 1)).collect();
    assert_eq!(says(&format!("f0() {{ true; }};{calls} f39")), "d");
}

proptest! {
    #[test]
    fn every_text_is_read_or_refused(text in "[ -~é\n]{0,60}") {
        let _ = (verdict(&text), uses_of_script(&text, "a/b.sh", "c"));
    }

    #[test]
    fn every_mix_of_signs_is_read_or_refused(
        words in prop::collection::vec(prop::sample::select(vec![
            "a", "true", "|", "||", "&&", "&", ";", "(", ")", "{", "}", "!", "if", "then", "fi", "$(", "`", "\"", "'",
            "<<E", "\n", "E", "for", "in", "do", "done", "case", "esac", ";;", "[[", "]]", "((", "))", "${", "\\", "#",
            "tail", "é", ">", "x=", "=(", " ",
        ]), 0..24),
    ) {
        let _ = (verdict(&words.concat()), uses(&words.join(" "), ""));
        let spaced = words.join(" ");
        if let Ok(Verdict::AlwaysPasses { without: Some(without), .. }) = verdict(&spaced) {
            prop_assert!(!matches!(verdict(&without), Ok(Verdict::AlwaysPasses { .. }) | Err(_)), "{spaced} -> {without}");
        }
    }
}

/// What a text names: `+` decides, `-` is observed, `<` is sourced, `?` is only looked at, `!` is to lack something.
fn named(uses: &Uses) -> String {
    let of = |sign: &str, used: &Use| {
        let script = used.script.as_deref().map(|script| format!("={script}")).unwrap_or_default();
        format!("{sign}{}{script}", used.program)
    };
    let mut all: Vec<String> = uses.deciding.iter().map(|used| of("+", used)).collect();
    all.extend(uses.observed.iter().map(|used| of("-", used)));
    all.extend(uses.sourced.iter().map(|path| format!("<{path}")));
    all.extend(uses.operands.iter().map(|path| format!("?{path}")));
    all.extend(uses.searched.iter().map(|(path, _)| format!("*{path}")));
    all.extend(uses.absent.iter().map(|absent| format!("!{}", absent.path)));
    all.join(" ")
}

#[test]
fn each_program_and_path_has_its_part() {
    for (text, expected) in [
        ("./check.sh", "+./check.sh=check.sh"),
        ("sh tools/check.sh --all", "+sh=tools/check.sh"),
        ("bash -x tools/check.sh", "+bash=tools/check.sh"),
        ("bash -o pipefail -c 'tools/check.sh | tee x'", "+tools/check.sh=tools/check.sh -tee"),
        ("CI=1 timeout 60 python3 -W error scripts/verify.py a b", "+python3=scripts/verify.py"),
        ("node test.js", "+node=test.js"),
        ("node --test tests", "+node"),
        ("python -m pytest tests", "+python"),
        ("python -m py_compile src/a.py", "?py_compile ?src/a.py"),
        ("uv run pytest -q", "+pytest"),
        ("poetry run python check.py", "+python=check.py"),
        ("cd api && ./check.sh", "+./check.sh=api/check.sh"),
        ("(cd api; ./a) && ./b", "+./a=api/a +./b=b"),
        ("cd api/../web && sh ./x/check.sh", "+sh=web/x/check.sh"),
        ("./build.sh && test -f out", "-./build.sh=build.sh ?out"),
        ("make && test -f out", "+make ?out"),
        ("./check.sh && ! grep x src/a.rs", "+./check.sh=check.sh ?src/a.rs !src/a.rs"),
        ("./check.sh && cargo test", "+./check.sh=check.sh +cargo"),
        ("./a.sh; ./b.sh", "+./b.sh=b.sh -./a.sh=a.sh"),
        ("set -e; ./a.sh; ./b.sh", "+./a.sh=a.sh +./b.sh=b.sh"),
        ("./gen.py | diff - expected.txt", "-./gen.py=gen.py ?- ?expected.txt"),
        ("./gen.py | ./check.py", "+./check.py=check.py -./gen.py=gen.py"),
        ("./check.sh | tail", "+./check.sh=check.sh -tail"),
        ("[ \"$(./count.sh)\" = 3 ]", "-./count.sh=count.sh ?= ?3 ?]"),
        ("diff <(./a) <(./b)", "-./a=a -./b=b"),
        ("./server & curl -f localhost", "+curl -./server=server"),
        ("if ./check.sh; then exit 0; else exit 1; fi", "+./check.sh=check.sh"),
        ("./check.sh || { echo no; exit 1; }", "+./check.sh=check.sh"),
        ("! ./check.sh", "+./check.sh=check.sh"),
        (". ./env.sh && ./x", "+./x=x <env.sh"),
        ("source tools/env.sh", "<tools/env.sh"),
        ("for f in a b; do sh tests/$f.sh || exit 1; done", "+sh=tests/a.sh +sh=tests/b.sh"),
        ("for f in tests/*.sh; do sh \"$f\"; done", "+sh=tests/*.sh"),
        ("ls tests/*.sh | xargs -n1 sh", "+sh=tests/*.sh ?tests/*.sh"),
        ("ls tests/*.sh | sort | xargs -n 1 sh -e", "+sh=tests/*.sh -sort ?tests/*.sh"),
        ("cd qa && ls *.sh | xargs -I {} sh {} all", "+sh=qa/*.sh ?qa/*.sh"),
        ("find qa -name '*.sh' -print0 | xargs -0 -n1 sh", "+sh=qa/**/*.sh -find"),
        ("find qa ./b -type f -name '*.sh' -exec sh {} \\;", "+sh=qa/**/*.sh +sh=b/**/*.sh"),
        ("find qa -name '*.sh' | while read -r f; do sh \"$f\" || exit 1; done", "+sh=qa/**/*.sh -find"),
        ("for f in $(ls qa/*.sh); do sh $f || exit 1; done; rm x", "+sh=qa/*.sh +rm ?qa/*.sh"),
        ("sh -e qa/a.sh && bash -eu -o pipefail qa/b.sh", "+sh=qa/a.sh +bash=qa/b.sh"),
        ("cat qa/a.sh | sh", "+sh=qa/a.sh ?qa/a.sh"),
        ("cat qa/a.sh | sh -s -- all", "+sh=qa/a.sh ?qa/a.sh"),
        ("cat qa/a.py | python3 - --all", "+python3=qa/a.py ?qa/a.py"),
        ("sh < qa/a.sh", "+sh=qa/a.sh ?qa/a.sh"),
        ("cat a.txt | python3 -c 'x'", "+python3 ?a.txt"),
        ("cat a.txt | sh a.sh", "+sh=a.sh ?a.txt"),
        ("eval \"$(cat qa/a.sh)\"", "<qa/a.sh ?qa/a.sh"),
        ("sh -c \"$(cat qa/a.sh)\"", "+sh <qa/a.sh ?qa/a.sh"),
        (". <(cat qa/a.sh)", "<qa/a.sh ?qa/a.sh"),
        ("sh a.sh; status=$?; rm -f x; exit $status", "+sh=a.sh -rm"),
        ("sh build.sh; status=$?; grep -q x out && exit $status", "-sh=build.sh ?out"),
        ("sh a.sh || failed=1; rm x; test -z \"$failed\"", "+sh=a.sh -rm ?1"),
        ("sh qa/a.sh || exit 1; grep -q x out", "+sh=qa/a.sh ?out"),
        ("sh a.sh; [ $? -eq 0 ] || exit 1; rm x", "+sh=a.sh +rm ?0 ?]"),
        ("sh a.sh || failed=1; sh b.sh || failed=1; exit $failed", "+sh=a.sh +sh=b.sh"),
        ("if ! sh a.sh; then exit 1; fi; echo fine", "+sh=a.sh"),
        ("sh a.sh || exit 1; echo fine", "+sh=a.sh"),
        ("sh a.sh || echo no; rm x", "+rm -sh=a.sh"),
        ("awk -f qa/rules.awk a.txt", "+awk=qa/rules.awk"),
        ("./check.sh && test -f out", "+./check.sh=check.sh ?out"),
        ("f() { ./check.sh; }; f", "+./check.sh=check.sh"),
        ("D=tools; $D/check.sh", "+tools/check.sh=tools/check.sh"),
        ("$D/check.sh", ""),
        ("grep -q x src/a.rs", "?src/a.rs"),
        ("grep -rn TODO src lib", "?src ?lib *src *lib"),
        ("rg -g '*.rs' TODO src", "?src"),
        ("cd api && grep -r TODO", "*api"),
        ("grep -rn --include='*.rs' TODO .", ""),
        ("! grep -rq TODO src", "?src *src !src"),
        ("cargo test && ! grep -e x -m 1 a.txt 'b c.txt'", "+cargo ?a.txt ?b c.txt !a.txt !b c.txt"),
        ("! diff a b", "?a ?b !a !b"),
        ("! grep x *.rs", "?*.rs"),
        ("! grep x", ""),
        ("sh -c '! grep x f'", "?f"),
        ("wc -l < out.txt", "+wc ?out.txt"),
        ("\"$(dirname \"$0\")/x.sh\"", ""),
    ] {
        assert_eq!(named(&uses(text, "").unwrap()), expected, "{text}");
    }
    assert_eq!(named(&uses("./a && ! grep x ../b", "api").unwrap()), "+./a=api/a ?b !b");
}

#[test]
fn options_name_what_a_tool_is_set_up_by() {
    for (text, expected) in [
        ("node --env-file=dev.env --test", "dev.env"),
        ("node --require ./pre.js --test", "pre.js"),
        (
            "cd api && python3 -m pytest -q -c build/unit.cfg -p plugins.report",
            "api/build/unit.cfg api/plugins.report api/plugins/report.py",
        ),
        ("npx eslint --config lint/a.js src", "lint/a.js"),
        ("node -r ./pre.js app.js --config a.json", "pre.js"),
        ("./app --config a.json", ""),
        ("python3 app.py --config a.json", ""),
        ("grep -c x a.txt", ""),
        ("cc -c a.c && mkdir -p out && cargo test -p calc", ""),
    ] {
        assert_eq!(uses(text, "").unwrap().settings.join(" "), expected, "{text}");
    }
}

#[test]
fn a_script_names_what_lies_beside_it() {
    let text = "#!/bin/bash -e\n# checks\nHERE=$(cd \"$(dirname \"$0\")\" && pwd)\n. \"$HERE/lib.sh\"\nsource \"$(dirname \"${BASH_SOURCE[0]}\")/b.sh\"\n\
                \"${0%/*}/first.sh\"\n\"$HERE\"/../other/x.py --all\nout=$(./gen.sh)\ncat <<E\n./not-run.sh\nE\ntest \"$out\" = 3\n";
    let uses = uses_of_script(text, "tools/ci/check.sh", "").unwrap();
    let scripts = |used: &[Use]| used.iter().filter_map(|used| used.script.clone()).collect::<Vec<_>>();
    assert_eq!(scripts(&uses.deciding), ["tools/ci/first.sh", "tools/other/x.py"]);
    assert_eq!(scripts(&uses.observed), ["gen.sh"]);
    assert_eq!(uses.sourced, ["tools/ci/lib.sh", "tools/ci/b.sh"]);
    let from_elsewhere = uses_of_script("\"$(dirname \"$0\")/x.sh\"", "check.sh", "api").unwrap();
    assert_eq!(scripts(&from_elsewhere.deciding), ["x.sh"]);
}

#[test]
fn parts_of_a_tool_s_own_file_are_known() {
    for (text, expected) in [
        ("make", "make::"),
        ("make -j4 check V=1 lint", "make::check make::lint"),
        ("make -C sub -f ci.mk test", "make:sub/ci.mk:test"),
        ("just --justfile ci/justfile check", "just:ci/justfile:check"),
        ("npm test", "npm::test"),
        ("npm t", "npm::test"),
        ("npm run -s lint -- --fix", "npm::lint"),
        ("npm --prefix web run test", "npm:web:test"),
        ("npm ci", ""),
        ("yarn lint", "yarn::lint"),
        ("pnpm run check", "pnpm::check"),
        ("bun run check", "bun::check"),
        ("bun test", ""),
        ("composer test", "composer::test"),
        ("cargo test", ""),
    ] {
        let uses = uses(text, "").unwrap();
        let targets = uses.deciding.iter().flat_map(Use::targets);
        let told = targets.map(|target| {
            format!("{}:{}:{}", target.tool, target.file.unwrap_or(target.folder), target.name)
        });
        assert_eq!(told.collect::<Vec<_>>().join(" "), expected, "{text}");
    }
}

#[test]
fn folders_of_the_repository_that_are_put_on_the_path_are_told() {
    let on_path = |text: &str| uses(text, "web").unwrap().on_path;
    assert_eq!(on_path("PATH=\"$PWD/bin:$PATH\" greet"), ["web/bin"]);
    assert_eq!(on_path("export PATH=$PATH:./tools:../bin; greet"), ["web/tools", "bin"]);
    assert_eq!(on_path("PATH=$(pwd)/bin:/usr/bin\ngreet"), ["web/bin"]);
    for none in
        ["PATH=/usr/bin:$HOME/bin greet", "greet PATH=bin", "PATHS=bin greet", "PATH=$(npm bin) greet"]
    {
        assert_eq!(on_path(none), Vec::<String>::new(), "{none}");
    }
}
