//! The hidden subcommands that Alfine calls itself with.

use super::{detached::detach_main, guard::guard_main};
use std::ffi::OsString;

/// Runs the hidden subcommand `guard` or `detach` and returns its exit status; `None` if `args` (without the program's
/// name) ask for neither. To be called first in `main`, before any thread starts.
pub fn hidden_subcommand(mut args: impl Iterator<Item = OsString>) -> Option<i32> {
    match args.next()?.to_str()? {
        "guard" => Some(guard_main(args)),
        "detach" => Some(detach_main(args)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hidden_words_are_hidden_subcommands() {
        for args in [vec![], vec!["run"], vec!["--", "guard"], vec!["guards"]] {
            assert_eq!(hidden_subcommand(args.iter().map(OsString::from)), None, "{args:?}");
        }
    }
}
