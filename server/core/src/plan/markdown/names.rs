//! What a heading, or a label above a list, announces by its name: criteria, what never blocks, what holds no work.

use crate::plan::mark::is_sign;

/// What stands below a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// What must hold in the end.
    Criteria,
    /// Work that never blocks.
    Optional,
    /// What nobody is to work on: questions, risks, what a person does.
    Idle,
}

const CRITERIA: [&str; 17] = [
    "ac",
    "acceptance",
    "acceptance criteria",
    "acceptance criterion",
    "completion criteria",
    "criteria",
    "definition of done",
    "dod",
    "done criteria",
    "done if",
    "done when",
    "exit criteria",
    "exit criterion",
    "success criteria",
    "success criterion",
    "verification",
    "verification criteria",
];
const IDLE: [&str; 57] = [
    "alternatives",
    "alternatives considered",
    "considered alternatives",
    "caveats",
    "decisions needed",
    "deferred",
    "do not do",
    "excluded",
    "exclusions",
    "for humans",
    "human tasks",
    "human todo",
    "icebox",
    "ideas",
    "limitations",
    "not included",
    "not now",
    "not planned",
    "open decision",
    "open decisions",
    "parking lot",
    "pending decisions",
    "postponed",
    "rejected",
    "rejected alternatives",
    "rejected ideas",
    "things we won't do",
    "unscoped",
    "what this is not",
    "what we are not doing",
    "what we won't do",
    "what we're not doing",
    "won't have",
    "anti goals",
    "assumptions",
    "legend",
    "non goal",
    "non goals",
    "nongoals",
    "not doing",
    "not in scope",
    "note",
    "notes",
    "open issues",
    "open points",
    "open question",
    "open questions",
    "out of scope",
    "post completion",
    "questions",
    "risk",
    "risks",
    "status key",
    "status legend",
    "unknowns",
    "unresolved questions",
    "won't do",
];
/// Names in other languages.
const FOREIGN: [(Named, &str); 3] = [
    (
        Named::Criteria,
        "abnahmekriterien|akzeptanzkriterien|erfolgskriterien|fertig wenn|fertig, wenn|critères d'acceptation|\
         critères de réussite|critères de succès|criterios de aceptación|criterios de éxito|critérios de aceitação|\
         critérios de aceite|critérios de sucesso|критерии приемки|критерии приёмки|критерии готовности|\
         критерии успеха|验收标准|验收条件|完成标准|成功标准|驗收標準|受け入れ基準|受入基準|受け入れ条件|完了条件|\
         完了の定義|成功基準|인수 조건|완료 조건|criteri di accettazione|acceptatiecriteria|kryteria akceptacji",
    ),
    (
        Named::Idle,
        "offene fragen|offene punkte|nicht im umfang|außerhalb des umfangs|nicht enthalten|nicht ziele|risiken|\
         anmerkungen|notizen|hinweise|annahmen|verworfen|zurückgestellt|ideen|manuelle prüfung|manuelle schritte|\
         questions ouvertes|hors périmètre|hors du périmètre|hors scope|hors de portée|non objectifs|risques|remarques|\
         hypothèses|idées|preguntas abiertas|fuera de alcance|fuera del alcance|no objetivos|riesgos|notas|supuestos|\
         ideas descartadas|questões em aberto|questões abertas|perguntas em aberto|fora de escopo|fora do escopo|\
         não objetivos|riscos|observações|открытые вопросы|вне рамок|вне рамок проекта|вне области|за рамками|не цели|\
         риски|заметки|примечания|допущения|идеи|未决问题|待解决问题|待定问题|开放问题|开放性问题|不在范围内|范围外|\
         超出范围|不做|非目标|风险|备注|注意事项|假设|未解決の問題|未解決事項|未決事項|対象外|範囲外|スコープ外|非目標|\
         リスク|メモ|備考|미해결 질문|범위 외|위험|메모|domande aperte|fuori ambito|rischi|open vragen|buiten scope",
    ),
    (
        Named::Optional,
        "zukünftig|später|optionnel|facultatif|plus tard|opcional|más adelante|mais tarde|опционально|позже|可选|以后|\
         オプション|任意|将来|今後|선택 사항",
    ),
];
/// What may stand before what holds no work, and behind it: *explicit non-goals*, *out-of-scope items*.
const BEFORE_IDLE: [&str; 12] = [
    "currently ",
    "deliberately ",
    "explicit ",
    "explicitly ",
    "intentionally ",
    "items ",
    "our ",
    "strictly ",
    "things ",
    "what is ",
    "what's ",
    "work ",
];
const AFTER_IDLE: [&str; 9] =
    [" features", " ideas", " items", " list", " section", " stuff", " tasks", " topics", " work"];
