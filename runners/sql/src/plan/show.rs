//! A plan as text for people and tests: a node a line, inputs indented below it.

use std::fmt::{self, Display, Formatter};

use runner_core::Literal;

use super::{Aggregate, ColId, Function, JoinKind, Key, Plan, Rel, Scalar, WindowFunction};

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, shared) in self.shared.iter().enumerate() {
            writeln!(f, "shared {index}:")?;
            write_rel(&shared.rel, f, 1)?;
        }
        let columns = listed(&self.root.columns);
        let order = if self.root.order.is_empty() {
            String::new()
        } else {
            format!(" by {}", listed(&self.root.order))
        };
        writeln!(f, "root {columns}{order}")?;
        write_rel(&self.root.rel, f, 1)
    }
}

impl Display for Rel {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_rel(self, f, 0)
    }
}

fn write_rel(rel: &Rel, f: &mut Formatter<'_>, depth: usize) -> fmt::Result {
    let line = line(rel);
    writeln!(f, "{}{line}", "  ".repeat(depth))?;
    let mut result = Ok(());
    rel.for_each_part(&mut |part| {
        if let super::walk::Part::Rel(input) = part
            && result.is_ok()
        {
            result = write_rel(input, f, depth + 1);
        }
    });
    result
}

fn line(rel: &Rel) -> String {
    match rel {
        Rel::Unit => "unit".into(),
        Rel::Scan(table) => {
            let columns = table.fields.iter().flat_map(|field| &field.columns);
            format!("scan {} {}", table.table.name.name, listed(&columns.copied().collect::<Vec<_>>()))
        }
        Rel::Raw { .. } => "raw".into(),
        Rel::Lists { lists, position } => {
            let lists: Vec<_> =
                lists.iter().map(|(column, number)| format!("{column} = ${number}")).collect();
            format!("lists {}, {position}", lists.join(", "))
        }
        Rel::Items { array, columns, position, .. } => {
            format!("items {} of {array}, {position}", listed(columns))
        }
        Rel::Parts { parts, part, position } => format!("parts {part} of {parts}, {position}"),
        Rel::Sequence { start, end, value, .. } => format!("sequence {value} from {start} to {end}"),
        Rel::Values { rows, columns, position } => {
            let rows: Vec<_> = rows.iter().map(|row| format!("({})", listed(row))).collect();
            format!("values {}, {position}: {}", listed(columns), rows.join(", "))
        }
        Rel::Shared { index, columns } => {
            let columns: Vec<_> = columns.iter().map(|(own, other)| format!("{own} = {other}")).collect();
            format!("shared {index} {}", columns.join(", "))
        }
        Rel::Extend { columns, .. } => format!("extend {}", assigned(columns)),
        Rel::Filter { conditions, .. } => format!("filter {}", listed(conditions)),
        Rel::Join { kind, on, .. } => {
            let on = if on.is_empty() { String::new() } else { format!(" on {}", listed(on)) };
            match kind {
                JoinKind::Inner => format!("join{on}"),
                JoinKind::Left { found, .. } => format!("left join {found}{on}"),
            }
        }
        Rel::Aggregate { keys, aggregates, .. } => {
            format!("aggregate {} by {}", assigned(aggregates), assigned(keys))
        }
        Rel::Window { columns, .. } => format!("window {}", assigned(columns)),
        Rel::First { keys, order, .. } => format!("first of {} by {}", listed(keys), listed(order)),
        Rel::Limit { order, skip, take, .. } => format!("limit {take} from {skip} by {}", listed(order)),
        Rel::Union { columns, arms } => {
            let arms: Vec<_> = arms.iter().map(|(_, arm)| format!("({})", listed(arm))).collect();
            format!("union {} of {}", listed(columns), arms.join(", "))
        }
        Rel::Recursion { initial, state, next, columns, condition, .. } => format!(
            "recursion {} of {} from {} to {} while {condition}",
            listed(columns),
            listed(state),
            listed(initial),
            listed(next)
        ),
        Rel::Fence(_) => "fence".into(),
    }
}

fn listed<T: Display>(parts: &[T]) -> String {
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn assigned<T: Display>(parts: &[(ColId, T)]) -> String {
    parts.iter().map(|(column, part)| format!("{column} = {part}")).collect::<Vec<_>>().join(", ")
}

impl Display for ColId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl Display for Key {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.scalar, if self.is_descending { " desc" } else { "" })
    }
}

