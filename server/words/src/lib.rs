//! The one room that makes English: of reasons, news, hints and offers, for the reader at hand.
//!
//! Everything else passes data on. Knows core's types only; never decides what happened or what can be done, and never
//! reads its own words back.

mod reader;
pub mod text;

pub use reader::Reader;
