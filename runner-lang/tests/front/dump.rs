//! Syntax trees as short text.

use runner_lang::{
    Project,
    syntax::{
        Bound, EnumVariant, Expr, ExprKind, Func, Ident, ImportTree, Item, ItemKind, Literal, Module, Param,
        Path, Pattern, PatternKind, TextPart, TupleItem, TypeDef, TypeExpr, TypeField, TypeKind, TypeParam,
    },
};

/// The items of a source, a line each; errors are left out.
pub(crate) fn dump(text: &str) -> String {
    module(&Project::from_source("a.lt", text).parse().root.parts[0])
}

fn module(module: &Module) -> String {
    let mut lines = Vec::new();
    if module.is_submodule {
        lines.push("submodule".into());
    }
    lines.extend(module.doc.iter().map(|line| format!("#! {line}")));
    lines.extend(module.annotations.iter().map(|annotation| format!("@!{}", expr(annotation))));
    lines.extend(module.items.iter().map(item));
    lines.join("\n")
}

fn item(item: &Item) -> String {
    let doc = item.doc.iter().map(|line| format!("## {line}\n"));
    let annotations = item.annotations.iter().map(|annotation| format!("@{} ", expr(annotation)));
    let head: String = doc.chain(annotations).collect();
    let body = match &item.kind {
        ItemKind::Const { name, ty: of, value } => {
            format!("const {}{} = {}", name.name, typed(of), expr(value))
        }
        ItemKind::Func { name, func: of } => format!("func {}{}", name.name, func(of)),
        ItemKind::External { name, params: of, result, type_params: generic } => {
            format!("external {}({}){}{}", name.name, params(of), typed(result), type_params(generic))
        }
        ItemKind::Type { name, def: TypeDef::Alias(of) } => format!("type {}: {}", name.name, ty(of)),
        ItemKind::Type { name, def: TypeDef::Framed { field, inner } } => {
            format!("type {}({}{})", name.name, label(field, ": "), ty(inner))
        }
        ItemKind::Module { name, module: inner } => format!("module {} {{ {} }}", name.name, module(inner)),
        ItemKind::Import { tree } => format!("import {}", import(tree)),
        ItemKind::Anno { name, params: of } => format!("anno {}({})", name.name, params(of)),
    };
    head + &body
}

fn import(tree: &ImportTree) -> String {
    match tree {
        ImportTree::Name { path: of, alias: None } => path(of),
        ImportTree::Name { path: of, alias: Some(alias) } => format!("{} as {}", path(of), alias.name),
        ImportTree::All(of) => format!("{}::*", path(of)),
        ImportTree::Branches { prefix, branches } => {
            format!("{}::({})", path(prefix), join(branches, import))
        }
    }
}

fn func(func: &Func) -> String {
    let Func { params: of, result, type_params: generic, body } = func;
    format!("({}){}{} -> {}", params(of), typed(result), type_params(generic), expr(body))
}

fn params(of: &[Param]) -> String {
    join(of, |param| {
        let constant = if param.is_const { "const " } else { "" };
        let default = param.default.as_ref().map_or(String::new(), |value| format!(" = {}", expr(value)));
        format!("{constant}{}{}{}{default}", label(&param.label, " "), param.name.name, typed(&param.ty))
    })
}

fn type_params(of: &[TypeParam]) -> String {
    if of.is_empty() {
        return String::new();
    }
    let list = join(of, |param| match &param.bound {
        None => param.name.name.to_string(),
        Some(Bound::OneOf(types)) => {
            format!("{}: {}", param.name.name, types.iter().map(ty).collect::<Vec<_>>().join(" | "))
        }
        Some(Bound::Tuple { fields: of, .. }) => format!("{}: {{{}..}}", param.name.name, fields(of)),
    });
    format!(" where {list}")
}

fn typed(of: &Option<TypeExpr>) -> String {
    of.as_ref().map_or(String::new(), |of| format!(": {}", ty(of)))
}

fn label(of: &Option<Ident>, behind: &str) -> String {
    of.as_ref().map_or(String::new(), |name| format!("{}{behind}", name.name))
}

fn fields(of: &[TypeField]) -> String {
    of.iter()
        .map(|field| {
            format!("{}{}{} ", if field.splice { ".." } else { "" }, label(&field.name, ": "), ty(&field.ty))
        })
        .collect()
}

