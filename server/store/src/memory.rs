//! What a repository remembers beyond its loops: learnings, what was answered about proposals, and archives.

use super::{
    Millis, StoreError, Tx, read::Reader, rows::FromRow, rows::Json, rows::Word, rows::from_columns,
};
use alfine_core::{
    learning::{self, Learning, Observation, Seen},
    time::Moment,
};

/// What the user answered to a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposalRow {
    /// What was proposed, each by what it is known by.
    pub about: Vec<String>,
    /// How many iterations had ended then, in all loops.
    pub entries: i64,
    /// Whether they were written.
    pub accepted: bool,
    /// When it was answered.
    pub answered_at: Millis,
    /// Who answered, as git names the user.
    pub answered_by: Option<String>,
}

from_columns! { ProposalRow: about, entries, accepted, answered_at, answered_by }

/// What was put into an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveRow {
    /// The plan's path.
    pub plan: String,
    /// The folder, from the root of the working tree.
    pub folder: String,
    /// When it was made.
    pub made_at: Millis,
}

from_columns! { ArchiveRow: plan, folder, made_at }

from_columns! { Learning: id, kind, key, subject, companions, seen, times, first_at, last_at }

/// What decides whether a learning is forgotten.
struct Weighed(i64, u32, Moment);

impl FromRow for Weighed {
    fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self(row.get("id")?, row.get("times")?, Moment(row.get("last_at")?)))
    }
}

impl Tx<'_> {
    /// Counts what was observed at one place, and forgets what has faded.
    pub fn learn(&self, observations: &[Observation], seen: &Seen) -> Result<(), StoreError> {
        for observation in observations {
            let known: Option<Learning> = self.first(
                "SELECT * FROM learning WHERE kind = ?1 AND key = ?2",
                (Word(observation.kind), &observation.key),
            )?;
            let learning = match known {
                None => Learning::first(observation.clone(), seen.clone()),
                Some(mut known) => match known.again(observation.clone(), seen.clone()) {
                    true => known,
                    false => continue,
                },
            };
            self.put_learning(&learning)?;
        }
        let rows: Vec<Weighed> = self.all("SELECT id, times, last_at FROM learning", [])?;
        let rows: Vec<_> = rows.into_iter().map(|Weighed(id, times, last_at)| (id, times, last_at)).collect();
        for id in learning::faded(&rows, Moment(self.now().0)) {
            self.forget_learnings(Some(id))?;
        }
        Ok(())
    }

    fn put_learning(&self, learning: &Learning) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO learning (kind, key, subject, companions, seen, times, first_at, last_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (kind, key) DO UPDATE SET subject = excluded.subject, companions = excluded.companions,
                 seen = excluded.seen, times = excluded.times, last_at = excluded.last_at",
            (
                Word(learning.kind),
                &learning.key,
                &learning.subject,
                Json(&learning.companions),
                Json(&learning.seen),
                learning.times,
                learning.first_at.0,
                learning.last_at.0,
            ),
        )
        .map(drop)
    }

    /// Forgets the learning of this number, or all; returns how many that were.
    pub fn forget_learnings(&self, id: Option<i64>) -> Result<usize, StoreError> {
        self.execute("DELETE FROM learning WHERE ?1 IS NULL OR id = ?1", [id])
    }

    /// Writes down what the user answered to a proposal.
    pub fn answer_proposal(
        &self,
        about: &[String],
        accepted: bool,
        by: Option<&str>,
    ) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO proposal (about, entries, accepted, answered_at, answered_by) VALUES (?1, ?2, ?3, ?4, ?5)",
            (Json(about), self.ended_iterations()?, accepted, self.now(), by),
        )
        .map(drop)
    }

    /// Writes down that what is over of a plan was put into an archive.
    pub fn put_archive(&self, plan: &str, folder: &str) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO archive (plan, folder, made_at) VALUES (?1, ?2, ?3)",
            (plan, folder, self.now()),
        )
        .map(drop)
    }
}

impl Reader {
    /// All learnings, in the order they were first seen.
    pub fn learnings(&self) -> Result<Vec<Learning>, StoreError> {
        self.all("SELECT * FROM learning ORDER BY id", [])
    }

    /// How many iterations have ended, in all loops.
    pub fn ended_iterations(&self) -> Result<i64, StoreError> {
        self.number("SELECT count(*) FROM iteration WHERE ended_at IS NOT NULL", [])
    }

    /// The last answer to a proposal; `None` if none was answered yet.
    pub fn last_proposal(&self) -> Result<Option<ProposalRow>, StoreError> {
        self.first("SELECT * FROM proposal ORDER BY id DESC LIMIT 1", [])
    }

    /// The last archive of a plan; `None` if there was none yet.
    pub fn last_archive(&self, plan: &str) -> Result<Option<ArchiveRow>, StoreError> {
        self.first("SELECT * FROM archive WHERE plan = ?1 ORDER BY id DESC LIMIT 1", [plan])
    }
}
