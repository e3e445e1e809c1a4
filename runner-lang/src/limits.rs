//! Every numeric limit of the front end. What lies beyond is an error that names the limit.

/// Bytes of one source file.
pub(crate) const SOURCE_BYTES: usize = 64 << 20;

/// Levels that a source may nest: parentheses, braces, lambdas, modules and the like. A level costs stack in the
/// parser.
pub(crate) const NESTING: usize = 128;

/// Levels of the syntax tree, where a chain such as `a + b + c` makes a level of every operator. A level costs stack
/// in every recursive walk over the tree.
pub(crate) const TREE_DEPTH: usize = 300;

/// Tokens within which parameters without `func` are recognised, so that looking for them costs little.
pub(crate) const BARE_PARAMS: usize = 64;

/// Texts without an end that are reported one by one in a file; behind the last, the rest of the file is not read.
pub(crate) const OPEN_TEXTS: usize = 8;

/// Errors of the lexer, and errors of the parser, that are kept of a file. More of them tell nothing more.
pub(crate) const DIAGNOSTICS: usize = 500;

/// Characters of a line that the formatter fills.
pub(crate) const LINE_WIDTH: usize = 100;

/// Levels of functions within functions and expressions within expressions when a program is compiled. A level costs
/// stack in lowering.
pub(crate) const INLINE_DEPTH: usize = 8_000;
