//! Bytes from the terminal into keys, pointers and pasted text.
//!
//! Owns: the escape sequences of xterm and its kin. Must not: read anything.
//!
//! crossterm's reader is not used: it drops input that arrives together with SIGWINCH until the next key, and spins
//! when the terminal goes away.

use crate::app::message::{Message, Pointer, Press};
use crate::keymap::{Code, Key};

/// Longest sequence that is waited for; what is longer is noise.
const LONGEST: usize = 64;
/// Longest text that is taken from one paste.
const LONGEST_PASTE: usize = 1 << 20;
const PASTE_BEGIN: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";

/// What comes in from the terminal.
#[derive(Clone, Debug)]
pub enum Input {
    /// For the state.
    Message(Message),
    /// The terminal's background, red, green and blue up to 65535, for it was asked.
    Background([u16; 3]),
    /// What kind of terminal it is: asked last, so everything else has been answered.
    Attributes,
}

/// What stands at the beginning of some bytes.
#[derive(Debug)]
pub(super) enum Step {
    /// Something, and how many bytes it took.
    Input(Input, usize),
    /// Nothing that matters here.
    Skip(usize),
    /// The beginning of something.
    Incomplete,
}

/// Takes everything that is complete from the front of `bytes`.
pub fn drain(bytes: &mut Vec<u8>, mut take: impl FnMut(Input)) {
    let mut at = 0;
    while at < bytes.len() {
        match step(&bytes[at..]) {
            Step::Input(input, used) => {
                take(input);
                at += used;
            }
            Step::Skip(used) => at += used,
            Step::Incomplete => break,
        }
    }
    bytes.drain(..at);
}

fn message(m: Message, used: usize) -> Step {
    Step::Input(Input::Message(m), used)
}

fn key(code: Code, used: usize) -> Step {
    message(Message::Key(Key::plain(code)), used)
}

pub(super) fn step(b: &[u8]) -> Step {
    match b[0] {
        0x1b => escape(b),
        b'\r' => key(Code::Enter, 1),
        b'\t' => key(Code::Tab, 1),
        0x7f | 0x08 => key(Code::Backspace, 1),
        c @ 0x01..=0x1a => message(Message::Key(Key::ctrl(char::from(c - 1 + b'a'))), 1),
        0x00 | 0x1c..=0x1f => Step::Skip(1),
        _ => character(b),
    }
}

fn character(b: &[u8]) -> Step {
    let length = match b[0] {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    };
    match b.get(..length).map(str::from_utf8) {
        None => Step::Incomplete,
        Some(Ok(s)) => match s.chars().next() {
            Some(c) => message(Message::Key(Key::char(c)), length),
            None => Step::Skip(1),
        },
        Some(Err(_)) => Step::Skip(1),
    }
}

fn escape(b: &[u8]) -> Step {
    match b.get(1) {
        None => Step::Incomplete,
        Some(0x1b) => key(Code::Esc, 1),
        Some(b'[') => csi(b),
        Some(b']') => osc(b),
        Some(b'O') => match b.get(2) {
            None => Step::Incomplete,
            Some(f) => arrow(*f).map_or(Step::Skip(3), |c| key(c, 3)),
        },
        Some(_) => match step(&b[1..]) {
            Step::Input(Input::Message(Message::Key(k)), used) => {
                message(Message::Key(Key { alt: true, ..k }), used + 1)
            }
            Step::Input(_, used) | Step::Skip(used) => Step::Skip(used + 1),
            Step::Incomplete => Step::Incomplete,
        },
    }
}

fn arrow(last: u8) -> Option<Code> {
    Some(match last {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'H' => Code::Home,
        b'F' => Code::End,
        b'Z' => Code::BackTab,
        _ => return None,
    })
}

fn csi(b: &[u8]) -> Step {
    if b.starts_with(PASTE_BEGIN) {
        return paste(b);
    }
    let Some(end) = b[2..].iter().position(|c| (0x40..=0x7e).contains(c)).map(|i| i + 2) else {
        return if b.len() > LONGEST { Step::Skip(b.len()) } else { Step::Incomplete };
    };
    let (used, last) = (end + 1, b[end]);
    let Ok(body) = str::from_utf8(&b[2..end]) else { return Step::Skip(used) };
    if let Some(mouse) = body.strip_prefix('<') {
        return pointer(mouse, last).map_or(Step::Skip(used), |p| message(Message::Pointer(p), used));
    }
    if body.starts_with('?') && last == b'c' {
        return Step::Input(Input::Attributes, used);
    }
    let mut numbers = body.split(';').map(|n| n.parse::<u16>().unwrap_or(0));
    let (first, modifiers) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(1));
    let code = match (last, first) {
        (b'~', 1 | 7) => Some(Code::Home),
        (b'~', 4 | 8) => Some(Code::End),
        (b'~', 3) => Some(Code::Delete),
        (b'~', 5) => Some(Code::PageUp),
        (b'~', 6) => Some(Code::PageDown),
        (b'~', _) => None,
        _ => arrow(last),
    };
    let Some(code) = code else { return Step::Skip(used) };
    let held = modifiers.saturating_sub(1);
    let key = Key { code, shift: held & 1 != 0, alt: held & 2 != 0, ctrl: held & 4 != 0 };
    message(Message::Key(key), used)
}

