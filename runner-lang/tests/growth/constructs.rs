use std::fmt::Write;

/// A source that is being made: definitions, and the expression that becomes `main`.
#[derive(Default)]
pub(crate) struct Source {
    definitions: String,
    count: usize,
}

/// Makes an expression of the type `Int64` with `size` parts, each of which is `part`.
pub(crate) type Construct = fn(&mut Source, usize, &dyn Fn(&mut Source) -> String) -> String;

pub(crate) const CONSTRUCTS: [(&str, Construct); 19] = [
    ("array", |source, size, part| format!("sum([{}])", parts(source, size, part, |_, part| part))),
    ("tuple", |source, size, part| {
        let fields = parts(source, size, part, |index, part| format!("f{index} = {part}"));
        let lookups: Vec<_> = (0..size).map(|index| format!("t.f{index}")).collect();
        format!("(let t = {{{fields}}}; sum([{}]))", lookups.join(", "))
    }),
    ("tuple as a parameter", |source, size, part| {
        let name = source.name("func");
        let types: Vec<_> = (0..size).map(|index| format!("f{index}: Int64")).collect();
        let types = types.join(", ");
        let _ = writeln!(source.definitions, "func {name}(t: {{{types}}}): Int64 -> t.f0");
        let fields = parts(source, size, part, |_, part| part);
        let calls = vec![format!("{name}(t)"); size].join(", ");
        format!("(let t: {{{types}}} = {{{fields}}}; sum([{calls}]))")
    }),
    ("let chain", |source, size, part| {
        let mut text = format!("(let a0 = {};", part(source));
        for index in 1..=size {
            let part = part(source);
            let _ = write!(text, " let a{index} = a{} + {part};", index - 1);
        }
        format!("{text} a{size})")
    }),
    ("let", |source, size, part| {
        let lets = parts(source, size, part, |index, part| format!("let a{index} = {part}"));
        format!("({}; a0)", lets.replace(", let", "; let"))
    }),
    ("integer arms", |source, size, part| {
        let subject = part(source);
        let arms = parts(source, size, part, |index, part| format!("{index} => {part}"));
        format!("(match {subject} {{{arms}, _ => 0}})")
    }),
    ("text arms", |source, size, part| {
        let subject = part(source);
        let arms = parts(source, size, part, |index, part| format!("\"t{index}\" => {part}"));
        format!("(match to_text({subject}) {{{arms}, _ => 0}})")
    }),
    ("variant arms", |source, size, part| {
        let name = source.name("Type");
        let variants: Vec<_> = (0..size).map(|index| format!("v{index}: Int64")).collect();
        let _ = writeln!(source.definitions, "type {name}: enum {{{}}}", variants.join(", "));
        let arms = parts(source, size, part, |index, part| format!(".v{index}(1) => {part}"));
        format!("(match (.v0(1): {name}) {{{arms}, _ => 0}})")
    }),
    ("variants", |source, size, part| {
        let name = source.name("Type");
        let variants: Vec<_> = (0..size).map(|index| format!("v{index}: Int64")).collect();
        let _ = writeln!(source.definitions, "type {name}: enum {{{}}}", variants.join(", "));
        let items = parts(source, size, part, |index, part| format!(".v{index}({part})"));
        format!("count([{items}]: [{name}])")
    }),
    ("alternatives", |source, size, part| {
        let patterns: Vec<_> = (0..size).map(|index| index.to_string()).collect();
        let (subject, body) = (part(source), part(source));
        format!("(match {subject} {{{} => {body}, _ => 0}})", patterns.join(" | "))
    }),
    ("interpolation", |source, size, part| {
        let parts = parts(source, size, part, |_, part| format!("{{{part}}}"));
        format!("to_int64(text::length(f\"{parts}\"))")
    }),
    ("functions", |source, size, part| {
        let names: Vec<_> = (0..size).map(|_| source.name("func")).collect();
        for name in &names {
            let _ = writeln!(source.definitions, "func {name}(x: Int64) -> x + 1");
        }
        format!("sum([{}])", parts(source, size, part, |index, part| format!("{}({part})", names[index])))
    }),
    ("parameters", |source, size, part| {
        let name = source.name("func");
        let params: Vec<_> = (0..size).map(|index| format!("a{index}: Int64")).collect();
        let _ = writeln!(source.definitions, "func {name}({}): Int64 -> a0", params.join(", "));
        format!("{name}({})", parts(source, size, part, |_, part| part))
    }),
    ("labels", |source, size, part| {
        let name = source.name("func");
        let params: Vec<_> = (0..size).map(|index| format!("a{index} b{index}: Int64")).collect();
        let _ = writeln!(source.definitions, "func {name}({}): Int64 -> b0", params.join(", "));
        let last = size - 1;
        format!("{name}({})", parts(source, size, part, |index, part| format!("a{} = {part}", last - index)))
    }),
    ("type parameters", |source, size, part| {
        let name = source.name("func");
        let params: Vec<_> = (0..size).map(|index| format!("a{index}: T{index}")).collect();
        let types: Vec<_> = (0..size).map(|index| format!("T{index}")).collect();
        let (params, types) = (params.join(", "), types.join(", "));
        let _ = writeln!(source.definitions, "func {name}({params}): T0 where {types} -> a0");
        format!("{name}({})", parts(source, size, part, |_, part| part))
    }),
    ("specialisations", |source, size, part| {
        let name = source.name("func");
        let _ = writeln!(source.definitions, "func {name}(x: T): T where T -> x");
        let calls = parts(source, size, part, |index, part| match index % 3 {
            0 => format!("{name}({part})"),
            1 => format!("{name}({{{part}}}).0"),
            _ => format!("sum({name}([{part}]))"),
        });
        format!("sum([{calls}])")
    }),
    ("lambdas", |source, size, part| {
        let pipe = |_, part| format!("(sequence(0, 3) | map(x -> x + {part}) | sum)");
        format!("sum([{}])", parts(source, size, part, pipe))
    }),
    ("operators", |source, size, part| {
        let all: Vec<_> = (0..size).map(|_| part(source)).collect();
        format!("({})", all.join(" + "))
    }),
    ("parentheses", |source, size, part| format!("{}{}{}", "(".repeat(size), part(source), ")".repeat(size))),
];

impl Source {
    /// A source whose `main` is this expression.
    pub(crate) fn main(size: usize, construct: Construct, part: &dyn Fn(&mut Self) -> String) -> String {
        let mut source = Self::default();
        let main = construct(&mut source, size, part);
        format!("{}func main(x: Int64): Int64 -> {main}\n", source.definitions)
    }

    /// A new name.
    fn name(&mut self, prefix: &str) -> String {
        self.count += 1;
        format!("{prefix}_{}", self.count)
    }
}

/// Parts between commas.
fn parts(
    source: &mut Source,
    size: usize,
    part: &dyn Fn(&mut Source) -> String,
    each: impl Fn(usize, String) -> String,
) -> String {
    let parts: Vec<_> = (0..size).map(|index| each(index, part(source))).collect();
    parts.join(", ")
}
