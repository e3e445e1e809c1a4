use runner_core::{Literal, Op, Prim};

use super::{
    Call, Items, Spelling,
    duckdb::{self, DuckDbSpelling},
    postgres::{self, Floats, PostgresSpelling, Texts},
};
use crate::{
    print::{Style, print},
    tree::{
        Expr, Ident, Order, Output, Query, Select,
        expr::{self, column},
    },
};

fn printed(value: &Expr) -> String {
    let columns = vec![Output::Column(value.clone(), Ident::Numbered("c", 1))];
    let query = Query::select(Select { columns, ..Select::default() });
    let text = print(&query, Style { param: "$", is_indented: false });
    text.trim_start_matches("SELECT ").trim_end_matches(" AS c1").to_owned()
}

fn operand(name: &'static str) -> Expr {
    column(&Ident::Numbered("t", 1), Ident::Fixed(name))
}

fn spelled(spelling: &dyn Spelling, op: Op, operands: &[Prim], result: Prim) -> String {
    let args: Vec<_> = ["a", "b", "c"].into_iter().take(operands.len()).map(operand).collect();
    let call = Call { op, operands, result, is_constant: false };
    spelling.call(call, &args).map_or_else(|| "-".into(), |value| printed(&value))
}

#[test]
fn operations() {
    use Prim::{Date, Float32, Float64, Int8, Int32, Int64, Text, Time, Uint8, Uint64};
    let exact = PostgresSpelling { texts: Texts::default(), floats: Floats::Exact };
    let plain = PostgresSpelling { floats: Floats::Plain, ..exact };
    for (op, operands, result, duckdb, postgres) in [
        (Op::Add, &[Int64, Int64][..], Int64, "add(t1.a, t1.b)", "(t1.a + t1.b)"),
        (
            Op::Mul,
            &[Uint8, Uint8],
            Uint8,
            "multiply(t1.a, t1.b)",
            "(((t1.a * t1.b) - 128)::int4::\"char\"::int4 + 128)::int2",
        ),
        (Op::Rem, &[Int8, Int8], Int8, "(t1.a::HUGEINT % t1.b::HUGEINT)::TINYINT", "(t1.a % t1.b)"),
        (Op::Neg, &[Int32], Int32, "subtract(0::INTEGER, t1.a)", "(- t1.a)"),
        (Op::Cast, &[Int64], Uint8, "(t1.a::BIGINT & 255::BIGINT)::UTINYINT", "(t1.a::int8 & 255)::int2"),
        (Op::Cast, &[Float64], Uint64, "lt_to_uint64(t1.a::DOUBLE)", "pg_temp.to_uint64(t1.a)"),
        (Op::Div, &[Float64, Float64], Float64, "(t1.a / t1.b)", "pg_temp.float_div(t1.a, t1.b)"),
        (
            Op::Add,
            &[Float32, Float32],
            Float32,
            "(t1.a + t1.b)",
            "pg_temp.to_float4(pg_temp.float_add(t1.a::float8, t1.b::float8))",
        ),
        (Op::Sqrt, &[Float64], Float64, "lt_sqrt(t1.a)", "pg_temp.float_sqrt(t1.a)"),
        (
            Op::ToText,
            &[Float64],
            Text,
            "lt_float_text(t1.a)",
            "pg_temp.float_text(t1.a::text, 9007199254740992)",
        ),
        (Op::ToText, &[Int32], Text, "t1.a::INTEGER::VARCHAR", "t1.a::text"),
        (
            Op::EndsWith,
            &[Text, Text],
            Prim::Bool,
            "suffix(t1.a, t1.b)",
            "(right(t1.a, char_length(t1.b)) = t1.b)",
        ),
        (
            Op::Concat,
            &[Text, Text, Text],
            Text,
            "CASE WHEN (((strlen(t1.a) + strlen(t1.b)) + strlen(t1.c)) <= 1024) THEN ((t1.a || t1.b) || t1.c) \
             ELSE lt_concat(t1.a, t1.b, t1.c) END",
            "CASE WHEN (((octet_length(t1.a)::int8 + octet_length(t1.b)::int8) + octet_length(t1.c)::int8) > 268435455) \
             THEN pg_temp.too_long(((octet_length(t1.a)::int8 + octet_length(t1.b)::int8) + octet_length(t1.c)::int8)) \
             ELSE ((t1.a || t1.b) || t1.c) END",
        ),
        (
            Op::DateSub,
            &[Date, Date],
            Prim::Duration,
            "multiply((t1.a::BIGINT - t1.b::BIGINT), 86400000000::BIGINT)",
            "((t1.a::int8 - t1.b::int8) * 86400000000)",
        ),
        (
            Op::TimeSub,
            &[Time, Prim::Duration],
            Time,
            "(((((t1.a::HUGEINT - t1.b) % 86400000000) + 86400000000) % 86400000000))::UBIGINT",
            "pg_temp.time_add(t1.a, (- t1.b::numeric))",
        ),
        (Op::Unwrap, &[Date], Int32, "t1.a", "t1.a"),
        (Op::Unwrap, &[Float64], Prim::Prim64, "lt_bits(t1.a)", "pg_temp.float8_bits(t1.a)"),
    ] {
        assert_eq!(spelled(&DuckDbSpelling, op, operands, result), duckdb, "{op:?}");
        assert_eq!(spelled(&exact, op, operands, result), postgres, "{op:?}");
    }
    assert_eq!(spelled(&plain, Op::Div, &[Float64, Float64], Float64), "(t1.a / t1.b)");
    assert_eq!(spelled(&plain, Op::Round, &[Float64], Float64), "pg_temp.float_round(t1.a)");
    assert_eq!(spelled(&plain, Op::Sin, &[Float64], Float64), "sin(t1.a)");
}