impl Display for Aggregate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.function {
            Function::Count => write!(f, "count()")?,
            Function::CountDistinct(items) => write!(f, "count(distinct {})", listed(items))?,
            Function::WideSum(item) => write!(f, "sum({item})")?,
            Function::Of { op, item, .. } => write!(f, "{}({item})", format!("{op:?}").to_lowercase())?,
            Function::Join { item, separator } => write!(f, "join({item}, {separator})")?,
            Function::Collect { item, .. } => {
                let columns: Vec<_> = item.all().into_iter().map(ToString::to_string).collect();
                write!(f, "collect({})", columns.join(", "))?;
            }
            Function::First(item) => write!(f, "first({item})")?,
            Function::Least(item) => write!(f, "least({item})")?,
        }
        if !self.order.is_empty() {
            write!(f, " by {}", listed(&self.order))?;
        }
        if !self.filter.is_empty() {
            write!(f, " where {}", listed(&self.filter))?;
        }
        Ok(())
    }
}

impl Display for WindowFunction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(keys) => write!(f, "number({})", listed(keys)),
            Self::CountAll => write!(f, "count()"),
            Self::Shift { op, item, by, fill, .. } => write!(f, "{op:?}({item}, {by}, {fill})"),
            Self::RollingMean { item, before, after, .. } => write!(f, "mean({item}, {before}, {after})"),
            Self::Rank { op, key } => write!(f, "{op:?}({key})"),
        }
    }
}

impl Display for Scalar {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(column) => write!(f, "{column}"),
            Self::Literal(_, literal) => match literal {
                Literal::Bool(value) => write!(f, "{value}"),
                Literal::Int(value) => write!(f, "{value}"),
                Literal::Uint(value) => write!(f, "{value}"),
                Literal::Float32(value) => write!(f, "{value:?}"),
                Literal::Float64(value) => write!(f, "{value:?}"),
                Literal::Text(value) => write!(f, "{value:?}"),
            },
            Self::Null(_) => write!(f, "null"),
            Self::Tag(index) => write!(f, "tag {index}"),
            Self::Param(number, _) => write!(f, "${number}"),
            Self::Compare { op, left, right, .. } => write!(f, "{op:?}({left}, {right})"),
            Self::Call { op, .. } => self.write_call(&format!("{op:?}"), f),
            Self::Parts(operation, _) => self.write_call(&format!("{operation:?}"), f),
            Self::Narrow(..) => self.write_call("Narrow", f),
            Self::In { .. } => self.write_call("In", f),
            Self::Same(..) => self.write_call("Same", f),
            Self::And(_) => self.write_call("And", f),
            Self::Or(_) => self.write_call("Or", f),
            Self::Not(_) => self.write_call("Not", f),
            Self::IsNull(_) => self.write_call("IsNull", f),
            Self::Case { .. } => self.write_call("Case", f),
            Self::Fail(..) => write!(f, "Fail"),
            Self::NotNull { .. } => self.write_call("NotNull", f),
            Self::When { .. } => self.write_call("When", f),
            Self::Bound { .. } => self.write_call("Bound", f),
            Self::DatePart(_, index) => self.write_call(&format!("DatePart.{index}"), f),
            Self::Pack { .. } => self.write_call("Pack", f),
            Self::Unpack { column, .. } => self.write_call(&format!("Unpack.{column}"), f),
            Self::Variant { index, .. } => self.write_call(&format!("Variant.{index}"), f),
            Self::TagOf { .. } => self.write_call("TagOf", f),
            Self::Payload { variant, column, .. } => {
                self.write_call(&format!("Payload.{variant}.{column}"), f)
            }
            Self::ItemAt { column, .. } => self.write_call(&format!("ItemAt.{column}"), f),
            Self::Length { .. } => self.write_call("Length", f),
            Self::Empty(_) => write!(f, "[]"),
            Self::List { .. } => self.write_call("List", f),
            Self::ComparePacked { .. } => self.write_call("Compare", f),
            Self::EqualPacked { .. } => self.write_call("Equal", f),
            Self::GroupKey { .. } => self.write_call("GroupKey", f),
            Self::Force(_) => self.write_call("Force", f),
            Self::Query { rel, value, .. } => write!(f, "query({value} of\n{})", indented(rel)),
            Self::Exists(rel) => write!(f, "exists(\n{})", indented(rel)),
        }
    }
}

fn indented(rel: &Rel) -> String {
    rel.to_string().lines().map(|line| format!("      {line}\n")).collect()
}

impl Scalar {
    fn write_call(&self, name: &str, f: &mut Formatter<'_>) -> fmt::Result {
        let mut args = Vec::new();
        self.for_each_part(&mut |part| {
            if let super::walk::Part::Scalar(scalar) = part {
                args.push(scalar.to_string());
            }
        });
        write!(f, "{name}({})", args.join(", "))
    }
}
