//! Whether an untyped series is a counter, and its rate if it is one.
//!
//! Owns: that guess. A recording's dictionary knows what is a counter; a labelled set may not say.

use fgm::analysis::Point;

/// The rates per sample of a series that looks like a counter, or the series itself.
pub(crate) fn rate_if_counter(points: &[Point]) -> Vec<Point> {
    if !looks_like_counter(points) {
        return points.to_vec();
    }
    points
        .windows(2)
        .map(|pair| {
            let seconds = (pair[1].time - pair[0].time) as f64 / fgm::time::SECOND as f64;
            let increase = pair[1].value - pair[0].value;
            // A counter that falls was reset; how much it counted in between nobody knows.
            let value = if increase < 0.0 { f64::NAN } else { increase / seconds };
            Point { value, ..pair[1] }
        })
        .collect()
}

/// A counter hardly ever falls, and rises often.
fn looks_like_counter(points: &[Point]) -> bool {
    const MOST_RESETS: usize = 3;
    const LEAST_RISES: f64 = 0.3;
    let changes = || points.windows(2).map(|pair| pair[1].value - pair[0].value);
    let falls = changes().filter(|change| *change < 0.0).count();
    let rises = changes().filter(|change| *change > 0.0).count();
    falls <= MOST_RESETS && rises as f64 > LEAST_RISES * points.len() as f64
}
