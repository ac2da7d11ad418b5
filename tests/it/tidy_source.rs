//! What a Rust text is made of, as far as the tidy rules need it: code, comments, literals,
//! functions, tests.
//!
//! Invariants: a mask has the same lines and columns as the text; what is not of its kind is blank.
//! Foreign or broken text never panics, it only measures badly (the compiler refuses it anyway).
//! Deliberately not here: a grammar. Macros, types and paths are plain words to the rules.

use std::ops::RangeInclusive;

/// One Rust file, taken apart. Lines are counted from zero.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text without comments and without the insides of literals.
    pub(crate) code: String,
    /// The comments alone.
    pub(crate) comments: String,
    /// For each line, whether it begins inside a string literal.
    pub(crate) begins_in_literal: Vec<bool>,
}

/// One function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) lines: RangeInclusive<usize>,
}

impl Source {
    pub(crate) fn of(path: &str, text: &str) -> Self {
        let mut scanner = Scanner::new(text);
        while scanner.at < scanner.chars.len() {
            scanner.step();
        }
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code: scanner.code,
            comments: scanner.comments,
            begins_in_literal: scanner.begins_in_literal,
        }
    }

    /// Whether the whole file is test code.
    pub(crate) fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.ends_with("/tests.rs")
    }

    /// The lines of the `#[cfg(test)] mod … { … }` blocks.
    pub(crate) fn test_blocks(&self) -> Vec<RangeInclusive<usize>> {
        let code: Vec<char> = self.code.chars().collect();
        let mut blocks = Vec::new();
        for at in words_at(&code, "mod") {
            let gated = attributes_before(&self.code, line_of(&code, at))
                .any(|line| line.contains("#[cfg(test)]") || line.contains("#[cfg(all(test"));
            if let (true, Some(open)) = (gated, body_start(&code, at)) {
                blocks.push(line_of(&code, at)..=line_of(&code, body_end(&code, open)));
            }
        }
        blocks
    }

    /// Every function that has a body, nested ones too.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let code: Vec<char> = self.code.chars().collect();
        let mut functions = Vec::new();
        for at in words_at(&code, "fn") {
            let name: String = code[at + 2..]
                .iter()
                .skip_while(|c| c.is_whitespace())
                .take_while(|c| is_word(**c))
                .collect();
            // A function pointer type has no name, and a trait's method may have no body.
            if let (false, Some(open)) = (name.is_empty(), body_start(&code, at)) {
                let lines = line_of(&code, at)..=line_of(&code, body_end(&code, open));
                functions.push(Function { name, lines });
            }
        }
        functions
    }
}

/// Whether the line names the needle as a word of its own: `decide(` is not in `redecide(`.
pub(crate) fn names(line: &str, needle: &str) -> bool {
    line.match_indices(needle).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + needle.len()..].chars().next();
        let glued = |edge: Option<char>, beyond: Option<char>| {
            edge.is_some_and(is_word) && beyond.is_some_and(is_word)
        };
        !glued(needle.chars().next(), before) && !glued(needle.chars().next_back(), after)
    })
}

pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The lines of comments and attributes directly above a line, and the line itself.
pub(crate) fn attributes_before(text: &str, line: usize) -> impl Iterator<Item = &str> {
    let lines: Vec<&str> = text.lines().take(line + 1).collect();
    let own = lines.last().copied();
    let above = lines.into_iter().rev().skip(1).take_while(|above| {
        let above = above.trim_start();
        above.starts_with("//") || above.starts_with("#[") || above.ends_with(")]")
    });
    own.into_iter().chain(above.collect::<Vec<_>>())
}

fn words_at(code: &[char], word: &str) -> Vec<usize> {
    let word: Vec<char> = word.chars().collect();
    let free = |at: Option<usize>| at.and_then(|at| code.get(at)).is_none_or(|c| !is_word(*c));
    (0..code.len())
        .filter(|&at| code[at..].starts_with(&word))
        .filter(|&at| free(at.checked_sub(1)) && free(Some(at + word.len())))
        .collect()
}

