//! Values of generated programs: inputs and literals.

use fastrand::Rng;
use runner_core::{Prim, Repr, Value, value};

use super::ty::{Defs, Shape, Ty};

/// How wild values are.
#[derive(Debug, Clone, Copy)]
pub struct Taste {
    /// Integers are small, so that arithmetic seldom overflows.
    pub tame: bool,
    /// Items of an array at most.
    pub items: usize,
}

/// Fragments of text: quotes, patterns of SQL, combining marks, letters whose case is unusual, space of all kinds.
const TEXTS: &[&str] = &[
    "",
    "a",
    "A",
    "b",
    "ab",
    "B",
    "0",
    "12",
    " ",
    "  ",
    ",",
    ";",
    "'",
    "''",
    "\"",
    "\\",
    "\\'",
    "$1",
    "%",
    "_",
    "{}",
    "{1,2}",
    "--",
    "/*",
    "E'\\n'",
    "null",
    "NaN",
    "\n",
    "\t",
    "\r",
    "\u{1}",
    "\u{7f}",
    "é",
    "e\u{301}",
    "\u{301}",
    "ß",
    "ẞ",
    "İ",
    "ı",
    "ǆ",
    "Σ",
    "ς",
    "ﬁ",
    "中",
    "😀",
    "👨\u{200d}👩",
    "𝔘",
    "\u{a0}",
    "\u{3000}",
    "\u{2028}",
    "\u{85}",
    "\u{200b}",
    "\u{feff}",
    "\u{fffd}",
    "\u{e000}",
    "\u{ffff}",
    "\u{10ffff}",
    "𐐀",
    "\0",
];

/// Floats at which something changes.
const FLOATS: &[f64] = &[
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    0.1,
    0.3,
    3.0,
    100.0,
    1e-5,
    1e15,
    1e16,
    1e17,
    1e21,
    1e300,
    -1e300,
    5e-324,
    f64::MAX,
    f64::MIN_POSITIVE,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    9_007_199_254_740_993.0,
    9_223_372_036_854_775_807.0,
    -9_223_372_036_854_775_808.0,
    18_446_744_073_709_551_615.0,
    4_294_967_296.0,
    2_147_483_648.0,
    16_777_217.0,
    1e38,
    1e-45,
    3.4e38,
    255.5,
    127.5,
    -128.9,
    0.49999999999999994,
    700.0,
    -750.0,
];

const DAY: i64 = 86_400_000_000;

impl Defs {
    /// A random value.
    pub fn value(&self, rng: &mut Rng, ty: &Ty, taste: Taste, depth: u32) -> Value {
        match self.shape(ty) {
            Shape::Prim(prim) => prim_value(rng, prim, taste),
            Shape::Tuple(fields) => {
                Value::Tuple(fields.iter().map(|field| self.value(rng, field, taste, depth + 1)).collect())
            }
            Shape::Array(item) => {
                let most = if depth > 4 { 0 } else { (taste.items >> (depth / 2)).max(1) };
                let count = rng.usize(..=most);
                let mut items: Vec<_> =
                    (0..count).map(|_| self.value(rng, &item, taste, depth + 1)).collect();
                // Equal items, which random values seldom are.
                if count > 1 && rng.bool() {
                    let (from, to) = (rng.usize(..count), rng.usize(..count));
                    items[to] = items[from].clone();
                }
                Value::Array(items)
            }
            Shape::Enum(variants) => {
                let index = if depth > 4 { 0 } else { rng.usize(..variants.len()) };
                Value::Variant(index as u32, Box::new(self.value(rng, &variants[index].1, taste, depth + 1)))
            }
            Shape::Framed(inner) => self.value(rng, &inner, taste, depth + 1),
        }
    }

    /// The default of a type.
    #[must_use]
    pub fn default_value(&self, ty: &Ty) -> Value {
        match self.shape(ty) {
            Shape::Prim(prim) => match prim.repr() {
                Repr::Bool => Value::Bool(false),
                Repr::I8 | Repr::I16 | Repr::I32 | Repr::I64 => Value::Int(0),
                Repr::U8 | Repr::U16 | Repr::U32 | Repr::U64 => Value::Uint(0),
                Repr::F32 => Value::Float32(0.0),
                Repr::F64 => Value::Float64(0.0),
                Repr::Text => Value::Text(String::new()),
            },
            Shape::Tuple(fields) => {
                Value::Tuple(fields.iter().map(|field| self.default_value(field)).collect())
            }
            Shape::Array(_) => Value::Array(Vec::new()),
            Shape::Enum(variants) => Value::Variant(0, Box::new(self.default_value(&variants[0].1))),
            Shape::Framed(inner) => self.default_value(&inner),
        }
    }

