//! `fgm-tui`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    fgm_tui::start::main()
}
