use alloc::{
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use super::{
    Expr, ExprId, External, INPUT, Kind, Literal, LocalId, Param, Parts,
    typing::{Arg, check_call},
};
use crate::{
    error::{Detail, Error, Place, Result},
    limits::{EXPR_COUNT, EXPR_DEPTH},
    ty::{Classes, Repr, Type, TypeId},
};

/// Checks all that runners rely on: shape, depth, scope and types.
///
/// Linear in the size of the program, but for the logarithm of the number of its locals.
pub(super) fn validate(parts: &Parts) -> Result<()> {
    parts.types.validate()?;
    check_tables(parts)?;
    check_shape(parts)?;
    let mut checker = Checker {
        parts,
        classes: Classes::new(&parts.types),
        locals: vec![None; 2 * parts.body.len() + 16],
        bound: BTreeSet::new(),
    };
    checker.bind(INPUT, parts.input).map_err(Error::decode)?;
    checker.run()
}

fn check_tables(parts: &Parts) -> Result<()> {
    let known = |ty: &TypeId| parts.types.get(*ty).is_some();
    let externals = parts.externals.iter().all(|external| {
        known(&external.result)
            && external.params.iter().all(|param| match param {
                Param::Value(ty) | Param::Const(ty) => known(ty),
                Param::Function { params, result } => known(result) && params.iter().all(known),
            })
    });
    if !externals || !known(&parts.input) || !known(&parts.output) {
        return Err(Error::decode("a type of the signature or of an external function is not there"));
    }
    if !parts.places.is_empty() && parts.places.len() != parts.body.len() {
        return Err(Error::decode("there must be a place for each expression, or none"));
    }
    Ok(())
}

/// Each expression is used once, behind its parts, and not too deep.
fn check_shape(parts: &Parts) -> Result<()> {
    let count = parts.body.len();
    if count == 0 || count > EXPR_COUNT {
        return Err(Error::decode(format!("{count} expressions, there must be 1 to {EXPR_COUNT}")));
    }
    let mut used = vec![false; count];
    let mut depths = vec![0usize; count];
    for (index, expr) in parts.body.iter().enumerate() {
        let mut deepest = 0;
        let mut fault = None;
        expr.kind.for_each_child(|child| {
            let child = child.0 as usize;
            match (used.get_mut(child), depths.get(child)) {
                (Some(used), Some(depth)) if child < index && !*used => {
                    *used = true;
                    deepest = deepest.max(*depth);
                }
                _ => fault = Some(child),
            }
        });
        if let Some(child) = fault {
            return Err(Error::decode(format!(
                "expression {index} uses expression {child} out of order or again"
            )));
        }
        if deepest >= EXPR_DEPTH {
            return Err(Error::decode(format!("expressions nest deeper than {EXPR_DEPTH} levels")));
        }
        if let Some(slot) = depths.get_mut(index) {
            *slot = deepest + 1;
        }
    }
    match used.iter().take(count - 1).position(|used| !used) {
        Some(index) => Err(Error::decode(format!("expression {index} is not used"))),
        None => Ok(()),
    }
}

struct Checker<'a> {
    parts: &'a Parts,
    classes: Classes<'a>,
    /// Types of the locals in scope.
    locals: Vec<Option<TypeId>>,
    /// Locals that were ever bound.
    bound: BTreeSet<LocalId>,
}

/// What is left to do; a stack of these replaces recursion.
enum Step {
    Visit(ExprId),
    /// Bind locals to types: parameters, payloads.
    Bind(LocalId, TypeId),
    /// Bind a local of a `let` to its value's type.
    BindValue(LocalId, ExprId),
    Unbind(LocalId),
    Check(ExprId),
}