    /// An expression that gives the value, of no other type than this.
    #[must_use]
    pub fn print_value(&self, ty: &Ty, value: &Value) -> String {
        match (self.shape(ty), value) {
            (Shape::Prim(prim), value) => print_prim(prim, value),
            (Shape::Tuple(fields), Value::Tuple(values)) => {
                let fields = fields.iter().zip(values).map(|(ty, value)| self.print_value(ty, value));
                format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
            }
            (Shape::Array(_), Value::Array(items)) if items.is_empty() => format!("([]: {})", self.print(ty)),
            (Shape::Array(item), Value::Array(items)) => {
                let items = items.iter().map(|value| self.print_value(&item, value));
                format!("[{}]", items.collect::<Vec<_>>().join(", "))
            }
            (Shape::Enum(variants), Value::Variant(index, payload)) => {
                let (name, payload_ty) = &variants[*index as usize];
                let payload = match payload_ty {
                    Ty::Tuple(fields) if fields.is_empty() => String::new(),
                    payload_ty => format!("({})", self.print_value(payload_ty, payload)),
                };
                format!("(.{name}{payload}: {})", self.print(ty))
            }
            (Shape::Framed(inner), value) => {
                format!("{}({})", self.print(ty), self.print_value(&inner, value))
            }
            (shape, value) => panic!("{value:?} is no {shape:?}"),
        }
    }
}

fn prim_value(rng: &mut Rng, prim: Prim, taste: Taste) -> Value {
    let spread = |rng: &mut Rng, bits: u32| int(rng, bits, taste.tame);
    match prim {
        Prim::Bool => Value::Bool(rng.bool()),
        Prim::Int8 => Value::Int(i64::from(spread(rng, 8) as i8)),
        Prim::Int16 => Value::Int(i64::from(spread(rng, 16) as i16)),
        Prim::Int32 => Value::Int(i64::from(spread(rng, 32) as i32)),
        Prim::Int64 => Value::Int(spread(rng, 64)),
        Prim::Uint8 | Prim::Prim8 => Value::Uint(u64::from(spread(rng, 9).unsigned_abs() as u8)),
        Prim::Uint16 | Prim::Prim16 => Value::Uint(u64::from(spread(rng, 17).unsigned_abs() as u16)),
        Prim::Uint32 | Prim::Prim32 => Value::Uint(u64::from(spread(rng, 33).unsigned_abs() as u32)),
        Prim::Uint64 | Prim::Prim64 => {
            let value = spread(rng, 64);
            Value::Uint(if taste.tame { value.unsigned_abs() } else { value as u64 })
        }
        Prim::Float32 => Value::Float32(match rng.u8(..8) {
            0 if !taste.tame => f32::from_bits(rng.u32(..)),
            0..=3 => FLOATS[rng.usize(..FLOATS.len())] as f32,
            4 | 5 => f32::from(rng.i8(-9..30)) / 4.0,
            _ => f32::from(rng.i16(..)) / 100.0,
        }),
        Prim::Float64 => Value::Float64(match rng.u8(..8) {
            0 if !taste.tame => f64::from_bits(rng.u64(..)),
            0..=3 => FLOATS[rng.usize(..FLOATS.len())],
            4 | 5 => f64::from(rng.i8(-9..30)) / 4.0,
            _ => f64::from(rng.i32(..)) / 1000.0,
        }),
        Prim::Text => Value::Text(text(rng)),
        Prim::Date => Value::Int(match rng.u8(..8) {
            0 if !taste.tame => i64::from(rng.i32(..)),
            1 if !taste.tame => [i32::MIN, i32::MAX, -719_529, 2_932_897][rng.usize(..4)].into(),
            2 => rng.i64(-3..3),
            3 => 59 + 365 * rng.i64(0..60),
            _ => rng.i64(-30_000..60_000),
        }),
        Prim::Time => Value::Uint(match rng.u8(..4) {
            0 => [0, 1, DAY as u64 - 1, DAY as u64 / 2][rng.usize(..4)],
            1 => rng.u64(..86_400) * 1_000_000,
            _ => rng.u64(..DAY as u64),
        }),
        Prim::Duration => Value::Int(match rng.u8(..8) {
            0 if !taste.tame => rng.i64(..),
            1 if !taste.tame => [i64::MIN, i64::MAX][rng.usize(..2)],
            2 => rng.i64(-3..3) * DAY,
            3 => rng.i64(-3..3),
            _ => rng.i64(-3 * DAY..3 * DAY),
        }),
        Prim::Timestamp => Value::Int(match rng.u8(..8) {
            0 if !taste.tame => rng.i64(..),
            1 if !taste.tame => [i64::MIN, i64::MAX][rng.usize(..2)],
            2 => rng.i64(-3..3),
            3 => rng.i64(-30_000..30_000) * DAY,
            _ => rng.i64(-2_000_000_000_000_000..3_000_000_000_000_000),
        }),
        Prim::Decimal => Value::Int(spread(rng, 64)),
    }
}

