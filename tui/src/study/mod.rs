//! Studies of a recording: the step from the query engine to `fgm::analysis` and back to findings with names.
//!
//! Owns: which series are studied, and findings as plain data with a sentence each. Must not: print or draw: headless
//! commands and the viewer show the same findings. Every call may take long: it tells a share of progress and can be
//! called off.

mod changes;
mod clock;
mod cores;
mod informative;
mod kills;
mod leaks;
mod links;
mod periods;
mod series;
mod summary;
mod throttling;

pub use self::changes::{ChangeFinding, changes};
pub use self::clock::Clock;
pub use self::informative::{Family, INFORMATIVE, Informative};
pub use self::kills::{KillFinding, kills};
pub use self::leaks::{LeakFinding, leaks};
pub use self::links::{LinkFinding, LinkFindings, links};
pub use self::periods::{PeriodFinding, periods};
pub use self::series::{Series, Task, by_default, for_each, one};
pub use self::summary::{Findings, Level, Summary, summary};
pub use self::throttling::{ThrottlingFinding, throttling};
