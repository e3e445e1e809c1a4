//! Types of generated programs.

use fastrand::Rng;
use runner_core::Prim;

/// A type. Fields of tuples are known by position.
#[derive(Debug, Clone, PartialEq)]
pub enum Ty {
    /// A primitive.
    Prim(Prim),
    /// A tuple.
    Tuple(Vec<Ty>),
    /// An array.
    Array(Box<Ty>),
    /// An option.
    Option(Box<Ty>),
    /// What `cmp` gives.
    Ordering,
    /// A definition of the program.
    Named(usize),
}

/// A definition. It may speak of those before it, and of itself through arrays and variants but the first.
#[derive(Debug, Clone, PartialEq)]
pub enum Def {
    /// The payloads of the variants `v0`, `v1`, ...
    Enum(Vec<Ty>),
    /// A nominal type.
    Framed(Ty),
    /// Another name for a tuple.
    Tuple(Vec<Ty>),
}

/// What a type is made of, definitions looked through.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A primitive.
    Prim(Prim),
    /// The fields of a tuple.
    Tuple(Vec<Ty>),
    /// The item of an array.
    Array(Ty),
    /// The names and payloads of an enum's variants.
    Enum(Vec<(String, Ty)>),
    /// What a framed type holds.
    Framed(Ty),
}

/// The definitions of a program.
#[derive(Debug, Clone, Default)]
pub struct Defs(pub Vec<Def>);

/// All whose values are no bits.
pub const PRIMS: &[Prim] = &[
    Prim::Bool,
    Prim::Int8,
    Prim::Int16,
    Prim::Int32,
    Prim::Int64,
    Prim::Uint8,
    Prim::Uint16,
    Prim::Uint32,
    Prim::Uint64,
    Prim::Float32,
    Prim::Float64,
    Prim::Text,
    Prim::Date,
    Prim::Time,
    Prim::Duration,
    Prim::Timestamp,
    Prim::Decimal,
];

/// `Num` of the standard library.
pub const NUMBERS: &[Prim] = &[
    Prim::Int8,
    Prim::Int16,
    Prim::Int32,
    Prim::Int64,
    Prim::Uint8,
    Prim::Uint16,
    Prim::Uint32,
    Prim::Uint64,
    Prim::Float32,
    Prim::Float64,
];

/// `Bool`
pub const BOOL: Ty = Ty::Prim(Prim::Bool);
/// `Int64`
pub const INT: Ty = Ty::Prim(Prim::Int64);
/// `Float64`
pub const FLOAT: Ty = Ty::Prim(Prim::Float64);
/// `Text`
pub const TEXT: Ty = Ty::Prim(Prim::Text);

impl Ty {
    /// `{}`
    #[must_use]
    pub fn unit() -> Self {
        Self::Tuple(Vec::new())
    }

    /// `[item]`
    #[must_use]
    pub fn array(item: Self) -> Self {
        Self::Array(Box::new(item))
    }

    /// `some?`
    #[must_use]
    pub fn option(some: Self) -> Self {
        Self::Option(Box::new(some))
    }

    /// The primitive, if it is one.
    #[must_use]
    pub fn prim(&self) -> Option<Prim> {
        if let Self::Prim(prim) = self { Some(*prim) } else { None }
    }
}

/// Whether a primitive is an integer or a float.
#[must_use]
pub fn is_number(prim: Prim) -> bool {
    NUMBERS.contains(&prim)
}

/// Whether a primitive is a float.
#[must_use]
pub fn is_float(prim: Prim) -> bool {
    matches!(prim, Prim::Float32 | Prim::Float64)
}

/// Any primitive, the common ones more often.
pub fn prim(rng: &mut Rng) -> Prim {
    match rng.u8(..10) {
        0..=2 => Prim::Int64,
        3 => Prim::Text,
        4 => Prim::Float64,
        _ => PRIMS[rng.usize(..PRIMS.len())],
    }
}

