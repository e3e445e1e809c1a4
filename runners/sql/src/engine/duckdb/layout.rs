use runner_core::{Prim, TypeId};

use crate::shape::{Shape, Shapes};

/// How a packed value is laid out in DuckDB's nested types.
///
/// | type | layout |
/// | --- | --- |
/// | primitive | its native type |
/// | `{}` | `BOOLEAN`, always true |
/// | tuple | `STRUCT(f0 ..., f1 ..., ...)` |
/// | array | a list |
/// | enum without payloads | `INTEGER`, the variant's index |
/// | option | NULL, or the payload, or `STRUCT(v ...)` of a payload that may be NULL itself |
/// | other enums | `STRUCT(t INTEGER, v0 ..., v1 ..., ...)`, with a field for each variant that has a payload |
/// | array or enum that contains itself | `BLOB`: its encoding on the wire |
///
/// ```
/// # use runner_core::{Expr, INPUT, Kind, Parts, Prim, Program, TypeTable};
/// # let mut types = TypeTable::new();
/// # let int = types.prim(Prim::Int64);
/// # let text = types.prim(Prim::Text);
/// # let pair = types.tuple([int, text]);
/// # let pairs = types.array(pair);
/// # let body = vec![Expr { kind: Kind::Local(INPUT), ty: pairs }];
/// # let program = Program::new(Parts { types, input: pairs, output: pairs, body, ..Parts::default() })?;
/// use runner_sql::{Layout, Shapes};
///
/// let layout = Layout::of(&Shapes::new(&program)?, pairs);
/// assert_eq!(layout.sql_type(), "STRUCT(f0 BIGINT, f1 VARCHAR)[]");
/// # Ok::<(), runner_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// A primitive.
    Prim(Prim),
    /// `{}`
    Unit,
    /// A tuple.
    Tuple(Vec<Layout>),
    /// An array.
    List(Box<Layout>),
    /// The index of a variant without payload.
    Tag,
    /// NULL or the payload.
    Option(Box<Layout>),
    /// NULL or a wrapper of the payload.
    Wrapped(Box<Layout>),
    /// The index of a variant and a payload; `None` for a variant without one.
    Enum(Vec<Option<Layout>>),
    /// Bytes of a value of this type.
    Boxed(TypeId),
}

impl Layout {
    /// Whether a part of it is [`Layout::Boxed`].
    #[must_use]
    pub fn has_boxed(&self) -> bool {
        match self {
            Self::Prim(_) | Self::Unit | Self::Tag => false,
            Self::Tuple(fields) => fields.iter().any(Self::has_boxed),
            Self::List(inner) | Self::Option(inner) | Self::Wrapped(inner) => inner.has_boxed(),
            Self::Enum(variants) => variants.iter().flatten().any(Self::has_boxed),
            Self::Boxed(_) => true,
        }
    }

    /// The layout of a type.
    #[must_use]
    pub fn of(shapes: &Shapes, ty: TypeId) -> Self {
        if shapes.is_recursive(ty) {
            return Self::Boxed(shapes.types().unframed(ty));
        }
        Self::unboxed(shapes, ty)
    }

    /// The layout of a type, whose outermost level is not boxed.
    #[must_use]
    pub fn unboxed(shapes: &Shapes, ty: TypeId) -> Self {
        let types = shapes.types();
        match shapes.get(ty) {
            Shape::Prim(prim) => Self::Prim(prim),
            Shape::Null(prim) => Self::Option(Box::new(Self::Prim(prim))),
            Shape::Tag => Self::Tag,
            Shape::Tuple => {
                let fields = shapes.fields(ty);
                match fields.is_empty() {
                    true => Self::Unit,
                    false => Self::Tuple(fields.into_iter().map(|ty| Self::of(shapes, ty)).collect()),
                }
            }
            Shape::Option(payload) if is_nullable(shapes, payload) => {
                Self::Wrapped(Box::new(Self::of(shapes, payload)))
            }
            Shape::Option(payload) => Self::Option(Box::new(Self::of(shapes, payload))),
            Shape::Array(item) => Self::List(Box::new(Self::of(shapes, item))),
            Shape::Enum => {
                let variants = types.as_enum(types.unframed(ty)).unwrap_or_default();
                let payload = |ty| (!types.is_unit(ty)).then(|| Self::of(shapes, ty));
                Self::Enum(variants.iter().map(|variant| payload(variant.ty)).collect())
            }
        }
    }

    /// The type in SQL.
    #[must_use]
    pub fn sql_type(&self) -> String {
        match self {
            Self::Prim(prim) => super::prim_type(*prim).into(),
            Self::Unit => "BOOLEAN".into(),
            Self::Tag => "INTEGER".into(),
            Self::Tuple(fields) => {
                let fields = fields.iter().enumerate();
                let fields: Vec<_> = fields.map(|(n, field)| format!("f{n} {}", field.sql_type())).collect();
                format!("STRUCT({})", fields.join(", "))
            }
            Self::List(item) => format!("{}[]", item.sql_type()),
            Self::Option(payload) => payload.sql_type(),
            Self::Wrapped(payload) => format!("STRUCT(v {})", payload.sql_type()),
            Self::Enum(variants) => {
                let variants = variants.iter().enumerate();
                let fields = variants.filter_map(|(n, payload)| {
                    payload.as_ref().map(|payload| format!(", v{n} {}", payload.sql_type()))
                });
                format!("STRUCT(t INTEGER{})", fields.collect::<String>())
            }
            Self::Boxed(_) => "BLOB".into(),
        }
    }

    /// Whether an option is somewhere in it, so that DuckDB's order, in which NULL is last, is not that of the values.
    #[must_use]
    pub fn has_option(&self) -> bool {
        match self {
            Self::Prim(_) | Self::Unit | Self::Tag | Self::Boxed(_) => false,
            Self::Option(_) | Self::Wrapped(_) => true,
            Self::List(item) => item.has_option(),
            Self::Tuple(fields) => fields.iter().any(Self::has_option),
            Self::Enum(variants) => variants.iter().flatten().any(Self::has_option),
        }
    }

    /// Whether it holds bytes, whose equality and order are not those of the values.
    #[must_use]
    pub fn has_box(&self) -> bool {
        match self {
            Self::Prim(_) | Self::Unit | Self::Tag => false,
            Self::Boxed(_) => true,
            Self::Option(inner) | Self::Wrapped(inner) | Self::List(inner) => inner.has_box(),
            Self::Tuple(fields) => fields.iter().any(Self::has_box),
            Self::Enum(variants) => variants.iter().flatten().any(Self::has_box),
        }
    }
}

/// Whether a packed value of a type may be NULL.
pub(super) fn is_nullable(shapes: &Shapes, ty: TypeId) -> bool {
    matches!(shapes.get(ty), Shape::Null(_) | Shape::Option(_))
}
