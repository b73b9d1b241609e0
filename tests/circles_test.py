"""Tests of `circles.py`, which would pass for ever if it overlooked an arrow."""

import tempfile
import unittest
from pathlib import Path

import circles


def written(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


class Circles(unittest.TestCase):
    def found(self, read, files: dict[str, str]) -> list[list[str]]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name).resolve()
            written(folder, files)
            return [[str(file.relative_to(folder)) for file in one] for one in circles.circles(read(folder))]

    def rust(self, files: dict[str, str]) -> list[list[str]]:
        """The circles of a crate, whose files are named as within its `src`."""
        found = self.found(circles.rust, {f"server/some/src/{name}": text for name, text in files.items()})
        return [[file.removeprefix("server/some/src/") for file in one] for one in found]

    def test_nested_use_trees_and_inline_paths(self):
        files = {
            "lib.rs": "mod a;\nmod b;\nmod c;\n",
            "a.rs": "use crate::{\n    b::{self, inner::{Deep as Known}},\n};\npub struct A;\n",
            "b.rs": "pub mod inner;\n",
            "b/inner.rs": "pub struct Deep;\nfn f() { crate::c::run() }\n",
            "c.rs": "pub fn run() { let _ = super::a::A; }\n",
        }
        self.assertEqual(self.rust(files), [["a.rs", "b/inner.rs", "c.rs"]])

    def test_a_child_that_uses_what_its_parent_defines(self):
        child = "use super::Shared;\npub fn work(_: Shared) {}\n"
        parent = "mod child;\npub struct Shared;\n"
        self.assertEqual(self.rust({"lib.rs": parent, "child.rs": child}), [])
        reexport = parent + "pub use child::work;\n"
        self.assertEqual(self.rust({"lib.rs": reexport, "child.rs": child}), [])
        for use in ("fn f() { child::work(Shared) }\n", "use child::work;\n", "pub use child::work;\nfn f() { work(Shared) }\n"):
            self.assertEqual(self.rust({"lib.rs": parent + use, "child.rs": child}), [["child.rs", "lib.rs"]], use)

    def test_a_reexport_hands_on_the_file_that_defines_the_name(self):
        files = {
            "lib.rs": "mod a;\nmod b;\npub use a::{A, make};\npub use b::*;\n",
            "a.rs": "use super::B;\npub struct A;\npub fn make() -> B { B }\n",
            "b.rs": "pub struct B;\n",
        }
        self.assertEqual(self.rust(files), [])
        files["b.rs"] += "pub fn again() { crate::make(); }\n"
        self.assertEqual(self.rust(files), [["a.rs", "b.rs"]])

    def test_tests_comments_and_strings_are_left_out(self):
        files = {
            "lib.rs": "mod a;\nmod b;\n#[cfg(test)]\nmod tests;\n",
            "a.rs": "use crate::b::B;\npub struct A;\n",
            "b.rs": "//! Unlike crate::a::A.\npub struct B;\nconst SHOWN: &str = r#\"crate::a::A \"#;\n"
            "const QUOTE: (char, &str) = ('\"', \"crate::a::A\");\n/* /* */ use crate::a::A; */\n"
            "#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}\n#[cfg(test)]\nfn of_tests() { crate::a::A; }\n",
            "tests.rs": "use crate::a::A;\n",
        }
        self.assertEqual(self.rust(files), [])
        files["b.rs"] += "fn f<'a>() { crate::a::A; }\n"
        self.assertEqual(self.rust(files), [["a.rs", "b.rs"]])

    def test_typescript(self):
        files = {
            "a.ts": "import type { B } from './b';\n",
            "b.ts": "export async function load() { return await import('./c'); }\n",
            "c.ts": "import {\n  type A,\n} from './a';\n",
            "d.ts": "// import { A } from './e';\n",
            "e.ts": "import * as d from './d';\n",
        }
        self.assertEqual(self.found(circles.typescript, files), [["a.ts", "b.ts", "c.ts"]])

    def test_lua(self):
        files = {
            "lua/some/a.lua": "local b = require('some.b')\n",
            "lua/some/b.lua": "return { act = function() require('some.c').act() end }\n",
            "lua/some/c/init.lua": "local a = require 'some.a'\n-- require('some.d')\n",
            "lua/some/d.lua": "local c = require('some.c')\n",
        }
        found = self.found(circles.lua, files)
        self.assertEqual(found, [["lua/some/a.lua", "lua/some/b.lua", "lua/some/c/init.lua"]])


if __name__ == "__main__":
    unittest.main()
