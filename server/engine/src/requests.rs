//! What a front end can have done with tasks, as requests that any front end drives alike: the terminal, the language
//! server, and front ends to come.
//!
//! A request goes on in small steps: it says what is to be asked, what is waited for, or what came of it. The front end
//! only asks questions and shows answers; nothing is changed before the last question has its answer. Knows nothing of
//! how a question looks.

mod answer;
mod checkout;
mod finish;
mod front_end;
mod go_on;
mod plan_run;
mod planner;
mod resting;
mod rework;
mod run_goal;
mod start;
mod start_here;
mod steer;
mod step;
mod trust;
mod unsaved;

pub use answer::AnswerRequest;
pub use checkout::{AcceptCheckout, RestoreCheckout};
pub use finish::{Discard, ForkRequest, Merge, Merging, Rewind};
pub use front_end::{FrontEnd, Terminal};
pub use go_on::{Continue, Continued};
pub use plan_run::{ContinuePlan, HoldPlan, PlanContinued};
pub use planner::AllowPlanner;
pub use rework::{Rework, Reworking};
pub use run_goal::RunGoal;
pub use start::{Begun, How, Start, Started};
pub use start_here::StartHere;
pub use steer::Send;
pub use step::{Answered, GoalQuestion, Question, Reply, Request, Step, Wait};
pub use trust::Trust;
