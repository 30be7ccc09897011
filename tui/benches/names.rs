//! What the main loop does with 50,000 names: milliseconds from a message to the state after it (TUI-3).
//!
//! `cargo bench -p fgm-tui --bench names [-- NUMBER]`. Nothing here waits for the recording: answers are made
//! beforehand and only taking them is timed, frames apart. Each figure is the median of nine; keys are those of somebody
//! who types a name and deletes it again.

#![allow(clippy::unwrap_used, reason = "a bench may fall over")]

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use fgm::metric::Table;
use fgm::metric::containers::label;
use fgm::query::model::{Overview, SumAnswer, SumQuery, WindowAnswer, WindowQuery};
use fgm::query::{Cancel, Engine, RecordedEvent};
use fgm::series::{Bucket, Buckets, shown_quantity};
use fgm::store::tick::LabelValue;
use fgm::subject::Subject;
use fgm::time::{SECOND, TimeRange};
use fgm_tui::app::App;
use fgm_tui::app::message::{Answer, Effect, Message, Question};
use fgm_tui::app::report::Report;
use fgm_tui::caps::{Caps, Depth};
use fgm_tui::effect::Event;
use fgm_tui::effect::finder::Finder;
use fgm_tui::effect::worker::answer;
use fgm_tui::keymap::{Code, Key};
use fgm_tui::source::Source;
use fgm_tui::theme::Palettes;
use fgm_tui::view::marker::Marker;
use fgm_tui::view::{self, Look};
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const TIMES: usize = 9;

/// Containers of a big cluster, and flat series.
struct Cluster(i64);

impl Source for Cluster {
    fn refresh(&mut self) -> Result<bool, String> {
        Ok(false)
    }

    fn overview(&self) -> Arc<Overview> {
        Arc::new(Overview {
            range: Some(TimeRange::new(0, 3600 * SECOND)),
            interval: SECOND,
            tables: vec![Table::Containers],
            metrics: Table::Containers.metrics().iter().collect(),
            files: 40,
            ..Overview::default()
        })
    }

    fn subjects(&self, table: Table, _: TimeRange) -> Result<Vec<Subject>, String> {
        let subject = |i: i64| {
            let mut labels = vec![LabelValue::Null; table.labels().len()];
            let mut set = |at: usize, text: String| labels[at] = LabelValue::text(text);
            set(label::node_name, format!("node-{}", i % 500));
            set(label::subject_kind, "container".to_owned());
            set(label::cgroup_path, format!("/kubepods/burstable/pod{i:08x}-5f3a-4c1e/{i:064x}"));
            set(label::container_id, format!("{i:064x}"));
            set(label::container_name, ["app", "proxy", "worker"][i as usize % 3].to_owned());
            set(label::namespace, format!("namespace-{}", i % 40));
            set(label::pod_name, format!("service-{}-{i:05}", i % 700));
            labels[label::cgroup_inode] = LabelValue::Int(i);
            Subject { table, labels, first: 0, last: (i % 3600) * SECOND }
        };
        Ok(if table == Table::Containers { (0..self.0).map(subject).collect() } else { Vec::new() })
    }

    fn window(&self, query: &WindowQuery, _: &Cancel) -> Result<WindowAnswer, String> {
        let series = query.subjects.iter().map(|k| {
            let v = k.values.last().and_then(LabelValue::as_int).unwrap_or(0) as f64;
            let bucket = Bucket { count: 1, min: v, max: v, first: v, last: v, mean: v, gap_before: None };
            let columns = vec![Some(bucket); query.columns];
            (k.clone(), Buckets { range: query.range, columns, stepped: false })
        });
        Ok(WindowAnswer { quantity: shown_quantity(query.metric), series: series.collect() })
    }

    fn sums(&self, _: &SumQuery, _: &Cancel) -> Result<SumAnswer, String> {
        Err("nothing is summed".to_owned())
    }

    fn events(&self, _: TimeRange) -> Vec<RecordedEvent> {
        Vec::new()
    }

    fn engine(&self) -> Engine {
        unreachable!("nothing is studied")
    }

    fn report(&mut self) -> Option<Arc<Report>> {
        None
    }
}

struct Bench {
    app: App,
    cluster: Cluster,
    finder: Option<Finder>,
    events: (Sender<Event>, Receiver<Event>),
    /// Milliseconds of the main loop since they were last taken.
    spent: f64,
}

impl Bench {
    fn timed<T>(&mut self, work: impl FnOnce(&mut Bench) -> T) -> T {
        let begun = Instant::now();
        let done = work(self);
        self.spent += begun.elapsed().as_secs_f64() * 1e3;
        done
    }