/// An answer of the terminal: `ESC ] 11 ; rgb:ffff/ffff/ffff`, ended by BEL or `ESC \`.
fn osc(b: &[u8]) -> Step {
    match b.get(2) {
        None => return Step::Incomplete,
        Some(c) if !c.is_ascii_digit() => {
            return message(Message::Key(Key { alt: true, ..Key::char(']') }), 2);
        }
        Some(_) => {}
    }
    let Some(end) = b.iter().skip(2).position(|c| matches!(c, 0x07 | 0x1b)).map(|i| i + 2) else {
        return if b.len() > LONGEST { Step::Skip(b.len()) } else { Step::Incomplete };
    };
    let used = match (b[end], b.get(end + 1)) {
        (0x1b, None) => return Step::Incomplete,
        (0x1b, Some(b'\\')) => end + 2,
        (0x1b, Some(_)) => end,
        _ => end + 1,
    };
    let colour = str::from_utf8(&b[2..end]).ok().and_then(|body| rgb(body.strip_prefix("11;")?));
    colour.map_or(Step::Skip(used), |c| Step::Input(Input::Background(c), used))
}

/// `rgb:f/ff/ffff`: channels of one to four digits, each a share of its largest number.
fn rgb(text: &str) -> Option<[u16; 3]> {
    let text = text.strip_prefix("rgb:").or_else(|| text.strip_prefix("rgba:"))?;
    let mut channels = text.split('/').map(|digits| {
        let most = 16u32.pow(u32::try_from(digits.len()).ok().filter(|n| (1..=4).contains(n))?) - 1;
        u16::try_from(u32::from_str_radix(digits, 16).ok()? * 0xffff / most).ok()
    });
    Some([channels.next()??, channels.next()??, channels.next()??])
}

fn pointer(body: &str, last: u8) -> Option<Pointer> {
    let mut numbers = body.split(';').map(str::parse::<u16>);
    let (Some(Ok(button)), Some(Ok(x)), Some(Ok(y))) = (numbers.next(), numbers.next(), numbers.next())
    else {
        return None;
    };
    let press = match (button & !0b1_1100, last) {
        (0, b'M') => Press::Down,
        (0, b'm') => Press::Up,
        (32, _) => Press::Drag,
        (64, b'M') => Press::WheelUp,
        (65, b'M') => Press::WheelDown,
        _ => return None,
    };
    Some(Pointer { press, x: x.checked_sub(1)?, y: y.checked_sub(1)?, shift: button & 0b1_0100 != 0 })
}

