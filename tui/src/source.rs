//! What the viewer asks of a recording: the seam between it and the query engine.
//!
//! Owns: the trait that workers call, and the engine behind it. Must not: know screens. Every call may block; only
//! workers call.

use std::sync::Arc;

use fgm::metric::Table;
use fgm::query::model::{Overview, SumAnswer, SumQuery, WindowAnswer, WindowQuery};
use fgm::query::{Cancel, Engine, RecordedEvent};
use fgm::subject::Subject;
use fgm::time::TimeRange;

use crate::app::report::Report;

/// A recording that can be asked.
pub trait Source: Send {
    /// Looks for new data; true when there was some.
    fn refresh(&mut self) -> Result<bool, String>;
    /// What there is.
    fn overview(&self) -> Arc<Overview>;
    /// Who has rows in a table within a range.
    fn subjects(&self, table: Table, range: TimeRange) -> Result<Vec<Subject>, String>;
    /// Series as pixel columns, unless it is called off before it is done.
    fn window(&self, query: &WindowQuery, cancel: &Cancel) -> Result<WindowAnswer, String>;
    /// Sums of groups as pixel columns, likewise.
    fn sums(&self, query: &SumQuery, cancel: &Cancel) -> Result<SumAnswer, String>;
    /// What happened in a range, the newest last.
    fn events(&self, range: TimeRange) -> Vec<RecordedEvent>;
    /// The engine itself, for questions that take long and are asked on other threads.
    fn engine(&self) -> Engine;
    /// What the recorder says, when it has said something since the last call.
    fn report(&mut self) -> Option<Arc<Report>> {
        None
    }
}

impl Source for Engine {
    fn refresh(&mut self) -> Result<bool, String> {
        Engine::refresh(self).map_err(|e| e.to_string())
    }

    fn overview(&self) -> Arc<Overview> {
        Engine::overview(self)
    }

    fn subjects(&self, table: Table, range: TimeRange) -> Result<Vec<Subject>, String> {
        Engine::subjects(self, table, range).map_err(|e| e.to_string())
    }

    fn window(&self, query: &WindowQuery, cancel: &Cancel) -> Result<WindowAnswer, String> {
        Engine::window(self, query, cancel).map_err(|e| e.to_string())
    }

    fn sums(&self, query: &SumQuery, cancel: &Cancel) -> Result<SumAnswer, String> {
        Engine::sums(self, query, cancel).map_err(|e| e.to_string())
    }

    fn events(&self, range: TimeRange) -> Vec<RecordedEvent> {
        Engine::events(self, range)
    }

    fn engine(&self) -> Engine {
        self.clone()
    }
}
