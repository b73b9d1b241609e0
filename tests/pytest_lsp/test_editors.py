"""What a user of each editor can do with no plugin, through a client that was written for other servers."""

from __future__ import annotations

import pytest
from conftest import READY, WORK, Editor
from lsprotocol import types

TASK_LINE = 2


async def test_a_click_leads_to_a_merge(editor: Editor) -> None:
    before = editor.repository.git("rev-parse", "HEAD")
    editor.open()
    answer = await editor.click("Start loop", TASK_LINE)
    assert answer["tasks"][0]["task"] == "PLAN.md#US-001"
    assert len(editor.questions) == 1, "the plan's command is asked for, once"
    assert "test -f lamp.txt" in editor.questions[0].message

    await editor.lens("done", TASK_LINE)
    assert editor.repository.git("rev-parse", "HEAD") == before
    merged = await editor.click("Merge", TASK_LINE)
    assert merged["status"] == "merged"
    await editor.lens("merged", TASK_LINE)
    assert editor.repository.git("rev-parse", "HEAD") != before
    assert (editor.repository.root / "lamp.txt").read_text() == "light\n"
    # The plan is open, so it is the editor that ticks it, and saves it.
    assert "- [x] It shines" in editor.repository.plan.read_text()
    assert [told.message for told in editor.client.messages] == ["US-001 is ticked in PLAN.md; save it."]
    editor.client.messages.clear()

    for reports in editor.client.progress_reports.values():
        assert isinstance(reports[0], types.WorkDoneProgressBegin)
        assert isinstance(reports[-1], types.WorkDoneProgressEnd)


async def test_a_plan_is_read_in_every_way(editor: Editor) -> None:
    editor.open()
    offered = editor.initialized.capabilities
    for capability in (
        "code_lens_provider",
        "code_action_provider",
        "completion_provider",
        "document_symbol_provider",
        "execute_command_provider",
        "folding_range_provider",
        "hover_provider",
        "inlay_hint_provider",
    ):
        assert getattr(offered, capability), capability
    client, document = editor.client, editor.document

    symbols = await client.text_document_document_symbol_async(types.DocumentSymbolParams(document))
    names = [symbol.name for symbol in symbols]
    flat = names + [child.name for symbol in symbols for child in getattr(symbol, "children", None) or []]
    assert any("Light the lamp" in name for name in flat), flat

    hover = await client.text_document_hover_async(types.HoverParams(document, types.Position(TASK_LINE, 8)))
    assert "US-001" in str(hover.contents) or "Light the lamp" in str(hover.contents)

    folds = await client.text_document_folding_range_async(types.FoldingRangeParams(document))
    assert any(fold.start_line == TASK_LINE for fold in folds)

    line = editor.text.splitlines().index("Depends on: US-001")
    end = types.Position(line, len("Depends on: "))
    completed = await client.text_document_completion_async(types.CompletionParams(document, end))
    items = completed if isinstance(completed, list) else completed.items
    assert any(item.label.startswith("US-001") for item in items), [item.label for item in items]

    whole = types.Range(types.Position(0, 0), types.Position(len(editor.text.splitlines()), 0))
    await client.text_document_inlay_hint_async(types.InlayHintParams(document, whole))


async def test_diagnostics_come_with_a_change_and_go_with_their_fix(editor: Editor) -> None:
    editor.open()
    whole = types.Range(types.Position(0, 0), types.Position(len(editor.text.splitlines()), 0))
    editor.edit([types.TextEdit(whole, editor.text.replace("Depends on: US-001", "Depends on: US-010"))])
    found = await editor.diagnostic("dependency-unknown")
    assert found is not None and found.source == "alfine"

    context = types.CodeActionContext([found], only=[types.CodeActionKind.QuickFix])
    actions = await editor.client.text_document_code_action_async(
        types.CodeActionParams(editor.document, found.range, context)
    )
    fixes = [action for action in actions if isinstance(action, types.CodeAction) and action.edit]
    assert fixes, actions
    edit = fixes[0].edit
    changes = (edit.changes or {}).get(editor.uri) or [
        edit for change in edit.document_changes or [] for edit in change.edits
    ]
    editor.edit(changes)
    await editor.diagnostic("dependency-unknown", there=False)


@pytest.mark.parametrize("runs", [[[{"gate": {"ready": False, "question": "Which lamp?"}}], [WORK, READY]]])
async def test_a_question_is_seen_at_its_task(editor: Editor) -> None:
    editor.open()
    await editor.click("Start loop", TASK_LINE)
    found = await editor.diagnostic("question")
    assert found is not None and "Which lamp?" in found.message
    assert found.range.start.line == TASK_LINE
    await editor.client.workspace_execute_command_async(
        types.ExecuteCommandParams("alfine.answer", [{"task": "PLAN.md#US-001", "text": "the tall one"}])
    )
    await editor.diagnostic("question", there=False)
    await editor.lens("done", TASK_LINE)
