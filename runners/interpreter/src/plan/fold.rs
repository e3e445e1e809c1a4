//! Bodies of folds as code for a machine with registers.
//!
//! A step of a fold is too little work for a batch. Bodies that are made of numbers and of tuples of numbers become a
//! list of instructions over registers of 64 bits, which cost a few nanoseconds each. Other bodies are evaluated as all
//! else is.

use alloc::vec::Vec;

use runner_core::{ExprId, Literal, LocalId, Op, Repr, Type, TypeId, TypeTable};

use super::{Constant, Kind, Lambda, Node};
use crate::column::Column;

/// A body. All but the captures and the accumulator is the same in each step.
pub(crate) struct Code {
    pub(crate) insts: Vec<Inst>,
    /// The expression that each instruction was made from.
    pub(crate) ids: Vec<ExprId>,
    /// Registers that hold constants.
    pub(crate) constants: Vec<(u8, u64)>,
    /// Registers that hold (parts of) locals from around the fold.
    pub(crate) captures: Vec<(LocalId, Load)>,
    /// Registers that hold parts of the item.
    pub(crate) items: Vec<Load>,
    /// Registers of the accumulator, and what they are parts of.
    pub(crate) accumulator: Vec<Load>,
    /// Registers that become the accumulator after a step.
    pub(crate) next: Vec<u8>,
}

/// A register and the part of a value that it holds: the fields that lead there.
pub(crate) struct Load {
    pub(crate) register: u8,
    pub(crate) path: Vec<usize>,
    pub(crate) repr: Repr,
}

/// An instruction. `b` is the target of a jump.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inst {
    pub(crate) act: Act,
    pub(crate) to: u8,
    pub(crate) a: u8,
    pub(crate) b: u8,
}

/// What an instruction does. Integers are in registers as 64 bits, sign-extended where they are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Move,
    Not,
    Jump,
    JumpIfFalse,
    I64(Op),
    U64(Op),
    /// Smaller integers, signed or not.
    Small(Op, Repr),
    F64(Op),
    F32(Op),
    Cast(Repr, Repr),
    AddI64,
    SubI64,
    MulI64,
    AddF64,
    MulF64,
    LtI64,
}

/// Registers there are; an index of 8 bits is never beyond them.
pub(crate) const REGISTERS: usize = 256;

/// Parts of an accumulator.
pub(crate) const PARTS: usize = 32;

/// The code of a body, if it can be said in code.
pub(super) fn compile(types: &TypeTable, lambda: &Lambda, accumulator: TypeId, item: TypeId) -> Option<Code> {
    let [first, second] = lambda.params.as_slice() else { return None };
    let mut compiler = Compiler {
        types,
        code: Code {
            insts: Vec::new(),
            ids: Vec::new(),
            constants: Vec::new(),
            captures: Vec::new(),
            items: Vec::new(),
            accumulator: Vec::new(),
            next: Vec::new(),
        },
        scope: Vec::new(),
        used: 0,
    };
    let held = compiler.accumulator(accumulator, &mut Vec::new(), 0)?;
    compiler.scope.push((*first, held));
    compiler.scope.push((*second, Sym::Item(Vec::new(), item)));
    let result = compiler.node(&lambda.body)?;
    let mut next = Vec::new();
    compiler.flatten(&result, accumulator, &mut next)?;
    compiler.code.next = next;
    let fits = compiler.code.accumulator.len() <= PARTS
        && compiler.code.next.len() == compiler.code.accumulator.len();
    if fits { Some(compiler.code) } else { None }
}

/// Where a value is.
#[derive(Clone)]
enum Sym {
    Register(u8, Repr),
    Tuple(Vec<Sym>),
    /// Not loaded yet: a part of the item.
    Item(Vec<usize>, TypeId),
    /// Not loaded yet: a part of a local from around the fold.
    Capture(LocalId, Vec<usize>, TypeId),
}

struct Compiler<'a> {
    types: &'a TypeTable,
    code: Code,
    scope: Vec<(LocalId, Sym)>,
    used: usize,
}

