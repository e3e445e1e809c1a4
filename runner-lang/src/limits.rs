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

/// Errors and warnings that are kept. Behind them a compile stops: more of them tell nothing more.
pub(crate) const DIAGNOSTICS: usize = 10_000;

/// Errors that are drawn one by one for people, and those that tell which name was most likely meant; the others are
/// counted.
pub(crate) const RENDERED: usize = 100;

/// Bytes of the lines of source that are drawn with an error. Of longer ones only the place is told.
pub(crate) const SNIPPET_BYTES: usize = 8 << 10;

/// Bytes of a name.
pub(crate) const NAME_BYTES: usize = 1_000;

/// Names of a path, and modules around a definition.
pub(crate) const PATH_NAMES: usize = 128;

/// Names that `import ...::*` brings into all modules of a project.
pub(crate) const IMPORTED_NAMES: usize = 1 << 19;

/// Letters of a name for which a similar one is looked for.
pub(crate) const SIMILAR_LETTERS: usize = 64;

/// Levels of a tree of a program that is copied rather than bound to a local.
pub(crate) const TRIVIAL_HEIGHT: u32 = 9;

/// Scalars that a key to sort by is made of; `too_many_keys`.
pub(crate) const KEY_PARTS: usize = 64;

/// Steps of a compile unless its [`Budget`](crate::Budget) says otherwise; `compile_limit`.
pub(crate) const COMPILE_STEPS: u64 = 1 << 32;

/// Bytes of memory of a compile unless its [`Budget`](crate::Budget) says otherwise; `compile_limit`.
pub(crate) const COMPILE_BYTES: u64 = 4 << 30;

/// Steps between two looks at deadline and cancel flag.
pub(crate) const STEPS_BETWEEN_LOOKS: u64 = 1_024;

/// Bytes of stack of the thread on which a compile runs: enough for [`INLINE_DEPTH`] levels. Only pages that are touched
/// take memory.
pub(crate) const STACK_BYTES: usize = 256 << 20;

/// Fields of a tuple type. A program could not have more ([`runner_core::limits::TYPE_WIDTH`]); `type_too_large`.
pub(crate) const TUPLE_FIELDS: usize = runner_core::limits::TYPE_WIDTH;

/// Levels of the type of a definition's result; `type_too_large`.
pub(crate) const TYPE_LEVELS: usize = 1_000;

/// Members of a cycle of types whose own cycles are looked for.
pub(crate) const CYCLES: usize = 8;

/// Names of a cycle that are told.
pub(crate) const CYCLE_NAMES: usize = 12;

/// Characters of a line that the formatter fills.
pub(crate) const LINE_WIDTH: usize = 100;

/// Levels of functions within functions and expressions within expressions when a program is compiled. A level costs
/// stack in lowering.
pub(crate) const INLINE_DEPTH: usize = 8_000;
