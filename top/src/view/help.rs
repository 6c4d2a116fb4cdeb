//! What the keys do, and what the words mean.

use super::theme;
use ratatui::text::Line;

const TEXT: &str = "
  1 2 3 4     views: overview, latency, processes, errors
  Tab         the next view (Shift-Tab: the one before)
  p Space     stop the picture, and go on; processes are asked all the while
  Up Down     scroll where there is more than fits
  q Esc       quit (Ctrl-C as well)

  Rates are over the time between two answers. '-' is what is not known yet.
  Figures of all processes are added up; the backlog of a subscription is one.
  sent        messages that Pub/Sub has confirmed to producers
  open, held  published and not confirmed; pulled and not settled
  drain       time for the backlog at what is settled less what is published
  latency     between the last two answers; with * since the processes' start
  max ever    the longest since the start
  throttled   seconds a second that writers wait for the rate that Bigtable asks
              for, all together; limit: that rate, all sinks together
  memory      what messages and rows take, of the budget (--max-memory)

  Any key closes this.";

pub fn lines() -> Vec<Line<'static>> {
    let heading = Line::styled("  Keys and words", theme::strong());
    std::iter::once(heading).chain(TEXT.lines().map(Line::raw)).collect()
}
