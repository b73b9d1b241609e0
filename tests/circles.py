#!/usr/bin/env python3
"""Finds circles of files: files that use each other, directly or through others.

Reads the Rust of every crate under server/, the TypeScript of editors/vscode/src and the Lua of editors/neovim. Prints
each circle with its arrows and the names that make each arrow, and exits with 1 if there is one. Test code is left out.

In Rust, a name belongs to the file that defines the name: whoever imports a re-export uses the file behind it, and a
re-export by itself uses nothing. So a parent may declare and re-export its children while they use what it defines.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

from rust_source import Crate, crates

ROOT = Path(__file__).resolve().parent.parent

# For each file, the files that it uses, and by which names.
Arrows = dict[Path, dict[Path, set[str]]]


def rust(root: Path) -> Arrows:
    arrows: Arrows = {}
    for crate in crates(root / "server"):
        arrows |= arrows_of(crate)
    return arrows


def arrows_of(crate: Crate) -> Arrows:
    arrows: Arrows = {}
    for file in crate.files:
        arrows[file.path] = defaultdict(set)
        for user, target, name in crate.uses(file):
            if target != user:
                arrows[user][target].add(name)
    return arrows


def without_comments(text: str) -> str:
    """The text of TypeScript without its comments; strings stay, as imports have their paths in them."""
    pattern = r"""('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|//[^\n]*|/\*.*?\*/"""
    return re.sub(pattern, lambda found: found[1] or " ", text, flags=re.S)


def typescript(folder: Path) -> Arrows:
    arrows: Arrows = {}
    for path in sorted(folder.rglob("*.ts")):
        text = without_comments(path.read_text(encoding="utf-8"))
        arrows[path] = defaultdict(set)
        # `import type` ties two files like any other import: whoever reads one has to read the other.
        imports = re.findall(r"(?:^|;)\s*(?:import|export)\b([^;'\"`()=]*?)\bfrom\s*['\"](\.[^'\"]*)['\"]", text, re.M)
        imports += re.findall(r"()(?:^|;)\s*import\s*['\"](\.[^'\"]*)['\"]", text, re.M)
        imports += re.findall(r"(?:(?:const|let)\s*([^=;]*)=\s*)?(?:await\s+)?\b(?:import|require)\(\s*['\"](\.[^'\"]*)['\"]", text)
        for names, where in imports:
            target = (path.parent / where).resolve()
            for file in (target.with_name(target.name + ".ts"), target / "index.ts", target.with_suffix(".ts"), target):
                if file.is_file():
                    arrows[path][file] |= set(re.findall(r"\*|[\w$]+", names)) - {"type", "as"} or {"*"}
                    break
    return arrows


def lua(folder: Path) -> Arrows:
    arrows: Arrows = {}
    for path in sorted(file for part in ("lua", "plugin", "lsp") for file in (folder / part).rglob("*.lua")):
        text = re.sub(r"--\[\[.*?\]\]|--[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.S)
        arrows[path] = defaultdict(set)
        # A lazy `require` is an arrow too: it puts off the circle and does not break it.
        pattern = r"(?:local\s+(\w+)\s*=\s*)?\brequire\s*\(?\s*['\"]([\w.]+)['\"]\s*\)?(?:\.(\w+))?"
        for local, module, member in re.findall(pattern, text):
            base = folder / "lua" / module.replace(".", "/")
            for file in (base.with_suffix(".lua"), base / "init.lua"):
                if file.is_file():
                    members = {member} if member else set(re.findall(rf"\b{local}\.(\w+)", text)) if local else set()
                    arrows[path][file] |= members or {"*"}
                    break
    return arrows


def circles(arrows: Arrows) -> list[list[Path]]:
    """The strongly connected components of more than one file (Tarjan's algorithm, without recursion)."""
    index: dict[Path, int] = {}
    low: dict[Path, int] = {}
    stack: list[Path] = []
    found = []
    for start in arrows:
        if start in index:
            continue
        work = [(start, iter(arrows[start]))]
        index[start] = low[start] = len(index)
        stack.append(start)
        while work:
            file, targets = work[-1]
            for target in targets:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    work.append((target, iter(arrows.get(target, {}))))
                    break
                if target in stack:
                    low[file] = min(low[file], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[file])
                if low[file] == index[file]:
                    at = stack.index(file)
                    component, stack[at:] = stack[at:], []
                    if len(component) > 1:
                        found.append(sorted(component))
    return sorted(found)


def main() -> int:
    kinds = {
        "Rust": rust(ROOT),
        "TypeScript": typescript(ROOT / "editors/vscode/src"),
        "Lua": lua(ROOT / "editors/neovim"),
    }
    total = 0
    for kind, arrows in kinds.items():
        # A layout that this script cannot read must not pass for one without circles.
        if not any(arrows.values()):
            print(f"circles: no file of {kind} uses another one, so they were not read as they should be")
            return 1
        for circle in circles(arrows):
            total += 1
            print(f"circle of {len(circle)} files:")
            for file in circle:
                for target in sorted(set(arrows[file]) & set(circle)):
                    names = ", ".join(sorted(arrows[file][target]))
                    print(f"  {file.relative_to(ROOT)} -> {target.relative_to(ROOT)}: {names}")
    files = sum(map(len, kinds.values()))
    print(f"{total} circles in {files} files" if total != 1 else f"1 circle in {files} files")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
