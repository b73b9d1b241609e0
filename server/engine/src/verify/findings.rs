//! tmp
use alfine_core::finding::Finding; use std::path::Path; use serde::{Serialize,Deserialize};
#[derive(Debug,Clone,Copy,PartialEq,Eq,Serialize,Deserialize)] pub enum OutputFormat{Any}
pub fn parse_as(_:&str,_:Option<OutputFormat>,_:&Path)->Vec<Finding>{vec![]}
