//! `if`, `switch`, `and` and `or`: only what is taken is evaluated.

use runner_core::{Arm, ExprId, Literal, Op, Prim, Result, TypeId};

use super::{Frame, Guard, Lowering};
use crate::{
    shape::{Leaf, Shape},
    sql::{Parts, Sql},
    value::Val,
};

/// A branch, lowered into a frame of its own.
struct Branch {
    condition: Option<Sql>,
    value: Val,
    frame: Frame,
}

impl Lowering<'_> {
    pub(super) fn if_else(
        &mut self,
        ty: TypeId,
        condition: ExprId,
        then: ExprId,
        otherwise: ExprId,
        frame: &mut Frame,
    ) -> Result<Val> {
        let mut condition = self.leaf(condition, frame)?;
        if self.shapes.leaves(ty).len() > 1 {
            condition = self.atomic_leaf(condition, frame);
        }
        let guards = self.needs_guard(then)? || self.needs_guard(otherwise)?;
        if guards {
            condition = self.atomic_leaf(condition, frame);
        }
        let not = Sql::of(format!("(NOT {condition})"), &[&condition]);
        let then = self.guarded_branch(guards.then(|| condition.clone()), Some(condition), then)?;
        let otherwise = self.guarded_branch(guards.then_some(not), None, otherwise)?;
        let branches = vec![then, otherwise];
        self.case(ty, branches, frame)
    }

    pub(super) fn switch(
        &mut self,
        id: ExprId,
        subject: ExprId,
        arms: &[Arm],
        default: Option<ExprId>,
        frame: &mut Frame,
    ) -> Result<Val> {
        let subject_ty = self.ty(subject)?;
        let value = self.lower(subject, frame)?;
        let value = self.collected(value, subject_ty)?;
        let value = self.atomic(value, frame);
        let mut branches = Vec::new();
        let mut others = Vec::new();
        for (position, arm) in arms.iter().enumerate() {
            let is_last = default.is_none() && position + 1 == arms.len();
            let is_variant = self.is_variant(&value, subject_ty, arm.variant);
            let condition = (!is_last).then(|| is_variant.clone());
            let guard = if self.needs_guard(arm.body)? { Some(is_variant.clone()) } else { None };
            if !is_last {
                others.push(is_variant);
            }
            if let Some(local) = arm.payload {
                let payload = self.payload(&value, subject_ty, arm.variant);
                self.bind(local, payload);
            }
            branches.push(self.guarded_branch(guard, condition, arm.body)?);
        }
        if let Some(default) = default {
            let refs: Vec<_> = others.iter().collect();
            let texts: Vec<_> = others.iter().map(Sql::text).collect();
            let guard = match self.needs_guard(default)? {
                true if !others.is_empty() => Some(Sql::of(format!("(NOT ({}))", texts.join(" OR ")), &refs)),
                _ => None,
            };
            branches.push(self.guarded_branch(guard, None, default)?);
        }
        self.case(self.ty(id)?, branches, frame)
    }

    pub(super) fn and_or(&mut self, id: ExprId, op: Op, args: &[ExprId], frame: &mut Frame) -> Result<Val> {
        let [left, right] = args else { return Err(self.unsupported(id, "this call")) };
        let mut left = self.leaf(*left, frame)?;
        let mut guard = None;
        if self.needs_guard(*right)? {
            left = self.atomic_leaf(left, frame);
            let not = if op == Op::And { "" } else { "NOT " };
            guard = Some(Sql::of(format!("({not}{left})"), &[&left]));
        }
        let right = self.guarded_branch(guard, None, *right)?;
        let right = self.closed(right, Leaf::Prim(Prim::Bool))?;
        let prims = [Prim::Bool; 2];
        let can_fail = right.can_fail();
        match self.dialect.scalar(op, &prims, Prim::Bool, &[left.clone(), right.clone()])? {
            Some(sql) if op == Op::And && !can_fail => Ok(Val::Leaf(sql.made_of(Parts::And(left, right)))),
            Some(sql) => Ok(Val::Leaf(sql)),
            None => Err(self.unsupported(id, "a condition")),
        }
    }

    /// Whether a branch holds a subquery in which something may fail, and the database may evaluate it though the branch
    /// is not taken.
    pub(super) fn needs_guard(&self, body: ExprId) -> Result<bool> {
        Ok(self.dialect.guards_branches() && self.may_fail(body)? && self.may_need_query(body)?)
    }

    /// Evaluates those of these values that may fail, though nothing uses them.
    pub(super) fn evaluate(&self, values: &[Sql], frame: &mut Frame) {
        let failing = values.iter().filter(|value| value.can_fail()).cloned();
        let failing: Vec<_> = failing.map(|value| self.guarded_here(value)).collect();
        if !failing.is_empty() {
            frame.wheres.push(self.dialect.force(&failing));
            frame.can_fail = true;
        }
    }

    fn guarded_branch(&mut self, guard: Option<Sql>, condition: Option<Sql>, body: ExprId) -> Result<Branch> {
        let depth = self.guards.len();
        self.guards.extend(guard.map(Guard::branch));
        let branch = self.branch(condition, body);
        self.guards.truncate(depth);
        branch
    }

    fn branch(&mut self, condition: Option<Sql>, body: ExprId) -> Result<Branch> {
        let ty = self.ty(body)?;
        let mut frame = Frame::default();
        self.depth += 1;
        let value = self.lower(body, &mut frame)?;
        self.depth -= 1;
        let value = self.collected(value, ty)?;
        let condition = condition.map(|condition| match condition.can_fail() && condition.is_foldable() {
            true => self.dialect.late(condition),
            false => condition,
        });
        Ok(Branch { condition, value, frame })
    }

    /// A branch of one column as an expression without a frame.
    fn closed(&mut self, branch: Branch, leaf: Leaf) -> Result<Sql> {
        let Val::Leaf(value) = branch.value else {
            return Err(runner_core::Error::new(runner_core::Code::Internal, "a branch has several columns"));
        };
        if branch.frame.is_empty() {
            return Ok(value);
        }
        let can_fail = branch.frame.can_fail || value.can_fail();
        let query = format!("SELECT {value} AS c1{}", branch.frame.clause());
        Ok(Sql::query(format!("({})", self.dialect.one_row(&self.shapes, leaf, query)), can_fail))
    }

    fn case(&mut self, ty: TypeId, branches: Vec<Branch>, frame: &mut Frame) -> Result<Val> {
        let width = self.shapes.leaves(ty).len();
        if width == 0 {
            let conditions: Vec<_> = branches.iter().filter_map(|branch| branch.condition.clone()).collect();
            self.evaluate(&conditions, frame);
            if branches.iter().any(|branch| branch.frame.can_fail) {
                let case = self.taken(branches)?;
                self.evaluate(&[case], frame);
            }
            return Ok(Val::Tuple(Vec::new())).map(|unit| self.unit_of(ty, unit));
        }
        if width > 1 && branches.iter().any(|branch| !branch.frame.is_empty()) {
            let mut packed = Vec::new();
            for mut branch in branches {
                branch.value = Val::Leaf(self.dialect.pack(&self.shapes, &branch.value, ty));
                let condition = branch.condition.clone();
                packed.push((condition, self.closed(branch, Leaf::Packed(ty))?));
            }
            let case = self.atomic_leaf(case_of(&packed), frame);
            return Ok(self.dialect.unpack(&self.shapes, &case, ty));
        }
        let mut columns: Vec<Vec<(Option<Sql>, Sql)>> = vec![Vec::new(); width];
        for branch in branches {
            let condition = branch.condition.clone();
            let leaves = if width == 1 { vec![self.closed_leaf(branch, ty)?] } else { branch.value.leaves() };
            for (column, leaf) in columns.iter_mut().zip(leaves) {
                column.push((condition.clone(), leaf));
            }
        }
        let mut leaves = columns.iter().map(|column| case_of(column));
        self.value_of(ty, &mut leaves)
    }

    /// True, after what the branch that is taken evaluates.
    fn taken(&mut self, branches: Vec<Branch>) -> Result<Sql> {
        let mut columns = Vec::new();
        for mut branch in branches {
            let condition = branch.condition.clone();
            branch.value = Val::Leaf(self.dialect.literal(Prim::Bool, &Literal::Bool(true)));
            columns.push((condition, self.closed(branch, Leaf::Prim(Prim::Bool))?));
        }
        Ok(case_of(&columns))
    }

    /// The only column of a branch, which may be a tuple of one.
    fn closed_leaf(&mut self, mut branch: Branch, ty: TypeId) -> Result<Sql> {
        if let Some(leaf) = branch.value.leaves().into_iter().next() {
            branch.value = Val::Leaf(leaf);
        }
        let leaf = self.shapes.leaves(ty).first().copied().unwrap_or(Leaf::Tag);
        self.closed(branch, leaf)
    }

    /// A value of a type without columns.
    fn unit_of(&self, ty: TypeId, unit: Val) -> Val {
        self.value_of(ty, &mut std::iter::empty()).unwrap_or(unit)
    }

    /// Whether an atomic value of an enum is this variant.
    fn is_variant(&self, value: &Val, ty: TypeId, index: u32) -> Sql {
        let not = if index == 0 { "NOT " } else { "" };
        match (self.shapes.get(ty), value) {
            (Shape::Null(_), Val::Leaf(sql)) if index == 0 => {
                Sql::of(format!("({sql} IS NULL)"), &[sql]).made_of(Parts::IsNull(sql.clone()))
            }
            (Shape::Null(_), Val::Leaf(sql)) => is_not_null(sql),
            (_, Val::Option { some, .. }) => Sql::of(format!("({not}{some})"), &[some]),
            (Shape::Tag, Val::Leaf(sql)) => Sql::of(format!("({sql} = {index})"), &[sql]),
            (_, Val::Leaf(sql)) => {
                let tag = self.dialect.tag(&self.shapes, sql, ty);
                Sql::of(format!("({tag} = {index})"), &[&tag])
            }
            _ => Sql::constant("true"),
        }
    }

    fn payload(&self, value: &Val, ty: TypeId, index: u32) -> Val {
        let types = self.program.types();
        let variant = types.as_enum(types.unframed(ty)).unwrap_or_default().get(index as usize);
        match (value, variant) {
            (_, Some(variant)) if types.is_unit(variant.ty) => Val::Tuple(Vec::new()),
            (Val::Option { value, .. }, _) => (**value).clone(),
            (Val::Leaf(sql), Some(_)) if self.shapes.get(ty) == Shape::Enum => {
                self.dialect.payload(&self.shapes, sql, ty, index)
            }
            (value, _) => value.clone(),
        }
    }
}