#[test]
fn aggregates() {
    let exact = PostgresSpelling { texts: Texts::default(), floats: Floats::Exact };
    let plain = PostgresSpelling { floats: Floats::Plain, ..exact };
    let (item, filter) = (operand("a"), operand("f"));
    let order = [Order { key: operand("o"), is_descending: false }];
    let unordered = Items { item: &item, order: &[], filter: Some(&filter), over: None };
    let ordered = Items { order: &order, filter: None, ..unordered };
    let sum = |spelling: &dyn Spelling, prim, items| printed(&spelling.aggregate(Op::Sum, prim, items));
    assert_eq!(
        sum(&DuckDbSpelling, Prim::Int64, unordered),
        "coalesce(sum(t1.a) FILTER (WHERE t1.f), 0)::BIGINT"
    );
    assert_eq!(
        sum(&DuckDbSpelling, Prim::Float64, unordered),
        "coalesce(sum(t1.a) FILTER (WHERE t1.f), 0)::DOUBLE"
    );
    assert_eq!(
        sum(&DuckDbSpelling, Prim::Float64, ordered),
        "lt_sum(coalesce(list(t1.a ORDER BY t1.o), []::DOUBLE[]))"
    );
    assert_eq!(
        sum(&plain, Prim::Float64, ordered),
        "coalesce((sum(t1.a ORDER BY t1.o) + 0::float8), 0::float8)"
    );
    assert_eq!(
        sum(&exact, Prim::Float64, ordered),
        "coalesce(pg_temp.sum_float8(t1.a ORDER BY t1.o), 0::float8)"
    );
    assert_eq!(
        printed(&exact.aggregate(Op::Min, Prim::Float64, ordered)),
        "(array_agg(t1.a ORDER BY t1.a, t1.o))[1]"
    );
    assert_eq!(printed(&exact.aggregate(Op::Max, Prim::Text, ordered)), "max((t1.a COLLATE \"C\"))");
}

#[test]
fn texts_are_quoted() {
    assert_eq!(
        printed(&DuckDbSpelling.literal(Prim::Text, &Literal::Text("it\'s \0".into()))),
        "(('it''s ' || chr(0)) || '')"
    );
    let escaping = PostgresSpelling { texts: Texts { escapes: true, is_c: false }, floats: Floats::Exact };
    assert_eq!(
        printed(&escaping.literal(Prim::Text, &Literal::Text("it\'s \0".into()))),
        "'it''s \u{1}\u{3}'::text"
    );
    assert_eq!(printed(&DuckDbSpelling.fail("no", &"BIGINT".into())), "error('no')::BIGINT");
    assert_eq!(printed(&escaping.fail("no", &"int8".into())), "pg_temp.fail('no'::text, NULL::int8)");
    assert_eq!(printed(&expr::text("{}")), "'{}'");
}

#[test]
fn primitives_have_types() {
    assert_eq!((duckdb::prim_type(Prim::Time), postgres::prim_type(Prim::Time)), ("UBIGINT", "numeric"));
}