/// Where the body opens: the first brace outside of round and square brackets, unless the item ends
/// before.
fn body_start(code: &[char], from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in code.iter().enumerate().skip(from) {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.checked_sub(1)?,
            '{' if depth == 0 => return Some(at),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

fn body_end(code: &[char], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code.iter().enumerate().skip(open) {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return at,
            '}' => depth -= 1,
            _ => {}
        }
    }
    code.len() - 1
}

fn line_of(code: &[char], at: usize) -> usize {
    code[..at].iter().filter(|c| **c == '\n').count()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    Literal,
}

struct Scanner {
    chars: Vec<char>,
    at: usize,
    code: String,
    comments: String,
    begins_in_literal: Vec<bool>,
}

impl Scanner {
    fn new(text: &str) -> Self {
        Self {
            chars: text.chars().collect(),
            at: 0,
            code: String::new(),
            comments: String::new(),
            begins_in_literal: vec![false],
        }
    }

    fn step(&mut self) {
        match (self.peek(0), self.peek(1)) {
            (Some('/'), Some('/')) => self.take_while(Kind::Comment, |c| c != '\n'),
            (Some('/'), Some('*')) => self.take_block_comment(),
            (Some('"'), _) => self.take_quoted('"'),
            (Some('\''), Some('\\')) => self.take_quoted('\''),
            (Some('\''), Some(_)) if self.peek(2) == Some('\'') => self.take(Kind::Literal, 3),
            (Some('r'), Some('"' | '#')) if self.opens_raw() => self.take_raw(),
            _ => self.take(Kind::Code, 1),
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn take(&mut self, kind: Kind, count: usize) {
        for _ in 0..count {
            let Some(c) = self.peek(0) else { return };
            self.at += 1;
            if c == '\n' {
                self.begins_in_literal.push(kind == Kind::Literal);
            }
            let shown = |own: Kind| if c == '\n' || kind == own { c } else { ' ' };
            self.code.push(shown(Kind::Code));
            self.comments.push(shown(Kind::Comment));
        }
    }

    fn take_while(&mut self, kind: Kind, goes_on: impl Fn(char) -> bool) {
        while self.peek(0).is_some_and(&goes_on) {
            self.take(kind, 1);
        }
    }

    fn take_block_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                (None, _) => return,
                _ => {
                    self.take(Kind::Comment, 1);
                    continue;
                }
            }
            self.take(Kind::Comment, 2);
            if depth == 0 {
                return;
            }
        }
    }

    fn take_quoted(&mut self, quote: char) {
        self.take(Kind::Literal, 1);
        while let Some(c) = self.peek(0) {
            self.take(Kind::Literal, if c == '\\' { 2 } else { 1 });
            if c == quote {
                return;
            }
        }
    }

    /// Whether the `r` here opens a raw string, and is neither the end of a word nor a raw
    /// identifier.
    fn opens_raw(&self) -> bool {
        let before = |back| self.at.checked_sub(back).map(|at| self.chars[at]);
        let prefix = usize::from(matches!(before(1), Some('b' | 'c')));
        let quote = self.chars[self.at + 1..].iter().find(|c| **c != '#');
        quote == Some(&'"') && !before(prefix + 1).is_some_and(is_word)
    }

    fn take_raw(&mut self) {
        let hashes = self.chars[self.at + 1..].iter().take_while(|c| **c == '#').count();
        self.take(Kind::Literal, hashes + 2);
        while let Some(c) = self.peek(0) {
            let closed = c == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == Some('#'));
            self.take(Kind::Literal, if closed { hashes + 1 } else { 1 });
            if closed {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Function, Source, names};

    #[test]
    fn masks_keep_lines_and_columns() {
        let text = "let a = \"x // {\"; // say \"hi\"\nlet b = r#\"one\n\"two\" } \"#; /* { /* } \
        */ */ c\n";
        let source = Source::of("a.rs", text);
        assert_eq!(source.code.len(), text.len());
        assert_eq!(source.comments.len(), text.len());
        let mut code = source.code.lines();
        assert_eq!(code.next().map(str::trim_end), Some("let a =         ;"));
        assert_eq!(code.next().map(str::trim_end), Some("let b ="));
        assert_eq!(code.next().map(str::trim_end), Some("          ;                 c"));
        assert!(source.comments.contains("// say \"hi\""));
        assert_eq!(source.begins_in_literal, [false, false, true, false]);
    }

    #[test]
    fn braces_in_literals_do_not_count() {
        let cases = [
            "fn f() {\n let a = '{';\n}",
            "fn f() {\n let a = '\\'';\n let b = \"\\\"}\";}",
            "fn f<'a>(x: &'a [u8; 4]) -> [u8; 2] {\n b'}';\n}",
            "fn f(g: fn(u8) -> u8) {\n r\"\\\"; br#\"}\"#;\n}",
            "fn f() {\n r#struct { }; // }\n}",
            "fn f() {\n /* } */ \"{{\" // }\n}",
        ];
        for text in cases {
            let expected = Function { name: "f".to_owned(), lines: 0..=text.matches('\n').count() };
            let functions = Source::of("a.rs", &format!("{text}\nconst A: u8 = 0;\n")).functions();
            assert_eq!(functions, [expected], "{text}");
        }
    }

    #[test]
    fn functions_without_body_have_no_length() {
        let source = Source::of("a.rs", "trait T { fn a(&self) -> [u8; 2]; fn b() {\n } }");
        assert_eq!(source.functions(), [Function { name: "b".to_owned(), lines: 0..=1 }]);
    }

    #[test]
    fn test_blocks_are_found_behind_other_attributes() {
        let text = "mod a { }\n#[cfg(test)]\n#[expect(x, reason = \"y\")]\nmod tests {\n{}\n}\n";
        assert_eq!(Source::of("a.rs", text).test_blocks(), [3..=5]);
        assert_eq!(Source::of("a.rs", "#[cfg(test)]\nmod tests;\n").test_blocks(), []);
    }

    #[test]
    fn words_are_whole() {
        for (line, needle, found) in [
            ("decide(&a)", "decide(", true),
            ("core::decide(&a)", "decide(", true),
            ("redecide(&a)", "decide(", false),
            ("use sled::Db", "sled", true),
            ("sled_engine()", "sled", false),
            ("log.append(x)", ".append(", true),
            ("url.append_pair(x)", ".append(", false),
            ("X XX XXX", "XXX", true),
            ("XXXX", "XXX", false),
        ] {
            assert_eq!(names(line, needle), found, "{line} {needle}");
        }
    }

    #[test]
    fn broken_text_does_not_panic() {
        for text in ["", "'", "\"", "r#\"", "/*", "fn", "fn a(", "fn a() {", "'\\", "r", "}}", "*/"]
        {
            let source = Source::of("a.rs", text);
            assert_eq!(source.code.chars().count(), text.chars().count());
            assert!(source.functions().len() < 2);
            assert!(source.test_blocks().is_empty());
        }
    }
}