fn paste(b: &[u8]) -> Step {
    let body = &b[PASTE_BEGIN.len()..];
    match body.windows(PASTE_END.len()).position(|w| w == PASTE_END) {
        Some(end) => {
            let text = String::from_utf8_lossy(&body[..end]).into_owned();
            message(Message::Paste(text), PASTE_BEGIN.len() + end + PASTE_END.len())
        }
        None if b.len() > LONGEST_PASTE => Step::Skip(b.len()),
        None => Step::Incomplete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keymap::{Action, Context, Keymap};

    fn inputs(input: &[u8]) -> Vec<Input> {
        let mut bytes = input.to_vec();
        let mut out = Vec::new();
        drain(&mut bytes, |m| out.push(m));
        if bytes == b"\x1b" {
            // Nothing follows: it was the key.
            bytes.clear();
            out.push(Input::Message(Message::Key(Key::plain(Code::Esc))));
        }
        assert!(bytes.is_empty(), "left over: {bytes:?}");
        out
    }

    fn all(input: &[u8]) -> Vec<Message> {
        let messages = inputs(input).into_iter();
        messages.filter_map(|i| if let Input::Message(m) = i { Some(m) } else { None }).collect()
    }

    fn keys(input: &[u8]) -> Vec<Key> {
        all(input).into_iter().filter_map(|m| if let Message::Key(k) = m { Some(k) } else { None }).collect()
    }

    /// TUI-4: what terminals send becomes the keys of the action table.
    #[test]
    fn keys_are_understood() {
        let map = Keymap::default();
        let of = |input: &[u8]| keys(input).first().and_then(|k| map.action(Context::Main, *k));
        assert_eq!(of(b"H"), Some(Action::PanLeft));
        assert_eq!(of(b"\x1b[1;2D"), Some(Action::PanLeft));
        assert_eq!(of(b"\x1b[D"), Some(Action::CursorLeft));
        assert_eq!(of(b"\x1bOD"), Some(Action::CursorLeft));
        assert_eq!(of(b"\x1b[1;5C"), Some(Action::CursorFarRight));
        assert_eq!(of(b"\x03"), Some(Action::Quit));
        assert_eq!(of(b"\x1b[Z"), Some(Action::FocusPrevious));
        assert_eq!(of(b"\x1b[6~"), Some(Action::PageDown));
        assert_eq!(of(b"\x1b"), Some(Action::DropCursor));
        assert_eq!(of(b"\x1bq"), None);
        assert_eq!(
            keys("é日\x7f".as_bytes()),
            [Key::char('é'), Key::char('日'), Key::plain(Code::Backspace)]
        );
    }

    /// TUI-2: buttons, drags and wheel, counted from zero.
    #[test]
    fn the_mouse_is_understood() {
        let p = |input: &[u8]| match all(input).first() {
            Some(Message::Pointer(p)) => Some(*p),
            _ => None,
        };
        assert_eq!(p(b"\x1b[<0;1;2M"), Some(Pointer { press: Press::Down, x: 0, y: 1, shift: false }));
        assert_eq!(p(b"\x1b[<0;9;2m").map(|p| p.press), Some(Press::Up));
        assert_eq!(p(b"\x1b[<32;9;2M").map(|p| p.press), Some(Press::Drag));
        assert_eq!(p(b"\x1b[<68;9;2M"), Some(Pointer { press: Press::WheelUp, x: 8, y: 1, shift: true }));
        assert_eq!(p(b"\x1b[<2;9;2M"), None);
        assert_eq!(p(b"\x1b[<0;0;0M"), None);
    }

    /// TUI-5: what the terminal answers is no key, and what was typed around it is not lost.
    #[test]
    fn answers_are_told_from_keys() {
        let typed = inputs(b"q\x1b]11;rgb:ff/80/00\x07j\x1b]11;rgb:fafa/fafa/fafa\x1b\\\x1b[?65;1;9c+");
        let key = |c| Input::Message(Message::Key(Key::char(c)));
        let wanted = [
            key('q'),
            Input::Background([0xffff, 0x8080, 0]),
            key('j'),
            Input::Background([0xfafa; 3]),
            Input::Attributes,
            key('+'),
        ];
        assert_eq!(format!("{typed:?}"), format!("{wanted:?}"));
        assert!(
            inputs(b"\x1b]4;1;rgb:1/2/3\x07\x1b]11;?\x07\x1b]11;rgb:/1/2\x07\x1b]11;rgb:12345/1/2\x07")
                .is_empty()
        );
        assert_eq!(keys(b"\x1b]x"), [Key { alt: true, ..Key::char(']') }, Key::char('x')]);
    }

    /// TUI-5: input cut anywhere gives the same messages, and rubbish gives none that matter.
    #[test]
    fn pieces_are_put_together() {
        let input = b"a\x1b[1;2Dq\x1b]11;rgb:1111/2222/3333\x1b\\\x1b[<0;80;10M\x1b[?62;4c\x1b[200~x\ny\x1b[201~\xe6\x97\xa5\x1bOH";
        let whole: Vec<String> = inputs(input).iter().map(|m| format!("{m:?}")).collect();
        assert_eq!(whole.len(), 9);
        for cut in 0..input.len() {
            let mut bytes = input[..cut].to_vec();
            let mut out = Vec::new();
            drain(&mut bytes, |m| out.push(format!("{m:?}")));
            bytes.extend_from_slice(&input[cut..]);
            drain(&mut bytes, |m| out.push(format!("{m:?}")));
            assert_eq!(out, whole, "cut at {cut}");
        }
        assert!(all(b"\xff\xfe\x00\x1b[?1;2c\x1b[I\x1b[999999u").is_empty());
        assert!(all(&[b"\x1b[".as_slice(), &[b'1'; 100]].concat()).is_empty());
    }
}
