//! The line that is typed at the foot of the screen.
//!
//! Owns: the status row while a line is typed. Must not: edit it.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use super::Look;
use super::paint::{clear, put};
use crate::app::layout::Layout;
use crate::app::line::Prompt;
use crate::text::width;

/// Draws the line; returns where the terminal's cursor belongs.
pub fn draw(prompt: &Prompt, look: Look, layout: &Layout, buf: &mut Buffer) -> Position {
    let a = layout.status;
    clear(buf, a);
    let x = put(buf, a.x + 1, a.y, a.w.saturating_sub(12), prompt.asked.label(), look.theme.accent());
    let room = (a.x + a.w).saturating_sub(x + 1);
    let skip = prompt.input.visual_scroll(usize::from(room));
    let shown: String = prompt.input.value().chars().skip(skip).collect();
    put(buf, x, a.y, room, &shown, look.theme.strong());
    let before = shown.chars().take(prompt.input.cursor().saturating_sub(skip)).collect::<String>();
    Position::new((x + width(&before) as u16).min(a.x + a.w - 1), a.y)
}
