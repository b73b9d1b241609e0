"""What the tests share: a repository of their own, a fake agent, and a client with the capabilities of a real editor."""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import subprocess
import typing

import pytest
import pytest_asyncio
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities, make_test_lsp_client

PLAN = """# Lighthouse

### US-001: Light the lamp

Acceptance criteria:
- [ ] It shines: `test -f lamp.txt`

### US-002: Ring the bell

Depends on: US-001
"""

WORK = {"write": {"path": "lamp.txt", "content": "light\n"}}
READY = {"gate": {"ready": True, "reason": "it shines"}}
PATIENCE = 30

# The newest of each that pytest-lsp knows.
EDITORS = ["neovim", "visual-studio-code", "emacs"]


class Repository:
    """A repository whose user has a fake agent, and nothing of the machine's own user."""

    def __init__(self, folder: pathlib.Path, runs: list) -> None:
        self.folder = folder
        self.root = folder / "repo"
        home = folder / "home"
        for path in (self.root, home / "config/alfine", folder / "tmp"):
            path.mkdir(parents=True)
        (folder / "gitconfig").write_text(
            "[user]\n\tname = Tester\n\temail = tester@localhost\n[init]\n\tdefaultBranch = main\n"
        )
        (folder / "scenario.json").write_text(json.dumps({"runs": runs}))
        (home / "config/alfine/config.toml").write_text(
            '[proof]\nunproven = "take"\n'
            f"[agents.claude]\ncommand = {json.dumps(os.environ['FAKE_AGENT_BIN'])}\n"
            f"[agents.claude.env]\nFAKE_AGENT_SCENARIO = {json.dumps(str(folder / 'scenario.json'))}\n"
        )
        self.env = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "HOME": str(home),
            "TMPDIR": str(folder / "tmp"),
            **{f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")},
            "GIT_CONFIG_GLOBAL": str(folder / "gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        self.plan = self.root / "PLAN.md"
        self.plan.write_text(PLAN)
        self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "first")

    def git(self, *arguments: str) -> str:
        ran = subprocess.run(
            ["git", *arguments], cwd=self.root, env=self.env, check=True, capture_output=True, text=True
        )
        return ran.stdout.strip()


class Editor:
    """A pytest-lsp client, with what its own handlers leave out and an editor has."""

    def __init__(self, client: LanguageClient, repository: Repository) -> None:
        self.client = client
        self.repository = repository
        self.uri = repository.plan.as_uri()
        self.version = 0
        self.text = ""
        self.questions: list[types.ShowMessageRequestParams] = []
        self.refreshes = 0
        self._register()

    def _register(self) -> None:
        client = self.client

        @client.feature(types.WINDOW_SHOW_MESSAGE_REQUEST)
        def choose(params: types.ShowMessageRequestParams) -> types.MessageActionItem | None:
            self.questions.append(params)
            titles = {action.title: action for action in params.actions or []}
            return titles["Allow"]

        @client.feature(types.WORKSPACE_APPLY_EDIT)
        def apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
            edits = list((params.edit.changes or {}).get(self.uri, []))
            for change in params.edit.document_changes or []:
                assert isinstance(change, types.TextDocumentEdit)
                assert change.text_document.uri == self.uri
                edits.extend(change.edits)
            self.edit(edits)
            return types.ApplyWorkspaceEditResult(applied=True)

        @client.feature(types.WORKSPACE_CODE_LENS_REFRESH)
        @client.feature(types.WORKSPACE_INLAY_HINT_REFRESH)
        def refresh(*_: typing.Any) -> None:
            self.refreshes += 1

        @client.feature(types.CLIENT_REGISTER_CAPABILITY)
        def register(_: types.RegistrationParams) -> None:
            return None

    async def begin(self, capabilities: types.ClientCapabilities) -> types.InitializeResult:
        root = self.repository.root.as_uri()
        return await self.client.initialize_session(
            types.InitializeParams(
                capabilities=capabilities,
                root_uri=root,
                workspace_folders=[types.WorkspaceFolder(uri=root, name="repo")],
            )
        )

    def open(self) -> None:
        self.text, self.version = self.repository.plan.read_text(), 1
        self.client.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(self.uri, "markdown", self.version, self.text))
        )

    def edit(self, edits: list) -> None:
        """Edits and saves the plan, which is ASCII: what is counted does not matter."""
        for edit in sorted(edits, key=lambda edit: (edit.range.start.line, edit.range.start.character), reverse=True):
            start, end = (self._offset(place) for place in (edit.range.start, edit.range.end))
            self.text = self.text[:start] + edit.new_text + self.text[end:]
        self.version += 1
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self.version, self.uri),
                [types.TextDocumentContentChangeWholeDocument(self.text)],
            )
        )
        self.repository.plan.write_text(self.text)
        self.client.text_document_did_save(types.DidSaveTextDocumentParams(self.document))

    def _offset(self, place: types.Position) -> int:
        lines = self.text.splitlines(keepends=True)
        return sum(len(line) for line in lines[: place.line]) + place.character

    @property
    def document(self) -> types.TextDocumentIdentifier:
        return types.TextDocumentIdentifier(self.uri)

    async def lenses(self) -> list[types.CodeLens]:
        lenses = await self.client.text_document_code_lens_async(types.CodeLensParams(self.document)) or []
        return [lens if lens.command else await self.client.code_lens_resolve_async(lens) for lens in lenses]

    async def lens(self, title: str, line: int) -> types.Command:
        """Waits for a lens of the task on this line; some editors are told of no change, and look again by themselves."""

        async def wait() -> types.Command:
            while True:
                for lens in await self.lenses():
                    assert lens.command is not None
                    if title in lens.command.title and lens.range.start.line == line:
                        return lens.command
                await asyncio.sleep(0.05)

        return await asyncio.wait_for(wait(), PATIENCE)

    async def click(self, title: str, line: int) -> typing.Any:
        return await self.execute(await self.lens(title, line))

    async def execute(self, command: types.Command) -> typing.Any:
        return await self.client.workspace_execute_command_async(
            types.ExecuteCommandParams(command.command, command.arguments)
        )

    async def diagnostic(self, code: str, *, there: bool = True) -> types.Diagnostic | None:
        """Waits until the plan has a diagnostic, or has it no more."""

        async def wait() -> types.Diagnostic | None:
            while True:
                found = [item for item in self.client.diagnostics.get(self.uri, []) if item.code == code]
                if bool(found) == there:
                    return found[0] if found else None
                await self.client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)

        return await asyncio.wait_for(wait(), PATIENCE)


@pytest.fixture
def runs() -> list:
    """What the agent does."""
    return [[WORK, READY]]


@pytest.fixture
def repository(tmp_path: pathlib.Path, runs: list) -> Repository:
    return Repository(tmp_path, runs)


@pytest.fixture(params=EDITORS)
def capabilities(request: pytest.FixtureRequest) -> types.ClientCapabilities:
    return client_capabilities(request.param)


@pytest_asyncio.fixture
async def editor(
    repository: Repository, capabilities: types.ClientCapabilities
) -> typing.AsyncIterator[Editor]:
    config = ClientServerConfig(
        server_command=[os.environ["ALFINE_BIN"], "lsp"],
        server_env=repository.env,
        client_factory=make_test_lsp_client,
    )
    os.chdir(repository.root)
    client = await config.start()
    assert isinstance(client, LanguageClient)
    editor = Editor(client, repository)
    editor.initialized = await editor.begin(capabilities)
    yield editor
    await client.shutdown_session()
    server = client._server
    assert server is not None and server.returncode == 0
    assert client.error is None
    assert client.messages == []
    await client.stop()
