//! The one room that makes English: of reasons, news, hints and offers, for the reader at hand.
//!
//! Everything else passes data on. Knows core's types only; never decides what happened or what can be done, and never
//! reads its own words back.

mod archive;
pub mod checkout;
mod error;
mod gate;
mod hint;
mod learning;
mod news;
#[cfg(test)]
mod odd;
pub mod offer;
mod plan;
mod plan_run;
mod proof;
mod proof_table;
mod reader;
mod reason;
mod shown;
mod standing;
pub mod text;

pub use archive::{ArchivedTask, archive_summary};
pub use error::{not_allowed, running};
pub use gate::gate_items;
pub use hint::hint;
pub use learning::learned;
pub use news::{Line, Mark, clock, clock_to_the_minute, moving, news, verdict_of, work_lost};
pub use plan::{day, not_carried, plan_changed, plan_changed_note, same_task, shared, unticked};
pub use plan_run::{plan_merged, run_progress, waits_on_branch};
pub use proof::{Grounds, answer, grounds, unproven};
pub use proof_table::{
    LandedLine, ProofLine, at_head, checks_cut_off, green_already, proof_in_lines, proof_in_markdown,
    run_said, tally,
};
pub use reader::Reader;
pub use reason::{
    About, Explanation, explanation, how_to_tell, landed, not_landed, reason, refusal, stopped,
};
pub use shown::{context, cost, criterion};
pub use standing::{Standing, done, summary};