/// Notes that take work out of the plan: *Nice to have (not now)*.
const NOT_NOW: [&str; 7] = [
    "(deferred",
    "(do not build",
    "(do not implement",
    "(not in scope",
    "(not now",
    "(not planned",
    "(out of scope",
];
/// What may stand before *notes*, *risks* and *questions*.
const WHICH: [&str; 14] = [
    "additional",
    "design",
    "developer",
    "final",
    "further",
    "general",
    "implementation",
    "important",
    "known",
    "other",
    "potential",
    "project",
    "remaining",
    "technical",
];
/// What a person does by hand; any other *manual …* may be a manual.
const BY_HAND: [&str; 17] = [
    "action",
    "actions",
    "check",
    "checks",
    "checklist",
    "follow up",
    "qa",
    "review",
    "setup",
    "step",
    "steps",
    "task",
    "tasks",
    "test",
    "testing",
    "validation",
    "verification",
];
/// The longest text that is a name, in bytes.
const MAX_NAME: usize = 80;

/// Finds out what a heading or a label announces.
pub(super) fn named(text: &str) -> Option<Named> {
    if text.len() > MAX_NAME {
        return None;
    }
    // By far the most frequent one.
    if text.trim_end_matches(':').eq_ignore_ascii_case("acceptance criteria") {
        return Some(Named::Criteria);
    }
    let name = simple(text);
    if NOT_NOW.iter().any(|note| name.contains(note)) {
        return Some(Named::Idle);
    }
    if names_optional(&name) {
        return Some(Named::Optional);
    }
    let alone = without_note(&name).replace('-', " ");
    if CRITERIA.contains(&alone.as_str()) {
        return Some(Named::Criteria);
    }
    if names_idle(&alone) || is_idle_with_more(&alone) {
        return Some(Named::Idle);
    }
    FOREIGN
        .iter()
        .find(|(_, names)| names.split('|').any(|known| begins(&alone, known)))
        .map(|(named, _)| *named)
}

/// Whether a name is one of what holds no work, with what may stand around it.
fn is_idle_with_more(name: &str) -> bool {
    let before = BEFORE_IDLE.iter().find_map(|word| name.strip_prefix(word));
    let inner = before.unwrap_or(name);
    let after = AFTER_IDLE.iter().find_map(|word| inner.strip_suffix(word));
    (before.is_some() || after.is_some()) && names_idle(after.unwrap_or(inner))
}

pub(super) fn names_criteria(text: &str) -> bool {
    named(text) == Some(Named::Criteria)
}

/// Whether the heading of a task says that it never blocks.
pub(super) fn task_is_optional(heading: &str) -> bool {
    // Asked of every task, and nearly always in vain.
    let heading = heading.trim_end();
    let may = heading.starts_with(['o', 'O', 'f', 'F', 'n', 'N'])
        || heading.ends_with(['l', 'L', 'e', 'E', 's', 'S'])
        || heading.contains(['(', '[', '（']);
    may && names_optional(&simple(heading))
}

/// Lower case, words joined by blanks, without signs and numbers before it, and colons and signs behind it.
fn simple(text: &str) -> String {
    let is_edge = |c: char| c.is_whitespace() || is_sign(c) || matches!(c, ':' | '：');
    let mut text = text.trim_matches(is_edge);
    let number = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    if number.len() < text.len() && number.starts_with([' ', ')']) {
        text = number.trim_start_matches(')').trim_start_matches(is_edge);
    }
    let mut simple = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !simple.is_empty() {
            simple.push(' ');
        }
        simple.extend(word.chars().flat_map(char::to_lowercase).map(|c| if c == '’' { '\'' } else { c }));
    }
    simple
}

/// A name without what stands in parentheses behind it.
fn without_note(name: &str) -> &str {
    let name = name.split(" (").next().unwrap_or(name);
    name.split('（').next().unwrap_or(name).trim_end_matches([':', '：', ' '])
}

fn names_idle(name: &str) -> bool {
    if let Some(by_hand) = name.strip_prefix("manual ") {
        return BY_HAND.iter().any(|known| begins(by_hand, known));
    }
    let name = name.split_once(' ').filter(|(which, _)| WHICH.contains(which)).map_or(name, |(_, rest)| rest);
    IDLE.iter().any(|known| begins(name, known))
}

/// Whether `name` is `known`, perhaps with more of its kind: `risks and mitigations`, `notes for reviewers`.
fn begins(name: &str, known: &str) -> bool {
    name.strip_prefix(known).is_some_and(|rest| {
        let more = [" and ", " & ", " / ", "/", ",", ":", " - ", " – ", " — ", " for ", " on "];
        rest.is_empty() || more.iter().any(|more| rest.starts_with(more))
    })
}

