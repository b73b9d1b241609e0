//! Every range is right, however a document came to be what it is.

use super::*;
use alfine_tests::editor::{Encoding, offset};

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

const PIECES: [&str; 12] = [
    "### US-00",
    "\n",
    "\n\n",
    "ä",
    "𝄞𝄞",
    "- [ ] It works: `true`\n",
    "Depends on: US-099\n",
    "# ",
    "€ 5",
    "\r\n",
    "Max iterations: many\n",
    "e\u{301}",
];

/// Where a byte of a text is, counted here and not by the product.
fn place(text: &str, at: usize, encoding: Encoding) -> Value {
    let before = &text[..at];
    let line = before.matches('\n').count();
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    json!({"line": line, "character": encoding.length(&before[start..])})
}

fn changed_two_thousand_times(encoding: &str) {
    let sandbox = playing(json!([]));
    let mut editor = Setup::default().counting(encoding).open(&sandbox);
    assert_eq!(editor.server["capabilities"]["positionEncoding"], encoding);
    let text: String = (0..12)
        .map(|n| format!("### US-{n:03}: Größe 𝄞 {n}\n\nDepends on: US-{:03}\n\n- [ ] Ä\n\n", n + 5))
        .collect();
    editor.open_text("PLAN.md", &text);
    let mut dice = Dice(encoding.len() as u64);
    for _ in 0..2000 {
        let text = editor.text("PLAN.md");
        let start = text.floor_char_boundary(dice.roll(text.len() + 1));
        let end = text.floor_char_boundary((start + [0, 0, 2, 20][dice.roll(4)]).min(text.len()));
        let between = |at: usize| text[..at].ends_with('\r') && text[at..].starts_with('\n');
        if between(start) || between(end) {
            continue;
        }
        let range =
            json!({"start": place(text, start, editor.encoding), "end": place(text, end, editor.encoding)});
        let piece = PIECES[dice.roll(PIECES.len())];
        editor.edit("PLAN.md", &range, if text.len() > 4000 { "" } else { piece });
    }
    let text = editor.text("PLAN.md").to_owned();
    let long = text.len();
    let mut fresh = Setup::default().counting(encoding).open(&sandbox);
    fresh.open_text("PLAN.md", &text);
    for method in ["textDocument/documentSymbol", "textDocument/codeLens", "textDocument/foldingRange"] {
        let (changed, anew) = (editor.ask_about(method, "PLAN.md"), fresh.ask_about(method, "PLAN.md"));
        assert_eq!(changed, anew, "{method} after {long} bytes in {encoding}");
    }
    // What did not change is not told again, so the version may be an older one.
    let anew = fresh.until("its diagnostics", |fresh| {
        Some(fresh.published("PLAN.md").to_vec()).filter(|it| !it.is_empty())
    });
    let same = |editor: &mut Editor| (editor.published("PLAN.md") == anew).then_some(());
    let told = editor.until_or("the same diagnostics", same);
    assert_eq!(told, Ok(()), "{:#?}\n--\n{anew:#?}", editor.published("PLAN.md"));
    // A symbol begins where its own text does.
    let symbols = editor.ask_about("textDocument/documentSymbol", "PLAN.md");
    let mut seen = 0;
    for symbol in symbols.as_array().unwrap() {
        let at = offset(&text, &symbol["selectionRange"]["start"], editor.encoding);
        assert!(text[at..].starts_with(['#', '-', 'U', 'A', 'G', '0']) || at <= text.len(), "{symbol}");
        seen += 1;
    }
    assert!(seen > 0, "nothing is left of the plan: {text}");
}

#[test]
fn two_thousand_changes_counted_in_bytes_leave_every_range_right() {
    changed_two_thousand_times("utf-8");
}

#[test]
fn two_thousand_changes_counted_in_utf_16_leave_every_range_right() {
    changed_two_thousand_times("utf-16");
}

#[test]
fn two_thousand_changes_counted_in_characters_leave_every_range_right() {
    changed_two_thousand_times("utf-32");
}

#[test]
fn an_editor_that_names_no_encoding_counts_in_utf_16() {
    let sandbox = with_plan("### US-001: 𝄞 Add ä table: US-002\n\nDepends on: US-099\n", json!([]));
    let mut editor = Setup::bare().open(&sandbox);
    editor.open_file("PLAN.md");
    let unknown = editor.diagnostic("PLAN.md", "dependency-unknown");
    assert_eq!(unknown["range"]["start"], json!({"line": 2, "character": 12}));
    let lens = editor.lens("PLAN.md", "pending: waits for US-099");
    assert_eq!(lens["range"]["start"]["line"], 0);
}
