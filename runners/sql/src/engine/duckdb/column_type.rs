use crate::interface::lutra_name;

/// The type of a column, from its name in DuckDB's catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnType {
    /// Anything without parts.
    Plain(String),
    /// A list.
    List(Box<ColumnType>),
    /// A struct: names and types.
    Struct(Vec<(String, ColumnType)>),
    /// A union: names and types.
    Union(Vec<(String, ColumnType)>),
}

impl ColumnType {
    /// Reads a type's name; `None` if it is not written as DuckDB does.
    ///
    /// ```
    /// use runner_sql::ColumnType;
    ///
    /// let ty = ColumnType::parse("STRUCT(a INTEGER, \"b c\" VARCHAR[])[]").unwrap();
    /// let ColumnType::List(item) = ty else { panic!() };
    /// assert!(matches!(*item, ColumnType::Struct(fields) if fields[1].0 == "b c"));
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser { rest: text.trim() };
        let ty = parser.ty(0)?;
        parser.rest.is_empty().then_some(ty)
    }

    /// The type in Lutra that a column of this type is read as, without the option of one that may hold NULL; `None` if
    /// there is none.
    #[must_use]
    pub fn lutra_type(&self) -> Option<String> {
        let field = |(name, ty): &(String, Self)| {
            (!name.contains('`')).then(|| Some(format!("{}: {}?", lutra_name(name), ty.lutra_type()?)))?
        };
        Some(match self {
            Self::Plain(name) => plain(name)?.into(),
            Self::List(item) => format!("[{}?]", item.lutra_type()?),
            Self::Struct(fields) => {
                format!("{{{}}}", fields.iter().map(field).collect::<Option<Vec<_>>>()?.join(", "))
            }
            Self::Union(members) => {
                format!("enum {{{}}}", members.iter().map(field).collect::<Option<Vec<_>>>()?.join(", "))
            }
        })
    }
}

fn plain(name: &str) -> Option<&'static str> {
    Some(match name {
        "BOOLEAN" => "Bool",
        "TINYINT" => "Int8",
        "SMALLINT" => "Int16",
        "INTEGER" => "Int32",
        "BIGINT" => "Int64",
        "UTINYINT" => "Uint8",
        "USMALLINT" => "Uint16",
        "UINTEGER" => "Uint32",
        "UBIGINT" => "Uint64",
        "FLOAT" => "Float32",
        "DOUBLE" => "Float64",
        "VARCHAR" => "Text",
        "DATE" => "Date",
        "TIME" => "Time",
        "TIMESTAMP" => "Timestamp",
        decimal if decimal.starts_with("DECIMAL(") && decimal.ends_with(",2)") => "Decimal",
        _ => return None,
    })
}

struct Parser<'a> {
    rest: &'a str,
}

/// Levels that a column's type may nest.
const DEPTH: usize = 64;

impl Parser<'_> {
    fn ty(&mut self, depth: usize) -> Option<ColumnType> {
        if depth > DEPTH {
            return None;
        }
        let mut ty = if self.eat("STRUCT(") {
            ColumnType::Struct(self.fields(depth)?)
        } else if self.eat("UNION(") {
            ColumnType::Union(self.fields(depth)?)
        } else {
            ColumnType::Plain(self.plain()?)
        };
        while self.eat("[]") {
            ty = ColumnType::List(Box::new(ty));
        }
        Some(ty)
    }

    fn fields(&mut self, depth: usize) -> Option<Vec<(String, ColumnType)>> {
        let mut fields = Vec::new();
        loop {
            let name = self.name()?;
            fields.push((name, self.ty(depth + 1)?));
            if self.eat(")") {
                return Some(fields);
            }
            if !self.eat(",") {
                return None;
            }
            self.rest = self.rest.trim_start();
        }
    }

    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        if self.eat("\"") {
            loop {
                let (part, rest) = self.rest.split_once('"')?;
                name.push_str(part);
                self.rest = rest;
                if !self.eat("\"") {
                    break;
                }
                name.push('"');
            }
        } else {
            let (part, rest) = self.rest.split_once(' ')?;
            name.push_str(part);
            self.rest = rest;
        }
        self.rest = self.rest.trim_start();
        Some(name)
    }

    /// A type without parts: up to the next separator outside of its own parentheses and quotes.
    fn plain(&mut self) -> Option<String> {
        let (mut depth, mut is_quoted) = (0usize, false);
        let end = self.rest.find(|c| {
            match c {
                '\'' => is_quoted = !is_quoted,
                _ if is_quoted => {}
                '(' => depth += 1,
                ')' if depth > 0 => depth -= 1,
                ',' | ')' | '[' if depth == 0 => return true,
                _ => {}
            }
            false
        });
        let end = end.unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!text.is_empty()).then(|| text.trim().to_owned())
    }

    fn eat(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
}
