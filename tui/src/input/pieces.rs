//! Pieces of input into whole keys, however the line has cut them.
//!
//! Owns: the time between pieces, which tells the key from the first byte of a sequence. Must not: know sequences.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::parse::{self, Input, Step};
use crate::app::message::Message;
use crate::keymap::{Code, Key};

/// A key, or the beginning of a sequence.
const ESCAPE: &[u8] = b"\x1b";
/// How long the rest of a sequence is waited for before its escape is the key. Longer would be felt.
const REST: Duration = Duration::from_millis(50);
/// How long after that what looks like the rest is the rest still: lines lose packets and send them again.
const LATE: Duration = Duration::from_secs(1);

/// Takes what is complete as it comes in, until nobody sends any more.
pub(super) fn join(pieces: &Receiver<Vec<u8>>, mut take: impl FnMut(Input)) {
    let mut bytes = Vec::new();
    let mut escaped: Option<Instant> = None;
    loop {
        let wait = if bytes == ESCAPE { REST } else { Duration::MAX };
        match pieces.recv_timeout(wait) {
            Ok(piece) => {
                if escaped.take().is_some_and(|at| at.elapsed() < LATE) && is_rest(&piece) {
                    bytes.extend_from_slice(ESCAPE);
                }
                bytes.extend_from_slice(&piece);
                parse::drain(&mut bytes, &mut take);
            }
            Err(RecvTimeoutError::Timeout) => {
                bytes.clear();
                take(Input::Message(Message::Key(Key::plain(Code::Esc))));
                escaped = Some(Instant::now());
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Whether this begins with the rest of a sequence whose escape was taken for the key: nobody types `[<0;9;2M` in one
/// piece.
fn is_rest(piece: &[u8]) -> bool {
    matches!(piece.first(), Some(b'[' | b'O'))
        && matches!(parse::step(&[ESCAPE, piece].concat()), Step::Input(_, used) if used > 2)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    /// What is made of pieces that come so long after each other, counted from when the first has been taken.
    fn joined(pieces: &[&[u8]], pause: Duration) -> Vec<String> {
        let (sender, inbox) = mpsc::sync_channel(0);
        let joining = thread::spawn(move || {
            let mut out = Vec::new();
            join(&inbox, |input| out.push(format!("{input:?}")));
            out
        });
        for piece in pieces {
            sender.send(piece.to_vec()).unwrap();
            thread::sleep(pause);
        }
        drop(sender);
        joining.join().unwrap()
    }

    fn keys(codes: &[Code]) -> Vec<String> {
        codes.iter().map(|c| format!("{:?}", Input::Message(Message::Key(Key::plain(*c))))).collect()
    }

    /// TUI-5: a sequence that arrives in two pieces is one key, and an escape alone is one, too.
    #[test]
    fn pieces_in_time_are_one_key() {
        let (sender, inbox) = mpsc::channel();
        for piece in [b"\x1b".as_slice(), b"[C"] {
            sender.send(piece.to_vec()).unwrap();
        }
        drop(sender);
        let mut out = Vec::new();
        join(&inbox, |input| out.push(format!("{input:?}")));
        assert_eq!(out, keys(&[Code::Right]));
        assert_eq!(joined(&[b"\x1b[", b"C"], REST * 3), keys(&[Code::Right]));
        assert_eq!(joined(&[b"\x1b"], REST * 3), keys(&[Code::Esc]));
    }

    /// TUI-5: what comes long after its escape is no text.
    #[test]
    fn late_rests_are_recognized() {
        assert_eq!(joined(&[b"\x1b", b"[C"], REST * 4), keys(&[Code::Esc, Code::Right]));
        assert_eq!(joined(&[b"\x1b", b"["], REST * 3), keys(&[Code::Esc, Code::Char('[')]));
        for rest in [b"[C".as_slice(), b"OD", b"[1;5C", b"[<0;9;2M", b"[6~x", b"[200~text\x1b[201~"] {
            assert!(is_rest(rest), "{}", String::from_utf8_lossy(rest));
        }
        for typed in [b"".as_slice(), b"[", b"O", b"q", b"[[", b"]]", b"/O", b"\x1b[C"] {
            assert!(!is_rest(typed), "{}", String::from_utf8_lossy(typed));
        }
    }
}
