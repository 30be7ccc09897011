//! Which keys the actions have for this user.
//!
//! Owns: defaults with the user's changes, and what becomes of a key that two actions want. Must not: read files.

use std::collections::HashMap;

use super::{Action, Context, Entry, Key, TABLE, entry};

/// Keys of every action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    keys: HashMap<Action, Vec<Key>>,
    meaning: HashMap<(Context, Key), Action>,
}

/// Why keys cannot be as the user wants them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The user gave this key to both actions; the second of them is the one to blame.
    Twice(Key, Action, Action),
    /// Without a key for it there is no way out.
    NoWayOut(Action),
}

impl Default for Keymap {
    fn default() -> Keymap {
        let mut map = Keymap { keys: HashMap::new(), meaning: HashMap::new() };
        for e in TABLE {
            map.bind(e, e.keys.to_vec());
        }
        map
    }
}

impl Keymap {
    /// The defaults with these changes. A key that the user gives to an action is taken from whoever had it.
    pub fn changed(changes: &[(Action, Vec<Key>)]) -> Result<Keymap, Wrong> {
        let mut map = Keymap { keys: HashMap::new(), meaning: HashMap::new() };
        for (action, keys) in changes {
            let context = entry(*action).context;
            for key in keys {
                if let Some(other) = map.meaning.insert((context, *key), *action) {
                    return Err(Wrong::Twice(*key, other, *action));
                }
            }
            map.keys.insert(*action, keys.clone());
        }
        for e in TABLE.iter().filter(|e| changes.iter().all(|(a, _)| *a != e.action)) {
            let free = |k: &&Key| !map.meaning.contains_key(&(e.context, **k));
            let keys = e.keys.iter().filter(free).copied().collect();
            map.bind(e, keys);
        }
        for action in Action::NEEDED {
            if map.keys(*action).is_empty() {
                return Err(Wrong::NoWayOut(*action));
            }
        }
        Ok(map)
    }

    fn bind(&mut self, e: &Entry, keys: Vec<Key>) {
        self.meaning.extend(keys.iter().map(|k| ((e.context, *k), e.action)));
        self.keys.insert(e.action, keys);
    }

    /// What a key means in a context.
    pub fn action(&self, context: Context, key: Key) -> Option<Action> {
        self.meaning.get(&(context, key)).copied()
    }

    /// An action's keys, the one to show first.
    pub fn keys(&self, action: Action) -> &[Key] {
        self.keys.get(&action).map_or(&[], Vec::as_slice)
    }

    /// What to press for an action, for sentences; without a key its name in the palette.
    pub fn hint(&self, action: Action) -> String {
        match self.keys(action).first() {
            Some(key) => key.to_string(),
            None => format!(":{}", entry(action).name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keymap::Code;

    /// TUI-4: a key that the user wants for something else no longer means what it did; others stay.
    #[test]
    fn the_users_keys_come_first() {
        let x = Key::char('h');
        let map = Keymap::changed(&[(Action::Fit, vec![x]), (Action::Help, Vec::new())]).unwrap();
        assert_eq!(map.action(Context::Main, x), Some(Action::Fit));
        assert_eq!(map.keys(Action::CursorLeft), [Key::plain(Code::Left)]);
        assert_eq!(map.action(Context::Main, Key::char('f')), None, "its old key is free");
        assert_eq!(map.hint(Action::Help), ":help");
        assert_eq!(map.hint(Action::Quit), "q");
        assert_eq!(Keymap::changed(&[]), Ok(Keymap::default()));
        assert_eq!(Keymap::default().action(Context::Search, Key::char('q')), None);
    }

    /// TUI-4: what cannot be meant is refused.
    #[test]
    fn contradictions_are_refused() {
        let x = Key::char('x');
        assert_eq!(
            Keymap::changed(&[(Action::Fit, vec![x]), (Action::Quit, vec![x])]),
            Err(Wrong::Twice(x, Action::Fit, Action::Quit))
        );
        assert!(
            Keymap::changed(&[(Action::Fit, vec![x]), (Action::SearchTake, vec![x])]).is_ok(),
            "elsewhere"
        );
        assert_eq!(Keymap::changed(&[(Action::Quit, Vec::new())]), Err(Wrong::NoWayOut(Action::Quit)));
    }
}
