//! Diagnostics as text for people.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use crate::{
    diagnostic::{Diagnostic, Severity},
    limits,
    source::{Project, Source},
    syntax::Span,
};

/// A diagnostic with the lines of source that it is about, as compilers print them; without a newline at the end.
///
/// `color` adds escape sequences for a terminal.
///
/// ```
/// use runner_lang::{Project, render};
///
/// let project = Project::from_source("sum.lt", "func main(): Int64 -> (1 + )");
/// let parsed = project.parse();
/// let text = render(&project, &parsed.diagnostics[0], false);
/// assert_eq!(text, "\
/// error[unexpected_token]: expected an expression, found `)`
///  --> sum.lt:1:28
///   |
/// 1 | func main(): Int64 -> (1 + )
///   |                            ^");
/// ```
#[must_use]
pub fn render(project: &Project, diagnostic: &Diagnostic, color: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group =
        level.primary_title(&diagnostic.message).id(diagnostic.code).elements(snippets(project, diagnostic));
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(hint));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let report: [Group<'_>; 1] = [group];
    renderer.render(&report)
}

/// The first hundred diagnostics as [`render`] draws them, one below the other, and the number of the others.
///
/// ```
/// use runner_lang::{Project, check, render_all};
///
/// let text: String = (0..120).map(|index| format!("const a{index}: Text = 1\n")).collect();
/// let project = Project::from_source("a.lt", text);
/// let text = render_all(&project, check(&project).diagnostics(), false);
/// assert!(text.contains("a.lt:100:"));
/// assert!(text.ends_with("\n... and 20 more"));
/// ```
#[must_use]
pub fn render_all(project: &Project, diagnostics: &[Diagnostic], color: bool) -> String {
    let mut texts: Vec<_> = diagnostics
        .iter()
        .take(limits::RENDERED)
        .map(|diagnostic| render(project, diagnostic, color))
        .collect();
    let more = diagnostics.len() - texts.len();
    if more > 0 {
        texts.push(format!("... and {more} more"));
    }
    texts.join("\n")
}

/// One snippet for each file, the file of the diagnostic first. Lines that are far apart have snippets of their own.
fn snippets<'a>(project: &'a Project, diagnostic: &'a Diagnostic) -> Vec<Element<'a>> {
    let main = (diagnostic.span, AnnotationKind::Primary, None);
    let labels =
        diagnostic.labels.iter().map(|(span, words)| (*span, AnnotationKind::Context, Some(words.as_str())));
    let marks: Vec<Mark<'_>> = [main].into_iter().chain(labels).collect();
    let mut files: Vec<u32> = Vec::new();
    for (span, _, _) in &marks {
        if !files.contains(&span.source) {
            files.push(span.source);
        }
    }
    let mut snippets = Vec::new();
    for file in files {
        let Some(source) = project.sources().get(file as usize) else { continue };
        let marks: Vec<_> = marks.iter().filter(|(span, _, _)| span.source == file).collect();
        match lines_of(source, &marks) {
            Some(lines) => snippets.extend(snippet(source, &marks, lines)),
            None => snippets.extend(marks.chunks(1).filter_map(|mark| match lines_of(source, mark) {
                Some(lines) => snippet(source, mark, lines),
                None => mark.first().map(|(span, _, _)| place(source, *span)),
            })),
        }
    }
    snippets
}

type Mark<'a> = (Span, AnnotationKind, Option<&'a str>);

/// Some lines of a file.
struct Lines {
    /// The number of the first.
    first: u32,
    bytes: Range<usize>,
}

/// The lines that marks are on, unless they are too long to be drawn.
fn lines_of(source: &Source, marks: &[&Mark<'_>]) -> Option<Lines> {
    let (first, last) = marks.iter().fold((u32::MAX, 1), |(first, last), (span, _, _)| {
        (first.min(source.line_column(span.start).0), last.max(source.line_column(span.end).0))
    });
    let bytes = source.line(first)?.start..source.line(last)?.end;
    (bytes.len() <= limits::SNIPPET_BYTES).then_some(Lines { first, bytes })
}

/// Only the lines that matter are given to the renderer, which reads all that it gets.
fn snippet<'a>(source: &'a Source, marks: &[&Mark<'a>], lines: Lines) -> Option<Element<'a>> {
    let text = source.text().get(lines.bytes.clone())?;
    let annotations =
        marks.iter().map(|(span, kind, words)| kind.span(within(source, *span, &lines.bytes)).label(*words));
    let snippet = Snippet::source(text).line_start(lines.first as usize).path(source.path());
    Some(snippet.annotations(annotations.collect::<Vec<_>>()).into())
}

/// A place without its line.
fn place(source: &Source, span: Span) -> Element<'_> {
    let (line, column) = source.line_column(span.start);
    Origin::path(source.path()).line(line as usize).char_column(column as usize).into()
}

/// The bytes of a span, counted from the start of these lines.
fn within(source: &Source, span: Span, lines: &Range<usize>) -> Range<usize> {
    let clamp = |byte: u32| {
        let mut byte = (byte as usize).clamp(lines.start, lines.end);
        while !source.text().is_char_boundary(byte) {
            byte -= 1;
        }
        byte - lines.start
    };
    let start = clamp(span.start);
    start..clamp(span.end).max(start)
}
