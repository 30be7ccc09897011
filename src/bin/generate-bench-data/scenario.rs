//! How much to generate.
//!
//! Owns: the named scenarios and the bounds of each number. Must not: know what the values look like.

use std::fmt;

use fgm::metric::Table;

use super::row::METRICS;

/// What a recording consists of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scenario {
    /// Files of the table `containers`.
    pub(crate) files: u32,
    /// Containers that run at a time.
    pub(crate) containers: u32,
    /// Columns of `containers` that hold values.
    pub(crate) metrics: u32,
    /// Values in each file of `containers`, about.
    pub(crate) values: u32,
    /// Processes of each container.
    pub(crate) processes: u32,
    pub(crate) seed: u64,
    /// Tables beside `processes`, which is there when there are processes.
    pub(crate) tables: Vec<Table>,
    pub(crate) events: bool,
}

impl Scenario {
    /// One of those that benches are told by.
    pub(crate) fn named(name: &str) -> Result<Scenario, String> {
        let (files, containers, metrics, values) = match name {
            "small" => (2, 10, 5, 10_000),
            "medium" => (50, 50, 30, 50_000),
            "large" => (200, 100, 30, 100_000),
            "production" => (500, 100, 30, 100_000),
            _ => return Err(format!("no scenario {name:?}: small, medium, large or production")),
        };
        let tables = vec![Table::Containers, Table::Identities];
        Ok(Scenario { files, containers, metrics, values, processes: 0, seed: 1, tables, events: true })
    }

    /// Changes one number by the name of its option.
    pub(crate) fn set(&mut self, option: &str, value: &str) -> Result<(), String> {
        let number = || value.parse().map_err(|_| format!("--{option} {value}: not a number"));
        match option {
            "files" => self.files = number()?,
            "containers" => self.containers = number()?,
            "metrics" => self.metrics = number()?,
            "values" => self.values = number()?,
            "processes" => self.processes = number()?,
            "seed" => self.seed = value.parse().map_err(|_| format!("--seed {value}: not a number"))?,
            "tables" => self.set_tables(value)?,
            _ => return Err(format!("no option --{option}")),
        }
        Ok(())
    }

    fn set_tables(&mut self, list: &str) -> Result<(), String> {
        self.tables.clear();
        self.events = false;
        for name in list.split(',') {
            match Table::from_name(name) {
                Some(table @ (Table::Containers | Table::Node | Table::Identities)) => {
                    self.tables.push(table);
                }
                None if name == "events" => self.events = true,
                _ => return Err(format!("--tables {name}: only containers, node, identities and events")),
            }
        }
        Ok(())
    }

    /// Whether every number makes sense.
    pub(crate) fn check(&self) -> Result<(), String> {
        let within = |option: &str, value: u32, most: u32| {
            let good = (1..=most).contains(&value);
            good.then_some(()).ok_or_else(|| format!("--{option} {value}: must be 1 to {most}"))
        };
        within("files", self.files, 1_000_000)?;
        within("containers", self.containers, 10_000)?;
        within("metrics", self.metrics, METRICS.len() as u32)?;
        within("values", self.values, 100_000_000)?;
        within("processes", self.processes.max(1), 1000)?;
        within("values", self.ticks_per_file(), 43_200)
            .map_err(|_| format!("--values {}: a file would cover more than half a day", self.values))
    }

    /// Ticks that it takes to get that many values.
    pub(crate) fn ticks_per_file(&self) -> u32 {
        // Two at least: a rate needs them.
        self.values.div_ceil(self.containers * self.metrics).max(2)
    }
}

/// As the session manifest names it.
impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scenario { files, containers, metrics, values, processes, seed, .. } = self;
        write!(
            f,
            "--files {files} --containers {containers} --metrics {metrics} --values {values} --processes {processes} --seed {seed}"
        )
    }
}