fn names_optional(name: &str) -> bool {
    if marked_optional(name) {
        return true;
    }
    let name = &name.replace("nice-to-have", "nice to have").replace("(s)", "s");
    ["optional", "future", "nice to have", "nice to haves"].iter().any(|word| {
        let after = name.strip_prefix(word).is_some_and(|rest| {
            rest.is_empty()
                || rest.starts_with(|c: char| c.is_whitespace() || matches!(c, ':' | '/' | '(' | '（' | ','))
        });
        let ends = name
            .strip_suffix(word)
            .is_some_and(|rest| rest.trim_end().ends_with([':', '-', '–', '—', '/']) && rest.ends_with(' '));
        after || ends
    })
}

/// What a line announces that stands right above a list.
pub(super) fn announced(line: &str) -> Option<Named> {
    let short = || line.split_whitespace().nth(4).is_none();
    // A sentence that happens to begin with "Future" announces nothing.
    named(line).filter(|named| match named {
        Named::Criteria => true,
        Named::Optional | Named::Idle => short(),
    })
}

/// Says whether a title carries `(optional)` itself.
pub(crate) fn marked_optional(title: &str) -> bool {
    if !title.contains(['(', '[', '（']) {
        return false;
    }
    let lower = title.to_lowercase();
    ["(optional)", "(future)", "(nice to have)", "[optional]", "（optional）"]
        .iter()
        .any(|mark| lower.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_known_by_name() {
        for text in [
            "Acceptance criteria:",
            "ACCEPTANCE CRITERIA",
            "Criteria",
            "Acceptance Criteria (all):",
            "Acceptance criteria（all）：",
            "✅ Success criteria",
            "7. Success Criteria",
            "Definition of Done:",
            "Definition-of-Done",
            "Done when",
            "Exit criteria",
            "Acceptance",
            "AC:",
            "DoD",
            "## Verification".trim_start_matches('#'),
        ] {
            assert_eq!(named(text), Some(Named::Criteria), "{text}");
        }
        for text in [
            "Optional",
            "Optional:",
            "Future work",
            "Nice to have",
            "Nice-to-haves:",
            "Phase 4 (optional)",
            "Phase 4 - Nice to have",
            "💡 Future ideas",
        ] {
            assert_eq!(named(text), Some(Named::Optional), "{text}");
        }
        for text in [
            "Out of scope",
            "🚫 Out-of-Scope:",
            "Non-goals",
            "Non goals (for now)",
            "Open questions",
            "Open Questions for Ada",
            "5. Risks & mitigations",
            "Known risks",
            "Notes",
            "Implementation notes",
            "Post-Completion",
            "Manual verification",
            "Manual QA",
            "Status legend:",
            "Out-of-scope items",
            "Explicit non-goals",
            "What We're NOT Doing",
            "What we’re not doing (for now)",
            "What is out of scope",
            "Deferred",
            "Deferred work",
            "Won't have",
            "Won’t have (this time)",
            "Parking lot",
            "Open decisions",
            "Alternatives considered",
            "Human tasks",
            "Rejected ideas",
            "Ideas",
            "💡 Ideas for later",
            "Nice to have (not now)",
            "Future work (out of scope)",
            "Offene Fragen",
            "Nicht im Umfang",
            "Hors périmètre",
            "Questions ouvertes",
            "Fuera de alcance",
            "Preguntas abiertas:",
            "Fora do escopo",
            "Открытые вопросы",
            "Вне рамок",
            "不在范围内",
            "未决问题：",
            "対象外",
            "リスク",
        ] {
            assert_eq!(named(text), Some(Named::Idle), "{text}");
        }
        for text in [
            "Abnahmekriterien:",
            "Akzeptanzkriterien",
            "Critères d’acceptation",
            "Criterios de aceptación",
            "Critérios de aceitação",
            "Критерии приёмки",
            "验收标准：",
            "受け入れ基準",
        ] {
            assert_eq!(named(text), Some(Named::Criteria), "{text}");
        }
        for text in [
            "Work items",
            "Open the shop",
            "What is new",
            "Reject orders",
            "Ideation board",
            "Work",
            "Tasks",
            "Selection criteria",
            "Criteria for success",
            "Verify",
            "Accounts",
            "Futures",
            "Non-optional",
            "Future-proof the API",
            "Optionality",
            "Notebook",
            "Release notes",
            "Manual page",
            "Riskless",
            "",
            "✅",
        ] {
            assert_eq!(named(text), None, "{text}");
        }
    }
}