impl Defs {
    /// Up to four random definitions.
    pub fn random(rng: &mut Rng) -> Self {
        let mut defs = Self::default();
        for index in 0..rng.usize(..4) {
            let this = Ty::Named(index);
            let def = match rng.u8(..6) {
                0 => Def::Framed(defs.ty(rng, 1)),
                1 => Def::Tuple(vec![defs.ty(rng, 1), Ty::array(this)]),
                2 => Def::Enum(vec![defs.ty(rng, 1), Ty::Tuple(vec![this.clone(), this])]),
                3 => Def::Enum(vec![Ty::unit(), Ty::array(this), defs.ty(rng, 0)]),
                _ => {
                    let payload = |rng: &mut Rng| if rng.bool() { defs.ty(rng, 1) } else { Ty::unit() };
                    let payloads = (0..rng.usize(1..5)).map(|_| payload(rng)).collect();
                    Def::Enum(payloads)
                }
            };
            defs.0.push(def);
        }
        defs
    }

    /// A random type of up to so many levels.
    pub fn ty(&self, rng: &mut Rng, depth: u32) -> Ty {
        if depth == 0 || rng.u8(..3) == 0 {
            return Ty::Prim(prim(rng));
        }
        match rng.u8(..10) {
            0..=2 => {
                let count = if rng.u8(..12) == 0 { 0 } else { rng.usize(1..4) };
                Ty::Tuple((0..count).map(|_| self.ty(rng, depth - 1)).collect())
            }
            3..=6 => Ty::array(self.ty(rng, depth - 1)),
            7 | 8 => Ty::option(self.ty(rng, depth - 1)),
            _ if self.0.is_empty() => Ty::Prim(prim(rng)),
            _ => Ty::Named(rng.usize(..self.0.len())),
        }
    }

    /// What a type is made of.
    #[must_use]
    pub fn shape(&self, ty: &Ty) -> Shape {
        match ty {
            Ty::Prim(prim) => Shape::Prim(*prim),
            Ty::Tuple(fields) => Shape::Tuple(fields.clone()),
            Ty::Array(item) => Shape::Array((**item).clone()),
            Ty::Option(some) => {
                Shape::Enum(vec![("none".into(), Ty::unit()), ("some".into(), (**some).clone())])
            }
            Ty::Ordering => {
                let names = ["less", "equal", "greater"];
                Shape::Enum(names.iter().map(|name| ((*name).into(), Ty::unit())).collect())
            }
            Ty::Named(index) => match &self.0[*index] {
                Def::Framed(inner) => Shape::Framed(inner.clone()),
                Def::Tuple(fields) => Shape::Tuple(fields.clone()),
                Def::Enum(payloads) => {
                    let variants = payloads.iter().enumerate();
                    Shape::Enum(variants.map(|(index, ty)| (format!("v{index}"), ty.clone())).collect())
                }
            },
        }
    }

    /// The type as source.
    #[must_use]
    pub fn print(&self, ty: &Ty) -> String {
        match ty {
            Ty::Prim(prim) => prim.name().into(),
            Ty::Tuple(fields) => self.print_tuple(fields),
            Ty::Array(item) => format!("[{}]", self.print(item)),
            Ty::Option(some) => format!("{}?", self.print(some)),
            Ty::Ordering => "Ordering".into(),
            Ty::Named(index) => format!("T{index}"),
        }
    }

    /// A definition as source.
    #[must_use]
    pub fn print_def(&self, index: usize) -> String {
        match &self.0[index] {
            Def::Framed(inner) => format!("type T{index}({})", self.print(inner)),
            Def::Tuple(fields) => format!("type T{index}: {}", self.print_tuple(fields)),
            Def::Enum(payloads) => {
                let variants = payloads.iter().enumerate().map(|(index, payload)| match payload {
                    Ty::Tuple(fields) if fields.is_empty() => format!("v{index}"),
                    payload => format!("v{index}: {}", self.print(payload)),
                });
                format!("type T{index}: enum {{{}}}", variants.collect::<Vec<_>>().join(", "))
            }
        }
    }

    fn print_tuple(&self, fields: &[Ty]) -> String {
        let fields: Vec<_> = fields.iter().map(|field| self.print(field)).collect();
        format!("{{{}}}", fields.join(", "))
    }
}
