#!/usr/bin/env python3
"""Finds what a library under server/ exports and no other crate uses: it should be `pub(crate)`, where rustc sees it.

Prints each such item with its place, and exits with 1 if there is one. Follows the imports and paths of other crates,
tests among them, to the item that they mean. Of a method it knows no type, so one that any crate calls by that name
counts as used; so does a type in the signature, a field, a variant or a trait of what is used. What is printed is thus
seldom wrong, and more may be left.
"""

import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from rust_source import PATH, USE, Crate, File, Names, blanked, closing, use_tree

ROOT = Path(__file__).resolve().parent.parent
WORD = re.compile(r"[A-Za-z_]\w*")
EXPORT = re.compile(
    r"\bpub\s+(?:(?:const|async|unsafe|extern\s*(?:\"[^\"]*\")?)\s+)*(fn|struct|enum|union|trait|type|const|static)\s+(?:mut\s+)?(\w+)"
)


@dataclass
class Export:
    name: str
    kind: str
    # `None` for what belongs to a type.
    module: Names | None
    file: Path
    line: int
    # The names that whoever uses it has to do with.
    mentions: set[str]


@dataclass
class Users:
    """The texts of other crates that name a library."""

    # What they import or name, as paths from the library's root.
    paths: set[Names]
    # The names behind a dot or `::`.
    members: set[str]


def words(text: str) -> set[str]:
    return set(WORD.findall(text))


def exports_of(file: File) -> list[Export]:
    implementations = [
        (one.end(), closing(file.text, one.end() - 1)) for one in re.finditer(r"\bimpl\b[^{;]*\{", file.text)
    ]
    found = []
    for one in EXPORT.finditer(file.text):
        kind, name = one[1], one[2]
        is_member = any(start <= one.start() < end for start, end in implementations)
        module = None if is_member else file.module_at(one.start()).name
        end = end_of_interface(file.text, one.end(), kind)
        line = file.text.count("\n", 0, one.start()) + 1
        found.append(Export(name, kind, module, file.path, line, words(file.text[one.end() : end])))
    return found


def end_of_interface(text: str, at: int, kind: str) -> int:
    """Where the signature of a function ends, and the body of a type."""
    if kind in ("const", "static"):
        found = re.compile(r"[=;]").search(text, at)
        return found.start() if found else len(text)
    while found := re.compile(r"[;{(\[]").search(text, at):
        if found[0] == ";" or (found[0] == "{" and kind == "fn"):
            return found.start()
        at = closing(text, found.start())
        if found[0] == "{":
            return at
    return len(text)


def of_implementations(file: File) -> set[str]:
    """What implementations of traits bind others to: the traits, what they are made with, and associated types."""
    names: set[str] = set()
    for one in re.finditer(r"\bimpl\b([^{;]*)\bfor\b[^{;]*\{", file.text):
        body = file.text[one.end() : closing(file.text, one.end() - 1)]
        names |= words(one[1]) | {name for found in re.findall(r"\btype\s+\w+[^=;]*=([^;]*);", body) for name in words(found)}
    # A macro is written out in other crates, and what it names has to be seen there.
    for one in re.finditer(r"#\s*\[macro_export\]\s*macro_rules!\s*\w+\s*\{", file.text):
        names |= words(file.text[one.end() : closing(file.text, one.end() - 1)])
    return names


def users_of(library: str, texts: list[str]) -> Users:
    """What one package does with a library. All its files share what they know the library's names as, since a module
    takes names from another one with `use super::*`."""
    known: dict[str, set[Names]] = defaultdict(set)
    globs: list[tuple[Names, str]] = []
    paths: set[Names] = set()
    for text in texts:
        for use in USE.finditer(text):
            for path, name in use_tree(use[2]):
                if path[0] == library:
                    known[name].add(path[1:])
                    if name == "*":
                        globs.append((path[1:-1], text))
    for text in texts:
        named = [path for use in USE.finditer(text) for path, _ in use_tree(use[2])]
        named += [tuple(re.findall(r"\w+", found[0])) for found in PATH.finditer(text)]
        for path in named:
            if path[0] == library:
                paths.add(path[1:])
            for start in known.get(path[0], ()):
                paths.add(start + path[1:])
    paths |= {path for those in known.values() for path in those}
    paths |= {module + (name,) for module, text in globs for name in words(text)}
    members = {name for text in texts for name in re.findall(r"(?:\.|::)\s*(?:r#)?([A-Za-z_]\w*)", text)}
    return Users(paths, members)


def unused(library: Path, users: list[Users]) -> list[Export]:
    """The exports of a library that no other crate has to do with."""
    crate = Crate(library / "src/lib.rs")
    root = crate.modules[()]
    meant = {(home.name, item) for one in users for path in one.paths for home, item in crate.find(root, path) if item}
    members = set().union(*(one.members for one in users))
    bound = set().union(*map(of_implementations, crate.files))
    exports = [one for file in crate.files for one in exports_of(file)]
    types: dict[str, list[Export]] = defaultdict(list)
    for one in exports:
        if one.kind != "fn":
            types[one.name].append(one)
    used: list[Export] = []
    seen: set[int] = set()

    def use(one: Export) -> None:
        if id(one) not in seen:
            seen.add(id(one))
            used.append(one)

    for one in exports:
        named = one.name in members if one.module is None else (one.module, one.name) in meant
        if named or one.name in bound:
            use(one)
    # Grows while it is gone through.
    for one in used:
        for name in one.mentions:
            for other in types.get(name, ()):
                use(other)
    return [one for one in exports if id(one) not in seen]


def packages(root: Path) -> dict[Path, str]:
    """Each package with the name that its library has in Rust."""
    found = {}
    for manifest in [*sorted(root.glob("server/*/Cargo.toml")), root / "tests/Cargo.toml"]:
        if name := re.search(r'^\[package\][^\[]*?^name\s*=\s*"([^"]+)"', manifest.read_text(encoding="utf-8"), re.M | re.S):
            found[manifest.parent] = name[1].replace("-", "_")
    return found


def texts_of(package: Path) -> dict[Path, str]:
    """All Rust of a package, by its path within the package."""
    found = {}
    for path in sorted(package.rglob("*.rs")):
        within = path.relative_to(package)
        if not {"target", "node_modules", ".tools"} & set(within.parts):
            found[within] = blanked(path.read_text(encoding="utf-8"))
    return found


def main() -> int:
    known = packages(ROOT)
    texts = {package: texts_of(package) for package in known}
    total = count = 0
    for library, name in known.items():
        if library.parent.name != "server" or not (library / "src/lib.rs").is_file():
            continue
        count += 1
        users = []
        for package, those in texts.items():
            # The tests of a package, and its programs, are crates of their own.
            own = [text for path, text in those.items() if package != library or path.parts[0] != "src" or path.name == "main.rs"]
            if any(re.search(rf"\b{name}\b", text) for text in own):
                users.append(users_of(name, own))
        for one in unused(library, users):
            total += 1
            print(f"{one.file.relative_to(ROOT)}:{one.line}: {one.kind} {one.name}")
    if not count:
        print("exports: there is no library under server/, so none was read")
        return 1
    print(f"{total} exports that no other crate uses, in {count} libraries")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