impl Compiler<'_> {
    fn register(&mut self) -> Option<u8> {
        let register = u8::try_from(self.used).ok()?;
        self.used += 1;
        Some(register)
    }

    fn repr(&self, ty: TypeId) -> Option<Repr> {
        self.types.as_prim(self.types.unframed(ty)).map(|prim| prim.repr()).filter(|repr| *repr != Repr::Text)
    }

    fn accumulator(&mut self, ty: TypeId, path: &mut Vec<usize>, depth: usize) -> Option<Sym> {
        if depth > 8 || self.code.accumulator.len() > PARTS {
            return None;
        }
        match self.types.get(self.types.unframed(ty))? {
            Type::Prim(_) => {
                let (repr, register) = (self.repr(ty)?, self.register()?);
                self.code.accumulator.push(Load { register, path: path.clone(), repr });
                Some(Sym::Register(register, repr))
            }
            Type::Tuple(fields) if !fields.is_empty() => {
                let mut syms = Vec::new();
                for (index, field) in fields.iter().enumerate() {
                    path.push(index);
                    syms.push(self.accumulator(field.ty, path, depth + 1)?);
                    path.pop();
                }
                Some(Sym::Tuple(syms))
            }
            _ => None,
        }
    }

    /// The registers of a value of this type, in the order of the accumulator's.
    fn flatten(&mut self, sym: &Sym, ty: TypeId, out: &mut Vec<u8>) -> Option<()> {
        match self.types.get(self.types.unframed(ty))? {
            Type::Tuple(fields) if out.len() <= PARTS => {
                for (index, field) in fields.iter().enumerate() {
                    let part = self.field(sym, index)?;
                    self.flatten(&part, field.ty, out)?;
                }
                Some(())
            }
            Type::Prim(_) => {
                out.push(self.load(sym)?.0);
                Some(())
            }
            _ => None,
        }
    }

    fn field(&self, sym: &Sym, index: usize) -> Option<Sym> {
        let below = |path: &[usize], ty: TypeId| {
            let ty = self.types.as_tuple(self.types.unframed(ty))?.get(index)?.ty;
            Some((path.iter().copied().chain([index]).collect(), ty))
        };
        match sym {
            Sym::Tuple(fields) => fields.get(index).cloned(),
            Sym::Item(path, ty) => below(path, *ty).map(|(path, ty)| Sym::Item(path, ty)),
            Sym::Capture(local, path, ty) => {
                below(path, *ty).map(|(path, ty)| Sym::Capture(*local, path, ty))
            }
            Sym::Register(..) => None,
        }
    }

    /// The register of a primitive.
    fn load(&mut self, sym: &Sym) -> Option<(u8, Repr)> {
        match sym {
            Sym::Register(register, repr) => Some((*register, *repr)),
            Sym::Tuple(_) => None,
            Sym::Item(path, ty) => {
                let repr = self.repr(*ty)?;
                if let Some(load) = self.code.items.iter().find(|load| load.path == *path) {
                    return Some((load.register, repr));
                }
                let register = self.register()?;
                self.code.items.push(Load { register, path: path.clone(), repr });
                Some((register, repr))
            }
            Sym::Capture(local, path, ty) => {
                let repr = self.repr(*ty)?;
                let mut known = self.code.captures.iter();
                if let Some((_, load)) = known.find(|(other, load)| other == local && load.path == *path) {
                    return Some((load.register, repr));
                }
                let register = self.register()?;
                self.code.captures.push((*local, Load { register, path: path.clone(), repr }));
                Some((register, repr))
            }
        }
    }

    fn node(&mut self, node: &Node) -> Option<Sym> {
        match &node.kind {
            Kind::Const(constant) => self.constant(constant),
            Kind::Local(local) => match self.scope.iter().rev().find(|(known, _)| known == local) {
                Some((_, sym)) => Some(sym.clone()),
                None => Some(Sym::Capture(*local, Vec::new(), node.ty)),
            },
            Kind::Let { bindings, body } => {
                for (local, value) in bindings {
                    let sym = self.node(value)?;
                    self.scope.push((*local, sym));
                }
                self.node(body)
            }
            Kind::Tuple(items) => {
                items.iter().map(|item| self.node(item)).collect::<Option<Vec<_>>>().map(Sym::Tuple)
            }
            Kind::Field { tuple, index } => {
                let sym = self.node(tuple)?;
                self.field(&sym, *index)
            }
            Kind::If { condition, then, otherwise } => {
                let condition = self.value(condition)?.0;
                let to_else = self.emit(node.id, Act::JumpIfFalse, 0, condition, 0)?;
                let (mut yes, mut no) = (Vec::new(), Vec::new());
                let sym = self.node(then)?;
                self.flatten(&sym, node.ty, &mut yes)?;
                let (result, registers) = self.fresh(node.ty)?;
                self.moves(node.id, &registers, &yes)?;
                let to_end = self.emit(node.id, Act::Jump, 0, 0, 0)?;
                self.land(to_else)?;
                let sym = self.node(otherwise)?;
                self.flatten(&sym, node.ty, &mut no)?;
                self.moves(node.id, &registers, &no)?;
                self.land(to_end)?;
                Some(result)
            }
            Kind::Logic { on, left, right } => {
                let left = self.value(left)?.0;
                let to = self.register()?;
                self.emit(node.id, Act::Move, to, left, 0)?;
                let test = if *on {
                    left
                } else {
                    let not = self.register()?;
                    self.emit(node.id, Act::Not, not, left, 0)?;
                    not
                };
                let skip = self.emit(node.id, Act::JumpIfFalse, 0, test, 0)?;
                let right = self.value(right)?.0;
                self.emit(node.id, Act::Move, to, right, 0)?;
                self.land(skip)?;
                Some(Sym::Register(to, Repr::Bool))
            }
            Kind::Scalar { op, args, .. } => self.scalar(node, *op, args),
            _ => None,
        }
    }

    fn scalar(&mut self, node: &Node, op: Op, args: &[Node]) -> Option<Sym> {
        let result = self.repr(node.ty)?;
        let is_comparison = matches!(op, Op::Eq | Op::Ne | Op::Lt | Op::Lte | Op::Gt | Op::Gte);
        let is_arithmetic = matches!(op, Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem);
        let (a, b, act) = match args {
            [left, right] if is_comparison || is_arithmetic => {
                let (a, repr) = self.value(left)?;
                let (b, _) = self.value(right)?;
                let act = match (repr, op) {
                    (Repr::I64, Op::Add) => Act::AddI64,
                    (Repr::I64, Op::Sub) => Act::SubI64,
                    (Repr::I64, Op::Mul) => Act::MulI64,
                    (Repr::I64, Op::Lt) => Act::LtI64,
                    (Repr::F64, Op::Add) => Act::AddF64,
                    (Repr::F64, Op::Mul) => Act::MulF64,
                    (Repr::I64, _) => Act::I64(op),
                    (Repr::U64, _) => Act::U64(op),
                    (Repr::F64, _) => Act::F64(op),
                    (Repr::F32, _) => Act::F32(op),
                    (Repr::Bool, _) if is_comparison => Act::U64(op),
                    (Repr::Bool | Repr::Text, _) => return None,
                    (repr, _) => Act::Small(op, repr),
                };
                (a, b, act)
            }
            [value] => {
                let (a, from) = self.value(value)?;
                match op {
                    Op::Not => (a, 0, Act::Not),
                    Op::Cast => (a, 0, Act::Cast(from, result)),
                    _ => return None,
                }
            }
            _ => return None,
        };
        let to = self.register()?;
        self.emit(node.id, act, to, a, b)?;
        Some(Sym::Register(to, result))
    }

    fn value(&mut self, node: &Node) -> Option<(u8, Repr)> {
        let sym = self.node(node)?;
        self.load(&sym)
    }

    fn constant(&mut self, constant: &Constant) -> Option<Sym> {
        let bits = match &constant.literal {
            Literal::Bool(value) => u64::from(*value),
            Literal::Int(value) => value.cast_unsigned(),
            Literal::Uint(value) => *value,
            Literal::Float32(value) => value.to_bits().into(),
            Literal::Float64(value) => value.to_bits(),
            Literal::Text(_) => return None,
        };
        let register = self.register()?;
        self.code.constants.push((register, bits));
        Some(Sym::Register(register, constant.repr))
    }

    /// Registers for a value of this type.
    fn fresh(&mut self, ty: TypeId) -> Option<(Sym, Vec<u8>)> {
        match self.types.get(self.types.unframed(ty))? {
            Type::Prim(_) => {
                let (repr, register) = (self.repr(ty)?, self.register()?);
                Some((Sym::Register(register, repr), Vec::from([register])))
            }
            Type::Tuple(fields) => {
                let (mut syms, mut registers) = (Vec::new(), Vec::new());
                for field in fields {
                    let (sym, more) = self.fresh(field.ty)?;
                    syms.push(sym);
                    registers.extend(more);
                }
                Some((Sym::Tuple(syms), registers))
            }
            _ => None,
        }
    }

    fn moves(&mut self, id: ExprId, to: &[u8], from: &[u8]) -> Option<()> {
        to.iter().zip(from).try_for_each(|(to, from)| self.emit(id, Act::Move, *to, *from, 0).map(drop))
    }

    /// Appends an instruction and gives its index.
    fn emit(&mut self, id: ExprId, act: Act, to: u8, a: u8, b: u8) -> Option<usize> {
        let at = self.code.insts.len();
        // Targets of jumps are registers' numbers in width.
        u8::try_from(at + 1).ok()?;
        self.code.insts.push(Inst { act, to, a, b });
        self.code.ids.push(id);
        Some(at)
    }

    /// Makes a jump go to the next instruction.
    fn land(&mut self, jump: usize) -> Option<()> {
        let target = u8::try_from(self.code.insts.len()).ok()?;
        self.code.insts.get_mut(jump)?.b = target;
        Some(())
    }
}

/// A primitive as a register holds it.
#[inline]
pub(crate) fn bits(column: &Column, row: usize) -> u64 {
    match column {
        Column::Bool(values) => values.get(row).is_some_and(|value| *value).into(),
        Column::I8(values) => values.get(row).map_or(0, |value| i64::from(*value) as u64),
        Column::I16(values) => values.get(row).map_or(0, |value| i64::from(*value) as u64),
        Column::I32(values) => values.get(row).map_or(0, |value| i64::from(*value) as u64),
        Column::I64(values) => values.get(row).map_or(0, |value| *value as u64),
        Column::U8(values) => values.get(row).map_or(0, |value| u64::from(*value)),
        Column::U16(values) => values.get(row).map_or(0, |value| u64::from(*value)),
        Column::U32(values) => values.get(row).map_or(0, |value| u64::from(*value)),
        Column::U64(values) => values.get(row).copied().unwrap_or_default(),
        Column::F32(values) => values.get(row).map_or(0, |value| u64::from(value.to_bits())),
        Column::F64(values) => values.get(row).map_or(0, |value| value.to_bits()),
        _ => 0,
    }
}
