//! Text for people: lines, tones and columns. Everything that is shown passes through here, so nothing
//! that a document or a node says can send control characters to a terminal.

/// What colour a piece of text gets. Never the only carrier of meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it is.
    #[default]
    Plain,
    /// It holds.
    Good,
    /// Something to know.
    Care,
    /// It does not hold.
    Bad,
    /// Beside the point.
    Faint,
    /// The point.
    Strong,
}

impl Tone {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Good => "\u{1b}[32m",
            Self::Care => "\u{1b}[33m",
            Self::Bad => "\u{1b}[31m",
            Self::Faint => "\u{1b}[2m",
            Self::Strong => "\u{1b}[1m",
        }
    }
}

/// A piece of text in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// Text in a tone.
    pub(crate) fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Tone::Plain)
    }
}

/// Text being written.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    text: String,
    colour: bool,
}

impl Page {
    /// An empty page, with or without colours.
    pub(crate) const fn new(colour: bool) -> Self {
        Self { text: String::new(), colour }
    }

    /// Appends text in a tone.
    pub(crate) fn push(&mut self, tone: Tone, text: &str) -> &mut Self {
        let coloured = self.colour && tone != Tone::Plain && !text.is_empty();
        if coloured {
            self.text.push_str(tone.code());
        }
        self.text.extend(text.chars().map(|c| if is_harmless(c) { c } else { '\u{fffd}' }));
        if coloured {
            self.text.push_str("\u{1b}[0m");
        }
        self
    }

    /// Ends the line.
    pub(crate) fn end(&mut self) {
        self.text.push('\n');
    }

    /// A line.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) {
        self.push(Tone::Plain, text.as_ref()).end();
    }

    /// A line whose first word has a tone.
    pub(crate) fn tagged(&mut self, tone: Tone, tag: &str, text: impl AsRef<str>) {
        self.push(tone, tag).push(Tone::Plain, " ").push(Tone::Plain, text.as_ref()).end();
    }

    /// Rows in aligned columns; the last column is as wide as it is.
    pub(crate) fn table(&mut self, rows: &[Vec<Cell>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |i: usize| rows.iter().filter_map(|row| row.get(i)).map(|cell| cell.text.chars().count()).max();
        let widths: Vec<usize> = (0..columns).map(|i| width(i).unwrap_or_default()).collect();
        for row in rows {
            for (i, cell) in row.iter().enumerate() {
                self.push(cell.tone, &cell.text);
                if i + 1 < row.len() {
                    let gap = widths[i] - cell.text.chars().count() + 2;
                    self.text.extend(std::iter::repeat_n(' ', gap));
                }
            }
            self.text.truncate(self.text.trim_end_matches(' ').len());
            self.end();
        }
    }

    /// Names and values in two columns.
    pub(crate) fn pairs(&mut self, pairs: &[(&str, Cell)]) {
        let row = |(name, value): &(&str, Cell)| vec![Cell::new(*name, Tone::Faint), value.clone()];
        self.table(&pairs.iter().map(row).collect::<Vec<_>>());
    }

    /// The text.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

/// Neither a control character nor one that reorders what stands around it.
pub(crate) fn is_harmless(c: char) -> bool {
    let reorders =
        matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}');
    !c.is_control() && !reorders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_cannot_steer_the_terminal() {
        let mut page = Page::new(true);
        page.push(Tone::Good, "a\u{1b}[2Jb\r\n\u{202e}c\u{61c}").end();
        assert_eq!(page.into_text(), "\u{1b}[32ma\u{fffd}[2Jb\u{fffd}\u{fffd}\u{fffd}c\u{fffd}\u{1b}[0m\n");
    }

    #[test]
    fn columns_align_and_leave_no_trailing_blanks() {
        let mut page = Page::new(false);
        page.table(&[vec!["a".into(), "bb".into()], vec!["ccc".into(), "".into()]]);
        assert_eq!(page.into_text(), "a    bb\nccc\n");
    }
}
