//! Where things are kept that can be made again.
//!
//! Owns: the directory. Must not: create it.

use std::path::PathBuf;

/// `$XDG_CACHE_HOME/fgm`, else below the home directory; `None` when the environment names neither.
pub(super) fn directory() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let caches = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|h| h.join(".cache")));
    caches.map(|d| d.join("fgm"))
}
