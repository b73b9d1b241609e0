"""Reads Rust as far as names need it: modules, what they define and import, and the paths that files use.

It reads tokens and no types, so a method call ties no files. Comments, strings and test code are blanked out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

Names = tuple[str, ...]

ITEM = re.compile(
    r"\b(?:(?:const|async|unsafe|default|extern\s*\"[^\"]*\"|extern)\s+)*"
    r"(fn|struct|enum|union|trait|type|const|static|mod|macro_rules!)\s+(?:mut\s+)?(\w+)"
)
PATH = re.compile(r"(?<![\w:.])(?:r#)?[A-Za-z_]\w*(?:\s*::\s*(?:r#)?[A-Za-z_]\w*)+")
USE = re.compile(r"((?:\bpub(?:\s*\([^)]*\))?\s+)?)\buse\s+([^;]+);")


def blanked(text: str) -> str:
    """The text with comments and the inside of strings as spaces, so that all else stays where it was."""
    pattern = re.compile(
        r"""//[^\n]*|(?P<block>/\*)|b?c?r(?P<hash>\#*)".*?"(?P=hash)|[bc]?"(?:\\.|[^"\\])*"|b?'(?:\\[^\n]*?|[^\\'\n])'""", re.S
    )
    out, at = [], 0
    while found := pattern.search(text, at):
        start, end = found.span()
        if found["block"]:
            depth, end = 1, end
            while depth and (mark := re.compile(r"/\*|\*/").search(text, end)):
                depth += 1 if mark[0] == "/*" else -1
                end = mark.end()
            end = len(text) if depth else end
        elif start and re.match(r"\w", text[start - 1]) and text[start] in "bcr":
            # The end of a name, such as that of the macro in `str"…"`: no prefix of a literal.
            out.append(text[at : start + 1])
            at = start + 1
            continue
        out.append(text[at:start])
        out.append(re.sub(r"[^\n]", " ", text[start:end]))
        at = end
    return "".join(out) + text[at:]


def closing(text: str, at: int) -> int:
    """The place behind the bracket that closes the one at `at`."""
    depth = 0
    for found in re.compile(r"[{}()\[\]]").finditer(text, at):
        depth += 1 if found[0] in "{([" else -1
        if depth == 0:
            return found.end()
    return len(text)


def item_end(text: str, at: int) -> int:
    """The place behind an item that begins at `at`: behind its `;`, or behind its body."""
    while found := re.compile(r"[;{(\[]").search(text, at):
        if found[0] == ";":
            return found.end()
        at = closing(text, found.start())
        if found[0] == "{":
            # `use a::{b};` goes on; a body is the end.
            rest = re.compile(r"\s*;").match(text, at)
            return rest.end() if rest else at
    return len(text)


def without_tests(text: str) -> tuple[str, set[str]]:
    """The text without the items that only tests have, and the modules in other files that only tests have."""
    files = set()
    at = 0
    while found := re.compile(r"#\s*\[\s*(?:cfg\s*\(\s*(?:test\b|all\s*\(\s*test\b)|test\s*\])").search(text, at):
        start = found.start()
        end = closing(text, text.index("[", start))
        while more := re.compile(r"\s*#\s*\[").match(text, end):
            end = closing(text, more.end() - 1)
        end = item_end(text, end)
        if module := re.search(r"\bmod\s+(\w+)\s*;", text[start:end]):
            files.add(module[1])
        text = text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]
        at = end
    return text, files


def use_tree(tree: str) -> Iterator[tuple[Names, str]]:
    """Each path of a `use`, with the name that it gets: `*` for all names of a module."""
    tree = tree.strip()
    if (brace := tree.find("{")) >= 0:
        prefix = tuple(part.strip() for part in tree[:brace].split("::") if part.strip())
        inner, depth, start = tree[brace + 1 : tree.rindex("}")] + ",", 0, 0
        for at, sign in enumerate(inner):
            depth += {"{": 1, "}": -1}.get(sign, 0)
            if sign == "," and depth == 0:
                if inner[start:at].strip():
                    for path, name in use_tree(inner[start:at]):
                        if path[0] == "self" and prefix:
                            yield prefix, name if name != "self" else prefix[-1]
                        else:
                            yield prefix + path, name
                start = at + 1
        return
    path, _, name = tree.partition(" as ")
    parts = tuple(part.strip().removeprefix("r#") for part in path.split("::") if part.strip())
    yield parts, name.strip() or parts[-1]


@dataclass
class Import:
    path: Names
    public: bool


@dataclass
class Module:
    name: Names
    file: Path
    # Where the text of the module is within its file.
    start: int
    end: int
    children: set[str] = field(default_factory=set)
    items: set[str] = field(default_factory=set)
    imports: dict[str, list[Import]] = field(default_factory=dict)
    globs: list[Import] = field(default_factory=list)


@dataclass
class File:
    path: Path
    text: str
    # The module of the file, and those that are written out in it.
    modules: list[Module] = field(default_factory=list)

    def module_at(self, place: int) -> Module:
        return min((one for one in self.modules if one.start <= place <= one.end), key=lambda one: one.end - one.start)


