//! Habits from other languages: what is written instead here.

use crate::{
    check::types::Name,
    diagnostic::Diagnostic,
    resolve::{similar, with_hint},
    token::{Keyword, Symbol, TokenKind},
};

/// Says what an unknown name may have meant: what another language calls so, or else a name that is spelt much the same.
pub(crate) fn with_suggestion<'a>(
    diagnostic: Diagnostic,
    name: &str,
    names: impl IntoIterator<Item = &'a Name>,
) -> Diagnostic {
    match of_name(name) {
        Some(hint) => diagnostic.hint(hint),
        None => with_hint(diagnostic, similar(name, names)),
    }
}

/// What to write where something was expected and this stands.
pub(crate) fn of_token(expected: &str, found: &TokenKind) -> Option<&'static str> {
    Some(match found {
        TokenKind::Symbol(Symbol::FatArrow) => "a lambda is `x -> e`; `=>` stands in the arms of `match`",
        TokenKind::Symbol(Symbol::Greater) => "a pipe is `x | f(y)`",
        TokenKind::Symbol(Symbol::Question) => "a choice is `if c then a else b`; `T?` is a type",
        TokenKind::Symbol(Symbol::BraceOpen) if expected == "`then`" => "a choice is `if c then a else b`",
        TokenKind::Symbol(Symbol::BraceOpen) if expected == "`->`" => "a function is `func f(a: T): R -> e`",
        TokenKind::Keyword(Keyword::Let) => "write `(let a = e; result)`",
        TokenKind::Ident(name) => match &**name {
            "and" => "write `&&`",
            "or" => "write `||`",
            "is" => "write `==`",
            "def" | "fn" | "fun" | "function" => "a function is `func f(a: T) -> e`",
            "var" | "val" => "a constant is `const a = e`",
            "struct" | "record" | "class" => "a tuple's type is `type T: {a: Int64, b: Text}`",
            "return" => "a function gives what its expression is: `func f(a: T) -> e`",
            _ => return None,
        },
        _ => return None,
    })
}

fn of_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "str" | "string" | "String" | "varchar" => "a text is of the type `Text`",
        "Int" | "Integer" | "i64" | "int" | "integer" | "long" => {
            "integers are `Int64`, `Int32`, `Uint8` and the like"
        }
        "Double" | "Float" | "Number" | "double" | "f64" | "float" | "number" => {
            "floats are `Float64` and `Float32`"
        }
        "DateTime" | "datetime" => "a moment is of the type `Timestamp`, a day `Date`",
        "Array" | "List" | "Vec" | "list" => "an array of `T` is of the type `[T]`",
        "Maybe" | "Option" | "Optional" => "a `T` that may be missing is of the type `T?`",
        "NULL" | "None" | "nil" | "none" | "null" | "undefined" => {
            "what is missing is `.none`, and a value `.some(x)`"
        }
        "head" => "write `first(xs)`",
        "limit" => "`take(xs, n)` has the first n items",
        "skip" => "`drop(xs, n)` is without the first n items",
        "with_index" => "write `enumerate(xs)`",
        "inner_join" => "write `join(left, right, l -> l.key, r -> r.key)`",
        "std" | "stdev" | "std_dev" => "write `stddev(xs)`",
        "var" => "write `variance(xs)`",
        "percentile" => "write `quantile(xs, 0.95)`",
        "len" | "length" | "size" => {
            "`count(xs)` is the number of items, `text::length(t)` that of characters"
        }
        "reduce" => "write `fold(xs, initial, func (acc, x) -> e)`",
        "select" => "write `map(xs, x -> e)`",
        "group_by" => "write `group(xs, x -> key)`",
        "order_by" | "sort_by" | "sorted" => "write `sort(xs, x -> key)`, or `sort_desc`",
        "uniq" | "unique" => "write `distinct(xs)`",
        "average" | "avg" => "write `mean(xs)`",
        "concat" => "arrays are joined by `append(a, b)`, texts by `text::concat` or `f\"{a}{b}\"`",
        "range" => "write `sequence(start, end)`",
        _ => return None,
    })
}