/// Small, at the edges, or anything of so many bits with a sign.
fn int(rng: &mut Rng, bits: u32, tame: bool) -> i64 {
    let edge = i64::MAX >> (64 - bits.min(64));
    match rng.u8(..10) {
        _ if tame => rng.i64(-4..12),
        0 => edge,
        1 => -edge - 1,
        2 => rng.i64(..) >> rng.u32((64 - bits.min(64))..64),
        3 => edge - rng.i64(0..3),
        _ => rng.i64(-4..12),
    }
}

fn text(rng: &mut Rng) -> String {
    let fragment = |rng: &mut Rng| TEXTS[rng.usize(..TEXTS.len())];
    match rng.u8(..6) {
        0 => String::new(),
        1..=3 => fragment(rng).into(),
        _ => (0..rng.usize(2..5)).map(|_| fragment(rng)).collect(),
    }
}

fn print_prim(prim: Prim, value: &Value) -> String {
    let name = prim.name();
    match (prim, value) {
        (_, Value::Bool(value)) => value.to_string(),
        (_, Value::Text(text)) => print_text(text),
        (Prim::Int64, Value::Int(value)) if *value >= 0 => value.to_string(),
        (Prim::Int64, Value::Int(value)) => format!("({value})"),
        (Prim::Date | Prim::Duration | Prim::Timestamp, Value::Int(value)) => format!("{name}({value})"),
        (Prim::Time, Value::Uint(value)) => format!("Time({value})"),
        (Prim::Decimal, Value::Int(value)) => format!("({}: Decimal)", value::format_decimal(*value)),
        (_, Value::Int(value)) => format!("({value}: {name})"),
        (_, Value::Uint(value)) => format!("({value}: {name})"),
        (_, Value::Float64(value)) if value.is_finite() => print_sign(&value::format_f64(*value), ""),
        (_, Value::Float64(value)) if value.is_nan() => "(0.0 / 0.0)".into(),
        (_, Value::Float64(value)) => format!("({}1.0 / 0.0)", if *value < 0.0 { "-" } else { "" }),
        (_, Value::Float32(value)) if value.is_finite() => {
            print_sign(&value::format_f32(*value), ": Float32")
        }
        (_, Value::Float32(value)) if value.is_nan() => "((0.0: Float32) / 0.0)".into(),
        (_, Value::Float32(value)) => {
            format!("(({}1.0: Float32) / 0.0)", if *value < 0.0 { "-" } else { "" })
        }
        (prim, value) => panic!("{value:?} is no {prim:?}"),
    }
}

fn print_sign(number: &str, ty: &str) -> String {
    if ty.is_empty() && !number.starts_with('-') { number.into() } else { format!("({number}{ty})") }
}

fn print_text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out += "\\\"",
            '\\' => out += "\\\\",
            '\n' => out += "\\n",
            '\r' => out += "\\r",
            '\t' => out += "\\t",
            // Marks and spaces that can't be seen would be lost on a reader.
            c if c.is_control()
                || (c.is_whitespace() && c != ' ')
                || "\u{301}\u{200b}\u{200d}\u{feff}".contains(c) =>
            {
                out += &format!("\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    out + "\""
}
