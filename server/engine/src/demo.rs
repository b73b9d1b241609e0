//! The stage of `alfine demo`: a small repository, a plan of two tasks, and the script its agent plays.
//!
//! Only the agent is scripted. The runner, the store, git and the checks are the ones that every loop has.

use crate::{Error, ErrorKind, Result};
use alfine_files::UserDirs;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A throw-away repository, ready to be worked on.
#[derive(Debug)]
pub struct Stage {
    /// The repository.
    pub repository: PathBuf,
    /// Folders of its own, so that nothing of the user's is touched.
    pub user: UserDirs,
}

const SHOP: &str =
    "# The price of a basket in cents: total CENTS [COUPON] [TODAY]\ntotal() {\n  echo \"$1\"\n}\n";

const DISCOUNT_TEST: &str = r#". ./shop.sh
got=$(total 1000 SAVE10 2026-01-01)
if [ "$got" != 900 ]; then
  echo "tests/discount.sh:2: error: SAVE10 on 1000 cents gives $got, not 900"
  exit 1
fi
"#;

const EXPIRED_TEST: &str = r#". ./shop.sh
got=$(total 1000 SAVE10 2027-01-01)
if [ "$got" != 1000 ]; then
  echo "tests/expired.sh:2: error: an expired SAVE10 on 1000 cents gives $got, not 1000"
  exit 1
fi
"#;

const PLAN: &str = "\
# Coupons

Shoppers can apply a coupon at checkout.

### US-001: Apply a coupon

`total` in shop.sh takes a coupon's code.

Acceptance criteria:
- [ ] SAVE10 takes ten percent off: `sh tests/discount.sh`

### US-002: Reject expired coupons

Depends on: US-001

SAVE10 is good until the end of 2026.

Acceptance criteria:
- [ ] An expired coupon changes nothing: `sh tests/expired.sh`
- [ ] A good one still works: `sh tests/discount.sh`
";

const SCRIPT: &str = r##"
[[parts]]
task = "US-001"
runs = [
  [
    { think = "Ten percent: a tenth of the price." },
    { say = "I write the discount." },
    { write = { path = "shop.sh", content = "# The price of a basket in cents: total CENTS [COUPON] [TODAY]\ntotal() {\n  case \"$2\" in\n    SAVE10) echo $(($1 / 10)) ;;\n    *) echo \"$1\" ;;\n  esac\n}\n" } },
    { usage = { input = 1200, output = 300, cache_read = 0, cache_write = 0, cost_usd = 0.011 } },
    { gate = { ready = true, reason = "SAVE10 is handled", progress = "wrote the discount" } },
  ],
  [
    { say = "The check says that 1000 becomes 100: I gave the discount instead of the price." },
    { write = { path = "shop.sh", content = "# The price of a basket in cents: total CENTS [COUPON] [TODAY]\ntotal() {\n  case \"$2\" in\n    SAVE10) echo $(($1 * 9 / 10)) ;;\n    *) echo \"$1\" ;;\n  esac\n}\n" } },
    { run = "sh tests/discount.sh" },
    { usage = { input = 1500, output = 200, cache_read = 1000, cache_write = 0, cost_usd = 0.009 } },
    { gate = { ready = true, reason = "the check passes", progress = "the discount is taken off the price" } },
  ],
]

[[parts]]
task = "US-002"
runs = [
  [{ say = "I look at how dates could be compared." }, { usage = { input = 900, output = 100, cache_read = 0, cache_write = 0, cost_usd = 0.004 } }, { gate = { ready = false, reason = "still looking" } }],
  [{ say = "I look at it again." }, { usage = { input = 900, output = 100, cache_read = 0, cache_write = 0, cost_usd = 0.004 } }, { gate = { ready = false, reason = "still looking" } }],
  [{ say = "And once more." }, { usage = { input = 900, output = 100, cache_read = 0, cache_write = 0, cost_usd = 0.004 } }, { gate = { ready = false, reason = "still looking" } }],
  [
    { say = "The note helps: such dates can be compared as numbers." },
    { write = { path = "shop.sh", content = "# The price of a basket in cents: total CENTS [COUPON] [TODAY]\ntotal() {\n  today=$(echo \"$3\" | tr -d -)\n  case \"$2\" in\n    SAVE10)\n      if [ \"${today:-0}\" -le 20261231 ]; then echo $(($1 * 9 / 10)); else echo \"$1\"; fi ;;\n    *) echo \"$1\" ;;\n  esac\n}\n" } },
    { run = "sh tests/expired.sh" },
    { usage = { input = 1500, output = 400, cache_read = 900, cache_write = 0, cost_usd = 0.012 } },
    { gate = { ready = true, reason = "both checks pass", progress = "expired coupons change nothing" } },
  ],
]
"##;

/// Builds the stage in an empty folder.
pub fn build(folder: &Path) -> Result<Stage> {
    let repository = folder.join("shop");
    let own = folder.join("alfine");
    let script = own.join("rehearsal.toml");
    let settings = format!(
        "agent = \"rehearsal\"\n\n[agents.rehearsal.env]\nALFINE_REHEARSAL = {}\nALFINE_REHEARSAL_STATE = {}\n",
        quoted(&script),
        quoted(&own.join("played.json")),
    );
    let files: [(PathBuf, &str); 6] = [
        (repository.join("shop.sh"), SHOP),
        (repository.join("tests/discount.sh"), DISCOUNT_TEST),
        (repository.join("tests/expired.sh"), EXPIRED_TEST),
        (repository.join("PLAN.md"), PLAN),
        (repository.join("alfine.toml"), &settings),
        (script, SCRIPT),
    ];
    for (path, text) in &files {
        write(path, text)?;
    }
    alfine_git::commit_first(&repository, "Alfine demo", "demo@localhost", "A shop without coupons")
        .map_err(|error| {
            Error::new(ErrorKind::Git, format!("the demo's repository cannot be made: {error}"))
        })?;
    let user = UserDirs { config: own.join("config"), data: own.join("data"), state: own.join("state") };
    Ok(Stage { repository, user })
}

fn write(path: &Path, text: &str) -> Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, text)).map_err(|error| {
        Error::user(format!("cannot write {}: {error}", path.display()))
            .hint("free some space in the folder for temporary files")
    })
}

fn quoted(path: &Path) -> String {
    toml_edit::value(path.to_string_lossy().into_owned()).to_string()
}
