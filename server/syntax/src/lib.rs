//! What of a source file is the work, and what is the *material* of checks that stands inside of it: tests beside the code
//! that they test, examples in its documentation that are run, and comments and attributes by which a tool finds less.
//!
//! Texts are taken apart by grammars, and where there is none for a language by what its comments look like. What is
//! broken, very large or no text is left whole: this never fails. No I/O.

mod comments;
mod compare;
mod grammar;
mod join;
mod part;
mod python;
mod rust;
mod script;
mod suppression;
mod take;
#[cfg(test)]
mod tests;

pub use compare::{Compared, File, Inside, Tests, compare};
pub use join::{Joined, Missing, with_material};
pub use rust::{modules_for_tests, with_modules};
pub use suppression::{Suppression, without};
pub use take::{Apart, apart, is_read};