class Crate:
    """One crate: a library or a program, with the files that its modules are in."""

    def __init__(self, root: Path) -> None:
        self.files: list[File] = []
        self.modules: dict[Names, Module] = {}
        self._read(root, (), root.parent)

    def _read(self, path: Path, name: Names, folder: Path) -> None:
        text, test_modules = without_tests(blanked(path.read_text(encoding="utf-8")))
        file = File(path, text)
        self.files.append(file)
        self._module(file, name, 0, len(text), folder, test_modules)

    def _module(self, file: File, name: Names, start: int, end: int, folder: Path, test_modules: set[str]) -> None:
        module = Module(name, file.path, start, end)
        self.modules[name] = module
        file.modules.append(module)
        at = start
        # What is in braces is no item of this module, but for modules written out.
        while found := re.compile(r"\{|" + ITEM.pattern).search(file.text, at, end):
            if found[0] == "{":
                at = closing(file.text, found.start())
                continue
            kind, item = found[1], found[2]
            at = found.end()
            if kind != "mod":
                module.items.add(item)
                continue
            module.children.add(item)
            if body := re.compile(r"\s*\{").match(file.text, at):
                close = closing(file.text, body.end() - 1)
                self._module(file, name + (item,), body.end(), close - 1, folder / item, test_modules)
                at = close
            elif item not in test_modules:
                for child in (folder / f"{item}.rs", folder / item / "mod.rs"):
                    if child.is_file():
                        self._read(child, name + (item,), folder / item)
                        break
        for found in USE.finditer(file.text, start, end):
            if file.module_at(found.start()) is not module:
                continue
            for path, known_as in use_tree(found[2]):
                one = Import(path, bool(found[1].strip()))
                if path[-1] == "*":
                    module.globs.append(Import(path[:-1], one.public))
                else:
                    module.imports.setdefault(known_as, []).append(one)

    def find(self, module: Module, path: Names, seen: frozenset = frozenset()) -> list[tuple[Module, str | None]]:
        """What a path means within a module: the modules that define it, each with the item's name or, for the module
        itself, `None`. Nothing where it is of another crate, a local, or a type's own."""
        if not path or (module.name, path) in seen:
            return [(module, None)] if not path else []
        seen |= {(module.name, path)}
        first, rest = path[0], path[1:]
        if first == "crate":
            return self.find(self.modules[()], rest, seen)
        if first == "self":
            return self.find(module, rest, seen)
        if first == "super":
            return self.find(self.modules[module.name[:-1]], rest, seen)
        found = []
        # A function and a module may have one name: what goes on behind it is within the module.
        is_module = first in module.children
        if is_module and (child := self.modules.get(module.name + (first,))):
            found += self.find(child, rest, seen)
        if rest and is_module:
            return found
        if first in module.items:
            return [*found, (module, first)]
        for one in module.imports.get(first, []):
            meant = self.find(module, one.path, seen)
            for home, item in meant:
                if not item:
                    found += self.find(home, rest, seen)
                elif not rest or all(other for _, other in meant):
                    found.append((home, item))
        if not found:
            for one in module.globs:
                for home, item in self.find(module, one.path, seen):
                    found += [] if item else self.find(home, path, seen)
        return found

    def names(self, module: Module, seen: frozenset = frozenset()) -> set[str]:
        """All names that a glob import of a module brings."""
        names = module.items | set(module.imports) | module.children
        for one in module.globs:
            for home, item in self.find(module, one.path):
                if not item and home.name not in seen:
                    names |= self.names(home, seen | {module.name})
        return names

    def uses(self, file: File) -> Iterator[tuple[Path, Path, str]]:
        """What a file uses of its crate: the file, the file that defines it, the name."""
        body = USE.sub(lambda found: " " * len(found[0]), file.text)
        for module in file.modules:
            for name, imports in module.imports.items():
                for one in imports:
                    # To hand a name on is no use of it, unless the file names it besides.
                    if one.public and not is_named(body, name):
                        continue
                    for home, item in self.find(module, one.path):
                        if item:
                            yield file.path, home.file, item
            for one in module.globs:
                for home, item in self.find(module, one.path):
                    for name in self.names(home) - module.items if not item else ():
                        if is_named(body, name):
                            for definer, found in self.find(home, (name,)):
                                if found:
                                    yield file.path, definer.file, found
        for found in PATH.finditer(body):
            path = tuple(part.strip().removeprefix("r#") for part in found[0].split("::"))
            for home, item in self.find(file.module_at(found.start()), path):
                if item:
                    yield file.path, home.file, item


def is_named(body: str, name: str) -> bool:
    """Whether a text uses a name by itself: not as a field, a method, a definition, or behind `::`. A name in small
    letters may be that of a variable, so it has to be called."""
    call = r"\b" if name[0].isupper() else r"\s*(?:\(|!|::\s*<)"
    return re.search(rf"(?<![\w.:])(?<!fn )(?<!mod ){re.escape(name)}{call}", body) is not None


def crates(folder: Path) -> list[Crate]:
    """The crates of a folder that has a folder for each package."""
    roots = [root for name in ("lib.rs", "main.rs", "bin/*.rs") for root in folder.glob(f"*/src/{name}")]
    return [Crate(root) for root in sorted(roots)]
