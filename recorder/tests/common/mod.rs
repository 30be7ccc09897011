//! Stand-ins for a host and a store.
#![allow(dead_code, unreachable_pub)] // each test program uses its part

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{FileExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fgm::event::{Event, EventKind};
use fgm::metric::{Metric, Repr, Table};
use fgm::store::StoreError;
use fgm::store::tick::{LabelValue, NULL, SeriesId, Tick};
use fgm::time::Micros;
use fgm_recorder::sink::TickSink;
use fgm_recorder::{Config, RecordError, StopHandle, Summary, record_into};

/// Keeps every tick.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Vec<Tick>>>);

impl TickSink for Memory {
    fn append(&mut self, tick: &Tick) -> Result<u64, StoreError> {
        self.0.lock().unwrap().push(tick.clone());
        Ok(1)
    }

    fn finish(self, _: Micros) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A row with its labels.
#[derive(Clone, Debug)]
pub struct Seen {
    pub tick_no: i64,
    pub time: Micros,
    pub series: SeriesId,
    table: Table,
    labels: Vec<LabelValue>,
    cells: Vec<i64>,
}

impl Seen {
    pub fn label(&self, name: &str) -> &LabelValue {
        &self.labels[self.table.label_index(name).unwrap()]
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.label(name).as_text()
    }

    /// The value as a reader of the recording sees it.
    pub fn value(&self, name: &str) -> Option<f64> {
        let at = self.table.metric_index(name).unwrap_or_else(|| panic!("no column {name}"));
        let m: &Metric = &self.table.metrics()[at];
        let scale = if let Repr::Fixed(d) = m.repr { 10f64.powi(i32::from(d)) } else { 1.0 };
        Some(self.cells[at]).filter(|&c| c != NULL).map(|c| c as f64 / scale)
    }
}

/// A recorder at work in this process.
pub struct Running {
    sink: Memory,
    stop: StopHandle,
    thread: Option<JoinHandle<Result<Summary, RecordError>>>,
}

impl Running {
    pub fn start(config: Config) -> Running {
        let (sink, stop) = (Memory::default(), StopHandle::new());
        let (s, h) = (sink.clone(), stop.clone());
        let thread = std::thread::spawn(move || record_into(&config, &h, s));
        Running { sink, stop, thread: Some(thread) }
    }

    pub fn ticks(&self) -> usize {
        self.sink.0.lock().unwrap().len()
    }

    /// Waits for so many ticks that began after this call; returns the number of the first of them.
    pub fn pass(&self, more: usize) -> i64 {
        // The tick under way may have begun before.
        let target = self.ticks() + 1 + more;
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.ticks() < target {
            assert!(Instant::now() < deadline, "the recorder makes no ticks");
            std::thread::sleep(Duration::from_millis(5));
        }
        self.sink.0.lock().unwrap()[target - more].tick_no
    }

    /// What has been made up to now; its summary is empty.
    pub fn so_far(&self) -> Recording {
        let summary = Summary {
            run_id: fgm::identity::RunId::from_text("so far").unwrap(),
            ticks: 0,
            missed: 0,
            lost: 0,
            bytes: 0,
            last: fgm_recorder::Census::default(),
        };
        Recording { ticks: self.sink.0.lock().unwrap().clone(), summary }
    }

    pub fn stop(mut self) -> Recording {
        self.stop.stop();
        let summary = self.thread.take().unwrap().join().unwrap().unwrap();
        Recording { ticks: self.sink.0.lock().unwrap().clone(), summary }
    }
}

/// What a recorder made.
pub struct Recording {
    pub ticks: Vec<Tick>,
    pub summary: Summary,
}

impl Recording {
    /// Every row of a table with the labels in force.
    pub fn rows(&self, table: Table) -> Vec<Seen> {
        let mut labels: HashMap<SeriesId, Vec<LabelValue>> = HashMap::new();
        let mut out = Vec::new();
        for tick in &self.ticks {
            for def in tick.defs.iter().filter(|d| d.table == table) {
                labels.insert(def.id, def.labels.clone());
            }
            for (series, time, cells) in tick.rows(table).iter() {
                let labels = labels.get(&series).expect("a row refers to a series that is defined").clone();
                out.push(Seen { tick_no: tick.tick_no, time, series, table, labels, cells: cells.to_vec() });
            }
        }
        out
    }

    /// Scheduled time of a tick.
    pub fn tick_of(&self, tick_no: i64) -> Micros {
        self.ticks.iter().find(|t| t.tick_no == tick_no).unwrap().tick
    }

    pub fn of_path(&self, path: &str) -> Vec<Seen> {
        let rows = self.rows(Table::Containers);
        rows.into_iter().filter(|r| r.text("cgroup_path") == Some(path)).collect()
    }

    pub fn of_pid(&self, pid: i64) -> Vec<Seen> {
        let rows = self.rows(Table::Processes);
        rows.into_iter().filter(|r| r.label("pid").as_int() == Some(pid)).collect()
    }

    pub fn events(&self, kind: EventKind) -> Vec<Event> {
        self.ticks.iter().flat_map(|t| &t.events).filter(|e| e.kind == kind).cloned().collect()
    }
}

/// A host made of plain files.
pub struct FakeHost {
    pub dir: tempfile::TempDir,
}

impl FakeHost {
    pub fn new() -> FakeHost {
        let host = FakeHost { dir: tempfile::tempdir().unwrap() };
        host.proc("stat", "cpu  1 2 3 4 5 6 7 8 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\nctxt 9\nprocesses 4\n");
        host.proc("loadavg", "0.10 0.20 0.30 1/2 3\n");
        host.proc("meminfo", "MemTotal: 1000 kB\nMemFree: 10 kB\n");
        host.proc("diskstats", "   8       0 sda 1 2 3\n");
        host.proc("sys/kernel/random/boot_id", "boot-1\n");
        host
    }

    pub fn cgroup_root(&self) -> PathBuf {
        self.dir.path().join("cgroup")
    }

    fn put(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // Readers keep descriptors and must never find a file empty or half written, as in the kernel: the contents
        // change in place, in one write.
        let old = fs::metadata(path).map_or(0, |m| m.len());
        let mut padded = text.as_bytes().to_vec();
        padded.resize(padded.len().max(usize::try_from(old).unwrap()), b'\n');
        let file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(path).unwrap();
        file.write_all_at(&padded, 0).unwrap();
        file.set_len(text.len() as u64).unwrap();
    }

    pub fn proc(&self, path: &str, text: &str) {
        Self::put(&self.dir.path().join("proc").join(path), text);
    }

    pub fn cgroup(&self, path: &str, text: &str) {
        Self::put(&self.cgroup_root().join(path.trim_start_matches('/')), text);
    }

    pub fn remove_cgroup(&self, path: &str) {
        fs::remove_dir_all(self.cgroup_root().join(path.trim_start_matches('/'))).unwrap();
    }

    /// What a process's stat says, with so many resident pages.
    pub fn stat(&self, pid: u32, comm: &str, start: u64, user_ticks: u64, pages: u64) {
        let flags = if comm.starts_with("kworker") { 0x0020_8040 } else { 0x40_0000 };
        self.proc(
            &format!("{pid}/stat"),
            &format!("{pid} ({comm}) S 1 1 1 0 -1 {flags} 10 0 0 0 {user_ticks} 0 0 0 20 0 3 0 {start} 4096000 {pages} 18446744073709551615 1 1 77 0 0\n"),
        );
    }

    pub fn process(&self, pid: u32, comm: &str, start: u64, user_ticks: u64) {
        self.stat(pid, comm, start, user_ticks, 250);
        self.proc(
            &format!("{pid}/status"),
            "Name:\tx\nVmSize:\t 4000 kB\nVmRSS:\t 1000 kB\nvoluntary_ctxt_switches:\t5\n",
        );
        self.proc(&format!("{pid}/io"), "rchar: 100\nwchar: 0\n");
        self.proc(
            &format!("{pid}/smaps_rollup"),
            "Rss: 1000 kB\nPss: 600 kB\nPrivate_Clean: 1 kB\nPrivate_Dirty: 2 kB\n",
        );
        self.proc(&format!("{pid}/cmdline"), &format!("{comm}\0--flag\0"));
        let exe = self.dir.path().join(format!("proc/{pid}/exe"));
        let _ = fs::remove_file(&exe);
        symlink(format!("/usr/bin/{comm}"), exe).unwrap();
    }

    /// Puts a process into a network namespace with these counters.
    pub fn network(&self, pid: u32, inode: u64, received: u64, interfaces: &[&str]) {
        let link = self.dir.path().join(format!("proc/{pid}/ns/net"));
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&link);
        symlink(format!("net:[{inode}]"), link).unwrap();
        let line = |i: &&str| format!("{i:>6}: {received} 2 3 4 0 0 0 0 9 10 11 12 0 0 0 0");
        let lines = interfaces.iter().map(line).collect::<Vec<_>>().join("\n");
        self.proc(&format!("{pid}/net/dev"), &format!("Inter-| Receive\n face |bytes\n{lines}"));
        self.proc(&format!("{pid}/net/snmp"), &format!("Tcp: MaxConn RetransSegs\nTcp: -1 {received}\n"));
        self.proc(&format!("{pid}/net/netstat"), "TcpExt: ListenDrops\nTcpExt: 5\n");
    }

    pub fn end_process(&self, pid: u32) {
        fs::remove_dir_all(self.dir.path().join(format!("proc/{pid}"))).unwrap();
    }

    pub fn config(&self) -> Config {
        Config {
            interval: Duration::from_millis(100),
            cgroup_root: Some(self.cgroup_root()),
            proc_root: self.dir.path().join("proc"),
            host_root: self.dir.path().join("host"),
            node_name: Some("node-1".to_owned()),
            ..Config::default()
        }
    }

    pub fn start(&self) -> Running {
        Running::start(self.config())
    }
}
