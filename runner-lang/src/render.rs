//! Diagnostics as text for people.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::{
    diagnostic::{Diagnostic, Severity},
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

/// One snippet for each file, the file of the diagnostic first.
fn snippets<'a>(
    project: &'a Project,
    diagnostic: &'a Diagnostic,
) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let main = (diagnostic.span, AnnotationKind::Primary, None);
    let labels =
        diagnostic.labels.iter().map(|(span, words)| (*span, AnnotationKind::Context, Some(words.as_str())));
    let marks: Vec<_> = [main].into_iter().chain(labels).collect();
    let mut files: Vec<u32> = Vec::new();
    for (span, _, _) in &marks {
        if !files.contains(&span.source) {
            files.push(span.source);
        }
    }
    let mut snippets = Vec::new();
    for file in files {
        let Some(source) = project.sources().get(file as usize) else { continue };
        let marks = marks.iter().filter(|(span, _, _)| span.source == file);
        // Only the lines that matter are given to the renderer, which reads all that it gets.
        let (first, last) = marks.clone().fold((u32::MAX, 1), |(first, last), (span, _, _)| {
            (first.min(source.line_column(span.start).0), last.max(source.line_column(span.end).0))
        });
        let (Some(start), Some(end)) = (source.line(first), source.line(last)) else { continue };
        let lines = start.start..end.end;
        let Some(text) = source.text().get(lines.clone()) else { continue };
        let annotations =
            marks.map(|(span, kind, words)| kind.span(within(source, *span, &lines)).label(*words));
        snippets.push(
            Snippet::source(text)
                .line_start(first as usize)
                .path(source.path())
                .annotations(annotations.collect::<Vec<_>>()),
        );
    }
    snippets
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