impl Checker<'_> {
    fn run(&mut self) -> Result<()> {
        let root = ExprId(self.parts.body.len() as u32 - 1);
        let mut steps = vec![Step::Visit(root)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Visit(id) => self.visit(id, &mut steps).map_err(|words| self.error(id, &words))?,
                Step::Bind(local, ty) => self.bind(local, ty).map_err(Error::decode)?,
                Step::BindValue(local, value) => {
                    let ty = self.value(value).map_err(Error::decode)?;
                    self.bind(local, ty).map_err(Error::decode)?;
                }
                Step::Unbind(local) => {
                    if let Some(slot) = self.locals.get_mut(local.0 as usize) {
                        *slot = None;
                    }
                }
                Step::Check(id) => self.check(id).map_err(|words| self.error(id, &words))?,
            }
        }
        let found = self.value(root).map_err(Error::decode)?;
        self.equal(found, self.parts.output).map_err(|words| self.error(root, &words))
    }

    /// Pushes the steps for an expression, last one first.
    fn visit(&mut self, id: ExprId, steps: &mut Vec<Step>) -> Result<(), String> {
        let expr = self.expr(id)?;
        if self.parts.types.get(expr.ty).is_none() {
            return Err(format!("type {} is not there", expr.ty.0));
        }
        steps.push(Step::Check(id));
        let first = steps.len();
        match &expr.kind {
            Kind::Let { bindings, body } => {
                for (local, value) in bindings {
                    steps.push(Step::Visit(*value));
                    steps.push(Step::BindValue(*local, *value));
                }
                steps.push(Step::Visit(*body));
                steps.extend(bindings.iter().map(|(local, _)| Step::Unbind(*local)));
            }
            Kind::Lambda { params, body } => {
                if let Some((_, ty)) = params.iter().find(|(_, ty)| self.parts.types.get(*ty).is_none()) {
                    return Err(format!("type {} is not there", ty.0));
                }
                steps.extend(params.iter().map(|(local, ty)| Step::Bind(*local, *ty)));
                steps.push(Step::Visit(*body));
                steps.extend(params.iter().map(|(local, _)| Step::Unbind(*local)));
            }
            Kind::Switch { subject, arms, default } => {
                let subject_ty = self.expr(*subject)?.ty;
                let variants = self.parts.types.as_enum(subject_ty).unwrap_or_default();
                steps.push(Step::Visit(*subject));
                for arm in arms {
                    let variant = variants.get(arm.variant as usize).ok_or("an arm of no variant")?;
                    steps.extend(arm.payload.map(|local| Step::Bind(local, variant.ty)));
                    steps.push(Step::Visit(arm.body));
                    steps.extend(arm.payload.map(Step::Unbind));
                }
                steps.extend(default.map(Step::Visit));
            }
            other => other.for_each_child(|child| steps.push(Step::Visit(child))),
        }
        if let Some(new) = steps.get_mut(first..) {
            new.reverse();
        }
        Ok(())
    }

    fn bind(&mut self, local: LocalId, ty: TypeId) -> Result<(), String> {
        if !self.bound.insert(local) {
            return Err(format!("local {} is bound twice", local.0));
        }
        match self.locals.get_mut(local.0 as usize) {
            Some(slot) => {
                *slot = Some(ty);
                Ok(())
            }
            None => Err(format!("local {} is numbered beyond the size of the program", local.0)),
        }
    }

    fn check(&self, id: ExprId) -> Result<(), String> {
        let expr = self.expr(id)?;
        let types = &self.parts.types;
        match &expr.kind {
            Kind::Literal(literal) => self.check_literal(literal, expr.ty),
            Kind::Local(local) => match self.locals.get(local.0 as usize) {
                Some(Some(ty)) => self.equal(*ty, expr.ty),
                _ => Err(format!("local {} is not in scope", local.0)),
            },
            Kind::Let { body, .. } => self.equal(self.value(*body)?, expr.ty),
            Kind::Tuple(items) => match types.as_tuple(expr.ty) {
                Some(fields) if fields.len() == items.len() => fields
                    .iter()
                    .zip(items)
                    .try_for_each(|(field, item)| self.equal(self.value(*item)?, field.ty)),
                _ => Err(format!("a tuple of {} is not {}", items.len(), types.display(expr.ty))),
            },
            Kind::Field { tuple, index } => {
                let field = types.as_tuple(self.value(*tuple)?).unwrap_or_default().get(*index as usize);
                self.equal(field.ok_or("there is no such field")?.ty, expr.ty)
            }
            Kind::Array(items) => {
                let item = types.as_array(expr.ty).ok_or("an array must have an array type")?;
                items.iter().try_for_each(|found| self.equal(self.value(*found)?, item))
            }
            Kind::Variant { index, payload } => {
                let variant = types.as_enum(expr.ty).unwrap_or_default().get(*index as usize);
                self.equal(self.value(*payload)?, variant.ok_or("there is no such variant")?.ty)
            }
            Kind::Switch { subject, arms, default } => {
                let variants =
                    types.as_enum(self.value(*subject)?).ok_or("the subject of a switch must be an enum")?;
                if !arms.windows(2).all(|pair| matches!(pair, [a, b] if a.variant < b.variant)) {
                    return Err("the arms of a switch must be in order".to_string());
                }
                if default.is_none() != (arms.len() == variants.len()) {
                    return Err("a switch must cover every variant once".to_string());
                }
                arms.iter()
                    .map(|arm| arm.body)
                    .chain(*default)
                    .try_for_each(|body| self.equal(self.value(body)?, expr.ty))
            }
            Kind::If { condition, then, otherwise } => {
                if types.as_prim(self.value(*condition)?) != Some(crate::ty::Prim::Bool) {
                    return Err("a condition must be Bool".to_string());
                }
                self.equal(self.value(*then)?, expr.ty)?;
                self.equal(self.value(*otherwise)?, expr.ty)
            }
            Kind::Call { op, args } => {
                let args: Vec<_> = args.iter().map(|arg| self.arg(*arg)).collect::<Result<_, _>>()?;
                check_call(types, &self.classes, *op, &args, expr.ty)
            }
            Kind::External { function, args } => {
                let external = self
                    .parts
                    .externals
                    .get(*function as usize)
                    .ok_or("there is no such external function")?;
                self.check_external(external, args, expr.ty)
            }
            Kind::Lambda { body, .. } => self.equal(self.value(*body)?, expr.ty),
            Kind::Fail(_) => Ok(()),
        }
    }

    fn check_literal(&self, literal: &Literal, ty: TypeId) -> Result<(), String> {
        let prim = self.parts.types.as_prim(ty).ok_or("a literal must be primitive")?;
        let fits = match (literal, prim.repr()) {
            (Literal::Bool(_), Repr::Bool)
            | (Literal::Int(_), Repr::I64)
            | (Literal::Uint(_), Repr::U64)
            | (Literal::Float32(_), Repr::F32)
            | (Literal::Float64(_), Repr::F64)
            | (Literal::Text(_), Repr::Text) => true,
            (Literal::Int(value), Repr::I8) => i8::try_from(*value).is_ok(),
            (Literal::Int(value), Repr::I16) => i16::try_from(*value).is_ok(),
            (Literal::Int(value), Repr::I32) => i32::try_from(*value).is_ok(),
            (Literal::Uint(value), Repr::U8) => u8::try_from(*value).is_ok(),
            (Literal::Uint(value), Repr::U16) => u16::try_from(*value).is_ok(),
            (Literal::Uint(value), Repr::U32) => u32::try_from(*value).is_ok(),
            _ => false,
        };
        if fits { Ok(()) } else { Err(format!("{literal:?} is no {}", prim.name())) }
    }

    fn check_external(&self, external: &External, args: &[ExprId], result: TypeId) -> Result<(), String> {
        if external.params.len() != args.len() {
            return Err(format!("{} takes {} arguments", external.path, external.params.len()));
        }
        self.equal(result, external.result)?;
        external.params.iter().zip(args).try_for_each(|(param, arg)| match (param, self.arg(*arg)?) {
            (Param::Const(ty), Arg::Value(found)) if matches!(self.expr(*arg)?.kind, Kind::Literal(_)) => {
                self.equal(found, *ty)
            }
            (Param::Value(ty), Arg::Value(found)) => self.equal(found, *ty),
            (Param::Function { params, result }, Arg::Function { params: found, result: found_result })
                if params.len() == found.len() =>
            {
                params.iter().zip(found).try_for_each(|(param, found)| self.equal(found, *param))?;
                self.equal(found_result, *result)
            }
            _ => Err(format!("an argument of {} is not of its kind", external.path)),
        })
    }

    fn arg(&self, id: ExprId) -> Result<Arg, String> {
        let expr = self.expr(id)?;
        Ok(match &expr.kind {
            Kind::Lambda { params, .. } => {
                Arg::Function { params: params.iter().map(|(_, ty)| *ty).collect(), result: expr.ty }
            }
            _ => Arg::Value(expr.ty),
        })
    }

    /// The type of an expression that must be a value, not a function.
    fn value(&self, id: ExprId) -> Result<TypeId, String> {
        let expr = self.expr(id)?;
        match expr.kind {
            Kind::Lambda { .. } => Err("a function can only be an argument of a call".to_string()),
            _ => Ok(expr.ty),
        }
    }

    fn expr(&self, id: ExprId) -> Result<&Expr, String> {
        self.parts.body.get(id.0 as usize).ok_or_else(|| format!("expression {} is not there", id.0))
    }

    fn equal(&self, found: TypeId, expected: TypeId) -> Result<(), String> {
        let types = &self.parts.types;
        if self.classes.same(found, expected) {
            return Ok(());
        }
        match types.get(found) {
            Some(Type::Prim(_)) | Some(_) => {
                Err(format!("expected {}, found {}", types.display(expected), types.display(found)))
            }
            None => Err(format!("type {} is not there", found.0)),
        }
    }

    fn error(&self, id: ExprId, words: &str) -> Error {
        let error = Error::decode(format!("expression {} is invalid: {words}", id.0));
        let place = self.parts.places.get(id.0 as usize).filter(|place| place.line > 0);
        match place.and_then(|place| Some((place, self.parts.sources.get(usize::from(place.source))?))) {
            Some((place, source)) => error.with_detail(Detail::Place(Place {
                source: source.clone(),
                line: place.line,
                column: place.column,
            })),
            None => error,
        }
    }
}