fn ty(of: &TypeExpr) -> String {
    match &of.kind {
        TypeKind::Path(of) => path(of),
        TypeKind::Tuple(of) => format!("{{{}}}", fields(of).trim_end()),
        TypeKind::Array(item) => format!("[{}]", ty(item)),
        TypeKind::Enum(variants) => {
            let variant = |variant: &EnumVariant| format!("{}{}", variant.name.name, typed(&variant.ty));
            format!("enum {{{}}}", join(variants, variant))
        }
        TypeKind::Option(inner) => format!("{}?", ty(inner)),
        TypeKind::Func { params, result } => {
            let params = join(params, |(name, of)| format!("{}{}", label(name, ": "), ty(of)));
            format!("func ({params}){}", result.as_ref().map_or(String::new(), |of| format!(": {}", ty(of))))
        }
        TypeKind::For { field, param, tuple, named, result } => {
            let named = if *named { format!("{}: ", field.name) } else { String::new() };
            format!("{{for {}: {} in {} do {named}{}}}", field.name, param.name, ty(tuple), ty(result))
        }
        TypeKind::Error => "ERROR".into(),
    }
}

fn path(of: &Path) -> String {
    of.names.iter().map(|name| &*name.name).collect::<Vec<_>>().join("::")
}

fn expr(of: &Expr) -> String {
    match &of.kind {
        ExprKind::Literal(of) => literal(of),
        ExprKind::Interpolated(parts) => {
            let parts = parts.iter().map(|part| match part {
                TextPart::Text(text) => format!(" {text:?}"),
                TextPart::Expr(of) => format!(" {}", expr(of)),
            });
            format!("(f{})", parts.collect::<String>())
        }
        ExprKind::Path(of) => path(of),
        ExprKind::Tuple(items) => {
            let items = join(items, |item| match item {
                TupleItem::Field { name, value } => format!("{}{}", label(name, " = "), expr(value)),
                TupleItem::Splice(value) => format!("..{}", expr(value)),
            });
            format!("{{{items}}}")
        }
        ExprKind::Array(items) => format!("[{}]", join(items, expr)),
        ExprKind::Variant { name, payload: None } => format!(".{}", name.name),
        ExprKind::Variant { name, payload: Some(payload) } => format!(".{}({})", name.name, expr(payload)),
        ExprKind::Field { tuple, name } => format!("{}.{}", expr(tuple), name.name),
        ExprKind::Position { tuple, index, .. } => format!("{}.{index}", expr(tuple)),
        ExprKind::Index { array, index } => format!("{}[{}]", expr(array), expr(index)),
        ExprKind::Call { function, args } => {
            let args = join(args, |arg| format!("{}{}", label(&arg.label, " = "), expr(&arg.value)));
            format!("{}({args})", path(function))
        }
        ExprKind::Pipe { left, right } => format!("(| {} {})", expr(left), expr(right)),
        ExprKind::Lambda(of) => format!("(fn{})", func(of)),
        ExprKind::If { condition, then, otherwise } => {
            format!("(if {} {} {})", expr(condition), expr(then), expr(otherwise))
        }
        ExprKind::Match { subject, arms } => {
            let arms = join(arms, |arm| format!("{} => {}", pattern(&arm.pattern), expr(&arm.body)));
            format!("(match {} {{{arms}}})", expr(subject))
        }
        ExprKind::Let { bindings, result } => {
            let bindings = bindings
                .iter()
                .map(|of| format!("{}{} = {}; ", of.name.name, typed(&of.ty), expr(&of.value)))
                .collect::<String>();
            format!("(let {bindings}{})", expr(result))
        }
        ExprKind::Paren(inner) => format!("({})", expr(inner)),
        ExprKind::Annotated { expr: inner, ty: of } => format!("<{}: {}>", expr(inner), ty(of)),
        ExprKind::Unary { op, operand } => format!("({op:?} {})", expr(operand)),
        ExprKind::Binary { op, left, right, .. } => format!("({op:?} {} {})", expr(left), expr(right)),
        ExprKind::Error => "ERROR".into(),
    }
}

fn literal(of: &Literal) -> String {
    match of {
        Literal::Bool(value) => value.to_string(),
        Literal::Integer { magnitude, negative, bits } => {
            format!("{}{magnitude}{}", if *negative { "-" } else { "" }, if *bits { "b" } else { "" })
        }
        Literal::Float(digits) => format!("{digits}f"),
        Literal::Text(text) => format!("{text:?}"),
        Literal::Date(days) => format!("date({days})"),
        Literal::Duration(micros) => format!("duration({micros})"),
        Literal::Timestamp(micros) => format!("timestamp({micros})"),
    }
}

fn pattern(of: &Pattern) -> String {
    match &of.kind {
        PatternKind::Literal(of) => literal(of),
        PatternKind::Bind(name) => name.name.to_string(),
        PatternKind::Any => "_".into(),
        PatternKind::Variant { name, payload: None } => format!(".{}", name.name),
        PatternKind::Variant { name, payload: Some(payload) } => {
            format!(".{}({})", name.name, pattern(payload))
        }
        PatternKind::Alternatives(all) => {
            format!("({})", all.iter().map(pattern).collect::<Vec<_>>().join(" | "))
        }
        PatternKind::Error => "ERROR".into(),
    }
}

fn join<T>(items: &[T], each: impl Fn(&T) -> String) -> String {
    items.iter().map(each).collect::<Vec<_>>().join(", ")
}
