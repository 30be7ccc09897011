//! OOM kills: in which subject, and who.
//!
//! Owns: whose kill a risen counter tells, and which process it was. Must not: read.
//!
//! A container whose main process is killed is often gone before the next tick, and its counter with it. Where the
//! kernel's log may be read the kill is told all the same, for that container; elsewhere v2 still counts it in the pod.

use fgm::event::{About, Event, EventKind, Severity};
use fgm::metric::{Table, containers as c};
use fgm::store::tick::Tick;
use fgm::time::Micros;
use serde_json::{Map, Value};

use super::events::called;
use super::groups::{Group, GroupId, Groups};
use super::kernel_log::{KernelLog, Victim};
use super::lives::Gone;

/// A subject that ended on this tick.
struct Ended {
    path: String,
    about: About,
    above: Option<GroupId>,
}

/// Buffers of one tick.
#[derive(Default)]
pub(crate) struct Kills {
    rises: Vec<Rise>,
    ended: Vec<Ended>,
}

struct Rise {
    id: GroupId,
    before: i64,
    now: i64,
    /// The part that no subject below explains.
    own: i64,
}

impl Kills {
    /// Forgets the last tick.
    pub(crate) fn begin(&mut self) {
        self.rises.clear();
        self.ended.clear();
    }

    /// A subject is gone.
    pub(crate) fn ended(&mut self, group: &Group, about: &About, groups: &Groups) {
        self.ended.push(Ended {
            path: group.text.clone(),
            about: about.clone(),
            above: groups.owner_above_of(group),
        });
    }

    /// Compares each subject's OOM kill counter with the last one seen. v2 counts a kill in every cgroup above the one
    /// that it happened in, so what the subjects below explain is not told again.
    pub(crate) fn tell(
        &mut self,
        groups: &mut Groups,
        log: &mut KernelLog,
        gone: &[Gone],
        tick: &mut Tick,
        time: Micros,
    ) {
        self.find_rises(groups, tick);
        log.refresh(tick.tick_no);
        for at in 0..self.rises.len() {
            let Rise { id, before, now, own } = self.rises[at];
            let Some(group) = groups.get(id).filter(|_| own > 0) else { continue };
            // What happened in a container that is gone is that container's, though only the pod's counter is left.
            let explained = self.tell_ended(id, log, tick, time);
            if explained >= own {
                continue;
            }
            let id_of = group.class.container_id.as_deref();
            let victim = log.take(&group.text, id_of);
            // The others that were killed with it are not told one by one.
            for _ in 1..own - explained {
                log.take(&group.text, id_of);
            }
            let about = group.subject.as_ref().map(|s| About::clone(&s.about)).unwrap_or_default();
            let counter = Some((before, now));
            tick.events.push(kill(&about, own - explained, counter, found(victim, id, gone), time));
        }
        // v1 counts in the cgroup itself only: nothing has risen for what is gone.
        for at in 0..self.ended.len() {
            self.tell_one_ended(at, log, tick, time);
        }
    }

    fn find_rises(&mut self, groups: &mut Groups, tick: &mut Tick) {
        let rows = tick.rows_mut(Table::Containers);
        for (id, group) in groups.iter_mut() {
            let Some(subject) = &mut group.subject else { continue };
            let Some(row) = subject.row else { continue };
            let Some(now) = rows.row_mut(row).get(c::memory_events_oom_kill_total) else { continue };
            if let Some(before) = subject.oom_kills.replace(now)
                && now > before
            {
                self.rises.push(Rise { id, before, now, own: now - before });
            }
        }
        for at in 0..self.rises.len() {
            let Rise { id, before, now, .. } = self.rises[at];
            // The whole rise, explained below or not, stands in the counter of the subject above.
            if let Some(above) = groups.owner_above(id)
                && let Some(rise) = self.rises.iter_mut().find(|r| r.id == above)
            {
                rise.own -= now - before;
            }
        }
    }

    /// Tells kills of subjects that ended on this tick below `above`; returns how many.
    fn tell_ended(&mut self, above: GroupId, log: &mut KernelLog, tick: &mut Tick, time: Micros) -> i64 {
        let below: Vec<usize> =
            (0..self.ended.len()).filter(|&at| self.ended[at].above == Some(above)).collect();
        below.into_iter().map(|at| self.tell_one_ended(at, log, tick, time)).sum()
    }

    fn tell_one_ended(&mut self, at: usize, log: &mut KernelLog, tick: &mut Tick, time: Micros) -> i64 {
        let ended = &self.ended[at];
        let mut take = || log.take(&ended.path, ended.about.container_id.as_deref());
        let Some(victim) = take() else { return 0 };
        let mut kills = 1;
        while take().is_some() {
            kills += 1;
        }
        tick.events.push(kill(&ended.about, kills, None, Found::Logged(victim, None), time));
        kills
    }
}

/// How the victim was found.
enum Found<'a> {
    Nobody,
    Logged(Victim, Option<&'a Gone>),
    Vanished(&'a Gone),
}

fn found(victim: Option<Victim>, owner: GroupId, gone: &[Gone]) -> Found<'_> {
    let mut own = gone.iter().filter(|g| g.owner == owner);
    match victim {
        Some(v) => {
            let known = own.find(|g| Some(g.pid) == v.pid && g.comm == v.comm.as_bytes());
            Found::Logged(v, known)
        }
        None => own.max_by_key(|g| g.rss).map_or(Found::Nobody, Found::Vanished),
    }
}

fn kill(about: &About, kills: i64, counter: Option<(i64, i64)>, found: Found<'_>, time: Micros) -> Event {
    let mut detail = Map::new();
    let mut put = |key: &str, value: Value| detail.insert(key.to_owned(), value);
    let (pid, process, comm, rss, source) = match found {
        Found::Nobody => (None, None, None, None, None),
        Found::Logged(v, known) => {
            // What the kernel saw when it killed; the last tick may be long before that.
            let rss = v.rss.or(known.map(|g| g.rss));
            (v.pid, known, Some(v.comm), rss, Some("kernel_log"))
        }
        Found::Vanished(g) => {
            let comm = String::from_utf8_lossy(&g.comm).into_owned();
            (Some(g.pid), Some(g), Some(comm), Some(g.rss), Some("vanished"))
        }
    };
    let who = match (&comm, pid, source) {
        (Some(comm), Some(pid), Some("kernel_log")) => format!(": {comm} ({pid})"),
        (Some(comm), None, Some("kernel_log")) => format!(": {comm}"),
        (Some(comm), Some(pid), _) => format!(", probably {comm} ({pid})"),
        _ => String::new(),
    };
    let message = format!("the OOM killer killed {kills} in {}{who}", called(about));
    if let (Some(comm), Some(source)) = (comm, source) {
        put("victim_comm", comm.into());
        put("victim_source", source.into());
    }
    if let Some(rss) = rss {
        put("victim_rss_bytes", rss.into());
    }
    let detail = (!detail.is_empty()).then(|| Value::Object(detail).to_string());
    Event {
        about: about.clone(),
        pid: pid.map(i64::from),
        start_ticks: process.and_then(|g| i64::try_from(g.start_ticks).ok()),
        metric: counter.map(|_| "memory_events_oom_kill_total".to_owned()),
        value_before: counter.map(|(before, _)| before as f64),
        value_after: counter.map(|(_, now)| now as f64),
        unit: counter.map(|_| "count".to_owned()),
        detail,
        ..Event::of_recorder(time, EventKind::OomKill, Severity::Error, message)
    }
}
