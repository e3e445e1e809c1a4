//! Codecs agree, values read back, and random bytes harm nobody.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use proptest::prelude::*;
use runner_core::{Program, TypeId, TypeTable, Value, value, wire};
use runner_lang::{Project, compile};
use runner_tests::{
    arbitrary::{shape, typed_value},
    case,
    dynamic::Dynamic,
};

/// Counts what each thread allocates, so that a decoder can't hide what a lying length costs.
struct Counting;

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged; only a thread-local number is added to.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.with(|bytes| bytes.set(bytes.get() + layout.size()));
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        ALLOCATED.with(|bytes| bytes.set(bytes.get() + new_size));
        // SAFETY: the caller keeps the contract of `GlobalAlloc::realloc`.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocated<T>(action: impl FnOnce() -> T) -> usize {
    let before = ALLOCATED.with(Cell::get);
    drop(action());
    ALLOCATED.with(Cell::get) - before
}

/// Equality in which a NaN is itself, as it is on the wire.
fn same(types: &TypeTable, ty: TypeId, left: &Value, right: &Value) -> bool {
    wire::encode(types, ty, left).unwrap() == wire::encode(types, ty, right).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn numbers_in_bulk_are_those_one_by_one(
        numbers in prop::collection::vec((any::<i64>(), 0..64u32).prop_map(|(number, bits)| number >> bits), 0..40),
        more in prop::collection::vec(any::<u8>(), 0..20),
        count in 0..60usize,
    ) {
        let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| postcard::to_allocvec(number).unwrap()).collect();
        bytes.extend(more);
        let (mut bulk, mut single) = (wire::Reader::new(&bytes), wire::Reader::new(&bytes));
        let mut found = Vec::new();
        let result = bulk.i64s(count, &mut found);
        let expected: runner_core::Result<Vec<_>> = (0..count).map(|_| single.i64()).collect();
        prop_assert_eq!(bulk.offset(), single.offset());
        match expected {
            Ok(expected) => prop_assert_eq!(found, expected),
            Err(error) => prop_assert_eq!(result.unwrap_err(), error),
        }
    }

    #[test]
    fn serde_and_the_types_give_the_same_bytes((types, ty, value) in typed_value()) {
        let by_type = wire::encode(&types, ty, &value).unwrap();
        let by_serde = postcard::to_allocvec(&Dynamic { types: &types, ty, value: &value }).unwrap();
        prop_assert_eq!(&by_type, &by_serde);

        let decoded = wire::decode(&types, ty, &by_serde).unwrap();
        prop_assert!(same(&types, ty, &decoded, &value));

        let mut deserializer = postcard::Deserializer::from_bytes(&by_type);
        let seed = Dynamic { types: &types, ty, value: () };
        let decoded = serde::de::DeserializeSeed::deserialize(seed, &mut deserializer).unwrap();
        prop_assert!(same(&types, ty, &decoded, &value));
    }

    #[test]
    fn a_printed_value_reads_back((types, ty, value) in typed_value()) {
        let printed = value::print(&types, ty, &value).unwrap();
        let read = value::read(&types, ty, &printed);
        prop_assert!(read.is_ok(), "{read:?}\n{printed}");
        let read = read.unwrap();
        prop_assert_eq!(value::print(&types, ty, &read).unwrap(), printed.clone());
        prop_assert!(printed.contains("NaN") || same(&types, ty, &read, &value), "{}", printed);
    }

    #[test]
    fn a_damaged_value_is_an_error_or_a_value((types, ty, value) in typed_value(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = wire::encode(&types, ty, &value).unwrap();
        for end in 0..bytes.len() {
            prop_assert!(wire::decode(&types, ty, &bytes[..end]).is_err());
        }
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = wire::decode(&types, ty, &bytes);
        }
    }

    #[test]
    fn random_bytes_cost_little(shape in shape(), bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let mut types = TypeTable::new();
        let ty = shape.intern(&mut types);
        let cost = allocated(|| wire::decode(&types, ty, &bytes));
        // Items that take no bytes are the exception that `limits::EMPTY_ITEMS` bounds.
        prop_assume!(types.least_bytes(ty) > 0 && !has_empty_items(&types));
        prop_assert!(cost < 4096 + 64 * 1024 * (1 + bytes.len()) / 64, "{} bytes for {}", cost, bytes.len());
    }

    #[test]
    fn random_text_is_no_value_and_no_panic((types, ty, _) in typed_value(), text: String) {
        let _ = value::read(&types, ty, &text);
    }

    #[test]
    fn random_source_is_no_panic(text: String) {
        let _ = compile(&Project::from_source("random.lt", text.as_str()), "main");
    }
}

fn has_empty_items(types: &TypeTable) -> bool {
    types.iter().any(|(id, _)| types.as_array(id).is_some_and(|item| types.least_bytes(item) == 0))
}

/// A few hundred real programs, each damaged in a few hundred ways.
#[test]
fn damaged_programs_are_errors_or_programs() {
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below.max(1) as u64) as usize
    };
    let mut mutations = 0;
    for case in case::all().iter().step_by(7) {
        let Ok(compiled) = compile(&case.project, &case.program) else { continue };
        let bytes = compiled.program.bytes().to_vec();
        assert_eq!(Program::decode(&bytes).unwrap(), compiled.program);
        for _ in 0..100 {
            let mut damaged = bytes.clone();
            match next(3) {
                0 => damaged.truncate(next(bytes.len())),
                1 => {
                    let at = next(damaged.len());
                    damaged[at] = next(256) as u8;
                }
                _ => {
                    let at = next(damaged.len());
                    damaged.insert(at, next(256) as u8);
                }
            }
            let cost = allocated(|| Program::decode(&damaged));
            assert!(cost < 65_536 + 400 * damaged.len(), "{}: {cost} bytes for {}", case.name, damaged.len());
            mutations += 1;
        }
    }
    assert!(mutations > 10_000, "{mutations}");
}

#[test]
fn a_long_length_in_few_bytes_allocates_nothing() {
    let mut types = TypeTable::new();
    let int = types.prim(runner_core::Prim::Int64);
    let ty = types.array(int);
    let lie = [0x80, 0x80, 0x80, 0x80, 0x04, 0, 0, 0];
    assert!(allocated(|| wire::decode(&types, ty, &lie).unwrap_err()) < 4096);
    let mut program = b"LPRG\x01".to_vec();
    program.extend([0xff, 0xff, 0xff, 0xff, 0x0f]);
    assert!(allocated(|| Program::decode(&program).unwrap_err()) < 4096);
}
