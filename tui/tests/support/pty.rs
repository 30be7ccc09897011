//! The real program under a pseudo-terminal, and its screen as a terminal would show it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long anything may take; debug builds on busy machines are slow.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Pty {
    master: File,
    /// Kept open so that the terminal's settings can be read after the program has gone.
    slave: OwnedFd,
    child: Child,
    seen: Arc<Mutex<Seen>>,
    closed: Arc<AtomicBool>,
    reading: JoinHandle<()>,
}

struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
}

impl Pty {
    /// Starts a program on a terminal of its own.
    pub fn start(program: &str, args: &[&OsStr], env: &[(&str, &str)], size: (u16, u16)) -> Pty {
        Pty::start_in(program, args, env, size, Path::new("/"))
    }

    /// The same in a directory.
    pub fn start_in(
        program: &str,
        args: &[&OsStr],
        env: &[(&str, &str)],
        (w, h): (u16, u16),
        dir: &Path,
    ) -> Pty {
        let (master, slave) = open(w, h);
        let mut command = Command::new(program);
        command.current_dir(dir);
        command.args(args).env("TERM", "xterm-256color").env_remove("NO_COLOR").env_remove("FGM_DATA");
        // Nobody's own settings, terminal or language.
        command
            .env("XDG_CONFIG_HOME", "/dev/null")
            .env("XDG_STATE_HOME", "/dev/null")
            .env_remove("COLORFGBG")
            .env_remove("COLORTERM");
        command.env_remove("TMUX").env_remove("LC_ALL");
        command.envs(env.iter().copied());
        let end = |fd: &OwnedFd| Stdio::from(fd.try_clone().unwrap());
        command.stdin(end(&slave)).stdout(end(&slave)).stderr(end(&slave));
        // SAFETY: setsid and TIOCSCTTY are async-signal-safe and touch nothing of ours.
        unsafe {
            command.pre_exec(|| {
                libc::setsid();
                libc::ioctl(0, libc::TIOCSCTTY, 0);
                Ok(())
            });
        }
        let child = command.spawn().unwrap();
        let seen = Arc::new(Mutex::new(Seen {
            parser: vt100::Parser::new(at_least_one(h), at_least_one(w), 0),
            bytes: Vec::new(),
        }));
        let closed = Arc::new(AtomicBool::new(false));
        let (theirs, mut reader) = (Arc::clone(&seen), master.try_clone().unwrap());
        let stop = Arc::clone(&closed);
        let reading = thread::spawn(move || {
            let mut chunk = [0; 8192];
            while !stop.load(Ordering::Relaxed) {
                if !readable(&reader) {
                    continue;
                }
                let Ok(n @ 1..) = reader.read(&mut chunk) else { return };
                let mut seen = theirs.lock().unwrap();
                seen.parser.process(&chunk[..n]);
                seen.bytes.extend_from_slice(&chunk[..n]);
            }
        });
        Pty { master, slave, child, seen, closed, reading }
    }

    pub fn send(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    pub fn screen(&self) -> String {
        self.seen.lock().unwrap().parser.screen().contents()
    }

    /// Everything written so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.seen.lock().unwrap().bytes.clone()
    }

    /// Whether the terminal is in the alternate screen, and whether it reports the mouse.
    pub fn modes(&self) -> (bool, bool) {
        let seen = self.seen.lock().unwrap();
        let s = seen.parser.screen();
        (s.alternate_screen(), s.mouse_protocol_mode() != vt100::MouseProtocolMode::None)
    }

    /// Waits until the screen satisfies a condition, and returns it.
    pub fn until(&self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if holds(&screen) {
                return screen;
            }
            assert!(Instant::now() < end, "no {what} on the screen:\n{screen}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn until_text(&self, text: &str) -> String {
        self.until(text, |s| s.contains(text))
    }

    pub fn signal(&self, signal: i32) {
        // SAFETY: a plain system call on a child that has not been waited for.
        unsafe { libc::kill(self.child.id() as i32, signal) };
    }

    pub fn wait(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // What was written last is still on its way.
                thread::sleep(Duration::from_millis(100));
                return status;
            }
            assert!(Instant::now() < end, "the program does not end:\n{}", self.screen());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// CPU time used so far.
    pub fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let ticks: u64 = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split(' ')
            .skip(12)
            .take(2)
            .map(|n| n.parse::<u64>().unwrap())
            .sum();
        Duration::from_millis(ticks * 10)
    }

    /// The settings of the terminal, to be compared.
    pub fn settings(&self) -> String {
        // SAFETY: termios is plain data that tcgetattr fills.
        let t = unsafe {
            let mut t: libc::termios = std::mem::zeroed();
            assert_eq!(libc::tcgetattr(self.slave.as_raw_fd(), &raw mut t), 0);
            t
        };
        format!("{:o} {:o} {:o} {:o} {:?}", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag, t.c_cc)
    }

    pub fn resize(&self, w: u16, h: u16) {
        self.seen.lock().unwrap().parser.screen_mut().set_size(at_least_one(h), at_least_one(w));
        let size = libc::winsize { ws_row: h, ws_col: w, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: a valid descriptor and a winsize that outlives the call.
        assert_eq!(unsafe { libc::ioctl(self.slave.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) }, 0);
    }

    /// Takes no more output from now on, as a terminal after ctrl-s.
    pub fn stop_reading(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Closes this end, as when a connection drops.
    pub fn hang_up(self) -> Child {
        let Pty { master, slave, child, closed, reading, .. } = self;
        closed.store(true, Ordering::Relaxed);
        reading.join().unwrap();
        drop((master, slave));
        child
    }
}

/// Runs a program without any terminal: its exit code and what it says on standard error.
pub fn plain(program: &str, args: &[&OsStr]) -> (Option<i32>, String) {
    let mut command = Command::new(program);
    command.args(args).env_remove("FGM_DATA").current_dir("/").stdin(Stdio::null());
    let out = command.output().unwrap();
    assert!(out.stdout.is_empty(), "{out:?}");
    (out.status.code(), String::from_utf8(out.stderr).unwrap())
}

/// Waits a little for something to read.
fn readable(file: &File) -> bool {
    let mut fd = libc::pollfd { fd: file.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one valid pollfd, which outlives the call.
    unsafe { libc::poll(&raw mut fd, 1, 50) > 0 }
}

fn at_least_one(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap_or(NonZeroU16::MIN)
}

fn open(w: u16, h: u16) -> (File, OwnedFd) {
    let mut fds = (0, 0);
    let size = libc::winsize { ws_row: h, ws_col: w, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: openpty fills two descriptors that nobody else owns.
    unsafe {
        let none = std::ptr::null_mut();
        let ok = libc::openpty(&raw mut fds.0, &raw mut fds.1, none, std::ptr::null(), &raw const size);
        assert_eq!(ok, 0);
        // The program must not inherit our ends, or hanging up would go unnoticed.
        libc::fcntl(fds.0, libc::F_SETFD, libc::FD_CLOEXEC);
        libc::fcntl(fds.1, libc::F_SETFD, libc::FD_CLOEXEC);
        (File::from_raw_fd(fds.0), OwnedFd::from_raw_fd(fds.1))
    }
}
