//! A program without `std`: proof that `runner-core` needs none, nor the codec and the embedded client of
//! `runner-binary`.

#![no_std]
#![no_main]

extern crate alloc;

mod remote;

use alloc::vec;
use core::{
    alloc::{GlobalAlloc, Layout},
    cell::UnsafeCell,
    panic::PanicInfo,
    ptr,
};

use runner_core::{Expr, INPUT, Kind, Parts, Prim, Program, TypeTable, Value, wire};

// The C library starts the program and gives `memcpy` and the like.
#[link(name = "c")]
unsafe extern "C" {
    fn _exit(status: i32) -> !;
}

/// Gives out memory from a fixed block and never takes it back.
struct Bump(UnsafeCell<(usize, [u8; 1 << 20])>);

// SAFETY: there is one thread.
unsafe impl Sync for Bump {}

// SAFETY: each call gives out a part of the block behind all earlier ones.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: there is one thread, and no reference outlives the call.
        let (used, block) = unsafe { &mut *self.0.get() };
        let base = block.as_mut_ptr() as usize;
        let start = (base + *used).next_multiple_of(layout.align()) - base;
        match block.get_mut(start..start + layout.size()) {
            Some(part) => {
                *used = start + layout.size();
                part.as_mut_ptr()
            }
            None => ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: Bump = Bump(UnsafeCell::new((0, [0; 1 << 20])));

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: it ends the process.
    unsafe { _exit(101) }
}

// The library `alloc` comes compiled with unwinding and names these two; nothing unwinds here.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() -> ! {
    // SAFETY: it ends the process.
    unsafe { _exit(102) }
}

#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    answer().unwrap_or(1)
}

/// Builds, encodes and decodes the identity of `Int32`, and takes 42 through the wire and through a remote runner.
fn answer() -> runner_core::Result<i32> {
    let mut types = TypeTable::new();
    let int = types.prim(Prim::Int32);
    let body = vec![Expr { kind: Kind::Local(INPUT), ty: int }];
    let program = Program::new(Parts { types, input: int, output: int, body, ..Parts::default() })?;
    let program = Program::decode(program.bytes())?;
    let bytes = wire::encode(program.types(), program.input(), &Value::Int(42))?;
    let bytes = remote::execute(&program, &bytes)?;
    match wire::decode(program.types(), program.output(), &bytes)? {
        Value::Int(answer) => Ok(answer as i32),
        _ => Ok(2),
    }
}
