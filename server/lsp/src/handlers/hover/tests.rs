use super::*;
use crate::protocol::lsp_types::{Position, Range, TextDocumentIdentifier, TextDocumentPositionParams, Url};
use crate::{
    client::ClientView,
    diagnostics,
    fixtures::{self, Looped, PLAN, World, able_client, situation, situations, uri},
};
use alfine_core::{
    breaker::Rule,
    gate::{self, Dialects},
    machine::{LastIteration, Phase},
};
use std::fmt::Write;

fn hover(picture: &Picture, uri: Url, line: u32, character: u32) -> Option<(String, Option<Range>)> {
    let params = HoverParams {
        text_document_position_params: TextDocumentPositionParams {
            text_document: TextDocumentIdentifier { uri },
            position: Position::new(line, character),
        },
        work_done_progress_params: Default::default(),
    };
    let hover = handle(picture, &params)?;
    let HoverContents::Markup(content) = hover.contents else { panic!() };
    Some((content.value, hover.range))
}

fn text_at(picture: &Picture, name: &str, line: u32, character: u32) -> String {
    hover(picture, uri(name), line, character).map(|(text, _)| text).unwrap_or_default()
}

#[test]
fn every_situation_is_told() {
    let mut text = String::new();
    for situation in situations() {
        let picture = World::of(&situation).picture();
        let _ = writeln!(text, "=== {}\n{}\n", situation.name, text_at(&picture, "PLAN.md", 4, 5));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_hover_begins_with_what_to_do_and_says_nothing_twice() {
    for situation in situations() {
        let world = World::of(&situation);
        let client = ClientView { hovers_diagnostics: true, ..able_client() };
        for picture in [World::of(&situation).picture(), world.client(client).picture()] {
            let text = text_at(&picture, "PLAN.md", 4, 5);
            let nothing_to_do = ["skipped", "merged"].contains(&situation.name);
            assert!(text.starts_with("**Next**: ") || nothing_to_do, "{}: {text}", situation.name);
            let rest = text.split("**Criteria**").next().unwrap().to_owned();
            let mut said = vec![rest];
            if picture.client.hovers_diagnostics {
                let found = diagnostics::all(&picture).remove(&uri("PLAN.md")).unwrap_or_default();
                said.extend(found.into_iter().map(|found| found.message));
            }
            assert_eq!(fixtures::said_twice(&said), [""; 0], "{}: {said:?}", situation.name);
        }
    }
}

#[test]
fn a_client_without_markdown_gets_none() {
    let client = ClientView { markdown: false, ..able_client() };
    let picture = World::of(&situation("stopped, no change")).client(client).picture();
    insta::assert_snapshot!(text_at(&picture, "PLAN.md", 4, 5), @r"
Next: Look at the transcript and tell the agent what to do differently: select your words in any file and choose the code action “Tell the agent the selected text”. Then continue, or discard the loop.

US-001: Add coupon table — stopped since 09:48

The loop stopped because 3 iterations in a row changed nothing (limit 3): iterations 3, 4 and 5 left tree tree-2.

iteration 5 of 10 · 4 files changed · $0.70 · 5000 tokens · claude

branch alfine/plan/us-001 from main · worktree /data/worktrees/r-1/us-001

Breaker (a count that reaches its limit stops the loop)

iterations     5 of 10
no-change      3 of 3
same-error     0 of 5
rework         0 of 3
cost           $0.70 (no limit)
tokens         5000 (no limit)
wall-time      0s of 4h
agent-failing  0 of 3
permission     0 of 2
oscillation    0 of 2

Criteria

- Migration runs: `sqlx migrate run` — open: not run yet
- Expired coupons are rejected: `cargo test expired` — open: not run yet
- The table has an index on the code — open: it names no command that could check it, so the agent alone judges it
    ");
}

#[test]
fn a_cost_that_nobody_knows_is_not_shown_as_none() {
    let cost = |tokens: u64| {
        let mut task = situation("running").task.unwrap();
        let row = &mut task.last.as_mut().unwrap().row;
        (row.cost_usd, row.tokens) = (None, tokens);
        let line = row.summary.breaker.iter_mut().find(|line| line.rule == Rule::Cost).unwrap();
        line.count = 0.0;
        let text = text_at(&World::new().open("PLAN.md", PLAN).with(task).picture(), "PLAN.md", 4, 5);
        let lines = text.lines().filter(|line| line.contains("cost"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        cost(3000),
        [
            "iteration 4 of 10 · 4 files changed · cost unknown · 3000 tokens · claude",
            "| cost | unknown (no limit) |  |"
        ]
    );
    assert_eq!(
        cost(0),
        [
            "iteration 4 of 10 · 4 files changed · no cost yet · 0 tokens · claude",
            "| cost | $0.00 (no limit) |  |"
        ]
    );
}

#[test]
fn a_criterion_shows_its_evidence() {
    let picture = World::of(&situation("rework")).picture();
    let mut text = String::new();
    for line in 8..=10 {
        let _ = writeln!(text, "{}\n", text_at(&picture, "PLAN.md", line, 9));
    }
    insta::assert_snapshot!(text, @r"
**Migration runs: \`sqlx migrate run\`**

stale: green in old, and the files have changed since; it ran for 1s, 2m ago (09:57)

**Expired coupons are rejected: \`cargo test expired\`**

failed: exit status 1 in tree-4; it ran for 1s, 2m ago (09:57)

```text
1 failed
```

**The table has an index on the code**

open: it names no command that could check it, so the agent alone judges it
    ");
}

#[test]
fn fields_and_settings_are_explained() {
    let text = "---\nmax_cost: 2\n---\n### T1: A\nIsolation: worktree\n- [ ] x\n";
    let settings = "agent = \"claude\"\n[limits]\nwall_time = '4h'\n[agents.claude]\npermissions = \"all\"\n";
    let picture = World::new().open("PLAN.md", text).open("alfine.toml", settings).picture();
    let mut told = String::new();
    for (name, line) in [("PLAN.md", 1), ("PLAN.md", 4)] {
        let _ = writeln!(told, "{}\n", text_at(&picture, name, line, 1));
    }
    for line in 0..5 {
        let _ = writeln!(told, "{}\n", text_at(&picture, "alfine.toml", line, 2));
    }
    insta::assert_snapshot!(told, @r#"
**Max cost**

The most US dollars that the loop may cost; it stops when they are spent.

Takes a number of US dollars.

**Isolation**

Where the agent works: in a git worktree of its own (`worktree`), or in your own working tree (`in-place`).

Takes `worktree` or `in-place`.

**agent**

The agent that does the work.

Takes one of "claude", "command", "rehearsal". Default: `"claude"`.

**limits**

When a loop is stopped.

**limits.wall\_time**

Running time of the loop, not counting the time that it waits.

Takes a duration such as "90s" or "4h". Default: `"4h"`.

**agents**

Settings of one agent, under its name.

**agents.claude.permissions**

What this agent may do without asking. Defaults to the setting `permissions`.

Takes one of "edits", "commands", "all". Default: not set.

- `edits`: Edit files of the worktree.
- `commands`: Edit files and run commands.
- `all`: Everything: the agent's own checks are switched off. Needs `safety.allow_unsandboxed_all` in your own settings.
    "#);
    let (_, range) = hover(&picture, uri("alfine.toml"), 2, 3).unwrap();
    assert_eq!(range, Some(Range::new(Position::new(2, 0), Position::new(2, 9))));
}

#[test]
fn an_agent_cannot_write_markdown_into_a_hover() {
    let evil = "[merge](command:alfine.merge) <img src=x> ![i](http://x.y) | `a` |\n\n# head\n<script>";
    let mut looped = Looped::after(1).refused();
    let body = format!(
        "<COMPLETION_GATE>\n{}\n</COMPLETION_GATE>",
        serde_json::json!({
            "ready": false, "reason": evil, "progress": evil, "blockers": [evil], "question": evil,
        })
    );
    looped.state.last = Some(LastIteration {
        iteration: 1,
        reading: gate::read(&body, &Dialects::default()),
        changed: true,
        files_changed: None,
        verdict: evil.to_owned(),
        denials: Vec::new(),
    });
    for row in &mut looped.evidence {
        row.verifier = format!("{evil}``");
        row.output = format!("````\n{evil}");
    }
    looped.state.model = Some(evil.to_owned());
    let mut task = looped.at(Phase::Failed { message: evil.to_owned() });
    let row = &mut task.last.as_mut().unwrap().row;
    row.branch = Some("a`b".to_owned());
    row.summary.breaker[0].evidence = evil.to_owned();
    let picture = World::new().open("PLAN.md", PLAN).with(task).picture();
    for line in [4, 8, 9] {
        let text = text_at(&picture, "PLAN.md", line, 5);
        assert!(text.contains("merge"), "{text}");
        let mut outside = without_code(&text);
        for escaped in ["\\[", "\\]", "\\<", "\\:"] {
            outside = outside.replace(escaped, "");
        }
        for bad in ["[merge]", "<img", "![i]", "<script", "\n# head", "://"] {
            assert!(!outside.contains(bad), "{bad} in {text}");
        }
    }
}

/// A text without its code spans and blocks, as CommonMark has them.
fn without_code(text: &str) -> String {
    let mut rest = text.to_owned();
    let mut outside = String::new();
    while let Some(start) = rest.match_indices('`').map(|(at, _)| at).find(|&at| !rest[..at].ends_with('\\'))
    {
        outside.push_str(&rest[..start]);
        let run = rest[start..].len() - rest[start..].trim_start_matches('`').len();
        let after = &rest[start + run..];
        let closes = |at: usize| {
            let found = after[at..].len() - after[at..].trim_start_matches('`').len();
            found == run && !after[..at].ends_with('`')
        };
        let end = (0..after.len()).filter(|&at| after.is_char_boundary(at)).find(|&at| closes(at));
        rest = end.map_or_else(String::new, |end| after[end + run..].to_owned());
    }
    outside + &rest
}

#[test]
fn outside_of_everything_nothing_is_told() {
    let picture =
        World::of(&situation("running")).open("alfine.toml", "").open("README.md", "# x\n").picture();
    for (name, line, character) in [
        ("PLAN.md", 0, 0),
        ("PLAN.md", 9999, 0),
        ("PLAN.md", u32::MAX, u32::MAX),
        ("alfine.toml", 0, 0),
        ("alfine.toml", 7, 7),
        ("README.md", 0, 1),
        ("nothing.md", 0, 0),
    ] {
        assert_eq!(hover(&picture, uri(name), line, character), None, "{name}:{line}:{character}");
    }
    // Past the end of a line is its end.
    let (_, range) = hover(&picture, uri("PLAN.md"), 4, 9999).unwrap();
    assert_eq!(range, Some(Range::new(Position::new(4, 0), Position::new(4, 28))));
}