    /// Sends a message and all that follows from it; what workers do is not counted.
    fn send(&mut self, message: Message) {
        let mut effects = self.timed(|b| b.app.update(message));
        while !effects.is_empty() {
            let mut next = Vec::new();
            for effect in effects {
                let message = match effect {
                    Effect::Ask(ticket, question) => {
                        let answer = answer(&self.cluster, question, &Cancel::default());
                        Some(Message::Answer(ticket, answer))
                    }
                    Effect::OpenSearch(number, lines) => {
                        let out = self.events.0.clone();
                        self.timed(|b| b.finder = Some(Finder::new(number, lines, out)));
                        None
                    }
                    Effect::Pattern(text, longer) => {
                        self.timed(|b| b.finder.as_ref().unwrap().pattern(text, longer));
                        None
                    }
                    Effect::CloseSearch => {
                        self.timed(|b| b.finder = None);
                        None
                    }
                    _ => None,
                };
                next.extend(message.map(|m| self.timed(|b| b.app.update(m))).unwrap_or_default());
            }
            effects = next;
        }
    }

    /// Takes what the matcher finds until it is done.
    fn settle(&mut self) {
        while let Ok(Event::Message(message)) = self.events.1.recv_timeout(Duration::from_millis(300)) {
            self.send(message);
        }
    }

    fn key(&mut self, key: Key) {
        self.send(Message::Key(key));
    }

    fn frame(&mut self) {
        let look = Look::new(
            Caps { depth: Depth::True, light: false, marker: Marker::Braille },
            &Palettes::default(),
        );
        let mut buf = Buffer::empty(Rect::new(0, 0, 200, 50));
        self.timed(|b| view::draw(&b.app, look, &mut buf));
    }
}

fn say(what: &str, mut ms: Vec<f64>) {
    ms.sort_by(f64::total_cmp);
    println!("{what:42} {:9.2} ms (most {:.2})", ms[ms.len() / 2], ms[ms.len() - 1]);
}

fn main() {
    let number = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(50_000);
    println!("{number} names");
    let cluster = Cluster(number);
    let (app, effects) = App::new(cluster.overview(), TimeZone::UTC, (200, 50));
    let mut b = Bench { app, cluster, finder: None, events: mpsc::channel(), spent: 0.0 };
    let Some(Effect::Ask(ticket, question)) = effects.into_iter().next() else { unreachable!() };
    let again = |b: &mut Bench, what: &str, work: &dyn Fn(&mut Bench)| {
        let mut all = Vec::new();
        for _ in 0..TIMES {
            b.spent = 0.0;
            work(b);
            all.push(b.spent);
        }
        say(what, all);
    };
    let mut worker = Vec::new();
    let mut taken = Vec::new();
    // As the worker does, so that they are not freed on the main loop.
    let mut lent = Vec::new();
    for _ in 0..TIMES {
        let asked: Question = question.clone();
        let begun = Instant::now();
        let answer = answer(&b.cluster, asked, &Cancel::default());
        worker.push(begun.elapsed().as_secs_f64() * 1e3);
        if let Answer::Subjects(listed) = &answer {
            lent.push(Arc::clone(&listed.names));
        }
        b.spent = 0.0;
        b.timed(|b| b.app.update(Message::Answer(ticket, answer)));
        taken.push(b.spent);
    }
    say("making the answer (not on the main loop)", worker);
    say("taking the answer", taken);
    b.key(Key::char('a'));
    again(&mut b, "ordering anew (r)", &|b| b.key(Key::char('r')));
    again(&mut b, "pinning (*)", &|b| b.key(Key::char('*')));
    again(&mut b, "a frame", &Bench::frame);
    again(&mut b, "filtering (&)", &|b| {
        b.key(Key::char('&'));
        b.send(Message::Paste("ns:namespace-7".to_owned()));
        b.key(Key::plain(Code::Enter));
        b.key(Key::char('&'));
        b.key(Key::ctrl('u'));
        b.key(Key::plain(Code::Enter));
    });
    let (mut open, mut typed, mut close) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TIMES {
        b.spent = 0.0;
        b.key(Key::char('c'));
        b.settle();
        open.push(b.spent);
        let keys = "service-70".chars().map(Key::char).chain([Key::plain(Code::Backspace); 10]);
        for key in keys {
            b.spent = 0.0;
            b.key(key);
            b.settle();
            typed.push(b.spent);
        }
        b.spent = 0.0;
        b.key(Key::plain(Code::Esc));
        close.push(b.spent);
    }
    say("opening the picker (c), and what it shows", open);
    say("a key typed into it, and what it finds", typed);
    say("closing it", close);
}