fn is_not_null(sql: &Sql) -> Sql {
    Sql::of(format!("({sql} IS NOT NULL)"), &[sql]).made_of(Parts::IsNotNull(sql.clone()))
}

fn case_of(branches: &[(Option<Sql>, Sql)]) -> Sql {
    match branches {
        [(None, only)] => return only.clone(),
        [(Some(condition), then), (None, otherwise)] => match (then.text(), otherwise.text()) {
            ("true", "false") => return condition.clone(),
            ("false", "true") => {
                return match condition.null() {
                    Some(sql) => is_not_null(sql),
                    None => Sql::of(format!("(NOT {condition})"), &[condition]),
                };
            }
            _ => {}
        },
        _ => {}
    }
    let case = case_text(branches);
    match branches {
        [(Some(condition), _), (None, otherwise)] => match condition.null() {
            Some(sql) if sql.text() == otherwise.text() => case.made_of(Parts::OrElse(sql.clone())),
            _ => case,
        },
        _ => case,
    }
}

fn case_text(branches: &[(Option<Sql>, Sql)]) -> Sql {
    let mut text = String::from("CASE");
    let mut parts = Vec::new();
    for (condition, value) in branches {
        match condition {
            Some(condition) => {
                text.push_str(&format!(" WHEN {condition} THEN {value}"));
                parts.push(condition);
            }
            None => text.push_str(&format!(" ELSE {value}")),
        }
        parts.push(value);
    }
    text.push_str(" END");
    let case = Sql::of(text, &parts);
    // Of constant conditions only the branch that is taken is left.
    let is_decided = |(condition, _): &&(Option<Sql>, Sql)| condition.as_ref().is_some_and(Sql::is_foldable);
    let reached = branches.iter().take_while(is_decided).count() + 1;
    let may_fold = branches.iter().take(reached).any(|(_, value)| value.is_foldable());
    if may_fold { case.foldable() } else { case }
}
